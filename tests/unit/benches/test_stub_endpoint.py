"""The endpoint that benches ask: if it said something else than an endpoint does, they would measure something else."""

import asyncio
import json
from collections.abc import Iterator
from itertools import islice

import pytest

from benches.stub_endpoint import Endpoint, replies

SQL = ["SELECT COUNT(*) FROM bids", "WITH a AS (SELECT 1 AS x) SELECT x FROM a"]


class Sent(asyncio.WriteTransport):
    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()
        self.is_closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def close(self) -> None:
        self.is_closed = True


@pytest.fixture
def sent() -> Sent:
    return Sent()


@pytest.fixture
def endpoint(sent: Sent) -> Iterator[Endpoint]:
    connected = Endpoint(replies(SQL))
    connected.connection_made(sent)
    yield connected
    Endpoint.last = b"{}"


def request(path: str, body: bytes, method: str = "POST") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def body_of(written: bytes | bytearray) -> bytes:
    return bytes(written).partition(b"\r\n\r\n")[2]


def test_no_two_replies_hold_the_same_text_and_all_hold_the_same_statements() -> None:
    texts = [json.loads(reply)["sql"] for reply in islice(replies(SQL), 8)]
    assert len(set(texts)) == 8
    assert {" ".join(text.split()) for text in texts} == set(SQL)


def test_a_chat_completion_holds_the_first_reply(endpoint: Endpoint, sent: Sent) -> None:
    endpoint.data_received(request("/v1/chat/completions", b"{}"))
    message = json.loads(body_of(sent.written))["choices"][0]["message"]
    assert json.loads(message["content"])["sql"] == SQL[0]


def test_a_stream_of_either_protocol_says_the_whole_reply_and_that_it_is_done(endpoint: Endpoint, sent: Sent) -> None:
    endpoint.data_received(request("/v1/chat/completions", b'{"stream": true}'))
    chat = body_of(sent.written).decode()
    sent.written.clear()
    endpoint.data_received(request("/v1/responses", b'{"stream": true}'))
    events = [json.loads(line[6:]) for line in body_of(sent.written).decode().splitlines() if line.startswith("data: ")]
    first = json.loads(chat.splitlines()[0].removeprefix("data: "))
    assert json.loads(first["choices"][0]["delta"]["content"])["sql"] == SQL[0]
    assert chat.endswith("data: [DONE]\n\n")
    assert [event["type"] for event in events] == [
        "response.created",
        "response.output_text.delta",
        "response.completed",
    ]
    assert events[2]["response"]["output"][0]["content"][0]["text"] == events[1]["delta"]


def test_a_request_in_pieces_is_answered_when_it_is_whole(endpoint: Endpoint, sent: Sent) -> None:
    whole = request("/v1/chat/completions", b'{"model": "stub"}')
    endpoint.data_received(whole[:40])
    endpoint.data_received(whole[40:-1])
    assert not sent.written
    endpoint.data_received(whole[-1:])
    assert sent.written


def test_the_last_request_can_be_read_again(endpoint: Endpoint, sent: Sent) -> None:
    endpoint.data_received(request("/v1/chat/completions", b'{"model": "stub"}'))
    sent.written.clear()
    endpoint.data_received(request("/last", b"", "GET"))
    assert body_of(sent.written) == b'{"model": "stub"}'


def test_an_unknown_route_is_said_to_be_none(endpoint: Endpoint, sent: Sent) -> None:
    endpoint.data_received(request("/v1/models", b"", "GET"))
    assert sent.written.startswith(b"HTTP/1.1 404 ")


def test_a_body_without_bounds_ends_the_connection(endpoint: Endpoint, sent: Sent) -> None:
    endpoint.data_received(b"POST /v1/responses HTTP/1.1\r\nContent-Length: 999999999999\r\n\r\n")
    assert sent.is_closed
