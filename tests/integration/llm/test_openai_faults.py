"""The real client against a real server, in both protocols, streamed and whole: whatever goes wrong ends in its own
error or in an answer, in time, with remarks that tell the story, and without the key."""

from __future__ import annotations

import gzip
import socket
import tracemalloc
from collections.abc import Callable
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
from nl2sql.llm.base import Usage
from tests.fakes.openai.acts import (
    DROPPED,
    EMPTY,
    HUGE,
    MALFORMED,
    REFUSAL,
    TRUNCATED,
    Act,
    busy,
    fenced,
    html,
    http_date,
    refuse,
)
from tests.integration.llm.conftest import KEY, PROMPT, SLACK, Story, Wire

# 50 MB of spaces in fewer bytes than a reply may have.
PACKED = gzip.compress(b" " * 50_000_000, compresslevel=1)
ECHOED = f"Incorrect API key provided: {KEY}."


@pytest.mark.parametrize(
    ("status", "expected", "requests"),
    [
        (301, LanguageModelError, 1),
        (400, LanguageModelError, 1),
        (401, ModelAuthFailed, 1),
        (402, ModelAuthFailed, 1),
        (403, ModelAuthFailed, 1),
        (408, ModelTimedOut, 3),
        (429, ModelBusy, 3),
        (500, ModelBusy, 3),
        (503, ModelBusy, 3),
    ],
)
def test_a_refusal_is_mapped_and_only_a_passing_one_tried_again(
    wire: Wire,
    model: Any,
    status: int,
    expected: type[LanguageModelError],
    requests: int,
    endpoint: Any,
    failure: Any,
) -> None:
    server, story = endpoint([refuse(status, ECHOED, code="c")]), Story()
    error = failure(model(server.url, wire, max_retries=2), story)
    assert type(error) is expected
    assert "Incorrect API key provided" in error.hint
    assert [each.path for each in server.requests] == [wire.path] * requests
    assert story.tries == [str(status)] * (requests - 1)
    assert story.remarks[-1].startswith("given up: ") and error.hint in story.remarks[-1]


def test_a_model_that_is_not_there_is_not_a_missing_route(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    server = endpoint([refuse(404, "The model `asked` does not exist.", code="model_not_found")])
    error = failure(model(server.url, wire, api="auto"))
    assert type(error) is ModelAuthFailed
    assert "There is no language model “asked”" in str(error)
    assert len(server.requests) == 1


@pytest.mark.parametrize("wait", [lambda: 0.05, lambda: http_date(1.6)], ids=["seconds", "date"])
def test_a_busy_provider_is_asked_again_when_it_says(
    wire: Wire, wait: Callable[[], Any], model: Any, endpoint: Any, keyless: Any
) -> None:
    server, story = endpoint([busy(wait()), Act("{}")]), Story()
    assert model(server.url, wire).complete(PROMPT, story.call()).text == "{}"
    assert len(server.requests) == 2
    (remark,) = story.remarks
    assert remark.startswith("429, again in ") and remark.endswith(" s")
    keyless(remark)


@pytest.mark.parametrize("wait", [lambda: 60, lambda: http_date(60)], ids=["seconds", "date"])
def test_a_provider_that_says_come_back_later_than_the_limit_is_not_waited_for(
    wire: Wire, wait: Callable[[], Any], model: Any, endpoint: Any, failure: Any, stopwatch: Callable[[], float]
) -> None:
    server, story = endpoint([busy(wait())]), Story()
    error = failure(model(server.url, wire, timeout=5.0), story)
    assert type(error) is ModelBusy
    assert str(error) in (
        "The language model is busy and asks to wait 60 s; try again then.",
        "The language model is busy and asks to wait 59 s; try again then.",
    )
    assert stopwatch() < SLACK
    (remark,) = story.remarks
    assert remark.startswith("given up: ") and "asks to wait" in remark


def test_a_passing_problem_passes(wire: Wire, model: Any, endpoint: Any) -> None:
    server, story = endpoint([refuse(503), DROPPED, Act("{}")]), Story()
    assert model(server.url, wire).complete(PROMPT, story.call()).text == "{}"
    assert story.tries == ["503", "no connection"]


def test_a_dropped_connection_is_no_connection(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    error = failure(model(endpoint([DROPPED]).url, wire, max_retries=0))
    assert type(error) is ModelUnreachable
    assert "127.0.0.1" in str(error)


def test_a_reply_that_breaks_off_is_asked_for_again(model: Any, wire: Wire, endpoint: Any, failure: Any) -> None:
    for broken in (TRUNCATED, TRUNCATED.then(reset=True)):
        if not wire.is_streamed and not broken.reset:
            continue
        server, story = endpoint([broken, Act("whole")]), Story()
        assert model(server.url, wire).complete(PROMPT, story.call()).text == "whole"
        assert len(story.remarks) == 1
        error = failure(model(endpoint([broken]).url, wire, max_retries=1))
        assert type(error) is ModelUnreachable


def test_a_stream_that_ends_early_says_so(model: Any, endpoint: Any, failure: Any) -> None:
    for api in ("chat", "responses"):
        story = Story()
        asked = model(endpoint([TRUNCATED.then(cut=4)]).url, Wire(api, True), max_retries=1)
        assert str(failure(asked, story)) == "The language model's reply broke off."
        assert story.tries == ["the reply broke off"]


def test_nobody_listening_is_no_connection(wire: Wire, model: Any, failure: Any) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        error = failure(model(f"http://127.0.0.1:{held.getsockname()[1]}/v1", wire, max_retries=1))
    assert type(error) is ModelUnreachable
    assert "127.0.0.1" in str(error)


@pytest.mark.parametrize(
    "slow",
    [{"stall": 20.0}, {"drip": 0.05}, {"status": 500, "drip": 0.05}],
    ids=["stall", "drip", "drip of an error"],
)
def test_an_answer_that_takes_too_long_is_cut_at_the_limit(
    wire: Wire,
    model: Any,
    slow: dict[str, Any],
    endpoint: Any,
    failure: Any,
    stopwatch: Callable[[], float],
) -> None:
    server = endpoint([Act("x" * 1_000, message="x" * 1_000, **slow)])
    error = failure(model(server.url, wire, timeout=0.5, max_retries=5))
    assert type(error) is ModelTimedOut
    assert str(error) == "The language model gave no answer within 0.5 s."
    assert stopwatch() < 0.5 + SLACK
    assert len(server.requests) == 1


def test_all_tries_together_stay_within_the_limit(
    wire: Wire,
    model: Any,
    endpoint: Any,
    failure: Any,
    stopwatch: Callable[[], float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("nl2sql.llm.openai.BACKOFF_SECONDS", 0.4)
    server = endpoint([refuse(500)])
    assert type(failure(model(server.url, wire, timeout=1.2, max_retries=50))) is ModelBusy
    assert stopwatch() < 1.2 + SLACK
    assert 2 <= len(server.requests) <= 4


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 100_000,
        b"data: {\n\n",
        b"data: []\n\ndata: [DONE]\n\n",
        b"event: ping\n\n",
        b": keep-alive\n\n",
        b'{"choices": []}',
        b'{"choices": [{}]}',
        b'{"choices": [{"message": null}]}',
        b'{"output": {}}',
    ],
    ids=lambda body: repr(body)[:20],
)
def test_what_is_no_completion_is_an_invalid_reply(
    wire: Wire, model: Any, body: bytes, endpoint: Any, failure: Any
) -> None:
    error = failure(model(endpoint([Act(body=body, content_type="application/json")]).url, wire))
    assert type(error) is ModelReplyInvalid
    assert "does not speak the" in str(error)


def test_a_page_of_a_gateway_is_an_invalid_reply(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    error = failure(model(endpoint([html()]).url, wire))
    assert type(error) is ModelReplyInvalid
    assert "Sign in" in error.hint


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (Act("{", finish="length"), "cut off at its length limit"),
        (Act("", finish="content_filter"), "withheld by the provider's filter"),
        (EMPTY, "empty"),
        (Act(" \n"), "empty"),
        (REFUSAL, "declined"),
    ],
    ids=["length", "filter", "empty", "blank", "refusal"],
)
def test_a_reply_without_an_answer_says_why_and_what_it_cost(
    wire: Wire, act: Act, said: str, model: Any, endpoint: Any, failure: Any
) -> None:
    server = endpoint([act])
    error = failure(model(server.url, wire))
    assert type(error) is ModelReplyInvalid
    assert said in str(error)
    assert (error.prompt_tokens, error.completion_tokens, error.cached_tokens) == (11, 7, 3)
    assert len(server.requests) == 1


def test_a_reply_without_end_is_cut_off(
    wire: Wire, model: Any, endpoint: Any, failure: Any, stopwatch: Callable[[], float]
) -> None:
    for act in (HUGE, Act(body=b" " * 5_000_000), Act(status=500, body=b" " * 5_000_000)):
        server = endpoint([act])
        error = failure(model(server.url, wire))
        assert type(error) is ModelReplyInvalid
        assert "far too long" in str(error)
        assert len(server.requests) == 1
    assert stopwatch() < 10


def test_a_reply_that_unfolds_without_end_is_cut_off(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    packed: dict[str, Any] = {"body": PACKED, "headers": {"Content-Encoding": "gzip"}}
    tracemalloc.start()
    try:
        assert "far too long" in str(failure(model(endpoint([Act(**packed)]).url, wire)))
        assert type(failure(model(endpoint([Act(status=500, **packed)]).url, wire, max_retries=0))) is ModelBusy
        assert tracemalloc.get_traced_memory()[1] < 25_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("code", "expected", "requests"),
    [
        ("server_error", ModelBusy, 2),
        ("rate_limit_exceeded", ModelBusy, 2),
        ("insufficient_quota", ModelAuthFailed, 1),
        ("invalid_prompt", LanguageModelError, 1),
    ],
)
def test_a_failure_inside_a_reply_is_that_failure(
    wire: Wire,
    code: str,
    expected: type[LanguageModelError],
    requests: int,
    model: Any,
    endpoint: Any,
    failure: Any,
) -> None:
    if wire.is_streamed or wire.api == "responses":
        act = Act('{"kind":', failed=ECHOED, code=code)
    else:
        act = Act(body=f'{{"error": {{"message": "{ECHOED}", "code": "{code}"}}}}'.encode())
    server = endpoint([act])
    error = failure(model(server.url, wire, max_retries=1))
    assert type(error) is expected
    assert "Incorrect API key provided" in error.hint
    assert len(server.requests) == requests


def test_text_that_is_not_the_agreed_form_is_for_the_reader_of_replies(wire: Wire, model: Any, endpoint: Any) -> None:
    for act in (MALFORMED, fenced('{"kind": "sql"}'), Act("SELECT 1; SELECT 2")):
        assert model(endpoint([act]).url, wire).complete(PROMPT).text == act.text


def test_the_tries_that_failed_are_paid_for_too(model: Any, endpoint: Any) -> None:
    wire = Wire("responses", True)
    broken = Act("{", failed="overloaded", code="server_error", usage=(100, 5, 50))
    said = model(endpoint([broken, Act("{}", usage=(10, 2, 0))]).url, wire).complete(PROMPT)
    assert said.usage == Usage(110, 7, 50)
