"""What is suggested behind an answer: other questions, each of which is valid; nothing where nothing fits."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer
from nl2sql.answer.follow_ups import MOST, follow_ups
from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, Metric, NamedFilter, SemanticModel
from nl2sql.engines.base import ResultTable
from nl2sql.plan.base import Comparison, Dimension, During, FieldRef, Measure, Named, QueryPlan
from nl2sql.plan.json_form import plan_to_text
from nl2sql.plan.periods import Period, period_of
from nl2sql.question import Question

TODAY = date(2026, 6, 30)
COUNTRIES = (FieldValue("DE", ("Germany",)), FieldValue("FR", ("France",)))
STATES = (FieldValue("late"), FieldValue("paid"))
MODEL = SemanticModel(
    "shop",
    (
        Dataset(
            "orders",
            "orders",
            (
                Field("id", "id", DataType.INTEGER),
                Field("placed_at", "placed_at", DataType.DATETIME, is_time=True),
                Field("country", "country", DataType.STRING, values=COUNTRIES),
                Field("state", "state", DataType.STRING, values=STATES),
                Field("city", "city", DataType.STRING, indexed=True),
                Field("amount", "amount", DataType.DECIMAL),
            ),
            ("id",),
            time_field="orders.placed_at",
            filters=(NamedFilter("late", "orders.state = 'late'"),),
        ),
    ),
    metrics=(Metric("turnover", "SUM(orders.amount)", DataType.DECIMAL),),
)
GRAPH = JoinGraph(MODEL)
COUNT = Measure("count", "number_of_orders")
COUNTRY = Dimension("country", FieldRef((), "orders", "country"))
PLACED = FieldRef((), "orders", "placed_at")


def during(start: date, end: date) -> During:
    return During(PLACED, period_of(start, end))


IN_2025 = during(date(2025, 1, 1), date(2026, 1, 1))


def suggested(plan: QueryPlan, columns: dict[str, Any] | None = None, asked: tuple[str, ...] = ()) -> dict[str, str]:
    """The words on the buttons, with the questions they ask."""
    table = pa.table(columns or {"n": [7]})
    answer = Answer(
        Question("Which?"), "answered", "…", table=ResultTable(table, 1000, False, 1.0), plan=plan_to_text(plan)
    )
    found = follow_ups(answer, MODEL, GRAPH, TODAY, "sqlite", asked)
    assert len(found) <= MOST
    assert len({each.question for each in found}) == len(found)
    return {each.text: each.question for each in found}


def test_a_number_of_a_year_is_compared_split_and_drawn_over_time() -> None:
    assert list(suggested(QueryPlan("orders", (COUNT,), conditions=(IN_2025,)))) == [
        "Compare with 2024",
        "By month",
        "By country",
        "By state",
    ]


def test_a_period_that_is_not_over_is_not_compared() -> None:
    this_year = during(date(2026, 1, 1), date(2027, 1, 1))
    assert not [t for t in suggested(QueryPlan("orders", (COUNT,), conditions=(this_year,))) if t.startswith("Compare")]


@pytest.mark.parametrize(
    ("start", "end", "text"),
    [
        (date(2025, 3, 1), date(2025, 4, 1), "Compare with February 2025"),
        (date(2025, 4, 1), date(2025, 7, 1), "Compare with Q1 2025"),
        (date(2026, 1, 1), date(2026, 6, 1), "Compare with 1 January 2025 to 31 May 2025"),
        (date(2026, 6, 8), date(2026, 6, 15), "Compare with 1 June 2026 to 7 June 2026"),
    ],
)
def test_the_period_before_is_the_one_that_people_mean(start: date, end: date, text: str) -> None:
    plan = QueryPlan("orders", (COUNT,), conditions=(during(start, end),))
    assert next(iter(suggested(plan))) == text


def test_the_largest_group_is_gone_into_and_the_split_is_not_repeated() -> None:
    plan = QueryPlan("orders", (COUNT,), (COUNTRY,), conditions=(IN_2025,))
    found = suggested(plan, {"country": ["FR", "DE"], "number_of_orders": [3, 9]})
    assert "Only Germany, by month" in found
    assert "By country" not in found and "Also by state" in found


def test_a_field_that_a_condition_holds_to_one_value_is_no_split() -> None:
    held = (Comparison(COUNTRY.field, "=", ("DE",)), Named((), "orders", "late"))
    found = suggested(QueryPlan("orders", (COUNT,), conditions=held))
    assert not {"By country", "By state"} & set(found)


def test_a_field_with_values_that_the_model_does_not_list_is_cut_to_the_first_ones() -> None:
    held = (Comparison(COUNTRY.field, "=", ("DE",)), Named((), "orders", "late"))
    assert "By city, the top 10" in suggested(QueryPlan("orders", (COUNT,), conditions=held))


def test_many_groups_are_cut_and_a_cut_is_made_shorter() -> None:
    rows = {"city": [f"c{n}" for n in range(20)], "number_of_orders": list(range(20))}
    city = Dimension("city", FieldRef((), "orders", "city"))
    plan = QueryPlan("orders", (COUNT,), (city,))
    assert "Only the top 5" in suggested(plan, rows)
    assert "Only the first one" in suggested(replace(plan, limit=10), rows)


@pytest.mark.parametrize(("grain", "points", "text"), [("day", 40, "By week"), ("year", 3, "By quarter")])
def test_a_series_of_too_many_or_too_few_points_changes_its_grain(grain: Any, points: int, text: str) -> None:
    plan = QueryPlan("orders", (COUNT,), (Dimension(grain, PLACED, grain),))
    rows = {grain: [f"{n}" for n in range(points)], "number_of_orders": [1] * points}
    assert text in suggested(plan, rows)


def test_what_was_asked_before_is_not_suggested_again() -> None:
    plan = QueryPlan("orders", (COUNT,), conditions=(IN_2025,))
    first = suggested(plan)
    again = suggested(plan, asked=(first["By month"],))
    assert "By month" not in again and "By country" in again


def test_what_a_role_may_not_see_is_not_suggested() -> None:
    orders = MODEL.datasets[0]
    seen = tuple(replace(each, sensitive=each.name == "country") for each in orders.fields)
    view = replace(MODEL, datasets=(replace(orders, fields=seen),))
    table = ResultTable(pa.table({"n": [7]}), 1000, False, 1.0)
    plan = plan_to_text(QueryPlan("orders", (COUNT,), conditions=(IN_2025,)))
    answer = Answer(Question("Which?"), "answered", "…", table=table, plan=plan)
    assert "By country" not in {each.text for each in follow_ups(answer, view, JoinGraph(view), TODAY, "sqlite")}


@pytest.mark.parametrize(
    "changes",
    [
        {"plan": ""},
        {"plan": "{"},
        {"plan": '{"base": "nothing"}'},
        {"outcome": "failed"},
        {"table": None},
        {"table": ResultTable(pa.table({"n": pa.array([], pa.int64())}), 1000, False, 1.0)},
    ],
)
def test_without_a_plan_or_a_row_nothing_is_suggested(changes: dict[str, Any]) -> None:
    plan = plan_to_text(QueryPlan("orders", (COUNT,), conditions=(During(PLACED, Period(None, None, "")),)))
    table = ResultTable(pa.table({"n": [7]}), 1000, False, 1.0)
    answer = replace(Answer(Question("Which?"), "answered", "…", table=table, plan=plan), **changes)
    assert follow_ups(answer, MODEL, GRAPH, TODAY, "sqlite") == ()
