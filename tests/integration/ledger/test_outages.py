"""A database that is away, locked or broken: answers do not wait, nothing is lost while the queue holds, and it all
goes on by itself."""

from __future__ import annotations

import logging
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from nl2sql.ledger.read import LedgerReader
from nl2sql.ledger.store import SqlLedger
from tests.integration.conftest import MYSQL, POSTGRES, Server
from tests.integration.ledger.conftest import OpenLedger, Place, a_row, eventually

# In seconds. The call takes about a microsecond; a busy machine may put a thread aside for longer than that.
NO_WAIT = 0.5


def longest(*calls: Callable[[], None]) -> float:
    spent = []
    for each in calls:
        began = time.perf_counter()
        each()
        spent.append(time.perf_counter() - began)
    return max(spent)


def recording(ledger: SqlLedger, *ids: str) -> list[Callable[[], None]]:
    return [lambda name=name: ledger.record(a_row(name)) for name in ids]  # type: ignore[misc]


def path_of(place: Place) -> Path:
    return Path(place.url.removeprefix("sqlite:///"))


def lost(place: Place) -> int:
    with LedgerReader(place.url) as reader:
        return reader.stats(1).lost


def test_a_locked_file_delays_no_answer_and_loses_none(
    sqlite_place: Place, open_ledger: OpenLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(sqlite_place)
    ledger.record(a_row("before"))
    assert eventually(lambda: sqlite_place.count() == 1)
    holder = sqlite3.connect(path_of(sqlite_place), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert longest(*recording(ledger, *(f"during-{number}" for number in range(100)))) < NO_WAIT
    assert longest(lambda: ledger.give_feedback("during-7", "good", "fine")) < NO_WAIT
    assert eventually(lambda: "cannot be written" in caplog.text)
    holder.execute("ROLLBACK")
    holder.close()
    assert eventually(lambda: sqlite_place.count() == 101)
    assert eventually(lambda: sqlite_place.rows("SELECT id FROM questions WHERE feedback = 'good'") == [("during-7",)])
    assert eventually(lambda: "written again; 0 rows were lost" in caplog.text)
    assert caplog.text.count("cannot be written") == 1


@pytest.mark.parametrize(
    ("server", "lock"),
    [
        pytest.param(MYSQL, "LOCK TABLES questions WRITE", marks=pytest.mark.mysql, id="mysql"),
        pytest.param(
            POSTGRES, "BEGIN; LOCK TABLE questions IN ACCESS EXCLUSIVE MODE", marks=pytest.mark.postgres, id="postgres"
        ),
    ],
)
def test_a_locked_table_and_killed_connections_delay_no_answer_and_lose_none(
    server: Server, lock: str, server_places: Callable[[Server], Place], open_ledger: OpenLedger
) -> None:
    place = server_places(server)
    place_is_empty = "DELETE FROM questions"
    ledger = open_ledger(place)
    ledger.record(a_row("before"))
    assert eventually(lambda: place.count() >= 1)
    with place.admin.connect() as holder:
        holder.exec_driver_sql(lock)
        assert longest(*recording(ledger, *(f"during-{number}" for number in range(100)))) < NO_WAIT
        _kill_others(holder, server)
        assert longest(*recording(ledger, "killed")) < NO_WAIT
        holder.exec_driver_sql("UNLOCK TABLES" if server is MYSQL else "ROLLBACK")
    assert eventually(lambda: place.count() == 102, seconds=60)
    assert place.rows("SELECT COUNT(DISTINCT id) FROM questions") == [(102,)]
    ledger.close()
    place.run(place_is_empty)


def _kill_others(holder: Any, server: Server) -> None:
    """The connections of the ledger in its own database, and no others."""
    if server is MYSQL:
        others = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
        for thread in holder.exec_driver_sql(others).scalars().all():
            holder.exec_driver_sql(f"KILL {thread}")
        return
    holder.exec_driver_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


@contextmanager
def _relay(target: tuple[str, int], port: int) -> Iterator[None]:
    """A server that comes to life on a port, for as long as the block runs."""
    listener = socket.create_server(("127.0.0.1", port))
    ends: list[socket.socket] = [listener]

    def pump(source: socket.socket, sink: socket.socket) -> None:
        try:
            while data := source.recv(65_536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve() -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(target)
            ends.extend((near, far))
            for pair in ((near, far), (far, near)):
                threading.Thread(target=pump, args=pair, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield
    finally:
        for each in ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(MYSQL, marks=pytest.mark.mysql, id="mysql"),
        pytest.param(POSTGRES, marks=pytest.mark.postgres, id="postgres"),
    ],
)
def test_a_server_that_dies_and_comes_back_gets_all_rows(
    server: Server, server_places: Callable[[Server], Place], caplog: pytest.LogCaptureFixture
) -> None:
    place, port = server_places(server), _free_port()
    url = place.admin.url
    away = url.set(drivername=url.get_backend_name(), host="127.0.0.1", port=port)
    target = (str(url.host), int(url.port or 0))
    if server is POSTGRES and url.password is None:  # a server that trusts everybody takes any password
        away = away.set(password="hunter2")
    ledger = SqlLedger(away.render_as_string(hide_password=False), 90, "none")
    assert longest(*recording(ledger, "never there")) < NO_WAIT
    assert eventually(lambda: "cannot be written" in caplog.text)
    with _relay(target, port):
        ledger.record(a_row("there"))
        assert eventually(lambda: place.count() == 2)
        assert eventually(lambda: "written again" in caplog.text)  # the writer heard of it too
    assert longest(*recording(ledger, *(f"gone-{number}" for number in range(50)))) < NO_WAIT
    assert eventually(lambda: caplog.text.count("cannot be written") == 2)
    with _relay(target, port):
        assert eventually(lambda: place.count() == 52, seconds=60)
        ledger.close()
    assert place.rows("SELECT COUNT(DISTINCT id) FROM questions") == [(52,)]
    assert "hunter2" not in caplog.text
    place.run("DELETE FROM questions")


def test_a_full_queue_drops_rows_counts_them_and_says_so(
    sqlite_place: Place, open_ledger: OpenLedger, caplog: pytest.LogCaptureFixture
) -> None:
    path = path_of(sqlite_place)
    path.parent.mkdir(parents=True)
    path.mkdir()  # no database can be opened there
    ledger = open_ledger(sqlite_place, most_items=50)
    assert longest(*recording(ledger, *(f"{number}" for number in range(120)))) < NO_WAIT
    assert eventually(lambda: "rows are being lost" in caplog.text)
    path.rmdir()
    assert eventually(lambda: sqlite_place.count() == 50)
    assert eventually(lambda: lost(sqlite_place) == 70)
    ledger.record(a_row("later"))
    ledger.close()
    assert (sqlite_place.count(), lost(sqlite_place)) == (51, 70)
    assert caplog.text.count("rows are being lost") == 1


def test_a_file_that_was_deleted_is_made_again(sqlite_place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(sqlite_place)
    ledger.record(a_row("before"))
    assert eventually(lambda: sqlite_place.count() == 1)
    ledger.close()
    ledger.record(a_row("still there"))
    assert eventually(lambda: sqlite_place.count() == 2)
    for each in path_of(sqlite_place).parent.iterdir():
        each.unlink()
    ledger.record(a_row("after"))
    assert eventually(lambda: sqlite_place.rows("SELECT id FROM questions") == [("after",)])


def test_a_file_that_is_no_database_is_left_as_it_is(
    sqlite_place: Place, open_ledger: OpenLedger, caplog: pytest.LogCaptureFixture
) -> None:
    path = path_of(sqlite_place)
    path.parent.mkdir()
    content = b"this is no database, but it is long enough to be taken for one" * 20
    path.write_bytes(content)
    ledger = open_ledger(sqlite_place)
    assert longest(*recording(ledger, "one")) < NO_WAIT
    assert eventually(lambda: "cannot be written" in caplog.text)
    assert path.read_bytes() == content


def test_closing_takes_no_longer_than_it_may(
    sqlite_place: Place, open_ledger: OpenLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(sqlite_place)
    ledger.record(a_row("before"))
    assert eventually(lambda: sqlite_place.count() == 1)
    holder = sqlite3.connect(path_of(sqlite_place), isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    ledger.record(a_row("during"))
    assert longest(ledger.close) < 2.0 + NO_WAIT
    assert "closed before 1 entries could be written" in caplog.text
    holder.execute("ROLLBACK")
    holder.close()
    assert eventually(lambda: _closed(ledger) and sqlite_place.count() == 2)


def _closed(ledger: SqlLedger) -> bool:
    """What a close had no time for is written by the next."""
    ledger.close()
    return True


def test_a_server_that_never_replies_delays_nothing(caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        ledger = SqlLedger(f"mysql://u:hunter2@127.0.0.1:{port}/x", 90, "none")
        assert longest(*recording(ledger, *(f"{number}" for number in range(100)))) < NO_WAIT
        assert longest(ledger.close) < 2.0 + NO_WAIT
    assert "closed before 100 entries" in caplog.text
    assert eventually(lambda: ledger._thread is None)
    assert "hunter2" not in caplog.text


def test_an_outage_is_no_error_of_the_log(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    ledger = SqlLedger(f"sqlite:///{file}/ledger.db", 90, "none")
    ledger.record(a_row())
    assert eventually(lambda: "cannot be written: " in caplog.text)
    ledger.close()
    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert not [record for record in caplog.records if record.exc_info]
