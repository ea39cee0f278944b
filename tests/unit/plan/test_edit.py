"""Edits and chips: every change that is offered is a valid plan that reads otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings

from nl2sql.plan import edit
from nl2sql.plan.base import (
    Comparison,
    Derived,
    Dimension,
    During,
    FieldRef,
    Fold,
    Having,
    Measure,
    Named,
    Order,
    QueryPlan,
    RoleHolds,
)
from nl2sql.plan.chips import Chip, additions, chips
from nl2sql.plan.periods import period_of
from nl2sql.plan.validate import validate
from nl2sql.plan.words import Wording
from tests.unit.plan.generated import plans
from tests.unit.plan.house import GRAPH, MODEL

TODAY = date(2026, 6, 30)
WORDING = Wording(MODEL, GRAPH)
ORDERED = FieldRef((), "orders", "ordered_at")
IN_2025 = During(ORDERED, period_of(date(2025, 1, 1), date(2026, 1, 1)))
MONTH = Dimension("month", ORDERED, "month")
BUYER = Dimension("buyer", FieldRef(("order_buyer",), "people", "name"), entity=True)
COUNT = Measure("count", "orders")
TURNOVER = Measure("metric", "turnover", metric="turnover")
PLAN = QueryPlan(
    "orders",
    (TURNOVER, COUNT),
    (MONTH, BUYER),
    (IN_2025, Named((), "orders", "late")),
    (Having(">", "100"), Having(">", "2", "orders")),
    Order(True),
    10,
    ("month",),
    derived=(Derived("growth", "growth", "turnover", along="month"),),
    assumptions=("Top 10, as no number was given.",),
)


@settings(max_examples=50)
@given(plans())
def test_every_change_that_a_chip_offers_is_valid_and_reads_otherwise(plan: QueryPlan) -> None:
    said = WORDING.of(plan)
    offered = list(chips(plan, MODEL, GRAPH, TODAY))
    changes = [c.plan for chip in offered for c in chip.alternatives] + [c.removed for c in offered if c.removed]
    changes += [c.plan for c in additions(plan, MODEL, GRAPH)]
    for changed in changes:
        assert validate(changed, MODEL, GRAPH) == []
        assert WORDING.of(changed) != said


def found(plan: QueryPlan, kind: str) -> list[Chip]:
    return [chip for chip in chips(plan, MODEL, GRAPH, TODAY) if chip.kind == kind]


def test_the_chips_stand_in_the_order_of_the_sentence() -> None:
    assert [(chip.kind, chip.text) for chip in chips(PLAN, MODEL, GRAPH, TODAY)] == [
        ("measure", "turnover"),
        ("measure", "number of orders"),
        ("dimension", "by month of order date"),
        ("dimension", "by buyer"),
        ("time", "order date in 2025"),
        ("filter", "late orders"),
        ("order", "by turnover, highest first"),
        ("limit", "first 10"),
    ]


def test_a_period_offers_those_around_today() -> None:
    (time,) = found(PLAN, "time")
    texts = {c.text: c.plan.conditions[0] for c in time.alternatives}
    assert texts["last month"] == During(ORDERED, period_of(date(2026, 5, 1), date(2026, 6, 1)))
    assert texts["last 30 days"] == During(ORDERED, period_of(date(2026, 6, 1), date(2026, 7, 1)))
    assert "last year" not in texts  # it is what there is
    assert time.removed is not None and time.removed.conditions == PLAN.conditions[1:]


def test_a_filter_offers_its_opposite_and_the_others_of_its_dataset() -> None:
    (late,) = found(PLAN, "filter")
    assert [c.text for c in late.alternatives] == ["not late orders", "paid orders"]
    town = QueryPlan(
        "people", (Measure("count", "n"),), conditions=(Comparison(FieldRef((), "people", "town"), "=", ("LYS",)),)
    )
    (chip,) = found(town, "filter")
    assert [c.text for c in chip.alternatives] == ["town is not LYS", "town is BRN"]


def test_grouping_by_a_role_with_a_condition_lets_the_condition_hold() -> None:
    offered = {c.text: c.plan for c in additions(QueryPlan("orders", (COUNT,)), MODEL, GRAPH)}
    assert offered["by buyer"].conditions == ()
    assert offered["by seller"].conditions == (RoleHolds((), "orders", "order_seller"),)
    assert not any("secret" in text for text in offered)


def test_another_measure_takes_the_place_of_the_only_one() -> None:
    plan = QueryPlan("orders", (COUNT,), (MONTH,), having=(Having(">", "2"),), order=Order(True, column="orders"))
    (chip,) = found(plan, "measure")
    swapped = {c.text: c.plan for c in chip.alternatives}["turnover"]
    assert (swapped.measures, swapped.having, swapped.order) == ((TURNOVER,), (), Order(True, column="turnover"))
    assert chip.removed is None


def test_what_referred_to_a_removed_dimension_goes_with_it() -> None:
    without = edit.remove_dimension(PLAN, "month")
    assert (without.dimensions, without.derived, without.within, without.limit) == ((BUYER,), (), (), 10)
    assert validate(without, MODEL, GRAPH) == []
    bare = edit.remove_dimension(without, "buyer")
    assert (bare.order, bare.limit, bare.having) == (None, None, ())
    folded = replace(PLAN, derived=(), fold=Fold("f", "avg", "turnover", ("month",)))
    kept = edit.remove_dimension(folded, "month").fold
    assert kept is not None and kept.keep == ()


def test_what_referred_to_a_removed_measure_goes_with_it() -> None:
    without = edit.remove_measure(PLAN, "turnover")
    assert (without.measures, without.derived, without.order, without.limit) == ((COUNT,), (), None, None)
    assert without.having == (Having(">", "2", "orders"),)
    assert validate(without, MODEL, GRAPH) == []


def test_another_grain_renames_what_refers_to_it() -> None:
    weekly = edit.with_grain(PLAN, "month", "week")
    assert (weekly.dimensions[0].name, weekly.within, weekly.derived[0].along) == ("week", ("week",), "week")
    assert validate(weekly, MODEL, GRAPH) == []


def test_a_period_changes_in_the_plans_beside_as_well() -> None:
    packed = FieldRef((), "lines", "packed_at")
    beside = QueryPlan("lines", (Measure("count", "lines"),), conditions=(During(packed, IN_2025.period),))
    plan = QueryPlan("orders", (COUNT,), conditions=(IN_2025,), beside=(beside,))
    may = period_of(date(2026, 5, 1), date(2026, 6, 1))
    changed = edit.with_period(plan, IN_2025, may)
    assert changed.conditions == (During(ORDERED, may),)
    assert changed.beside[0].conditions == (During(packed, may),)
    assert edit.remove_condition(plan, IN_2025).beside[0].conditions == ()


def test_an_edit_leaves_no_assumption_of_the_question_behind() -> None:
    assert edit.with_limit(PLAN, 5).assumptions == ()
    assert edit.remove_condition(PLAN, IN_2025).assumptions == ()


def test_all_rows_need_no_ranks_within_groups() -> None:
    shown = edit.with_limit(PLAN, None)
    assert (shown.limit, shown.within, shown.ties) == (None, (), False)
