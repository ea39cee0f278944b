"""Tiles at work: some at a time, each once, and stopped when nobody wants them."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Lock

import pytest

from nl2sql.answer.base import Answer
from nl2sql.errors import QuestionInvalid
from nl2sql.question import Question
from streamlit_app.boards.compute import Found
from streamlit_app.boards.work import AT_ONCE, Job, Work

LONG = 30.0  # only a test that fails waits so long


def found(text: str) -> Found:
    return Found(Answer(Question(text), "answered", text))


def finish(work: Work, *keys: str) -> None:
    for _ in range(1000):
        if not any(work.is_under_way(each) for each in keys):
            return
        work.wait(LONG / 1000)
    pytest.fail("it never came")


def headline(work: Work, key: str) -> str:
    done = work.answer(key)
    assert done is not None
    assert done.answer is not None
    return done.answer.headline


def test_a_tile_is_asked_once_however_often_the_page_is_drawn() -> None:
    work, asked = Work("b", print), []

    def job(new_id: Callable[[], str]) -> Found:
        asked.append(new_id())
        return found("done")

    for _ in range(3):
        work.want("x", job)
        finish(work, "x")
    assert len(asked) == 1
    assert headline(work, "x") == "done"


def test_no_more_than_the_bound_are_at_work_together() -> None:
    work, lock, go = Work("b", print), Lock(), Event()
    now, most = 0, 0

    def job(new_id: Callable[[], str]) -> Found:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
            if now == AT_ONCE:
                go.set()
        assert go.wait(LONG)
        with lock:
            now -= 1
        return found("done")

    keys = [str(each) for each in range(3 * AT_ONCE)]
    for each in keys:
        work.want(each, job)
    finish(work, *keys)
    assert most == AT_ONCE
    assert all(headline(work, each) == "done" for each in keys)


def test_a_refresh_keeps_the_old_answer_until_the_new_one_comes() -> None:
    work, go = Work("b", print), Event()
    work.want("x", lambda new_id: found("old"))
    finish(work, "x")

    def later(new_id: Callable[[], str]) -> Found:
        assert go.wait(LONG)
        return found("new")

    work.again("x", later)
    assert work.is_under_way("x")
    assert headline(work, "x") == "old"
    go.set()
    finish(work, "x")
    assert headline(work, "x") == "new"


def blocked(go: Event, told: list[str]) -> Job:
    def job(new_id: Callable[[], str]) -> Found:
        told.append(new_id())
        assert go.wait(LONG)
        new_id()  # a second asking, which must not begin
        told.append("went on")
        return found("late")

    return job


def test_stopping_cancels_what_runs_and_starts_nothing_again_by_itself() -> None:
    cancelled: list[str] = []
    go, told = Event(), list[str]()

    def cancel(asking: str) -> None:
        cancelled.append(asking)
        go.set()

    work = Work("b", cancel)
    for key in map(str, range(AT_ONCE + 2)):
        work.want(key, blocked(go, told))
    for _ in range(1000):
        if len(told) == AT_ONCE:
            break
        work.wait(LONG / 1000)
    work.stop()
    assert go.wait(LONG)
    assert not work.is_under_way("0")
    assert work.was_stopped("0")
    assert work.was_stopped(str(AT_ONCE + 1))
    work.want("0", lambda new_id: found("again"))
    assert work.answer("0") is None, "what was stopped by hand waits for a click"
    work.again("0", lambda new_id: found("again"))
    finish(work, "0")
    assert headline(work, "0") == "again"
    assert "went on" not in told


def test_what_the_page_no_longer_wants_is_stopped_and_forgotten() -> None:
    go, told = Event(), list[str]()
    work = Work("b", lambda asking: go.set())
    work.want("done", lambda new_id: found("done"))
    finish(work, "done")
    work.want("running", blocked(go, told))
    while not told:
        work.wait(0.01)
    work.keep_only(["other"])
    assert go.wait(LONG)
    assert work.answer("done") is None
    assert not work.is_under_way("running")
    assert not work.was_stopped("running")


def test_one_tile_that_breaks_hurts_no_other() -> None:
    def breaks(new_id: Callable[[], str]) -> Found:
        raise RuntimeError("secret detail")

    def invalid(new_id: Callable[[], str]) -> Found:
        raise QuestionInvalid("This tile has no question.")

    work = Work("b", print)
    work.want("broken", breaks)
    work.want("invalid", invalid)
    work.want("good", lambda new_id: found("fine"))
    finish(work, "broken", "invalid", "good")
    broken, wrong = work.answer("broken"), work.answer("invalid")
    assert broken is not None
    assert "unexpected" in broken.problem
    assert "secret" not in broken.problem
    assert wrong is not None
    assert wrong.problem == "This tile has no question."
    assert headline(work, "good") == "fine"
