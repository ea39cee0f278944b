"""Each wall around a SQLite file stands by itself, and one that is missing is noticed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from nl2sql.engines import sqlite_connection
from nl2sql.engines.sqlite import SqliteEngine
from nl2sql.errors import DatabaseMissing, DatabaseUnreadable


@pytest.fixture
def path(folder: Path) -> Path:
    with sqlite3.connect(folder / "shop.db") as connection:
        connection.execute("CREATE TABLE items(id INTEGER PRIMARY KEY)")
    connection.close()
    return folder / "shop.db"


@pytest.fixture
def engine(path: Path) -> Iterator[SqliteEngine]:
    made = SqliteEngine(str(path))
    yield made
    made.close()


def test_each_wall_of_a_connection_stands_by_itself(engine: SqliteEngine) -> None:
    assert engine.session_faults() == ()


@pytest.mark.parametrize(
    ("name", "weaker", "fault"),
    [
        ("reads_only", lambda _: lambda *_: sqlite3.SQLITE_OK, "runs more than plain reading"),
        ("_PRAGMAS", (), "can be written to (query_only)"),
        ("quote", lambda path: quote(path) + "?mode=rw#", "did not open the file read-only"),
    ],
)
def test_a_wall_that_is_missing_is_named_and_nothing_is_written(
    name: str, weaker: object, fault: str, engine: SqliteEngine, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    monkeypatch.setattr(sqlite_connection, name, weaker)
    assert fault in engine.session_faults()
    assert path.read_bytes() == before


def test_the_walls_of_a_missing_or_broken_database_are_not_judged(tmp_path: Path) -> None:
    with pytest.raises(DatabaseMissing):
        SqliteEngine(str(tmp_path / "nowhere.db")).session_faults()
    (tmp_path / "text.db").write_bytes(b"This is not a database. " * 100)
    with pytest.raises(DatabaseUnreadable):
        SqliteEngine(str(tmp_path / "text.db")).session_faults()


@pytest.mark.skipif(not hasattr(sqlite3.Connection, "setconfig"), reason="SQLite is configured from Python 3.12 on")
def test_every_switch_of_a_connection_is_in_its_place(path: Path) -> None:
    connection = sqlite_connection.open_read_only(path)
    for name, value in sqlite_connection._CONFIGURATION.items():
        assert connection.getconfig(getattr(sqlite3, name)) is value, name  # type: ignore[attr-defined]
    with pytest.raises(sqlite3.OperationalError):
        connection.execute('SELECT "no_such" FROM items')
    connection.close()
