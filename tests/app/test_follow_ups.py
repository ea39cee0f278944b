"""Buttons for what could be asked next: a click asks that very plan, and it is answered."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import Answer
from nl2sql.answer.follow_ups import follow_ups
from nl2sql.bootstrap import build_pipeline
from nl2sql.catalog.joins import JoinGraph
from nl2sql.pipeline import Pipeline
from nl2sql.plan.json_form import plan_to_text
from nl2sql.question import Question
from nl2sql.settings import load_settings
from tests.app.conftest import ScriptedPipeline, answered
from tests.app.test_chips import PLAN

# Every sixth question of the suite: each kind of it, in seconds.
EVERY = 6


def planned(question: Question) -> Answer:
    plan = {**PLAN, "limit": None, "conditions": PLAN["conditions"][1:]}  # type: ignore[index]
    return replace(answered(question), plan=json.dumps(plan))


def script() -> None:
    """A page of the buttons alone: where they stand among the rest is the answer's affair."""
    from nl2sql.question import Question
    from streamlit_app import services
    from streamlit_app.asking.follow_ups import show_follow_ups
    from streamlit_app.asking.state import Entry, conversation
    from streamlit_app.store.base import Request
    from tests.app.test_follow_ups import planned

    ready = services.start()
    assert isinstance(ready, services.Ready)
    answer = planned(Question("orders by country"))
    show_follow_ups(Entry(1, Request("orders by country"), answer, 0.1), ready)
    conversation()


@pytest.fixture
def shown(pipeline: ScriptedPipeline) -> AppTest:
    return AppTest.from_function(script, default_timeout=20).run()


def test_each_suggestion_is_a_button(shown: AppTest) -> None:
    assert not shown.exception
    assert [each.label for each in shown.button] == ["Compare with 2024"]


def test_a_click_asks_the_whole_plan_under_its_words(shown: AppTest) -> None:
    shown.button[0].click().run()
    waiting = shown.session_state["conversation"].waiting
    assert json.loads(waiting.plan)["beside"][0]["conditions"][0]["period"] == {
        "start": "2024-01-01",
        "end": "2025-01-01",
    }
    assert waiting.text.startswith("number of orders and its growth")


def test_whoever_may_not_ask_is_offered_nothing(pipeline: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit_app import services

    ready = services.start()
    assert isinstance(ready, services.Ready)
    silent = replace(ready, person=replace(ready.person, may=frozenset({"data"})))
    monkeypatch.setattr(services, "start", lambda: silent)
    assert not AppTest.from_function(script, default_timeout=20).run().button


@pytest.fixture(scope="module")
def offline(
    tiny_database: Path, write_config: Callable[[Path, Path], Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Pipeline]:
    config = write_config(tmp_path_factory.mktemp("house"), tiny_database)
    settings = load_settings({"NL2SQL_CONFIG": str(config), "NL2SQL_WRITERS": "offline", "NL2SQL_LEDGER": "off"})
    pipeline = build_pipeline(replace(settings, cache="off"))
    yield pipeline
    pipeline.close()


def test_every_suggestion_behind_questions_of_the_suite_is_answered(offline: Pipeline, repository: Path) -> None:
    cases = yaml.safe_load((repository / "evals/suites/auction/dev.yaml").read_text())["cases"]
    model = offline.model_for("analyst")
    graph = JoinGraph(model)
    clicked: list[Any] = []
    for case in cases[::EVERY]:
        answer = offline.ask(Question(case["question"]))
        for each in follow_ups(answer, model, graph, offline.today, offline.engine.dialect):
            outcome = offline.ask_plan(plan_to_text(each.plan)).outcome
            clicked.append((case["id"], each.text, outcome))
    assert [each for each in clicked if each[2] != "answered"] == []
    assert len(clicked) > 30
