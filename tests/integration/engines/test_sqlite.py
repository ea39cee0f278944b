"""The SQLite engine over real files: what it returns, what it refuses, when it stops, and how it says so."""

from __future__ import annotations

import contextlib
import datetime
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from nl2sql.catalog.model import DataType
from nl2sql.engines import file_state, sqlite_connection
from nl2sql.engines.base import ResultTable
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    QueryFailed,
    QueryTimedOut,
)
from nl2sql.guard.checked import CheckedSql

Mint = Callable[..., CheckedSql]
ENDLESS = "WITH a AS (SELECT id FROM items) SELECT count(*) FROM a, a AS b, a AS c, a AS d, a AS e"


def fill(path: Path, first_title: str = "Vintage watch", rows: int = 300) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE items(id INTEGER PRIMARY KEY, title TEXT, price DECIMAL(12,2), sold BOOLEAN, day DATE,"
            " at DATETIME)"
        )
        connection.executemany(
            "INSERT INTO items VALUES (?, ?, ?, ?, ?, ?)",
            [
                (1, first_title, 10.1, 1, "2026-06-30", "2026-06-30 23:59:59.000001"),
                (2, "Ring", 10, 0, "2026-07-01", "2026-07-01 00:00:00"),
                (3, None, None, None, None, None),
                *((n, f"Thing {n}", n / 100, 0, "2026-07-02", "2026-07-02T12:00:00") for n in range(4, rows + 1)),
            ],
        )
    connection.close()


@pytest.fixture
def path(folder: Path) -> Path:
    fill(folder / "shop.db")
    return folder / "shop.db"


@pytest.fixture
def engine(path: Path) -> Iterator[SqliteEngine]:
    made = SqliteEngine(str(path))
    yield made
    made.close()


def only(result: ResultTable) -> object:
    return result.table.column(0)[0].as_py()


def test_values_arrive_in_the_types_the_guard_read_off_the_tree(engine: SqliteEngine, mint: Mint) -> None:
    checked = mint(
        "SELECT id, title, price, sold, day, at FROM items ORDER BY id LIMIT 3",
        ("id", DataType.INTEGER),
        ("title", DataType.STRING),
        ("price", DataType.DECIMAL, 2),
        ("sold", DataType.BOOLEAN),
        ("day", DataType.DATE),
        ("at", DataType.DATETIME),
    )
    table = engine.run(checked).table
    assert [str(kind) for kind in table.schema.types] == [
        "int64",
        "string",
        "decimal128(38, 2)",
        "bool",
        "date32[day]",
        "timestamp[us]",
    ]
    first, second, empty = table.to_pylist()
    assert first == {
        "id": 1,
        "title": "Vintage watch",
        "price": Decimal("10.10"),
        "sold": True,
        "day": datetime.date(2026, 6, 30),
        "at": datetime.datetime.fromisoformat("2026-06-30T23:59:59.000001"),
    }
    assert str(second["price"]) == "10.00"
    assert list(empty.values()) == [3, None, None, None, None, None]


def test_a_result_is_truncated_only_when_there_was_one_row_more(engine: SqliteEngine, mint: Mint) -> None:
    exact = engine.run(mint("SELECT id FROM items LIMIT 7", row_limit=7))
    assert (exact.row_count, exact.truncated) == (7, False)
    cut = engine.run(mint("SELECT id FROM items LIMIT 8", row_limit=7))
    assert (cut.row_count, cut.truncated) == (7, True)
    assert engine.run(mint("SELECT id FROM items WHERE id < 0", ("id", DataType.INTEGER))).table.schema.types == [
        pa.int64()
    ]


def test_a_result_that_is_too_large_is_cut_and_says_so(path: Path, mint: Mint) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE items SET title = hex(zeroblob(50000))")  # 100 kB a row, 30 MB in all
    connection.close()
    engine = SqliteEngine(str(path), result_bytes=1_000_000)
    result = engine.run(mint("SELECT title FROM items ORDER BY id"))
    engine.close()
    assert result.truncated
    assert 8 <= result.row_count <= 10


@pytest.mark.parametrize(
    "sql",
    [
        "ATTACH DATABASE '{other}' AS other",
        "VACUUM INTO '{other}'",
        "PRAGMA query_only = OFF",
        "PRAGMA table_info(items)",
        "SELECT name FROM pragma_table_info('items')",
        "SELECT sql FROM sqlite_master",
        "SELECT count(*) FROM sqlite_schema",
        "SELECT name FROM dbstat",
        "SELECT value FROM json_each('[1]')",
        "SELECT load_extension('x')",
        "SELECT randomblob(10)",
        "CREATE TEMP TABLE t(a)",
        "INSERT INTO items(id) VALUES (1000)",
        "UPDATE items SET title = 'x'",
        "DELETE FROM items",
        "DROP TABLE items",
        "BEGIN IMMEDIATE",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n LIMIT 5",
        "SELECT 1; SELECT 2",
        "SELECT length(replace(title || title, 'i', (SELECT group_concat(a.title) FROM items a, items b))) FROM items",
        "SELECT 'a\0b'",
        "SELECT '\udc80'",
        "SELECT no_such_column FROM items",
        "",
    ],
)
def test_the_engine_refuses_by_itself_what_is_not_plain_reading(
    sql: str, engine: SqliteEngine, path: Path, mint: Mint, tmp_path: Path
) -> None:
    before = path.read_bytes()
    with pytest.raises(QueryFailed) as caught:
        engine.run(mint(sql.replace("{other}", str(tmp_path / "other.db")), seconds=2.0))
    assert caught.value.user_message == "The database could not run this query."
    assert caught.value.hint
    assert not (tmp_path / "other.db").exists()
    assert path.read_bytes() == before
    assert only(engine.run(mint("SELECT count(*) FROM items"))) == 300


def test_rows_of_a_common_table_expression_can_be_counted(engine: SqliteEngine, mint: Mint) -> None:
    assert only(engine.run(mint("WITH mine AS (SELECT 1 AS x FROM items) SELECT count(*) FROM mine"))) == 300


def test_the_drivers_words_are_for_repairing_and_not_for_the_person(engine: SqliteEngine, mint: Mint) -> None:
    with pytest.raises(QueryFailed) as caught:
        engine.run(mint("SELECT emial FROM items"))
    assert "no such column: emial" in caught.value.hint
    assert "emial" not in caught.value.user_message


def test_an_endless_query_is_stopped_within_100_ms_of_its_limit(engine: SqliteEngine, mint: Mint) -> None:
    started = time.monotonic()
    with pytest.raises(QueryTimedOut, match=r"0\.3 seconds"):
        engine.run(mint(ENDLESS, seconds=0.3))
    assert 0.3 <= time.monotonic() - started < 0.4
    assert only(engine.run(mint("SELECT count(*) FROM items"))) == 300


def test_ctrl_c_during_a_statement_ends_more_than_the_statement(engine: SqliteEngine, mint: Mint) -> None:
    ctrl_c = threading.Timer(0.2, signal.raise_signal, [signal.SIGINT])
    ctrl_c.start()
    with pytest.raises(KeyboardInterrupt):
        engine.run(mint(ENDLESS, seconds=30.0))
    ctrl_c.join()
    assert only(engine.run(mint("SELECT count(*) FROM items"))) == 300


def test_the_engines_own_check_stops_a_query_without_the_second_thread(
    engine: SqliteEngine, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nl2sql.engines.sqlite.GRACE_SECONDS", 30.0)
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        engine.run(mint(ENDLESS, seconds=0.2))
    assert time.monotonic() - started < 0.4


def test_the_second_thread_stops_a_query_whose_own_check_is_blind(
    engine: SqliteEngine, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nl2sql.engines.sqlite.PROGRESS_STEPS", 2**31 - 1)
    started = time.monotonic()
    with pytest.raises(QueryTimedOut):
        engine.run(mint(ENDLESS, seconds=0.2))
    assert time.monotonic() - started < 0.4


def test_a_slow_producer_of_rows_is_stopped_while_rows_are_fetched(engine: SqliteEngine, mint: Mint) -> None:
    sql = "SELECT a.id FROM items a, items b, items c WHERE a.id + b.id + c.id > 890"
    with pytest.raises(QueryTimedOut):
        engine.run(mint(sql, seconds=0.2, row_limit=1_000_000))


def test_many_threads_share_the_engine(engine: SqliteEngine, mint: Mint) -> None:
    answers: list[object] = []
    checked = mint("SELECT sum(a.id) FROM items a, items b", ("n", DataType.INTEGER))

    def ask() -> None:
        answers.extend(only(engine.run(checked)) for _ in range(5))

    threads = [threading.Thread(target=ask) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [300 * 301 // 2 * 300] * 120
    assert len(engine._pool._idle) <= sqlite_connection.MAX_CONNECTIONS


def test_who_waits_too_long_for_a_connection_is_told_to_try_again(
    path: Path, mint: Mint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_connection, "MAX_CONNECTIONS", 1)
    engine = SqliteEngine(str(path))

    def keep_busy() -> None:
        with contextlib.suppress(QueryTimedOut):
            engine.run(mint(ENDLESS, seconds=0.6))

    busy = threading.Thread(target=keep_busy)
    busy.start()
    time.sleep(0.1)
    with pytest.raises(DatabaseUnreachable) as caught:
        engine.run(mint("SELECT 1 FROM items", seconds=0.1))
    assert caught.value.retryable
    busy.join()
    engine.close()


def test_a_missing_database_is_named(tmp_path: Path, mint: Mint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    engine = SqliteEngine("var/auction.db")
    for ask in (lambda: engine.run(mint("SELECT 1")), engine.fingerprint, lambda: engine.distinct_values("a", "b", 1)):
        with pytest.raises(DatabaseMissing) as caught:
            ask()
        assert caught.value.user_message == "There is no database at var/auction.db."
        assert "Create it" in caught.value.hint
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"This is not a database. " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_something_that_is_not_a_database_is_named(content: bytes, tmp_path: Path, mint: Mint) -> None:
    (tmp_path / "shop.db").write_bytes(content)
    with pytest.raises(DatabaseUnreadable, match=r"shop\.db is not a database"):
        SqliteEngine(str(tmp_path / "shop.db")).run(mint("SELECT 1"))


def test_a_folder_is_not_a_database(tmp_path: Path, mint: Mint) -> None:
    with pytest.raises(DatabaseUnreadable):
        SqliteEngine(str(tmp_path)).run(mint("SELECT 1"))


def test_a_torn_database_is_unreadable(path: Path, mint: Mint) -> None:
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xa5" * (len(raw) - 4096)
    path.write_bytes(raw)
    with pytest.raises(DatabaseUnreadable):
        SqliteEngine(str(path)).run(mint("SELECT sum(price), max(title) FROM items"))


def test_a_locked_database_may_be_tried_again(path: Path, mint: Mint, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_connection, "BUSY_SECONDS", 0.05)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN EXCLUSIVE")
    with pytest.raises(DatabaseUnreachable) as caught:
        SqliteEngine(str(path)).run(mint("SELECT id FROM items"))
    writer.close()
    assert caught.value.retryable


def test_a_replaced_database_is_noticed(engine: SqliteEngine, path: Path, folder: Path, mint: Mint) -> None:
    checked = mint("SELECT title FROM items WHERE id = 1", ("title", DataType.STRING))
    assert only(engine.run(checked)) == "Vintage watch"
    before = engine.fingerprint()
    fill(folder / "new.db", first_title="Antique watch")
    os.replace(folder / "new.db", path)
    assert engine.fingerprint() != before
    assert only(engine.run(checked)) == "Antique watch"


@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
def test_committed_changes_are_read_and_move_the_fingerprint(
    journal: str, engine: SqliteEngine, path: Path, mint: Mint
) -> None:
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute(f"PRAGMA journal_mode = {journal}")
    checked = mint("SELECT title FROM items WHERE id = 1", ("title", DataType.STRING))
    seen = {engine.fingerprint()}
    for title in ("one", "two", "three"):
        time.sleep(0.02)  # file systems stamp changes with the clock's tick
        writer.execute("UPDATE items SET title = ? WHERE id = 1", (title,))
        seen.add(engine.fingerprint())
        assert only(engine.run(checked)) == title
    writer.close()
    assert len(seen) == 4


def test_text_that_is_not_utf_8_is_shown_with_its_gaps(path: Path, mint: Mint) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE items SET title = CAST(x'41ff42' AS TEXT) WHERE id = 1")
    connection.close()
    engine = SqliteEngine(str(path))
    checked = mint("SELECT title FROM items WHERE id <= 2 ORDER BY id", ("title", DataType.STRING))
    assert engine.run(checked).table.column(0).to_pylist() == ["A�B", "Ring"]
    assert engine.distinct_values("items", "title", 1) == ["A�B"]
    engine.close()


def test_distinct_values_are_texts_in_order_without_null(engine: SqliteEngine) -> None:
    assert engine.distinct_values("items", "title", 2) == ["Ring", "Thing 10"]
    assert engine.distinct_values("items", "id", 3) == ["1", "2", "3"]
    assert engine.distinct_values("items", "title", 9, "price = 10.1") == ["Vintage watch"]
    assert engine.distinct_values("items", "title", 1, "sold = 1 OR id = 2") == ["Ring"]


@pytest.mark.parametrize(("table", "column"), [("items", "no_such"), ("no_such", "id"), ("items", 'id" FROM items --')])
def test_an_unknown_name_is_never_taken_for_a_text(table: str, column: str, engine: SqliteEngine) -> None:
    with pytest.raises(QueryFailed):
        engine.distinct_values(table, column, 5)


@pytest.mark.parametrize("forged", ["SELECT 1", None, object()])
def test_nothing_but_a_checked_sql_runs(forged: object, engine: SqliteEngine) -> None:
    with pytest.raises(TypeError):
        engine.run(forged)  # type: ignore[arg-type]


def test_what_only_looks_like_a_checked_sql_does_not_run(engine: SqliteEngine) -> None:
    class Forged:
        executed = sql = "SELECT title FROM items"
        dialect = "sqlite"

    with pytest.raises(TypeError):
        engine.run(Forged())  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        engine.run(object.__new__(CheckedSql))


def test_a_statement_checked_for_another_database_does_not_run(engine: SqliteEngine, mint: Mint) -> None:
    with pytest.raises(QueryFailed, match="another kind of database"):
        engine.run(mint("SELECT id FROM items", dialect="mysql"))


def test_a_copy_with_the_same_size_and_time_has_another_fingerprint(path: Path) -> None:
    copy = path.with_name("copy.db")
    shutil.copy2(path, copy)
    assert os.stat(copy).st_mtime_ns == os.stat(path).st_mtime_ns
    assert SqliteEngine(str(copy)).fingerprint() != SqliteEngine(str(path)).fingerprint()


@pytest.mark.parametrize("is_checkout", [True, False])
def test_make_is_advised_only_where_there_is_a_makefile(
    is_checkout: bool, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_checkout:
        (folder / "Makefile").write_text("")
    monkeypatch.setattr(file_state, "MAKEFILE", folder / "Makefile")
    with pytest.raises(DatabaseMissing) as caught:
        SqliteEngine(str(folder / "nowhere.db")).fingerprint()
    assert ("make demo" in caught.value.hint) is is_checkout
    assert caught.value.hint.startswith("Create it")
