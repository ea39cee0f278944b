"""Laws of the comparison: shuffling changes nothing, and one changed cell changes everything."""

from __future__ import annotations

import time
from datetime import date, timedelta
from decimal import Decimal
from itertools import permutations
from random import Random
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from evals.compare import Gold, Rules, Table, compare
from evals.pairing import can_pair

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
    assert can_pair(left, right, 2) == exists


@given(ROWS, st.randoms(use_true_random=False))
def test_noise_within_the_tolerance_can_always_be_paired(left: list[Any], random: Random) -> None:
    right = [tuple(cell + HALF * random.randint(-10, 10) / 10 for cell in row) for row in left]
    assert can_pair(left, random.sample(right, len(right)), 2)


def test_ten_thousand_rows_with_noise_are_compared_in_seconds() -> None:
    random = Random(7)  # noqa: S311 - data, not a secret
    rows = [(f"user{i % 900}", i % 7, random.random() * 1000) for i in range(10_000)]
    noisy = [(round(amount, 2), name, status, 0) for name, status, amount in rows]
    random.shuffle(noisy)
    gold = Table(("a", "b", "c"), tuple(rows))
    begun = time.perf_counter()
    assert compare(Gold(gold, gold.columns), Table(("w", "x", "y", "z"), tuple(noisy)), Rules()).equal
    assert time.perf_counter() - begun < 20
