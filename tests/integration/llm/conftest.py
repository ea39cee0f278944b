"""Models and scripted endpoints of one test, and the search for the key wherever it could have been written."""

from __future__ import annotations

import logging
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from threading import Event
from typing import Any

import pytest

from nl2sql.errors import LanguageModelError
from nl2sql.llm import base
from nl2sql.llm.base import Call
from nl2sql.llm.capabilities import CapabilityMemory
from nl2sql.llm.openai import OpenAIModel
from nl2sql.prompt.base import Message, Prompt
from tests.fakes.openai.acts import Script
from tests.fakes.openai.server import Endpoint, serve

KEY = "sk-proj-" + "THISisTHEsecretKEY0123456789"
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
PROMPT = Prompt((Message("system", "Be brief."), Message("user", "Größe?")), SCHEMA, "t@v1", "f")
# What a limit may be overrun by on a busy machine, in seconds.
SLACK = 1.5


@dataclass
class Story:
    """What one call told the trace."""

    remarks: list[str] = field(default_factory=list)
    progress: list[int] = field(default_factory=list)
    cancelled: Event = field(default_factory=Event)

    @property
    def tries(self) -> list[str]:
        """What each try came to that was followed by another."""
        return [remark.split(",")[0] for remark in self.remarks if not remark.startswith("given up: ")]

    def call(self, **more: Any) -> Call:
        return Call(cancelled=self.cancelled, remark=self.remarks.append, progress=self.progress.append, **more)


@dataclass(frozen=True)
class Wire:
    """One of the four ways a reply can come."""

    api: str
    is_streamed: bool

    @property
    def path(self) -> str:
        return "/v1/responses" if self.api == "responses" else "/v1/chat/completions"


WIRES = [Wire(api, is_streamed) for api in ("chat", "responses") for is_streamed in (True, False)]


@pytest.fixture(params=WIRES, ids=lambda wire: f"{wire.api}-{'stream' if wire.is_streamed else 'whole'}")
def wire(request: pytest.FixtureRequest) -> Wire:
    given: Wire = request.param
    return given


@pytest.fixture
def endpoint() -> Iterator[Callable[..., Endpoint]]:
    """Starts servers for one test and stops them after it."""
    with ExitStack() as running:

        def start(script: Script, **options: Any) -> Endpoint:
            return running.enter_context(serve(script, **options))

        yield start


@pytest.fixture
def model() -> Iterator[Callable[..., OpenAIModel]]:
    """Makes models and closes them after the test."""
    made: list[OpenAIModel] = []

    def make(url: str | None, wire: Wire | None = None, **options: Any) -> OpenAIModel:
        if wire is not None:
            memory = CapabilityMemory()
            memory.reject(url or "", "asked", [] if wire.is_streamed else ["stream"])
            options = {"api": wire.api, "capabilities": memory} | options
        made.append(OpenAIModel("asked", base_url=url, **({"timeout": 10.0, "api_key": KEY} | options)))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(autouse=True)
def _requests_to_the_loopback_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", True)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nl2sql.llm.openai.BACKOFF_SECONDS", 0.02)


@pytest.fixture
def stopwatch() -> Callable[[], float]:
    begun = time.monotonic()
    return lambda: time.monotonic() - begun


@pytest.fixture
def keyless(caplog: pytest.LogCaptureFixture) -> Callable[..., None]:
    """Fails when any 8 characters in a row of the key are in a text, or in what was logged, at any level."""
    caplog.set_level(logging.DEBUG)

    def check(*texts: str) -> None:
        for text in (*texts, caplog.text):
            assert not any(KEY[i : i + 8] in text for i in range(len(KEY) - 7))

    return check


@pytest.fixture
def failure(keyless: Callable[..., None]) -> Callable[..., LanguageModelError]:
    """The error of one completion, after a look for the key wherever the error could show it."""

    def complete(asked: OpenAIModel, story: Story | None = None, prompt: Prompt = PROMPT) -> LanguageModelError:
        story = story or Story()
        with pytest.raises(LanguageModelError) as caught:
            asked.complete(prompt, story.call())
        error = caught.value
        printed = "".join(traceback.format_exception(error))
        keyless(str(error), error.hint, repr(error), printed, repr(asked), repr(vars(error)), repr(story.remarks))
        assert error.__cause__ is None
        assert error.__context__ is None, "the client's exception holds the request and its headers"
        return error

    return complete


@pytest.fixture
def deaf_host() -> Any:
    """A port whose queue is full: connecting waits for the system's own limit, which is minutes."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            each = socket.socket()
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
            waiting.append(each)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        for each in waiting:
            each.close()
