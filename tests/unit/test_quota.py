"""Rows a minute: a window that slides, for each user and role, within bounded memory."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.question import Principal
from nl2sql.quota import WINDOW_SECONDS, RowQuota, refusal

ANNA = Principal("anna")


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def quota(clock: Clock) -> RowQuota:
    return RowQuota(clock)


def test_whoever_was_given_nothing_is_admitted(quota: RowQuota) -> None:
    assert quota.admit(ANNA, 1) is None
    quota.spend(ANNA, 0)
    assert quota.admit(ANNA, 1) is None


def test_one_row_below_the_limit_is_admitted_and_at_the_limit_is_not(quota: RowQuota) -> None:
    quota.spend(ANNA, 99)
    assert quota.admit(ANNA, 100) is None
    quota.spend(ANNA, 1)
    assert quota.admit(ANNA, 100) == WINDOW_SECONDS


def test_one_large_answer_is_waited_for_a_whole_minute(quota: RowQuota, clock: Clock) -> None:
    quota.spend(ANNA, 5_000)
    clock.now += 59.5
    assert quota.admit(ANNA, 100) == pytest.approx(0.5)
    clock.now += 0.5
    assert quota.admit(ANNA, 100) is None


def test_the_wait_ends_when_enough_of_the_oldest_rows_have_left(quota: RowQuota, clock: Clock) -> None:
    for _ in range(4):  # at 0, 10, 20 and 30 seconds
        quota.spend(ANNA, 40)
        clock.now += 10
    assert quota.admit(ANNA, 161) is None
    assert quota.admit(ANNA, 160) == pytest.approx(20)
    assert quota.admit(ANNA, 121) == pytest.approx(20)
    assert quota.admit(ANNA, 120) == pytest.approx(30)
    assert quota.admit(ANNA, 1) == pytest.approx(50)


def test_answers_of_one_second_leave_together_with_the_last_of_them(quota: RowQuota, clock: Clock) -> None:
    quota.spend(ANNA, 10)
    clock.now += 0.9
    quota.spend(ANNA, 10)
    clock.now += WINDOW_SECONDS - 0.1
    assert quota.admit(ANNA, 20) == pytest.approx(0.1)


def test_whoever_asks_without_a_pause_waits_for_no_more_than_the_last_minute(quota: RowQuota, clock: Clock) -> None:
    for _ in range(400):
        clock.now += 0.5
        quota.spend(ANNA, 1)
    assert quota.admit(ANNA, 123) is None
    assert quota.admit(ANNA, 100) is not None


def test_users_and_roles_are_counted_apart_and_attributes_are_not(quota: RowQuota) -> None:
    quota.spend(ANNA, 100)
    assert quota.admit(Principal("anna", attributes={"country": "DE"}), 100) is not None
    assert quota.admit(Principal("anna", "support"), 100) is None
    assert quota.admit(Principal("ben"), 100) is None


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_nobody_can_meet_is_a_mistake(quota: RowQuota, limit: int) -> None:
    with pytest.raises(ValueError, match="admits nobody"):
        quota.admit(ANNA, limit)


def test_fewer_than_no_rows_cannot_be_returned(quota: RowQuota) -> None:
    quota.spend(ANNA, 10)
    with pytest.raises(ValueError, match="-1 rows"):
        quota.spend(ANNA, -1)
    assert quota.admit(ANNA, 10) is not None


def test_beyond_the_cap_those_whose_last_rows_are_oldest_are_forgotten(clock: Clock) -> None:
    quota = RowQuota(clock, max_users=3)
    for name in ("a", "b", "c", "a", "d"):
        clock.now += 1
        quota.spend(Principal(name), 10)
    assert {name for name in "abcd" if quota.admit(Principal(name), 10) is not None} == {"a", "c", "d"}


def test_what_is_kept_of_one_user_does_not_grow_with_their_questions(clock: Clock) -> None:
    quota = RowQuota(clock)
    for _ in range(20_000):
        clock.now += 0.01
        quota.spend(ANNA, 1)
    (entries,) = quota._spent.values()
    assert len(entries) <= WINDOW_SECONDS + 2


def test_whoever_has_nothing_left_in_the_window_is_forgotten(quota: RowQuota, clock: Clock) -> None:
    quota.spend(ANNA, 10)
    clock.now += WINDOW_SECONDS
    quota.admit(ANNA, 10)
    assert not quota._spent


def test_threads_lose_no_row(quota: RowQuota) -> None:
    def many(_: int) -> None:
        for _ in range(500):
            quota.spend(ANNA, 1)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(many, range(8)))
    assert quota.admit(ANNA, 4_001) is None
    assert quota.admit(ANNA, 4_000) is not None


# Pauses in sixteenths of a second, which floats add up exactly.
PAUSES = (st.integers(0, 24) | st.integers(0, 640)).map(lambda sixteenths: sixteenths / 16)
ANSWERS = st.lists(st.tuples(PAUSES, st.integers(0, 50)), max_size=40)


@given(answers=ANSWERS, limit=st.integers(1, 200))
def test_nobody_is_admitted_at_the_limit_and_nobody_waits_below_it(
    answers: list[tuple[float, int]], limit: int
) -> None:
    clock, given = Clock(), []
    quota = RowQuota(clock)
    for pause, rows in answers:
        clock.now += pause
        quota.spend(ANNA, rows)
        given.append((clock.now, rows))
    wait = quota.admit(ANNA, limit)

    def within(seconds: float) -> int:
        return sum(rows for at, rows in given if clock.now - at < seconds)

    if wait is None:
        assert within(WINDOW_SECONDS) < limit
    else:
        # Answers of the same second leave together, with the last of them.
        assert within(WINDOW_SECONDS + 1) >= limit
        assert 0 < wait <= WINDOW_SECONDS
        clock.now += wait
        assert quota.admit(ANNA, limit) is None


def test_the_refusal_says_how_much_was_given_and_when_to_come_back() -> None:
    assert refusal(22.1, 100_000) == (
        "You have been given 100,000 rows or more within a minute, which is the limit of your role. "
        "Please ask again in 23 seconds."
    )
    assert refusal(0.2, 5).endswith("Please ask again in 1 second.")
