"""What somebody tries who means harm: cursors, names, keys, tokens and bodies made up to be read in another way."""

import asyncio
import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest

from auction_core.api.app import create_app
from auction_core.api.auth import TokenRefused
from auction_core.store import Store
from tests.integration.auction_core.api_client import SECRET, Api, serving
from tests.integration.auction_core.page_visits import PASSWORD, Browser, settings, signed_up
from tests.integration.auction_core.world import World

FORM = "application/x-www-form-urlencoded"


@pytest.fixture(scope="module")
def auction(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with signed_up(tmp_path_factory.mktemp("red_team")) as world:
        yield world


@pytest.fixture(scope="module")
def api(auction: World) -> Iterator[Api]:
    with serving(auction) as served:
        yield served


def made_up_cursor(of: str, *key: object) -> str:
    """As `auction_core.reading.cursor` makes them, of values that it never would."""
    payload = json.dumps(key).encode()
    digest = hashlib.sha256(of.encode() + b"\0" + payload).digest()[:9]
    return base64.urlsafe_b64encode(digest + payload).decode().rstrip("=")


MADE_UP = [
    ("Decimal", "sNaN", 1),
    ("Decimal", "Infinity", 1),
    ("Decimal", "1e999999", 1),
    ("datetime", "2026-01-01T00:00:00", 1),
    ("int", "5", 1),
    ("Decimal", "5", 10**30),
    ("Decimal", "5", None),
]


@pytest.mark.parametrize("key", MADE_UP, ids=str)
def test_a_cursor_that_was_made_up_is_refused(world: World, key: tuple[Any, ...]) -> None:
    listing = world.listing()
    with serving(world) as api:
        answer = api.get(f"/listings/{listing}/bids", params={"cursor": made_up_cursor(f"bids on {listing}", *key)})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request")


@pytest.mark.parametrize("moment", ["2026-01-01T00:00:00+05:00", "0001-01-01T00:00:00+14:00"])
def test_a_made_up_moment_with_a_zone_is_refused(api: Api, moment: str) -> None:
    asked = repr(("ends_at", False, (), None, "active", None, None))
    answer = api.get("/listings", params={"cursor": made_up_cursor(asked, "datetime", moment, 1)})
    assert answer.status_code == 422


def test_a_name_with_blanks_or_capitals_around_it_is_limited_as_the_one_user(
    auction: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("auction_core.api.rates.address_of", _another_address_each_time())
    with serving(auction, rate_logins="3/minute") as api:
        tries = [{"username": name, "password": "x" * 12} for name in ("user2", " user2", "USER2\t", "\u2003user2")]
        statuses = [api.client.post("/api/v1/tokens", json=one).status_code for one in tries]
    assert statuses == [401, 401, 401, 429]


def test_a_page_counts_a_padded_name_as_the_one_user(auction: World, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Browser(create_app(settings(auction, rate_logins="2/minute")))
    form = browser.form("/login", "/login")
    wrong = {"password": "wrong password"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("auction_core.api.rates.address_of", _another_address_each_time())
        statuses = [
            browser.post("/login", form | wrong | {"username": " " * n + "user2"}).status_code for n in (0, 130, 7)
        ]
    assert statuses == [401, 401, 429]


def _another_address_each_time() -> Any:
    addresses = iter(range(10_000))
    return lambda request: f"address{next(addresses)}"


def test_all_addresses_of_an_ipv6_network_are_one(auction: World) -> None:
    app = create_app(settings(auction, rate_address="2/minute", trusted_proxies=("testclient",)))
    browser = Browser(app)
    statuses = [
        browser.client.get("/login", headers={"X-Forwarded-For": address}).status_code
        for address in ("2001:db8::1", "2001:db8::2", "2001:db8::ffff:3", "2001:db8:0:1::1", "::ffff:192.0.2.1")
    ]
    assert statuses == [200, 200, 429, 200, 200]


def test_a_registration_sent_again_with_another_password_signs_nobody_in(auction: World) -> None:
    person = {"username": "careless", "email": "careless@example.org", "full_name": "C", "country": "DE"}
    Store(auction.engine).register_user(**person, password=PASSWORD, key="1")
    browser = Browser(create_app(settings(auction)))
    form = browser.form("/register", "/register") | person | {"key": "1"}
    answer = browser.post("/register", form | {"password": "a guess of a stranger"})
    assert answer.status_code == 409
    assert "auction_session" not in answer.headers.get("set-cookie", "")
    assert browser.get("/my").status_code == 303
    again = browser.post("/register", form | {"password": PASSWORD})
    assert (again.status_code, again.headers["location"]) == (303, "/?done=welcome")


@pytest.mark.parametrize("field", ["username", "form_token", "next"])
@pytest.mark.parametrize("encoding", ["unicode_escape", "utf-16", "punycode"])
def test_a_form_in_an_encoding_of_the_senders_choice_is_refused(auction: World, field: str, encoding: str) -> None:
    browser = Browser(create_app(settings(auction)))
    fields = browser.form("/login", "/login") | {"username": "user2", "password": PASSWORD} | {field: r"\ud800"}
    parts = [f'--part\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{fields[name]}\r\n' for name in fields]
    kind = f"multipart/form-data; charset={encoding}; boundary=part"
    answer = browser.client.post("/login", content="".join(parts) + "--part--\r\n", headers={"content-type": kind})
    assert answer.status_code in {400, 403}


@pytest.mark.parametrize("subject", ["0", "01", "2147483648", "9" * 500, "-1", "1_0", "\u0662"])
def test_a_token_about_no_possible_user_is_refused(api: Api, subject: str) -> None:
    now = int(datetime.now(UTC).timestamp())
    claims = {"sub": subject, "iat": now, "exp": now + 60, "iss": "auction", "aud": "auction-api"}
    with pytest.raises(TokenRefused):
        api.app.state.tokens.read(jwt.encode(claims, SECRET, algorithm="HS256"))


@pytest.mark.parametrize("length", ["9" * 5000, "99999999999"])
def test_an_announced_length_of_any_size_is_too_large(api: Api, length: str) -> None:
    answer = api.client.post("/api/v1/tokens", content=b"{}", headers={"Content-Length": length})
    assert answer.status_code == 413


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"amount":' * 5000, b'{"amount":' + b"9" * 5000 + b"}"])
def test_a_body_made_to_break_its_reader_is_no_json(api: Api, body: bytes) -> None:
    headers = api.headers(2) | {"Content-Type": "application/json"}
    answer = api.client.post("/api/v1/listings/1/bids", content=body, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")


@pytest.mark.parametrize(("path", "kind"), [("/api/v1/tokens", "application/json"), ("/login", FORM)])
def test_a_body_that_does_not_arrive_is_waited_for_no_longer_than_its_time(
    api: Api, monkeypatch: pytest.MonkeyPatch, path: str, kind: str
) -> None:
    monkeypatch.setattr("auction_core.api.middleware.BODY_SECONDS", 0.05)
    sent: list[Any] = []
    parts = [{"type": "http.request", "body": b"a", "more_body": True}]

    async def receive() -> Any:
        return parts.pop() if parts else await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"content-type", kind.encode()), (b"content-length", b"100")]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    asyncio.run(
        asyncio.wait_for(api.app(scope | {"client": ("192.0.2.9", 1), "http_version": "1.1"}, receive, send), 20)
    )
    assert sent[0]["status"] == 408
