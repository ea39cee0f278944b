"""A scripted OpenAI-compatible endpoint on the loopback interface.

    from tests.fakes.openai.acts import Act, busy
    from tests.fakes.openai.server import serve

    with serve(['{"kind": "sql", …}']) as endpoint:              # one reply to everything
        model = OpenAIModel("any", base_url=endpoint.url)
    with serve([busy(0.1), Act("{}", usage=(900, 40, 800))]):    # in order; the last one is repeated
    with serve(lambda received: answer_to(received.prompt)):     # from what was asked
    with serve(["{}"], rejects={"responses", "json_schema"}):    # an endpoint that can less

It speaks Chat Completions and Responses, each whole and as a stream of server-sent events, embeddings (deterministic:
a bag of hashed words and trigrams, so that texts alike have vectors alike; or `embed` of your own) and the list of
models. Embeddings and models are never scripted, only refused by `rejects`. `endpoint.requests` are the requests in
order (`.api`, `.body`, `.headers`, `.prompt`), `endpoint.hangups` counts callers that left before the end of a reply.
Faults are fields of `acts.Act`. As a process of its own: `python -m tests.fakes.openai --help`.

What it does not do: check keys, schemas or token limits, tools, files, images, other embeddings than of texts.
"""

from __future__ import annotations

import json
import re
import select
import socket
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from hashlib import blake2b
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from math import sqrt
from threading import Event, Lock, Thread
from typing import Any
from urllib.parse import urlsplit

from tests.fakes.openai import wire
from tests.fakes.openai.acts import Act, Received, Rejected, Script, refuse

ROUTES = {
    "/v1/chat/completions": "chat",
    "/v1/responses": "responses",
    "/v1/embeddings": "embeddings",
    "/v1/models": "models",
}
DIMENSIONS = 256
Embed = Callable[[str], list[float]]


def hashed_words(text: str) -> list[float]:
    """Deterministic, of length 1."""
    vector = [0.0] * DIMENSIONS
    for word in re.findall(r"\w+", text.lower()):
        for part in [word, *(word[i : i + 3] for i in range(len(word) - 2))]:
            digest = int.from_bytes(blake2b(part.encode(), digest_size=4).digest())
            vector[digest % DIMENSIONS] += 1.0 if digest & 0x10000 else -1.0
    length = sqrt(sum(each * each for each in vector)) or 1.0
    return [each / length for each in vector]


class Endpoint:
    """`requests` are those that came, in order. Thread-safe."""

    def __init__(self, script: Script, rejects: Collection[Rejected] = (), embed: Embed = hashed_words) -> None:
        self._script = script
        self.rejects = frozenset(rejects)
        self.embed = embed
        self.requests: list[Received] = []
        self.hangups = 0
        self.closing = Event()
        self.url = ""
        self._lock = Lock()
        self._asked = 0

    def take(self, path: str, body: dict[str, Any], headers: dict[str, str], port: int) -> Received:
        with self._lock:
            received = Received(ROUTES.get(path, ""), path, body, headers, len(self.requests) + 1, port)
            self.requests.append(received)
            return received

    def act(self, received: Received) -> Act:
        if refused := _refusal(received, self.rejects):
            return refused
        with self._lock:
            self._asked += 1
            turn = self._asked
        script = self._script
        said = script(received) if callable(script) else script[min(turn, len(script)) - 1]
        return Act(said) if isinstance(said, str) else said

    def hung_up(self) -> None:
        with self._lock:
            self.hangups += 1

    @property
    def bodies(self) -> list[Any]:
        return [each.body for each in self.requests]

    @property
    def keys(self) -> list[str]:
        return [each.headers.get("authorization", "") for each in self.requests]


def _refusal(received: Received, rejects: frozenset[Rejected]) -> Act | None:
    """In the words that real endpoints use."""
    if not received.api or received.api in rejects:
        return refuse(404, f"Invalid URL (POST {received.path})")
    body = received.body
    form = body.get("response_format") or (body.get("text") or {}).get("format") or {}
    param = "response_format" if received.api == "chat" else "text.format"
    kind = form.get("type")
    if "stream" in rejects and body.get("stream"):
        return refuse(400, "Streaming is not supported by this model.", param="stream", code="unsupported_value")
    for name, sent in (
        ("stream_options", "stream_options"),
        ("temperature", "temperature"),
        ("seed", "seed"),
        ("reasoning", "reasoning_effort"),
        ("reasoning", "reasoning"),
    ):
        if name in rejects and sent in body:
            said = f"Unsupported parameter: '{sent}' is not supported with this model."
            return refuse(400, said, param=sent, code="unsupported_parameter")
    if kind in rejects:
        return refuse(
            400, f"Invalid parameter: '{param}' of type '{kind}' is not supported with this model.", param=param
        )
    if "strict" in rejects and (form.get("json_schema") or form).get("strict"):
        said = f"Invalid schema for {param} 'reply': In context=(), 'additionalProperties' is required to be supplied."
        return refuse(400, said, param=param, code="invalid_json_schema")
    return None


class _Gone(Exception):
    """The caller has hung up, or the server ends."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # a head and its body leave together
    server: _Server

    def do_GET(self) -> None:
        self._serve({})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            body = json.loads(raw)
        except ValueError:
            body = {}
        self._serve(body if isinstance(body, dict) else {})

    def _serve(self, body: dict[str, Any]) -> None:
        endpoint = self.server.endpoint
        received = endpoint.take(
            urlsplit(self.path).path,
            body,
            {name.lower(): value for name, value in self.headers.items()},
            self.client_address[1],
        )
        try:
            if received.api in ("embeddings", "models") and received.api not in endpoint.rejects:
                self._whole(Act(), _listed(endpoint, received))
            else:
                self._perform(endpoint.act(received), received)
        except (_Gone, OSError):
            endpoint.hung_up()
            self.close_connection = True

    def _perform(self, act: Act, received: Received) -> None:
        self._wait(act.stall)
        if act.drop:
            self._hang_up()
        elif act.body is not None:
            self._whole(act, act.body)
        elif act.status != 200:
            self._whole(act, wire.error_body(act))
        elif received.body.get("stream"):
            self._stream(act, received)
        else:
            self._whole(act, wire.chat_completion(act) if received.api == "chat" else wire.response(act))

    def _head(self, act: Act, kind: str, headers: dict[str, str]) -> None:
        self.send_response(act.status)
        for name, value in {"Content-Type": act.content_type or kind, **headers, **act.headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _whole(self, act: Act, body: Any) -> None:
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self._head(act, "application/json", {"Content-Length": str(len(raw))})
        if act.cut is not None:
            self.wfile.write(raw[: len(raw) // 2])
            self._hang_up()
            return
        self._drip(raw, act.drip)
        self.wfile.flush()

    def _stream(self, act: Act, received: Received) -> None:
        options = received.body.get("stream_options") or {}
        if received.api == "chat":
            events = wire.chat_events(act, with_usage=bool(options.get("include_usage")))
        else:
            events = wire.response_events(act)
        self._head(act, "text/event-stream; charset=utf-8", {"Transfer-Encoding": "chunked"})
        for number, event in enumerate(events):
            if act.cut is not None and number > act.cut:
                break
            self._drip(wire.as_sse(event), act.drip, chunked=True)
            if act.pause:
                self.wfile.flush()
                self._wait(act.pause)
        if act.reset:
            self._hang_up()
            return
        self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _drip(self, raw: bytes, seconds: float, *, chunked: bool = False) -> None:
        for piece in [raw] if not seconds else [bytes([each]) for each in raw]:
            self.wfile.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n" if chunked else piece)
            if seconds:
                self.wfile.flush()
                self._wait(seconds)

    def _wait(self, seconds: float) -> None:
        """Ends early when the caller hangs up. Raises _Gone then."""
        while seconds > 0:
            step = min(seconds, 0.02)
            if self.server.endpoint.closing.wait(step):
                raise _Gone
            readable, _, _ = select.select([self.connection], [], [], 0)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                raise _Gone
            seconds -= step

    def _hang_up(self) -> None:
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def log_message(self, *args: Any) -> None:
        pass


def _listed(endpoint: Endpoint, received: Received) -> dict[str, Any]:
    if received.api == "models":
        return {"object": "list", "data": [{"id": "served-2026-01", "object": "model", "created": 0, "owned_by": "x"}]}
    given = received.body.get("input") or []
    texts = [given] if isinstance(given, str) else [str(each) for each in given]
    return wire.embeddings(
        str(received.body.get("model")),
        [endpoint.embed(text) for text in texts],
        as_base64=received.body.get("encoding_format") == "base64",
        tokens=sum(len(text) // 4 + 1 for text in texts),
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint: Endpoint, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.endpoint = endpoint

    def handle_error(self, *args: Any) -> None:
        """A caller that hung up is what some tests are about."""


@contextmanager
def serve(
    script: Script, *, rejects: Collection[Rejected] = (), embed: Embed = hashed_words, port: int = 0
) -> Iterator[Endpoint]:
    endpoint = Endpoint(script, rejects, embed)
    server = _Server(endpoint, port)
    endpoint.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield endpoint
    finally:
        endpoint.closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
