"""Plans as JSON: what is written is read back the same, and what is mistaken is told by its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nl2sql.plan.base import Comparison, Exists, FieldRef, Measure, QueryPlan, Related
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import MAX_CHARACTERS, plan_from_json, plan_to_json, plan_to_text
from nl2sql.plan.json_schema import PLAN_SCHEMA
from nl2sql.plan.validate import validate
from tests.unit.plan.generated import plans
from tests.unit.plan.house import GRAPH, MODEL

SCHEMA = jsonschema.Draft202012Validator(dict(PLAN_SCHEMA))
COUNT = {"kind": "count", "name": "orders"}


def read(value: object) -> QueryPlan:
    return plan_from_json(value, MODEL, GRAPH)


@settings(max_examples=60)
@given(plans())
def test_what_is_written_is_read_back_the_same(plan: QueryPlan) -> None:
    assert read(plan_to_json(plan)) == plan
    assert read(plan_to_text(plan)) == plan


@settings(max_examples=60)
@given(plans())
def test_plans_of_every_shape_have_no_problem(plan: QueryPlan) -> None:
    assert validate(plan, MODEL, GRAPH) == []


@settings(max_examples=60)
@given(plans())
def test_what_is_written_follows_the_schema(plan: QueryPlan) -> None:
    written = {k: v for k, v in plan_to_json(plan).items() if k != "assumptions"}
    filled = _with_nulls(written, PLAN_SCHEMA)
    SCHEMA.validate(filled)
    assert read(filled) == plan


def _with_nulls(value: Any, schema: Any) -> Any:
    """The schema wants every key; null stands for what is not needed."""
    if "$ref" in schema:
        schema = PLAN_SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]]
    if isinstance(value, list):
        items = schema.get("items") or next(s["items"] for s in schema["anyOf"] if "items" in s)
        return [_with_nulls(each, items) for each in value]
    if not isinstance(value, dict):
        return value
    for choice in schema.get("anyOf", [schema]):
        shape = PLAN_SCHEMA["$defs"][choice["$ref"].rpartition("/")[2]] if "$ref" in choice else choice
        shown = shape.get("properties", {})
        kinds = shown.get("kind", {}).get("enum", [None])
        if set(value) <= set(shown) and (value.get("kind") in kinds or "kind" not in value):
            return {k: _with_nulls(value[k], s) if k in value else None for k, s in shown.items()}
    raise AssertionError(f"{value} has no place in {schema}")


def test_the_schema_suits_structured_output() -> None:
    """Every key required, no other allowed, nothing recursive, and small enough for endpoints that limit schemas."""
    jsonschema.Draft202012Validator.check_schema(dict(PLAN_SCHEMA))
    objects = [PLAN_SCHEMA, *PLAN_SCHEMA["$defs"].values()]
    for each in objects:
        assert each["required"] == list(each["properties"]) and each["additionalProperties"] is False
    assert sum(len(each["properties"]) for each in objects) < 1_000
    for name in PLAN_SCHEMA["$defs"]:
        assert name not in _behind(name, set())


def _behind(name: str, seen: set[str]) -> set[str]:
    for other in _references(PLAN_SCHEMA["$defs"][name]):
        if other not in seen:
            seen.add(other)
            _behind(other, seen)
    return seen


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)


def test_a_path_that_has_one_shortest_way_may_be_left_out() -> None:
    plan = read(
        {
            "base": "lines",
            "measures": [{"kind": "count", "name": "n"}],
            "conditions": [
                {
                    "kind": "compare",
                    "field": {"dataset": "orders", "field": "status"},
                    "operator": "=",
                    "values": ["new"],
                }
            ],
        }
    )
    assert plan.conditions == (Comparison(FieldRef(("line_order",), "orders", "status"), "=", ("new",)),)


def test_related_rows_are_found_behind_their_only_relationship() -> None:
    related = {
        "kind": "related",
        "dataset": "lines",
        "function": "sum",
        "field": {"dataset": "lines", "field": "pieces"},
    }
    plan = read({"base": "orders", "columns": [{"name": "pieces", "value": related}]})
    assert plan.columns[0].value == Related(("-line_order",), "lines", "sum", FieldRef((), "lines", "pieces"))
    nested = {
        "kind": "exists",
        "dataset": "lines",
        "conditions": [{"kind": "filter", "dataset": "orders", "filter": "late"}],
    }
    exists = read({"base": "orders", "measures": [COUNT], "conditions": [nested]}).conditions[0]
    assert isinstance(exists, Exists) and exists.path == ("-line_order",)
    assert exists.conditions[0].path == ("line_order",)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{", "The plan is not valid JSON: line 1, column 2."),
        ("[" * 50_000, "The plan is not valid JSON."),
        (" " * (MAX_CHARACTERS + 1), "The plan is longer than 100,000 characters."),
        ("null", "plan: this cannot be empty."),
        ([1], "plan: an object with keys belongs here, not “[1]”."),
        ({"base": "orders", "measure": []}, "plan: “measure” is not a key here; there are base, measures,"),
        ({"measures": [COUNT]}, "plan: the key “base” is missing."),
        ({"base": "order"}, "base: there is no dataset “order”; there are people, orders, lines, places."),
        ({"base": "orders", "measures": [{"name": "x"}]}, "measures[0]: the key “kind” is missing."),
        (
            {"base": "orders", "measures": [{"kind": "sum", "name": "x"}]},
            "measures[0].kind: “sum” may not stand here; there are “count”, “distinct”, “agg”, “metric”.",
        ),
        ({"base": "orders", "measures": [COUNT], "limit": "10"}, "limit: a whole number belongs here, not “10”."),
        ({"base": "orders", "measures": [COUNT], "limit": True}, "limit: a whole number belongs here, not “true”."),
        ({"base": "orders", "measures": [COUNT], "ties": 1}, "ties: true or false belongs here, not “1”."),
        ({"base": "orders", "conditions": {"kind": "any"}}, "conditions: a list belongs here"),
        ({"base": "orders", "conditions": [{"kind": "like"}]}, "conditions[0]: “like” is no kind that may stand here;"),
        ({"base": "orders", "conditions": [{"operator": "="}]}, "conditions[0]: the key “kind” is missing; there are"),
        (
            {"base": "orders", "dimensions": [{"name": "x", "field": {"dataset": "people", "field": "town"}}]},
            "dimensions[0].field: there are several ways from orders to people; say which with “path”: "
            '["order_buyer"] or ["order_seller"].',
        ),
        (
            {"base": "people", "dimensions": [{"name": "x", "field": {"dataset": "orders", "field": "status"}}]},
            "dimensions[0].field: I see no way from people to orders.",
        ),
        (
            {"base": "people", "conditions": [{"kind": "exists", "dataset": "orders"}]},
            "conditions[0]: there are several ways from people to orders; say which with “path”: "
            '["-order_buyer"] or ["-order_seller"].',
        ),
        (
            {
                "base": "orders",
                "conditions": [
                    {
                        "kind": "during",
                        "field": {"dataset": "orders", "field": "sent_at"},
                        "period": {"start": "31.3.2025"},
                    }
                ],
            },
            "conditions[0].period.start: a day like 2025-03-31 belongs here, not “31.3.2025”.",
        ),
        (
            {
                "base": "orders",
                "dimensions": [{"name": "x", "field": {"dataset": "orders", "field": "id"}, "width": "1e9"}],
            },
            "dimensions[0].width: a plain number belongs here, not “1e9”.",
        ),
    ],
)
def test_a_mistaken_form_is_told_by_its_place(value: object, message: str) -> None:
    with pytest.raises(PlanInvalid) as told:
        read(value)
    assert told.value.message.startswith(message)


def test_conditions_that_nest_without_end_are_refused() -> None:
    nested: dict[str, Any] = {"kind": "filter", "dataset": "orders", "filter": "late"}
    for _ in range(40):
        nested = {"kind": "not", "condition": nested}
    with pytest.raises(PlanInvalid, match="nested too deeply"):
        read({"base": "orders", "measures": [COUNT], "conditions": [nested]})


JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=5)
    | st.sampled_from(["orders", "count", "field", "="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["kind", "base", "dataset", "field", "path", "conditions", "measures", "name", "values", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(max_examples=60)
@given(JUNK)
def test_nothing_but_a_sentence_comes_of_junk(value: Any) -> None:
    try:
        plan = read({"base": "orders", "measures": [COUNT], "conditions": [value]})
    except PlanInvalid as error:
        assert error.message
    else:
        validate(plan, MODEL, GRAPH)


def test_a_plan_is_written_for_people() -> None:
    plan = QueryPlan(
        "orders",
        (Measure("agg", "p90", "percentile", FieldRef((), "orders", "total"), percentile=Decimal("0.9")),),
        conditions=(Comparison(FieldRef(("order_seller",), "people", "town"), "=", ("LYS",)),),
    )
    assert json.loads(plan_to_text(plan)) == {
        "base": "orders",
        "measures": [
            {
                "kind": "agg",
                "name": "p90",
                "function": "percentile",
                "field": {"dataset": "orders", "field": "total"},
                "percentile": "0.9",
            }
        ],
        "conditions": [
            {
                "kind": "compare",
                "field": {"dataset": "people", "field": "town", "path": ["order_seller"]},
                "operator": "=",
                "values": ["LYS"],
            }
        ],
    }
