"""The scripted endpoint speaks the protocols: the provider's own client, with its typed events, understands it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import httpx2
import openai
import pytest

from tests.fakes.openai.acts import Act, Received, busy
from tests.fakes.openai.server import serve

TEXT = '{"kind": "sql", "sql": "SELECT \'Größe\' FROM listings"}'
ASKED: Any = [{"role": "user", "content": "hi"}]


@pytest.fixture
def client() -> Iterator[openai.OpenAI]:
    with (
        serve([Act(TEXT, usage=(1_100, 70, 1_024))]) as endpoint,
        openai.OpenAI(api_key="x", base_url=endpoint.url, max_retries=0) as client,
    ):
        yield client


def test_the_providers_client_reads_a_chat_completion(client: openai.OpenAI) -> None:
    said = client.chat.completions.create(model="m", messages=ASKED)
    assert said.choices[0].message.content == TEXT
    assert said.usage is not None and said.usage.prompt_tokens_details is not None
    assert said.usage.prompt_tokens_details.cached_tokens == 1_024


def test_the_providers_client_reads_a_chat_stream(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="m", messages=ASKED, stream_options={"include_usage": True}) as stream:
        said = stream.get_final_completion()
    assert said.choices[0].message.content == TEXT
    assert said.choices[0].finish_reason == "stop"
    assert said.usage is not None and said.usage.completion_tokens == 70


def test_the_providers_client_reads_a_response_and_its_stream(client: openai.OpenAI) -> None:
    whole = client.responses.create(model="m", input=ASKED)
    with client.responses.stream(model="m", input=ASKED) as stream:
        streamed = stream.get_final_response()
    for said in (whole, streamed):
        assert said.output_text == TEXT
        assert said.status == "completed"
        assert said.usage is not None and said.usage.input_tokens_details.cached_tokens == 1_024


def test_the_providers_client_sees_a_refusal_and_a_cut(client: openai.OpenAI) -> None:
    with serve([Act("", refusal="No.")]) as endpoint:
        refused = client.with_options(base_url=endpoint.url).responses.create(model="m", input=ASKED)
    assert [part.type for item in refused.output if item.type == "message" for part in item.content] == ["refusal"]
    with serve([Act("{", finish="length")]) as endpoint:
        cut = client.with_options(base_url=endpoint.url).responses.create(model="m", input=ASKED)
    assert cut.incomplete_details is not None
    assert cut.incomplete_details.reason == "max_output_tokens"


def test_embeddings_of_texts_alike_are_alike(client: openai.OpenAI) -> None:
    for encoding in ("float", "base64"):
        given: Any = {"model": "m", "input": ["orders of customers", "an order by a customer", "cheese"]}
        made = client.embeddings.create(**given, encoding_format=encoding).data
        near, far = (_dot(made[0].embedding, made[i].embedding) for i in (1, 2))
        assert near > far + 0.2
        assert _dot(made[0].embedding, made[0].embedding) == pytest.approx(1.0, abs=1e-5)


def _dot(one: Any, other: Any) -> float:
    if isinstance(one, str):
        import base64
        from array import array

        one, other = (array("f", base64.b64decode(each)) for each in (one, other))
    return float(sum(a * b for a, b in zip(one, other, strict=True)))


def test_the_list_of_models_is_there(client: openai.OpenAI) -> None:
    assert [each.id for each in client.models.list()] == ["served-2026-01"]


def test_a_script_sees_what_was_asked_and_repeats_its_last_act() -> None:
    seen: list[Received] = []

    def answer(received: Received) -> str:
        seen.append(received)
        return received.prompt.upper()

    with serve(answer) as endpoint, openai.OpenAI(api_key="k", base_url=endpoint.url, max_retries=0) as client:
        assert client.responses.create(model="m", input=ASKED, instructions="be").output_text == "BE\n\nHI"
    assert (seen[0].api, seen[0].number, seen[0].headers["authorization"]) == ("responses", 1, "Bearer k")
    with serve([busy(3), "one"]) as endpoint:
        answers = [httpx2.post(f"{endpoint.url}/chat/completions", json={"messages": []}) for _ in range(3)]
    assert [each.status_code for each in answers] == [429, 200, 200]
    assert answers[0].headers["retry-after"] == "3"


def test_a_server_that_ends_takes_nothing_with_it() -> None:
    with serve([Act(stall=60.0)]) as endpoint:
        caller = socket.create_connection(("127.0.0.1", int(endpoint.url.split(":")[2].split("/")[0])))
        caller.sendall(b"POST /v1/responses HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
    with caller, suppress(ConnectionResetError):  # one of both is how the end looks from here
        caller.settimeout(5)
        assert caller.recv(100) == b""
