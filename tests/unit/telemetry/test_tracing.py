from __future__ import annotations

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from nl2sql.answer.base import Answer, Outcome
from nl2sql.errors import ModelReplyInvalid, ModelTimedOut, QueryFailed
from nl2sql.llm.base import NO_CALL, Call, Completion, LanguageModel, Usage, charge
from nl2sql.llm.observed import ObservedModel
from nl2sql.llm.recorded import ScriptedModel
from nl2sql.prompt.base import Message, Prompt
from nl2sql.question import Question
from nl2sql.telemetry.base import STAGES
from nl2sql.telemetry.tracing import ATTRIBUTES, LONGEST_TEXT, Tracing
from nl2sql.writers.base import Origin

SECRET = "SELECT card FROM people WHERE name = 'Zoltan Quux'"
PROMPT = Prompt((Message("user", SECRET),), {}, "sql_writer@v1", "f" * 64)


class Spans:
    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()
        provider = TracerProvider(shutdown_on_exit=False)
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        self.tracing = Tracing(provider.get_tracer("nl2sql"))

    def __getitem__(self, name: str) -> ReadableSpan:
        [span] = [span for span in self.exporter.get_finished_spans() if span.name == name]
        return span

    def facts(self, name: str) -> dict[str, object]:
        return dict(self[name].attributes or {})

    def everything(self) -> str:
        return "".join(span.to_json() for span in self.exporter.get_finished_spans())


@pytest.fixture
def spans() -> Spans:
    return Spans()


def answer(outcome: Outcome = "answered", code: str = "ok") -> Answer:
    return Answer(
        Question.parse(SECRET), outcome, SECRET, code, Origin("llm", SECRET), sql=SECRET, hint=SECRET, usage=Usage(9, 4)
    )


class Model:
    name = "m-1"
    server = ("models.example", 8443)

    def __init__(self, says: Completion | Exception) -> None:
        self.says = says

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        if isinstance(self.says, Exception):
            raise self.says
        return self.says


def complete(spans: Spans, model: LanguageModel) -> Completion:
    return ObservedModel(model, spans.tracing.model_call).complete(PROMPT)


def test_a_question_is_one_trace_of_its_stages_and_the_call_of_the_model(spans: Spans) -> None:
    with spans.tracing.question("q1", "analyst"):
        for stage in STAGES:
            with spans.tracing.stage(stage):
                if stage == "write":
                    complete(spans, Model(Completion("{}", "m-1-2026", Usage(9, 4))))
        spans.tracing.answered(answer())
    root = spans["nl2sql.question"]
    assert root.parent is None and root.kind is SpanKind.INTERNAL and root.status.status_code is StatusCode.UNSET
    for stage in STAGES:
        parent = spans[f"nl2sql.{stage}"].parent
        assert parent is not None and parent.span_id == root.context.span_id
    call = spans["chat m-1"]
    assert call.parent is not None and call.parent.span_id == spans["nl2sql.write"].context.span_id
    assert {span.context.trace_id for span in spans.exporter.get_finished_spans()} == {root.context.trace_id}
    assert spans.facts("nl2sql.question") == {
        "nl2sql.question.id": "q1",
        "nl2sql.role": "analyst",
        "nl2sql.outcome": "answered",
        "nl2sql.code": "ok",
        "nl2sql.cached": False,
        "nl2sql.writer": "llm",
        "nl2sql.usage.input_tokens": 9,
        "nl2sql.usage.output_tokens": 4,
    }


def test_a_call_of_a_model_follows_the_conventions_of_generative_ai(spans: Spans) -> None:
    complete(spans, Model(Completion("{}", "m-1-2026", Usage(9, 4))))
    assert spans["chat m-1"].kind is SpanKind.CLIENT
    assert spans.facts("chat m-1") == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "m-1",
        "gen_ai.response.model": "m-1-2026",
        "gen_ai.usage.input_tokens": 9,
        "gen_ai.usage.output_tokens": 4,
        "server.address": "models.example",
        "server.port": 8443,
    }


def test_a_call_in_vain_tells_its_code_and_what_it_cost(spans: Spans) -> None:
    error = ModelReplyInvalid(SECRET, hint=SECRET)
    charge(error, Usage(90, 3))
    with pytest.raises(ModelReplyInvalid) as caught:
        complete(spans, Model(error))
    assert caught.value is error
    facts = spans.facts("chat m-1")
    assert facts["error.type"] == "llm_reply_invalid"
    assert (facts["gen_ai.usage.input_tokens"], facts["gen_ai.usage.output_tokens"]) == (90, 3)
    assert "gen_ai.response.model" not in facts
    assert spans["chat m-1"].status.status_code is StatusCode.ERROR


def test_tokens_nobody_counted_are_left_out(spans: Spans) -> None:
    with pytest.raises(ModelTimedOut):
        complete(spans, Model(ModelTimedOut("late")))
    complete(spans, ScriptedModel(["{}"], name="script"))
    assert not [name for call in ("chat m-1", "chat script") for name in spans.facts(call) if "usage" in name]
    assert "server.address" not in spans.facts("chat script")


def test_the_run_stage_follows_the_conventions_of_databases(spans: Spans) -> None:
    with spans.tracing.question("q1", "analyst"), spans.tracing.stage("run") as tell:
        tell({"db.system.name": "postgres", "db.response.returned_rows": 3, "nl2sql.cached": False})
    assert spans["nl2sql.run"].kind is SpanKind.CLIENT
    assert spans.facts("nl2sql.run") == {
        "db.system.name": "postgresql",
        "db.operation.name": "SELECT",
        "db.response.returned_rows": 3,
        "nl2sql.cached": False,
    }
    assert spans.facts("nl2sql.question")["db.system.name"] == "postgresql"


def test_what_was_not_asked_of_a_database_is_no_select(spans: Spans) -> None:
    with spans.tracing.question("q1", "analyst"), spans.tracing.stage("run") as tell:
        tell({"nl2sql.cached": True, "db.system.name": "mysql", "db.response.returned_rows": 3})
    assert spans.facts("nl2sql.run") == {"nl2sql.cached": True}
    assert "db.system.name" not in spans.facts("nl2sql.question")


def test_a_failed_answer_and_a_failed_stage_are_errors(spans: Spans) -> None:
    with spans.tracing.question("q1", "analyst"):
        with pytest.raises(QueryFailed), spans.tracing.stage("run"):
            raise QueryFailed(SECRET, hint=SECRET)
        spans.tracing.answered(answer("failed", "query_failed"))
    for name in ("nl2sql.run", "nl2sql.question"):
        assert spans[name].status.status_code is StatusCode.ERROR
        assert spans.facts(name)["error.type"] == "query_failed"


@pytest.mark.parametrize("outcome", ["answered", "clarification", "declined", "refused"])
def test_a_refusal_is_no_error(spans: Spans, outcome: Outcome) -> None:
    with spans.tracing.question("q1", "analyst"):
        spans.tracing.answered(answer(outcome, "sensitive"))
    assert spans["nl2sql.question"].status.status_code is StatusCode.UNSET


def test_an_unexpected_error_is_told_by_its_kind_alone(spans: Spans) -> None:
    with pytest.raises(ZeroDivisionError), spans.tracing.question("q1", "analyst"), spans.tracing.stage("check"):
        raise ZeroDivisionError(SECRET)
    assert spans.facts("nl2sql.question")["error.type"] == "ZeroDivisionError"
    assert spans["nl2sql.question"].events == ()


def test_no_text_of_a_question_no_sql_and_no_value_gets_into_a_span(spans: Spans) -> None:
    with spans.tracing.question("q1", "analyst"):
        with spans.tracing.stage("run") as tell:
            tell({"db.query.text": SECRET, "question": SECRET, "nl2sql.sql": SECRET})
        with pytest.raises(ModelReplyInvalid):
            complete(spans, Model(ModelReplyInvalid(SECRET, hint=SECRET)))
        complete(spans, Model(Completion(SECRET, "m-1-2026")))
        spans.tracing.answered(answer("failed", "query_failed"))
    told = spans.everything()
    assert "Quux" not in told and "SELECT card" not in told
    assert {name for span in spans.exporter.get_finished_spans() for name in span.attributes or {}} <= ATTRIBUTES


def test_a_hostile_name_becomes_one_short_line(spans: Spans) -> None:
    with spans.tracing.question("q\n1\x1b[2J", "r" * 5_000):
        pass
    facts = spans.facts("nl2sql.question")
    assert facts["nl2sql.question.id"] == "q 1 [2J"
    assert len(str(facts["nl2sql.role"])) == LONGEST_TEXT


def test_two_questions_in_one_thread_are_two_traces(spans: Spans) -> None:
    for each in ("q1", "q2"):
        with spans.tracing.question(each, "analyst"):
            pass
    first, second = spans.exporter.get_finished_spans()
    assert first.context.trace_id != second.context.trace_id


def test_an_answer_outside_of_a_question_harms_nothing(spans: Spans) -> None:
    spans.tracing.answered(answer())
    spans.tracing.close()
    assert spans.exporter.get_finished_spans() == ()
