"""The DuckDB engine over real files: what it refuses by itself, and how it lives with whoever writes to the file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest

from nl2sql.accounts.base import Finding
from nl2sql.accounts.examine import examine_account
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines import duckdb_file
from nl2sql.engines.base import ResultTable
from nl2sql.engines.duckdb import DuckdbEngine
from nl2sql.engines.registry import open_engine
from nl2sql.errors import DatabaseMissing, DatabaseUnreachable, DatabaseUnreadable, QueryFailed
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.writers.base import Origin, SqlDraft

Mint = Callable[..., CheckedSql]
COUNT = "SELECT count(*) FROM items"


def fill(path: Path, first_title: str = "Vintage watch") -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE items AS SELECT i AS id, 'Thing ' || i AS title, (i / 100)::DECIMAL(12, 2) AS price,"
            " TIMESTAMP '2026-06-30' + to_minutes(i) AS made_at FROM range(1, 301) AS r(i)"
        )
        connection.execute("UPDATE items SET title = ? WHERE id = 1", [first_title])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """DuckDB itself cannot write below a folder with a question mark in its name."""
    folder = tmp_path / "a b#c%20é&mode=rw"
    folder.mkdir()
    path = folder / "it's a shop.duckdb"
    fill(path)
    return path


@pytest.fixture
def engine(path: Path) -> Iterator[DuckdbEngine]:
    made = DuckdbEngine(str(path))
    yield made
    made.close()


@pytest.fixture
def run(engine: DuckdbEngine, mint: Mint) -> Callable[..., ResultTable]:
    def ask(sql: str, *outputs: tuple[str, DataType], **limits: float) -> ResultTable:
        return engine.run(mint(sql, *outputs, dialect="duckdb", **limits))

    return ask


def only(result: ResultTable) -> object:
    return result.table.column(0)[0].as_py()


def eventually(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def write_elsewhere(path: Path, sql: str) -> subprocess.CompletedProcess[str]:
    code = f"import duckdb; duckdb.connect({str(path)!r}).execute({sql!r})"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM read_csv('{secret}')",
        "SELECT * FROM read_text('{secret}')",
        "SELECT * FROM read_blob('{secret}')",
        "SELECT * FROM read_blob('{database}')",
        "SELECT * FROM read_parquet('{secret}')",
        "SELECT * FROM read_json('{secret}')",
        "SELECT * FROM sniff_csv('{secret}')",
        "SELECT * FROM '{secret}'",
        "SELECT * FROM glob('{folder}/*')",
        "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
        "SELECT getenv('HOME')",
        "SELECT * FROM secret_of_this_program",
        "COPY items TO '{folder}/out.csv'",
        "COPY (SELECT 1) TO '{folder}/out.csv'",
        "COPY items FROM '{secret}'",
        "EXPORT DATABASE '{folder}/out'",
        "ATTACH '{folder}/other.duckdb' AS other",
        "ATTACH ':memory:' AS other",
        "DETACH nl2sql_file",
        "INSTALL httpfs",
        "LOAD httpfs",
        "LOAD '{secret}'",
        "PRAGMA threads = 1",
        "PRAGMA database_list",
        "SET memory_limit = '1TB'",
        "SET GLOBAL enable_external_access = true",
        "RESET lock_configuration",
        "SET VARIABLE a = 1",
        "USE memory",
        "CALL enable_logging()",
        "EXPLAIN SELECT 1",
        "PREPARE p AS SELECT 1",
        "PIVOT items ON id USING count(*)",
        "CREATE MACRO m() AS 1",
        "CREATE TEMP TABLE t(a INTEGER)",
        "INSERT INTO items(id) VALUES (1000)",
        "WITH gone AS (DELETE FROM items RETURNING id) SELECT id FROM gone",
        "DROP TABLE items",
        "VACUUM",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "SELECT 1 FROM no_such_table",
        "SELECT '\udc80'",
        "",
        "-- nothing",
    ],
)
def test_the_engine_refuses_by_itself_what_is_not_plain_reading(
    sql: str, run: Callable[..., ResultTable], path: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a,b\n1,hush\n")
    secret_of_this_program = pa.table({"a": [1]})
    assert secret_of_this_program.num_rows == 1
    database = str(path).replace("'", "''")
    before = path.read_bytes()
    with pytest.raises(QueryFailed) as caught:
        run(sql.format(secret=secret, folder=tmp_path, database=database), seconds=5.0)
    assert caught.value.user_message == "The database could not run this query."
    assert caught.value.hint
    assert "hush" not in caught.value.hint
    assert {each.name for each in tmp_path.iterdir()} == {"secret.csv", path.parent.name}
    assert path.read_bytes() == before
    assert only(run(COUNT)) == 300


def test_the_settings_that_bound_a_session_are_what_they_should_be(run: Callable[..., ResultTable]) -> None:
    names = {
        "enable_external_access": "false",
        "lock_configuration": "true",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_unsigned_extensions": "false",
        "allow_community_extensions": "false",
        "python_enable_replacements": "false",
        "temp_directory": "",
        "threads": str(duckdb_file.THREADS),
        "memory_limit": "953.6 MiB",  # 1 GB
        "TimeZone": "UTC",
    }
    for name, value in names.items():
        assert str(only(run(f"SELECT current_setting('{name}')::VARCHAR"))) == value, name


def test_what_needs_too_much_memory_is_an_error_and_leaves_no_file(
    path: Path, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(duckdb_file._CONFIGURATION, "memory_limit", "20MB")
    engine = DuckdbEngine(str(path))
    sql = "SELECT a.title, b.title, c.id FROM items a, items b, items c ORDER BY c.title, b.title, a.title"
    with pytest.raises(QueryFailed, match="needs more memory"):
        engine.run(mint(sql, dialect="duckdb", seconds=60.0))
    assert only(engine.run(mint(COUNT, dialect="duckdb"))) == 300
    engine.close()
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_division_by_zero_is_null_as_on_other_databases(run: Callable[..., ResultTable]) -> None:
    assert run("SELECT 1 / 0 AS a, 1.0 / 0 AS b, 1 % 0 AS c").table.to_pylist() == [{"a": None, "b": None, "c": None}]


def test_messages_help_to_repair_and_quote_no_values(run: Callable[..., ResultTable]) -> None:
    with pytest.raises(QueryFailed) as caught:
        run("SELECT titel FROM items")
    assert 'Candidate bindings: "title"' in caught.value.hint
    assert "titel" not in caught.value.user_message
    for sql in ("SELECT CAST(title AS INTEGER) FROM items", "SELECT CAST(id * 7654321 AS TINYINT) FROM items"):
        with pytest.raises(QueryFailed) as caught:
            run(sql)
        assert "Conversion Error" in caught.value.hint
        assert not {word for word in ("Vintage", "Thing", "7654321") if word in caught.value.hint}


def test_a_hash_mask_is_the_one_of_other_databases(path: Path, mint: Mint) -> None:
    fields = (Field("id", "id", DataType.INTEGER), Field("title", "title", DataType.STRING))
    model = SemanticModel("shop", (Dataset("items", "items", fields, ("id",)),))
    policy = Policy(masks={"items.title": "hash"}, mask_key="key")
    shown = set()
    with sqlite3.connect(path.parent / "shop.db") as connection:
        connection.execute("CREATE TABLE items(id INTEGER, title TEXT)")
        connection.execute("INSERT INTO items VALUES (1, 'Vintage watch')")
    connection.close()
    for url, dialect in ((f"duckdb:///{path}", "duckdb"), (f"sqlite:///{path.parent / 'shop.db'}", "sqlite")):
        engine = open_engine(url)
        draft = SqlDraft("SELECT title FROM items WHERE id = 1", Origin("sql"))
        verdict = check(draft, model, policy, dialect)
        assert type(verdict) is CheckedSql, verdict
        shown.add(only(engine.run(verdict)))
        engine.close()
    assert len(shown) == 1
    assert "Vintage watch" not in shown


def test_a_missing_database_is_named(tmp_path: Path, mint: Mint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = DuckdbEngine("var/auction.duckdb")
    for ask in (
        lambda: engine.run(mint("SELECT 1", dialect="duckdb")),
        engine.fingerprint,
        engine.session_faults,
        lambda: engine.distinct_values("a", "b", 1),
    ):
        with pytest.raises(DatabaseMissing) as caught:
            ask()
        assert caught.value.user_message == "There is no database at var/auction.duckdb."
        assert "Create it" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"This is not a database. " * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_something_that_is_not_a_database_is_named(content: bytes, tmp_path: Path, mint: Mint) -> None:
    (tmp_path / "shop.duckdb").write_bytes(content)
    with pytest.raises(DatabaseUnreadable, match=r"shop\.duckdb is not a DuckDB database"):
        DuckdbEngine(str(tmp_path / "shop.duckdb")).run(mint("SELECT 1", dialect="duckdb"))
    with pytest.raises(DatabaseUnreadable):
        DuckdbEngine(str(tmp_path)).run(mint("SELECT 1", dialect="duckdb"))


def test_a_torn_database_is_said_in_a_sentence(path: Path, mint: Mint) -> None:
    raw = bytearray(path.read_bytes())
    raw[3 * 4096 :] = b"\xa5" * (len(raw) - 3 * 4096)
    path.write_bytes(raw)
    with pytest.raises((DatabaseUnreadable, QueryFailed)):
        DuckdbEngine(str(path)).run(mint("SELECT sum(price), max(title) FROM items", dialect="duckdb"))


def test_a_file_that_another_program_writes_to_may_be_tried_again(path: Path, engine: DuckdbEngine, mint: Mint) -> None:
    code = f"import duckdb; c = duckdb.connect({str(path)!r}); print('open', flush=True); input()"
    writer = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert writer.stdin is not None
    assert writer.stdout is not None
    try:
        assert writer.stdout.readline() == "open\n"
        with pytest.raises(DatabaseUnreachable, match="Another program is writing") as caught:
            engine.run(mint(COUNT, dialect="duckdb"))
        assert caught.value.retryable
        assert "rename" in caught.value.hint
    finally:
        writer.communicate("\n", timeout=30)
    assert only(engine.run(mint(COUNT, dialect="duckdb"))) == 300


def test_a_file_that_nobody_asks_for_is_given_back_to_writers(
    path: Path, run: Callable[..., ResultTable], engine: DuckdbEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duckdb_file, "IDLE_SECONDS", 0.5)
    assert only(run(COUNT)) == 300
    before = engine.fingerprint()
    eventually(lambda: engine._file._current is None, "the file is never given back")
    written = write_elsewhere(path, "INSERT INTO items(id) VALUES (301)")
    assert written.returncode == 0, written.stderr
    assert engine.fingerprint() != before
    assert only(run(COUNT)) == 301


def test_changes_that_are_only_in_the_log_are_read(
    path: Path, run: Callable[..., ResultTable], engine: DuckdbEngine
) -> None:
    """A writer that was killed leaves them there."""
    before, content = engine.fingerprint(), path.read_bytes()
    code = (
        f"import duckdb, os; c = duckdb.connect({str(path)!r}); c.execute('INSERT INTO items(id) VALUES (301)');"
        "os._exit(0)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    assert path.read_bytes() == content
    assert engine.fingerprint() != before
    assert only(run(COUNT)) == 301


def test_a_replaced_file_is_noticed_even_while_another_engine_reads_the_old_one(
    engine: DuckdbEngine, path: Path, mint: Mint
) -> None:
    checked = mint("SELECT title FROM items WHERE id = 1", ("title", DataType.STRING), dialect="duckdb")
    other = DuckdbEngine(str(path))
    endless = "SELECT count(*) FROM items a, items b, items c, items d WHERE a.id + b.id <> c.id + d.id"
    started = threading.Event()

    def keep_busy() -> None:
        started.set()
        with pytest.raises(Exception, match="after 2 seconds"):
            other.run(mint(endless, dialect="duckdb", seconds=2.0))

    busy = threading.Thread(target=keep_busy)
    busy.start()
    started.wait()
    assert only(engine.run(checked)) == "Vintage watch"
    before = engine.fingerprint()
    fill(path.parent / "new.duckdb", first_title="Antique watch")
    os.replace(path.parent / "new.duckdb", path)
    assert engine.fingerprint() != before
    assert only(engine.run(checked)) == "Antique watch"
    assert only(other.run(checked)) == "Antique watch"
    busy.join()
    other.close()


def test_a_wall_that_is_missing_is_told(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(each for each in duckdb_file._SETTINGS if each.split(" ")[0] in ("TimeZone",))
    monkeypatch.setattr(duckdb_file, "_SETTINGS", kept)
    engine = DuckdbEngine(str(path))
    assert engine.session_faults() == ("can read files", "can change its own limits")
    engine.close()


def test_the_file_can_be_examined_as_an_account(engine: DuckdbEngine, path: Path) -> None:
    model = SemanticModel("shop", (Dataset("items", "items", (Field("id", "id", DataType.INTEGER),), ("id",)),))
    path.chmod(0o666)
    findings = examine_account(f"duckdb:///{path}", engine, model)
    assert Finding("session", "ok", "every session is read-only and limited, as tried just now") in findings
    assert any("everybody on this machine can write to the file" in each.text for each in findings)


def test_nothing_is_reported_as_leaked_when_the_program_ends(path: Path) -> None:
    code = (
        "from nl2sql.engines.duckdb import DuckdbEngine\n"
        f"engine = DuckdbEngine({str(path)!r})\n"
        "print(engine.distinct_values('items', 'id', 2))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert (done.stdout, done.stderr) == ("['1', '2']\n", "")
