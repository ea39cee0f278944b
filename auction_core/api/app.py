"""Puts the API together: the one place that knows every part of it."""

import asyncio
import base64
import hashlib
import logging
import os
import secrets
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio.to_thread
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.responses import HTMLResponse
from pydantic import SecretStr
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from auction_core.api import middleware, operations, pages, problems, reference
from auction_core.api.auth import Tokens
from auction_core.api.documentation import add_problem_schema
from auction_core.api.live import LiveListings
from auction_core.api.pages.errors import FriendlyErrors
from auction_core.api.rates import Rates
from auction_core.api.routes import bids, listings, live, users
from auction_core.api.settings import ApiSettings, read_settings, variable
from auction_core.database import parse_url
from auction_core.metrics import ApiMetrics
from auction_core.reading import open_for_reading
from auction_core.store import Store

VERSION = "1.0"
_DESCRIPTION = """Listings, bids and what follows a sale.

Amounts are euros, as text with two decimals ("12.50"). Times are RFC 3339 with an offset. Lists come in pages: \
`next_cursor` of one page is the `cursor` of the next.

Every write needs an Idempotency-Key header: make one up for each write, and repeat it when you repeat the request.

Every refusal is a problem (RFC 9457) with a `code` that programs may rely on."""
_TAGS = [
    {"name": "accounts", "description": "Registering and logging in."},
    {"name": "listings", "description": "Finding, opening and watching what is for sale."},
    {"name": "bids", "description": "Bidding, and following the bids."},
    {"name": "after the sale", "description": "Paying and reviewing."},
    {"name": "my own", "description": "What concerns the user of the token."},
]
logger = logging.getLogger(__name__)


def create_app(settings: ApiSettings) -> FastAPI:
    """`app.state` has settings (with a secret in any case), store, reading, tokens, rates, live and metrics.

    Connects to the database at the first request. Raises Refused for an address that no auction can be at.
    """
    if settings.token_secret is None:
        logger.warning("%s is not set: tokens and sessions end with this process.", variable("token_secret"))
        settings = settings.model_copy(update={"token_secret": SecretStr(secrets.token_urlsafe(32))})
    app = FastAPI(
        title="Auction API",
        version=VERSION,
        description=_DESCRIPTION,
        openapi_tags=_TAGS,
        lifespan=_lifespan,
        docs_url=None,  # it would need scripts from elsewhere; `/docs` below needs none
        redoc_url=None,
        redirect_slashes=False,  # to an address made of the client's Host header
    )
    _share(app, settings)
    problems.install(app)
    _add_routes(app)
    _add_middleware(app, settings)
    app.openapi = lambda: _describe(app)  # type: ignore[method-assign]
    return app


def from_environment() -> FastAPI:
    """What a server's worker processes call."""
    return create_app(read_settings(os.environ))


def _share(app: FastAPI, settings: ApiSettings) -> None:
    state, secret = app.state, settings.token_secret
    state.settings = settings
    state.metrics = ApiMetrics()
    state.store = Store.open(settings.database_url, clients=settings.threads, rules=settings.rules())
    state.reading = open_for_reading(parse_url(settings.database_url), clients=settings.threads)
    state.tokens = Tokens(secret.get_secret_value() if secret else "", timedelta(minutes=settings.token_minutes))
    state.rates = Rates(settings, state.metrics)
    state.live = LiveListings(
        state.reading,
        most=settings.event_listeners,
        most_of_one=settings.event_listeners_of_address,
        open_streams=state.metrics.streams,
    )


def _add_routes(app: FastAPI) -> None:
    for part in (users, listings, bids, live, operations):
        app.include_router(part.router)

    @app.get("/docs", include_in_schema=False)
    async def show_reference() -> HTMLResponse:
        digest = base64.b64encode(hashlib.sha256(reference.style().encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
        return HTMLResponse(reference.page(app.openapi()), headers={"Content-Security-Policy": policy})

    app.include_router(pages.router, include_in_schema=False)


def _add_middleware(app: FastAPI, settings: ApiSettings) -> None:
    """The last one added is the outermost."""
    app.add_middleware(middleware.BodyLimit)
    app.add_middleware(middleware.AddressLimit)
    app.add_middleware(middleware.Measured)
    app.add_middleware(FriendlyErrors)
    app.add_middleware(middleware.SecurityHeaders)
    if settings.trusted_proxies:
        app.add_middleware(ProxyHeadersMiddleware, trusted_hosts=list(settings.trusted_proxies))


def _describe(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        app.openapi_schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            tags=app.openapi_tags,
            routes=app.routes,
        )
        add_problem_schema(app.openapi_schema)
    return app.openapi_schema


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    state = app.state
    # A request that has a thread has a connection: the pools have as many.
    anyio.to_thread.current_default_thread_limiter().total_tokens = state.settings.threads
    state.live.open()
    _end_streams_on_signal(state.live.close)
    yield
    state.live.close()
    state.store.close()
    state.reading.dispose()


def _end_streams_on_signal(close: Callable[[], None]) -> None:
    """A server that stops waits for its connections, and a stream would stay open until then."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        before = signal.getsignal(number)
        if not callable(before):
            continue

        def handle(number: int, frame: Any, before: Any = before) -> None:
            loop.call_soon_threadsafe(close)
            before(number, frame)

        try:
            signal.signal(number, handle)
        except ValueError:  # not the main thread: a test's server, which nobody signals
            return
