from __future__ import annotations

import pytest

from evals.log.records import JsonCell, Shown
from evals.report.result_difference import WHOLE_ROW, mark_differences

WHOLE = (WHOLE_ROW,)


def table(columns: str, *rows: tuple[JsonCell, ...]) -> Shown:
    return Shown(tuple(columns.split()), rows, len(rows))


def test_equal_results_have_no_marks_whatever_the_columns_are_called() -> None:
    gold = table("country sold", ("DE", 3), ("FR", 2))
    answer, wanted = mark_differences(table("n land", (2, "FR"), (3, "DE")), gold)
    assert (answer.rows, wanted.rows) == (((), ()), ((), ()))
    assert (answer.unmatched, wanted.unmatched) == ((), ())


def test_a_cell_that_differs_is_marked_on_both_sides() -> None:
    gold = table("country sold", ("DE", 3), ("FR", 2))
    answer, wanted = mark_differences(table("sold country", (3, "DE"), (9, "FR")), gold)
    assert (answer.rows, wanted.rows) == (((), (0,)), ((), (1,)))


def test_a_row_that_only_one_side_has_is_marked_whole() -> None:
    gold = table("country sold", ("DE", 3), ("FR", 2))
    answer, wanted = mark_differences(table("country sold", ("DE", 3), ("PL", 2), ("DE", 3)), gold)
    assert (answer.rows, wanted.rows) == (((), WHOLE, WHOLE), ((), WHOLE))


def test_columns_that_the_other_side_lacks_are_named_and_not_compared() -> None:
    gold = table("country sold", ("DE", 3))
    answer, wanted = mark_differences(table("country extra", ("DE", "x")), gold)
    assert (answer.rows, wanted.rows) == (((),), ((),))
    assert (answer.unmatched, wanted.unmatched) == ((1,), (1,))


def test_gold_columns_that_are_not_required_are_not_looked_for() -> None:
    gold = table("country sold rank", ("DE", 3, 1))
    answer, wanted = mark_differences(table("country sold", ("DE", 3)), gold, ("country", "sold"))
    assert wanted.unmatched == () and answer.rows == ((),)


def test_one_number_stands_against_the_other() -> None:
    answer, wanted = mark_differences(table("total", (7,)), table("n", (8,)))
    assert (answer.rows, wanted.rows) == ((WHOLE,), (WHOLE,))
    assert wanted.unmatched == ()


@pytest.mark.parametrize(
    ("given", "wanted", "is_equal"),
    [
        (5, 5.0, True),
        ("5.00", 5, True),
        (1234.567, "1234.57", True),
        ("2025-01-01T00:00:00", "2025-01-01", True),
        (None, 0, False),
        (None, "", False),
        (True, 1, False),
        ("nan", "NaN", False),
        (0.001, 0.004, False),
    ],
)
def test_cells_are_compared_by_what_they_mean(given: JsonCell, wanted: JsonCell, is_equal: bool) -> None:
    answer, _ = mark_differences(table("n", (given,)), table("n", (wanted,)))
    assert (answer.rows == ((),)) is is_equal


def test_an_empty_result_against_rows() -> None:
    answer, wanted = mark_differences(table("country sold"), table("country sold", ("DE", 3)))
    assert (answer.rows, wanted.rows) == ((), (WHOLE,))
