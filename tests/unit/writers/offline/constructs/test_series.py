"""Growth, running totals, ranks and shares as plans: what a column is computed from, and what is said about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import NoReturn

import pytest

from nl2sql.plan.base import During, Having, Part, QueryPlan
from nl2sql.writers.offline.constructs.alternatives import ALTERNATIVES
from nl2sql.writers.offline.constructs.base import Construct, Linked
from nl2sql.writers.offline.constructs.growth import GROWTH
from nl2sql.writers.offline.constructs.per_group import PER_GROUP
from nl2sql.writers.offline.constructs.popular import POPULAR
from nl2sql.writers.offline.constructs.ranks import RANKS
from nl2sql.writers.offline.constructs.ratios import RATIOS
from nl2sql.writers.offline.constructs.running import RUNNING
from nl2sql.writers.offline.constructs.shares import SHARES
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk

Plan = Callable[[str], QueryPlan]
OWN = (GROWTH, RUNNING, ALTERNATIVES, SHARES, RATIOS, RANKS, PER_GROUP, POPULAR)


def never(chunks: tuple[Chunk, ...]) -> NoReturn:
    raise AssertionError(f"read although nothing was taken out: {chunks}")


@pytest.mark.parametrize("construct", OWN, ids=[c.name for c in OWN])
@pytest.mark.parametrize(
    "text",
    [
        "How many users signed up in 2025?",
        "GMV by category in 2025",
        "Top 5 sellers by GMV in 2025",
        "Which users never placed a bid?",
        "GMV by month from 2024 to 2025",
        "listings with more than 60 bids",
    ],
)
def test_a_plain_question_is_left_alone(construct: Construct, text: str, linked: Callable[[str], Linked]) -> None:
    assert construct.read(linked(text), never) is None


# -- growth ----------------------------------------------------------------------------------------------------------


def test_the_later_period_is_set_against_the_earlier_in_whichever_order_they_are_named(plan: Plan) -> None:
    for text in ("GMV in 2025 vs 2024", "GMV in 2024 vs 2025", "GMV growth from 2024 to 2025"):
        found = plan(text)
        assert [m.name for m in (*found.measures, *found.beside[0].measures)] == ["gmv_2024", "gmv_2025"]
        assert [(d.kind, d.of, d.by) for d in found.derived] == [
            ("difference", "gmv_2025", "gmv_2024"),
            ("growth", "gmv_2025", "gmv_2024"),
        ]


def test_a_decline_is_ranked_from_the_largest_decline_on(plan: Plan) -> None:
    most, least = (
        plan("Which category had the biggest drop in GMV in 2025?"),
        plan("Top 3 categories by GMV growth in 2025"),
    )
    assert most.order is not None and not most.order.descending and most.order.column == "difference"
    assert least.order is not None and least.order.descending and least.order.column == "growth"
    assert any("difference" in note for note in most.assumptions)
    assert any("rate" in note for note in least.assumptions)


def test_a_bound_in_percent_bounds_the_rate_and_one_downwards_is_turned_round(plan: Plan) -> None:
    assert plan("Which categories' GMV grew by more than 20% in 2025?").having == (Having(">", "0.2", "growth"),)
    assert plan("Which categories' GMV fell by more than 20% in 2025?").having == (Having("<", "-0.2", "growth"),)
    assert plan("Which categories' GMV increased by over 500 in 2025?").having == (Having(">", "500", "difference"),)


def test_which_ones_grew_asks_for_those_alone(plan: Plan) -> None:
    assert Having(">", "0", "difference") in plan("Which categories grew in GMV in 2025?").having
    assert plan("Show how GMV grew in 2025 by category").having == ()


def test_a_series_reaches_back_to_the_step_before_its_period(plan: Plan) -> None:
    found = plan("Month-over-month growth of GMV in 2025")
    period = next(c.period for c in found.conditions if isinstance(c, During))
    assert (period.start, period.end) == (date(2024, 12, 1), date(2026, 1, 1))
    hidden = [m for m in found.measures if m.hidden]
    assert Having(">", "0", hidden[0].name) in found.having
    assert {d.along for d in found.derived} == {"month"}


def test_a_year_over_year_series_counts_its_steps_back(plan: Plan) -> None:
    assert {d.periods for d in plan("YoY growth of revenue by quarter").derived} == {4}
    assert {d.periods for d in plan("YoY growth of revenue by month").derived} == {12}
    with pytest.raises(NotUnderstood, match="no whole number"):
        plan("YoY growth of revenue by week")


def test_months_of_two_years_stand_in_one_row(plan: Plan) -> None:
    field = plan("Compare monthly GMV in 2024 and 2025").dimensions[0].field
    assert isinstance(field, Part) and field.part == "month"


def test_like_is_compared_with_like_where_the_present_is_not_over(plan: Plan) -> None:
    whole, part = plan("GMV this year vs last year"), plan("GMV year to date vs last year")
    assert any("not over" in note for note in whole.assumptions)
    assert [m.name for m in part.measures] == ["gmv_2025_01_01_to_2025_06_30"]


@pytest.mark.parametrize(
    "text",
    [
        "GMV growth",
        "Growth of GMV in May 2026",
        "Which categories grew the most in 2025?",
        "GMV growth over last year",
    ],
)
def test_growth_of_what_or_against_what_is_asked_back_with_questions_that_have_one_reading(
    text: str, plan: Plan
) -> None:
    with pytest.raises(SeveralReadings) as asked:
        plan(text)
    assert len(asked.value.choices) >= 2
    assert all(plan(choice).derived for choice in asked.value.choices)


def test_difference_of_two_numbers_in_one_year_is_no_growth(plan: Plan) -> None:
    found = plan("Difference between GMV and revenue in 2025")
    assert [(d.kind, d.of, d.by) for d in found.derived] == [("difference", "gmv", "revenue")]


# -- along time ------------------------------------------------------------------------------------------------------


def test_a_running_total_goes_along_time_within_the_other_groups(plan: Plan) -> None:
    (derived,) = plan("Cumulative GMV by month and category").derived
    assert (derived.kind, derived.along, derived.within) == ("running_total", "month", ("category",))


def test_a_length_of_time_that_was_not_said_is_said_in_the_answer(plan: Plan) -> None:
    assert plan("Running total of GMV").assumptions == ("By month, as no length of time was given.",)


def test_a_window_must_fit_its_series(plan: Plan) -> None:
    assert plan("3-month moving average of GMV").derived[0].periods == 3
    with pytest.raises(NotUnderstood, match="does not fit"):
        plan("30-day moving average of GMV by month")


# -- ranks -----------------------------------------------------------------------------------------------------------


def test_the_country_of_ranked_sellers_is_the_sellers(plan: Plan) -> None:
    field = plan("Top 3 sellers in each country by GMV").dimensions[0].field
    assert getattr(field, "path", None) == ("listing_seller",)


def test_ties_are_kept_where_no_number_was_given(plan: Plan) -> None:
    assert plan("Which seller has the highest GMV in each country?").ties
    assert not plan("Top 3 sellers in each country by GMV").ties


def test_a_highest_value_by_group_stays_one_value(plan: Plan) -> None:
    found = plan("Highest bid of each category")
    assert found.limit is None and len(found.dimensions) == 1


def test_a_year_to_rank_within_is_dated_like_the_question(plan: Plan) -> None:
    dates = [getattr(d.field, "field", "") for d in plan("The month with the most sales in each year").dimensions]
    assert dates == ["closed_at", "closed_at"]
    dates = [getattr(d.field, "field", "") for d in plan("Top category by revenue in each year").dimensions]
    assert dates[0] == "paid_at"


def test_a_ranking_of_all_has_no_end(plan: Plan) -> None:
    assert plan("Rank countries by number of users").limit is None
    assert plan("Rank the top 5 sellers by GMV").limit == 5


def test_the_number_of_a_rank_is_a_bound_on_it(plan: Plan) -> None:
    found = plan("Which seller has the third highest GMV?")
    assert found.having == (Having("=", "3", "rank"),) and found.limit is None


# -- shares and ratios -----------------------------------------------------------------------------------------------


def test_a_share_within_groups_is_of_the_groups_total(plan: Plan) -> None:
    (derived,) = plan("Share of each payment method within each country").derived
    assert (derived.kind, derived.within) == ("share", ("payer country",))


@pytest.mark.parametrize(
    "text", ["Share of the average final price by category", "Sell-through rate by category in percent of total"]
)
def test_what_does_not_add_up_has_no_shares(text: str, plan: Plan) -> None:
    with pytest.raises(NotUnderstood, match="add up"):
        plan(text)


def test_both_sides_of_a_ratio_have_what_is_said_of_both(plan: Plan) -> None:
    found = plan("Revenue divided by GMV by month in 2025")
    for each in (found, found.beside[0]):
        assert [d.name for d in each.dimensions] == ["month"]
        assert sum(isinstance(c, During) for c in each.conditions) == 1
    assert any("dated in its own way" in note for note in found.assumptions)


def test_sides_that_cannot_be_broken_down_alike_are_declined(plan: Plan) -> None:
    with pytest.raises(NotUnderstood, match="same way"):
        plan("Ratio of bids to users per country")
