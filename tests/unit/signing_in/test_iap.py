"""The proxy's signed header: what holds, and every way of writing one oneself. Keys come from a server of the tests."""

from __future__ import annotations

import base64
import hmac
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jwt.algorithms import ECAlgorithm

from streamlit_app.signing_in import iap
from streamlit_app.signing_in.iap import ISSUER, HeaderRefused, KeySet, claims_in, identity_in

AUDIENCE = "/projects/7/global/backendServices/9"
KEY = ec.generate_private_key(ec.SECP256R1())
OTHER = ec.generate_private_key(ec.SECP256R1())


def public(key: ec.EllipticCurvePrivateKey, name: str) -> dict[str, Any]:
    return ECAlgorithm.to_jwk(key.public_key(), as_dict=True) | {"kid": name, "alg": "ES256", "use": "sig"}


@dataclass
class KeyServer:
    content: bytes = field(default_factory=lambda: json.dumps({"keys": [public(KEY, "one")]}).encode())
    status: int = 200
    asked: int = 0
    url: str = ""


@contextmanager
def serving() -> Iterator[KeyServer]:
    state = KeyServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            state.asked += 1
            self.send_response(state.status)
            self.send_header("Content-Length", str(len(state.content)))
            self.end_headers()
            self.wfile.write(state.content)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/keys"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[KeyServer]:
    with serving() as state:
        yield state


@pytest.fixture
def keys(server: KeyServer) -> KeySet:
    return KeySet(server.url)


def claims(**changes: Any) -> dict[str, Any]:
    now = int(time.time())
    told = {"iss": ISSUER, "aud": AUDIENCE, "sub": "accounts.google.com:1", "email": "ada@example.com"}
    merged = {**told, "iat": now - 5, "exp": now + 595, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def header(key: Any = KEY, name: Any = "one", algorithm: str = "ES256", **changes: Any) -> str:
    return jwt.encode(claims(**changes), key, algorithm=algorithm, headers={"kid": name} if name else {})


def unsigned(**changes: Any) -> str:
    parts = ({"alg": "none", "typ": "JWT", "kid": "one"}, claims(**changes))
    encoded = [base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts]
    return ".".join([*encoded, ""])


def with_public_key_as_secret() -> str:
    """The public key taken for a shared secret: whoever trusts the header's own alg takes it."""
    pem = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    parts = ({"alg": "HS256", "typ": "JWT", "kid": "one"}, claims())
    encoded = ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).rstrip(b"=").decode() for each in parts)
    digest = hmac.digest(pem, encoded.encode(), "sha256")
    return f"{encoded}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def tampered() -> str:
    head, _, signature = header().split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(email="eve@example.com")).encode()).rstrip(b"=").decode()
    return f"{head}.{body}.{signature}"


def test_what_the_proxy_signed_says_who_it_is(keys: KeySet) -> None:
    found = identity_in(claims_in(header(), AUDIENCE, keys))
    assert (found.how, found.email, found.claims["sub"]) == ("iap", "ada@example.com", "accounts.google.com:1")


def test_clocks_may_differ_by_some_seconds(keys: KeySet) -> None:
    now = int(time.time())
    assert claims_in(header(iat=now + 15, exp=now + 600), AUDIENCE, keys)
    assert claims_in(header(iat=now - 600, exp=now - 10), AUDIENCE, keys)


NOW = int(time.time())
FORGED = {
    "nothing": "",
    "no token": "hello",
    "three dots": "a.b.c",
    "alg none": unsigned(),
    "the public key as a secret": with_public_key_as_secret(),
    "another's key under a known name": header(OTHER),
    "an unknown key": header(OTHER, "two"),
    "no key name": header(name=None),
    "a longer curve": header(ec.generate_private_key(ec.SECP384R1()), algorithm="ES384"),
    "rsa": header(rsa.generate_private_key(65537, 2048), algorithm="RS256"),
    "changed after signing": tampered(),
    "cut off": header()[:-6],
    "another app's audience": header(aud="/projects/7/global/backendServices/10"),
    "a list of audiences": header(aud=[AUDIENCE, "x"]),
    "no audience": header(aud=None),
    "an audience it only begins with": header(aud=AUDIENCE[:-1]),
    "another issuer": header(iss="https://accounts.google.com"),
    "no issuer": header(iss=None),
    "expired": header(exp=NOW - 3600),
    "no expiry": header(exp=None),
    "expiry as words": header(exp="never"),
    "from the future": header(iat=NOW + 3600, exp=NOW + 7200),
    "no time of issue": header(iat=None),
    "no subject": header(sub=None),
    "oversized": header(pad="x" * 20_000),
    "not ascii": header() + "é",
    "deeply nested": "." * 1000,
}


@pytest.mark.parametrize("forged", FORGED.values(), ids=FORGED.keys())
def test_a_forged_or_stale_header_is_refused_in_a_sentence(keys: KeySet, forged: str) -> None:
    with pytest.raises(HeaderRefused) as caught:
        claims_in(forged, AUDIENCE, keys)
    assert str(caught.value).endswith(".") and "eyJ" not in str(caught.value)


def test_a_key_is_fetched_once_and_a_new_one_when_it_is_first_named(
    server: KeyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1000.0]
    monkeypatch.setattr(iap.time, "monotonic", lambda: clock[0])
    keys = KeySet(server.url)
    for _ in range(3):
        claims_in(header(), AUDIENCE, keys)
    assert server.asked == 1
    server.content = json.dumps({"keys": [public(KEY, "one"), public(OTHER, "two")]}).encode()
    for _ in range(5):
        with pytest.raises(HeaderRefused, match="not among the public keys"):
            claims_in(header(OTHER, "two"), AUDIENCE, keys)
    assert server.asked == 1, "made-up names ask at most once a minute"
    clock[0] += 61
    assert claims_in(header(OTHER, "two"), AUDIENCE, keys)
    assert server.asked == 2
    server.content = json.dumps({"keys": [public(OTHER, "two")]}).encode()
    clock[0] += 3601
    with pytest.raises(HeaderRefused):
        claims_in(header(), AUDIENCE, keys)


def test_an_outage_leaves_the_keys_that_are_known(server: KeyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [1000.0]
    monkeypatch.setattr(iap.time, "monotonic", lambda: clock[0])
    keys = KeySet(server.url)
    claims_in(header(), AUDIENCE, keys)
    server.status, clock[0] = 500, clock[0] + 4000
    assert claims_in(header(), AUDIENCE, keys)
    assert server.asked == 2


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"[]", b'{"keys": 7}', b'{"keys": [{"kid": "one"}]}', b'{"keys": ["x"]}', b"{" + b" " * 200_000],
)
def test_an_answer_that_is_no_key_set_lets_nobody_in(server: KeyServer, content: bytes) -> None:
    server.content = content
    with pytest.raises(HeaderRefused, match="cannot be checked"):
        claims_in(header(), AUDIENCE, KeySet(server.url))


def test_a_key_server_that_nobody_runs_lets_nobody_in() -> None:
    with pytest.raises(HeaderRefused, match="cannot be checked"):
        claims_in(header(), AUDIENCE, KeySet("http://127.0.0.1:9/keys"))


@pytest.mark.parametrize(
    ("told", "email"),
    [
        ({"email": "Ada@Example.com"}, "ada@example.com"),
        ({"email": "ada@example.com", "gcip": {"email_verified": True}}, "ada@example.com"),
        ({"email": "ada@example.com", "gcip": {"email_verified": False}}, ""),
        ({"email": "ada@example.com", "gcip": {}}, ""),
        ({"email": "ada@example.com", "gcip": "yes"}, ""),
        ({"email": ["ada@example.com"]}, ""),
        ({"email": "ada"}, ""),
        ({}, ""),
    ],
)
def test_addresses_count_where_google_vouches_for_them(told: dict[str, Any], email: str) -> None:
    assert identity_in(told).email == email
