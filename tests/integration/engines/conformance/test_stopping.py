"""What runs too long, or for someone who no longer waits, is stopped where it runs: in the database."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable

import pytest

from nl2sql.engines.base import Engine, Job
from nl2sql.errors import EngineError, QueryCancelled, QueryTimedOut
from tests.integration.engines.conformance.house import House
from tests.integration.engines.conformance.houses.all import on_servers

SOON = 10.0  # seconds; generous, because machines that test are busy


def eventually(holds: Callable[[], bool], what: str) -> None:
    until = time.monotonic() + SOON
    while not holds():
        assert time.monotonic() < until, what
        time.sleep(0.02)


def assert_nothing_runs(house: House) -> None:
    eventually(lambda: house.running() == 0, "statements still run on the server")


class Asking(threading.Thread):
    """Runs an endless statement for a question, and keeps what it ended with."""

    def __init__(self, house: House, engine: Engine, question_id: str, sql: str = "", seconds: float = 60.0) -> None:
        super().__init__(daemon=True)
        self.house, self.engine, self.question_id, self.seconds = house, engine, question_id, seconds
        self.sql = sql or house.endless
        self.ended: BaseException | None = None
        self.start()

    def run(self) -> None:
        try:
            self.house.ask(
                self.engine,
                self.sql,
                job=Job(self.question_id),
                seconds=self.seconds,
                row_limit=100_000_000,
                result_bytes=10**12,
            )
        except BaseException as error:  # noqa: BLE001 - whatever it is, the test looks at it
            self.ended = error

    def end(self) -> BaseException | None:
        self.join(SOON)
        assert not self.is_alive(), "the statement still runs"
        return self.ended


def cancel(engine: Engine, question_id: str) -> None:
    """As soon as there is something to stop."""
    eventually(lambda: engine.cancel(question_id), "there was nothing to stop")


def test_the_time_limit_stops_the_statement_in_the_database_too(house: House, engine: Engine) -> None:
    started = time.monotonic()
    with pytest.raises(QueryTimedOut, match=r"after 0\.5 seconds"):
        house.ask(engine, house.endless, seconds=0.5)
    assert 0.5 <= time.monotonic() - started < SOON
    assert_nothing_runs(house)
    assert house.count(engine) == 300


def test_the_time_limit_holds_while_rows_flow(house: House) -> None:
    engine = house.engine(result_bytes=10**12)
    with pytest.raises(QueryTimedOut):
        house.ask(engine, house.flood, seconds=0.3, row_limit=100_000_000, result_bytes=10**12)
    assert_nothing_runs(house)
    assert house.count(engine) == 300
    engine.close()


def test_a_cancelled_statement_ends_in_the_database_too(house: House, engine: Engine) -> None:
    asking = Asking(house, engine, "q1")
    if house.has_server:
        eventually(lambda: house.running() > 0, "the statement never began")
    cancel(engine, "q1")
    ended = asking.end()
    assert isinstance(ended, QueryCancelled), ended
    assert "stopped" in ended.user_message
    assert_nothing_runs(house)
    assert house.count(engine) == 300


def test_a_statement_is_cancelled_while_its_rows_flow(house: House) -> None:
    engine = house.engine(result_bytes=10**12)
    asking = Asking(house, engine, "q1", house.flood)
    time.sleep(0.1)
    cancel(engine, "q1")
    ended = asking.end()
    assert isinstance(ended, QueryCancelled), ended
    assert_nothing_runs(house)
    engine.close()


@pytest.mark.parametrize("delay", [0.0, 0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032])
def test_a_cancel_is_not_lost_however_early_it_comes(house: House, engine: Engine, delay: float) -> None:
    """Between taking a connection and starting the statement there is nothing in the database to stop yet."""
    asking = Asking(house, engine, "q1")
    eventually(lambda: engine.cancel("q1") or not asking.is_alive(), "it never began")
    assert isinstance(asking.end(), QueryCancelled)
    again = Asking(house, engine, "q2")
    time.sleep(delay)
    cancel(engine, "q2")
    assert isinstance(again.end(), QueryCancelled)
    assert_nothing_runs(house)


def test_only_the_question_that_is_cancelled_ends(house: House, engine: Engine) -> None:
    first, second = Asking(house, engine, "q1"), Asking(house, engine, "q2")
    cancel(engine, "q1")
    assert isinstance(first.end(), QueryCancelled)
    assert second.is_alive()
    cancel(engine, "q2")
    assert isinstance(second.end(), QueryCancelled)


def test_all_statements_of_a_question_end_with_it(house: House, engine: Engine) -> None:
    both = [Asking(house, engine, "q1"), Asking(house, engine, "q1")]

    def none_is_left() -> bool:
        engine.cancel("q1")
        return not any(each.is_alive() for each in both)

    eventually(none_is_left, "a statement of the question still runs")
    assert [type(each.ended) for each in both] == [QueryCancelled, QueryCancelled]
    assert_nothing_runs(house)


def test_a_cancel_before_or_after_a_statement_does_nothing_to_the_next(house: House, engine: Engine) -> None:
    assert engine.cancel("q1") is False
    for _ in range(20):
        sql = f"SELECT COUNT(*) FROM {house.quoted('items')}"
        assert house.ask(engine, sql, job=Job("q1")).table.column(0).to_pylist() == [300]
        assert engine.cancel("q1") is False


def test_a_cancel_as_a_statement_ends_never_hits_another(house: House, engine: Engine) -> None:
    """One thread cancels one question without a pause; the other asks for that question and for another in turn."""
    done = threading.Event()

    def keep_cancelling() -> None:
        while not done.is_set():
            engine.cancel("mine")

    cancelling = threading.Thread(target=keep_cancelling, daemon=True)
    cancelling.start()
    sql = f"SELECT COUNT(*) FROM {house.quoted('items')}"
    try:
        for _ in range(15):
            try:
                assert house.ask(engine, sql, job=Job("mine")).table.column(0).to_pylist() == [300]
            except EngineError as error:
                assert isinstance(error, QueryCancelled), error
            assert house.ask(engine, sql, job=Job("other")).table.column(0).to_pylist() == [300]
    finally:
        done.set()
        cancelling.join()


def test_without_a_question_there_is_nothing_to_cancel(house: House, engine: Engine) -> None:
    asking = Asking(house, engine, "", seconds=1.0)
    time.sleep(0.2)
    assert engine.cancel("") is False
    assert isinstance(asking.end(), QueryTimedOut)


@on_servers
def test_ctrl_c_leaves_nothing_running_in_the_database(house: House, engine: Engine) -> None:
    here = threading.get_ident()
    assert here == threading.main_thread().ident  # the thread that signals come to
    house.count(engine)

    def press() -> None:
        eventually(lambda: house.running() > 0, "it did not start")
        signal.pthread_kill(here, signal.SIGINT)

    pressing = threading.Thread(target=press)
    pressing.start()
    with pytest.raises(KeyboardInterrupt):
        house.ask(engine, house.endless, seconds=60.0)
    pressing.join()
    assert_nothing_runs(house)
    assert house.count(engine) == 300
