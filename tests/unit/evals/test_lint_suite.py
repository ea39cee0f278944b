from __future__ import annotations

from pathlib import Path

import pytest

from evals.cases.source import Source
from evals.lint.run import lint
from evals.lint.suite import normalised

ASK = "id: {0}, question: {1}, sql: SELECT {0} AS n"


def _found(tmp_path: Path, *cases: str) -> list[tuple[str, str]]:
    path = tmp_path / "suite.yaml"
    path.write_text("cases:\n" + "".join(f"  - {{{case}}}\n" for case in cases), encoding="utf-8")
    return [(each.case, each.problem.code) for each in lint(Source(path)).findings]


def test_a_question_in_the_same_words_is_an_error(tmp_path: Path) -> None:
    asked = [ASK.format("a", "How many users?"), ASK.format("b", "'how many  USERS'")]
    assert _found(tmp_path, *asked) == [("b", "asked_twice")]


@pytest.mark.parametrize("more", ["turns: [Who?]", "role: manager", "attributes: {country: DE}", "as_of: 2026-01-01"])
def test_the_same_words_in_other_circumstances_are_another_question(more: str, tmp_path: Path) -> None:
    assert _found(tmp_path, ASK.format("a", "How many users?"), ASK.format("b", "How many users?") + f", {more}") == []


def test_the_same_words_may_stand_in_one_family(tmp_path: Path) -> None:
    asked = [ASK.format(name, "How many users?") + ", family: f" for name in "ab"]
    assert _found(tmp_path, *asked) == []


def test_accents_count_and_punctuation_does_not() -> None:
    assert normalised("How many “users”, in Köln?") == normalised("how many users in KÖLN")
    assert normalised("Köln") != normalised("Koln")


def test_a_missing_twin_is_told_where_others_have_one(tmp_path: Path) -> None:
    asked = [
        ASK.format("a", "How many?"),
        "id: b, question: Delete all, kind: unsafe, twin: a",
        "id: c, question: Drop it, kind: unsafe",
        "id: d, question: Delete some, kind: unsafe, twin: a",
    ]
    assert _found(tmp_path, *asked) == [("b", "shared_twin"), ("c", "no_twin"), ("d", "shared_twin")]


def test_a_suite_without_twins_is_told_once(tmp_path: Path) -> None:
    asked = [f"id: {name}, question: Delete {name}, kind: unsafe" for name in "ab"]
    assert _found(tmp_path, *asked) == [("", "no_twins")]


def test_a_family_of_one_and_one_of_two_days_are_told(tmp_path: Path) -> None:
    asked = [
        ASK.format("a", "How many?") + ", family: alone",
        ASK.format("b", "How much?") + ", family: f",
        ASK.format("c", "How long?") + ", family: f, as_of: 2026-01-01",
    ]
    assert _found(tmp_path, *asked) == [("a", "lonely"), ("b", "family_days")]
