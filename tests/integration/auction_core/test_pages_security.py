"""Who may send which form, what markup in texts becomes, and where nobody is sent."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import insert, update

from auction_core.api.app import create_app
from auction_core.tables import Bid, Comment, IdempotencyKey, Listing, User, Watch
from tests.integration.auction_core.page_visits import PASSWORD, Browser, count, opened, settings, signed_up, sold
from tests.integration.auction_core.world import SELLER, World

NASTY = "<script>alert(1)</script>\"><img src=x onerror=alert(2)>'{{7*7}}"


@pytest.fixture
def auction(tmp_path: Path) -> Iterator[World]:
    with signed_up(tmp_path) as made:
        yield made


@pytest.fixture
def open_browser(auction: World) -> Iterator[Callable[[], Browser]]:
    with opened(auction) as open_one:
        yield open_one


@pytest.fixture
def browser(open_browser: Callable[[], Browser]) -> Browser:
    return open_browser()


def everything(world: World) -> list[int]:
    return [count(world, table) for table in (Bid, Comment, Watch, Listing, User, IdempotencyKey)]


def test_without_the_right_form_token_nothing_is_written(auction: World, open_browser: Callable[[], Browser]) -> None:
    listing, due = auction.listing(), sold(auction)
    here = f"/listings/{listing}"
    mine, other, anonymous = open_browser().sign_in("user2"), open_browser().sign_in("user3"), open_browser()
    fields = mine.form(here, f"{here}/bid") | {
        "amount": "50", "watching": "yes", "body": "Hello", "method": "card", "title": "A", "category": "2",
        "condition": "new", "starting_price": "1", "hours": "1", "username": "newcomer", "email": "n@example.org",
        "password": PASSWORD, "full_name": "N", "country": "DE",
    }  # fmt: skip
    mine.get("/")
    before = everything(auction)
    tokens = {
        "missing": "",
        "wrong": "x" * 80,
        "huge": "x" * 10_000,
        "of another session": other.form(here, f"{here}/bid")["form_token"],
        "of nobody": anonymous.form("/login", "/login")["form_token"],
        "cut": fields["form_token"][:-1],
    }
    posts = [f"{here}/{action}" for action in ("bid", "buy", "watch", "comments", "cancel")]
    posts += [f"/my/payments/{due}", "/sell", "/login", "/register", "/logout"]
    for name, token in tokens.items():
        for path in posts:
            answer = mine.post(path, fields | {"form_token": token})
            assert answer.status_code == 403, (name, path)
            assert "Nothing was done" in answer.text and "<h1" in answer.text
    stranger = open_browser()  # has no cookie at all
    for path in posts:
        assert stranger.post(path, fields).status_code == 403
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "http://testserver.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert mine.post(f"{here}/bid", fields, **headers).status_code == 403
    assert everything(auction) == before
    assert mine.get("/my").status_code == 200  # and nobody was signed out
    welcome = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
    assert mine.post(f"{here}/bid", fields, **welcome).status_code == 303


def test_signing_in_changes_the_token_and_signing_out_ends_the_session(auction: World, browser: Browser) -> None:
    before = browser.form("/login", "/login")
    assert browser.send("/login", "/login", username="user2", password="wrong password").status_code == 401
    refused = browser.send("/login", "/login", username="nobody", password="wrong password")
    assert "not right" in refused.text and 'value="nobody"' in refused.text and "wrong password" not in refused.text
    answer = browser.send("/login", "/login", username="user2", password=PASSWORD, next="/my")
    assert answer.headers["location"] == "/my"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=lax" in cookie and "Path=/" in cookie
    assert browser.post("/logout", before).status_code == 403
    assert browser.send("/", "/logout").headers["location"] == "/?done=left"
    assert browser.get("/my").status_code == 303


def test_cookies_are_bound_to_the_host_over_https(auction: World) -> None:
    app = create_app(settings(auction, secure_cookies=True))
    cookie = TestClient(app).get("/login").headers["set-cookie"]
    assert cookie.startswith("__Host-") and "Secure" in cookie and "HttpOnly" in cookie
    app.state.store.close()
    app.state.reading.dispose()


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "\\\\evil",
        "/\t/evil",
        "evil",
    ],
)
def test_nobody_is_sent_to_another_site_after_signing_in(auction: World, browser: Browser, target: str) -> None:
    fields = browser.form("/login", "/login") | {"username": "user2", "password": PASSWORD, "next": target}
    assert browser.post("/login", fields).headers["location"] == "/"
    assert browser.client.get("/login", params={"next": target}).headers["location"] == "/"


def test_markup_in_texts_is_shown_and_not_run(auction: World, browser: Browser) -> None:
    listing = auction.listing(title=NASTY, description=NASTY)
    with auction.engine.begin() as connection:
        connection.execute(update(User).where(User.id == SELLER).values(username=NASTY[:39]))
        row = {"listing_id": listing, "user_id": SELLER, "body": NASTY, "created_at": datetime.now(UTC)}
        connection.execute(insert(Comment).values(row | {"created_at": datetime.now(UTC).replace(tzinfo=None)}))
    browser.sign_in("user2")
    here = f"/listings/{listing}"
    pages = [browser.get(path) for path in ("/", here, "/users/1", "/my?show=" + NASTY, "/?done=" + NASTY)]
    pages += [browser.client.get("/", params={"q": NASTY, "category": NASTY, "sort": NASTY, "price_from": NASTY})]
    pages += [browser.send(here, f"{here}/comments", body=NASTY * 100), browser.send(here, f"{here}/bid", amount=NASTY)]
    pages += [browser.send("/sell", "/sell", title=NASTY, description=NASTY, hours=NASTY, starting_price=NASTY)]
    for page in pages:
        assert "<script>" not in page.text and "<img" not in page.text and "49" not in re.findall("'(4.)'", page.text)
        assert "<h1" in page.text
    assert "&lt;script&gt;alert(1)" in pages[1].text


def test_a_session_of_a_closed_account_is_nobodys(auction: World, browser: Browser) -> None:
    listing = auction.listing()
    here = f"/listings/{listing}"
    browser.sign_in("user2")
    fields = browser.form(here, f"{here}/bid") | {"amount": "20"}
    with auction.engine.begin() as connection:
        connection.execute(update(User).where(User.id == 2).values(is_active=False))
    assert browser.post(f"{here}/bid", fields).headers["location"] == f"/login?next={here}"
    assert browser.get("/my").status_code == 303
    assert count(auction, Bid) == 0
