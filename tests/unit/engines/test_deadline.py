"""The thread behind a statement's time limit."""

from __future__ import annotations

import threading
import time

from nl2sql.engines.deadline import Backstop, query_timed_out


def test_a_block_that_ends_in_time_is_never_stopped() -> None:
    stopped = threading.Event()
    with Backstop(0.05, stopped.set) as backstop:
        pass
    assert not stopped.wait(0.1)
    assert not backstop.fired


def test_a_block_that_runs_on_is_stopped_once() -> None:
    stopped = threading.Event()
    with Backstop(0.02, stopped.set) as backstop:
        assert stopped.wait(2)
    assert backstop.fired


def test_leaving_waits_for_a_stop_under_way() -> None:
    begun = threading.Event()
    done = threading.Event()

    def slow_stop() -> None:
        begun.set()
        time.sleep(0.1)
        done.set()

    with Backstop(0.0, slow_stop):
        assert begun.wait(2)
    assert done.is_set()


def test_the_sentence_names_the_limit() -> None:
    assert "10 seconds" in query_timed_out(10.0).user_message
    assert "0.5 s" in query_timed_out(0.5).hint
