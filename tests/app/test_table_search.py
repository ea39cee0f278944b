"""The table of an answer: what a search finds, and which columns are summed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import ColumnLabel
from nl2sql.engines.base import ResultTable
from streamlit_app.showing.tables import STYLED_CELLS, matching, totals

LABELS = {
    "country": ColumnLabel("country"),
    "turnover": ColumnLabel("turnover", "money", "EUR", additive=True),
    "share": ColumnLabel("share", "percent"),
    "buyer_id": ColumnLabel("buyer", "plain"),
    "day": ColumnLabel("day", "date"),
}


def table(copies: int = 1) -> pa.Table:
    return pa.table(
        {
            "country": ["Germany", None, "Malta"] * copies,
            "turnover": pa.array([Decimal("1234.50"), Decimal("0.25"), None] * copies, pa.decimal128(8, 2)),
            "share": [0.413, 0.2, 0.0] * copies,
            "buyer_id": [1, 2, 3] * copies,
            "day": [date(2026, 6, 30), date(2026, 5, 1), None] * copies,
        }
    )


@pytest.mark.parametrize(
    ("words", "rows"),
    [("german", 1), ("€1,234.50", 1), ("1234.5", 1), ("41.3 %", 1), ("2026-05", 1), ("(", 0), ("  ", 3), ("ma", 2)],
)
def test_a_search_finds_what_is_shown_and_what_the_database_has(words: str, rows: int) -> None:
    assert matching(table(), LABELS, words).num_rows == rows


def test_a_large_table_is_searched_too() -> None:
    large = table(STYLED_CELLS)
    assert matching(large, LABELS, "MALTA").num_rows == STYLED_CELLS
    assert matching(large, LABELS, "1234.50").num_rows == STYLED_CELLS


def test_only_what_adds_up_is_summed_and_to_the_cent() -> None:
    assert totals(table(), LABELS) == {"Turnover": "€1,234.75"}
    assert totals(table(100_000), LABELS) == {"Turnover": "€123,475,000.00"}


def test_a_single_row_and_a_column_without_values_have_no_sum() -> None:
    assert totals(table().slice(0, 1), LABELS) == {}
    nothing = pa.table({"turnover": pa.array([None, None], pa.decimal128(8, 2))})
    assert totals(nothing, {"turnover": LABELS["turnover"]}) == {}


def test_counts_that_no_machine_integer_holds_are_summed_all_the_same() -> None:
    huge = pa.table({"n": pa.array([2**62, 2**62, 2**62], pa.int64())})
    assert totals(huge, {"n": ColumnLabel("n", additive=True)}) == {"N": f"{3 * 2**62:,}"}


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def ask(app: AppTest, pipeline: Any, rows: int, *, truncated: bool = False) -> AppTest:
    columns = (ColumnLabel("country"), replace(LABELS["turnover"]), ColumnLabel("share", "percent"))
    result = pipeline.table(rows, truncated=truncated)
    pipeline.scripts["rows"] = lambda question: replace(pipeline.answered(question), table=result, columns=columns)
    app.run()
    app.chat_input[0].set_value("rows").run()
    assert not app.exception
    return app


def test_a_long_table_has_a_search_that_says_how_many_rows_match(app: AppTest, pipeline: Any) -> None:
    ask(app, pipeline, 40)
    app.text_input(key="table-1-search").set_value("Country 1").run()
    assert "10 of 40 rows match" in shown(app)
    assert len(app.dataframe[0].value) == 10
    assert "Sum of these 10 rows" in shown(app)
    assert len(pipeline.asked) == 1


def test_a_search_that_finds_nothing_says_so_and_leaves_an_empty_table(app: AppTest, pipeline: Any) -> None:
    ask(app, pipeline, 40)
    app.text_input(key="table-1-search").set_value("<b>no</b>").run()
    assert "0 of 40 rows match" in shown(app)
    assert len(app.dataframe[0].value) == 0 and "Sum of" not in shown(app)


def test_a_short_table_has_no_search(app: AppTest, pipeline: Any) -> None:
    ask(app, pipeline, 3)
    assert "table-1-search" not in {each.key for each in app.text_input}


def test_the_sum_of_a_cut_result_says_that_it_is_not_of_all(app: AppTest, pipeline: Any) -> None:
    ask(app, pipeline, 20, truncated=True)
    assert "Sum of these 20 rows alone, not of all: Turnover €" in shown(app)


def test_an_answer_whose_columns_do_not_add_up_has_no_sum(app: AppTest, pipeline: Any) -> None:
    app.run()
    app.chat_input[0].set_value("Turnover").run()
    assert "Sum of" not in shown(app)


@pytest.mark.parametrize("truncated", [False, True])
def test_a_hundred_thousand_rows_are_sent_as_they_are(app: AppTest, pipeline: Any, truncated: bool) -> None:
    large = pa.table(
        {
            "country": [f"Country {i}" for i in range(100_000)],
            "turnover": pa.array([Decimal(i) / 100 for i in range(100_000)], pa.decimal128(12, 2)),
            "share": [0.5] * 100_000,
        }
    )
    result = ResultTable(large, 100_000, truncated, 12.0)
    pipeline.table = lambda rows, **_: result
    ask(app, pipeline, 100_000)
    frame = app.dataframe[0]
    assert not frame.proto.arrow_data.HasField("styler")
    assert len(frame.value) == 100_000
