"""What is sent and what comes back when all is well, in both protocols."""

from __future__ import annotations

from threading import Thread
from typing import Any

import pytest

from nl2sql.errors import LanguageModelError, ModelAuthFailed
from nl2sql.llm.base import Completion, Usage
from nl2sql.prompt.base import Message, Prompt
from tests.fakes.openai.acts import Act, Received, say
from tests.integration.llm.conftest import KEY, PROMPT, SCHEMA, Story, Wire

SENT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Größe?"}]


def test_a_good_reply_is_returned_with_its_usage(wire: Wire, model: Any, endpoint: Any) -> None:
    server = endpoint([Act('{"kind": "数", "sql": "SELECT 1"}', usage=(1_100, 70, 1_024))])
    said = model(server.url, wire).complete(PROMPT)
    assert said == Completion('{"kind": "数", "sql": "SELECT 1"}', "served-2026-01", Usage(1_100, 70, 1_024))
    assert [each.path for each in server.requests] == [wire.path]
    assert ("stream" in server.bodies[0]) is wire.is_streamed
    assert server.keys == [f"Bearer {KEY}"]


def test_what_is_sent_to_chat_completions(model: Any, endpoint: Any) -> None:
    server = endpoint(["{}"])
    model(server.url, seed=7, reasoning_effort="low").complete(PROMPT)
    assert server.bodies == [
        {
            "model": "asked",
            "messages": SENT,
            "stream": True,
            "stream_options": {"include_usage": True},
            "temperature": 0.0,
            "seed": 7,
            "reasoning_effort": "low",
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "reply", "strict": True, "schema": SCHEMA},
            },
        }
    ]


def test_what_is_sent_to_responses(model: Any, endpoint: Any) -> None:
    server = endpoint(["{}"])
    model(server.url, api="responses", seed=7, reasoning_effort="low").complete(PROMPT)
    assert server.bodies == [
        {
            "model": "asked",
            "input": SENT,
            "store": False,
            "stream": True,
            "temperature": 0.0,
            "reasoning": {"effort": "low"},
            "text": {"format": {"type": "json_schema", "name": "reply", "strict": True, "schema": SCHEMA}},
        }
    ]


def test_a_prompt_without_a_schema_is_answered_in_free_text(wire: Wire, model: Any, endpoint: Any) -> None:
    server = endpoint(["yes"])
    assert model(server.url, wire).complete(Prompt(PROMPT.messages, {}, "t@v1", "f")).text == "yes"
    assert not {"response_format", "text"} & set(server.bodies[0])
    assert server.requests[0].texts == ["Be brief.", "Größe?"]


def test_another_sample_is_another_draw(model: Any, endpoint: Any) -> None:
    server = endpoint(["{}"])
    for options in ({"seed": 7}, {"temperature": 1.2, "seed": 0}, {"temperature": None}):
        model(server.url, **options).complete(PROMPT, Story().call(sample=2))
    assert [(body.get("temperature"), body.get("seed")) for body in server.bodies] == [(0.7, 9), (1.2, 2), (None, None)]


def test_no_temperature_is_sent_when_none_is_wanted(wire: Wire, model: Any, endpoint: Any) -> None:
    server = endpoint(["{}"])
    model(server.url, wire, temperature=None).complete(PROMPT)
    model(server.url, wire, temperature=0.7).complete(PROMPT)
    assert [body.get("temperature") for body in server.bodies] == [None, 0.7]


def test_the_address_and_key_of_the_environment_are_used(
    model: Any, endpoint: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = endpoint(["{}"])
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    assert model(None, api_key="").complete(PROMPT).text == "{}"
    assert server.keys == [f"Bearer {KEY}"]


def test_progress_is_told_while_the_model_writes(model: Any, endpoint: Any) -> None:
    for api in ("chat", "responses"):
        story = Story()
        asked = model(endpoint([say("x" * 100, piece=10, pause=0.05)]).url, Wire(api, True))
        assert len(asked.complete(PROMPT, story.call()).text) == 100
        assert 2 <= len(story.progress) <= 8, "at most ten times a second"
        assert story.progress == sorted(set(story.progress))
        assert story.progress[-1] <= 100


@pytest.mark.parametrize(
    "body",
    [
        b'data: {"choices": [{"delta": {"content": "{}"}}]}\r\n\r\ndata: [DONE]\r\n\r\n',
        b': hello\n\ndata:{"choices": [{"delta": {"content": "{}"}, "finish_reason": "stop"}]}',
        b'\xef\xbb\xbf{"choices": [{"message": {"content": "{}"}}]}',
        b'\n {"choices": [{"message": {"content": [{"type": "text", "text": "{}"}]}}]}',
        b'{"choices": [{"message": {"content": "{}"}}], "usage": {"prompt_tokens": "many", "completion_tokens": -1}}',
        b'{"choices": [{"message": {"content": "{}"}}], "usage": []}',
    ],
    ids=["CRLF", "no end", "BOM", "parts", "odd usage", "no usage"],
)
def test_endpoints_may_take_liberties(body: bytes, model: Any, endpoint: Any) -> None:
    asked = model(endpoint([Act(body=body, content_type="text/plain")]).url)
    assert asked.complete(PROMPT) == Completion("{}", "asked", Usage())


def test_a_stream_that_is_over_but_stays_open_is_not_waited_for(
    wire: Wire, model: Any, endpoint: Any, stopwatch: Any
) -> None:
    if not wire.is_streamed:
        pytest.skip("a whole reply ends with its body")
    done = b"data: [DONE]\n\n" if wire.api == "chat" else b""
    event = (
        b'data: {"choices": [{"delta": {"content": "{}"}}]}\n\n'
        if wire.api == "chat"
        else b'data: {"type": "response.completed", "response": {"status": "completed", "output": '
        b'[{"type": "message", "content": [{"type": "output_text", "text": "{}"}]}]}}\n\n'
    )
    server = endpoint([Act(body=event + done, headers={"Content-Length": "99999"}, content_type="text/event-stream")])
    assert model(server.url, wire, timeout=30.0).complete(PROMPT).text == "{}"
    assert stopwatch() < 5


def test_connections_are_used_again(wire: Wire, model: Any, endpoint: Any) -> None:
    server = endpoint(["{}"])
    asked = model(server.url, wire)
    for _ in range(5):
        asked.complete(PROMPT)
    assert len({each.port for each in server.requests}) == 1


def test_one_model_serves_many_threads(wire: Wire, model: Any, endpoint: Any) -> None:
    server = endpoint(lambda received: Act(received.texts[-1]), rejects={"temperature", "json_schema"})
    asked = model(server.url, wire)
    said: dict[int, str] = {}

    def ask(number: int) -> None:
        prompt = Prompt((PROMPT.messages[0], Message("user", f"{number}?")), SCHEMA, "t@v1", "f")
        said[number] = asked.complete(prompt).text

    threads = [Thread(target=ask, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {number: f"{number}?" for number in range(8)}


def test_a_password_in_the_address_is_sent_and_shown_nowhere(model: Any, endpoint: Any, keyless: Any) -> None:
    server = endpoint(["{}"])
    asked = model(server.url.replace("http://", f"http://gate:{KEY}@"), api_key="other")
    assert asked.complete(PROMPT).text == "{}"
    assert server.keys[0].startswith("Basic ")
    keyless(repr(asked))


def test_a_prompt_is_not_sent_on_to_another_address(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    other = endpoint(["{}"])
    server = endpoint([Act(status=307, headers={"Location": other.url + wire.path.removeprefix("/v1")})])
    error = failure(model(server.url, wire))
    assert type(error) is LanguageModelError
    assert "sends requests on to another address" in str(error)
    assert other.requests == []


def test_a_wrong_key_is_not_tried_again(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    def check(received: Received) -> Act:
        return (
            Act("{}") if received.headers["authorization"] == "Bearer right" else Act(status=401, message=f"No {KEY}")
        )

    server = endpoint(check)
    assert type(failure(model(server.url, wire, max_retries=5))) is ModelAuthFailed
    assert len(server.requests) == 1
    assert model(server.url, wire, api_key="right").complete(PROMPT).text == "{}"


def test_a_key_that_a_gateway_echoes_is_not_in_the_completion(
    wire: Wire, model: Any, endpoint: Any, keyless: Any
) -> None:
    said = model(endpoint([Act(f"SELECT '{KEY}'", model=KEY)]).url, wire).complete(PROMPT)
    assert said.text == "SELECT '[hidden]'"
    keyless(repr(said))
