"""Two periods set against each other."""

from __future__ import annotations

from datetime import date

import pytest

from nl2sql.plan.periods import Period, period_of
from nl2sql.writers.offline.constructs.pairs import current, ends_of, just_before, make_pair, one_earlier, slug
from nl2sql.writers.offline.frame import NotUnderstood

AS_OF = date(2026, 6, 30)
YEAR = period_of(date(2025, 1, 1), date(2026, 1, 1))


def month(year: int, number: int) -> Period:
    return period_of(date(year, number, 1), date(year + number // 12, number % 12 + 1, 1))


@pytest.mark.parametrize(
    ("words", "start", "end", "first", "last"),
    [
        ("from 2024 to 2025", date(2024, 1, 1), date(2026, 1, 1), "in 2024", "in 2025"),
        ("between January and June 2025", date(2025, 1, 1), date(2025, 7, 1), "in January 2025", "in June 2025"),
        ("Q1 2025 to Q1 2026", date(2025, 1, 1), date(2026, 4, 1), "in Q1 2025", "in Q1 2026"),
    ],
)
def test_a_span_has_its_first_and_its_last(words: str, start: date, end: date, first: str, last: str) -> None:
    ends = ends_of(words, period_of(start, end), AS_OF)
    assert ends is not None
    assert [period.words for period in ends] == [first, last]


def test_one_period_has_no_two_ends() -> None:
    assert ends_of("in 2025", YEAR, AS_OF) is None
    assert ends_of("the past 30 days", period_of(date(2026, 6, 1), date(2026, 7, 1)), AS_OF) is None


@pytest.mark.parametrize(
    ("period", "unit", "words"),
    [
        (month(2024, 2), "year", "in February 2023"),
        (month(2026, 1), "month", "in December 2025"),
        (period_of(date(2026, 4, 1), date(2026, 7, 1)), "year", "in Q2 2025"),
        (period_of(date(2026, 1, 1), date(2026, 7, 1)), "year", "from 1 January 2025 to 30 June 2025"),
    ],
)
def test_one_unit_earlier_is_the_same_part_of_the_calendar(period: Period, unit: str, words: str) -> None:
    assert one_earlier(period, unit).words == words


def test_days_that_are_no_unit_are_compared_with_as_many_before() -> None:
    before = just_before(period_of(date(2026, 5, 5), date(2026, 5, 15)))
    assert (before.start, before.end) == (date(2026, 4, 25), date(2026, 5, 5))


def test_a_period_that_is_not_over_is_said_to_be_so() -> None:
    pair = make_pair(current("year", AS_OF), YEAR, AS_OF)
    assert pair.before == YEAR
    assert len(pair.notes) == 1 and "2026 is not over" in pair.notes[0] and "30 June 2026" in pair.notes[0]
    assert make_pair(month(2026, 6), month(2026, 5), AS_OF).notes == ()


@pytest.mark.parametrize(
    "other",
    [YEAR, month(2025, 3), month(2026, 1), Period(date(2026, 1, 1), None, "since 2026")],
    ids=["the same", "a part of it", "a shorter one", "an open one"],
)
def test_what_cannot_be_set_against_each_other_is_declined(other: Period) -> None:
    with pytest.raises(NotUnderstood):
        make_pair(YEAR, other, AS_OF)


def test_columns_are_named_by_their_period() -> None:
    assert [slug(p) for p in (YEAR, month(2025, 3), period_of(date(2026, 4, 1), date(2026, 7, 1)))] == [
        "2025",
        "march_2025",
        "q2_2026",
    ]
    assert slug(period_of(date(2025, 1, 1), date(2025, 5, 11))) == "2025_01_01_to_2025_05_10"
