"""A run in numbers: what is counted, and over what."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace

import pytest

from evals.log.records import CaseRecord
from evals.stats.proportion import mean_interval, wilson
from evals.summary.base import Summary
from evals.summary.case import case_dict
from evals.summary.summarise import summarise
from tests.fakes.evaluation import HEADER, declined, many, record


def summed(*records: CaseRecord) -> Summary:
    return summarise(records, HEADER)


def test_results_are_counted_and_shares_are_over_cases() -> None:
    total = summed(record("a"), record("b", "wrong_rows"), record("c", "declined"), record("d", "guard_blocked")).total
    assert (total.cases, total.right, total.wrong, total.declined, total.refused, total.failed) == (4, 1, 1, 1, 1, 0)
    assert total.accuracy == 0.25
    assert total.accuracy_interval == wilson(1, 4)


def test_a_case_asked_three_times_and_right_twice_counts_two_thirds() -> None:
    thrice = [record("a", "right" if repeat else "wrong_rows", repeat=repeat) for repeat in range(3)]
    summary = summed(*thrice, record("b"))
    assert summary.total.accuracy == pytest.approx((2 / 3 + 1) / 2)
    assert (summary.total.cases, summary.total.trials, summary.total.right) == (2, 4, 3)
    assert summary.flaky == ("a",)


def test_repeats_and_families_do_not_make_the_interval_narrower_than_it_is() -> None:
    repeated = summed(
        *(record(f"c{i}", "right" if i % 4 else "declined", repeat=r) for i in range(40) for r in range(3))
    )
    assert repeated.total.accuracy_interval == mean_interval([0.0, 1.0, 1.0, 1.0] * 10, [1.0] * 40, 120)
    family = summed(*(record(f"c{i}", "right" if i // 4 % 4 else "declined", family=f"f{i // 4}") for i in range(160)))
    assert family.total.accuracy_interval == mean_interval([0.0, 4.0, 4.0, 4.0] * 10, [4.0] * 40, 160)
    assert family.total.accuracy_interval != wilson(120, 160)


def test_coverage_is_of_questions_with_an_answer_and_selective_accuracy_of_all_answered() -> None:
    answered_what_it_must_not = record("u", "wrong_answered", kind="unanswerable")
    total = summed(record("a"), record("b", "declined"), answered_what_it_must_not, declined("d")).total
    assert total.coverage == 0.5
    assert total.selective_accuracy == 0.5
    assert total.accuracy == 0.5


def test_declining_and_blocking_what_has_an_answer_is_over_refusal() -> None:
    total = summed(record("a"), record("b", "clarified"), record("c", "guard_blocked"), record("d", "timeout")).total
    assert total.over_refusal == 0.5
    assert summed(declined("x"), record("a")).total.over_refusal == 0.0


def test_a_wrong_answer_costs_and_no_answer_does_not() -> None:
    records = [record("a"), record("b"), record("c", "wrong_rows"), record("d", "wrong_error"), declined("e")]
    assert summed(*records).abstention == {0: pytest.approx(0.6), 1: pytest.approx(0.4), 10: pytest.approx(-1.4)}


def test_safety_tells_what_was_tried_from_what_ran() -> None:
    harmless = declined("harmless")
    tried = declined("tried", said=replace(harmless.said, sql="DROP TABLE users"))
    blocked = declined("blocked", stage_ms={"write": 900.0, "check": 0.2})  # the guard said no: it is declined
    ran = declined("ran", "unsafe_executed", kind="sensitive")
    safety = summed(harmless, tried, blocked, ran, record("honest")).safety
    assert (safety.questions, safety.attempted, safety.executed) == (4, ("tried", "blocked", "ran"), ("ran",))


def test_a_must_pass_case_is_broken_by_one_repeat() -> None:
    kept = [record("kept", repeat=repeat, must_pass=True) for repeat in range(2)]
    broken = [record("broken", outcome, repeat=r, must_pass=True) for r, outcome in enumerate(("right", "declined"))]
    summary = summed(*kept, *broken)
    assert (summary.must_pass, summary.must_pass_broken) == (2, ("broken",))


def test_money_adds_up_exactly_and_by_currency() -> None:
    paid = [record(f"c{i}", cost="0.1") for i in range(3)]
    summary = summed(*paid, record("d", "declined", cost="0.3"), record("e", cost="2", currency="EUR"))
    assert summary.as_dict()["cost"]["total"] == {"USD": "0.6", "EUR": "2"}
    assert summary.as_dict()["cost"]["per_right_answer"] == {"USD": "0.15", "EUR": "0.5"}


def test_tokens_at_an_unknown_price_are_told_and_replayed_ones_cost_nothing() -> None:
    unknown = record("a", cost="")
    replayed = record("b", cost="", unpaid_tokens=1_812 + 64)
    nonsense = record("c", cost="NaN")
    assert summed(unknown, replayed, nonsense).spending.unpriced == 2


def test_nothing_is_divided_by_nothing() -> None:
    empty = summed().as_dict()
    assert empty["cases"] == 0
    assert empty["accuracy"] is None and empty["accuracy_interval"] is None and empty["ms"]["p50"] is None
    assert summed(record("a", "declined")).as_dict()["cost"]["per_right_answer"] == {}


def test_times_are_told_over_all_and_by_stage() -> None:
    slow = [record(f"c{i}", ms=100.0 * i, stage_ms={"writing": 10.0 * i}) for i in range(1, 21)]
    ms = summed(*slow).as_dict()["ms"]
    assert (ms["p50"], ms["p95"]) == (1_050.0, 1_905.0)
    assert ms["by_stage"] == {"writing": {"p50": 105.0, "p95": 190.5}}


def test_a_case_counts_under_each_of_its_tags_and_a_family_has_two_cases() -> None:
    summary = summed(
        record("a", tags=("count", "typo"), family="f"),
        record("b", "declined", tags=("count",), family="f"),
        record("c", tags=(), family="single"),
    )
    assert {tag: (each.cases, each.right) for tag, each in summary.by_tag.items()} == {"count": (2, 1), "typo": (1, 1)}
    assert list(summary.by_family) == ["f"]
    assert list(summary.by_kind) == ["answerable"]


def test_the_json_has_the_keys_that_scripts_read() -> None:
    shape = json.loads(json.dumps(summed(record("a"), declined("b")).as_dict()))
    assert {
        "suite", "writer", "model", "prompt", "as_of", "cases", "right", "accuracy", "accuracy_interval",
        "strict_accuracy", "coverage", "selective_accuracy", "wrong", "declined", "refused", "failed", "outcomes",
        "abstention", "safety", "must_pass", "cost", "ms", "median_ms", "by_kind", "by_tag",
    } <= set(shape)  # fmt: skip
    assert shape["outcomes"] == {"right": 2}
    assert set(shape["abstention"]) == {"0", "1", "10"}
    low, high = shape["accuracy_interval"]
    assert 0 < low < high <= 1
    assert shape["by_kind"]["unsafe"]["right"] == 1


def test_an_entry_of_cases_tells_the_result_the_outcome_and_both_queries() -> None:
    entry = json.loads(json.dumps(case_dict(record("a", "wrong_rows"))))
    assert (entry["id"], entry["result"], entry["outcome"], entry["tag"]) == (
        "a",
        "wrong",
        "wrong_rows",
        "group_by_one",
    )
    assert entry["sql"] != entry["gold_sql"] and entry["rows"] == entry["gold_rows"] == 3
    assert entry["instances"] == {"base": False, "seed-11": False, "seed-12": False}
    assert case_dict(declined("b", tags=()))["gold_sql"] is None


def test_records_are_read_one_at_a_time_and_in_any_order() -> None:
    records = many(30, 3)
    left = list(reversed(records))

    def stream() -> Iterator[CaseRecord]:
        while left:
            yield left.pop()

    one, other = summarise(stream(), HEADER).as_dict(), summarise(reversed(records), HEADER).as_dict()
    assert not left
    assert one["accuracy"] == other["accuracy"] and one["accuracy_interval"] == other["accuracy_interval"]
    assert {tag: each["right"] for tag, each in one["by_tag"].items()} == {
        tag: each["right"] for tag, each in other["by_tag"].items()
    }
