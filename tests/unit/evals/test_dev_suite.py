"""What the dev suite promises without a database: its size, its kinds and tags, and a twin for all that is declined."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path
from typing import get_args

import pytest

from evals.cases import Kind, Suite, Tag, load_suite

SENSITIVE = ("email", "password_hash", "full_name", "reserve_price", "event_outbox")


@pytest.fixture(scope="module")
def dev(repository: Path) -> Suite:
    return load_suite(repository / "evals" / "suites" / "auction" / "dev.yaml")


def _words(question: str) -> list[str]:
    return re.findall(r"[\w&'-]+", question.lower())


def test_the_dev_suite_has_160_questions_with_an_answer_and_40_without(dev: Suite) -> None:
    assert Counter(case.must_be_declined for case in dev.cases) == {False: 160, True: 40}


def test_every_kind_and_every_tag_is_there_more_than_once(dev: Suite) -> None:
    kinds = Counter(case.kind for case in dev.cases)
    tags = Counter(case.tag for case in dev.cases)
    assert {kind for kind in get_args(Kind) if kinds[kind] < 5} == set()
    assert {tag for tag in get_args(Tag) if tags[tag] < 2} == set()


def test_every_declined_case_has_a_twin_of_its_own_in_nearly_the_same_words(dev: Suite) -> None:
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


def test_no_question_is_asked_twice_nor_in_the_smoke_suite_too(dev: Suite, repository: Path) -> None:
    smoke = load_suite(repository / "evals" / "suites" / "auction" / "smoke.yaml")
    asked = Counter(tuple(_words(case.question)) for case in (*smoke.cases, *dev.cases))
    assert [question for question, times in asked.items() if times > 1] == []


def test_no_gold_reads_what_is_sensitive(dev: Suite) -> None:
    assert [case.id for case in dev.cases for name in SENSITIVE if name in (case.sql or "")] == []


def test_an_order_is_required_only_where_the_gold_has_one(dev: Suite) -> None:
    assert [case.id for case in dev.cases if case.order and "ORDER BY" not in (case.sql or "")] == []
