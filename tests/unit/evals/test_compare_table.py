"""What is right and what is wrong, one pair of results a line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from evals.compare import Gold, Rules, Table, compare


class Pair(NamedTuple):
    """Columns are named a, b, c in the gold, x, y, z in the answer; `required` counts the gold's first columns."""

    name: str
    gold: Sequence[tuple[Any, ...]]
    answer: Sequence[tuple[Any, ...]]
    equal: bool
    rules: Rules = Rules()
    required: int = 0
    ranks: tuple[int, ...] | None = None
    tied: tuple[tuple[Any, ...], ...] = ()


RATIO = Rules(decimals=3, accept_scale=(Decimal(1), Decimal(100)))
ORDER = Rules(order=True)
TWO = Rules(decimals=2)
TIE = (("ann", 9), ("bob", 5), ("cid", 5))

PAIRS = [
    # columns
    Pair("columns in another order", [("de", 3), ("fr", 4)], [(3, "de"), (4, "fr")], True),
    Pair("a column more", [("de", 3), ("fr", 4)], [(1, "de", 3), (2, "fr", 4)], True),
    Pair("one column for two", [(3, 3)], [(3,)], False),
    Pair("a gold column that is not required", [("de", 3)], [("de",)], True, required=1),
    Pair("two columns with the same values", [(1, 1), (2, 2)], [(2, 2), (1, 1)], True),
    Pair("two columns crossed in some rows", [(1, 2), (2, 1), (3, 3)], [(1, 1), (2, 2), (3, 3)], False),
    Pair("three columns that only rows tell apart",
         [(1, 2, 3), (2, 3, 1), (3, 1, 2)], [(3, 2, 1), (1, 3, 2), (2, 1, 3)], True),
    # rows
    Pair("rows in another order", [("de", 3), ("fr", 4)], [("fr", 4), ("de", 3)], True),
    Pair("values of two rows swapped", [("de", 3), ("fr", 4)], [("de", 4), ("fr", 3)], False),
    Pair("a row twice instead of two", [("de",), ("fr",)], [("de",), ("de",)], False),
    Pair("a row more", [("de",)], [("de",), ("de",)], False),
    Pair("a row less", [("de",), ("de",)], [("de",)], False),
    Pair("nothing and nothing", [], [], True),
    Pair("nothing expected, zero given", [], [(0,)], False),
    # numbers
    Pair("an integer, a double and a decimal", [(5,), (5.0,), (Decimal("5.00"),)], [(Decimal(5),), (5,), (5.0,)], True),
    Pair("sum of doubles in another order", [(0.1 + 0.2,)], [(0.3,)], True),
    Pair("rounded to the last compared decimal", [(12.3456,)], [(12.35,)], True),
    Pair("half a unit is still equal", [(12.345,)], [(12.35,)], True),
    Pair("half a unit and the noise of a double", [(12.345000000000002,)], [(12.34,)], True),
    Pair("noise that sorts rows another way", [(0.3, 1), (0.3000001, 2)], [(0.3, 2), (0.3000001, 1)], True),
    Pair("a cent off", [(12.34,)], [(12.35,)], False),
    Pair("a cent off, one decimal compared", [(12.34,)], [(12.35,)], True, Rules(decimals=1)),
    Pair("one off in a large count", [(1_000_000_000_000,)], [(1_000_000_000_001,)], False),
    Pair("two small shares, both 0.00 when rounded", [(0.0041,)], [(0.0012,)], False),
    Pair("a small share, rounded to 0.00", [(0.0041,)], [(0.0,)], True, TWO),
    Pair("a small share with fewer digits", [(0.00412,)], [(0.004,)], True, TWO),
    Pair("tolerance needs another partner", [(1.000,), (1.004,)], [(1.008,), (1.004,)], True, TWO),
    Pair("near values, but one too far", [(1.000,), (1.004,)], [(1.008,), (1.007,)], False),
    Pair("not a number", [(float("nan"),)], [(float("nan"),)], True),
    Pair("infinity is no large number", [(float("inf"),)], [(1e308,)], False),
    # NULL, zero, nothing
    Pair("NULL is not 0", [("de", None)], [("de", 0)], False),
    Pair("NULL is not an empty text", [(None,)], [("",)], False),
    Pair("an empty text is not 0", [("",)], [(0,)], False),
    Pair("NULL is NULL", [("de", None)], [("de", None)], True),
    # text
    Pair("a number as text", [(7,)], [("7",)], True),
    Pair("two codes", [("007",)], [("7",)], False),
    Pair("capitals differ", [("Art",)], [("art",)], False),
    Pair("a year as text and number", [("2025", 3)], [(2025, 3)], True),
    # days and moments
    Pair("midnight is the day", [(date(2025, 1, 1),)], [(datetime(2025, 1, 1),)], True),  # noqa: DTZ001
    Pair("a day as text", [("2025-01-01",)], [(date(2025, 1, 1),)], True),
    Pair("a moment as text", [("2025-01-01 10:30:00.000000",)], [("2025-01-01T10:30:00",)], True),
    Pair("a moment with its zone", [("2025-01-01 10:30:00",)], [(datetime(2025, 1, 1, 10, 30, tzinfo=UTC),)], True),
    Pair("noon is not the day", [("2025-01-01",)], [("2025-01-01 12:00:00",)], False),
    Pair("noon is within the day", [("2025-01-01",)], [("2025-01-01 12:00:00",)], True, Rules(time_grain="day")),
    Pair("a text that is no day", [("2025-02-30",)], [("2025-02-30",)], True),
    # periods
    *[Pair(f"a month as {v}", [("2025-01", 9)], [(v, 9)], True, Rules(time_grain="month"))
      for v in ("2025-01", "2025-01-01", "2025-01-01 00:00:00", "2025/01", "Jan 2025", "January 2025",
                date(2025, 1, 1))],
    Pair("another day of the month", [("2025-01", 9)], [("2025-01-31", 9)], False, Rules(time_grain="month")),
    Pair("a moment beside the month", [("2025-01", "2025-01-15 10:30:00")], [("2025-01", "2025-01-15 12:00:00")], False,
         Rules(time_grain="month")),
    Pair("a moment beside the week", [("2025-W05", "2025-01-15 10:30:00")], [("2025-W05", "2025-01-15 12:00:00")],
         False, Rules(time_grain="week")),
    Pair("a month without the grain", [("2025-01", 9)], [("2025-01-01", 9)], False),
    *[Pair(f"a quarter as {v}", [("2025-Q2", 9)], [(v, 9)], True, Rules(time_grain="quarter"))
      for v in ("2025-Q2", "2025 Q2", "2025q2", "Q2 2025", "2025-04-01", date(2025, 4, 1))],
    Pair("the next quarter", [("2025-Q2", 9)], [("2025-07-01", 9)], False, Rules(time_grain="quarter")),
    *[Pair(f"a week as {v}", [("2025-01-27", 9)], [(v, 9)], True, Rules(time_grain="week"))
      for v in ("2025-W05", "2025W05", date(2025, 1, 27))],
    Pair("a week that starts on Sunday", [("2025-01-27", 9)], [("2025-01-26", 9)], False, Rules(time_grain="week")),
    *[Pair(f"a year as {v!r}", [("2025", 9)], [(v, 9)], True, Rules(time_grain="year"))
      for v in (2025, "2025", 2025.0, "2025-01-01", date(2025, 1, 1))],
    Pair("a gold year that is a number", [(2025, 9.5)], [("2025-01-01", 9.5)], True, Rules(time_grain="year")),
    Pair("the wrong year", [("2025", 9)], [(2024, 9)], False, Rules(time_grain="year")),
    # ratios
    Pair("a percentage", [("de", 0.25319)], [("de", 25.3)], True, RATIO),
    Pair("a share", [("de", 0.25319)], [("de", 0.253)], True, RATIO),
    Pair("a percentage, rounded too far", [("de", 0.25319)], [("de", 25.2)], False, RATIO),
    Pair("a percentage where none is accepted", [("de", 0.25319)], [("de", 25.319)], False, Rules(decimals=3)),
    Pair("shares and percentages mixed", [("de", 0.25), ("fr", 0.5)], [("de", 25.0), ("fr", 0.5)], False, RATIO),
    Pair("a hundred times the count", [("de", 4, 0.25)], [("de", 400, 25.0)], False, RATIO),
    # order
    Pair("the asked order", TIE, TIE, True, ORDER),
    Pair("the reverse of the asked order", TIE, TIE[::-1], False, ORDER),
    Pair("a tie the other way round", TIE, (TIE[0], TIE[2], TIE[1]), True, ORDER, ranks=(0, 1, 1)),
    Pair("a tie placed too high", TIE, (TIE[1], TIE[0], TIE[2]), False, ORDER, ranks=(0, 1, 1)),
    Pair("the other of two that tie at the cut", TIE[:2], (TIE[0], TIE[2]), True, ORDER, ranks=(0, 1), tied=TIE[2:]),
    Pair("the same, no order asked", TIE[:2], (TIE[2], TIE[0]), True, ranks=(0, 1), tied=TIE[2:]),
    Pair("both that tie, the first missing", TIE[:2], TIE[1:], False, ranks=(0, 1), tied=TIE[2:]),
    Pair("neither of those that tie", TIE[:2], (TIE[0], ("dan", 5)), False, ranks=(0, 1), tied=TIE[2:]),
]  # fmt: skip


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.name)
def test_a_pair_of_results_gets_its_verdict(pair: Pair) -> None:
    verdict = compare(_gold(pair), _table(pair.answer, "xyz", pair.gold), pair.rules)
    assert verdict.equal is pair.equal, verdict.reason
    assert bool(verdict.reason) is not pair.equal


def _table(rows: Sequence[tuple[Any, ...]], names: str, like: Sequence[tuple[Any, ...]]) -> Table:
    width = len(rows[0] if rows else like[0] if like else (0,))
    return Table(tuple(names[:width]), tuple(rows))


def _gold(pair: Pair) -> Gold:
    table = _table(pair.gold, "abc", pair.answer)
    return Gold(table, table.columns[: pair.required or len(table.columns)], pair.ranks, pair.tied)


def test_every_verdict_says_what_is_wrong() -> None:
    gold = Table(("country", "users"), (("de", 3), ("fr", 4)))

    def reason(rows: tuple[tuple[Any, ...], ...], rules: Rules = Rules()) -> str:  # noqa: B008 - a frozen value
        return compare(Gold(gold, gold.columns), Table(("x", "y")[: len(rows[0])], rows), rules).reason

    assert reason((("de",), ("fr",))) == "2 columns needed, 1 given"
    assert reason((("de", 3),)) == "2 rows expected, 1 given; missing is ('fr', 4)"
    assert reason((("de", 3), ("fr", 4), ("fr", 4))) == "2 rows expected, 3 given; some rows are there too often"
    assert reason((("de", 3), ("fr", 4), ("it", 4))) == "2 rows expected, 3 given; not expected is ('it', 4)"
    assert reason((("de", 3), ("fr", 5))) == (
        "no column holds the values of “users”: 1 of 2 rows differs, first ('fr', 4) expected, ('fr', 5) given"
    )
    assert reason((("de", 4), ("fr", 3))) == (
        "each column is there, but the rows pair their values differently: 2 of 2 rows differ, "
        "first ('de', 3) expected, ('de', 4) given"
    )
    assert reason((("fr", 4), ("de", 3)), ORDER) == (
        "the rows are right, their order is not: row 1 should be ('de', 3), is ('fr', 4)"
    )


def test_many_columns_with_the_same_values_end_in_a_verdict() -> None:
    """Twelve columns of noughts and ones in rows that fit no map: 12! maps exist, and none may be tried in vain."""
    width = 12
    gold_rows = tuple(tuple(int(i == j) for j in range(width)) for i in range(width))
    answer_rows = (*gold_rows[:-2], tuple(1 if j in (width - 1, width - 2) else 0 for j in range(width)), (0,) * width)
    names = tuple(f"c{i}" for i in range(width))
    gold = Table(names, gold_rows)
    assert not compare(Gold(gold, names), Table(names, answer_rows), Rules()).equal


def test_flags_that_cannot_be_told_apart_are_given_up_and_said_so() -> None:
    """A cycle of twelve against two of six: each column looks alike everywhere, only the whole tells."""
    size = 12
    one = tuple(tuple(int(j in (i, (i + 1) % size)) for j in range(size)) for i in range(size))
    half = size // 2
    two = tuple(
        tuple(int(j in (i, i // half * half + (i + 1) % half)) for j in range(size)) for i in range(size)
    )  # fmt: skip
    names = tuple(f"c{i}" for i in range(size))
    verdict = compare(Gold(Table(names, one), names), Table(names, two), Rules())
    assert not verdict.equal
    assert verdict.reason
