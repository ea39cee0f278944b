"""Around every request: security headers, the count for its address, the size of its body, and what is measured."""

import asyncio
import time

from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auction_core.api.problems import LARGEST_BODY, Problem, too_large, unexpected
from auction_core.api.rates import Kind, address_of, rates_of
from auction_core.metrics import ApiMetrics

# 64 KiB take a slow telephone a few seconds. Less than what a server that stops grants to what is under way.
BODY_SECONDS = 15.0
# Asked by machines of the operator's own, often.
_UNLIMITED = frozenset({"/healthz", "/readyz", "/metrics"})
# A method is any word that a client makes up; a label is not.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# Nothing in an answer for programs is to be run or shown as a page.
_API_POLICY = "default-src 'none'; frame-ancestors 'none'"
_PAGE_POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)


class SecurityHeaders:
    """Sets what a route has not set itself. Answers of the API are not kept by any cache."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                is_page = headers.get("content-type", "").startswith("text/html")
                headers.setdefault("Content-Security-Policy", _PAGE_POLICY if is_page else _API_POLICY)
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self.app(scope, receive, send_with_headers)


class AddressLimit:
    """Before a body is read or a token checked: no address asks more often than it may."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in _UNLIMITED:
            request = Request(scope)
            try:
                await rates_of(request).spend(Kind.ADDRESS, address_of(request))
            except Problem as problem:
                await problem.response()(scope, receive, send)
                return
        await self.app(scope, receive, send)


class BodyLimit:
    """Refuses a body that is too large, by its announced length at once, else as soon as it has grown too large; and
    one that does not arrive: a connection costs its sender nothing.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        announced = Headers(scope=scope).get("content-length", "")
        # Longer numbers are not read: Python refuses those of thousands of digits.
        if announced.isdecimal() and (len(announced) > 10 or int(announced) > LARGEST_BODY):
            await too_large().response()(scope, receive, send)
            return
        size, is_whole = 0, False
        deadline = asyncio.get_running_loop().time() + BODY_SECONDS

        async def receive_some() -> Message:
            nonlocal size, is_whole
            if is_whole:  # what comes now is that the client went away, whenever that is
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408) from None
            is_whole = not message.get("more_body", False)
            size += len(message.get("body", b""))
            if size > LARGEST_BODY:
                # Of this class, because everything else is taken for a body that cannot be parsed.
                raise HTTPException(413)
            return message

        await self.app(scope, receive_some, send)


class Measured:
    """Counts and times requests by the template of their route, and answers what nobody foresaw with a 500 problem."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                seconds.append(time.perf_counter() - began)
            await send(message)

        seconds: list[float] = []
        try:
            await self.app(scope, receive, watch)
        except Exception as error:  # noqa: BLE001 - the last place that can answer; it is logged with its traceback
            problem = unexpected(error)
            if not status:
                await problem.response()(scope, receive, watch)
        finally:
            # Without an answer the client went away before there was one: 499, as proxies log it.
            metrics: ApiMetrics = scope["app"].state.metrics
            route = getattr(scope.get("route"), "path", "none")
            method = scope["method"] if scope["method"] in _METHODS else "other"
            metrics.requests.labels(method, route, status or 499).inc()
            if seconds:
                metrics.request_seconds.labels(method, route).observe(seconds[0])
