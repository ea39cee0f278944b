"""The pages in a real browser: two people bid against each other, and each sees what the other does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import func, select, update

from auction_core.api.app import create_app
from auction_core.api.settings import ApiSettings
from auction_core.passwords import hash_password
from auction_core.tables import Bid, Listing, User
from tests.app.browser import launched
from tests.integration.auction_core.world import World, make_world

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
PASSWORD = "correct horse battery"
START_SECONDS = 20


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


@pytest.fixture(scope="module")
def auction(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = make_world(f"sqlite:///{tmp_path_factory.mktemp('pages')}/auction.db")
    with made.engine.begin() as connection:
        connection.execute(update(User).where(User.id <= 3).values(password_hash=hash_password(PASSWORD)))
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def address(auction: World) -> Iterator[str]:
    """The app in a thread of this process."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    app = create_app(ApiSettings(database_url=auction.url, token_secret="s" * 40, secure_cookies=False))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not server.started and thread.is_alive() and time.monotonic() < until:
        time.sleep(0.02)
    assert server.started
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    app.state.live.close()
    server.should_exit = True
    thread.join()
    listening.close()


complaints: list[str] = []


@pytest.fixture(autouse=True)
def no_complaints() -> Iterator[None]:
    complaints.clear()
    yield
    assert complaints == []


def visitor(browser: Browser, address: str, name: str | None = None, *, script: bool = True) -> Page:
    """A person with cookies of their own on a phone in Berlin; every complaint of the browser fails the test."""
    context = browser.new_context(
        base_url=address,
        viewport={"width": 360, "height": 740},
        timezone_id="Europe/Berlin",
        java_script_enabled=script,
    )
    context.set_default_timeout(10_000)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if "Content Security" in said.text else None)
    if name:
        page.goto("/login")
        page.get_by_label("User name").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("link", name=name)).to_be_visible()
    return page


def bids_in(auction: World, listing: int) -> int:
    with auction.engine.connect() as connection:
        count = connection.execute(select(func.count()).select_from(Bid).where(Bid.listing_id == listing)).scalar_one()
        connection.rollback()
    return int(count)


def test_one_bids_and_the_other_sees_the_price_change(auction: World, browser: Browser, address: str) -> None:
    listing = auction.listing()
    first, second = visitor(browser, address, "user2"), visitor(browser, address, "user3")
    first.goto(f"/listings/{listing}")
    first.get_by_label("Your bid in euros").fill("12,50")
    first.get_by_role("button", name="Place bid").click()
    expect(first.get_by_text("You are the highest bidder")).to_be_visible()
    second.goto(f"/listings/{listing}")
    expect(second.locator("[data-price]")).to_have_text("12.50\u00a0€")
    second.get_by_label("Your bid in euros").fill("12.75")
    second.get_by_role("button", name="Place bid").click()
    expect(second.get_by_role("alert")).to_have_text("The least that counts now is 13.00\u00a0€.")
    expect(second.get_by_label("Your bid in euros")).to_have_value("12.75")
    expect(second.get_by_label("Your bid in euros")).to_be_focused()
    second.get_by_label("Your bid in euros").fill("20")
    second.keyboard.press("Enter")
    expect(second.get_by_text("Your bid is placed.")).to_be_visible()
    # Nobody touched the first page since.
    expect(first.locator("[data-price]")).to_have_text("20.00\u00a0€")
    expect(first.get_by_text("You have been outbid")).to_be_visible()
    expect(first.get_by_text("You are the highest bidder")).to_be_hidden()
    expect(first.locator("[data-least]").first).to_have_text("20.50\u00a0€")
    expect(first.locator("[data-bids] tbody tr")).to_have_count(2)
    expect(first.locator("[data-bids] tbody tr").first).to_contain_text("u***3")
    expect(first.locator("[data-count]")).to_have_text("2 bids")
    assert bids_in(auction, listing) == 2
    first.context.close()
    second.context.close()


def test_a_double_click_bids_once_and_the_end_is_seen_live(auction: World, browser: Browser, address: str) -> None:
    listing = auction.listing()
    page = visitor(browser, address, "user2")
    page.goto(f"/listings/{listing}")
    page.get_by_label("Your bid in euros").fill("11")
    page.get_by_role("button", name="Place bid").dblclick()
    expect(page.get_by_text("Your bid is placed.")).to_be_visible()
    assert bids_in(auction, listing) == 1
    now = datetime.now(UTC).replace(tzinfo=None)
    with auction.engine.begin() as connection:
        values = {"status": "sold", "closed_at": now, "current_bid": Decimal(11)}
        connection.execute(update(Listing).where(Listing.id == listing).values(values))
    expect(page.get_by_text("Sold for")).to_be_visible()
    expect(page.get_by_role("button", name="Place bid")).to_have_count(0)
    page.context.close()


def test_without_a_script_the_pages_work_and_nothing_is_wider_than_a_phone(
    auction: World, browser: Browser, address: str
) -> None:
    title = "⌚🔥 שעון יד עתיק " + "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamten"
    listing = auction.listing(title=title, description="x" * 500, buy_now_price=Decimal("9999999999.99"))
    page = visitor(browser, address, "user2", script=False)
    page.goto(f"/listings/{listing}")
    page.get_by_label("Your bid in euros").fill("1234567.89")
    page.get_by_role("button", name="Place bid").click()
    expect(page.get_by_text("You are the highest bidder")).to_be_visible()
    expect(page.locator("[data-ends-text]")).to_contain_text("UTC")
    page.goto("/my")
    expect(page.get_by_text("leading")).to_be_visible()
    page.context.close()
    page = visitor(browser, address, "user2")
    for path in ("/", f"/listings/{listing}", "/sell", "/my", "/my?show=payments", "/users/1", "/nowhere"):
        page.goto(path)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider <= 0, path
        unnamed = page.evaluate(
            "[...document.querySelectorAll('input:not([type=hidden]), select, textarea')]"
            ".filter(field => !field.labels.length).map(field => field.name)"
        )
        assert unnamed == [], path
    page.goto(f"/listings/{listing}")
    expect(page.locator("[data-ends-text]")).not_to_contain_text("UTC")
    page.context.close()
