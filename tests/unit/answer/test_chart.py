"""Which chart is chosen, and what is drawn."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pyarrow as pa
import pytest

from nl2sql.answer.axis import short_number, ticks
from nl2sql.answer.base import Answer, ChartSpec, ColumnLabel
from nl2sql.answer.figure import LOOKS, figure

Ask = Callable[..., Answer]
BY_CATEGORY = (
    "SELECT c.name AS category, SUM(l.current_bid) AS gmv FROM listings AS l "
    "JOIN categories AS c ON l.category_id = c.id GROUP BY c.name"
)
BY_TWO = BY_CATEGORY.replace("SELECT ", "SELECT STRFTIME('%Y-%m', l.closed_at) AS month, ") + ", 1"


def _chart(answered: Answer) -> ChartSpec:
    assert answered.chart is not None
    return answered.chart


def test_a_number_is_a_number(answer: Ask) -> None:
    chart = _chart(answer("SELECT SUM(current_bid) AS gmv FROM listings", {"gmv": [Decimal("5.00")]}))
    assert (chart.kind, chart.y, chart.y_format, chart.unit) == ("number", ("gmv",), "money", "EUR")


def test_time_and_measure_make_a_line(answer: Ask) -> None:
    sql = "SELECT STRFTIME('%Y-%m', placed_at) AS month, COUNT(*) AS bids FROM bids GROUP BY 1"
    chart = _chart(answer(sql, {"month": ["2025-01", "2025-02"], "bids": [1, 2]}))
    assert (chart.kind, chart.x, chart.y, chart.grain) == ("line", "month", ("bids",), "month")
    assert chart.title == "Bids by month"


def test_category_and_measure_make_bars_whose_title_tells_the_period(answer: Ask) -> None:
    sql = BY_CATEGORY.replace(" GROUP", " WHERE l.closed_at >= '2025-01-01' AND l.closed_at < '2026-01-01' GROUP")
    chart = _chart(answer(sql, {"category": ["Art", "Books"], "gmv": [1.0, 2.0]}))
    assert (chart.kind, chart.title) == ("bar", "GMV by category in 2025")


def test_more_than_thirty_bars_are_cut_to_the_largest_and_say_so(answer: Ask) -> None:
    columns = {"category": [f"c{i}" for i in range(48)], "gmv": [float(i) for i in range(48)]}
    answered = answer(BY_CATEGORY, columns)
    assert _chart(answered).title == "GMV by category: 30 largest of 48"
    drawn = figure(_chart(answered), pa.table(columns))
    assert len(drawn.data[0].x) == 30
    assert min(drawn.data[0].x) == 18.0


def test_a_second_dimension_splits_lines_and_bars(answer: Ask) -> None:
    months = [f"2025-{m:02}" for m in range(1, 7)]
    columns = {"month": months * 2, "category": ["Art"] * 6 + ["Books"] * 6, "gmv": [float(i) for i in range(12)]}
    lines = _chart(answer(BY_TWO, columns))
    assert (lines.kind, lines.x, lines.series) == ("multi_line", "month", "category")
    few = {"month": ["2025-01", "2025-02"] * 2, "category": ["Art", "Art", "Books", "Books"], "gmv": [1.0, 2, 3, 4]}
    bars = _chart(answer(BY_TWO, few))
    assert (bars.kind, bars.x, bars.series) == ("grouped_bar", "category", "month")
    assert [trace.name for trace in figure(bars, pa.table(few)).data] == ["Jan 2025", "Feb 2025"]


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT username FROM users", {"username": ["a", "b"]}),
        ("SELECT id, seller_id FROM listings", {"id": [1, 2], "seller_id": [3, 4]}),
        ("SELECT seller_id, COUNT(*) AS n FROM listings GROUP BY seller_id", {"seller_id": [1, 2], "n": [3, 4]}),
        (
            "SELECT title, closed_at, current_bid FROM listings",
            {"title": ["a", "b"], "closed_at": ["x", "y"], "current_bid": [1, 2]},
        ),
        ("SELECT title, seller_id FROM listings", {"title": ["a", "b"], "seller_id": [3, 4]}),
        ("SELECT title, current_bid FROM listings", {"title": ["a", "a"], "current_bid": [1.0, 2.0]}),
        ("SELECT title, current_bid FROM listings", {"title": [], "current_bid": []}),
    ],
)  # fmt: skip
def test_lists_ids_and_ambiguous_names_have_no_chart(answer: Ask, sql: str, columns: dict[str, object]) -> None:
    assert answer(sql, columns).chart is None


def test_measures_of_different_units_do_not_share_an_axis(answer: Ask) -> None:
    sql = "SELECT status, SUM(current_bid) AS gmv, COUNT(*) AS n FROM listings GROUP BY status"
    chart = _chart(answer(sql, {"status": ["a", "b"], "gmv": [10.0, 20.0], "n": [10, 20]}))
    assert chart.y == ("gmv",)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_figure_has_exact_numbers_in_its_hover_text(answer: Ask, theme: str) -> None:
    columns = {"category": ["Art", "Books"], "gmv": [1234.5, 2.0]}
    drawn = figure(_chart(answer(BY_CATEGORY, columns)), pa.table(columns), theme)  # type: ignore[arg-type]
    assert drawn.data[0].customdata[0] == "Art<br><b>€1,234.50</b>"
    assert drawn.layout.paper_bgcolor == LOOKS[theme].paper  # type: ignore[index]
    assert drawn.data[0].marker.color == LOOKS[theme].colours[0]  # type: ignore[index]


def test_data_cannot_put_markup_into_a_figure(answer: Ask) -> None:
    evil = "<a href='https://example.org'>Art</a>"
    columns = {"category": [evil, "Books"], "gmv": [1.0, 2.0]}
    drawn = figure(_chart(answer(BY_CATEGORY, columns)), pa.table(columns))
    assert "<a " not in drawn.to_json()
    assert "\\u003ca" not in drawn.to_json()


def test_missing_values_are_left_out_rather_than_drawn_as_zero(answer: Ask) -> None:
    sql = "SELECT STRFTIME('%Y-%m', placed_at) AS month, SUM(amount) AS total FROM bids GROUP BY 1"
    columns = {"month": ["2025-01", "2025-02", "2025-03"], "total": [1.0, None, 3.0]}
    assert list(figure(_chart(answer(sql, columns)), pa.table(columns)).data[0].y) == [1.0, 3.0]


def test_lines_are_drawn_in_order_of_time(answer: Ask) -> None:
    sql = "SELECT STRFTIME('%Y-%m', placed_at) AS month, COUNT(*) AS bids FROM bids GROUP BY 1"
    columns = {"month": ["2025-03", "2025-01", "2025-02"], "bids": [3, 1, 2]}
    assert list(figure(_chart(answer(sql, columns)), pa.table(columns)).data[0].y) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("value", "label", "text"),
    [
        (412_300, ColumnLabel("", "money", "EUR"), "€412k"),
        (1_234_567, ColumnLabel(""), "1.2M"),
        (999_950, ColumnLabel(""), "1M"),
        (9_999, ColumnLabel(""), "9,999"),
        (-1_500_000_000, ColumnLabel("", "money", "EUR"), "-€1.5bn"),
        (0.23, ColumnLabel("", "percent"), "23 %"),
        (0.005, ColumnLabel(""), "0.005"),
    ],
)
def test_axis_numbers_are_short(value: float, label: ColumnLabel, text: str) -> None:
    assert short_number(value, label) == text


def test_ticks_enclose_the_values_at_round_steps() -> None:
    assert ticks(0, 4301) == [0, 2000, 4000, 6000]
    assert ticks(0, 0) == [0, 0.25]
    assert ticks(-3, 7)[0] <= -3
