"""The mutation score, what survives, and which databases to take."""

from __future__ import annotations

import pytest

from evals.mutation.base import Mutant
from evals.mutation.report import MutationReport, as_json
from evals.mutation.score import Judged, Score, pick, score, survivors

BASE, POOL = "base", ("1", "2", "3")


def _judged(*names: str, ran: bool = True, case: str = "a", operator: str = "day") -> Judged:
    return Judged(case, "SELECT 1", Mutant("SELECT 2", operator, "1 → 2"), ran, (frozenset(names),) if ran else ())


# Two that the base catches, one for seeds 1 and 2, one for 2 and 3, one for 3 alone, one equal, one that does not run.
JUDGED = [
    _judged(BASE),
    _judged(BASE, case="b"),
    _judged("1", "2"),
    _judged("2", "3"),
    _judged("3", case="b"),
    _judged(),
    _judged(ran=False),
]


def test_what_does_not_run_and_what_is_never_told_apart_is_not_in_the_score() -> None:
    assert score(JUDGED, [BASE]) == Score(mutants=7, failed=1, presumed_equal=1, wrong=5, caught=2)
    assert score(JUDGED, [BASE]).share == 0.4


@pytest.mark.parametrize(("chosen", "caught"), [((BASE, "1"), 3), ((BASE, "2"), 4), ((BASE, "2", "3"), 5)])
def test_more_databases_catch_more(chosen: tuple[str, ...], caught: int) -> None:
    assert score(JUDGED, chosen).caught == caught


def test_a_mutant_that_is_another_accepted_gold_is_not_wrong() -> None:
    other = Judged("a", "SELECT 1", Mutant("SELECT 2", "day", ""), True, (frozenset({BASE}), frozenset()))
    assert not other.is_wrong and not other.is_caught_by({BASE})


def test_each_accepted_gold_must_be_told_apart_though_not_by_the_same_database() -> None:
    two = Judged("a", "SELECT 1", Mutant("SELECT 2", "day", ""), True, (frozenset({BASE}), frozenset({"2"})))
    assert two.is_wrong
    assert not two.is_caught_by({BASE})
    assert two.is_caught_by({BASE, "2"})
    assert two.told_apart_by == ("2", BASE)
    assert pick([two], BASE, POOL, most=5, target=1.0) == ("2",)


def test_there_is_no_score_of_nothing() -> None:
    assert score([_judged(), _judged(ran=False)], [BASE]).share is None


def test_survivors_are_wrong_and_not_caught() -> None:
    assert survivors(JUDGED, [BASE, "1"]) == [JUDGED[3], JUDGED[4]]


def test_the_databases_that_catch_most_are_picked_first() -> None:
    assert pick(JUDGED, BASE, POOL, most=5, target=1.0) == ("2", "3")


def test_picking_ends_when_the_target_is_reached() -> None:
    assert pick(JUDGED, BASE, POOL, most=5, target=0.8) == ("2",)
    assert pick(JUDGED, BASE, POOL, most=5, target=0.4) == ()


def test_picking_ends_when_as_many_as_allowed_are_there() -> None:
    assert pick(JUDGED, BASE, POOL, most=1, target=1.0) == ("2",)


def test_picking_ends_when_nothing_helps() -> None:
    assert pick([_judged("1"), _judged("1")], BASE, POOL, most=5, target=1.0) == ("1",)
    assert pick([_judged(BASE)], BASE, (), most=5, target=1.0) == ()


def test_json_has_the_counts_and_the_survivors() -> None:
    report = MutationReport("small", tuple(JUDGED), (BASE, *POOL), (BASE, "1"))
    made = as_json(report, most=5, target=0.95)
    assert made["summary"]["score"] == 0.6
    assert made["summary"]["picked"] == ["2", "3"]
    assert made["summary"]["by_case"]["b"]["caught"] == 1
    assert [each["told_apart_by"] for each in made["survivors"]] == [["2", "3"], ["3"]]


def test_the_interval_holds_the_score_and_is_wider_than_of_as_many_independent_ones() -> None:
    # Each of ten cases has ten mutants; of half of the cases all are caught, of half none.
    every = [_judged(BASE if case < 5 else "1", case=str(case)) for case in range(10) for _ in range(10)]
    interval = MutationReport("small", tuple(every), (BASE, "1"), (BASE,)).interval
    assert interval.low < 0.5 < interval.high
    assert interval.high - interval.low > 0.4
