"""When two results say the same."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.candidates.equal import MAX_CELLS, same_result

Columns = dict[str, Sequence[object]]


def same(one: Columns, other: Columns, order: tuple[str, ...] = (), other_order: tuple[str, ...] = ()) -> bool:
    left, right = pa.table({k: list(v) for k, v in one.items()}), pa.table({k: list(v) for k, v in other.items()})
    verdict = same_result(left, right, order, other_order)
    assert same_result(right, left, other_order, order) == verdict, "it is symmetric"
    return verdict


MIDNIGHT = datetime(2026, 5, 1)  # noqa: DTZ001 - as engines give it


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": [5]}, {"count": [5]}),
        ({"n": [5]}, {"n": [Decimal("5.00")]}),
        ({"n": [5]}, {"n": [5.0]}),
        ({"n": [0.1]}, {"n": [Decimal("0.1")]}),
        ({"n": [1234567.891]}, {"n": [1234567.8911]}),
        ({"d": [date(2026, 5, 1)]}, {"d": [MIDNIGHT]}),
        ({"d": ["2026-05-01"]}, {"d": [MIDNIGHT]}),
        ({"d": [datetime(2026, 5, 1, tzinfo=UTC)]}, {"d": [MIDNIGHT]}),
        ({"y": ["2026", "2025"]}, {"y": [2025, 2026]}),
        ({"b": [True, False]}, {"b": [0, 1]}),
        ({"n": [None, 1]}, {"n": [1, None]}),
        ({"n": [float("nan")]}, {"n": [float("nan")]}),
        ({"a": [1, 2], "b": ["x", "y"]}, {"b": ["y", "x"], "a": [2, 1]}),
        ({"a": [1, 2], "b": ["x", "y"]}, {"p": ["y", "x"], "q": [2, 1]}),
        ({"a": [1, 1, 2]}, {"a": [2, 1, 1]}),
        ({"a": []}, {"b": []}),
        ({"name": ["x", "y"]}, {"id": [1, 2], "name": ["y", "x"]}),
        ({"a": [1, 2], "b": [1, 2]}, {"c": [2, 1], "d": [2, 1]}),
        ({"n": [0]}, {"n": [1.1e-16]}),
        ({"a": ["x", "y"], "n": [0.0, 1.5]}, {"a": ["y", "x"], "n": [1.5, -3e-13]}),
    ],
)
def test_the_same_result_in_another_dress(one: Columns, other: Columns) -> None:
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"n": [5]}, {"n": [6]}),
        ({"n": [10_000_000]}, {"n": [10_000_001]}),
        ({"n": [1.0]}, {"n": [1.00001]}),
        ({"n": [0]}, {"n": [0.000001]}),
        ({"won": [5], "lost": [7]}, {"won": [7], "lost": [5]}),
        ({"won": [5, 6], "lost": [7, 8]}, {"Lost": [5, 6], "won": [7, 8]}),
        ({"n": [5, 6]}, {"n": [7, 8], "other": [5, 6]}),
        ({"n": [None]}, {"n": [0]}),
        ({"n": [""]}, {"n": [None]}),
        ({"n": ["0"]}, {"n": [""]}),
        ({"c": ["007"]}, {"c": ["7"]}),
        ({"c": ["a"]}, {"c": ["A"]}),
        ({"n": [1, 1, 2]}, {"n": [1, 2, 2]}),
        ({"n": [1]}, {"n": [1, 1]}),
        ({"n": []}, {"n": [0]}),
        ({"n": [float("nan")]}, {"n": [None]}),
        ({"a": [1, 2], "b": ["x", "y"]}, {"a": [1, 2], "b": ["y", "x"]}),
        ({"n": [5]}, {"month": [5], "n": [7]}),
        ({"a": [1, 2], "b": [3, 4]}, {"a": [1, 2], "c": [3, 5]}),
        ({"a": [1, 2], "b": [1, 2]}, {"a": [1, 2], "b": [2, 1]}),
        ({"d": [date(2026, 5, 1)]}, {"d": [datetime(2026, 5, 1, 0, 1)]}),  # noqa: DTZ001
    ],
)
def test_another_result(one: Columns, other: Columns) -> None:
    assert not same(one, other)


def test_order_counts_where_both_statements_give_one() -> None:
    up: Columns = {"month": ["a", "b", "c"], "n": [1, 2, 3]}
    down: Columns = {"m": ["c", "b", "a"], "k": [3, 2, 1]}
    assert same(up, down)
    assert same(up, down, ("n",))
    assert not same(up, down, ("n",), ("k",))
    assert not same(up, down, ("month",), ("k",))
    assert same(up, up, ("n",), ("n",))


def test_rows_that_tie_in_the_order_are_free() -> None:
    one: Columns = {"name": ["a", "b", "c"], "n": [9, 5, 5]}
    assert same(one, {"name": ["a", "c", "b"], "n": [9, 5, 5]}, ("n",), ("n",))


def test_what_is_too_large_to_be_read_is_compared_as_it_is() -> None:
    count = MAX_CELLS + 1
    assert same({"n": range(count)}, {"k": range(count)})
    assert not same({"n": range(count)}, {"k": range(count, 0, -1)})


def test_a_table_of_flags_ends_in_a_verdict() -> None:
    dice = random.Random(7)  # noqa: S311 - no secret
    rows = [[dice.randint(0, 1) for _ in range(12)] for _ in range(300)]
    flags: Columns = {f"f{i}": [row[i] for row in rows] for i in range(12)}
    shuffled = dict(sorted(flags.items(), key=lambda each: each[0][::-1]))
    assert same(flags, shuffled)


@given(st.data())
def test_rows_and_columns_in_any_order_are_the_same_result(data: st.DataObject) -> None:
    kind = st.sampled_from([st.integers(-9, 9), st.floats(-1e6, 1e6, width=32), st.sampled_from(["", "a", "b"])])
    width, height = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 8))
    columns = [data.draw(st.lists(data.draw(kind), min_size=height, max_size=height)) for _ in range(width)]
    rows = data.draw(st.permutations(range(height)))
    places = data.draw(st.permutations(range(width)))
    one: Columns = {f"a{i}": column for i, column in enumerate(columns)}
    other: Columns = {f"b{i}": [columns[place][row] for row in rows] for i, place in enumerate(places)}
    assert same(one, other)
