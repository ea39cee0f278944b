"""The whole product, built from its settings, over a scripted endpoint. What it says is searched for the key, for
tracebacks and for what is still under way."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nl2sql.answer.base import Answer
from nl2sql.bootstrap import build_pipeline
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.settings import load_settings
from nl2sql.terminal import print_answer, print_no_answer, print_trace
from nl2sql.wire import answer_to_json
from tests.fakes.openai.acts import Act, Received, Scripted
from tests.fakes.openai.server import Endpoint, serve
from tests.integration.llm.conftest import KEY, SLACK, WIRES, Wire

REPOSITORY = Path(__file__).parents[3]
PIECES = tuple(KEY[start : start + 8] for start in range(len(KEY) - 7))
LLM_SECONDS = 1.5
# The offline writer has no reading for the first, is sure of the second, and nearly sure of the third.
UNREAD, SURE, UNSURE = (
    "Which colleagues hum in the lift?",
    "How many listings were sold last month?",
    "Who bids most often?",
)
ALL_WRITERS = "verified, offline, llm"
COUNTED = "SELECT COUNT(*) AS number_of_bids FROM bids"
FOUND = "Number of bids is 60,000."
# Threads of the product that end with a question; others end with the pipeline.
SHORT_LIVED = ("connect to a language model", "candidate")


class Director:
    """What the endpoint does next, which a test may change; the last of a script is repeated."""

    def __init__(self) -> None:
        self._left: list[Scripted] = [Act()]
        self.play: Callable[[Received], Scripted] = self._next
        self._lock = threading.Lock()

    def direct(self, script: Sequence[Scripted]) -> None:
        self._left = list(script)

    def __call__(self, received: Received) -> Scripted:
        return self.play(received)

    def _next(self, received: Received) -> Scripted:
        with self._lock:
            return self._left.pop(0) if len(self._left) > 1 else self._left[0]


@dataclass
class House:
    """One pipeline and what it said. `seconds` is the longest time that a question took."""

    pipeline: Pipeline
    endpoint: Endpoint
    director: Director
    seconds: float = 0.0
    said: list[str] = field(default_factory=list)

    def ask(self, text: str = UNREAD, user: str = "anna", **options: Any) -> Answer:
        begun = time.monotonic()
        answer = self.pipeline.ask(Question.parse(text, principal=Principal(user)), **options)
        self.seconds = max(self.seconds, time.monotonic() - begun)
        self.said += [answer_to_json(answer), repr(answer), printed(answer)]
        return answer

    @property
    def requests(self) -> int:
        return len(self.endpoint.requests)


def reply(sql: str, confidence: float = 0.95) -> str:
    said = {"kind": "sql", "question": "How many bids are there?", "sql": sql, "tables": ["bids"], "assumptions": []}
    return json.dumps(said | {"confidence": confidence, "message": None, "choices": [], "code": None})


def printed(answer: Answer) -> str:
    """As the command prints it, with its trace."""
    page = io.StringIO()
    (print_answer if answer.outcome == "answered" else print_no_answer)(answer, page)
    print_trace(answer, page)
    return page.getvalue()


def remarks(answer: Answer) -> list[str]:
    told = [remark for stage in answer.stages for remark in stage.remarks]
    return [each for each in told if not each.startswith("prompt of about")]


@contextmanager
def open_house(folder: Path, database: Path, wire: Wire = WIRES[0], url: str = "", **given: object) -> Iterator[House]:
    """`url` for another endpoint than the scripted one; `given` are settings. Checks at the end that no file below the
    folder holds the key and that no thread is left."""
    before, director = set(threading.enumerate()), Director()
    with serve(director, rejects=() if wire.is_streamed else {"stream"}) as endpoint:
        named: dict[str, object] = {
            "config": REPOSITORY / "nl2sql.toml",
            "database": f"sqlite:///{database}",
            "cache": "off",
            "ledger": f"sqlite:///{folder / 'ledger.db'}",
            "llm_seconds": LLM_SECONDS,
            "offline_confidence": 0.99,
            "openai_api": wire.api,
            "openai_base_url": url or endpoint.url,
            "openai_model": "asked",
        }
        environ = {f"NL2SQL_{name.upper()}": str(value) for name, value in (named | given).items()}
        house = House(build_pipeline(load_settings(environ | {"OPENAI_API_KEY": KEY})), endpoint, director)
        try:
            yield house
        finally:
            house.pipeline.close()
    assert_keyless(*house.said, *(each.read_bytes().decode("latin-1") for each in folder.rglob("*") if each.is_file()))
    assert_soon(lambda: set(threading.enumerate()) <= before)


class Houses:
    """One house for each way to ask, used again by many tests, because building one takes a third of a second."""

    def __init__(self, folder: Path, database: Path, opened: ExitStack) -> None:
        self._folder = folder
        self._database = database
        self._opened = opened
        self._kept: dict[tuple[Wire, str], House] = {}

    def of(self, wire: Wire, writers: str) -> House:
        if (wire, writers) not in self._kept:
            folder = self._folder / str(len(self._kept))
            folder.mkdir()
            opening = open_house(folder, self._database, wire, writers=writers, llm_repairs=2)
            house = self._kept[wire, writers] = self._opened.enter_context(opening)
            house.director.direct(['{"kind": "cannot_answer", "message": "No.", "code": "unanswerable"}'])
            house.ask()  # whether the endpoint streams is known from here on
        house = self._kept[wire, writers]
        house.said.clear()
        house.endpoint.requests.clear()
        house.seconds = 0.0
        return house


def assert_keyless(*texts: str) -> None:
    for text in texts:
        assert not any(piece in text for piece in PIECES)


def assert_soon(is_over: Callable[[], bool], seconds: float = 2.0) -> None:
    until = time.monotonic() + seconds
    while not is_over() and time.monotonic() < until:
        time.sleep(0.01)
    assert is_over(), [each.name for each in threading.enumerate()]


def assert_in_order(house: House, log: pytest.LogCaptureFixture) -> None:
    """All was in time, without a traceback and without the key, and nothing is still under way."""
    assert house.seconds < LLM_SECONDS + SLACK
    warned = [each for each in log.records if each.levelno >= logging.WARNING]
    assert [each.exc_info for each in warned if each.exc_info] == []
    assert_keyless(*house.said, log.text)
    assert not any("Traceback" in text for text in (*house.said, *(each.getMessage() for each in warned)))
    assert_soon(lambda: not any(each.name.startswith(SHORT_LIVED) for each in threading.enumerate()))
