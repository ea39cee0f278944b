"""The statistics give what papers and other people's libraries give."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import pytest

from evals.stats.base import Interval, abstention_score
from evals.stats.clustered import clustered_difference_interval, paired_bootstrap, sign_flip_mid_p
from evals.stats.decisions import holm, is_non_inferior
from evals.stats.paired import mcnemar_mid_p, paired_difference_interval
from evals.stats.power import cases_needed, detectable_from_error, smallest_detectable_gap
from evals.stats.proportion import mean_interval, wilson
from evals.stats.quantiles import t_quantile, t_within, two_sided


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    # Newcombe (1998), Statistics in Medicine 17, 857–872, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_of_newcombe(right: int, n: int, low: float, high: float) -> None:
    interval = wilson(right, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_wilson_is_that_of_statsmodels() -> None:
    # statsmodels 0.15.0, proportion_confint(81, 263, method="wilson").
    interval = wilson(81, 263)
    assert interval.low == pytest.approx(0.2552885198782742, abs=1e-12)
    assert interval.high == pytest.approx(0.36620957698280004, abs=1e-12)


def test_of_no_case_everything_is_possible() -> None:
    assert wilson(0, 0) == Interval(0.0, 1.0)
    assert mean_interval([1.0], [1.0], 1) == Interval(0.0, 1.0)
    assert paired_difference_interval(0, 0, 0) == Interval(-1.0, 1.0)
    assert clustered_difference_interval([1.0], [1.0], 1, 1) == Interval(-1.0, 1.0)


@pytest.mark.parametrize(
    ("lost", "gained", "p"),
    [
        # Bentur et al. (2009), the example of Fagerland, Lydersen and Laake (2013): 1 and 7 discordant.
        (7, 1, 0.0391),
        # Cavo et al. (2012) in the tests of chapter 8 of the same authors' R package contingencytables.
        (16, 6, 0.034690),
    ],
)
def test_mcnemar_gives_the_mid_p_of_fagerland(lost: int, gained: int, p: float) -> None:
    assert mcnemar_mid_p(lost, gained) == pytest.approx(p, abs=5e-5 if p == 0.0391 else 5e-7)
    assert mcnemar_mid_p(gained, lost) == mcnemar_mid_p(lost, gained)


def test_mcnemar_holds_for_large_counts() -> None:
    # scipy 1.17.1: b = binom(100700, 0.5); 2 * b.cdf(50000) - b.pmf(50000).
    assert mcnemar_mid_p(50_000, 50_700) == pytest.approx(0.027392170045, rel=1e-7)


def test_where_nothing_parts_or_both_part_as_often_there_is_no_sign_of_a_difference() -> None:
    assert mcnemar_mid_p(0, 0) == 1.0
    assert mcnemar_mid_p(3, 3) == pytest.approx(1 - 20 / 64 / 2)


@pytest.mark.parametrize(
    ("lost", "gained", "n", "low", "high"),
    [
        # Cavo et al. (2012): Tango's interval in the tests of chapter 8 of contingencytables.
        (16, 6, 161, -0.1240, -0.0054),
        # scipy 1.17.1: the restricted likelihood maximised by minimize_scalar, the score solved by brentq.
        (7, 1, 21, -0.5172, -0.0260),
        (2, 12, 50, 0.0611, 0.3447),
    ],
)
def test_the_interval_of_a_difference_is_tangos(lost: int, gained: int, n: int, low: float, high: float) -> None:
    interval = paired_difference_interval(lost, gained, n)
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


def test_the_interval_of_a_difference_is_the_same_from_the_other_side() -> None:
    there, back = paired_difference_interval(3, 9, 60), paired_difference_interval(9, 3, 60)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-9)


def test_without_a_discordant_case_a_difference_is_still_possible() -> None:
    interval = paired_difference_interval(0, 0, 60)
    assert -0.07 < interval.low < -0.05 and 0.05 < interval.high < 0.07


def test_sign_flips_of_single_cases_are_mcnemars_test() -> None:
    for lost, gained in ((2, 12), (7, 1), (0, 4), (5, 5), (0, 0)):
        sums = [1] * gained + [-1] * lost + [0] * 9
        assert sign_flip_mid_p(sums) == pytest.approx(mcnemar_mid_p(lost, gained), abs=1e-12)


def test_sign_flips_count_every_way_to_swap_the_runs() -> None:
    sums = [Fraction(1, 3), Fraction(-2, 3), Fraction(1), Fraction(1), Fraction(1), Fraction(0), Fraction(-1, 3)]
    totals = [
        abs(sum(sign * each for sign, each in zip(signs, sums, strict=True))) for signs in product((1, -1), repeat=7)
    ]
    seen = abs(sum(sums))
    by_hand = (sum(total > seen for total in totals) + sum(total == seen for total in totals) / 2) / len(totals)
    assert sign_flip_mid_p(sums) == by_hand
    # scipy 1.17.1, permutation_test(permutation_type="samples"), all 128 swaps, ties counted half.
    assert by_hand == 0.234375


def test_sign_flips_of_awkward_fractions_are_rounded_and_near() -> None:
    fine = [Fraction(i % 7 - 3, 1 + i % 13) for i in range(60)]
    finer = [each + Fraction(1, 1_000_003) for each in fine]
    assert sign_flip_mid_p(finer) == pytest.approx(sign_flip_mid_p(fine), abs=0.01)


def test_holm_gives_his_adjusted_values() -> None:
    # statsmodels 0.15.0, multipletests([0.01, 0.04, 0.03, 0.005], method="holm").
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()
    assert holm([0.6, 0.7]) == (1.0, 1.0)


@pytest.mark.parametrize(
    ("probability", "freedom", "t"),
    # scipy 1.17.1, t.ppf.
    [
        (0.975, 1, 12.706204736174694),
        (0.975, 2, 4.302652729749462),
        (0.975, 5, 2.5705818356363146),
        (0.975, 19, 2.0930240544083087),
        (0.8, 29, 0.8541919858818557),
        (0.975, 199, 1.9719565442517533),
    ],
)
def test_quantiles_of_t_are_those_of_scipy(probability: float, freedom: int, t: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(t, rel=1e-9)
    assert t_within(t, freedom) == pytest.approx(2 * probability - 1, abs=1e-12)


def test_with_very_many_groups_t_is_the_normal() -> None:
    assert t_quantile(0.975, 20_000) == pytest.approx(two_sided(0.95))
    assert t_quantile(0.975, 10_000) == pytest.approx(two_sided(0.95), abs=3e-4)


def test_the_number_of_cases_needed_is_connors() -> None:
    # By hand from Connor (1987): (1.959964 √0.2 + 0.841621 √(0.2 − 0.01))² / 0.01 = 154.5.
    assert cases_needed(0.1, 0.2) == 155
    assert smallest_detectable_gap(155, 0.2) == pytest.approx(0.1, abs=2e-4)


def test_a_gap_is_never_larger_than_what_parts_the_runs_could_be() -> None:
    assert smallest_detectable_gap(60, 0.0) == pytest.approx(smallest_detectable_gap(60, 0.1))
    assert smallest_detectable_gap(2, 0.1) == 1.0
    assert smallest_detectable_gap(0, 0.1) == 1.0


def test_the_gap_by_groups_is_blooms_multiple_of_the_error() -> None:
    # Bloom (1995): 2.80 standard errors where degrees of freedom are many; 2.93 (2.093 + 0.861 …) with twenty groups.
    assert detectable_from_error(0.02, 5_000) == pytest.approx(0.0560, abs=1e-4)
    assert detectable_from_error(0.02, 20) == pytest.approx(0.02 * (2.09302 + 0.86095), abs=1e-6)
    assert detectable_from_error(0.02, 1) == 1.0


def test_a_wrong_answer_costs_as_many_right_ones_as_is_said() -> None:
    assert abstention_score(8, 1, 1, 0) == pytest.approx(0.8)
    assert abstention_score(8, 1, 1, 1) == pytest.approx(0.7)
    assert abstention_score(8, 1, 1, 10) == pytest.approx(-0.2)
    assert abstention_score(0, 0, 0, 1) is None


def test_non_inferior_needs_the_whole_interval_above_the_margin() -> None:
    assert is_non_inferior(Interval(-0.049, 0.2), 0.05)
    assert not is_non_inferior(Interval(-0.05, 0.2), 0.05)


def test_repeats_of_a_case_do_not_count_as_cases() -> None:
    once = mean_interval([1.0] * 30 + [0.0] * 10, [1.0] * 40, 40)
    thrice_the_same = mean_interval([1.0] * 30 + [0.0] * 10, [1.0] * 40, 120)
    assert thrice_the_same.low == pytest.approx(once.low, abs=0.005)
    taken_for_cases = wilson(90, 120)
    assert taken_for_cases.low > once.low + 0.05


def test_repeats_that_differ_narrow_the_interval() -> None:
    steady = mean_interval([1.0] * 20 + [0.0] * 20, [1.0] * 40, 120)
    varied = mean_interval([0.0, 1 / 3, 2 / 3, 1.0] * 10, [1.0] * 40, 120)
    assert varied.high - varied.low < steady.high - steady.low


def test_the_bootstrap_is_the_same_each_time_and_near_the_interval_with_many_groups() -> None:
    sums = [1.0, 0.0, -1.0, 1.0, 0.0, 1.0, 0.0, 0.0] * 50
    sizes = [1.0] * 400
    one, again = paired_bootstrap(sums, sizes, seed=3), paired_bootstrap(sums, sizes, seed=3)
    interval = clustered_difference_interval(sums, sizes, 200.0, 400)
    assert one == again
    assert one.interval.low == pytest.approx(interval.low, abs=0.01)
    assert one.interval.high == pytest.approx(interval.high, abs=0.01)
    assert one.p < 0.01


def test_a_verdict_that_the_test_does_not_support_lets_the_interval_reach_nothing() -> None:
    assert Interval(0.01, 0.2).reaching(0.0) == Interval(0.0, 0.2)
    assert Interval(-0.1, 0.2).reaching(0.0) == Interval(-0.1, 0.2)
