"""The signed header of Google's identity-aware proxy. Its unsigned companions are never read: anyone can write them."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from collections.abc import Mapping
from typing import Any
from urllib.error import URLError

import jwt

from streamlit_app.signing_in.people import Identity, folded

ISSUER = "https://cloud.google.com/iap"
PUBLIC_KEYS = "https://www.gstatic.com/iap/verify/public_key-jwk"
# Google's own advice for its header: clocks differ, and a header is signed for ten minutes.
LEEWAY_SECONDS = 30
# Google's is some 800 characters; one with all of a person's groups stays below 8,000.
MAX_HEADER_CHARS = 16_000
MAX_KEY_SET_BYTES = 100_000
FETCH_SECONDS = 5.0
# Keys change every few months: an hour bounds how long one that was withdrawn still counts.
KEEP_SECONDS = 3600.0
# Whoever sends made-up key names must not make this server ask Google each time.
RETRY_SECONDS = 60.0


class HeaderRefused(Exception):
    """The header does not prove who somebody is. The sentence is for the log, and holds nothing of the header."""


class KeySet:
    """Public keys by name, fetched when first needed. May be used by many threads."""

    def __init__(self, address: str = PUBLIC_KEYS) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")

    def key(self, name: str) -> jwt.PyJWK:
        """Raises HeaderRefused."""
        with self._lock:
            now = time.monotonic()
            is_stale = name not in self._keys or now - self._fetched > KEEP_SECONDS
            if is_stale and now - self._tried > RETRY_SECONDS:
                self._tried = now
                self._fetch(now)
            if name not in self._keys:
                told = "names a key that is not among the public keys" if self._keys else "cannot be checked"
                raise HeaderRefused(f"The proxy's header {told} of {self._address}.")
            return self._keys[name]

    def _fetch(self, now: float) -> None:
        """What cannot be fetched leaves the keys that are known: an outage there must not lock everybody out."""
        try:
            with urllib.request.urlopen(self._address, timeout=FETCH_SECONDS) as reply:  # noqa: S310 - https, fixed
                content = reply.read(MAX_KEY_SET_BYTES)
            found = {str(each["kid"]): jwt.PyJWK(each, "ES256") for each in json.loads(content)["keys"]}
        except (URLError, OSError, ValueError, LookupError, TypeError, jwt.PyJWTError):
            return
        self._keys, self._fetched = found, now


def claims_in(header: str, audience: str, keys: KeySet) -> Mapping[str, Any]:
    """What the proxy says of whoever it let in. Raises HeaderRefused."""
    if len(header) > MAX_HEADER_CHARS:
        raise HeaderRefused("The proxy's header is longer than any that a proxy signs.")
    try:
        head = jwt.get_unverified_header(header)
        if head.get("alg") != "ES256" or not isinstance(head.get("kid"), str):
            raise HeaderRefused("The proxy's header is not signed with a named key by ES256.")
        claims: dict[str, Any] = jwt.decode(
            header,
            keys.key(head["kid"]),
            algorithms=["ES256"],
            audience=audience,
            issuer=ISSUER,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "aud", "iss", "sub"], "strict_aud": True},
        )
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise HeaderRefused(f"The proxy's header does not hold: {type(error).__name__}.") from error
    return claims


def identity_in(claims: Mapping[str, Any]) -> Identity:
    """Google vouches for addresses of its own accounts. Of outside ones (the claim gcip) it says whether it checked."""
    outside = claims.get("gcip")
    is_verified = outside is None or (isinstance(outside, Mapping) and outside.get("email_verified") is True)
    email = claims.get("email")
    is_address = isinstance(email, str) and "@" in email and email.isprintable()
    return Identity("iap", claims, folded(str(email)) if is_verified and is_address else "")
