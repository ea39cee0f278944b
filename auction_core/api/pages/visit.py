"""Who visits: the cookies of a visit, and the proof that a form was sent from a page of ours.

The session cookie holds the same signed expiring token as the API's. Its form token is bound to it; before signing in,
to a cookie that only says "the same browser". Neither can be read by a script or sent by another site's form.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Form, Request, Response
from fastapi.responses import RedirectResponse
from fastapi.routing import APIRoute
from itsdangerous import BadData, URLSafeTimedSerializer
from sqlalchemy import Connection

from auction_core.api.auth import TokenRefused
from auction_core.api.problems import Problem
from auction_core.api.rates import Kind, address_of, rates_of
from auction_core.api.state import reading_of
from auction_core.reading import Viewer, viewer_of

# A form that was left open overnight still works.
FORM_SECONDS = 12 * 3600
_LONGEST_COOKIE = 2048
_READING = frozenset({"GET", "HEAD"})
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class Visit:
    """`token` and `user_id` are None before signing in. `browser` is the cookie of that time."""

    token: str | None
    user_id: int | None
    browser: str
    is_new: bool

    @property
    def binding(self) -> str:
        return hashlib.sha256((self.token or self.browser).encode()).hexdigest()


def visit_of(request: Request) -> Visit:
    kept: Visit | None = getattr(request.state, "visit", None)
    if kept is not None:
        return kept
    names = _names(request)
    token, user_id = request.cookies.get(names[0]), None
    if token is not None:
        try:
            user_id = request.app.state.tokens.read(token)
        except TokenRefused:
            token = None
    browser = request.cookies.get(names[1], "")
    is_new = not 20 <= len(browser) <= 64
    visit = Visit(token, user_id, secrets.token_urlsafe(24) if is_new else browser, is_new)
    request.state.visit = visit
    return visit


CurrentVisit = Annotated[Visit, Depends(visit_of)]


def reader(request: Request) -> Iterator[Connection]:
    with reading_of(request) as connection:
        yield connection


Reader = Annotated[Connection, Depends(reader)]


def current_viewer(request: Request, visit: CurrentVisit, connection: Reader) -> Viewer | None:
    viewer = None if visit.user_id is None else viewer_of(connection, visit.user_id)
    request.state.viewer = viewer
    return viewer


CurrentViewer = Annotated[Viewer | None, Depends(current_viewer)]


class SignInFirst(Exception):
    """The visitor is sent to the login page, and from there to `target`."""

    def __init__(self, target: str) -> None:
        super().__init__(target)
        self.target = target


class PageRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handle_visit(request: Request) -> Response:
            try:
                return await handle(request)
            except SignInFirst as first:
                return RedirectResponse(f"/login?next={quote(first.target)}", 303, {"Cache-Control": "no-store"})

        return handle_visit


async def limit_pages(request: Request) -> None:
    """Pages count as what they are: reads and writes of the user, or of the address."""
    visit = visit_of(request)
    who = f"address {address_of(request)}" if visit.user_id is None else f"user {visit.user_id}"
    await rates_of(request).spend(Kind.READS if request.method in _READING else Kind.WRITES, who)


def form_token(request: Request) -> str:
    return str(_serializer(request).dumps(visit_of(request).binding))


def protect(request: Request, visit: CurrentVisit, form_token: Annotated[str, Form()] = "") -> None:
    """A dependency of every POST. Raises a 403 problem before anything is read or written."""
    stale = Problem(
        403,
        "form_refused",
        "This form is not valid (any more): it was open for too long, or you signed in or out meanwhile. "
        "Nothing was done. Go back, reload the page and send it again.",
    )
    if not _is_from_here(request) or not _is_plain_form(request):
        raise stale
    try:
        bound = _serializer(request).loads(form_token[:_LONGEST_COOKIE], max_age=FORM_SECONDS)
    except BadData:
        raise stale from None
    if not isinstance(bound, str) or not hmac.compare_digest(bound.encode(), visit.binding.encode()):
        raise stale


def sign_in(request: Request, response: Response, user_id: int) -> None:
    tokens = request.app.state.tokens
    lifetime = int(tokens.lifetime.total_seconds())
    _set(request, response, _names(request)[0], tokens.issue(user_id), lifetime)
    response.delete_cookie(_names(request)[1], **_attributes(request))


def sign_out(request: Request, response: Response) -> None:
    for name in _names(request):
        response.delete_cookie(name, **_attributes(request))


def remember_browser(request: Request, response: Response) -> None:
    """Until the browser is closed, so that its forms can be told from others'."""
    visit = visit_of(request)
    if visit.is_new and visit.token is None:
        _set(request, response, _names(request)[1], visit.browser, None)


def safe_target(target: str) -> str:
    """A path of this site to go on to; anything else becomes the start page."""
    if not target.startswith("/") or target.startswith("//") or "\\" in target or not target.isprintable():
        return "/"
    parts = urlsplit(target)
    return "/" if parts.scheme or parts.netloc or len(target) > 500 else target


def _is_from_here(request: Request) -> bool:
    """What a browser says of where the form was; those that say nothing are held to the form token alone.

    Sec-Fetch-Site comes first: it stays true behind a proxy that passes on another Host.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin, host = request.headers.get("origin"), request.headers.get("host")
    return origin is None or origin in {f"https://{host}", f"http://{host}"}


def _is_plain_form(request: Request) -> bool:
    """As our pages send them. The other form there is names an encoding, and some make text that no page can show."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == _FORM


def _serializer(request: Request) -> URLSafeTimedSerializer:
    secret = request.app.state.settings.token_secret.get_secret_value()
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeTimedSerializer(secret, salt="auction page form", signer_kwargs=signing)


def _names(request: Request) -> tuple[str, str]:
    """Browsers take a __Host- cookie only from the very host, over HTTPS, for all paths."""
    prefix = "__Host-" if request.app.state.settings.secure_cookies else ""
    return f"{prefix}auction_session", f"{prefix}auction_browser"


def _attributes(request: Request) -> dict[str, Any]:
    is_secure = request.app.state.settings.secure_cookies
    return {"path": "/", "httponly": True, "samesite": "lax", "secure": is_secure}


def _set(request: Request, response: Response, name: str, value: str, seconds: int | None) -> None:
    response.set_cookie(name, value, max_age=seconds, **_attributes(request))
