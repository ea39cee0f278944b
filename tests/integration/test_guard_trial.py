"""`nl2sql guard test --live`: what is accepted runs in a database made for it, which is gone afterwards."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy import URL
from typer.testing import CliRunner

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.cli import app
from nl2sql.errors import SettingsInvalid
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.corpus import verdict_on
from nl2sql.guard.policy_file import default_policy
from nl2sql.trial import databases, run
from nl2sql.trial.databases import changes_between, trial_database
from nl2sql.trial.sample import ROWS, Sample
from tests.integration.conftest import PASSWORD, MakeAccount, Server, address_of

# Billions of rows on three dozen: it runs until it is stopped.
ENDLESS = "SELECT COUNT(*) AS n FROM users a" + "".join(
    f" JOIN users {name} ON {name}.is_active = {before}.is_active"
    for before, name in zip("abcdefg", "bcdefgh", strict=True)
)
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def auction(repository: Path) -> SemanticModel:
    return load_model(repository / "schema" / "auction" / "model.yaml")


@pytest.fixture
def start(repository: Path, tmp_path: Path) -> Iterator[Start]:
    """`nl2sql guard test --live URL …` as a process of its own, whose temporary files are below `tmp_path`."""
    started: list[subprocess.Popen[str]] = []
    environ = os.environ | {"NL2SQL_CONFIG": str(repository / "nl2sql.toml"), "TMPDIR": str(tmp_path)}

    def launch(url: str, *arguments: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "nl2sql.cli", "guard", "test", "--live", url, *map(str, arguments)]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, cwd=tmp_path, env=environ)
        started.append(process)
        return process

    yield launch
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def live(start: Start) -> Callable[..., tuple[int, str, str]]:
    def finish(url: str, *arguments: object) -> tuple[int, str, str]:
        process = start(url, *arguments)
        out, err = process.communicate(timeout=100)
        return process.returncode, out, err

    return finish


@pytest.fixture
def endless(tmp_path: Path) -> Path:
    path = tmp_path / "endless.jsonl"
    lines = [{"id": dialect, "sql": ENDLESS, "dialect": dialect} for dialect in ("sqlite", "mysql", "postgres")]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return path


def text_of(address: URL) -> str:
    return address.render_as_string(hide_password=False)


@pytest.fixture
def maker(make_account: MakeAccount, server: Server) -> str:
    """The address of an account that can make databases for trials, and little else."""
    if server.dialect == "postgres":
        return make_account("ALTER ROLE {account} CREATEDB").url
    return make_account(r"GRANT ALL ON `nl2sql\_guard\_%`.* TO {account}").url


# --- on SQLite


def test_the_file_of_the_address_is_left_alone(live, tmp_path: Path) -> None:
    file = tmp_path / "precious.db"
    file.write_bytes(b"not even a database")
    before = file.stat()
    code, out, err = live(f"sqlite:///{file}")
    assert (code, err) == (0, "")
    assert "executed, nothing changed.\n" in out
    assert (file.read_bytes(), file.stat().st_mtime_ns) == (b"not even a database", before.st_mtime_ns)
    assert list(tmp_path.iterdir()) == [file]


def test_only_what_was_accepted_and_is_of_the_engines_kind_runs(live, tmp_path: Path) -> None:
    lines = [
        {"id": "runs", "sql": "SELECT COUNT(*) AS n FROM bids", "dialect": "sqlite"},
        {"id": "refused", "sql": "DROP TABLE bids", "dialect": "sqlite"},
        {"id": "elsewhere", "sql": "SELECT COUNT(*) AS n FROM bids", "dialect": "postgres"},
    ]
    path = tmp_path / "mine.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    code, out, _ = live("sqlite:///any.db", "--corpus", path, "--json")
    trial = json.loads(out)["summary"]["trial"]
    assert (code, trial["executed"], trial["failed"], trial["changes"]) == (0, 1, [], [])
    assert trial["compared"] == ["rows", "tables", "files"]


def test_ctrl_c_leaves_no_file_behind(start: Start, endless: Path, tmp_path: Path) -> None:
    process = start("sqlite:///any.db", "--corpus", endless)
    wait_for(lambda: any((folder / "trial.db").exists() for folder in tmp_path.glob("nl2sql_guard_*")))
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert list(tmp_path.glob("nl2sql_guard_*")) == []
    assert (process.returncode, err) == (130, "")


@pytest.fixture
def harm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Instead of running statements, a trial on SQLite is done what no statement should do."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    def do_harm(*_: object) -> list[run.FailedRun]:
        (file,) = tmp_path.glob("*/trial.db")
        with contextlib.closing(sqlite3.connect(file)) as connection:
            connection.executescript("DELETE FROM bids WHERE id = 3; CREATE TABLE loot (x); DROP TABLE reviews;")
        (file.parent / "loot.csv").write_text("x")
        return []

    monkeypatch.setattr(run, "_failures", do_harm)


def test_a_statement_that_changes_something_is_found_out(auction: SemanticModel, harm: None) -> None:
    report = run.run_trial("sqlite:///any.db", auction, [])
    assert set(report.changes) >= {
        "rows: bids has changed",
        "rows: reviews is gone",
        "tables: table loot is new",
        "tables: table reviews is gone",
        "files: loot.csv is new",
    }
    assert not any("users" in change for change in report.changes)


def test_a_change_is_told_and_ends_with_1(harm: None, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_CONFIG", str(repository / "nl2sql.toml"))
    done = CliRunner().invoke(app, ["guard", "test", "--live", "sqlite:///any.db"])
    assert done.exit_code == 1
    assert "executed, something changed.\n" in done.output
    assert "files: loot.csv is new" in done.output


# --- on servers


def test_the_corpus_of_the_product_runs_and_changes_nothing(live, server: Server) -> None:
    code, out, err = live(text_of(address_of(server)), "--json")
    assert (code, err) == (0, "")
    trial = json.loads(out)["summary"]["trial"]
    assert trial["executed"] >= 40
    assert trial["changes"] == []
    assert {"rows", "tables", "routines", "accounts"} <= set(trial["compared"])
    # A server of MariaDB's kind is spoken to as MySQL, whose pattern functions it lacks.
    assert {each["id"] for each in trial["failed"]} <= {"benign-text-mariadb-01"}


def test_the_database_of_a_trial_is_dropped(
    server: Server, auction: SemanticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"nl2sql_guard_{secrets.token_hex(6)}"
    monkeypatch.setattr(databases.secrets, "token_hex", lambda size: name.removeprefix("nl2sql_guard_"))
    address = address_of(server)
    with trial_database(text_of(address), auction) as (database, sample):
        assert database.address.endswith(f"/{name}")
        assert name in names_of_databases(address)
        assert set(database.state(sample)["rows"]) == set(sample.rows)
    assert name not in names_of_databases(address)
    with pytest.raises(KeyboardInterrupt), trial_database(text_of(address), auction):
        raise KeyboardInterrupt
    assert name not in names_of_databases(address)


def test_what_changes_in_a_trial_is_found_out(server: Server, auction: SemanticModel) -> None:
    with trial_database(text_of(address_of(server)), auction) as (database, sample):
        before = database.state(sample)
        assert changes_between(before, database.state(sample)) == []
        engine = sqlalchemy.create_engine(database.address, poolclass=sqlalchemy.NullPool)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE payments SET fee = 0 WHERE id = 5")
            connection.exec_driver_sql("CREATE TABLE loot AS SELECT * FROM users")
            connection.exec_driver_sql("CREATE FUNCTION f() RETURNS INTEGER" + BODY[server.dialect])
        changes = changes_between(before, database.state(sample))
    assert "rows: payments has changed" in changes
    assert any(each.startswith("tables: ") and "loot" in each and each.endswith("is new") for each in changes)
    assert any(each.startswith("routines: ") and each.endswith("is new") for each in changes)
    assert not any("users" in each for each in changes)


BODY = {"mysql": " DETERMINISTIC RETURN 1", "postgres": " LANGUAGE sql AS 'SELECT 1'"}


def test_an_account_that_sees_less_compares_less(live, maker: str, server: Server) -> None:
    code, out, err = live(maker, "--dialect", server.dialect, "--json")
    assert (code, err) == (0, "")
    trial = json.loads(out)["summary"]["trial"]
    assert trial["executed"] >= 40 and trial["changes"] == []
    assert {"rows", "tables"} <= set(trial["compared"])
    assert ("accounts" if server.dialect == "mysql" else "files") not in trial["compared"]


def test_ctrl_c_drops_the_database(
    start: Start, maker: str, endless: Path, server: Server, admin: sqlalchemy.Engine
) -> None:
    process = start(maker, "--corpus", endless)
    account = sqlalchemy.make_url(maker).username
    seen: set[str] = set()  # kept while waiting: a trial connects anew for each of its steps

    def is_in_use() -> bool:
        seen.update(name for name in databases_in_use(admin, account) if name.startswith("nl2sql_guard_"))
        return bool(seen)

    wait_for(is_in_use)
    (name,) = seen
    time.sleep(0.5)  # into the endless statement
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert name not in names_of_databases(admin.url)


def test_an_account_that_may_make_no_database_is_told_so(live, make_account: MakeAccount) -> None:
    code, out, err = live(make_account().url)
    assert (code, out) == (5, "")
    assert "may make databases" in err and "Traceback" not in err
    assert PASSWORD not in err


@pytest.mark.parametrize("scheme", ["mysql", "mariadb", "postgresql"])
def test_a_server_that_is_not_there_is_a_sentence(scheme: str, live) -> None:
    code, out, err = live(f"{scheme}://someone:hush-hush@127.0.0.1:9/x")
    assert (code, out) == (5, "")
    assert len(err.splitlines()) <= 2 and "Traceback" not in err
    assert "hush" not in err


def test_a_wrong_account_is_a_sentence_without_its_password(live, server: Server) -> None:
    address = address_of(server).set(username="nl2sql_nobody", password="hush-hush")
    code, out, err = live(text_of(address))
    assert (code, out) == (5, "")
    assert len(err.splitlines()) <= 2 and "Traceback" not in err
    assert "hush" not in err


# --- addresses and models


@pytest.mark.parametrize(
    "url",
    [
        "bigquery://project/dataset",
        "duckdb:///some.db",
        "oracle://scott:hush@db/x",
        "mysql://root:hush@db:port/x",
        "sqlite://",
        "hush",
    ],
)
def test_an_address_where_no_trial_can_be_is_wrong_usage(url: str, live) -> None:
    code, out, err = live(url)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) <= 2 and "Traceback" not in err
    assert "hush" not in err


def test_a_model_of_several_schemas_is_wrong_usage() -> None:
    model = SemanticModel("m", (Dataset("t", "archive.t", (Field("id", "id", DataType.INTEGER),)),))
    with pytest.raises(SettingsInvalid, match=r"archive\.t names a schema"):
        Sample(model)


def test_the_rows_of_a_trial_are_the_same_every_time_and_meet_in_joins(auction: SemanticModel) -> None:
    sample = Sample(auction)
    assert sample.rows == Sample(auction).rows
    assert {len(rows) for rows in sample.rows.values()} == {ROWS}
    users = {row["id"] for row in sample.rows["users"]}
    assert {row["seller_id"] for row in sample.rows["listings"]} <= users
    assert len({(row["user_id"], row["listing_id"]) for row in sample.rows["watchlist"]}) == ROWS
    assert {row["status"] for row in sample.rows["listings"]} >= {"sold", "active"}
    assert any(row["parent_id"] is None for row in sample.rows["categories"])
    assert any(row["parent_id"] is not None for row in sample.rows["categories"])


def test_the_endless_statement_is_one_that_the_guard_lets_through(auction: SemanticModel) -> None:
    for dialect in ("sqlite", "mysql", "postgres"):
        assert isinstance(verdict_on(ENDLESS, auction, default_policy(auction), dialect), CheckedSql)


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def names_of_databases(address: URL) -> set[str]:
    query = "SHOW DATABASES" if address.get_backend_name() == "mysql" else "SELECT datname FROM pg_database"
    engine = sqlalchemy.create_engine(address, poolclass=sqlalchemy.NullPool)
    with engine.connect() as connection:
        return {str(name) for name in connection.exec_driver_sql(query).scalars()}


def databases_in_use(admin: sqlalchemy.Engine, account: str | None) -> set[str]:
    """By the connections of one account."""
    query = {
        "mysql": "SELECT db FROM information_schema.processlist WHERE user = %s AND db IS NOT NULL",
        "postgresql": "SELECT datname FROM pg_stat_activity WHERE usename = %s AND datname IS NOT NULL",
    }[admin.url.get_backend_name()]
    with admin.connect() as connection:
        return {str(name) for name in connection.exec_driver_sql(query, (account,)).scalars()}
