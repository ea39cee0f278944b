"""The order of the stages, what is remembered, and what never gets out; writers and engine are scripted."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from nl2sql.cache.memory import MemoryCache
from nl2sql.catalog.model import SemanticModel
from nl2sql.context.base import Context
from nl2sql.errors import ModelUnreachable, QueryFailed, QueryTimedOut
from nl2sql.pipeline import Pipeline
from nl2sql.prompt.base import EarlierTry, Problem
from nl2sql.question import Principal, Question
from nl2sql.trace import StageEvent
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Explanation, Origin, Repair, SqlDraft
from tests.unit.scripted_house import COUNT, LLM, POLICIES, House, build, retrieve


@pytest.fixture
def house() -> House:
    return build(lambda question, repair: SqlDraft(COUNT, LLM))


def test_a_repeat_asks_neither_the_writer_nor_the_database(house: House) -> None:
    assert [house.ask(), house.ask()] == [("answered", False), ("answered", True)]
    assert (len(house.writer.calls), len(house.engine.ran)) == (1, 1)


def test_fresh_asks_both_again(house: House) -> None:
    house.ask()
    assert house.ask(fresh=True) == ("answered", False)
    assert (len(house.writer.calls), len(house.engine.ran)) == (2, 2)


def test_typed_sql_can_be_run_afresh(house: House) -> None:
    first, again = house.pipeline.run_sql(COUNT), house.pipeline.run_sql(COUNT)
    assert (first.cached, again.cached) == (False, True)
    assert not house.pipeline.run_sql(COUNT, fresh=True).cached


def test_another_wording_of_known_sql_is_written_once(house: House) -> None:
    house.ask("How many users?")
    assert house.ask("Number of users?") == ("answered", True)
    assert house.ask("Number of users?") == ("answered", True)
    assert len(house.writer.calls) == 2


@pytest.mark.parametrize("role", ["guest", "support", "sampler"])
def test_roles_share_no_rows(house: House, role: str) -> None:
    house.ask()
    assert house.ask(role=role) == ("answered", False)


def test_changed_data_is_read_again(house: House) -> None:
    house.ask()
    house.engine.data = "d2"
    assert house.ask() == ("answered", False)


def test_another_day_called_today_is_another_question(house: House) -> None:
    house.ask()
    later = replace(Question.parse("How many users?"), as_of=date(2026, 7, 1))
    house.pipeline.ask(later)
    assert len(house.writer.calls) == 2


def test_what_a_stand_in_wrote_is_not_remembered() -> None:
    house = build(lambda question, repair: SqlDraft(COUNT, Origin("offline", note="the model cannot be reached")))
    house.ask()
    house.ask()
    assert len(house.writer.calls) == 2


def test_a_refused_draft_of_a_model_is_repaired_with_the_guards_hint() -> None:
    house = build(lambda question, repair: SqlDraft(COUNT if repair else "SELECT contry FROM users", LLM))
    assert house.ask() == ("answered", False)
    repair = house.writer.calls[1][2]
    assert repair is not None
    assert repair.tries[0].sql == "SELECT contry FROM users"
    assert repair.tries[0].problems[0].code == "unknown_column"
    assert "country" in repair.tries[0].problems[0].text


def test_the_offline_writer_is_not_asked_to_repair() -> None:
    house = build(lambda question, repair: SqlDraft("SELECT contry FROM users", Origin("offline")))
    assert house.ask() == ("refused", False)
    assert len(house.writer.calls) == 1


def test_a_failed_query_goes_back_to_the_model_with_what_the_database_said() -> None:
    house = build(lambda question, repair: SqlDraft("SELECT COUNT(id) AS n FROM users" if repair else COUNT, LLM))
    house.engine.faults = [QueryFailed("The database refused.", hint="no such function")]
    assert house.ask() == ("answered", False)
    assert house.writer.calls[1][2] == Repair((EarlierTry(COUNT, (Problem("database", "no such function"),)),))


def test_a_follow_up_is_shown_as_the_whole_question_that_was_answered() -> None:
    house = build(lambda question, repair: SqlDraft(COUNT, LLM, standalone="How many users from Germany?"))
    first, again = (house.pipeline.ask(Question.parse("and from Germany?")) for _ in range(2))
    assert (first.standalone, again.standalone, again.cached) == ("How many users from Germany?",) * 2 + (True,)


def test_what_a_language_model_wrote_after_another_writer_declined_is_remembered() -> None:
    origin = Origin("llm", "some-model", note="the offline writer did not understand the question")
    house = build(lambda question, repair: SqlDraft(COUNT, origin))
    assert [house.ask(), house.ask()] == [("answered", False), ("answered", True)]
    assert len(house.writer.calls) == 1


def test_what_a_prompt_will_lack_is_a_remark_of_the_stage_that_cut_it(house: House) -> None:
    def cutting(question: Question, model: SemanticModel, dialect: str, as_of: date) -> Context:
        return replace(retrieve(question, model, dialect, as_of), remarks=("2 tables left out",))

    answer = Pipeline(replace(house.stages, retrieve=cutting)).ask(Question.parse("How many users?"))
    assert next((each.stage, each.remarks) for each in answer.stages) == ("understand", ("2 tables left out",))


@pytest.mark.parametrize(
    ("fault", "code"),
    [(QueryTimedOut("Stopped after 10 seconds."), "query_timed_out"), (QueryFailed("No."), "query_failed")],
)
def test_a_database_fault_is_an_answer_with_a_reason(house: House, fault: Exception, code: str) -> None:
    house.engine.faults = [fault, fault, fault]
    answer = house.pipeline.ask(Question.parse("How many users?"))
    assert (answer.outcome, answer.code, answer.headline) == ("failed", code, str(fault))


def test_a_writers_fault_is_an_answer_with_a_reason() -> None:
    def unreachable(question: Question, repair: Repair | None) -> Draft:
        raise ModelUnreachable("The model cannot be reached.")

    answer = build(unreachable).pipeline.ask(Question.parse("How many users?"))
    assert (answer.outcome, answer.code) == ("failed", "llm_unreachable")


def test_a_role_that_no_policy_names_is_an_answer_with_a_reason(house: House) -> None:
    assert house.ask(role="stranger") == ("failed", False)
    answer = house.pipeline.run_sql(COUNT, Principal(role="stranger"))
    assert (answer.outcome, answer.code) == ("failed", "policy_invalid")
    assert house.engine.ran == []


def test_a_refusal_shows_only_sql_that_the_asker_typed() -> None:
    house = build(lambda question, repair: SqlDraft("SELECT email FROM users", LLM, "the e-mail of users"))
    asked = house.pipeline.ask(Question.parse("Whose mail?"))
    assert (asked.outcome, asked.sql, asked.interpretation, asked.hint) == ("refused", "", "", "")
    typed = house.pipeline.run_sql("SELECT email FROM users")
    assert (typed.outcome, typed.sql) == ("refused", "SELECT email FROM users")


@pytest.mark.parametrize(
    ("role", "sensitive"),
    [("analyst", {"email"}), ("guest", {"email", "country", "shout"}), ("support", set())],
)
def test_a_writer_sees_the_model_as_the_role_may(house: House, role: str, sensitive: set[str]) -> None:
    house.ask(role=role)
    seen = house.writer.calls[0][1].model
    assert {f.name for f in seen.dataset("users").fields if f.sensitive} == sensitive


def test_a_question_back_and_a_decline_pass_through_without_a_query() -> None:
    back = build(lambda question, repair: Clarification("Which?", LLM, ("A?", "B?")))
    answer = back.pipeline.ask(Question.parse("Which one?"))
    assert (answer.outcome, answer.headline, answer.choices) == ("clarification", "Which?", ("A?", "B?"))
    no = build(lambda question, repair: CannotAnswer("No.", "unanswerable", LLM, ("rain",), ("Users?",)))
    answer = no.pipeline.ask(Question.parse("Rain?"))
    assert (answer.outcome, answer.code, answer.unknown_words) == ("declined", "unanswerable", ("rain",))
    assert back.engine.ran == no.engine.ran == []


def test_an_explanation_is_an_answer_in_words_without_a_query() -> None:
    house = build(lambda question, repair: Explanation("GMV: the sum of\nfinal prices.", LLM, ("GMV by month",)))
    answer = house.pipeline.ask(Question.parse("What does GMV mean?"))
    assert (answer.outcome, answer.code) == ("explanation", "explanation")
    assert (answer.headline, answer.choices) == ("GMV: the sum of\nfinal prices.", ("GMV by month",))
    assert (answer.sql, answer.table, house.engine.ran) == ("", None, [])


class SpoilingCache(MemoryCache):
    """Gives back something else than what was stored."""

    def set(self, key: str, value: bytes, *, seconds: float | None = None) -> None:
        super().set(key, b"\x00not what was stored", seconds=seconds)


def test_a_spoilt_cache_entry_is_no_answer(house: House) -> None:
    pipeline = Pipeline(replace(house.stages, cache=SpoilingCache()))
    pipeline.ask(Question.parse("How many users?"))
    again = pipeline.ask(Question.parse("How many users?"))
    assert (again.outcome, again.cached) == ("answered", False)
    assert len(house.engine.ran) == 2


def test_every_stage_is_told_and_timed(house: House) -> None:
    heard: list[StageEvent] = []
    answer = house.pipeline.ask(Question.parse("How many users?"), heard.append)
    stages = ["understand", "write", "check", "run", "explain"]
    assert [event.stage for event in heard if event.state == "started"] == stages
    assert [event.stage for event in heard if event.state == "done"] == stages
    assert [stage.stage for stage in answer.stages] == stages


def test_whoever_asks_gets_the_rows_of_their_own_attributes(house: House) -> None:
    for country in ("DE", "FR", "DE"):
        asking = Principal(role="manager", attributes={"country": country})
        answer = house.pipeline.ask(Question.parse("How many users?", principal=asking))
        assert answer.outcome == "answered"
        assert f"users.country = '{country}'" in answer.executed_sql
        assert f"'{country}'" not in answer.sql
        assert [finding.code for finding in answer.findings][:1] == ["partial_view"]
    assert [checked.row_filtered for checked in house.engine.ran] == [("users",), ("users",)]


def test_a_role_that_depends_on_an_unknown_attribute_gets_no_row(house: House) -> None:
    answer = house.pipeline.ask(Question.parse("How many users?", principal=Principal(role="manager")))
    assert (answer.outcome, answer.code) == ("failed", "policy_invalid")
    assert "country" in answer.headline
    assert house.engine.ran == []


def test_an_error_that_quotes_the_text_that_ran_does_not_tell_the_key_of_masks(house: House) -> None:
    key = POLICIES["masker"].mask_key
    house.engine.faults = [QueryFailed("The database could not run this query.", hint=f"near MASK_HASH('{key}'")]
    answer = house.pipeline.run_sql("SELECT country FROM users", Principal(role="masker"))
    assert "MASK_HASH('…'" in answer.hint
    assert key not in repr(answer)


def test_a_mariadb_is_written_to_in_the_grammar_of_mysql_and_judged_as_itself(house: House) -> None:
    house.engine.dialect = "mariadb"
    answer = house.pipeline.ask(Question.parse("How many users?"))
    assert (answer.outcome, house.engine.ran[0].dialect) == ("answered", "mariadb")
    assert house.writer.calls[0][1].dialect == "mysql"
    assert [line.kind for line in answer.receipt.lines]


def test_rows_beyond_the_limit_of_a_minute_are_not_given_not_even_from_the_cache(house: House) -> None:
    assert [house.ask(role="reader") for _ in range(3)] == [("answered", False), ("answered", True), ("failed", False)]
    assert house.ask(role="analyst")[0] == "answered"


def test_writers_are_told_nothing_of_closed_tables_and_no_stored_value_of_filtered_ones(house: House) -> None:
    closed, filtered = house.pipeline.model_for("outsider"), house.pipeline.model_for("manager")
    assert all(each.sensitive for each in closed.datasets[0].fields)
    assert not any(each.indexed for each in filtered.datasets[0].fields)
    assert closed.fingerprint != filtered.fingerprint


def test_a_correction_names_the_answer_it_corrects_in_the_ledger(house: House) -> None:
    house.ask()
    asked = house.ledger.rows[-1].id
    house.pipeline.run_sql(COUNT, corrects=asked)
    assert [row.corrects for row in house.ledger.rows] == ["", asked]
