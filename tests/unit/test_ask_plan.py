"""A plan that a person edited goes through the same stages to the same kind of answer."""

from __future__ import annotations

import json

import pytest

from nl2sql.question import Principal, Question, Turn
from nl2sql.wire import answer_to_json
from nl2sql.writers.base import Origin, SqlDraft
from nl2sql.writers.codec import draft_from_bytes, draft_to_bytes
from tests.unit.scripted_house import COUNT, LLM, House, build

PLAN = {
    "base": "users",
    "measures": [{"kind": "count", "name": "number_of_users"}],
    "dimensions": [{"name": "country", "field": {"dataset": "users", "field": "country"}}],
}


@pytest.fixture
def house() -> House:
    return build(lambda question, repair: SqlDraft(COUNT, LLM))


def test_a_plan_is_compiled_checked_and_run(house: House) -> None:
    answer = house.pipeline.ask_plan(PLAN)
    assert (answer.outcome, answer.origin) == ("answered", Origin("plan"))
    assert answer.interpretation == answer.question.text == "number of users by country"
    assert json.loads(answer.plan) == PLAN
    assert house.writer.calls == [] and len(house.engine.ran) == 1
    assert [stage.stage for stage in answer.stages] == ["write", "check", "run", "explain"]
    row = house.ledger.rows[0]
    assert (row.writer, row.plan, row.verdict) == ("plan", "number of users by country", "passed")


def test_a_repeated_plan_is_answered_from_the_cache(house: House) -> None:
    assert [house.pipeline.ask_plan(json.dumps(PLAN)).cached for _ in range(2)] == [False, True]


@pytest.mark.parametrize(
    ("plan", "message"),
    [
        ("{", "The plan is not valid JSON: line 1, column 2."),
        (PLAN | {"limit": 0}, "limit: from 1 to 1,000,000."),
        (PLAN | {"base": "user"}, "base: there is no dataset “user”; there are users."),
        (
            PLAN | {"dimensions": [{"name": "x", "field": {"dataset": "users", "field": "email"}}]},
            "dimensions[0].field: users.email is protected: no question may read, compare or summarise it.",
        ),
    ],
)
def test_a_plan_that_cannot_be_used_is_declined_with_its_place(plan: object, message: str, house: House) -> None:
    answer = house.pipeline.ask_plan(plan)
    assert (answer.outcome, answer.headline, answer.plan) == ("declined", message, "")
    assert house.engine.ran == []


def test_a_plan_reads_no_more_than_the_role_may(house: House) -> None:
    answer = house.pipeline.ask_plan(PLAN, Principal(role="guest"))
    assert (answer.outcome, house.engine.ran) == ("declined", [])
    assert "users.country is protected" in answer.headline


def test_a_role_that_does_not_exist_is_told(house: House) -> None:
    assert house.pipeline.ask_plan(PLAN, Principal(role="nobody")).outcome == "failed"


def test_the_plan_of_an_answer_is_on_the_wire(house: House) -> None:
    assert json.loads(answer_to_json(house.pipeline.ask_plan(PLAN)))["plan"] == PLAN
    assert json.loads(answer_to_json(house.pipeline.run_sql(COUNT)))["plan"] is None


def test_a_kept_draft_has_its_plan() -> None:
    draft = SqlDraft("SELECT 1", Origin("offline"), "one", ("a",), plan='{"base":"users"}')
    assert draft_from_bytes(draft_to_bytes(draft)) == draft
    old = json.loads(draft_to_bytes(draft))
    del old["plan"]
    with pytest.raises(ValueError, match="not a cached draft"):
        draft_from_bytes(json.dumps(old).encode())


def test_another_plan_before_is_another_conversation(house: House) -> None:
    for plan in ("", '{"base":"users"}'):
        house.pipeline.ask(Question("and now?", history=(Turn("How many?", COUNT, plan),)))
    assert len(house.writer.calls) == 2


def test_a_plan_is_no_list_of_nothing(house: House) -> None:
    assert house.pipeline.ask_plan({"base": "users"}).outcome == "declined"
