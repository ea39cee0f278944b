"""The app's database when it fails: nothing of a driver's own gets out, and nobody waits long."""

from __future__ import annotations

import logging
import os
import sqlite3
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event

import psycopg
import pymysql
import pytest
import sqlalchemy.exc
from sqlalchemy import text

from nl2sql.errors import SettingsInvalid
from nl2sql.ledger.address import address_of
from streamlit_app.store import access
from streamlit_app.store.access import Access
from streamlit_app.store.errors import BoardChanged, NotYours, StoreTooNew, StoreUnreachable, TooMuch
from streamlit_app.store.sql import SqlStore

ROOMS = ("builtins", "pymysql", "psycopg", "socket", "sqlalchemy", "sqlite3", "ssl")


def family(*roots: type[Exception]) -> list[type[Exception]]:
    """With all children that Python and the drivers have."""
    found = {each: True for each in roots if each.__module__.split(".")[0] in ROOMS}
    for each in list(found):
        found |= dict.fromkeys(family(*each.__subclasses__()), True)
    return list(found)


DRIVERS_OWN = [
    *family(
        sqlite3.Error, pymysql.err.MySQLError, psycopg.Error, sqlalchemy.exc.SQLAlchemyError, OSError, UnicodeError
    ),
    *(RuntimeError, ValueError, OverflowError, MemoryError, AttributeError, TypeError, ImportError, RecursionError),
]


class Odd(Exception):
    """What a driver might add one day."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "private" / "app.db"


@pytest.fixture
def opened(path: Path) -> Iterator[Access]:
    made = Access(address_of(f"sqlite:///{path}", "app_database"))
    yield made
    made.close()


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(access, "PAUSE_SECONDS", 0.0)
    monkeypatch.setattr(access, "LONG_PAUSE_SECONDS", 0.0)


def raising(error: BaseException) -> Callable[[object], None]:
    def work(_: object) -> None:
        raise error

    return work


def an_error(kind: type[Exception]) -> Exception:
    made = kind.__new__(kind)
    Exception.__init__(made, "told by the driver: 'secret'")
    return made


@pytest.mark.usefixtures("no_pause")
def test_whatever_a_driver_raises_becomes_unreachable(opened: Access, caplog: pytest.LogCaptureFixture) -> None:
    assert len(DRIVERS_OWN) > 200
    with caplog.at_level(logging.DEBUG):
        for kind in [*DRIVERS_OWN, Odd]:
            for way in (opened.read, opened.write):
                with pytest.raises(StoreUnreachable) as told:
                    way(raising(an_error(kind)))
                assert "secret" not in told.value.sentence
    assert "secret" not in caplog.text
    assert opened.read(lambda connection: connection.scalar(text("SELECT 5"))) == 5


@pytest.mark.parametrize("kind", [NotYours, BoardChanged, TooMuch])
def test_what_the_store_itself_says_is_no_outage_and_undoes_the_change(
    opened: Access, kind: type[NotYours] | type[BoardChanged] | type[TooMuch]
) -> None:
    def work(connection: sqlalchemy.Connection) -> None:
        connection.execute(text("INSERT INTO app_preferences VALUES ('k', 'n', 'v')"))
        raise kind("said")

    with pytest.raises(kind, match="said"):
        opened.write(work)
    assert opened.read(lambda connection: connection.scalar(text("SELECT COUNT(*) FROM app_preferences"))) == 0


def test_a_database_that_failed_is_left_alone_for_a_moment(opened: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[int] = []

    def work(_: object) -> None:
        calls.append(1)
        raise OSError("away")

    for _ in range(5):
        with pytest.raises(StoreUnreachable):
            opened.read(work)
    assert len(calls) == 1
    monkeypatch.setattr(opened, "_try_at", 0.001)
    assert opened.read(lambda connection: 7) == 7
    assert opened.read(lambda connection: 8) == 8


@pytest.mark.usefixtures("no_pause")
def test_an_outage_is_told_once_in_the_log_and_so_is_its_end(opened: Access, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        with pytest.raises(StoreUnreachable):
            opened.read(raising(OSError("away")))
    opened.read(lambda connection: None)
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert told == ["What people keep cannot be reached: OSError.", "What people keep is reached again."]


def test_nobody_waits_for_a_server_that_is_frozen(opened: Access, monkeypatch: pytest.MonkeyPatch) -> None:
    opened.read(lambda connection: None)
    monkeypatch.setattr(opened, "_is_file", False)
    monkeypatch.setattr(access, "WAIT_SECONDS", 0.05)
    thaw = Event()
    with pytest.raises(StoreUnreachable):
        opened.read(lambda connection: thaw.wait(60))
    thaw.set()


@pytest.mark.usefixtures("no_pause")
def test_a_file_that_another_process_holds_is_unreachable_until_it_is_let_go(
    opened: Access, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened.read(lambda connection: None)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(StoreUnreachable):
        opened.write(lambda connection: None)
    holder.execute("ROLLBACK")
    holder.close()
    opened.write(lambda connection: None)


@pytest.mark.usefixtures("no_pause")
def test_a_file_that_is_deleted_meanwhile_is_made_again(path: Path) -> None:
    store = SqlStore(f"sqlite:///{path}", 180)
    store.set_preference("anna", "language", "de")
    for each in path.parent.iterdir():
        each.unlink()
    with pytest.raises(StoreUnreachable):
        store.preferences("anna")
    assert store.preferences("anna") == {}
    store.close()


def test_the_file_is_its_owners_alone(opened: Access, path: Path) -> None:
    opened.write(lambda connection: None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    for each in path.parent.iterdir():
        assert not stat.S_IMODE(each.stat().st_mode) & 0o077, each


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize("place", ["folder", "text"])
def test_what_is_no_database_is_unreachable_and_left_as_it_is(tmp_path: Path, place: str) -> None:
    path = tmp_path / "app.db"
    if place == "folder":
        path.mkdir()
    else:
        path.write_text("Dear diary, " * 100)
        os.chmod(path, 0o644)
    store = SqlStore(f"sqlite:///{path}", 180)
    for _ in range(2):
        with pytest.raises(StoreUnreachable):
            store.set_preference("anna", "language", "de")
    assert path.is_dir() or path.read_text().startswith("Dear diary")
    store.close()


def test_tables_of_a_newer_release_are_left_alone(path: Path) -> None:
    SqlStore(f"sqlite:///{path}", 180).set_preference("anna", "language", "de")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("INSERT INTO app_migrations VALUES (99, '2026-01-01 00:00:00.000000')")
    connection.close()
    with pytest.raises(StoreTooNew) as told:
        SqlStore(f"sqlite:///{path}", 180).set_preference("anna", "language", "en")
    assert "newer release" in told.value.sentence


@pytest.mark.parametrize(
    "url", ["", "app.db", "sqlite://", "sqlite:///:memory:", "oracle://u:geheim@h/d", "mysql://u:geheim@h"]
)
def test_an_address_that_can_never_work_is_refused_at_once(url: str) -> None:
    with pytest.raises(SettingsInvalid) as told:
        SqlStore(url, 180)
    assert "app_database" in told.value.user_message
    assert "geheim" not in f"{told.value.user_message} {told.value.hint}"
