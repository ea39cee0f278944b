"""The real client against a real server: whatever goes wrong ends in its own error, in time, without the key."""

from __future__ import annotations

import logging
import socket
import traceback
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import pytest

from nl2sql.errors import (
    LanguageModelError,
    ModelAuthFailed,
    ModelBusy,
    ModelReplyInvalid,
    ModelTimedOut,
    ModelUnreachable,
)
from nl2sql.llm.base import Completion, Usage
from nl2sql.llm.openai import OpenAIModel
from nl2sql.prompt.base import Message, Prompt

KEY = "sk-proj-THISisTHEsecretKEY0123456789"
SCHEMA = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
PROMPT = Prompt((Message("system", "Be brief."), Message("user", "Größe?")), SCHEMA, "t@v1", "f")
# What a limit may be overrun by on a busy machine.
SLACK = 1.5


@pytest.fixture
def model() -> Iterator[Callable[..., OpenAIModel]]:
    """Makes models and closes them after the test."""
    made: list[OpenAIModel] = []

    def make(url: str | None, **options: Any) -> OpenAIModel:
        made.append(OpenAIModel("asked", base_url=url, **({"timeout": 10.0, "api_key": KEY} | options)))
        return made[-1]

    yield make
    for each in made:
        each.close()


def failure(asked: OpenAIModel, caplog: pytest.LogCaptureFixture) -> LanguageModelError:
    """The error of one completion, after a look for the key wherever the error could show it."""
    caplog.set_level(logging.DEBUG)
    with pytest.raises(LanguageModelError) as caught:
        asked.complete(PROMPT)
    error = caught.value
    printed = "".join(traceback.format_exception(error))
    for text in (str(error), error.hint, repr(error), printed, repr(asked), repr(vars(error)), caplog.text):
        assert not any(KEY[i : i + 8] in text for i in range(len(KEY) - 7))
    assert error.__cause__ is None
    assert error.__context__ is None, "the client's exception holds the request and its headers"
    return error


def test_a_good_reply_is_returned_with_what_was_sent(model: Any, endpoint: Any, act: Any, say: Any) -> None:
    server = endpoint([act(body=say('{"kind": "数"}'))])
    assert model(server.url).complete(PROMPT) == Completion('{"kind": "数"}', "served-2026-01", Usage(11, 7))
    assert server.requests == [
        {
            "model": "asked",
            "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Größe?"}],
            "temperature": 0.0,
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA},
            },
        }
    ]
    assert server.keys == [f"Bearer {KEY}"]


def test_the_address_and_key_of_the_environment_are_used(
    model: Any, endpoint: Any, act: Any, say: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = endpoint([act(body=say("{}"))])
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    assert model(None, api_key="").complete(PROMPT).text == "{}"
    assert server.keys == [f"Bearer {KEY}"]


@pytest.mark.parametrize(
    ("status", "expected", "requests"),
    [
        (400, LanguageModelError, 1),
        (401, ModelAuthFailed, 1),
        (403, ModelAuthFailed, 1),
        (404, ModelAuthFailed, 1),
        (429, ModelBusy, 3),
        (500, ModelBusy, 3),
        (503, ModelBusy, 3),
    ],
)
def test_a_refusal_is_mapped_and_only_a_passing_one_tried_again(
    model: Any,
    status: int,
    expected: type[LanguageModelError],
    requests: int,
    endpoint: Any,
    act: Any,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nl2sql.llm.openai.BACKOFF_SECONDS", 0.01)
    server = endpoint([act(status, {"error": {"message": f"Incorrect API key provided: {KEY}.", "code": "c"}})])
    error = failure(model(server.url, max_retries=2), caplog)
    assert type(error) is expected
    assert "Incorrect API key provided" in error.hint
    assert len(server.requests) == requests


def test_a_passing_problem_passes(model: Any, endpoint: Any, act: Any, say: Any) -> None:
    server = endpoint([act(503, {}, {"Retry-After": "0.05"}), act(body=say("{}"))])
    assert model(server.url).complete(PROMPT).text == "{}"


def test_a_provider_that_says_come_back_later_than_the_limit_is_not_waited_for(
    model: Any, endpoint: Any, act: Any, caplog: pytest.LogCaptureFixture, stopwatch: Callable[[], float]
) -> None:
    server = endpoint([act(429, {}, {"Retry-After": "60"})])
    assert type(failure(model(server.url, timeout=5.0), caplog)) is ModelBusy
    assert stopwatch() < SLACK


def test_a_dropped_connection_is_no_connection(
    model: Any, endpoint: Any, act: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = endpoint([act(drop=True)])
    assert type(failure(model(server.url, max_retries=0), caplog)) is ModelUnreachable


def test_a_reply_that_breaks_off_is_no_connection(
    model: Any, endpoint: Any, act: Any, say: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = endpoint([act(body=say("{}"), headers={"Content-Length": "99999", "Connection": "close"})])
    assert type(failure(model(server.url, max_retries=0, timeout=2.0), caplog)) in (ModelUnreachable, ModelTimedOut)


def test_nobody_listening_is_no_connection(model: Any, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        error = failure(model(f"http://127.0.0.1:{held.getsockname()[1]}/v1", max_retries=0), caplog)
    assert type(error) is ModelUnreachable
    assert "127.0.0.1" in str(error)


@pytest.mark.parametrize("slow", [{"stall": 20.0}, {"drip": 0.05}])
def test_an_answer_that_takes_too_long_is_cut_at_the_limit(
    model: Any,
    slow: dict[str, float],
    endpoint: Any,
    act: Any,
    say: Any,
    caplog: pytest.LogCaptureFixture,
    stopwatch: Callable[[], float],
) -> None:
    server = endpoint([act(body=say("x" * 1_000), **slow)])
    error = failure(model(server.url, timeout=0.5, max_retries=5), caplog)
    assert type(error) is ModelTimedOut
    assert str(error) == "The language model gave no answer within 0.5 s."
    assert stopwatch() < 0.5 + SLACK
    assert len(server.requests) == 1


def test_all_tries_together_stay_within_the_limit(
    model: Any, endpoint: Any, act: Any, caplog: pytest.LogCaptureFixture, stopwatch: Callable[[], float]
) -> None:
    server = endpoint([act(500, {})])
    assert type(failure(model(server.url, timeout=1.2, max_retries=50), caplog)) is ModelBusy
    assert stopwatch() < 1.2 + SLACK
    assert 2 <= len(server.requests) <= 4


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>sign in</html>",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        {"choices": []},
        {"choices": [{}]},
        {"choices": [{"message": None}]},
        {"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": "many"}},
        {"error": {"message": "overloaded"}},
    ],
    ids=lambda body: repr(body)[:20],
)
def test_what_is_no_completion_is_an_invalid_reply(
    model: Any, body: Any, endpoint: Any, act: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = endpoint([act(body=body)])
    error = failure(model(server.url), caplog)
    assert type(error) is ModelReplyInvalid
    assert "does not speak" in str(error)


def test_a_reply_without_an_answer_says_why(
    model: Any, endpoint: Any, act: Any, say: Any, caplog: pytest.LogCaptureFixture
) -> None:
    refusal = {"role": "assistant", "content": None, "refusal": "I can't help with that."}
    server = endpoint(
        [
            act(body=say("{", finish_reason="length")),
            act(body=say("", finish_reason="content_filter")),
            act(body=say(" ")),
            act(body=say("", message=refusal)),
            act(body=b" " * 2_000_000),
        ]
    )
    asked = model(server.url)
    for said in ("cut off", "withheld", "empty", "declined", "far too long"):
        error = failure(asked, caplog)
        assert type(error) is ModelReplyInvalid
        assert said in str(error)


REJECTS_SCHEMA = "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model."
REJECTS_ZERO = "Unsupported value: 'temperature' does not support 0 with this model."


def picky(act: Any, say: Any, *, status: int = 400) -> Callable[[dict[str, Any]], Any]:
    def answer(body: dict[str, Any]) -> Any:
        if "temperature" in body:
            return act(status, {"error": {"message": REJECTS_ZERO, "param": "temperature"}})
        if "response_format" in body:
            return act(status, {"error": {"message": REJECTS_SCHEMA}})
        return act(body=say("{}"))

    return answer


@pytest.mark.parametrize("status", [400, 422])
def test_what_an_endpoint_rejects_is_left_out_once_and_for_all(
    model: Any, status: int, endpoint: Any, act: Any, say: Any
) -> None:
    server = endpoint(picky(act, say, status=status))
    asked = model(server.url, max_retries=0)
    assert asked.complete(PROMPT).text == "{}"
    assert [sorted({"temperature", "response_format"} & set(body)) for body in server.requests] == [
        ["response_format", "temperature"],
        ["response_format"],
        [],
    ]
    assert asked.complete(PROMPT).text == "{}"
    assert len(server.requests) == 4, "the second question is asked once"
    told = server.requests[-1]["messages"][0]["content"]
    assert told.startswith("Be brief.\n\nReply with one JSON object")
    assert '"additionalProperties":false' in told


def test_an_endpoint_that_always_complains_is_not_asked_forever(
    model: Any, endpoint: Any, act: Any, caplog: pytest.LogCaptureFixture
) -> None:
    server = endpoint([act(400, {"error": {"message": "temperature and response_format are both wrong"}})])
    assert type(failure(model(server.url), caplog)) is LanguageModelError
    assert len(server.requests) == 3


def test_no_temperature_is_sent_when_none_is_wanted(model: Any, endpoint: Any, act: Any, say: Any) -> None:
    server = endpoint([act(body=say("{}"))])
    model(server.url, temperature=None).complete(PROMPT)
    model(server.url, temperature=0.7).complete(PROMPT)
    assert [body.get("temperature") for body in server.requests] == [None, 0.7]


def test_one_model_serves_many_threads(model: Any, endpoint: Any, act: Any, say: Any) -> None:
    server = endpoint(picky(act, say))
    asked = model(server.url)
    said: list[str] = []
    threads = [Thread(target=lambda: said.append(asked.complete(PROMPT).text)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == ["{}"] * 8
