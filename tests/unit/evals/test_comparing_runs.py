"""Two runs over the same cases: what is paired, what is said, and when a gate closes."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from evals.comparing.base import Comparison
from evals.comparing.compare import compare_runs
from evals.comparing.gate import judge_gate
from evals.comparing.shape import comparison_dict
from evals.comparing.words import how_sentence, letter, points, verdict_sentence
from evals.errors import RunsNotComparable
from evals.log.records import CaseRecord, Run, RunEnd
from evals.outcome import Outcome
from evals.stats.paired import mcnemar_mid_p, paired_difference_interval
from tests.fakes.evaluation import GOLD_TABLE, HEADER, declined, record


def run(records: list[CaseRecord], label: str = "a run", repeats: int = 1, **header: Any) -> Run:
    cases = len({each.id for each in records})
    return Run(
        replace(HEADER, label=label, case_count=cases, repeats=repeats, **header), tuple(records), RunEnd(1.0, 1)
    )


def asked(right: int, wrong: int, outcome: Outcome = "wrong_rows", **changes: Any) -> list[CaseRecord]:
    return [record(f"c{i}", "right" if i < right else outcome, **changes) for i in range(right + wrong)]


def turned(records: list[CaseRecord], *ids: str) -> list[CaseRecord]:
    """With these the other way round: right where wrong, wrong where right."""
    return [
        record(r.id, "wrong_rows" if r.is_right else "right", repeat=r.repeat, family=r.family) if r.id in ids else r
        for r in records
    ]


def compared(one: list[CaseRecord], other: list[CaseRecord], repeats: int = 1) -> Comparison:
    return compare_runs(run(one, repeats=repeats), [run(other, repeats=repeats)])[0]


def names(*numbers: int) -> list[str]:
    return [f"c{number}" for number in numbers]


def test_single_runs_are_compared_by_mcnemar_and_tango() -> None:
    comparison = compared(asked(40, 20), turned(asked(40, 20), *names(0, 1), *names(*range(40, 50))))
    assert comparison.method == "mcnemar"
    assert comparison.p == mcnemar_mid_p(2, 10)
    assert comparison.interval == paired_difference_interval(2, 10, 60)
    assert comparison.difference == pytest.approx(8 / 60)
    assert comparison.verdict == "better"
    assert verdict_sentence(comparison, "B") == "B is better than A by 13.3 points (2.4 to 25.5)"


def test_turned_round_better_is_worse() -> None:
    one, other = asked(40, 20), turned(asked(40, 20), *names(0, 1), *names(*range(40, 50)))
    assert verdict_sentence(compared(other, one), "B") == "B is worse than A by 13.3 points (2.4 to 25.5)"


def test_what_may_be_chance_cannot_be_told_and_the_smallest_gap_is_named() -> None:
    comparison = compared(asked(40, 20), turned(asked(40, 20), *names(0, 40, 41)))
    assert comparison.verdict == "cannot tell"
    said = verdict_sentence(comparison, "B")
    assert said.startswith("cannot tell B from A: the difference is +1.7 points (−")
    assert said.endswith("; the smallest gap this suite can detect is 12.6 points")


def test_an_interval_shows_no_difference_that_the_test_does_not() -> None:
    """Four cases, all one way: Tango's interval leaves nothing out, the exact test says p = 0.06."""
    comparison = compared(asked(56, 4), asked(60, 0))
    assert paired_difference_interval(0, 4, 60).low > 0
    assert comparison.p == pytest.approx(0.0625)
    assert comparison.interval.low == 0.0
    assert comparison.verdict == "cannot tell"


def test_a_run_compared_with_itself_cannot_be_told_from_it() -> None:
    comparison = compared(asked(40, 20), asked(40, 20))
    assert (comparison.difference, comparison.p, comparison.verdict) == (0.0, 1.0, "cannot tell")
    assert comparison.lost == comparison.gained == ()


def test_families_are_groups_and_one_that_flips_whole_is_one_sign() -> None:
    grouped = [replace(each, family=f"f{i // 5}") for i, each in enumerate(asked(40, 20))]
    other = turned(grouped, *names(*range(40, 60)))
    comparison = compared(grouped, other)
    assert (comparison.method, comparison.groups) == ("groups", 12)
    assert comparison.p == mcnemar_mid_p(0, 4)
    assert comparison.verdict == "cannot tell"
    assert compared(asked(40, 20), asked(60, 0)).verdict == "better"
    assert "60 questions, 60 answers, 12 groups" in how_sentence(comparison)


def test_repeats_are_compared_by_their_share() -> None:
    one = [record(f"c{i}", "right" if i % 3 else "declined", repeat=r) for i in range(30) for r in range(3)]
    other = [record(f"c{i}", "right" if i % 3 or r else "declined", repeat=r) for i in range(30) for r in range(3)]
    comparison = compared(one, other, repeats=3)
    assert comparison.method == "groups"
    assert comparison.difference == pytest.approx(10 * (2 / 3) / 30)
    assert comparison.verdict == "better"
    assert len(comparison.gained) == 10 and comparison.gained[0].change == pytest.approx(2 / 3)
    assert comparison.bootstrap is not None and comparison.bootstrap.interval.holds(comparison.difference)


def test_of_one_family_nothing_can_be_told() -> None:
    one = [replace(each, family="all") for each in asked(5, 15)]
    comparison = compared(one, [replace(each, family="all") for each in asked(20, 0)])
    assert comparison.verdict == "cannot tell"
    assert verdict_sentence(comparison, "B").endswith("; this suite is too small to detect any")


def test_cases_of_one_run_only_are_left_out_and_named() -> None:
    comparison = compared([*asked(3, 1), record("old")], [*asked(3, 1), record("new")])
    assert (comparison.cases, comparison.first.total.cases) == (4, 4)
    assert (comparison.pairing.only_first, comparison.pairing.only_second) == (("old",), ("new",))


def test_runs_without_a_common_question_are_not_comparable() -> None:
    with pytest.raises(RunsNotComparable, match="no question in common"):
        compared([record("a")], [record("b")])
    with pytest.raises(RunsNotComparable, match="All questions have changed"):
        compared([record("a")], [record("a", question="Something else")])


@pytest.mark.parametrize(
    "change", [{"as_of": "2026-07-01"}, {"database": "sqlite:///other.db"}, {"instances": ("base",)}]
)
def test_runs_asked_of_other_data_are_refused_unless_forced(change: dict[str, Any]) -> None:
    one, other = run(asked(3, 1)), run(asked(3, 1), **change)
    with pytest.raises(RunsNotComparable, match="not asked of the same data"):
        compare_runs(one, [other])
    forced = compare_runs(one, [other], force=True)[0]
    assert "not asked of the same data" in forced.pairing.warnings[0]


def test_a_run_that_is_not_complete_is_refused_unless_partial_is_fine() -> None:
    whole = run(asked(3, 1))
    part = replace(whole, records=whole.records[:2], end=None)
    with pytest.raises(RunsNotComparable, match="Not all was asked"):
        compare_runs(whole, [part])
    compared_in_part = compare_runs(whole, [part], partial=True)[0]
    assert compared_in_part.cases == 2
    assert "Not all was asked" in compared_in_part.pairing.warnings[0]


def test_a_question_that_changed_is_left_out() -> None:
    other = [replace(each, question="Something else") if each.id == "c0" else each for each in asked(3, 1)]
    comparison = compare_runs(run(asked(3, 1)), [run(other, suite_fingerprint="other")])[0]
    assert comparison.pairing.changed == ("c0",)
    assert "The suite has changed" in comparison.pairing.warnings[0]


def test_runs_of_two_suites_are_compared_by_what_both_ask_and_that_is_said() -> None:
    comparison = compare_runs(run(asked(3, 1)), [run(asked(3, 1), suite="another", suite_fingerprint="other")])[0]
    assert comparison.cases == 4
    assert "and another: only what both ask in the same way is compared." in comparison.pairing.warnings[0]


def test_another_gold_is_a_change_only_where_the_suite_changed() -> None:
    """In one suite, two accepted golds may each be the one that an answer was found equal to."""
    gold = asked(1, 0)[0].gold
    assert gold is not None
    other = [replace(each, gold=replace(gold, sql="SELECT 1")) if each.id == "c0" else each for each in asked(3, 1)]
    assert compared(asked(3, 1), other).pairing.changed == ()
    changed = compare_runs(run(asked(3, 1)), [run(other, suite_fingerprint="other")])[0]
    assert changed.pairing.changed == ("c0",)


def test_a_gold_that_gave_other_rows_is_a_change_and_another_order_is_none() -> None:
    def with_rows(*rows: tuple[str, int]) -> list[CaseRecord]:
        table = replace(GOLD_TABLE, rows=rows, row_count=len(rows))
        return [replace(each, gold=each.gold and replace(each.gold, table=table)) for each in asked(3, 1)]

    assert compared(with_rows(("DE", 1), ("FR", 2)), with_rows(("FR", 2), ("DE", 1))).pairing.changed == ()
    mixed = [*with_rows(("DE", 1))[:1], *asked(3, 1)[1:]]
    assert compared(asked(3, 1), mixed).pairing.changed == ("c0",)


def test_several_runs_are_corrected_together() -> None:
    base = asked(40, 20)
    better = run(turned(base, *names(*range(40, 47)), *names(0)), "better")
    alone = compare_runs(run(base), [better])[0]
    several = compare_runs(run(base), [better, run(base, "same"), run(base, "same too")])[0]
    assert alone.verdict == "better" and alone.p_holm == alone.p
    assert several.p_holm == pytest.approx(3 * several.p) and several.verdict == "cannot tell"
    assert "after Holm" in how_sentence(several) and "after Holm" not in how_sentence(alone)


def test_nothing_broken_passes_the_gate() -> None:
    assert judge_gate([compared(asked(40, 20), asked(40, 20))]).reasons == ()


def test_a_broken_must_pass_case_closes_the_gate_even_if_the_baseline_breaks_it_too() -> None:
    broken = [*asked(3, 0), record("vital", "wrong_rows", must_pass=True)]
    assert judge_gate([compared(broken, broken)]).reasons == ("must-pass broken in B: vital",)


def test_sql_that_ran_for_an_unsafe_question_closes_the_gate_even_without_a_partner() -> None:
    unsafe = [*asked(3, 0), declined("drop-users", "unsafe_executed")]
    assert judge_gate([compared(asked(3, 0), unsafe)]).reasons == ("safety broken in B: SQL ran for drop-users",)


def test_significantly_worse_closes_the_gate() -> None:
    gate = judge_gate([compared(asked(60, 0), asked(48, 12))])
    assert gate.reasons == ("B is significantly worse: −20.0 points (−31.8 to −11.8)",)


def test_a_release_needs_proof_that_it_is_not_worse_by_the_margin() -> None:
    comparison = compared(asked(40, 20), turned(asked(40, 20), *names(0, 40)))
    assert judge_gate([comparison]).is_passed
    gate = judge_gate([comparison], release=True, margin=0.05)
    assert gate.reasons[0].startswith("B is not shown to be less than 5 points worse: the interval begins at −")
    assert judge_gate([comparison], release=True, margin=0.2).is_passed


def test_the_json_tells_each_flip_with_both_queries() -> None:
    comparison = compared(asked(40, 20), turned(asked(40, 20), *names(0, 40)))
    shape = json.loads(json.dumps(comparison_dict([comparison], judge_gate([comparison]))))
    one = shape["comparisons"][0]
    assert [each["id"] for each in one["lost"]] == ["c0"] and [each["id"] for each in one["gained"]] == ["c40"]
    lost = one["lost"][0]
    assert lost["first"][0]["outcome"] == "right" and lost["second"][0]["outcome"] == "wrong_rows"
    assert lost["first"][0]["sql"] != lost["second"][0]["sql"]
    assert one["verdict"] == "cannot tell" and shape["gate"] == {
        "passed": True, "reasons": [], "release": False, "margin": 0.05,
    }  # fmt: skip


def test_failures_of_the_provider_are_warned_of() -> None:
    comparison = compared(asked(3, 1), [*asked(3, 0), record("c3", "failed")])
    assert "In a question the provider" in comparison.pairing.warnings[0]


def test_points_have_a_true_minus_and_no_signed_nothing() -> None:
    assert [points(x) for x in (0.042, -0.008, 0.0004, -0.0004)] == ["+4.2", "−0.8", "0.0", "0.0"]
    assert [letter(number) for number in (0, 1, 25, 26)] == ["A", "B", "Z", "A1"]
