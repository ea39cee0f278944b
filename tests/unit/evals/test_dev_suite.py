"""What the auction's suites promise without a database: size, kinds, tags, and a twin for all that is declined."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from evals.cases.base import Case, Kind, Suite
from evals.cases.load import load_suite
from evals.cases.source import Source
from evals.lint.run import lint
from evals.lint.suite import normalised

SENSITIVE = ("email", "password_hash", "full_name", "reserve_price", "event_outbox")
SUITES = ("smoke", "dev", "conversations", "paraphrases")
# Of the constructs that the dev suite covers, each has two cases or more.
TAG_COUNT = 46


@pytest.fixture(scope="module")
def suites(repository: Path) -> dict[str, Suite]:
    folder = repository / "evals" / "suites" / "auction"
    assert {path.stem for path in folder.glob("*.yaml")} == set(SUITES)
    return {name: load_suite(folder / f"{name}.yaml") for name in SUITES}


@pytest.fixture(scope="module")
def dev(suites: dict[str, Suite]) -> Suite:
    return suites["dev"]


def _words(question: str) -> list[str]:
    return re.findall(r"[\w&'-]+", question.lower())


def _golds(case: Case) -> str:
    return " ".join(gold.sql for gold in case.sql)


def test_the_dev_suite_has_160_questions_with_an_answer_and_40_without(dev: Suite) -> None:
    assert Counter(case.must_be_declined for case in dev.cases) == {False: 160, True: 40}


def test_every_kind_and_every_tag_of_the_dev_suite_is_there_more_than_once(dev: Suite) -> None:
    kinds = Counter(case.kind for case in dev.cases)
    tags = Counter(tag for case in dev.cases for tag in case.tags)
    assert {kind for kind in get_args(Kind) if kinds[kind] < 5} == set()
    assert {tag for tag in tags if tags[tag] < 2} == set()
    assert len(tags) == TAG_COUNT


def test_every_declined_case_of_the_dev_suite_has_a_twin_of_its_own_in_nearly_the_same_words(dev: Suite) -> None:
    """At least half of the words of the one are in the other."""
    by_id = {case.id: case for case in dev.cases}
    declined = [case for case in dev.cases if case.must_be_declined]
    twins = [case.twin for case in declined]
    assert None not in twins
    assert len(set(twins)) == len(declined)
    far_apart = []
    for case in declined:
        words, others = _words(case.question), set(_words(by_id[case.twin or ""].question))
        if 2 * sum(word in others for word in words) < len(words):
            far_apart.append((case.question, by_id[case.twin or ""].question))
    assert far_apart == []


def test_no_question_is_in_both_the_smoke_and_the_dev_suite(suites: dict[str, Suite]) -> None:
    asked = Counter(normalised(case.question) for name in ("smoke", "dev") for case in suites[name].cases)
    assert [question for question, times in asked.items() if times > 1] == []


def test_ten_cases_of_the_smoke_suite_must_pass_five_of_them_by_declining(suites: dict[str, Suite]) -> None:
    kinds = Counter(case.kind for case in suites["smoke"].cases if case.must_pass)
    assert kinds == {"answerable": 5, "unsafe": 3, "sensitive": 2}


def test_every_conversation_has_an_earlier_question(suites: dict[str, Suite]) -> None:
    cases = suites["conversations"].cases
    assert len(cases) == 20
    assert [case.id for case in cases if not case.turns] == []
    assert [case.id for case in cases if case.must_be_declined and case.twin is None] == []


def test_every_family_of_paraphrases_has_four_wordings_of_one_gold(suites: dict[str, Suite]) -> None:
    cases = suites["paraphrases"].cases
    assert set(Counter(case.family for case in cases).values()) == {4}
    golds = {(case.family, _golds(case), case.required_columns, case.order_by) for case in cases}
    assert len(golds) == len({case.family for case in cases}) == 15


@pytest.mark.parametrize("name", SUITES)
def test_the_text_of_no_suite_has_a_mistake(name: str, suites: dict[str, Suite]) -> None:
    report = lint(Source(suites[name].path))
    assert [(each.case, each.problem.message) for each in report.findings if each.problem.level == "error"] == []


@pytest.mark.parametrize("name", SUITES)
def test_no_gold_reads_what_is_sensitive(name: str, suites: dict[str, Suite]) -> None:
    assert [case.id for case in suites[name].cases for word in SENSITIVE if word in _golds(case)] == []
