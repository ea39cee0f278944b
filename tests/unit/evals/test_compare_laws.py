"""Laws of the comparison: shuffling changes nothing, and one changed cell changes everything."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations, product
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evals.compare import Gold, Rules, Table, compare
from evals.matching import pairing
from evals.matching.pairing import can_pair
from evals.matching.tolerance import Tolerance, as_double
from evals.matching.values import as_number, is_number

WORDS = st.sampled_from(["de", "fr", "Art", "", "a b", "é"])
DAYS = st.dates(date(2024, 1, 1), date(2024, 3, 1))
# Whole numbers: no chain of values, each within the tolerance of the next, can hide a change.
KINDS = (st.integers(-50, 50), WORDS, DAYS, st.integers(-50, 50).map(float), st.integers(0, 9).map(Decimal))


@st.composite
def tables(draw: st.DrawFn, least_rows: int = 0) -> Table:
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=4))
    cells = st.tuples(*[st.none() | kind for kind in kinds])
    rows = draw(st.lists(cells, min_size=least_rows, max_size=12))
    return Table(tuple(f"c{i}" for i in range(len(kinds))), tuple(rows))


def _shuffled(table: Table, random: Random) -> Table:
    order = random.sample(range(len(table.columns)), len(table.columns))
    rows = random.sample(table.rows, len(table.rows))
    return Table(tuple(f"x{i}" for i in order), tuple(tuple(row[i] for i in order) for row in rows))


@given(tables(), tables(), st.randoms(use_true_random=False))
def test_permuting_rows_and_columns_never_changes_the_verdict(gold: Table, other: Table, random: Random) -> None:
    expected = Gold(gold, gold.columns)
    assert compare(expected, _shuffled(gold, random), Rules()).equal
    before = compare(expected, other, Rules()).equal
    assert compare(expected, _shuffled(other, random), Rules()).equal == before
    again = _shuffled(gold, random)
    assert compare(Gold(again, again.columns), other, Rules()).equal == before


@given(tables(least_rows=1), st.randoms(use_true_random=False), st.data())
def test_changing_one_cell_beyond_the_tolerance_is_wrong(gold: Table, random: Random, data: st.DataObject) -> None:
    row = data.draw(st.integers(0, len(gold.rows) - 1))
    place = data.draw(st.integers(0, len(gold.columns) - 1))
    changed = [list(each) for each in gold.rows]
    changed[row][place] = _different(changed[row][place])
    answer = Table(gold.columns, tuple(tuple(each) for each in changed))
    assert not compare(Gold(gold, gold.columns), _shuffled(answer, random), Rules()).equal


def _different(cell: Any) -> Any:
    match cell:
        case None:
            return "something"
        case str():
            return cell + "!"
        case date():
            return cell + timedelta(days=400)
        case _:
            return cell + 1


@given(st.lists(st.decimals(-1000, 1000, places=4), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_an_answer_rounded_to_the_last_compared_decimal_is_right(numbers: list[Decimal], random: Random) -> None:
    gold = Table(("v",), tuple((float(number),) for number in numbers))
    rounded = Table(("w",), tuple((round(float(number), 2),) for number in numbers))
    assert compare(Gold(gold, gold.columns), _shuffled(rounded, random), Rules(decimals=2)).equal


@given(st.lists(st.tuples(WORDS, st.integers(0, 50)), min_size=1, unique=True), st.randoms(use_true_random=False))
def test_another_order_is_wrong_where_order_is_asked_and_no_rows_tie(rows: list[Any], random: Random) -> None:
    gold = Table(("word", "number"), tuple(rows))
    answer = Table(gold.columns, tuple(random.sample(rows, len(rows))))
    assert compare(Gold(gold, gold.columns), answer, Rules(order=True)).equal == (answer.rows == gold.rows)


@given(tables(), st.randoms(use_true_random=False))
def test_a_result_equals_itself_strictly(gold: Table, random: Random) -> None:
    for rules in (Rules(), Rules(order=True), Rules(rows="set"), Rules(decimals=0), Rules(ties="reject")):
        assert compare(Gold(gold, gold.columns), gold, rules).is_strict
    assert compare(Gold(gold, gold.columns), _shuffled(gold, random), Rules()).is_strict


@given(tables(), tables())
def test_which_of_two_is_the_gold_does_not_matter(one: Table, other: Table) -> None:
    if len(one.columns) == len(other.columns):
        there = compare(Gold(one, one.columns), _renamed(other), Rules()).equal
        assert there == compare(Gold(_renamed(other), _renamed(other).columns), one, Rules()).equal


def _renamed(table: Table) -> Table:
    return Table(tuple(f"y{name}" for name in table.columns), table.rows)


@given(tables(), st.data())
def test_one_column_more_is_right_but_not_strictly_and_one_less_is_wrong(gold: Table, data: st.DataObject) -> None:
    cells = data.draw(
        st.lists(st.none() | st.integers(-5, 5) | WORDS, min_size=len(gold.rows), max_size=len(gold.rows))
    )
    wider = Table((*gold.columns, "more"), tuple((*row, cell) for row, cell in zip(gold.rows, cells, strict=True)))
    verdict = compare(Gold(gold, gold.columns), wider, Rules())
    assert verdict.equal and not verdict.is_strict
    less = compare(Gold(wider, wider.columns), gold, Rules())
    assert (less.equal, less.difference) == (False, "columns")


@given(tables(least_rows=1), st.data())
def test_a_row_more_or_less_is_wrong_in_a_bag_and_a_set_ignores_it(gold: Table, data: st.DataObject) -> None:
    row = data.draw(st.sampled_from(gold.rows))
    doubled = Table(gold.columns, (*gold.rows, row))
    for one, other in ((gold, doubled), (doubled, gold)):
        assert compare(Gold(one, one.columns), other, Rules()).difference == "rows"
        assert compare(Gold(one, one.columns), other, Rules(rows="set")).equal


@given(tables(least_rows=1), tables(least_rows=1))
def test_what_is_equal_as_a_bag_is_equal_as_a_set(gold: Table, answer: Table) -> None:
    if compare(Gold(gold, gold.columns), answer, Rules()).equal:
        assert compare(Gold(gold, gold.columns), answer, Rules(rows="set")).equal


@given(st.data(), st.integers(1, 6))
def test_fewer_decimals_never_make_equal_results_differ(data: st.DataObject, decimals: int) -> None:
    number = st.integers(-300, 300).map(lambda n: n / 1000)
    rows = data.draw(st.lists(st.tuples(number, number), min_size=1, max_size=6))
    noise = st.integers(-12, 12).map(lambda n: n / 10_000)
    answer = [tuple(cell + data.draw(noise) for cell in row) for row in rows]
    gold = Gold(Table(("a", "b"), tuple(rows)), ("a", "b"))
    if compare(gold, Table(("x", "y"), tuple(answer)), Rules(decimals=decimals)).equal:
        assert compare(gold, Table(("x", "y"), tuple(answer)), Rules(decimals=decimals - 1)).equal


FEW = st.sampled_from([None, 0, 1, 2, 1.004, 1.008, 33.333333, 33.33, "1", "x", Decimal("1.00"), True])


@st.composite
def small_tables(draw: st.DrawFn, prefix: str) -> Table:
    width = draw(st.integers(1, 3))
    rows = draw(st.lists(st.tuples(*[FEW] * width), min_size=1, max_size=3))
    return Table(tuple(f"{prefix}{i}" for i in range(width)), tuple(rows))


@given(small_tables("g"), small_tables("a"), st.sampled_from([None, 2, 1]))
@settings(max_examples=400)
def test_the_verdict_is_that_of_trying_every_map_and_every_pairing(gold: Table, answer: Table, decimals: Any) -> None:
    """Against all injective maps of columns and all permutations of rows."""
    close = Tolerance(decimals).close

    def alike(place: int, index: int, one: Any, other: Any) -> bool:
        cells = (*gold.column(place), *answer.column(index))
        if any(map(is_number, cells)):
            one, other = as_number(one), as_number(other)
        both = is_number(one) and is_number(other)
        return close(one, other) if both else (type(one) is type(other) and one == other)

    maps = permutations(range(len(answer.columns)), len(gold.columns))
    orders = list(permutations(answer.rows)) if len(answer.rows) == len(gold.rows) else []
    exists = any(
        all(
            alike(place, index, row[place], given[index])
            for row, given in zip(gold.rows, order, strict=True)
            for place, index in enumerate(chosen)
        )
        for chosen, order in product(maps, orders)
    )
    assert compare(Gold(gold, gold.columns), answer, Rules(decimals=decimals)).equal == exists


NUMBERS = st.one_of(
    st.integers(-(2**70), 2**70),
    st.floats(allow_nan=False, allow_infinity=False),
    st.decimals(allow_nan=False, allow_infinity=False),
)


@given(NUMBERS, NUMBERS, st.sampled_from([None, 0, 2, 12]))
def test_closeness_is_symmetric_and_never_out_of_reach(one: Any, other: Any, decimals: int | None) -> None:
    tolerance = Tolerance(decimals)
    assert tolerance.close(one, one)
    assert tolerance.close(one, other) == tolerance.close(other, one)
    if tolerance.close(one, other):
        near, far = as_double(one), as_double(other)
        assert abs(near - far) <= tolerance.reach(near)


def test_more_rows_within_the_tolerance_than_can_be_tried_are_given_up_and_said_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(pairing, "MAX_PAIRS", 40_000)
    random = Random(5)  # noqa: S311 - data, not a secret
    near = [(1 + random.random() * 1e-7, 2 + random.random() * 1e-7) for _ in range(300)]
    # Farther apart than the tolerance in one row, which sorting cannot show.
    answer = [(a + 4e-8, b) for a, b in near[:-1]] + [(1 + 5e-8, 2 + 3e-6)]
    random.shuffle(answer)
    verdict = compare(Gold(Table(("a", "b"), tuple(near)), ("a", "b")), Table(("x", "y"), tuple(answer)), Rules())
    assert not verdict.equal and verdict.reason.startswith("too many rows lie too near to each other")


NEAR = st.integers(0, 12).map(lambda n: Decimal(n) / 1000 + 1)
ROWS = st.lists(st.tuples(NEAR, NEAR), min_size=1, max_size=5)
HALF = Decimal("0.005")


def _near(*thousandths: tuple[int, int]) -> list[Any]:
    return [tuple(Decimal(n) / 1000 + 1 for n in row) for row in thousandths]


@given(ROWS, ROWS)
# Partners change hands more than once here, in vain.
@example(_near((3, 3), (9, 5), (2, 5), (5, 1)), _near((7, 9), (9, 7), (7, 9), (7, 6)))
def test_pairing_finds_a_pairing_exactly_when_one_exists(left: list[Any], right: list[Any]) -> None:
    """Against all permutations, on values so near that the greedy choice is often the wrong one."""

    def near(one: Any, other: Any) -> bool:
        return all(abs(a - b) <= HALF for a, b in zip(one, other, strict=True))

    exists = any(all(map(near, left, chosen)) for chosen in permutations(right, len(left)))
    assert can_pair(left, right, Tolerance(2)) == exists


@given(ROWS, st.randoms(use_true_random=False))
def test_noise_within_the_tolerance_can_always_be_paired(left: list[Any], random: Random) -> None:
    right = [tuple(cell + HALF * random.randint(-10, 10) / 10 for cell in row) for row in left]
    assert can_pair(left, random.sample(right, len(right)), Tolerance(2))


def test_ten_thousand_rows_with_noise_are_compared() -> None:
    random = Random(7)  # noqa: S311 - data, not a secret
    rows = [(f"user{i % 900}", i % 7, random.random() * 1000) for i in range(10_000)]
    noisy = [(round(amount, 2), name, status, 0) for name, status, amount in rows]
    random.shuffle(noisy)
    gold = Table(("a", "b", "c"), tuple(rows))
    verdict = compare(Gold(gold, gold.columns), Table(("w", "x", "y", "z"), tuple(noisy)), Rules())
    assert verdict.equal and not verdict.is_strict
