"""What is drawn for each kind of chart."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

import streamlit_app
from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.charting.countries import TABLE, TOO_SMALL, alpha3, country_name
from nl2sql.answer.charting.distributions import bins, box_of
from nl2sql.answer.charting.limits import MAX_OUTLIERS
from nl2sql.answer.figure import LOOKS, figure
from tests.unit.answer import chart_results as results
from tests.unit.answer.chart_results import CATEGORY, GMV, case, spec

SHAPES = Path(streamlit_app.__file__).parent / "static" / "world_110m.json"


def names_of(drawn: Any) -> list[str]:
    return [trace.name for trace in drawn.data]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    ("which", "kind"),
    [
        ("categories", "bar"), ("categories", "pie"), ("categories", "scatter"), ("months", "line"),
        ("months", "area"), ("months", "bar"), ("months_by_category", "line"), ("months_by_category", "area"),
        ("months_by_category", "bar"), ("prices", "histogram"), ("prices", "box"), ("prices", "scatter"),
        ("one_row", "number"),
    ],
)  # fmt: skip
def test_every_kind_is_drawn_on_the_paper_of_its_theme(which: str, kind: str, theme: Any) -> None:
    chosen = getattr(results, which)()
    drawn = figure(chosen.chart(kind=kind), chosen.result.table, theme)
    assert drawn.layout.paper_bgcolor == LOOKS[theme].paper
    assert drawn.data or drawn.layout.annotations
    json.loads(drawn.to_json())


@pytest.mark.parametrize(("sort", "order"), [("", "abc"), ("largest", "bca"), ("smallest", "acb"), ("label", "abc")])
def test_bars_stand_in_the_chosen_order(sort: Any, order: str) -> None:
    chosen = case(spec(), (CATEGORY, GMV), {"category": ["a", "b", "c"], "gmv": [1.0, 3.0, 2.0]})
    assert "".join(chosen.draw(sort=sort).layout.xaxis.ticktext) == order


def test_stacked_bars_share_one_place_and_percents_end_at_one() -> None:
    drawn = results.months_by_category().draw(kind="bar", stack="percent")
    assert drawn.layout.barmode == "stack"
    assert sum(trace.y[0] for trace in drawn.data) == pytest.approx(1)
    assert drawn.layout.yaxis.ticktext[-1] == "100 %"
    assert results.months_by_category().draw(kind="bar", stack="stacked").layout.barmode == "stack"


def test_a_share_of_nothing_is_left_out() -> None:
    rows = {"category": ["a", "a", "b", "b"], "status": ["x", "y", "x", "y"], "gmv": [0.0, 0.0, 1.0, 3.0]}
    empty = case(spec("grouped_bar", series="status"), (CATEGORY, ColumnLabel("Status"), GMV), rows)
    drawn = empty.draw(stack="percent")
    assert [list(trace.y) for trace in drawn.data] == [[0.75], [0.25]]


def test_a_category_that_one_series_lacks_keeps_its_place() -> None:
    rows = {"category": ["a", "b", "c", "a", "c"], "status": ["x", "x", "x", "y", "y"], "gmv": [9.0, 9, 9, 1, 2]}
    gaps = case(spec("grouped_bar", series="status"), (CATEGORY, ColumnLabel("Status"), GMV), rows)
    drawn = gaps.draw()
    assert list(drawn.layout.xaxis.ticktext) == ["a", "b", "c"]
    assert list(drawn.data[1].x) == [0, 2]


def test_bars_along_time_stand_upright_with_few_dates_below() -> None:
    drawn = results.months().draw(kind="bar")
    assert drawn.data[0].orientation == "v"
    assert list(drawn.layout.xaxis.ticktext) == ["Jan 2025", "Apr 2025", "Jul 2025", "Oct 2025"]


def test_a_log_scale_draws_dots_in_the_place_of_bars() -> None:
    drawn = results.categories().draw(log=True)
    assert {trace.type for trace in drawn.data} == {"scatter"}
    assert drawn.layout.yaxis.type == "log"
    assert results.months().draw(log=True).layout.yaxis.type == "log"


def test_several_measures_go_by_their_titles() -> None:
    assert names_of(results.categories().draw(y=("gmv", "fees"))) == ["GMV", "Fees"]


def test_areas_stand_on_one_another_with_a_point_at_every_time() -> None:
    chosen = results.months_by_category()
    table = chosen.result.table.slice(1)  # the first series lacks its first month
    drawn = figure(chosen.chart(kind="area"), table)
    assert {trace.stackgroup for trace in drawn.data} == {"all"}
    assert {len(trace.x) for trace in drawn.data} == {12}
    assert 0.0 in [trace.y[0] for trace in drawn.data]


def test_a_pie_says_what_its_parts_come_to() -> None:
    drawn = results.categories(3).draw(kind="pie")
    assert drawn.layout.annotations[0].text.startswith("<b>€60</b>")
    assert "these 3 together" in drawn.layout.annotations[0].text
    assert drawn.data[0].text[2] == "c2<br>50.0 %"


def test_points_have_both_measures_and_their_name_in_the_hover_text() -> None:
    drawn = results.categories().draw(kind="scatter", x="orders", y=("gmv",))
    assert drawn.data[0].customdata[0] == "c0<br>Orders: <b>100</b><br>GMV: <b>€10.00</b>"
    assert (drawn.layout.xaxis.title.text, drawn.layout.yaxis.title.text) == ("Orders", "GMV")


def test_points_of_a_category_have_its_colour_and_shape() -> None:
    drawn = results.prices().draw(kind="scatter", colour="category")
    assert sorted(names_of(drawn)) == ["c0", "c1", "c2", "c3"]
    assert len({trace.marker.color for trace in drawn.data}) == len({trace.marker.symbol for trace in drawn.data}) == 4


@pytest.mark.parametrize(
    "values", [[1.0, 2.5, 9.99, 10.0], [3.0] * 5, [-4.5, 0.0, 4.5], [float(i) for i in range(100)]]
)
def test_every_value_lies_in_one_bin(values: list[float]) -> None:
    edges, counts = bins(values)
    assert sum(counts) == len(values)
    assert len(edges) == len(counts) + 1
    assert edges[0] <= min(values)
    assert edges[-1] >= max(values)


def test_whole_numbers_are_not_cut_between() -> None:
    edges, _ = bins([float(i % 4) for i in range(100)])
    assert all(edge == int(edge) for edge in edges)


def test_a_histogram_counts_the_rows_of_each_bin() -> None:
    drawn = results.prices().draw(kind="histogram")
    assert sum(drawn.data[0].y) == 200
    assert "€" in drawn.data[0].customdata[0]


def test_a_box_has_quartiles_whiskers_and_what_lies_beyond() -> None:
    box = box_of("", [1.0, 2.0, 3.0, 4.0, 5.0, 100.0])
    assert (box.median, box.low, box.high, box.beyond) == (3.5, 1.0, 5.0, (100.0,))


def test_outliers_that_are_not_drawn_are_counted() -> None:
    far = [float(i) for i in range(1_000)] + [1e6 + i for i in range(150)]
    chosen = case(None, (ColumnLabel("Price"),), {"price": far})
    drawn = chosen.draw(kind="box")
    assert len(drawn.data[1].x) == MAX_OUTLIERS
    assert "150 beyond the whiskers, the 100 furthest drawn" in drawn.data[2].customdata[0]


def test_a_map_is_shaded_by_code_and_named_in_words() -> None:
    drawn = results.countries(["DE", "FR", "US", "MT"]).draw(kind="map")
    assert list(drawn.data[0].locations) == ["DEU", "FRA", "USA"]
    assert drawn.data[0].customdata[2] == "United States<br><b>€3.00</b>"


def test_europe_alone_fills_its_map() -> None:
    assert results.countries(["DE", "FR"]).draw(kind="map").layout.geo.projection.type == "mercator"
    assert results.countries(["DE", "US"]).draw(kind="map").layout.geo.projection.type == "natural earth"


def test_the_shapes_that_ship_hold_every_country_that_is_not_told_to_be_too_small() -> None:
    shapes = json.loads(SHAPES.read_text(encoding="utf-8"))
    drawn = {each.get("id") for each in shapes["objects"]["countries"]["geometries"]}
    for code in TOO_SMALL:
        assert code not in drawn
    for code in drawn - {None}:
        assert country_name(code) != code, code
    assert SHAPES.with_name("LICENSE-world_110m.txt").is_file()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("DE", "DEU"), ("DEU", "DEU"), ("Germany", "DEU"), (" côte d’ivoire ", "CIV"), ("Türkiye", "TUR"),
        ("UK", "GBR"), ("de", ""), ("Korea", ""), ("Congo", ""), ("XX", ""), (None, ""), (7, ""),
    ],
)  # fmt: skip
def test_countries_are_known_by_code_and_by_name(value: object, code: str) -> None:
    assert alpha3(value) == code


def test_every_country_has_codes_and_a_name_of_its_own() -> None:
    rows = [entry.split(" ", 2) for entry in " ".join(TABLE.split()).split("; ")]
    assert len(rows) == 249
    for place, length in ((0, 2), (1, 3)):
        assert {len(row[place]) for row in rows} == {length}
    for place in range(3):
        assert len({row[place] for row in rows}) == 249
    for two, three, name in rows:
        assert alpha3(two) == alpha3(three) == alpha3(name) == three


def test_numbers_stand_in_their_own_units() -> None:
    drawn = results.one_row().draw()
    assert [each.text.split("</b>")[0] for each in drawn.layout.annotations] == ["<b>€4,301,200.50", "<b>51,234"]


def test_numbers_that_are_none_are_left_out_of_every_kind() -> None:
    values = [float("nan"), float("inf"), None, *map(float, range(1, 28))]
    chosen = case(None, (CATEGORY, ColumnLabel("Price"), ColumnLabel("Bids")),
                  {"category": ["a"] * 30, "price": values, "bids": [float(i) for i in range(30)]})  # fmt: skip
    assert sum(chosen.draw(kind="histogram").data[0].y) == 27
    assert len(chosen.draw(kind="scatter", x="price").data[0].x) == 27


def test_decimals_are_numbers() -> None:
    money = pa.array([Decimal("1.50"), Decimal("2.50")], pa.decimal128(10, 2))
    assert case(spec(), (CATEGORY, GMV), {"category": ["a", "b"], "gmv": money}).draw().data[0].y == (1.5, 2.5)


@pytest.mark.parametrize("kind", ["bar", "pie", "scatter", "box", "map"])
def test_no_value_acts_as_markup(kind: Any) -> None:
    evil = "<img src=x onerror=alert(1)>"
    rows = {"country": ["DE", "FR", *[evil] * 2] * 10, "gmv": [float(i + 1) for i in range(40)], "n": [1.0, 2.0] * 20}
    label = ColumnLabel("Country<script>", description=evil)
    chosen = case(None, (label, ColumnLabel(evil), ColumnLabel("n")), rows)
    if kind in ("bar", "pie", "map"):
        few = {"country": ["DE", "FR", evil, *"IT ES PL NL SE DK".split()][: 9 if kind == "map" else 3]}
        chosen = case(spec("bar", "country"), (label, ColumnLabel(evil)), few | {"gmv": [1.0] * len(few["country"])})
        if kind == "map":
            chosen = replace(chosen, spec=replace(chosen.spec, y_title=evil))  # type: ignore[type-var]
    text = chosen.draw(kind=kind).to_json().replace("\\u003c", "<").replace("\\u003e", ">")
    assert "<img" not in text
    assert "<script" not in text


def test_months_stand_in_their_order_also_where_the_first_series_lacks_some() -> None:
    rows = {"month": ["2025-02", "2025-01", "2025-03"], "category": ["a", "b", "b"], "gmv": [9.0, 1.0, 1.0]}
    gaps = case(spec("grouped_bar", "month", series="category", grain="month"),
                (ColumnLabel("Month"), CATEGORY, GMV), rows)  # fmt: skip
    drawn = gaps.draw(kind="bar", stack="stacked")
    assert list(drawn.layout.xaxis.ticktext) == ["Jan 2025", "Feb 2025", "Mar 2025"]


def test_a_line_breaks_where_its_series_has_no_value() -> None:
    rows = {"month": [*results.MONTHS, results.MONTHS[0], results.MONTHS[11]],
            "category": ["a"] * 12 + ["b"] * 2, "gmv": [5.0] * 12 + [1.0, 2.0]}  # fmt: skip
    gaps = case(spec("multi_line", "month", series="category", grain="month"),
                (ColumnLabel("Month"), CATEGORY, GMV), rows)  # fmt: skip
    broken = next(trace for trace in gaps.draw().data if trace.name == "b")
    assert list(broken.y) == [1.0, *[None] * 10, 2.0]
    assert broken.connectgaps is False
