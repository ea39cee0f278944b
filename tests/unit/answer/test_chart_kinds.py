"""Which kinds of chart are offered for a result: only what says what the data says."""

from __future__ import annotations

from dataclasses import replace

import pytest

from nl2sql.answer.base import ColumnLabel
from tests.unit.answer import chart_results as results
from tests.unit.answer.chart_results import CATEGORY, GMV, MEAN, case, spec


def test_no_line_is_drawn_between_categories() -> None:
    assert results.categories().kinds() == ("bar", "pie", "scatter")


def test_a_time_series_can_be_a_line_an_area_or_bars() -> None:
    assert results.months().kinds()[:3] == ("line", "area", "bar")


def test_two_years_are_too_few_for_a_line() -> None:
    short = case(
        spec("bar", "year", grain="year"),
        (ColumnLabel("Year", "plain"), GMV),
        {"year": [2024, 2025], "gmv": [1.0, 2.0]},
    )
    assert short.kinds() == ("bar",)


def test_a_measure_below_zero_is_neither_a_part_nor_an_area() -> None:
    loss = case(spec(), (CATEGORY, GMV), {"category": ["a", "b"], "gmv": [1.0, -2.0]})
    assert "pie" not in loss.kinds()
    falling = case(
        spec("line", "month", grain="month"), (ColumnLabel("Month"), GMV), {"month": results.MONTHS, "gmv": [-1.0] * 12}
    )
    assert falling.kinds() == ("line", "bar")


@pytest.mark.parametrize(("count", "is_pie"), [(1, False), (2, True), (8, True), (9, False)])
def test_a_pie_has_two_to_eight_parts(count: int, is_pie: bool) -> None:
    assert ("pie" in results.categories(count).kinds()) is is_pie


def test_averages_are_not_parts_of_a_whole() -> None:
    assert "pie" not in results.categories(measure=MEAN).kinds()
    assert "area" not in results.months_by_category(measure=MEAN).kinds()


def test_shares_that_come_to_one_are_parts_of_a_whole() -> None:
    share = ColumnLabel("Share", "percent")
    whole = case(spec(), (CATEGORY, share), {"category": ["a", "b", "c"], "gmv": [0.5, 0.3, 0.2]})
    part = case(spec(), (CATEGORY, share), {"category": ["a", "b", "c"], "gmv": [0.5, 0.3, 0.1]})
    assert "pie" in whole.kinds()
    assert "pie" not in part.kinds()


def test_a_cut_result_and_one_with_a_gap_have_no_parts() -> None:
    assert "pie" not in results.categories(truncated=True).kinds()
    assert "pie" not in case(spec(), (CATEGORY, GMV), {"category": ["a", "b", "c"], "gmv": [1.0, None, 2.0]}).kinds()


def test_a_distribution_needs_many_rows_with_many_values() -> None:
    assert results.prices().kinds() == ("scatter", "histogram", "box")
    assert results.prices(19).kinds() == ("scatter",)
    same = case(None, (ColumnLabel("Price"),), {"price": [1.0, 2.0] * 50})
    assert same.kinds() == ()


def test_a_scatter_needs_two_measures_with_a_few_rows() -> None:
    assert "scatter" not in results.months().kinds()
    assert "scatter" not in results.categories(4).kinds()
    assert "scatter" in results.categories(5).kinds()


@pytest.mark.parametrize(
    ("codes", "label", "is_map"),
    [
        (["DE", "FR", "US"], "Country", True),
        (["DEU", "FRA"], "Country of the buyer", True),
        (["Germany", "France", "Italy"], "Where", True),
        (["CA", "DE", "IN"], "State", False),  # California, Delaware, Indiana
        (["Germany", "France"], "Where", False),
        (["Germany", "Bavaria", "Italy"], "Country", False),
        (["DE", "FR", None], "Country", True),
        (["Art", "Books"], "Country", False),
    ],
)
def test_a_map_is_for_countries_only(codes: list[str | None], label: str, is_map: bool) -> None:
    assert ("map" in results.countries(codes, label).kinds()) is is_map


def test_single_measures_in_one_row_are_numbers() -> None:
    assert results.one_row().kinds() == ("number",)
    assert case(None, (CATEGORY, GMV), {"category": ["a"], "gmv": [1.0]}).kinds() == ()


def test_ids_are_never_measures() -> None:
    ids = (ColumnLabel("ID", "plain"), ColumnLabel("Seller", "plain"))
    assert case(None, ids, {"id": list(range(50)), "seller": list(range(50))}).kinds() == ()


def test_a_chart_of_columns_that_are_gone_is_not_offered() -> None:
    old = results.categories()
    assert replace(old, spec=spec(x="no_such_column")).kinds() == ()


def test_columns_of_one_name_are_told_apart_by_nobody_and_so_not_charted() -> None:
    import pyarrow as pa

    from nl2sql.engines.base import ResultTable

    twice = pa.table([pa.array([1.0] * 30), pa.array([2.0] * 30)], names=["n", "n"])
    found = results.Case(None, ResultTable(twice, 1000, False, 1.0), (ColumnLabel("A"), ColumnLabel("B")))
    assert found.kinds() == ()


def test_only_what_changes_something_is_offered_as_an_option() -> None:
    plain = results.categories(3).offers()
    assert (plain.x, plain.colour, plain.stack, plain.top) == ((), (), (), ())
    assert plain.sort == ("largest", "smallest", "label")
    assert plain.y == ("gmv", "fees", "orders")
    assert results.months().offers().is_any  # log alone
    grid = results.months_by_category(9).offers(kind="bar")
    assert (grid.x, grid.stack, grid.top) == (("month", "category"), ("stacked", "percent"), (3, 5, 8))
    assert results.months_by_category().offers().x == (), "a line goes along time"


def test_weekdays_keep_their_order() -> None:
    days = case(spec("bar", "day"), (ColumnLabel("Day"), GMV), {"day": ["Friday", "Monday"], "gmv": [1.0, 2.0]})
    assert days.offers().sort == ()


def test_a_log_scale_is_for_values_above_zero_that_are_not_stacked() -> None:
    assert results.categories().offers().log
    assert not case(spec(), (CATEGORY, GMV), {"category": ["a", "b"], "gmv": [0.0, 2.0]}).offers().log
    assert not results.months_by_category().offers(kind="area").log
    assert not results.categories().offers(kind="pie").log
