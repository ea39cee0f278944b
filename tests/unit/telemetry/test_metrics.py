from __future__ import annotations

import threading
from dataclasses import replace

import pyarrow as pa
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from nl2sql.answer.base import Answer
from nl2sql.engines.base import ResultTable
from nl2sql.errors import ModelReplyInvalid
from nl2sql.llm.base import Completion, Usage, charge
from nl2sql.llm.observed import ModelCall
from nl2sql.question import Question
from nl2sql.telemetry.base import STAGES
from nl2sql.telemetry.metrics import MOST_CODES, MOST_MODELS, Metrics, shared_metrics
from nl2sql.telemetry.open import Several
from nl2sql.writers.base import Origin

TABLE = ResultTable(pa.table({"n": [1, 2, 3]}), 1000, False, 1.0, billed_bytes=10_485_760)
ANSWER = Answer(Question.parse("Who is Zoltan Quux?"), "answered", "Three.", origin=Origin("llm"), table=TABLE)
CALL = ModelCall("m-1", "openai")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(CollectorRegistry())


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def counted(metrics: Metrics, code: str = "ok", outcome: str = "answered", writer: str = "llm") -> float | None:
    return value(metrics, "nl2sql_questions_total", outcome=outcome, code=code, writer=writer, cached="false")


def test_a_question_is_counted_with_how_it_ended_its_rows_and_its_bytes(metrics: Metrics) -> None:
    with metrics.question("q1", "analyst"):
        assert value(metrics, "nl2sql_questions_in_flight") == 1
        metrics.answered(ANSWER)
    assert value(metrics, "nl2sql_questions_in_flight") == 0
    assert counted(metrics) == 1
    assert value(metrics, "nl2sql_question_seconds_count") == 1
    assert value(metrics, "nl2sql_result_rows_sum") == 3
    assert value(metrics, "nl2sql_scanned_bytes_total") == 10_485_760


def test_bytes_of_a_cached_answer_were_billed_before(metrics: Metrics) -> None:
    metrics.answered(replace(ANSWER, cached=True))
    assert value(metrics, "nl2sql_scanned_bytes_total") == 0
    assert value(metrics, "nl2sql_questions_total", outcome="answered", code="ok", writer="llm", cached="true") == 1


def test_stages_are_timed_each_for_itself(metrics: Metrics) -> None:
    for stage in (*STAGES, "check", "something new"):
        with metrics.stage(stage) as tell:
            tell({"nl2sql.cached": True})
    assert value(metrics, "nl2sql_stage_seconds_count", stage="check") == 2
    assert value(metrics, "nl2sql_stage_seconds_count", stage="explain") == 1
    assert value(metrics, "nl2sql_stage_seconds_count", stage="other") == 1


def test_a_stage_that_failed_is_timed_too(metrics: Metrics) -> None:
    with pytest.raises(ModelReplyInvalid), metrics.stage("write"):
        raise ModelReplyInvalid("bad")
    assert value(metrics, "nl2sql_stage_seconds_count", stage="write") == 1


def test_tokens_are_counted_also_for_a_reply_that_could_not_be_used(metrics: Metrics) -> None:
    with metrics.model_call(CALL) as report:
        report(Completion("{}", "m-1-2026", Usage(900, 60)))
    error = ModelReplyInvalid("cut off")
    charge(error, Usage(100, 40))
    with pytest.raises(ModelReplyInvalid), metrics.model_call(CALL):
        raise error
    assert value(metrics, "nl2sql_model_tokens_total", direction="input", model="m-1") == 1000
    assert value(metrics, "nl2sql_model_tokens_total", direction="output", model="m-1") == 100


def test_a_question_that_ends_with_an_unexpected_error_is_counted_once(metrics: Metrics) -> None:
    with pytest.raises(ZeroDivisionError), metrics.question("q1", "analyst"):
        raise ZeroDivisionError
    assert counted(metrics, "unexpected", "failed", "none") == 1
    with pytest.raises(KeyboardInterrupt), metrics.question("q2", "analyst"):
        raise KeyboardInterrupt
    assert counted(metrics, "interrupted", "failed", "none") == 1
    with pytest.raises(ZeroDivisionError), metrics.question("q3", "analyst"):
        metrics.answered(ANSWER)
        raise ZeroDivisionError
    assert counted(metrics, "unexpected", "failed", "none") == 1
    assert value(metrics, "nl2sql_questions_in_flight") == 0


def test_labels_stay_few_whatever_comes(metrics: Metrics) -> None:
    for number in range(MOST_CODES + 50):
        metrics.answered(replace(ANSWER, code=f"code_{number}", origin=Origin(f"writer {number}")))
    for number in range(MOST_MODELS + 5):
        with metrics.model_call(ModelCall(f"model-{number}", "openai")) as report:
            report(Completion("", "m", Usage(1, 1)))
    metrics.answered(replace(ANSWER, code="x" * 5_000))
    metrics.answered(replace(ANSWER, code="two\nlines"))
    assert counted(metrics, "code_99", writer="other") == 1
    assert counted(metrics, "other", writer="other") == 50
    assert counted(metrics, "other") == 2
    assert value(metrics, "nl2sql_model_tokens_total", direction="input", model="other") == 5


def test_no_text_and_no_name_of_a_person_gets_into_a_label(metrics: Metrics) -> None:
    with metrics.question("q-4711", "role-of-someone"):
        metrics.answered(replace(ANSWER, headline="Zoltan Quux", sql="SELECT 'Quux'", hint="Quux", id="q-4711"))
    page = generate_latest(metrics.registry).decode()
    assert "nl2sql_questions_total" in page
    assert not [word for word in ("Quux", "SELECT", "4711", "role-of") if word in page]


def test_a_process_with_two_pipelines_has_one_set_of_metrics() -> None:
    assert shared_metrics() is shared_metrics()


def test_questions_in_many_threads_are_all_counted(metrics: Metrics) -> None:
    def ask() -> None:
        for _ in range(200):
            with metrics.question("q", "analyst"), metrics.stage("check"):
                metrics.answered(ANSWER)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counted(metrics) == 1600
    assert value(metrics, "nl2sql_questions_in_flight") == 0


def test_several_telemetries_all_hear_of_the_same(metrics: Metrics) -> None:
    other = Metrics(CollectorRegistry())
    both = Several([metrics, other])
    with both.question("q1", "analyst"):
        with both.stage("run") as tell:
            tell({"nl2sql.cached": False})
        with both.model_call(CALL) as report:
            report(Completion("{}", "m", Usage(5, 1)))
        both.answered(ANSWER)
    both.close()
    for each in (metrics, other):
        assert counted(each) == 1
        assert value(each, "nl2sql_model_tokens_total", direction="input", model="m-1") == 5
        assert value(each, "nl2sql_stage_seconds_count", stage="run") == 1
