"""Whatever a database gives, a comparison ends in a verdict."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evals.compare import Gold, Rules, Table, compare

HOSTILE: list[Any] = [
    None, "", " ", "\0", "x" * 1_000_000, "1" * 5_000, "1e999999999", "-0", "٣", "²", "NaN", "2025-13-45", "0001-01-01",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2025-W54", "\ud800", 0, -0.0, 10**400, -(10**400),
    float("nan"), float("inf"), -float("inf"), 5e-324, 1.7976931348623157e308, Decimal("NaN"), Decimal("sNaN"),
    Decimal("Infinity"), Decimal("1e400"), Decimal("1e-400"), Decimal("0E+5"), True, False, b"", b"\xff",
    bytearray(b"a"), memoryview(b"a"), [], [1, [2]], {}, {"a": None}, date.min, date.max, datetime.min, datetime.max,  # noqa: DTZ901
    datetime.min.replace(tzinfo=timezone(timedelta(hours=14))),
    datetime.max.replace(tzinfo=timezone(-timedelta(hours=14))),
    datetime(2025, 1, 1, tzinfo=UTC), time(1, 2), timedelta(hours=30), timedelta(days=-1), uuid.UUID(int=1), (),
    frozenset(),
]  # fmt: skip
RULES = [
    Rules(), Rules(decimals=0), Rules(decimals=12), Rules(order=True), Rules(rows="set"), Rules(rows="set", order=True),
    Rules(time_grain="day"), Rules(time_grain="week"), Rules(time_grain="month"), Rules(time_grain="quarter"),
    Rules(time_grain="year"), Rules(accept_scale=(Decimal(1), Decimal(100))),
]  # fmt: skip


@pytest.mark.parametrize("rules", RULES, ids=str)
def test_every_cell_equals_itself_and_meets_every_other(rules: Rules) -> None:
    for one in HOSTILE:
        gold = Table(("a",), ((one,),))
        assert compare(Gold(gold, ("a",)), Table(("b",), ((one,),)), rules).equal, repr(one)[:50]
        for other in HOSTILE:
            verdict = compare(Gold(gold, ("a",)), Table(("b",), ((other,),)), rules)
            assert bool(verdict.reason) is not verdict.equal
            assert len(verdict.reason) < 500


CELLS = st.sampled_from(HOSTILE)


@given(
    st.lists(st.tuples(CELLS, CELLS), max_size=6),
    st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=6),
    st.sampled_from(RULES),
)
def test_every_two_results_get_a_verdict(gold: list[Any], answer: list[Any], rules: Rules) -> None:
    expected = Gold(Table(("a", "b"), tuple(gold)), ("a", "b"))
    compare(expected, Table(("b", "x", "y"), tuple(answer)), rules)
    assert compare(expected, expected.table, rules).is_strict


def test_the_product_s_form_of_a_value_equals_the_driver_s() -> None:
    """As engines give lists, JSON, bytes that are no text, and times of day."""
    driver = [[1, 2], {"a": 1}, b"\xff\x00", timedelta(hours=1, minutes=2), uuid.UUID(int=1)]
    product = ["[1, 2]", '{"a": 1}', "0xff00", time(1, 2), str(uuid.UUID(int=1))]
    for one, other in zip(driver, product, strict=True):
        gold = Table(("a",), ((one,),))
        assert compare(Gold(gold, ("a",)), Table(("b",), ((other,),)), Rules()).equal


def test_a_reason_is_one_short_line() -> None:
    gold = Table(tuple(f"c{i}x" for i in range(40)), (tuple(f"line\nbreak {'y' * 500} {i}" for i in range(40)),))
    answer = Table(gold.columns, (tuple(f"other {i}" for i in range(40)),))
    reason = compare(Gold(gold, gold.columns), answer, Rules()).reason
    assert "\n" not in reason and len(reason) < 800


def test_columns_too_many_to_be_told_apart_are_matched_by_name_or_place_only() -> None:
    names = tuple(f"c{number}" for number in range(400))
    rows = tuple(tuple(row * number % 7 for number in range(400)) for row in range(20))
    gold = Gold(Table(names, rows), names)
    assert compare(gold, Table(names[::-1], tuple(row[::-1] for row in rows)), Rules()).equal
    assert compare(gold, Table(tuple(f"x{name}" for name in names), rows), Rules()).equal
    verdict = compare(gold, Table(tuple(f"x{name}" for name in names), tuple(row[::-1] for row in rows)), Rules())
    assert (verdict.equal, verdict.reason) == (False, "too many columns to tell which is which but by name")
