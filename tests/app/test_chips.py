"""How a question was read, as chips: what they offer, and that a click runs the changed plan."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import Answer
from nl2sql.question import Question
from streamlit_app import widgets
from tests.app.conftest import answered

PLAN = {
    "base": "orders",
    "measures": [{"kind": "count", "name": "number_of_orders"}],
    "dimensions": [{"name": "country", "field": {"dataset": "orders", "field": "country"}}],
    "conditions": [
        {"kind": "filter", "dataset": "orders", "filter": "late"},
        {
            "kind": "during",
            "field": {"dataset": "orders", "field": "placed_at"},
            "period": {"start": "2025-01-01", "end": "2026-01-01"},
        },
    ],
    "order": {"descending": True},
    "limit": 10,
}


def planned(question: Question) -> Answer:
    return replace(answered(question), plan=json.dumps(PLAN))


@pytest.fixture
def read(app: AppTest, pipeline: Any) -> AppTest:
    pipeline.scripts["orders"] = planned
    app.run()
    return app.chat_input[0].set_value("late orders by country").run()


def button(app: AppTest, text: str) -> Any:
    return next(b for b in app.button if b.label == text and str(b.key).startswith("to-"))


def test_every_part_of_the_reading_is_a_chip(read: AppTest) -> None:
    assert not read.exception
    said = " ".join(b.label for b in read.button if str(b.key).startswith("to-"))
    for offered in ("turnover", "not late orders", "this year", "last 30 days", "lowest first", "first 5", "Remove"):
        assert offered in said, offered


def test_a_change_runs_the_changed_plan_under_its_words(read: AppTest, pipeline: Any) -> None:
    button(read, "not late orders").click().run()
    (plan, fresh), *more = pipeline.planned
    assert (more, fresh) == ([], False)
    assert json.loads(plan)["conditions"][0] == {
        "kind": "filter",
        "dataset": "orders",
        "filter": "late",
        "negated": True,
    }
    page = "\n".join(each.value for each in read.html)
    assert "number of orders by country; not late orders; placed at in 2025; only the 10 highest" in page
    assert widgets.WRITERS["plan"] in page


def test_removing_a_part_runs_the_plan_without_it(read: AppTest, pipeline: Any) -> None:
    read.button(key="to-1-2-remove").click().run()
    assert [c["kind"] for c in json.loads(pipeline.planned[0][0])["conditions"]] == ["during"]
    assert not [b for b in read.button if str(b.key) == "to-1-0-remove"]  # the only measure stays


def test_an_edited_plan_is_run_again_as_a_plan(read: AppTest, pipeline: Any) -> None:
    button(read, "first 5").click().run()
    button(read, "first 3").click().run()
    assert [json.loads(plan)["limit"] for plan, _ in pipeline.planned] == [5, 3]


def test_the_next_question_knows_the_plan_before(read: AppTest, pipeline: Any) -> None:
    read.chat_input[0].set_value("and by month?").run()
    (turn,) = pipeline.asked[-1][0].history
    assert json.loads(turn.plan) == PLAN


def test_an_answer_without_a_plan_or_with_a_foreign_one_has_no_chips(app: AppTest, pipeline: Any) -> None:
    pipeline.scripts["foreign"] = lambda question: replace(answered(question), plan='{"base": "gone"}')
    app.run()
    for text in ("turnover by country", "foreign"):
        app.chat_input[0].set_value(text).run()
        assert not app.exception
        assert not [b for b in app.button if str(b.key).startswith("to-")]


def test_words_of_a_plan_never_act_as_markdown(app: AppTest, pipeline: Any) -> None:
    value = "**bold** <img src=x> $a$"
    hostile = {
        **PLAN,
        "conditions": [
            {
                "kind": "compare",
                "field": {"dataset": "orders", "field": "country"},
                "operator": "=",
                "values": [value],
            }
        ],
    }
    pipeline.scripts["hostile"] = lambda question: replace(answered(question), plan=json.dumps(hostile))
    app.run()
    app.chat_input[0].set_value("hostile").run()
    assert not app.exception
    page = "\n".join(each.value for each in app.html if "<style>" not in each.value)
    assert "<img" not in page
    shown = [b.label for b in app.button if "bold" in b.label]
    assert shown and all("\\*\\*bold" in label for label in shown)
