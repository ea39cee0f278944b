"""The pages as a browser without a script meets them, over a small auction in an SQLite file."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from auction_core.tables import Bid, Listing
from tests.integration.auction_core.page_visits import PASSWORD, Browser, count, opened, signed_up, sold
from tests.integration.auction_core.world import CATEGORY, World


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


@pytest.mark.parametrize("who", [None, "user1", "user2"])
def test_every_page_can_be_looked_at(auction: World, browser: Browser, who: str | None) -> None:
    listing, done = auction.listing(), sold(auction)
    if who:
        browser.sign_in(who)
    for path in ("/", "/?q=watch&sort=price_up&status=all", f"/listings/{listing}", f"/listings/{done}", "/users/1"):
        page = browser.get(path)
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "<h1" in page.text and "Sign in" not in page.text if who else "Sign in" in page.text
        assert "'unsafe" not in page.headers["content-security-policy"]
        assert "example.org" not in page.text and "argon2" not in page.text
        assert not re.search(r"<script(?! src=\"/static/)|\son\w+=|style=|https?://", page.text)
    for path in ("/sell", "/my", "/my?show=watching", "/my?show=sales", "/my?show=payments", "/my?show=x&cursor=y"):
        page = browser.get(path)
        target = path.split("?", maxsplit=1)[0]
        assert page.status_code == (200 if who else 303)
        assert who or page.headers["location"] == f"/login?next={target}"
    for path in ("/login", "/register"):
        assert browser.get(path).status_code == (303 if who else 200)


def test_files_are_served_and_nothing_beside_them(browser: Browser) -> None:
    page = browser.get("/").text
    for address in re.findall(r'(?:href|src)="(/static/[^"]+)"', page):
        assert browser.get(address).status_code == 200
    assert browser.get("/favicon.ico").headers["content-type"] == "image/svg+xml"
    for path in ("/static/base.html", "/static/../app.py", "/static/%2e%2e%2fapp.py", "/static/..%5capp.py"):
        assert browser.get(path).status_code == 404


def test_a_bid_is_placed_and_refusals_keep_what_was_typed(auction: World, browser: Browser) -> None:
    listing = auction.listing()
    here = f"/listings/{listing}"
    browser.sign_in("user2")
    answer = browser.send(here, f"{here}/bid", amount="12,50 €")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{here}?done=bid")
    page = browser.get(answer.headers["location"]).text
    assert "Your bid is placed." in page and "12.50\u00a0€" in page and "You are the highest bidder" in page
    for typed, said in {
        "12.60": "The least that counts now is 13.00\u00a0€.",
        "1,250": "Write the amount like 1250 or 12.75.",
        "12.345": "Write the amount like",
        "NaN": "Write the amount like",
        "-5": "Write the amount like",
        "1e9": "Write the amount like",
        "99999999999": "Write the amount like",
        "0": "This must be above zero.",
        "": "Write the amount like",
        '"><b>': "Write the amount like",
    }.items():
        refusal = browser.send(here, f"{here}/bid", amount=typed)
        assert refusal.status_code in (409, 422), typed
        assert said in unescape(refusal.text), typed
        assert f'value="{typed}"' in refusal.text or typed == '"><b>'
        assert 'aria-describedby="problem-amount' in refusal.text and "<b>" not in refusal.text
    assert count(auction, Bid) == 1
    assert browser.get(f"{here}/bid").headers["location"] == here


def test_a_form_that_is_sent_twice_bids_once(auction: World, browser: Browser) -> None:
    listing = auction.listing()
    here = f"/listings/{listing}"
    browser.sign_in("user2")
    fields = browser.form(here, f"{here}/bid") | {"amount": "15"}
    first, second = browser.post(f"{here}/bid", fields), browser.post(f"{here}/bid", fields)
    assert first.status_code == second.status_code == 303
    assert first.headers["location"] == second.headers["location"]
    assert count(auction, Bid) == 1
    changed = browser.post(f"{here}/bid", fields | {"amount": "30"})
    assert changed.status_code == 409 and "was sent before" in changed.text
    assert count(auction, Bid) == 1


def test_a_seller_opens_and_cancels_a_listing(auction: World, browser: Browser) -> None:
    browser.sign_in("user1")
    wrong = browser.send("/sell", "/sell", title="⌚ שעון", starting_price="5", hours="24", condition="new")
    assert wrong.status_code == 422 and "Choose a category." in wrong.text and 'value="⌚ שעון"' in wrong.text
    fields = browser.form("/sell", "/sell") | {
        "title": "⌚ שעון", "category": str(CATEGORY), "condition": "new", "starting_price": "5",
        "reserve_price": "7,77", "buy_now_price": "", "hours": "24", "description": "One\r\nTwo",
    }  # fmt: skip
    opened = browser.post("/sell", fields)
    assert opened.status_code == 303, opened.text
    assert browser.post("/sell", fields).headers["location"] == opened.headers["location"]
    assert count(auction, Listing) == 1
    here = opened.headers["location"].split("?")[0]
    page = browser.get(here).text
    assert "⌚ שעון" in page and "Your reserve is 7.77" in page and "One\nTwo" in page
    assert browser.send(here, f"{here}/cancel").headers["location"] == f"{here}?done=cancelled"
    assert "Cancelled" in browser.get(here).text
    low = browser.send("/sell", "/sell", **(fields | {"reserve_price": "1", "form_token": "", "key": ""}))
    assert low.status_code == 403


def test_a_buyer_watches_comments_buys_and_pays(auction: World, browser: Browser) -> None:
    listing = auction.listing(buy_now_price=Decimal(90))
    here = f"/listings/{listing}"
    browser.sign_in("user2")
    assert browser.send(here, f"{here}/watch").headers["location"] == f"{here}?done=watched"
    assert "Vintage steel watch" in browser.get("/my?show=watching").text
    assert browser.send(here, f"{here}/watch").headers["location"] == f"{here}?done=unwatched"
    assert browser.send(here, f"{here}/comments", body="Is it **new**?").status_code == 303
    assert browser.send(here, f"{here}/comments", body="  ").status_code == 422
    assert "Is it **new**?" in browser.get(here).text
    assert browser.send(here, f"{here}/buy").headers["location"] == f"{here}?done=bought"
    pay = f"/my/payments/{listing}"
    fields = browser.form("/my", pay)
    assert browser.post(pay, fields | {"method": "gold"}).status_code == 422
    assert browser.post(pay, fields | {"method": "paypal"}).headers["location"] == "/my?show=payments&done=paid"
    assert "To be paid" not in browser.get("/my").text and "won" in browser.get("/my").text
    assert browser.send("/my?show=payments", "/logout").status_code == 303


def test_a_newcomer_registers_and_is_signed_in(auction: World, browser: Browser) -> None:
    fields = browser.form("/register", "/register") | {
        "username": "newcomer", "email": "new@example.org", "full_name": "New Comer", "country": "FR",
        "password": "short",
    }  # fmt: skip
    refused = browser.post("/register", fields)
    assert refused.status_code == 422 and "10 to 128 characters" in refused.text and "New Comer" in refused.text
    assert "short" not in refused.text
    taken = browser.post("/register", fields | {"username": "user2", "password": PASSWORD})
    assert taken.status_code == 409 and "taken" in taken.text
    assert browser.post("/register", fields | {"password": PASSWORD}).headers["location"] == "/?done=welcome"
    assert "newcomer" in browser.get("/?done=welcome").text


def test_errors_are_pages_for_people_and_problems_for_programs(auction: World, browser: Browser) -> None:
    auction.listing()
    for path in ("/nowhere", "/listings/999999", "/users/999999", "/listings/99999999999999999999"):
        page = browser.get(path)
        assert page.status_code == 404 and "<h1>There is nothing here" in page.text, path
    assert browser.get("/listings/abc").status_code in (404, 422) and "<h1" in browser.get("/listings/abc").text
    assert browser.client.put("/").status_code == 405
    assert browser.get("/api/v1/nowhere").headers["content-type"] == "application/problem+json"
    asked = browser.client.get("/nowhere", headers={"accept": "application/json"})
    assert asked.headers["content-type"] == "application/problem+json"
    assert browser.get("/?cursor=mangled").status_code == 422
    huge = browser.post("/login", {"username": "x" * 100_000})
    assert huge.status_code == 413 and "That was too much" in huge.text
    odd = browser.client.post("/login", content=b"\xff", headers={"content-type": "multipart/form-data; boundary=x"})
    assert odd.status_code in (400, 403) and "<h1" in odd.text


def test_only_what_can_change_is_loaded_again_without_a_script(auction: World, browser: Browser) -> None:
    opens = datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=30)
    later = browser.get(f"/listings/{auction.listing(starts_at=opens)}").text
    assert "Opens <span" in later and "Sign in to bid" not in later
    refresh = '<noscript><meta http-equiv="refresh"'
    assert refresh in later and refresh in browser.get(f"/listings/{auction.listing()}").text
    assert refresh not in browser.get(f"/listings/{sold(auction)}").text


def test_who_asks_too_often_is_told_when_to_come_back(auction: World) -> None:
    with opened(auction, rate_reads="2/minute") as open_one:
        browser = open_one()
        assert [browser.get("/").status_code for _ in range(3)] == [200, 200, 429]
        page = browser.get("/")
    assert "A little slower" in page.text and int(page.headers["retry-after"]) > 0


def test_a_database_that_is_away_is_said_politely(tmp_path: Path) -> None:
    world = World(f"sqlite:///{tmp_path}/nowhere/auction.db", None)  # type: ignore[arg-type]
    with opened(world) as open_one:
        page = open_one().get("/")
    assert page.status_code == 503 and "catching its breath" in page.text
    assert "nowhere" not in page.text


def test_the_list_goes_on_page_by_page(auction: World, browser: Browser) -> None:
    for number in range(30):
        ends = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=number + 1)
        auction.listing(title=f"Watch {number:02d}", ends_at=ends)
    first = browser.get("/?q=watch").text
    more = re.search(r'href="([^"]+)" rel="next"', first)
    assert more is not None
    second = browser.get(unescape(more.group(1))).text
    assert '<option value="2" selected>Watches</option>' in browser.get("/?category=2").text
    shown = [re.findall(r"Watch \d\d", text) for text in (first, second)]
    assert (len(shown[0]), len(shown[1])) == (24, 6) and 'rel="next"' not in second


def test_what_changed_is_told_to_browsers_without_a_stream(auction: World, browser: Browser) -> None:
    listing = auction.listing(reserve_price=Decimal("7771234"))
    here = f"/listings/{listing}"
    browser.sign_in("user2")
    browser.send(here, f"{here}/bid", amount="20")
    told = browser.get(f"{here}/live?after=0")
    assert told.json()["current_bid"] == "20.00" and told.json()["bids"][0]["is_own"] is True
    assert told.json()["is_leading"] is True and "7771234" not in told.text
    assert browser.get(f"{here}/live?after={told.json()['last_bid_id']}").json()["bids"] == []
