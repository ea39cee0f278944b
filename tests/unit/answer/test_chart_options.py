"""A person's choices over the chosen chart: kept where they are honest, dropped where not, and told in the title."""

from __future__ import annotations

from typing import Any

import pytest

from nl2sql.answer.base import ColumnLabel
from tests.unit.answer import chart_results as results
from tests.unit.answer.chart_results import CATEGORY, GMV, MEAN, case, spec


def test_without_choices_the_chart_stays_as_it_is() -> None:
    chosen = results.categories()
    assert chosen.apply() is chosen.spec
    assert results.prices().apply() is None


def test_table_only_is_no_chart() -> None:
    assert results.categories().apply(kind="table") is None


def test_a_kind_that_is_not_honest_for_the_result_is_left_out() -> None:
    assert results.categories().chart(kind="line").kind == "bar"
    assert results.prices().apply(kind="map") is None


def test_bars_are_grouped_and_lines_several_where_there_is_a_second_dimension() -> None:
    assert results.months_by_category().chart(kind="bar").kind == "grouped_bar"
    assert results.months_by_category().chart(kind="line", log=True).kind == "multi_line"


def test_the_largest_are_named_in_the_title_with_how_many_there_are() -> None:
    drawn = results.categories(48, period="in 2025").chart(top=10)
    assert drawn.title == "GMV by category in 2025: 10 largest of 48"
    assert results.categories(48).chart(sort="label").title == "GMV by category: 30 largest of 48"
    assert results.categories(48, truncated=True).chart(top=10).title.endswith("of 48 of the first 48 rows")
    series = results.months_by_category(9)
    assert series.chart(top=3).title == "GMV by month and category: 3 largest of 9"
    assert series.chart(kind="line", log=True).title == "GMV by month and category: 6 largest of 9"


def test_more_bars_than_can_be_read_are_not_to_be_had() -> None:
    drawn = results.categories(48)
    assert drawn.chart(top=45).title.endswith("30 largest of 48")
    assert len(drawn.draw(top=45).data[0].x) == 30


def test_another_measure_brings_its_own_unit_and_words() -> None:
    drawn = results.categories(period="in 2025").chart(y=("orders",))
    assert (drawn.y, drawn.y_format, drawn.unit) == (("orders",), "number", "")
    assert (drawn.title, drawn.y_title) == ("Orders by category in 2025", "Orders")


def test_measures_of_another_unit_do_not_share_the_axis() -> None:
    drawn = results.categories().chart(y=("gmv", "orders", "fees"))
    assert (drawn.kind, drawn.y) == ("grouped_bar", ("gmv", "fees"))
    assert drawn.title == "GMV and fees by category"
    assert [each.label for each in drawn.y_labels] == ["GMV", "Fees"]


def test_two_dimensions_change_places_and_none_is_dropped() -> None:
    grid = results.months_by_category()
    assert (grid.chart(kind="bar", x="category").x, grid.chart(kind="bar", x="category").series) == (
        "category",
        "month",
    )
    assert grid.chart(kind="bar", colour="month").x == "category"
    assert grid.chart(kind="bar", colour="-").series == "category"
    assert grid.chart(kind="line", x="category", log=True).x == "month", "a line goes along time"


@pytest.mark.parametrize("stack", ["stacked", "percent"])
def test_only_what_adds_up_is_stacked(stack: Any) -> None:
    assert results.months_by_category().chart(kind="bar", stack=stack).stack == stack
    assert results.months_by_category(measure=MEAN).chart(kind="bar", stack=stack).stack == "beside"
    assert results.categories().chart(y=("gmv", "fees"), stack=stack).stack == ""


def test_shares_say_so_and_that_they_are_of_what_is_shown() -> None:
    grid = results.months_by_category(9)
    assert grid.chart(kind="area", stack="percent", top=3).title == (
        "GMV by month and category, as shares of what is shown: 3 largest of 9"
    )
    assert results.months_by_category().chart(kind="bar", stack="percent").title == (
        "GMV by month and category, as shares"
    )


def test_a_log_scale_is_dropped_where_a_value_is_not_above_zero() -> None:
    assert results.categories().chart(log=True).log
    assert not case(spec(), (CATEGORY, GMV), {"category": ["a", "b"], "gmv": [0.0, 2.0]}).chart(log=True).log


def test_a_distribution_says_over_how_many_rows_it_is() -> None:
    assert results.prices().chart(kind="histogram").title == "Distribution of price: 200 rows"
    assert results.prices(truncated=True).chart(kind="histogram").title.endswith("the first 200 rows")
    assert results.prices().chart(kind="histogram", y=("bids",)).y == ("bids",)


def test_boxes_are_by_category_unless_one_is_wanted() -> None:
    assert results.prices().chart(kind="box").x == "category"
    assert results.prices().chart(kind="box", x="-").x == ""


def test_a_scatter_has_a_measure_on_each_axis_and_a_category_for_its_colours() -> None:
    drawn = results.prices().chart(kind="scatter", x="price", y=("bids",), colour="category")
    assert (drawn.x, drawn.y, drawn.series) == ("price", ("bids",), "category")
    assert (drawn.x_format, drawn.x_unit, drawn.unit) == ("money", "EUR", "")
    assert drawn.title == "Bids and price by category"
    same = results.prices().chart(kind="scatter", x="price", y=("price",))
    assert same.y == ("bids",), "a measure against itself says nothing"


def test_points_that_are_too_many_are_picked_evenly_and_the_title_says_so() -> None:
    many = results.prices(5_000)
    assert many.chart(kind="scatter").title == "Bids and price: 2,000 of 5,000 rows, evenly picked"
    drawn = many.draw(kind="scatter").data[0]
    assert len(drawn.x) == 2_000


def test_a_map_tells_what_is_not_on_it() -> None:
    assert results.countries(["DE", "FR", None]).chart(kind="map").title == (
        "GMV by country: without (none), which is no country"
    )
    assert results.countries(["DE", "FR", "MT"]).chart(kind="map").title == "GMV by country: too small to be seen: MT"


def test_the_numbers_of_one_row_are_a_chart_without_being_asked_for() -> None:
    drawn = results.one_row().chart()
    assert (drawn.kind, drawn.y, drawn.title) == ("number", ("gmv", "orders"), "GMV and orders")


def test_a_measure_that_is_gone_gives_way_to_the_chosen_one() -> None:
    assert results.categories().chart(y=("no_such_measure",), top=3).y == ("gmv",)


def test_labels_that_do_not_fit_the_columns_are_replaced_by_the_names() -> None:
    unlabelled = case(spec(), (ColumnLabel("only one"),), {"category": ["a", "b"], "gmv": [1.0, 2.0]})
    assert unlabelled.chart(sort="label").title == "gmv by category"
