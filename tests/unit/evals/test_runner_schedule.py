"""Whose turn it is, and how a busy provider slows a run down. The clock is the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest

from evals.cases.base import Case
from evals.runner.schedule import IN_VAIN, Schedule, Task


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def tasks(count: int) -> Iterator[Task]:
    for place in range(count):
        yield Task(place, Case(id=f"c{place}", question="How many?", sql="SELECT 1"), 0)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def scheduled(clock: Clock, count: int = 10, at_once: int = 4, retries: int = 1) -> Schedule:
    return Schedule(tasks(count), at_once=at_once, retries=retries, clock=clock, pause=1.0)


def take(schedule: Schedule) -> Task:
    task = schedule.take()
    assert task is not None
    return task


def test_tasks_are_given_in_order_and_then_none(clock: Clock) -> None:
    schedule = scheduled(clock, 3)
    assert [take(schedule).place for _ in range(3)] == [0, 1, 2]
    for _ in range(3):
        schedule.done()
    assert schedule.take() is None
    assert schedule.stopped == ""


def test_a_busy_provider_halves_what_is_asked_at_once_and_good_answers_bring_it_back(clock: Clock) -> None:
    schedule = scheduled(clock, 30)
    under_way = [take(schedule) for _ in range(4)]
    for task in under_way:  # all four were refused together: that is one sign
        assert not schedule.busy(task)
    assert (schedule.at_once, schedule.waits) == (2, 1.0)
    clock.now += 1.0
    for limit in (2, 3, 3, 3, 4):
        take(schedule)
        schedule.done()
        assert schedule.at_once == limit
    for _ in range(20):
        take(schedule)
        schedule.done()
    assert schedule.at_once == 4


def test_a_refused_case_comes_again_after_its_pause_which_grows(clock: Clock) -> None:
    schedule = scheduled(clock, 2, retries=3)
    assert not schedule.busy(take(schedule))
    clock.now += 1.0
    again = take(schedule)
    assert (again.place, again.retries) == (0, 1)
    schedule.busy(again)
    assert schedule.waits == 2.0


def test_nobody_is_asked_before_the_provider_said(clock: Clock) -> None:
    schedule = scheduled(clock)
    schedule.busy(take(schedule), wait=30.0)
    assert schedule.waits == 30.0


def test_cases_in_a_row_that_are_never_answered_stop_the_run_and_have_not_failed(clock: Clock) -> None:
    schedule = scheduled(clock, 10, retries=0)
    for _ in range(IN_VAIN):
        clock.now += 100
        assert schedule.busy(take(schedule))
    assert (schedule.stopped, schedule.take(), schedule.given_up()) == ("provider", None, [])


def test_a_case_that_is_never_answered_has_failed_once_another_is(clock: Clock) -> None:
    schedule = scheduled(clock, 3, retries=0)
    assert schedule.busy(take(schedule))
    assert schedule.given_up() == []
    clock.now += 100
    take(schedule)
    schedule.done()
    assert [task.place for task in schedule.given_up()] == [0]
    assert schedule.given_up() == []


def test_when_the_last_cases_are_never_answered_it_is_the_provider(clock: Clock) -> None:
    schedule = scheduled(clock, 2, retries=0)
    take(schedule)
    schedule.done()
    clock.now += 100
    assert schedule.busy(take(schedule))
    assert schedule.take() is None
    assert (schedule.given_up(), schedule.stopped) == ([], "provider")


def test_a_stop_wakes_whoever_waits(clock: Clock) -> None:
    schedule = scheduled(clock, 2, at_once=1)
    take(schedule)
    found: list[Task | None] = []
    thread = Thread(target=lambda: found.append(schedule.take()), daemon=True)
    thread.start()
    schedule.stop("interrupted")
    schedule.stop("budget")
    thread.join(5)
    assert (found, schedule.stopped) == ([None], "interrupted")
