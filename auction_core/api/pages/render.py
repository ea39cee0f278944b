"""Templates to answers: escaping, how money and times are written, and what a browser may do with the page."""

import hashlib
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from auction_core.api.pages.visit import form_token, remember_browser

FOLDER = Path(__file__).parents[1]
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
_NO_BREAK = "\u00a0"
_NAMES = {
    "like_new": "like new",
    "bank_transfer": "bank transfer",
    "paypal": "PayPal",
    "ending_soon": "ending soonest",
    "newest": "newest first",
    "price_up": "lowest price first",
    "price_down": "highest price first",
    "most_bids": "most bids",
}


def render(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    page = {
        "viewer": getattr(request.state, "viewer", None),
        "form_token": form_token(request),
        "new_key": new_key,
        "path": request.url.path,
    }
    response = HTMLResponse(environment().get_template(template).render(page | values), status, _HEADERS)
    remember_browser(request, response)
    return response


def bare(template: str, status: int, headers: dict[str, str], **values: Any) -> HTMLResponse:
    """A page that knows nothing of who visits: for errors, which may come before anybody knows."""
    page = {"viewer": None, "form_token": None, "path": ""}
    return HTMLResponse(environment().get_template(template).render(page | values), status, _HEADERS | headers)


def see(target: str) -> RedirectResponse:
    """After a write: the browser fetches the target, and reloading it sends nothing again."""
    return RedirectResponse(target, 303, {"Cache-Control": "no-store"})


def new_key() -> str:
    """Of one rendered form: sent twice, it is carried out once."""
    return uuid.uuid4().hex


@cache
def environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"euros": euros, "moment": moment, "iso": iso, "left": left, "named": named}
    made.globals |= {"static": static}
    return made


def euros(amount: Decimal) -> str:
    return f"{amount:,.2f}{_NO_BREAK}€"


def moment(when: datetime) -> str:
    """As long as no script has put it into the viewer's zone."""
    utc = when.astimezone(UTC)
    return f"{utc.day} {utc:%b %Y, %H:%M} UTC"


def iso(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def left(seconds: int) -> str:
    """The two largest units, as the script writes them, too."""
    days, rest = divmod(max(0, seconds), 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    if days:
        return f"{days}{_NO_BREAK}d {hours}{_NO_BREAK}h"
    if hours:
        return f"{hours}{_NO_BREAK}h {minutes}{_NO_BREAK}min"
    return f"{minutes}{_NO_BREAK}min {rest}{_NO_BREAK}s" if minutes else f"{rest}{_NO_BREAK}s"


def named(code: str) -> str:
    return _NAMES.get(code, code)


@cache
def file(name: str) -> bytes:
    return (FOLDER / "static" / name).read_bytes()


@cache
def static(name: str) -> str:
    """The address of a file, another one when the file changes."""
    return f"/static/{name}?v={hashlib.sha256(file(name)).hexdigest()[:12]}"
