"""A plan in words: nothing is silently unsaid, and what is said is plain English."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given, settings

from nl2sql.plan.base import (
    Against,
    AnyOf,
    Column,
    Comparison,
    Derived,
    Dimension,
    During,
    Exists,
    FieldRef,
    Fold,
    Having,
    Measure,
    Named,
    Negation,
    Order,
    Part,
    QueryPlan,
    Related,
    RoleHolds,
    Span,
    Under,
)
from nl2sql.plan.periods import Period, period_of
from nl2sql.plan.words import Wording
from tests.unit.plan.generated import plans
from tests.unit.plan.house import GRAPH, MODEL
from tests.unit.plan.mutants import mutants

WORDING = Wording(MODEL, GRAPH)
COUNT = Measure("count", "number_of_orders")
TOTAL = Measure("agg", "total", "sum", FieldRef((), "orders", "total"))
TURNOVER = Measure("metric", "turnover", metric="turnover")
ORDERED = FieldRef((), "orders", "ordered_at")
MONTH = Dimension("month", ORDERED, "month")
SELLER = Dimension("seller", FieldRef(("order_seller",), "people", "name"), entity=True)
IN_2025 = period_of(date(2025, 1, 1), date(2026, 1, 1))


@settings(max_examples=60)
@given(plans())
def test_a_plan_of_which_one_part_differs_reads_differently(plan: QueryPlan) -> None:
    said = WORDING.of(plan)
    for other in mutants(plan):
        if _meant(other) != _meant(plan):
            assert WORDING.of(other) != said, other


def _meant(plan: QueryPlan) -> QueryPlan:
    """Without what changes no answer: an order by the first measure is the order where none is named."""
    first = plan.measures[0].name if plan.measures else ""
    named = {m.name for m in plan.measures} | {d.name for d in plan.dimensions}
    having = tuple(
        replace(h, column="" if h.column == first or h.column not in named else h.column) for h in plan.having
    )
    order = plan.order
    if order is not None and (order.column == first or order.column not in named):
        order = replace(order, column="")
    conditions = tuple(dict.fromkeys(plan.conditions))
    return replace(plan, order=order, having=tuple(dict.fromkeys(having)), conditions=conditions)


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (QueryPlan("orders", (COUNT,)), "number of orders"),
        (
            QueryPlan("orders", (TURNOVER,), (SELLER,), order=Order(True), limit=10),
            "turnover by seller; only the 10 highest",
        ),
        (
            QueryPlan("orders", (TURNOVER,), (SELLER,), order=Order(False), limit=1),
            "turnover by seller; only the lowest",
        ),
        (
            QueryPlan("orders", (TURNOVER,), (MONTH, SELLER), order=Order(True), limit=3, within=("month",), ties=True),
            "turnover by month of order date and seller; only the 3 highest for each month, "
            "with all that equal the last of them",
        ),
        (
            QueryPlan("orders", (TOTAL, COUNT), (SELLER,), order=Order(True, column="number_of_orders")),
            "total total and number of orders by seller; by number of orders, highest first",
        ),
        (
            QueryPlan(
                "orders", (COUNT,), conditions=(During(ORDERED, IN_2025), Named((), "orders", "late", negated=True))
            ),
            "number of orders; order date in 2025; not late orders",
        ),
        (
            QueryPlan("orders", (COUNT,), conditions=(During(ORDERED, Period(date(2025, 3, 1), None, "last spring")),)),
            "number of orders; order date last spring (since 1 March 2025)",
        ),
        (
            QueryPlan(
                "lines",
                (COUNT,),
                conditions=(Comparison(FieldRef(("line_order",), "orders", "status"), "=", ("new",)),),
            ),
            "number of order lines; order status is new",
        ),
        (
            QueryPlan(
                "orders",
                (COUNT,),
                conditions=(Comparison(FieldRef(("order_seller", "person_home"), "places", "name"), "=", ("Lyss",)),),
            ),
            "number of orders; home name of the seller is Lyss",
        ),
        (
            QueryPlan("orders", (COUNT,), (Dimension("place", FieldRef(("order_to",), "places", "name")),)),
            "number of orders by place name (by order to)",
        ),
        (
            QueryPlan("people", (COUNT,), conditions=(Exists(("-order_buyer",), "orders", (), False, ">=", 3),)),
            "number of people; with at least 3 orders as buyer",
        ),
        (
            QueryPlan(
                "people",
                (COUNT,),
                conditions=(Exists(("-order_buyer",), "orders", (Named((), "orders", "paid"),), True),),
            ),
            "number of people; without orders as buyer (paid orders)",
        ),
        (
            QueryPlan("people", columns=(Column("orders", Related(("-order_buyer",), "orders", "count")),)),
            "list of people: number of orders as buyer per person",
        ),
        (
            QueryPlan(
                "orders", (Measure("agg", "x", "avg", Span(ORDERED, FieldRef((), "orders", "sent_at"), "hours")),)
            ),
            "average time from order date to shipping date, in hours",
        ),
        (
            QueryPlan(
                "orders",
                (Measure("agg", "p", "percentile", FieldRef((), "orders", "total"), percentile=Decimal("0.9")),),
            ),
            "90th percentile of total",
        ),
        (
            QueryPlan("orders", (COUNT,), (Dimension("day", Part(ORDERED, "weekday")),)),
            "number of orders by day of the week of order date",
        ),
        (
            QueryPlan("orders", (COUNT,), (Dimension("t", FieldRef((), "orders", "total"), width=Decimal(50)),)),
            "number of orders by total in steps of 50",
        ),
        (
            QueryPlan("orders", (TURNOVER,), (SELLER,), derived=(Derived("s", "share", "turnover"),)),
            "turnover and its share of the total by seller",
        ),
        (
            QueryPlan(
                "orders",
                (TURNOVER,),
                (MONTH,),
                derived=(Derived("g", "growth", "turnover", along="month", periods=12),),
            ),
            "turnover and its growth against 12 months before by month of order date",
        ),
        (
            QueryPlan(
                "orders",
                (
                    replace(COUNT, name="part", conditions=(Named((), "orders", "late"),), hidden=True),
                    replace(COUNT, hidden=True),
                ),
                derived=(Derived("share", "ratio", "part", "number_of_orders"),),
                having=(Having(">", "0.5", "share"),),
            ),
            "share of orders that are late; only where that is above 50%",
        ),
        (
            QueryPlan("orders", (TURNOVER,), (MONTH,), fold=Fold("average", "avg", "turnover")),
            "turnover by month of order date; then the average of that over these rows",
        ),
        (
            QueryPlan("orders", (TURNOVER,), (MONTH,), beside=(QueryPlan("lines", (Measure("count", "lines"),)),)),
            "turnover by month of order date; beside it, number of order lines",
        ),
        (
            QueryPlan("orders", (TURNOVER,), (SELLER,), having=(Having(">=", "500"),)),
            "turnover by seller; only where that is at least 500 CHF",
        ),
        (
            QueryPlan("orders", columns=(Column("status", FieldRef((), "orders", "status")),), distinct=True),
            "list of different statuses of orders",
        ),
        (
            QueryPlan(
                "orders",
                (COUNT,),
                conditions=(
                    AnyOf((Named((), "orders", "late"), Negation(Named((), "orders", "paid")))),
                    Against(FieldRef((), "orders", "sent_at"), "<", ORDERED),
                    RoleHolds((), "orders", "order_seller"),
                    Under(("order_to",), "places", "place_parent", "name", "Bern or Basel"),
                ),
            ),
            "number of orders; (late orders or not (paid orders)); shipping date below order date; "
            "orders with a seller; place name (by order to) is “Bern or Basel” or anything below it",
        ),
    ],
)
def test_a_plan_is_said_in_plain_words(plan: QueryPlan, words: str) -> None:
    assert WORDING.of(plan) == words
