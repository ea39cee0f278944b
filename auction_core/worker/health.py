"""What an orchestrator and Prometheus ask a worker: /healthz, /readyz and /metrics, by HTTP."""

import json
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from auction_core.errors import Refused
from auction_core.metrics import CONTENT_TYPE

# A client that does not finish its request is dropped.
REQUEST_SECONDS = 5

Answer = tuple[HTTPStatus, str, bytes]


class HealthServer:
    """Answers GET and HEAD of each path in `pages`; a page is called for every request, in a thread of its own."""

    def __init__(self, host: str, port: int, pages: dict[str, Callable[[], Answer]]) -> None:
        """Raises Refused when the address cannot be had. Port 0 takes a free one."""

        class Handler(_Handler):
            answers = pages

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or type(error).__name__
            raise Refused(f"The health endpoint cannot listen on {host} port {port}: {reason}.") from None
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self.port = self._server.server_address[1]
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()


def status_answer(problem: str | None, **details: object) -> Answer:
    """200 when there is no problem, else 503 with it."""
    status = HTTPStatus.SERVICE_UNAVAILABLE if problem else HTTPStatus.OK
    body = {"status": "failing" if problem else "ok"} | ({"reason": problem} if problem else {}) | details
    return status, "application/json", json.dumps(body).encode()


def metrics_answer(text: bytes) -> Answer:
    return HTTPStatus.OK, CONTENT_TYPE, text


class _Handler(BaseHTTPRequestHandler):
    answers: dict[str, Callable[[], Answer]]
    timeout = REQUEST_SECONDS
    server_version = "auction-core"
    sys_version = ""

    def do_GET(self) -> None:
        page = self.answers.get(self.path.partition("?")[0])
        status, kind, body = page() if page else (HTTPStatus.NOT_FOUND, "text/plain; charset=utf-8", b"Not found.\n")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Probes every few seconds are no news."""
