"""Errors as pages: what the API answers with a problem, a browser that asks for a page gets in plain words."""

import json
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from auction_core.api.pages.render import bare

TITLES = {
    403: "That was not allowed",
    404: "There is nothing here",
    405: "That is not possible here",
    413: "That was too much",
    422: "Something in the address or the form does not fit",
    429: "A little slower, please",
    503: "The auction is catching its breath",
}
_FOR_PROGRAMS = ("/api/", "/healthz", "/readyz", "/metrics")


class FriendlyErrors:
    """Replaces application/problem+json by a page, with the same status and Retry-After, outside the API."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_FOR_PROGRAMS) or not _wants_page(scope):
            await self.app(scope, receive, send)
            return
        begun: Message | None = None
        body = b""

        async def watch(message: Message) -> None:
            nonlocal begun, body
            if message["type"] == "http.response.start" and _is_problem(message):
                begun = message
            elif begun is None:
                await send(message)
            else:
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    await _page(begun, body)(scope, receive, send)

        await self.app(scope, receive, watch)


def _wants_page(scope: Scope) -> bool:
    return "text/html" in Request(scope).headers.get("accept", "")


def _is_problem(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("application/problem+json")


def _page(begun: Message, body: bytes) -> Any:
    status = begun["status"]
    headers = Headers(raw=begun["headers"])
    kept = {name: headers[name] for name in ("Retry-After", "Allow") if name in headers}
    detail = str(json.loads(body).get("detail", ""))
    return bare(
        "error.html",
        status,
        kept,
        title=TITLES.get(status, "Something went wrong"),
        detail=detail,
        wait=kept.get("Retry-After"),
        code=status,
    )
