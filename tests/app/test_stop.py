"""Stopping a question while a language model writes: the request ends, not only the wait for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from uuid import uuid4

import pytest

from nl2sql import bootstrap
from nl2sql.answer.base import Answer
from nl2sql.context.base import Context
from nl2sql.errors import ModelCancelled
from nl2sql.llm.base import NO_CALL, Call
from nl2sql.pipeline import Pipeline
from nl2sql.question import Question
from nl2sql.settings import load_settings
from nl2sql.trace import StageEvent
from nl2sql.writers.base import Draft, Repair
from nl2sql.writers.chain import ChainWriter
from streamlit_app.asking.work import follow

# Against a hang; an Event is heard at once.
LONGEST_SECONDS = 30.0


class Endless:
    """A language model's writer that tells how far it is, and writes until somebody stops it."""

    name = version = "llm"

    def __init__(self) -> None:
        self.ended = Event()

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        call.remark("429, again in 2.0 s")
        call.progress(1_640)
        if call.cancelled.wait(LONGEST_SECONDS):
            self.ended.set()
            raise ModelCancelled("The request was stopped.")
        raise AssertionError("nobody stopped it")


@pytest.fixture
def endless() -> Endless:
    return Endless()


@pytest.fixture
def pipeline(
    endless: Endless,
    tmp_path: Path,
    tiny_database: Path,
    write_config: Callable[[Path, Path], Path],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Pipeline]:
    monkeypatch.setattr(bootstrap, "build_writer", lambda *_, **__: ChainWriter([endless, endless]))
    made = bootstrap.build_pipeline(load_settings({"NL2SQL_CONFIG": str(write_config(tmp_path, tiny_database))}))
    yield made
    made.close()


class Left(BaseException):
    """What ends a run of the page when something else is clicked."""


def test_leaving_the_page_while_the_model_writes_ends_its_request(pipeline: Pipeline, endless: Endless) -> None:
    name, told = uuid4().hex, list[StageEvent]()

    def job(tell: Callable[[StageEvent], None]) -> Answer:
        return pipeline.ask(Question.parse("How many bids?"), tell, question_id=name)

    def progress(event: StageEvent) -> None:
        told.append(event)
        if event.state == "progress":
            raise Left

    with pytest.raises(Left):
        follow(job, progress, lambda: None, lambda: pipeline.cancel(name))
    assert endless.ended.wait(LONGEST_SECONDS)
    assert [(each.state, each.note) for each in told if each.stage == "write"] == [
        ("started", ""),
        ("remark", "429, again in 2.0 s"),
        ("progress", "1,640 characters"),
    ]


def test_a_question_that_was_stopped_ends_as_stopped_and_asks_nobody_else(pipeline: Pipeline, endless: Endless) -> None:
    name = uuid4().hex

    def stop(event: StageEvent) -> None:
        if event.state == "progress":
            pipeline.cancel(name)

    answer = pipeline.ask(Question.parse("How many bids?"), stop, question_id=name)
    assert (answer.outcome, answer.code) == ("failed", "query_cancelled")
    assert [each.remarks for each in answer.stages if each.stage == "write"] == [("429, again in 2.0 s",)]
