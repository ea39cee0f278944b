"""A Chat Completions endpoint on the loopback interface, whose behaviour a test scripts request by request."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

import pytest

from nl2sql.llm import base


def completion(text: str, **more: Any) -> dict[str, Any]:
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": text}} | more
    return {
        "id": "c",
        "object": "chat.completion",
        "created": 0,
        "model": "served-2026-01",
        "choices": [choice],
        "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
    }


@dataclass(frozen=True)
class Act:
    """What the server does with one request. `stall` seconds pass before anything, `drip` between single bytes."""

    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    stall: float = 0.0
    drip: float = 0.0
    drop: bool = False

    @property
    def raw(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


Script = Sequence[Act] | Callable[[dict[str, Any]], Act]


class Endpoint:
    """`requests` are the bodies it got, `keys` the authorisation headers. A sequence repeats its last act."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.requests: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.closing = Event()

    def act(self, body: dict[str, Any], key: str) -> Act:
        self.requests.append(body)
        self.keys.append(key)
        if callable(self._script):
            return self._script(body)
        return self._script[min(len(self.requests), len(self._script)) - 1]

    url = ""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def do_POST(self) -> None:
        endpoint = self.server.endpoint
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        act = endpoint.act(body, self.headers.get("Authorization", ""))
        if self.path != "/v1/chat/completions":
            act = Act(404, {"error": {"message": f"no {self.path}"}})
        if act.stall and endpoint.closing.wait(act.stall):
            act = Act(drop=True)
        if act.drop:
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        self.send_response(act.status)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(len(act.raw)),
            **act.headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self._send(act, endpoint)

    def _send(self, act: Act, endpoint: Endpoint) -> None:
        if not act.drip:
            self.wfile.write(act.raw)
            return
        for byte in act.raw:
            if endpoint.closing.wait(act.drip):
                return
            self.wfile.write(bytes([byte]))
            self.wfile.flush()

    def log_message(self, *args: Any) -> None:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, endpoint: Endpoint) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.endpoint = endpoint

    def handle_error(self, *args: Any) -> None:
        """A client that hung up is what some of these tests are about."""


@contextmanager
def serve(script: Script) -> Iterator[Endpoint]:
    endpoint = Endpoint(script)
    server = _Server(endpoint)
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


@pytest.fixture
def endpoint() -> Iterator[Callable[[Script], Endpoint]]:
    """Starts servers for one test and stops them after it."""
    running: list[Any] = []

    def start(script: Script) -> Endpoint:
        manager = serve(script)
        running.append(manager)
        return manager.__enter__()

    yield start
    for manager in running:
        manager.__exit__(None, None, None)


@pytest.fixture(autouse=True)
def _requests_to_the_loopback_are_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", True)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def stopwatch() -> Callable[[], float]:
    begun = time.monotonic()
    return lambda: time.monotonic() - begun


@pytest.fixture
def say() -> Callable[..., dict[str, Any]]:
    return completion


@pytest.fixture
def act() -> type[Act]:
    return Act
