"""A model endpoint that answers at once, as a process of its own: what it computes is not counted as ours.

Speaks Chat Completions and Responses, each with and without streaming. Whatever is asked, it replies with the next
statement of a list, in the form the language-model writer asks for, and never with one text twice. Standard library
only; one thread.

    python -m benches.stub_endpoint STATEMENTS.json

reads a JSON list of statements and prints the port on 127.0.0.1. It ends when its standard input is closed. `GET /last`
gives the body of the last request, so that a bench can look at the prompt after the clock has stopped.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

# A prompt of a thousand tables as CREATE TABLE statements has about half a megabyte.
MAX_BODY = 20_000_000
MODEL = "stub"
_USAGE = {"prompt_tokens": 1_000, "completion_tokens": 100, "total_tokens": 1_100}
_USAGE_OF_RESPONSES = {"input_tokens": 1_000, "output_tokens": 100, "total_tokens": 1_100}


@contextmanager
def serving(statements: Sequence[str], folder: Path) -> Iterator[str]:
    """The address of an endpoint that runs until the block ends."""
    listed = folder / "statements.json"
    listed.write_text(json.dumps(list(statements)), encoding="utf-8")
    command = [sys.executable, "-m", "benches.stub_endpoint", str(listed)]
    root = Path(__file__).parents[1]
    with subprocess.Popen(  # noqa: S603 - this module, with a file of ours
        command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            port = process.stdout.readline().strip() if process.stdout else ""
            if not port:
                raise SystemExit("The stub endpoint did not start.")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def replies(statements: Sequence[str]) -> Iterator[str]:
    """One statement after the other, for ever; blanks after the first word make each of them new."""
    for number in count():
        head, _, tail = statements[number % len(statements)].strip().partition(" ")
        yield json.dumps(
            {
                "kind": "sql",
                "question": "",
                "interpretation": "What was asked",
                "sql": f"{head}{' ' * (number // len(statements) + 1)}{tail}",
                "plan": None,
                "tables": [],
                "assumptions": [],
                "confidence": 0.95,
                "message": None,
                "reason": None,
                "choices": [],
                "code": None,
            }
        )


class Endpoint(asyncio.Protocol):
    """One connection, kept open; requests come one after the other."""

    last = b"{}"

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._received = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end < 0 or self._transport is None:
            return
        head = self._received[:end].decode("latin-1")
        body_starts, length = end + 4, _content_length(head)
        if length > MAX_BODY:
            self._transport.close()
        elif len(self._received) >= body_starts + length:
            body = bytes(self._received[body_starts : body_starts + length])
            del self._received[: body_starts + length]
            self._transport.write(self._answer(head.split(" ", 2), body))

    def _answer(self, words: Sequence[str], body: bytes) -> bytes:
        method, path = words[0], words[1]
        if method == "GET" and path.endswith("/last"):
            return _response(Endpoint.last)
        if method != "POST" or not path.endswith(("/chat/completions", "/responses")):
            return _response(b'{"error": {"message": "There is no such route."}}', status="404 Not Found")
        Endpoint.last = body
        streams = json.loads(body).get("stream") is True
        make = _chat if path.endswith("/chat/completions") else _responses
        events = make(next(self._texts))
        if streams:
            return _response("".join(events[1:]).encode(), kind="text/event-stream")
        return _response(events[0].encode())


def _chat(text: str) -> list[str]:
    """The whole reply, then the same as events."""
    base: dict[str, Any] = {"id": "chatcmpl-1", "created": 1, "model": MODEL}
    done = {"index": 0, "finish_reason": "stop"}
    message = {"role": "assistant", "content": text, "refusal": None}
    whole = {**base, "object": "chat.completion", "choices": [{**done, "message": message}], "usage": _USAGE}
    chunk = {**base, "object": "chat.completion.chunk"}
    pieces = [
        {**chunk, "choices": [{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}]},
        {**chunk, "choices": [{**done, "delta": {}}]},
        {**chunk, "choices": [], "usage": _USAGE},
    ]
    return [json.dumps(whole), *(f"data: {json.dumps(piece)}\n\n" for piece in pieces), "data: [DONE]\n\n"]


def _responses(text: str) -> list[str]:
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
    base: dict[str, Any] = {"id": "resp_1", "object": "response", "created_at": 1, "model": MODEL, "error": None}
    whole = {**base, "status": "completed", "output": [item], "usage": _USAGE_OF_RESPONSES, "incomplete_details": None}
    delta = {"item_id": "msg_1", "output_index": 0, "content_index": 0, "delta": text}
    events: list[tuple[str, dict[str, Any]]] = [
        ("response.created", {"response": {**base, "status": "in_progress", "output": [], "usage": None}}),
        ("response.output_text.delta", delta),
        ("response.completed", {"response": whole}),
    ]
    numbered = [{"type": name, "sequence_number": place, **event} for place, (name, event) in enumerate(events)]
    return [json.dumps(whole), *(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in numbered)]


def _content_length(head: str) -> int:
    fields: Mapping[str, str] = dict(
        (name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in head.splitlines())
    )
    return int(fields.get("content-length", "0"))


def _response(body: bytes, *, status: str = "200 OK", kind: str = "application/json") -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def _serve(statements: Sequence[str]) -> None:
    loop = asyncio.get_running_loop()
    texts = replies(statements)
    server = await loop.create_server(lambda: Endpoint(texts), "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)  # ends when whoever started this does


def main() -> None:
    asyncio.run(_serve(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))


if __name__ == "__main__":
    main()
