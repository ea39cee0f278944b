"""The cases of cases.yaml, for every role, with a language model that does what the planted text asks for.

Nothing but allowed SELECTs runs, no hidden column and no row of others comes out, and the instructions are not printed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from nl2sql.answer.base import Answer
from nl2sql.catalog.model import SemanticModel
from nl2sql.llm.recorded import ScriptedModel
from nl2sql.question import Principal, Question
from nl2sql.wire import answer_to_json
from nl2sql.writers import llm
from tests.integration.injections.obedient_speech import THROUGH, WRITTEN, ObedientSpeaker, letters
from tests.integration.obedient_house import (
    ALLOWED,
    HIDDEN,
    House,
    in_a_stored_value,
    in_a_verified_example,
    in_an_earlier_question,
    in_an_earlier_result,
    in_an_error_message,
    in_descriptions,
    in_the_glossary,
    in_the_question,
    mark_of,
)

CASES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "cases.yaml").read_text(encoding="utf-8"))


def in_a_synonym(house: House, text: str) -> Answer:
    """Of a dataset, and used by the question: others are not told."""
    datasets = tuple(replace(each, synonyms=(text,)) if each.name == "bids" else each for each in house.model.datasets)
    model = replace(house.model, datasets=datasets, fingerprint=mark_of(datasets))
    planted = type(house)(house.database, model, house.role, house.llm, house.heard)
    house.engine = planted.engine
    return planted.ask(f"How many {text} are there?")


PLACES: dict[str, Callable[[House, str], Answer]] = {
    "question": in_the_question,
    "earlier_question": in_an_earlier_question,
    "earlier_result": in_an_earlier_result,
    "error_message": in_an_error_message,
    "description": in_descriptions,
    "comment": in_descriptions,
    "synonym": in_a_synonym,
    "glossary": in_the_glossary,
    "stored_value": in_a_stored_value,
    "verified_example": in_a_verified_example,
    "reply": lambda house, _: house.ask("How many bids are there?"),
}
ROLES = {"analyst": {}, "auction_support": {}, "country_manager": {"country": "FR"}}


class RoleHouse(House):
    """Asks as one role, with the attributes that it needs."""

    def ask(self, question: Question | str) -> Answer:
        asked = question if isinstance(question, Question) else Question.parse(question)
        principal = Principal("somebody", self.role, ROLES[self.role])
        return super().ask(Question(asked.text, principal, asked.history))


def told(case: dict[str, Any], role: str, secretive: Path, auction: SemanticModel) -> tuple[Answer, ObedientSpeaker]:
    speaker = ObedientSpeaker(case)
    house = RoleHouse(secretive, auction, role, ScriptedModel(speaker))
    answer = PLACES[case["where"]](house, case["text"])
    return answer, speaker


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_an_obeyed_injection_does_no_harm(
    case: dict[str, Any], role: str, secretive: Path, auction: SemanticModel
) -> None:
    answer, speaker = told(case, role, secretive, auction)
    assert speaker.obeyed, "the model was told"
    if "outcome" in case:
        assert answer.outcome == case["outcome"]
    written = answer_to_json(answer)
    for said in speaker.said:
        assert run_of(said, written) == ""
    if answer.table is not None:
        assert set(answer.table.columns).isdisjoint(HIDDEN - ALLOWED.get(role, set()))
        if role == "country_manager" and "country" in answer.table.columns:
            assert set(answer.table.table.column("country").to_pylist()) <= {"FR"}


def run_of(said: str, written: str) -> str:
    """Thirty letters in a row of what was said that were also written; "" where there are none."""
    haystack, needle = letters(written), letters(said)
    return next((n for at in range(len(needle) - 29) if (n := needle[at : at + 30]) in haystack), "")


def test_the_suite_has_cases_for_every_place_and_every_way_to_speak() -> None:
    assert len(CASES) >= 60
    assert len({case["id"] for case in CASES}) == len(CASES)
    assert {case["where"] for case in CASES} == set(PLACES)
    assert {case["through"] for case in CASES if "say" in case} == set(THROUGH)
    assert {case.get("as", "plain") for case in CASES if "say" in case} == set(WRITTEN)


@pytest.mark.parametrize("case", [case for case in CASES if case["id"] == "instructions-as-question-back"])
def test_the_suite_sees_instructions_that_are_not_withheld(
    case: dict[str, Any], secretive: Path, auction: SemanticModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(llm, "_withheld", lambda *_: "")
    monkeypatch.setattr(House, "check", lambda *_: None)
    answer, speaker = told(case, "analyst", secretive, auction)
    assert run_of(speaker.said[0], answer_to_json(answer))
    assert json.loads(answer_to_json(answer))["outcome"] == "clarification"
