"""Plans over the market that between them use everything a plan can say."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from nl2sql.plan.base import (
    Against,
    AllOf,
    AnyOf,
    Column,
    Comparison,
    Condition,
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
    Span,
    Under,
)
from nl2sql.plan.periods import Period
from tests.unit.plan.compile.market import GRAPH, ROWS
from tests.unit.plan.compile.reference import Reference, aggregated


def _paid(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if row["status"] == "paid"]


REFERENCE = Reference(
    ROWS,
    GRAPH,
    filters={"sales.paid": lambda row: row["status"] == "paid"},
    fields={"sales.paid_price": lambda row: row["price"] if row["status"] == "paid" else None},
    metrics={
        "turnover": lambda rows: aggregated("sum", [row["price"] for row in _paid(rows)]),
        "paid_rate": lambda rows: len(_paid(rows)) / len(rows) if rows else None,
        "weight": lambda rows: aggregated("sum", [row["weight"] for row in rows]),
    },
)


def ref(name: str, *path: str, of: str = "sales") -> FieldRef:
    return FieldRef(path, of, name)


PRICE, ASKED, STATUS, NOTE, SOLD_AT, SENT_AT = map(ref, ("price", "asked", "status", "note", "sold_at", "sent_at"))
SHOP = Dimension("shop", ref("name", "sale_shop", of="shops"), entity=True)
TOWN = Dimension("town", ref("town", "sale_shop", of="shops"))
MONTH = Dimension("month", SOLD_AT, grain="month")
COUNT = Measure("count", "number_of_sales")
TOTAL = Measure("agg", "total_price", "sum", PRICE)
AVERAGE = Measure("agg", "average_price", "avg", PRICE)
MEDIAN = Measure("agg", "median_price", "median", PRICE)
NINTH = Measure("agg", "ninth_decile", "percentile", PRICE, percentile=Decimal("0.9"))
CUSTOMERS = Measure("distinct", "number_of_customers", field=ref("name", "sale_customer", of="customers"))
TURNOVER = Measure("metric", "turnover", metric="turnover")
PAID_RATE = Measure("metric", "paid_rate", metric="paid_rate")
PIECES = Related(("-piece_sale",), "pieces", "count")
IN_2025 = Period(date(2025, 1, 1), date(2026, 1, 1), "in 2025")
REFUNDS = QueryPlan(
    "refunds",
    (Measure("count", "number_of_refunds"), Measure("agg", "refunded", "sum", ref("amount", of="refunds"))),
    (Dimension("month", ref("made_at", of="refunds"), grain="month"),),
)


def counted(*conditions: Condition) -> QueryPlan:
    return QueryPlan("sales", (COUNT,), conditions=conditions)


def noted(operator: Any, text: str) -> QueryPlan:
    return counted(Comparison(NOTE, operator, (text,)))


def sales(*measures: Measure, by: tuple[Dimension, ...] = (), **more: Any) -> QueryPlan:
    return QueryPlan("sales", measures or (COUNT,), by, **more)


def derived(kind: Any, of: str = "total_price", **more: Any) -> tuple[Derived, ...]:
    return (Derived("computed", kind, of, **more),)


SAME_TOWN = AnyOf(
    (
        Comparison(ref("town", "sale_shop", of="shops"), "=", ("Chur",)),
        Comparison(ref("town", "sale_customer", of="customers"), "=", ("Chur",)),
    )
)
WAITED = Span(SOLD_AT, SENT_AT, "hours")
LAST_PACKED = Related(("-piece_sale",), "pieces", "max", ref("packed_at", of="pieces"))
OPEN_PART = replace(COUNT, name="open_sales", conditions=(Comparison(STATUS, "=", ("open",)),), hidden=True)
HIDDEN_COUNT = replace(COUNT, hidden=True)

PLANS: dict[str, QueryPlan] = {
    # -- measures
    "count": sales(),
    "several measures": sales(COUNT, TOTAL, AVERAGE, CUSTOMERS, by=(SHOP,)),
    "groups without a value": sales(COUNT, AVERAGE, by=(TOWN,)),
    "first of all": sales(TOTAL, by=(SHOP,), order=Order(descending=True), limit=2),
    "median": sales(MEDIAN),
    "median of nothing": sales(MEDIAN, COUNT, conditions=(Comparison(STATUS, "=", ("stolen",)),)),
    "median by group": sales(MEDIAN, by=(Dimension("status", STATUS),)),
    "percentiles with others": sales(COUNT, MEDIAN, NINTH, TOTAL, CUSTOMERS, PAID_RATE, by=(SHOP,)),
    "percentile by month": sales(NINTH, by=(MONTH,), order=Order(descending=True), limit=3),
    "median under a condition": sales(
        replace(MEDIAN, conditions=(Comparison(STATUS, "=", ("paid",)),)), COUNT, by=(TOWN,)
    ),
    "median of a field with a condition": sales(Measure("agg", "m", "median", ref("paid_price")), COUNT),
    "median above a bound": sales(MEDIAN, by=(SHOP,), having=(Having(">", "49"),)),
    "metric": sales(TURNOVER, PAID_RATE, by=(SHOP,)),
    "metric under a condition": sales(
        replace(PAID_RATE, name="dear", conditions=(Comparison(PRICE, ">", ("45",)),)), PAID_RATE, by=(MONTH,)
    ),
    "measures under conditions": sales(
        COUNT,
        replace(CUSTOMERS, name="buyers", conditions=(Named((), "sales", "paid"),)),
        replace(AVERAGE, name="dear", conditions=(Comparison(PRICE, ">=", ("50",)),)),
        replace(TOTAL, name="from_chur", conditions=(SAME_TOWN,)),
        by=(MONTH,),
    ),
    "a share of a whole": sales(
        OPEN_PART, HIDDEN_COUNT, by=(SHOP,), derived=(Derived("open", "ratio", "open_sales", "number_of_sales"),)
    ),
    "customers where some sales have none": sales(
        COUNT, Measure("distinct", "towns", field=ref("town", "sale_customer", of="customers"))
    ),
    # -- dimensions
    **{f"by {grain}": sales(COUNT, by=(Dimension(grain, SOLD_AT, grain=grain),)) for grain in
       ("day", "week", "month", "quarter", "year")},
    **{f"by part {part}": sales(COUNT, by=(Dimension("part", Part(SOLD_AT, part)),)) for part in
       ("hour", "weekday", "day", "month", "quarter", "year")},
    "histogram": sales(COUNT, by=(Dimension("price", PRICE, width=Decimal("50")),)),
    "histogram of tenths": QueryPlan(
        "pieces",
        (Measure("count", "number_of_pieces"),),
        (Dimension("weight", ref("weight", of="pieces"), width=Decimal("0.1")),),
    ),
    "histogram of cents": sales(COUNT, by=(Dimension("price", PRICE, width=Decimal("0.25")),)),
    "histogram of counts": sales(COUNT, by=(Dimension("pieces", PIECES, width=Decimal("2")),)),
    "histogram of time": sales(COUNT, by=(Dimension("wait", WAITED, width=Decimal("12")),)),
    "two dimensions": sales(COUNT, by=(TOWN, MONTH)),
    # -- values of rows
    "by a related count": sales(COUNT, by=(Dimension("pieces", PIECES),)),
    "average of a related count": sales(Measure("agg", "pieces_each", "avg", PIECES), by=(SHOP,)),
    "related values listed": QueryPlan(
        "sales",
        columns=(
            Column("id", ref("id")),
            Column("pieces", PIECES),
            Column("weight", Related(("-piece_sale",), "pieces", "sum", ref("weight", of="pieces"))),
            Column("weights", Related(("-piece_sale",), "pieces", "distinct", ref("weight", of="pieces"))),
            Column("same_weight", Related(("-piece_sale",), "pieces", "metric", metric="weight")),
            Column("light", replace(PIECES, conditions=(Comparison(ref("weight", of="pieces"), "<", ("0.5",)),))),
            Column("last", LAST_PACKED),
            Column("town", ref("town", "sale_customer", of="customers")),
        ),
    ),
    "related over two steps": QueryPlan(
        "shops",
        columns=(
            Column("id", ref("id", of="shops")),
            Column("pieces", Related(("-sale_shop", "-piece_sale"), "pieces", "count")),
            Column("buyers", Related(("-sale_shop", "sale_customer"), "customers", "distinct",
                                     ref("name", of="customers"))),
            Column("turnover", Related(("-sale_shop",), "sales", "metric", metric="turnover")),
        ),
    ),
    "related of what it points to": sales(
        Measure("agg", "pieces_of_shop", "avg", Related(("sale_shop", "-sale_shop"), "sales", "count")), by=(TOWN,)
    ),
    "related under a condition": counted(Comparison(PIECES, ">=", ("2",))),
    "related average": counted(
        Comparison(Related(("-piece_sale",), "pieces", "avg", ref("weight", of="pieces")), "<", ("0.5",))
    ),
    "time between": sales(
        *(Measure("agg", unit, "avg", Span(SOLD_AT, SENT_AT, unit)) for unit in
          ("seconds", "minutes", "hours", "days")),
        by=(SHOP,),
    ),
    "time to a related moment": sales(Measure("agg", "packing", "max", Span(SOLD_AT, LAST_PACKED, "minutes"))),
    "time bounded": counted(Comparison(WAITED, "<=", ("24",)), Comparison(WAITED, ">", ("0",))),
    "parts listed": QueryPlan(
        "sales",
        columns=(Column("id", ref("id")), Column("hour", Part(SOLD_AT, "hour")), Column("hours", WAITED)),
        conditions=(Comparison(Part(SOLD_AT, "weekday"), "in", ("6", "7")),),
    ),
    # -- conditions
    **{f"notes that contain {text}": noted("contains", text) for text in
       ("50%", "a_b", "100!", "o'h", "\\sl", "GIFT", "%", "!%")},
    "notes that begin": noted("starts with", "gift"),
    "notes that end": noted("ends with", "Gift"),
    "notes that do not contain": noted("not contains", "off"),
    "one value against another": counted(Against(PRICE, ">", ASKED)),
    "a moment against another": counted(Against(SENT_AT, "<", SOLD_AT)),
    "a conditional value against another": counted(Against(ref("paid_price"), "<=", ASKED)),
    "not set": counted(Comparison(SENT_AT, "is null", ())),
    "a conditional value not set": counted(Comparison(ref("paid_price"), "is null", ())),
    "any of": counted(SAME_TOWN),
    "any of several kinds": counted(
        AnyOf(
            (
                AllOf((Comparison(STATUS, "=", ("open",)), Comparison(PRICE, "<", ("60",)))),
                Exists(("-refund_sale",), "refunds"),
                Comparison(PIECES, "=", ("5",)),
            )
        ),
        Comparison(ASKED, "<>", ("10",)),
    ),
    "negation of an unknown": counted(
        Negation(Comparison(ref("town", "sale_customer", of="customers"), "=", ("Bern",)))
    ),
    "negation of several": counted(Negation(AllOf((SAME_TOWN, Negation(Comparison(STATUS, "in", ("open", "lost"))))))),
    "negation of related": counted(Negation(Exists(("-piece_sale",), "pieces"))),
    "negated filter": counted(Named((), "sales", "paid", negated=True)),
    "during": sales(TOTAL, by=(MONTH,), conditions=(During(SOLD_AT, IN_2025),)),
    "under a node": counted(Under(("sale_shop", "shop_division"), "divisions", "division_parent", "name", "level 2")),
    "under a leaf": counted(Under(("sale_shop", "shop_division"), "divisions", "division_parent", "name", "level 8")),
    "not under": counted(
        Negation(Under(("sale_shop", "shop_division"), "divisions", "division_parent", "name", "level 10"))
    ),
    **{f"pieces {operator} {count}": counted(Exists(("-piece_sale",), "pieces", (), False, operator, count))
       for operator in ("=", "<>", ">", ">=", "<", "<=") for count in (0, 1, 2)},
    "without related": counted(
        Exists(("-piece_sale",), "pieces", (Comparison(ref("weight", of="pieces"), ">", ("1",)),), negated=True)
    ),
    "related over two steps exist": QueryPlan(
        "shops",
        columns=(Column("id", ref("id", of="shops")),),
        conditions=(
            Exists(("-sale_shop", "-piece_sale"), "pieces", (Comparison(ref("weight", of="pieces"), "=", ("2",)),)),
            Exists(("-sale_shop", "sale_customer"), "customers",
                   (Comparison(ref("town", of="customers"), "=", ("Genf",)),), operator=">", count=4),
        ),
    ),
    # -- derived columns
    "ratio": sales(TOTAL, COUNT, by=(SHOP,), derived=derived("ratio", by="number_of_sales")),
    "difference": sales(TOTAL, AVERAGE, by=(MONTH,), derived=derived("difference", by="average_price")),
    "growth of two": sales(TOTAL, AVERAGE, by=(MONTH,), derived=derived("growth", by="average_price")),
    **{f"{kind} by {grain}": sales(TOTAL, by=(Dimension(grain, SOLD_AT, grain=grain),), derived=derived(kind))
       for kind, grain in (("growth", "month"), ("previous", "quarter"), ("difference", "year"), ("growth", "week"),
                           ("previous", "day"))},
    "a year before": sales(TOTAL, by=(MONTH,), derived=derived("growth", along="month", periods=12)),
    "growth within": sales(TOTAL, by=(TOWN, MONTH), derived=derived("growth", within=("town",), along="month")),
    "growth of a shop": sales(TOTAL, by=(SHOP, MONTH), derived=derived("previous")),
    "the hour before": sales(
        COUNT,
        by=(Dimension("hour", Part(SOLD_AT, "hour")),),
        derived=derived("previous", "number_of_sales", along="hour"),
    ),
    "share": sales(TOTAL, by=(SHOP,), derived=derived("share"), order=Order(descending=True), limit=3),
    "share within": sales(COUNT, by=(TOWN, MONTH), derived=derived("share", "number_of_sales", within=("town",))),
    "share above a bound": sales(
        TOTAL, by=(SHOP,), derived=derived("share"), having=(Having(">", "0.2", "computed"), Having("<", "9999999"))
    ),
    "rank": sales(COUNT, by=(Dimension("day", SOLD_AT, grain="day"),), derived=derived("rank", "number_of_sales")),
    "rank within, smallest first": sales(
        TOTAL, by=(TOWN, MONTH), derived=derived("rank", within=("town",), descending=False)
    ),
    "running total": sales(TOTAL, by=(MONTH,), derived=derived("running_total", along="month")),
    "running total within": sales(COUNT, by=(SHOP, MONTH), derived=derived("running_total", "number_of_sales")),
    "moving average": sales(TOTAL, by=(MONTH,), derived=derived("moving_average", periods=3)),
    "derived of derived": sales(
        TOTAL,
        COUNT,
        by=(MONTH,),
        derived=(
            Derived("each", "ratio", "total_price", "number_of_sales", hidden=True),
            Derived("before", "previous", "each"),
            Derived("place", "rank", "before"),
            Derived("change", "difference", "each", "before"),
        ),
    ),
    # -- bounds, orders, limits
    "several bounds": sales(
        COUNT, TOTAL, by=(MONTH,), having=(Having(">=", "5"), Having("<", "3000", "total_price"))
    ),
    "bounded by a hidden measure": sales(
        TOTAL, HIDDEN_COUNT, by=(SHOP,), having=(Having(">", "20", "number_of_sales"),)
    ),
    "ordered by another column": sales(
        COUNT, TOTAL, by=(MONTH,), order=Order(descending=False, column="total_price"), limit=3
    ),
    "ordered by a hidden one": sales(
        TOTAL, HIDDEN_COUNT, by=(SHOP,), order=Order(descending=True, column="number_of_sales"), limit=2
    ),
    "ordered by a dimension": sales(COUNT, by=(MONTH,), order=Order(descending=True, column="month"), limit=4),
    "the first of each": sales(TOTAL, by=(TOWN, MONTH), order=Order(descending=True), limit=2, within=("town",)),
    "the last of each": sales(TOTAL, by=(SHOP, MONTH), order=Order(descending=False), limit=1, within=("shop",)),
    "the first of each with ties": sales(
        COUNT, by=(TOWN, Dimension("day", SOLD_AT, grain="day")), order=Order(descending=True), limit=2,
        within=("town",), ties=True,
    ),
    "the first with ties": sales(
        COUNT, by=(Dimension("day", SOLD_AT, grain="day"),), order=Order(descending=True), limit=3, ties=True
    ),
    # -- side by side
    "beside": sales(COUNT, TOTAL, by=(MONTH,), beside=(REFUNDS,)),
    "beside and derived": sales(
        TOTAL,
        by=(MONTH,),
        beside=(REFUNDS,),
        derived=(
            Derived("kept", "difference", "total_price", "refunded"),
            Derived("growth_of_refunds", "growth", "number_of_refunds", along="month"),
        ),
        having=(Having(">", "100"),),
    ),
    "three beside": sales(
        COUNT,
        by=(TOWN,),
        beside=(
            QueryPlan(
                "pieces",
                (Measure("metric", "weight", metric="weight"), Measure("count", "number_of_pieces")),
                (Dimension("town", ref("town", "piece_sale", "sale_shop", of="shops")),),
                (Comparison(ref("weight", of="pieces"), ">", ("1",)),),
            ),
            QueryPlan(
                "customers",
                (Measure("count", "number_of_customers"),),
                (Dimension("town", ref("town", of="customers")),),
            ),
        ),
    ),
    "entities beside": sales(
        TOTAL,
        by=(SHOP,),
        conditions=(Comparison(STATUS, "=", ("lost",)),),
        beside=(
            QueryPlan("shops", (Measure("count", "one"),), (Dimension("shop", ref("name", of="shops"), entity=True),)),
        ),
    ),
    "beside without groups": sales(COUNT, beside=(replace(REFUNDS, dimensions=()),)),
    "beside over the same rows": sales(TURNOVER, by=(SHOP,), beside=(sales(COUNT, MEDIAN, by=(SHOP,)),)),
    "two periods": sales(
        TOTAL,
        by=(TOWN,),
        conditions=(During(SOLD_AT, IN_2025),),
        beside=(
            sales(
                replace(TOTAL, name="before"),
                by=(TOWN,),
                conditions=(During(SOLD_AT, Period(date(2024, 1, 1), date(2025, 1, 1), "in 2024")),),
            ),
        ),
        derived=derived("growth", by="before"),
    ),
    "medians beside": sales(
        MEDIAN,
        by=(MONTH,),
        beside=(replace(REFUNDS, measures=(Measure("agg", "m", "median", ref("amount", of="refunds")),)),),
    ),
    # -- folds
    **{f"{function} of monthly totals": sales(TOTAL, by=(MONTH,), fold=Fold("folded", function, "total_price"))
       for function in ("avg", "min", "max", "sum", "median", "count")},
    "fold that keeps": sales(COUNT, by=(TOWN, MONTH), fold=Fold("folded", "median", "number_of_sales", ("town",))),
    "fold that keeps an entity": sales(
        COUNT, by=(SHOP, MONTH), fold=Fold("folded", "avg", "number_of_sales", ("shop",))
    ),
    "fold of the first": sales(
        TOTAL, by=(MONTH,), order=Order(descending=True), limit=3, fold=Fold("folded", "sum", "total_price")
    ),
    "fold of bounded groups": sales(
        COUNT, by=(SHOP, MONTH), having=(Having(">", "3"),), fold=Fold("folded", "count", "number_of_sales")
    ),
    # -- lists
    "list": QueryPlan(
        "sales",
        columns=(Column("id", ref("id")), Column("shop", ref("name", "sale_shop", of="shops")), Column("price", PRICE)),
        conditions=(Named((), "sales", "paid"),),
        order=Order(descending=True, field=PRICE),
        limit=7,
    ),
    "distinct": QueryPlan("sales", columns=(Column("status", STATUS), Column("asked", ASKED)), distinct=True),
    "the first rows of each": QueryPlan(
        "sales",
        columns=(Column("status", STATUS), Column("id", ref("id")), Column("price", PRICE)),
        order=Order(descending=True, field=PRICE),
        limit=2,
        within=("status",),
    ),
    "the first rows with ties": QueryPlan(
        "sales",
        columns=(Column("id", ref("id")), Column("pieces", PIECES)),
        order=Order(descending=True, field=PIECES),
        limit=3,
        ties=True,
    ),
}  # fmt: skip
