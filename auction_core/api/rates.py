"""Rate limits: a moving window for each address and each user, with what is left in the answer's headers."""

import logging
import math
import time
from contextlib import suppress
from enum import StrEnum
from ipaddress import IPv6Address

import anyio.to_thread
from fastapi import Request, Response
from limits import RateLimitItem, parse
from limits.errors import StorageError
from limits.storage import MemoryStorage, storage_from_string
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import MutableHeaders

from auction_core.api.auth import TokenRefused, Tokens, bearer_of
from auction_core.api.problems import too_many_requests
from auction_core.api.settings import ApiSettings
from auction_core.metrics import ApiMetrics
from auction_core.passwords import login_name

logger = logging.getLogger(__name__)
# A storage that does not answer must not hold up the auction.
_WAITS: dict[str, float] = {"socket_timeout": 0.5, "socket_connect_timeout": 0.5}
_READING = frozenset({"GET", "HEAD", "OPTIONS"})
# Of an e-mail address: no account has a longer name.
_LONGEST_NAME = 120


class Kind(StrEnum):
    ADDRESS = "address"
    READS = "reads"
    WRITES = "writes"
    LOGINS = "logins"


class Rates:
    def __init__(self, settings: ApiSettings, metrics: ApiMetrics) -> None:
        self._refused = metrics.rate_limited
        self._limits: dict[Kind, RateLimitItem] = {
            Kind.ADDRESS: parse(settings.rate_address),
            Kind.READS: parse(settings.rate_reads),
            Kind.WRITES: parse(settings.rate_writes),
            Kind.LOGINS: parse(settings.rate_logins),
        }
        waits = _WAITS if settings.rate_storage.startswith("redis") else {}
        storage = storage_from_string(settings.rate_storage, wrap_exceptions=True, **waits)
        self._is_near = isinstance(storage, MemoryStorage)
        self._window = MovingWindowRateLimiter(storage)

    async def spend(self, kind: Kind, who: str, headers: MutableHeaders | None = None) -> None:
        """Counts one request of `who` and writes what is left into `headers`. Raises a 429 problem.

        While a storage elsewhere does not answer, nothing is limited: the auction goes on.
        """
        item = self._limits[kind]
        try:
            if self._is_near:
                is_allowed, left = self._hit(item, kind, who)
            else:
                is_allowed, left = await anyio.to_thread.run_sync(self._hit, item, kind, who)
        except StorageError:
            logger.warning("the storage of the rate limits does not answer: nothing is limited")
            return
        left_headers = {
            "RateLimit-Policy": f'"{kind}";q={item.amount};w={item.get_expiry()}',
            "RateLimit": f'"{kind}";r={left[0]};t={left[1]}',
        }
        if not is_allowed:
            self._refused.labels(kind).inc()
            again = {"Retry-After": str(max(1, left[1]))}
            raise too_many_requests(item.amount, item.get_expiry(), again | left_headers)
        if headers is not None:
            headers.update(left_headers)

    def _hit(self, item: RateLimitItem, kind: Kind, who: str) -> tuple[bool, tuple[int, int]]:
        """Whether it was allowed, and (how many are left, seconds until the oldest is forgotten)."""
        is_allowed = self._window.hit(item, kind, who)
        reset, remaining = self._window.get_window_stats(item, kind, who)
        return is_allowed, (max(0, remaining), max(0, math.ceil(reset - time.time())))


def address_of(request: Request) -> str:
    """Behind a trusted proxy it is the address that the proxy tells. Of IPv6 it is the network of 64 bits.

    Such a network is what one household or machine gets: as many addresses as it likes are one.
    """
    host = request.client.host if request.client else "unknown"
    if ":" not in host:
        return host
    try:
        address = IPv6Address(host.partition("%")[0])
    except ValueError:
        return host
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> 64 << 64))


async def limit_requests(request: Request, response: Response) -> None:
    """A dependency of every route under /api: counts for the user if there is one, else for the address."""
    kind = Kind.READS if request.method in _READING else Kind.WRITES
    await rates_of(request).spend(kind, _who(request), response.headers)


async def limit_logins(request: Request) -> None:
    """A dependency of what hashes a password, which costs tens of milliseconds and megabytes each time."""
    await rates_of(request).spend(Kind.LOGINS, f"address {address_of(request)}")


async def limit_login_as(request: Request, username: str) -> None:
    """Guessing one user's password from many addresses is limited, too, however the name is written."""
    named = login_name(username)[:_LONGEST_NAME].encode(errors="replace").decode()
    await rates_of(request).spend(Kind.LOGINS, f"user {named}")


def rates_of(request: Request) -> Rates:
    rates: Rates = request.app.state.rates
    return rates


def _who(request: Request) -> str:
    text = bearer_of(request)
    if text is not None:
        tokens: Tokens = request.app.state.tokens
        with suppress(TokenRefused):
            return f"user {tokens.read(text)}"
    return f"address {address_of(request)}"
