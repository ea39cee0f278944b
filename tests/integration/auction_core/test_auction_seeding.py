"""Seeding as people run it: same rows everywhere, nothing lost, clear refusals."""

import hashlib
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import create_engine, insert, inspect, select, text

from auction_core.check import check_database
from auction_core.command import seed as seed_command
from auction_core.errors import DatabaseNotEmpty, DatabaseUnreachable, ForeignDatabase, LoadFailed, Refused
from auction_core.seed.run import seed_database
from auction_core.seed.scale import DEFAULT_AS_OF
from auction_core.tables import Base, Bid, Listing


def fingerprint(url: str) -> dict[str, str]:
    """A digest of all rows of each table, read through the mapped types."""
    engine = create_engine(url)
    digests = {}
    with engine.connect() as connection:
        for table in Base.metadata.sorted_tables:
            digest = hashlib.sha256()
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)):
                digest.update(json.dumps(list(row), default=str, sort_keys=True).encode())
            digests[table.name] = digest.hexdigest()
    engine.dispose()
    return digests


def run_cli(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "auction_core.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_same_seed_gives_the_same_rows_and_another_seed_others(tiny_db: Path, tmp_path: Path) -> None:
    again, other = f"sqlite:///{tmp_path / 'again.db'}", f"sqlite:///{tmp_path / 'other.db'}"
    seed_database(again, "tiny", 7)
    seed_database(other, "tiny", 8)
    assert fingerprint(again) == fingerprint(f"sqlite:///{tiny_db}")
    assert fingerprint(other)["bids"] != fingerprint(again)["bids"]
    assert fingerprint(other)["users"] != fingerprint(again)["users"]


@pytest.mark.mysql
def test_mysql_holds_the_same_rows_as_sqlite(tiny_db: Path, mysql_url: str) -> None:
    _compare_with_sqlite(tiny_db, mysql_url)


@pytest.mark.postgres
def test_postgresql_holds_the_same_rows_as_sqlite(tiny_db: Path, postgres_url: str) -> None:
    _compare_with_sqlite(tiny_db, postgres_url)


def _compare_with_sqlite(tiny_db: Path, url: str) -> None:
    seed_database(url, "tiny")
    assert fingerprint(url) == fingerprint(f"sqlite:///{tiny_db}")
    assert [finding.invariant.name for finding in check_database(url) if finding.violations] == []
    _break_and_find(url)
    with pytest.raises(DatabaseNotEmpty, match="--force"):
        seed_database(url, "tiny")
    seed_database(url, "tiny", force=True)
    assert fingerprint(url) == fingerprint(f"sqlite:///{tiny_db}")
    _next_id_is_free(url)


def _break_and_find(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE bids SET amount = amount + 0.01 WHERE id = 100"))
    engine.dispose()
    broken = {finding.invariant.name for finding in check_database(url) if finding.violations}
    assert broken & {"current_bid_is_highest_bid", "bids_rise_by_the_increment"}


def _next_id_is_free(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        highest = connection.execute(select(Bid.id).order_by(Bid.id.desc()).limit(1)).scalar_one()
        row = connection.execute(select(Bid.listing_id, Bid.bidder_id, Bid.amount, Bid.placed_at).limit(1)).one()
        result = connection.execute(insert(Bid).values(row._asdict()))
        assert result.inserted_primary_key is not None
        assert result.inserted_primary_key[0] > highest
    engine.dispose()


@pytest.mark.mysql
def test_an_interrupted_mysql_seeding_keeps_the_old_rows(mysql_url: str) -> None:
    _interrupt_a_replacement(mysql_url)


@pytest.mark.postgres
def test_an_interrupted_postgresql_seeding_keeps_the_old_rows(postgres_url: str) -> None:
    _interrupt_a_replacement(postgres_url)


def test_an_interrupted_sqlite_seeding_keeps_the_old_rows(tmp_path: Path) -> None:
    _interrupt_a_replacement(f"sqlite:///{tmp_path / 'a.db'}")
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


def _interrupt_a_replacement(url: str) -> None:
    seed_database(url, "tiny", 3)
    before = fingerprint(url)

    def stop_at_bids(table: str, done: int, total: int) -> None:
        if table == "bids":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed_database(url, "tiny", 4, force=True, progress=stop_at_bids)
    assert fingerprint(url) == before


def test_an_interrupted_first_seeding_leaves_nothing(tmp_path: Path) -> None:
    def stop(table: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        seed_database(f"sqlite:///{tmp_path / 'a.db'}", "tiny", progress=stop)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_seeding_never_leaves_a_half_database(tmp_path: Path, number: signal.Signals) -> None:
    command = [
        sys.executable,
        "-m",
        "auction_core.cli",
        "seed",
        "--scale",
        "medium",
        "--url",
        f"sqlite:///{tmp_path / 'a.db'}",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob(".a.db.*.seeding")) and time.monotonic() < deadline:
            time.sleep(0.02)
        os.kill(process.pid, number)
        code = process.wait(timeout=30)
    assert code == (-signal.SIGKILL if number is signal.SIGKILL else 130)
    assert not (tmp_path / "a.db").exists()
    left = list(tmp_path.iterdir())
    assert bool(left) == (number is signal.SIGKILL)
    seed_database(f"sqlite:///{tmp_path / 'a.db'}", "tiny")
    assert [path.name for path in tmp_path.iterdir()] == ["a.db"]


def test_existing_data_is_refused_with_code_2_and_replaced_by_force(tiny_copy: Path) -> None:
    before = tiny_copy.read_bytes()
    refused = run_cli("seed", "--scale", "tiny", "--url", f"sqlite:///{tiny_copy}")
    assert refused.returncode == 2
    assert "--force" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert tiny_copy.read_bytes() == before
    forced = run_cli("seed", "--scale", "tiny", "--seed", "9", "--url", f"sqlite:///{tiny_copy}", "--force")
    assert forced.returncode == 0, forced.stderr
    assert "bids: 5,000 rows" in forced.stderr
    assert tiny_copy.read_bytes() != before


def test_a_foreign_file_is_not_replaced_even_by_force(tmp_path: Path) -> None:
    letter = tmp_path / "letter.db"
    letter.write_text("not a database, " * 100)
    other = tmp_path / "other.db"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE invoices (id INTEGER)")
    connection.close()
    for path, words in ((letter, "not an SQLite database"), (other, "invoices"), (tmp_path, "folder")):
        before = path.read_bytes() if path.is_file() else b""
        with pytest.raises(Refused, match=words):
            seed_database(f"sqlite:///{path}", "tiny", force=True)
        assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_database_in_use_is_not_replaced(tiny_copy: Path) -> None:
    writer = sqlite3.connect(tiny_copy, isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("BEGIN IMMEDIATE")
    writer.execute("UPDATE users SET country = 'ZZ' WHERE id = 1")
    with pytest.raises(LoadFailed, match="untouched"):
        seed_database(f"sqlite:///{tiny_copy}", "tiny", 8, force=True)
    writer.execute("COMMIT")
    assert writer.execute("SELECT country FROM users WHERE id = 1").fetchone() == ("ZZ",)
    writer.close()


def test_a_write_ahead_log_is_not_replayed_into_the_new_database(tiny_copy: Path) -> None:
    code = (
        "import os, sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); "
        "c.execute('PRAGMA journal_mode = WAL'); c.execute(\"UPDATE users SET country = 'ZZ'\"); os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code, str(tiny_copy)], check=True)
    assert tiny_copy.with_name("copy.db-wal").stat().st_size > 0
    seed_database(f"sqlite:///{tiny_copy}", "tiny", 8, force=True)
    assert not tiny_copy.with_name("copy.db-wal").exists()
    connection = sqlite3.connect(tiny_copy)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT COUNT(*) FROM users WHERE country = 'ZZ'").fetchone() == (0,)
    connection.close()


def test_the_as_of_day_moves_the_end_of_the_history(tmp_path: Path) -> None:
    seed_database(f"sqlite:///{tmp_path / 'a.db'}", "tiny", as_of=date(2026, 12, 15))
    connection = sqlite3.connect(tmp_path / "a.db")
    (last,) = connection.execute("SELECT MAX(placed_at) FROM bids").fetchone()
    (first,) = connection.execute("SELECT MIN(placed_at) FROM bids").fetchone()
    assert (
        connection.execute("SELECT MIN(ends_at) FROM listings WHERE status = 'active'").fetchone()[0]
        > "2026-12-15 23:59"
    )
    connection.close()
    assert "2026-12-10" < last < "2026-12-16"
    assert first < "2023-08"
    assert not [finding for finding in check_database(f"sqlite:///{tmp_path / 'a.db'}") if finding.violations]


@pytest.mark.mysql
def test_a_missing_mysql_database_ends_with_code_3_and_no_password(mysql_url: str) -> None:
    wrong = mysql_url.replace("auction_test_", "absent_").replace("root@", "root:s3cret@")
    for command in ("seed", "check"):
        result = run_cli(command, "--url", wrong)
        assert result.returncode == 3
        assert "s3cret" not in result.stdout + result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


@pytest.mark.postgres
def test_a_missing_postgresql_database_ends_with_code_3_and_no_password(postgres_url: str) -> None:
    wrong = postgres_url.replace("auction_test_", "absent_").replace("postgres@", "postgres:s3cret@")
    for command in ("seed", "check"):
        result = run_cli(command, "--url", wrong)
        assert result.returncode == 3
        assert "s3cret" not in result.stdout + result.stderr
        assert len(result.stderr.strip().splitlines()) == 1


def test_a_server_that_does_not_answer_is_one_sentence() -> None:
    for url in ("mysql://root:s3cret@127.0.0.1:1/a", "postgresql://root:s3cret@127.0.0.1:1/a"):
        with pytest.raises(DatabaseUnreachable) as caught:
            seed_database(url, "tiny")
        assert "s3cret" not in caught.value.user_message


@pytest.mark.mysql
def test_tables_of_another_shape_are_refused_even_by_force(mysql_url: str) -> None:
    engine = create_engine(mysql_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE bids (id INTEGER PRIMARY KEY, price INTEGER)"))
    engine.dispose()
    with pytest.raises(ForeignDatabase, match="bids"):
        seed_database(mysql_url, "tiny", force=True)


def test_check_exits_with_1_on_violations_and_0_without(tiny_copy: Path) -> None:
    url = f"sqlite:///{tiny_copy}"
    assert run_cli("check", "--url", url).returncode == 0
    connection = sqlite3.connect(tiny_copy)
    connection.execute("UPDATE listings SET bid_count = 0 WHERE id = 42")
    connection.commit()
    connection.close()
    result = run_cli("check", "--url", url)
    assert result.returncode == 1
    assert "listings 42" in result.stdout


def test_help_is_quick_because_heavy_libraries_wait_for_a_command() -> None:
    code = "import sys, auction_core.cli; print(sorted({'numpy', 'sqlalchemy', 'rich'} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )
    assert "Exit codes" in run_cli("seed", "--help").stdout


def test_the_command_line_shows_the_default_as_of_day() -> None:
    assert DEFAULT_AS_OF.isoformat() == seed_command.DEFAULT_AS_OF


def test_senseless_options_end_with_code_2() -> None:
    for arguments in (
        ("--scale", "huge"),
        ("--as-of", "soon"),
        ("--as-of", "2023-01-01"),
        ("--url", "oracle://a/b"),
        ("--seed", "-1"),
    ):
        result = run_cli("seed", *arguments)
        assert result.returncode == 2, arguments
        assert "Traceback" not in result.stderr


def test_sqlite_has_every_declared_index_and_mapped_money(small_db: Path) -> None:
    engine = create_engine(f"sqlite:///{small_db}")
    for table in Base.metadata.sorted_tables:
        found = {index["name"] for index in inspect(engine).get_indexes(table.name)}
        assert {str(index.name) for index in table.indexes} <= found
    with engine.connect() as connection:
        price = connection.execute(select(Listing.current_bid).where(Listing.id == 42)).scalar_one()
        top = connection.execute(
            select(Bid.amount).where(Bid.listing_id == 42).order_by(Bid.amount.desc()).limit(1)
        ).scalar_one()
    engine.dispose()
    assert price == top
    assert type(price).__name__ == "Decimal"
