"""Millions of mutants are compared by `equals`, which must agree with `compare`."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from evals.compare import Gold, Rules, Table, compare, equals

CELLS = st.sampled_from([None, 0, 1, 2, 1.0, 1.004, "1", "a", "b", "", "2026-01-01", "2026-01-01 00:00:00"])
NAMES = st.sampled_from([("x", "y"), ("y", "x"), ("a", "b")])


def _rows(width: int) -> st.SearchStrategy[tuple[tuple[object, ...], ...]]:
    return st.lists(st.tuples(*[CELLS] * width), max_size=4).map(tuple)


TABLES = st.one_of(
    st.builds(Table, NAMES, _rows(2)),
    st.builds(Table, NAMES.map(lambda names: (*names, "z")), _rows(3)),
    st.builds(Table, st.just(("x",)), _rows(1)),
)


@settings(max_examples=300, deadline=None)
@given(st.builds(Table, NAMES, _rows(2)), TABLES, st.booleans(), st.sampled_from(["bag", "set"]), st.booleans())
def test_equals_is_compare_without_a_reason(gold: Table, answer: Table, order: bool, rows: str, turned: bool) -> None:
    if turned:  # else few of them are equal
        answer = Table(gold.columns[::-1], tuple(row[::-1] for row in reversed(gold.rows)))
    rules = Rules(order=order, rows="set" if rows == "set" else "bag")
    expected = Gold(gold, gold.columns)
    assert equals(expected, answer, rules) == compare(expected, answer, rules).equal
