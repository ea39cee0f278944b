"""What the SQL looks like, what is refused, and what texts can do to it."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import sqlglot
from hypothesis import given
from hypothesis import strategies as st
from sqlglot import exp

from nl2sql.answer.receipt import read_receipt
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.labels import labels_of
from nl2sql.plan.base import (
    Comparison,
    Derived,
    Dimension,
    Exists,
    FieldRef,
    Fold,
    Having,
    Measure,
    Operator,
    Order,
    QueryPlan,
    Related,
    Under,
)
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.writers.base import Origin, SqlDraft
from tests.unit.plan.compile.market import GRAPH, MODEL
from tests.unit.plan.compile.plans import (
    COUNT,
    MEDIAN,
    MONTH,
    NOTE,
    PIECES,
    PLANS,
    PRICE,
    REFUNDS,
    SHOP,
    TOTAL,
    TOWN,
    sales,
)


def tree(plan: QueryPlan, dialect: str = "sqlite") -> exp.Expr:
    return sqlglot.parse_one(compile_plan(plan, MODEL, GRAPH, dialect), read=dialect)


@pytest.mark.parametrize(
    "name", ["count", "several measures", "first of all", "metric", "a share of a whole", "share", "by month", "list"]
)
def test_a_plan_that_one_select_can_say_is_one_select(name: str) -> None:
    assert len(list(tree(PLANS[name]).find_all(exp.Select))) == 1


def test_related_rows_that_are_asked_for_twice_are_aggregated_once() -> None:
    query = tree(PLANS["related values listed"])
    assert [cte.alias for cte in query.find_all(exp.CTE)] == ["pieces_by_sale_id", "pieces_by_sale_id_2"]


def test_no_table_of_a_many_side_is_joined_before_it_is_aggregated() -> None:
    query = tree(PLANS["related under a condition"])
    assert isinstance(query, exp.Select)
    assert [join.this.name for join in query.args["joins"]] == ["pieces_by_sale_id"]


def test_plans_beside_over_the_same_rows_share_their_select() -> None:
    beside = sales(TOTAL, by=(SHOP,), beside=(sales(COUNT, by=(SHOP,)),))
    assert len(list(tree(beside).find_all(exp.Select))) == 1


@pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS)
def test_the_receipt_can_be_read_off_every_plan(plan: QueryPlan) -> None:
    verdict = check(SqlDraft(compile_plan(plan, MODEL, GRAPH, "sqlite"), Origin("offline")), MODEL, Policy(), "sqlite")
    assert isinstance(verdict, CheckedSql)
    receipt = read_receipt(verdict.tree, labels_of(MODEL), date(2026, 6, 30), dialect="sqlite")
    assert any(line.kind in ("measure", "columns", "note", "source") for line in receipt.lines)


REFUSED: dict[str, QueryPlan] = {
    "a column that is not there": sales(COUNT, by=(SHOP,), derived=(Derived("share", "share", "gone"),)),
    "a group that is not there": sales(
        COUNT, by=(SHOP,), derived=(Derived("s", "share", COUNT.name, within=("town",)),)
    ),
    "growth without dates": sales(COUNT, by=(SHOP,), derived=(Derived("growth", "growth", COUNT.name),)),
    "two columns of one name": sales(COUNT, replace(TOTAL, name=COUNT.name)),
    "a bound that is no number": sales(COUNT, by=(SHOP,), having=(Having(">", "1 OR 1=1"),)),
    "a percentile without a share": sales(replace(MEDIAN, function="percentile")),
    "a percentile above all": sales(replace(MEDIAN, function="percentile", percentile=Decimal("1.5"))),
    "buckets of no width": sales(COUNT, by=(Dimension("price", PRICE, width=Decimal(0)),)),
    "groups that differ": sales(COUNT, by=(TOWN,), beside=(REFUNDS,)),
    "a fold over nothing": sales(COUNT, by=(TOWN,), fold=Fold("f", "avg", COUNT.name, ("month",))),
    "text in a number": sales(conditions=(Comparison(PRICE, "contains", ("1",)),)),
    "a way back after a way on": sales(
        Measure("agg", "m", "sum", Related(("-piece_sale", "piece_sale", "-piece_sale"), "pieces", "count"))
    ),
    "no tree": sales(conditions=(Under((), "sales", "sale_shop", "status", "x"),)),
    "a count of nothing known": sales(conditions=(Exists(("-piece_sale",), "pieces", operator="in"),)),
    "a list of nothing": QueryPlan("sales"),
    "the first of what is not shown": replace(PLANS["the first rows of each"], within=("town",)),
    "a backward field": sales(Measure("agg", "m", "sum", FieldRef(("-piece_sale",), "pieces", "weight"))),
}


@pytest.mark.parametrize("plan", REFUSED.values(), ids=REFUSED)
def test_what_a_plan_cannot_mean_is_refused_with_a_sentence(plan: QueryPlan) -> None:
    with pytest.raises(PlanInvalid) as refused:
        compile_plan(plan, MODEL, GRAPH, "sqlite")
    assert refused.value.message.endswith((".", "?"))


@pytest.mark.parametrize("dialect", ["oracle", "tsql"])
def test_a_dialect_without_words_for_something_is_refused(dialect: str) -> None:
    with pytest.raises(PlanInvalid):
        compile_plan(sales(COUNT, by=(MONTH,)), MODEL, GRAPH, dialect)


def test_groups_come_in_the_order_that_was_asked_for() -> None:
    plan = sales(COUNT, TOTAL, by=(MONTH,), order=Order(descending=True, column="month"))
    (key,) = tree(plan).args["order"].expressions
    assert key.sql("sqlite") == "month DESC"


PIECES_OF_TEXT = ["'", "''", "\\", "%", "_", "!", "!%", "--", "/*", ";", '"', "a", "A", "é", " "]
TEXTS = st.lists(st.sampled_from(PIECES_OF_TEXT), min_size=1, max_size=5).map("".join)


@given(stored=TEXTS, sought=TEXTS, operator=st.sampled_from(["contains", "not contains", "starts with", "ends with"]))
def test_a_text_is_found_as_it_stands(stored: str, sought: str, operator: Operator) -> None:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE sales (id INTEGER, note TEXT, status TEXT)")
    connection.execute("INSERT INTO sales VALUES (1, ?, 'kept')", (stored,))
    plan = sales(COUNT, conditions=(Comparison(NOTE, operator, (sought,)),))
    found = connection.execute(compile_plan(plan, MODEL, GRAPH, "sqlite")).fetchone() == (1,)
    connection.close()
    text, part = stored.lower(), sought.lower()
    meant = {"starts with": text.startswith(part), "ends with": text.endswith(part), "contains": part in text}
    assert found == meant.get(operator, part not in text)


@pytest.mark.parametrize("dialect", ["sqlite", "mysql", "postgres", "duckdb", "bigquery"])
@given(sought=TEXTS)
def test_a_text_stays_one_literal(dialect: str, sought: str) -> None:
    plan = sales(COUNT, conditions=(Comparison(NOTE, "contains", (sought,)),))
    query = tree(plan, dialect)
    assert {type(node) for node in query.find_all(exp.Query, exp.Or, exp.Command)} <= {exp.Select}
    texts = [node for node in query.find_all(exp.Literal) if node.is_string and not isinstance(node.parent, exp.Escape)]
    assert len(texts) == 1


def test_a_count_of_related_rows_is_never_missing() -> None:
    plan = sales(Measure("agg", "least", "min", PIECES))
    assert tree(plan).find(exp.Coalesce) is not None
