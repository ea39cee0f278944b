from __future__ import annotations

from datetime import date

import pytest

from nl2sql.writers.offline.dates import find_period
from nl2sql.writers.offline.tokens import tokenize

AS_OF = date(2026, 6, 30)  # a Tuesday

PERIODS = [
    ("in 2025", "2025-01-01", "2026-01-01"),
    ("2025", "2025-01-01", "2026-01-01"),
    ("June 2026", "2026-06-01", "2026-07-01"),
    ("in Sept. 2025", "2025-09-01", "2025-10-01"),
    ("in March", "2026-03-01", "2026-04-01"),
    ("in August", "2025-08-01", "2025-09-01"),
    ("Q1 2026", "2026-01-01", "2026-04-01"),
    ("the first quarter of 2025", "2025-01-01", "2025-04-01"),
    ("on 5 March 2025", "2025-03-05", "2025-03-06"),
    ("March 5, 2025", "2025-03-05", "2025-03-06"),
    ("2025-03-05", "2025-03-05", "2025-03-06"),
    ("2025-03", "2025-03-01", "2025-04-01"),
    ("today", "2026-06-30", "2026-07-01"),
    ("yesterday", "2026-06-29", "2026-06-30"),
    ("last week", "2026-06-22", "2026-06-29"),
    ("last month", "2026-05-01", "2026-06-01"),
    ("last quarter", "2026-01-01", "2026-04-01"),
    ("last year", "2025-01-01", "2026-01-01"),
    ("this month", "2026-06-01", "2026-07-01"),
    ("this week", "2026-06-29", "2026-07-06"),
    ("this year", "2026-01-01", "2027-01-01"),
    ("past 7 days", "2026-06-24", "2026-07-01"),
    ("the last 30 days", "2026-06-01", "2026-07-01"),
    ("past 2 weeks", "2026-06-17", "2026-07-01"),
    ("last 3 months", "2026-04-01", "2026-07-01"),
    ("past year", "2025-07-01", "2026-07-01"),
    ("year to date", "2026-01-01", "2026-07-01"),
    ("since March 2025", "2025-03-01", None),
    ("after March 2026", "2026-04-01", None),
    ("before 2024", None, "2024-01-01"),
    ("until 2024", None, "2025-01-01"),
    ("between March 1 and May 31, 2026", "2026-03-01", "2026-06-01"),
    ("from June 2025 to August 2025", "2025-06-01", "2025-09-01"),
    ("between 2024 and 2025", "2024-01-01", "2026-01-01"),
    ("2024 to 2025", "2024-01-01", "2026-01-01"),
    ("in the past two weeks", "2026-06-17", "2026-07-01"),
    ("over the last twelve months", "2025-07-01", "2026-07-01"),
    ("the last 2 full months", "2026-04-01", "2026-06-01"),
    ("prior month", "2026-05-01", "2026-06-01"),
    ("the preceding year", "2025-01-01", "2026-01-01"),
    ("in the last 24 hours", "2026-06-30", "2026-07-01"),
    ("the past decade", "2016-07-01", "2026-07-01"),
    ("in the last fortnight", "2026-06-17", "2026-07-01"),
    ("in the past half year", "2026-01-01", "2026-07-01"),
    ("YTD", "2026-01-01", "2026-07-01"),
    ("month to date", "2026-06-01", "2026-07-01"),
    ("so far this year", "2026-01-01", "2026-07-01"),
    ("this year so far", "2026-01-01", "2026-07-01"),
    ("since the start of 2025", "2025-01-01", None),
    ("since the beginning of last year", "2025-01-01", None),
    ("from March 2025 onwards", "2025-03-01", None),
    ("up to March 2025", None, "2025-04-01"),
    ("until the end of 2024", None, "2025-01-01"),
    ("by the end of 2025", None, "2026-01-01"),
    ("before the end of 2025", None, "2026-01-01"),
    ("no later than 5 March 2025", None, "2025-03-06"),
    ("Jan-Mar 2025", "2025-01-01", "2025-04-01"),
    ("2024–2025", "2024-01-01", "2026-01-01"),
    ("from January to March 2025", "2025-01-01", "2025-04-01"),
    ("between 1 and 15 March 2025", "2025-03-01", "2025-03-16"),
    ("from 5 to 10 June 2026", "2026-06-05", "2026-06-11"),
    ("from May to July", "2025-05-01", "2025-08-01"),
    ("from November 2025 to February", "2025-11-01", "2026-03-01"),
    ("2025 Q2", "2025-04-01", "2025-07-01"),
    ("Q2 of last year", "2025-04-01", "2025-07-01"),
    ("the last quarter of 2025", "2025-10-01", "2026-01-01"),
    ("H1 2025", "2025-01-01", "2025-07-01"),
    ("the second half of last year", "2025-07-01", "2026-01-01"),
    ("in the first week of May 2025", "2025-05-01", "2025-05-08"),
    ("the last 10 days of 2025", "2025-12-22", "2026-01-01"),
    ("the week of 7 May 2025", "2025-05-05", "2025-05-12"),
    ("in March of last year", "2025-03-01", "2025-04-01"),
    ("last March", "2026-03-01", "2026-04-01"),
    ("last September", "2025-09-01", "2025-10-01"),
    ("in the month of May", "2026-05-01", "2026-06-01"),
    ("two weeks ago", "2026-06-15", "2026-06-22"),
    ("a year ago", "2025-01-01", "2026-01-01"),
    ("more than 30 days ago", None, "2026-06-01"),
    ("the day before yesterday", "2026-06-28", "2026-06-29"),
    ("last Monday", "2026-06-29", "2026-06-30"),
    ("last weekend", "2026-06-27", "2026-06-29"),
    ("in 2024 or 2025", "2024-01-01", "2026-01-01"),
    ("for the whole of 2025", "2025-01-01", "2026-01-01"),
    ("during calendar year 2025", "2025-01-01", "2026-01-01"),
    ("on 2025/12/31", "2025-12-31", "2026-01-01"),
]


@pytest.mark.parametrize(("text", "start", "end"), PERIODS, ids=[p[0] for p in PERIODS])
def test_a_period_in_words_is_a_half_open_range(text: str, start: str | None, end: str | None) -> None:
    tokens = tokenize(text)
    found = find_period(tokens, 0, AS_OF)
    assert found is not None
    assert found.length == len(tokens)
    bounds = tuple(day.isoformat() if day else None for day in (found.period.start, found.period.end))
    assert bounds == (start, end)


def test_the_year_of_the_later_is_that_of_the_former() -> None:
    found = find_period(tokenize("Q1 and Q2 2025"), 0, AS_OF)
    assert found is not None and found.length == 1
    assert found.period.start == date(2025, 1, 1)


@pytest.mark.parametrize("text", ["in early 2025", "mid 2025", "on 5/6/2026", "summer 2025", "by March", "from 9 to 3"])
def test_what_is_only_partly_a_period_leaves_words_over(text: str) -> None:
    found = find_period(tokenize(text), 0, AS_OF)
    assert found is None or found.length < len(tokenize(text))


@pytest.mark.parametrize("text", ["may I see", "5 bids", "30 February 2025", "last", "next month", "quarter", "12"])
def test_what_is_no_period_is_not_read_as_one(text: str) -> None:
    found = find_period(tokenize(text), 0, AS_OF)
    assert found is None or found.length < len(tokenize(text))


@pytest.mark.parametrize(("as_of", "end"), [(date(2024, 2, 29), "2024-03-01"), (date(2025, 12, 31), "2026-01-01")])
def test_ends_of_months_and_years_are_no_traps(as_of: date, end: str) -> None:
    found = find_period(tokenize("this month"), 0, as_of)
    assert found is not None and found.period.end is not None
    assert found.period.end.isoformat() == end


def test_a_month_back_from_its_last_day_stays_in_the_calendar() -> None:
    found = find_period(tokenize("past 1 month"), 0, date(2025, 3, 30))
    assert found is not None and found.period.start == date(2025, 2, 28)
