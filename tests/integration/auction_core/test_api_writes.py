"""What the API answers to writes, good and bad; and that a refused one leaves nothing behind."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from auction_core.api.auth import Tokens
from auction_core.tables import Bid, Comment, Listing, User, Watch
from tests.integration.auction_core.api_client import SECRET, V1, Api, serving
from tests.integration.auction_core.world import SELLER, World, make_world

ANNA = {
    "username": "anna_k",
    "email": "anna@example.org",
    "password": "correct horse battery",
    "full_name": "Anna Kowalska",
    "country": "PL",
}


@pytest.fixture
def api(tmp_path: Path) -> Iterator[Api]:
    world = make_world(f"sqlite:///{tmp_path}/auction.db", clients=4)
    with serving(world) as made:
        yield made
    world.engine.dispose()


def test_a_user_registers_logs_in_sells_and_another_bids_and_buys(world: World) -> None:
    """On each engine."""
    with serving(world) as api:
        registered = api.post("/users", ANNA, user_id=None)
        assert registered.status_code == 201
        login = api.client.post(f"{V1}/tokens", json={"username": "Anna_K", "password": ANNA["password"]})
        token = {"Authorization": f"Bearer {login.json()['access_token']}"}
        me = api.client.get(f"{V1}/me", headers=token).json()
        assert (me["id"], me["email"]) == (registered.json()["user_id"], "anna@example.org")
        opened = api.client.post(f"{V1}/listings", json=_listing(), headers=api.headers(me["id"]))
        listing_id = opened.json()["listing_id"]
        assert opened.headers["Location"] == f"{V1}/listings/{listing_id}"
        assert api.bid(listing_id, "10.00").json()["bid_count"] == 1
        assert api.bid(listing_id, "10.00", 3).json()["minimum"] == "10.50"
        assert api.post(f"/listings/{listing_id}/comments", {"body": "שלום 😀"}).status_code == 201
        assert api.client.put(f"{V1}/listings/{listing_id}/watch", headers=api.headers(3)).json()["watching"] is True
        assert api.post(f"/listings/{listing_id}/buy-now", user_id=3).json()["won"] is True
        assert api.post(f"/listings/{listing_id}/payment", {"method": "card"}, 3).json()["status"] == "paid"
        assert api.post(f"/listings/{listing_id}/reviews", {"rating": 5, "body": ""}, 3).status_code == 201
        page = api.get(f"/listings/{listing_id}", 3).json()
        assert (page["title"], page["status"], page["current_bid"]) == ("Vintage 😀 ساعة", "sold", "50.00")
        assert page["comments"][0]["body"] == "שלום 😀"
        assert [line["amount"] for line in api.get(f"/listings/{listing_id}/bids").json()["items"]] == [
            "50.00",
            "10.00",
        ]
        assert api.get("/me/bids", 3).json()["items"][0]["standing"] == "won"
        assert api.get("/me/watchlist", 3).json()["items"][0]["listing"]["id"] == listing_id
        assert api.get("/me/sales", me["id"]).json()["items"][0]["payment_status"] == "paid"
        assert api.get("/me/payments", 3).json()["items"][0]["amount"] == "50.00"


def test_a_repeated_request_is_carried_out_once(api: Api) -> None:
    listing = api.world.listing()
    first, again = (api.bid(listing, "10.00", key="one") for _ in range(2))
    assert first.json() == again.json()
    assert _count(api, Bid) == 1
    assert api.bid(listing, "11.00", key="one").json()["code"] == "idempotency_conflict"


@pytest.mark.parametrize(
    "amount",
    ["12.505", "NaN", "Infinity", "-5", "-0", "0.00", "1e3", "99999999999.00", "12.50 EUR", "€12", "12,50", "١٢", " 12",
     "12\n", "", "0x10", 12.5, 12, True, None, ["12.50"], {"a": 1}],
)  # fmt: skip
def test_what_is_no_amount_is_refused_with_its_field(api: Api, amount: Any) -> None:
    listing = api.world.listing()
    answer = api.bid(listing, amount)
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, "body.amount")
    assert _count(api, Bid) == 0


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b'{"amount": NaN}', 422), (b"\xff\xfe", 400), (b"[" * 30_000, 400), (b"null", 422), (b"", 422),
     (b'{"amount": "12.50", "amout": "1"}', 422), (b'{"\\ud800": 1}', 422), (b'{"amount": "\\ud800"}', 422),
     (b'{"amount": "12.50"', 400), (b"1" * 5000, 400)],
)  # fmt: skip
def test_a_body_that_is_no_bid_is_refused(api: Api, body: bytes, status: int) -> None:
    listing = api.world.listing()
    headers = api.headers(2) | {"Content-Type": "application/json"}
    answer = api.client.post(f"{V1}/listings/{listing}/bids", content=body, headers=headers)
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert _count(api, Bid) == 0


@pytest.mark.parametrize("listing_id", ["0", "-1", "1.0", "1_0", " 1", "x", "2147483648", "9" * 400, "%00", "١"])
def test_what_is_no_id_is_refused(api: Api, listing_id: str) -> None:
    api.world.listing()
    assert api.get(f"/listings/{listing_id}").status_code == 422


def test_a_large_body_is_refused_whether_its_length_is_announced_or_not(api: Api) -> None:
    listing = api.world.listing()
    body = b'{"body": "' + b"x" * 10_000_000 + b'"}'

    def pieces() -> Iterator[bytes]:
        for start in range(0, len(body), 8192):
            yield body[start : start + 8192]

    for content in (body, pieces()):
        headers = api.headers(2) | {"Content-Type": "application/json"}
        answer = api.client.post(f"{V1}/listings/{listing}/comments", content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert _count(api, Comment) == 0


def test_each_write_needs_an_idempotency_key(api: Api) -> None:
    api.world.listing()
    for method, path in _writes(api):
        headers = api.headers(2)
        del headers["Idempotency-Key"]
        answer = api.client.request(method, path, headers=headers, json={"amount": "10.00"})
        if not path.endswith("/tokens"):
            assert answer.status_code in {400, 422}, path
            assert "dempotency" in answer.text or answer.json()["code"] == "invalid_request", path
    bid = api.client.post(f"{V1}/listings/1/bids", headers={"Authorization": api.headers(2)["Authorization"]})
    assert (bid.status_code, bid.json()["code"]) == (400, "idempotency_key_missing")


def test_each_write_needs_a_token(api: Api) -> None:
    api.world.listing()
    for method, path in _writes(api):
        if not path.endswith(("/users", "/tokens")):
            answer = api.client.request(method, path, headers={"Idempotency-Key": "k"}, json={"amount": "10.00"})
            assert (answer.status_code, answer.json()["code"]) == (401, "token_missing"), path
            assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert (_count(api, Bid), _count(api, Watch)) == (0, 0)


def test_a_token_that_is_not_ours_or_not_now_is_refused(api: Api) -> None:
    day = timedelta(days=1)
    now = datetime.now(UTC)
    good = Tokens(SECRET, day).issue(2)
    head, claims, signature = good.split(".")
    for text in (
        Tokens(SECRET, day, clock=lambda: now - 2 * day).issue(2),  # has ended
        Tokens(SECRET, day, clock=lambda: now + day).issue(2),  # from the future: a clock jumped
        Tokens("another secret that is long enough too", day).issue(2),
        f"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.",  # alg none
        f"{head}.{claims}.{signature[:-2]}AA",
        good + "x" * 3000,
        "nonsense",
    ):
        answer = api.client.get(f"{V1}/me", headers={"Authorization": f"Bearer {text}"})
        assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert api.client.get(f"{V1}/me", headers={"Authorization": f"Bearer {good}"}).status_code == 200
    assert api.get("/me", 999_999).json()["code"] == "token_invalid"


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer(api: Api) -> None:
    api.post("/users", ANNA, user_id=None)
    answers = [
        api.client.post(f"{V1}/tokens", json={"username": name, "password": "wrong horse battery"})
        for name in ("anna_k", "nobody_here", "user1")
    ]
    assert {(answer.status_code, answer.text) for answer in answers} == {(401, answers[0].text)}
    assert answers[0].headers["WWW-Authenticate"].startswith("Bearer")


def test_sensitive_values_never_leave(api: Api) -> None:
    api.post("/users", ANNA, user_id=None)
    listing = api.world.listing(reserve_price=Decimal("77.77"), seller_id=SELLER)
    seen = [
        api.get(path, viewer).text
        for viewer in (None, 2)
        for path in (f"/listings/{listing}", "/listings", f"/listings/{listing}/bids", "/users/1", "/categories")
    ]
    for secret in ("77.77", "user1@example.org", "User 1", "password", "argon2"):
        assert not any(secret in text for text in seen), secret
    assert api.get(f"/listings/{listing}", SELLER).json()["reserve_price"] == "77.77"
    taken = api.post("/users", ANNA | {"password": "short"}, user_id=None)
    assert taken.status_code == 422
    assert "short" not in taken.text.replace("shorter", "")


@pytest.mark.parametrize(
    ("field", "value"),
    [("title", "a\u202eb"), ("title", "a\x00b"), ("title", ""), ("title", "x" * 121), ("title", 5),
     ("category_id", "2"), ("category_id", 2.0), ("category_id", True), ("category_id", 1), ("category_id", 2**31),
     ("ends_at", "2026-07-01 18:00:00"), ("ends_at", "tomorrow"), ("ends_at", 1_800_000_000), ("item_condition", "old"),
     ("ends_at", "0001-01-01T00:00:00+23:59"), ("ends_at", "9999-12-31T23:59:59-23:59"),
     ("ends_at", "2001-01-01T00:00:00Z"),
     ("starting_price", "0"), ("reserve_price", "1.00"), ("buy_now_price", "1.00"), ("sellr", 1)],
)  # fmt: skip
def test_a_listing_that_cannot_be_is_refused(api: Api, field: str, value: Any) -> None:
    answer = api.post("/listings", _listing() | {field: value}, user_id=SELLER)
    assert answer.status_code in {404, 422}
    assert field in answer.text or answer.status_code == 404
    assert _count(api, Listing) == 0


def test_registering_twice_says_what_is_taken(api: Api) -> None:
    assert api.post("/users", ANNA, user_id=None).status_code == 201
    assert api.post("/users", ANNA, user_id=None).json()["code"] == "username_taken"
    assert api.post("/users", ANNA | {"username": "anna_2"}, user_id=None).json()["code"] == "email_taken"
    assert _count(api, User) == 42


def _listing() -> dict[str, Any]:
    return {
        "category_id": 2,
        "title": "Vintage 😀 ساعة",
        "description": "Runs well.",
        "item_condition": "good",
        "starting_price": "10.00",
        "buy_now_price": "50",
        "ends_at": (datetime.now(UTC) + timedelta(days=2)).isoformat(),
    }


def _writes(api: Api) -> list[tuple[str, str]]:
    paths = api.app.openapi()["paths"]
    return [
        (method.upper(), path.format(listing_id=1, user_id=1))
        for path, item in paths.items()
        for method in item
        if method in {"post", "put", "delete"}
    ]


def _count(api: Api, table: type) -> int:
    with api.world.engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())
