"""Filters from outside a plan: added to all of it, or not at all and with a reason."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nl2sql.plan.base import (
    Comparison,
    Derived,
    Dimension,
    During,
    Exists,
    FieldRef,
    Measure,
    Part,
    QueryPlan,
    RoleHolds,
)
from nl2sql.plan.narrow import Applied, Filters, NotApplied, narrow
from nl2sql.plan.periods import Period, period_of
from nl2sql.plan.validate import validate
from tests.unit.plan.generated import plans
from tests.unit.plan.house import GRAPH, MODEL

ORDERED = FieldRef((), "orders", "ordered_at")
SENT = FieldRef((), "orders", "sent_at")
TURNOVER = QueryPlan("orders", (Measure("metric", "turnover", metric="turnover"),))
YEAR = period_of(date(2025, 1, 1), date(2026, 1, 1))
JUNE = period_of(date(2025, 6, 1), date(2025, 7, 1))
TOWNS = {"people.town": ("LYS", "BRN")}


def by_june(plan: QueryPlan) -> tuple[tuple[Applied, ...], tuple[NotApplied, ...]]:
    narrowed = narrow(plan, Filters(JUNE), MODEL, GRAPH)
    assert bool(narrowed.applied) == (narrowed.plan != plan)
    return narrowed.applied, narrowed.not_applied


def why(plan: QueryPlan, filters: Filters) -> list[str]:
    narrowed = narrow(plan, filters, MODEL, GRAPH)
    assert narrowed.plan == plan, "what is not applied changes nothing"
    return [each.why for each in narrowed.not_applied]


# -- days ------------------------------------------------------------------------------------------------------------


def test_a_plan_without_days_gets_those_of_the_filter_by_its_own_date() -> None:
    narrowed = narrow(TURNOVER, Filters(JUNE), MODEL, GRAPH)
    assert narrowed.plan.conditions == (During(ORDERED, JUNE),)
    assert narrowed.applied == (Applied("time", "order date in June 2025"),)


def test_the_days_of_a_plan_are_cut_and_not_replaced() -> None:
    plan = replace(TURNOVER, conditions=(During(SENT, YEAR),))
    half = period_of(date(2025, 12, 1), date(2026, 3, 1))
    narrowed = narrow(plan, Filters(half), MODEL, GRAPH)
    [during] = narrowed.plan.conditions
    assert isinstance(during, During)
    assert (during.field, during.period.start, during.period.end) == (SENT, date(2025, 12, 1), date(2026, 1, 1))
    assert narrowed.applied[0].words == "shipping date in December 2025"


def test_a_period_that_lies_within_the_filter_stays_as_it_was_said() -> None:
    spring = Period(date(2025, 3, 1), date(2025, 6, 1), "last spring")
    plan = replace(TURNOVER, conditions=(During(ORDERED, spring),))
    narrowed = narrow(plan, Filters(YEAR), MODEL, GRAPH)
    assert narrowed.plan.conditions == plan.conditions
    assert [each.filter for each in narrowed.applied] == ["time"]


def test_open_periods_meet_in_what_both_have() -> None:
    plan = replace(TURNOVER, conditions=(During(ORDERED, Period(date(2025, 3, 1), None, "")),))
    [during] = narrow(plan, Filters(Period(None, date(2025, 5, 1), "")), MODEL, GRAPH).plan.conditions
    assert isinstance(during, During)
    assert (during.period.start, during.period.end) == (date(2025, 3, 1), date(2025, 5, 1))


def test_a_plan_about_other_days_is_left_and_its_days_are_named() -> None:
    plan = replace(TURNOVER, conditions=(During(ORDERED, period_of(date(2024, 1, 1), date(2025, 1, 1))),))
    assert by_june(plan) == ((), (NotApplied("time", "outside", "in 2024"),))


def test_what_has_no_date_cannot_be_narrowed_by_one() -> None:
    assert why(QueryPlan("places", (Measure("count", "number"),)), Filters(JUNE)) == ["no_date"]


def test_two_dates_in_one_plan_are_not_chosen_between() -> None:
    plan = replace(TURNOVER, conditions=(During(ORDERED, YEAR),), dimensions=(Dimension("month", SENT, "month"),))
    assert by_june(plan) == ((), (NotApplied("time", "several_dates", "order date / shipping date"),))


@pytest.mark.parametrize("kind", ["growth", "difference", "previous", "running_total", "moving_average"])
def test_a_plan_that_looks_back_is_not_cut_off(kind: str) -> None:
    plan = replace(
        TURNOVER,
        dimensions=(Dimension("month", ORDERED, "month"),),
        derived=(Derived("change", kind, "turnover", along="month"),),  # type: ignore[arg-type]
    )
    assert why(plan, Filters(JUNE)) == ["compared"]


def test_two_periods_beside_each_other_are_not_cut_to_one() -> None:
    before = replace(TURNOVER, conditions=(During(ORDERED, YEAR),), measures=(Measure("count", "before"),))
    plan = replace(TURNOVER, conditions=(During(ORDERED, JUNE),), beside=(before,))
    assert why(plan, Filters(JUNE)) == ["compared"]


def test_plans_of_the_same_days_are_all_narrowed_each_by_its_own_date() -> None:
    packed = FieldRef((), "lines", "packed_at")
    lines = QueryPlan("lines", (Measure("count", "lines"),), (Dimension("month", packed, "month"),))
    plan = replace(TURNOVER, dimensions=(Dimension("month", ORDERED, "month"),), beside=(lines,))
    narrowed = narrow(plan, Filters(JUNE), MODEL, GRAPH)
    assert narrowed.plan.conditions == (During(ORDERED, JUNE),)
    assert narrowed.plan.beside[0].conditions == (During(packed, JUNE),)
    assert narrowed.applied[0].words == "order date in June 2025; packing date in June 2025"


def test_days_that_belong_to_one_measure_are_not_mixed_with_the_filter() -> None:
    narrow_one = Measure("count", "in_june", conditions=(During(ORDERED, JUNE),))
    assert why(replace(TURNOVER, measures=(*TURNOVER.measures, narrow_one)), Filters(YEAR)) == ["compared"]


def test_days_inside_a_condition_are_not_taken_for_those_of_the_rows() -> None:
    ordered = Exists(("-order_buyer",), "orders", (During(ORDERED, YEAR),), negated=True)
    plan = QueryPlan("people", (Measure("count", "number"),), conditions=(ordered,))
    assert why(plan, Filters(JUNE)) == ["inner_dates"]


def test_weekdays_date_the_rows_too() -> None:
    plan = replace(TURNOVER, dimensions=(Dimension("weekday", Part(SENT, "weekday")),))
    assert narrow(plan, Filters(JUNE), MODEL, GRAPH).plan.conditions == (During(SENT, JUNE),)


# -- values ----------------------------------------------------------------------------------------------------------


def test_a_value_of_the_rows_themselves_is_one_more_condition() -> None:
    plan = QueryPlan("people", (Measure("count", "number"),))
    narrowed = narrow(plan, Filters(values=TOWNS), MODEL, GRAPH)
    assert narrowed.plan.conditions == (Comparison(FieldRef((), "people", "town"), "in", ("LYS", "BRN")),)


def test_two_ways_to_a_field_are_told_and_none_is_taken() -> None:
    narrowed = narrow(TURNOVER, Filters(values=TOWNS), MODEL, GRAPH)
    assert narrowed.plan == TURNOVER
    assert narrowed.not_applied == (NotApplied("people.town", "several_ways", "buyer town / seller town"),)


def test_the_way_that_a_plan_goes_already_is_the_one_meant() -> None:
    seller = FieldRef(("order_seller",), "people", "name")
    plan = replace(TURNOVER, dimensions=(Dimension("seller", seller, entity=True),))
    narrowed = narrow(plan, Filters(values={"people.town": ("LYS",)}), MODEL, GRAPH)
    town = FieldRef(("order_seller",), "people", "town")
    role = RoleHolds((), "orders", "order_seller")
    assert narrowed.plan.conditions == (Comparison(town, "=", ("LYS",)), role)
    assert narrowed.applied[0].words == "seller town is LYS"


def test_a_field_that_only_many_rows_lead_to_is_out_of_reach() -> None:
    plan = QueryPlan("people", (Measure("count", "number"),))
    assert why(plan, Filters(values={"orders.status": ("new",)})) == ["no_way"]


def test_a_protected_field_is_no_filter_and_neither_is_an_unknown_one() -> None:
    plan = QueryPlan("people", (Measure("count", "number"),))
    wanted = {"people.secret": ("x",), "people.gone_field": ("x",), "nowhere.town": ("x",), "town": ("x",)}
    assert why(plan, Filters(values=wanted)) == ["protected", "unknown", "unknown", "unknown"]


def test_values_that_the_plan_rules_out_are_told() -> None:
    fixed = Comparison(FieldRef((), "people", "town"), "=", ("BRN",))
    plan = QueryPlan("people", (Measure("count", "number"),), conditions=(fixed,))
    narrowed = narrow(plan, Filters(values={"people.town": ("LYS",)}), MODEL, GRAPH)
    assert narrowed.not_applied == (NotApplied("people.town", "outside", "town is BRN"),)


def test_a_value_that_one_of_two_plans_cannot_take_narrows_neither() -> None:
    orders = replace(TURNOVER, measures=(Measure("count", "orders"),))
    plan = QueryPlan("people", (Measure("count", "number"),), beside=(orders,))
    assert why(plan, Filters(values=TOWNS)) == ["several_ways"]


def test_a_field_without_values_is_no_filter() -> None:
    assert Filters(values={"people.town": ()}).names == ()


# -- whatever the plan -----------------------------------------------------------------------------------------------


@settings(max_examples=100, deadline=None)
@given(plans(), st.sampled_from([None, JUNE, YEAR]), st.sampled_from([{}, TOWNS, {"orders.status": ("new",)}]))
def test_whatever_the_plan_each_filter_is_applied_or_told_and_the_plan_stays_valid(
    plan: QueryPlan, period: Period | None, values: dict[str, tuple[str, ...]]
) -> None:
    if validate(plan, MODEL, GRAPH):
        return
    filters = Filters(period, values)
    narrowed = narrow(plan, filters, MODEL, GRAPH)
    told = [each.filter for each in narrowed.applied] + [each.filter for each in narrowed.not_applied]
    assert sorted(told) == sorted(filters.names)
    assert validate(narrowed.plan, MODEL, GRAPH) == []
    assert bool(narrowed.applied) or narrowed.plan == plan
    again = narrow(narrowed.plan, filters, MODEL, GRAPH)
    assert again.applied == narrowed.applied
