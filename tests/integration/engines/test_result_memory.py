"""How much of a result is in memory at once: rows one at a time, and no row that is larger than an answer may be."""

from __future__ import annotations

import contextlib
import io
import re
import resource
import sqlite3
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nl2sql.engines import sqlite_connection
from nl2sql.engines.base import Engine
from nl2sql.engines.intake import RowTooLarge
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.errors import QueryFailed
from nl2sql.guard.checked import CheckedSql
from tests.integration.conftest import Server, on_mysql

Mint = Callable[..., CheckedSql]
Raw = Callable[..., list[tuple[object, ...]]]
STATUS = Path("/proc/self/status")
COUNT = "SELECT COUNT(*) FROM items"


def peak_megabytes() -> float:
    """The most that this process held at once since `forget_peak`; where the system forgets nothing, since it began."""
    if STATUS.exists():
        found = re.search(r"VmHWM:\s+(\d+) kB", STATUS.read_text())
        assert found is not None
        return int(found[1]) / 1_000
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (1_000_000 if sys.platform == "darwin" else 1_000)


def forget_peak() -> float:
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak_megabytes()


GIANT = {
    "mysql": "SELECT REPEAT('x', 12000000) FROM items",
    "postgres": "SELECT repeat('x', 12000000) FROM items",
}


def test_one_giant_value_is_refused_and_not_shown_as_nothing_found(raw: Raw, server: Server) -> None:
    with pytest.raises(QueryFailed, match="larger than an answer may be"):
        raw(GIANT[server.dialect], result_bytes=1_000_000)
    assert raw(COUNT) == [(300,)]


def test_many_giant_values_are_in_memory_one_at_a_time(raw: Raw, server: Server) -> None:
    """300 rows of 12 MB, of which the first two fit: a batch of them would be hundreds of megabytes."""
    raw(COUNT)
    before = forget_peak()
    assert len(raw(GIANT[server.dialect], result_bytes=30_000_000)) == 2
    assert peak_megabytes() - before < 150
    assert raw(COUNT) == [(300,)]


def test_a_giant_after_many_small_rows_ends_the_answer_there(raw: Raw, server: Server) -> None:
    """When batches have grown, as they do for small rows."""
    sql = GIANT[server.dialect].replace("SELECT", "SELECT id, CASE WHEN id > 200 THEN ").replace(" FROM", " END FROM")
    before = forget_peak()
    assert len(raw(f"{sql} ORDER BY id", result_bytes=5_000_000)) == 200
    assert peak_megabytes() - before < 150


@on_mysql
def test_a_value_of_mysql_is_refused_before_it_is_read(raw: Raw, server: Server, engine: Engine) -> None:
    """Its packets tell their size first; PostgreSQL's library reads one row whole."""
    connection: Any = engine._kind.connect(user="nobody", defer_connect=True)  # type: ignore[attr-defined]
    connection._next_seq_id = 0
    connection._rfile = wire = io.BytesIO(b"\x08\x00\x00\x00" + bytes(8) + b"\xff\xff\xf0\x01" + bytes(16_000_000))
    assert connection.read_row(10) == bytes(8)
    with pytest.raises(RowTooLarge):
        connection.read_row(15_000_000)
    assert wire.closed


@pytest.fixture
def path(tmp_path: Path) -> Path:
    with sqlite3.connect(tmp_path / "shop.db") as connection:
        connection.execute("CREATE TABLE items(id INTEGER PRIMARY KEY)")
        connection.executemany("INSERT INTO items VALUES (?)", [(n,) for n in range(1, 301)])
    connection.close()
    return tmp_path / "shop.db"


def test_large_rows_after_many_small_ones_are_in_memory_one_at_a_time(path: Path, mint: Mint) -> None:
    """100 rows of 10 MB; each value is as long as the connection lets it become."""
    engine = SqliteEngine(str(path))
    wide = ", ".join(f"CASE WHEN id > 200 THEN printf('%{900_000 + n}d', 1) END AS c{n}" for n in range(11))
    before = forget_peak()
    result = engine.run(mint(f"SELECT id, {wide} FROM items ORDER BY id", result_bytes=15_000_000))
    engine.close()
    assert (result.row_count, result.truncated) == (201, True)
    assert peak_megabytes() - before < 200


def test_a_row_that_is_too_large_by_itself_is_not_shown_as_nothing_found(path: Path, mint: Mint) -> None:
    engine = SqliteEngine(str(path))
    with pytest.raises(QueryFailed, match="larger than an answer may be"):
        engine.run(mint("SELECT printf('%900000d', 1) FROM items", result_bytes=100_000))
    engine.close()


def test_a_result_has_no_more_columns_than_memory_allows_and_a_table_may_have_more(path: Path, mint: Mint) -> None:
    columns = ", ".join(f"c{n} INTEGER" for n in range(sqlite_connection.MAX_COLUMNS + 100))
    with sqlite3.connect(path) as connection:
        connection.execute(f"CREATE TABLE wide({columns})")
        connection.execute("INSERT INTO wide(c3) VALUES (7)")
    connection.close()
    engine = SqliteEngine(str(path))
    assert engine.run(mint("SELECT c3 FROM wide")).table.column(0).to_pylist() == [7]
    with pytest.raises(QueryFailed, match="could not run"):
        engine.run(mint("SELECT * FROM wide"))
    engine.close()
