"""Signing in at a provider, with a real browser from the first page to the sign-out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.app.accessibility import problems_on
from tests.app.browser import FLAGS, chromium
from tests.app.sign_in_site import PEOPLE, Site, open_site, running
from tests.app.test_browser import browser, sideways  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

RESERVE = "SELECT id, reserve_price FROM listings WHERE reserve_price IS NOT NULL ORDER BY id LIMIT 3"
EMAILS = "SELECT id, email FROM users ORDER BY id LIMIT 3"


@pytest.fixture(scope="module")
def site(
    tmp_path_factory: pytest.TempPathFactory,
    tiny_database: Path,
    write_config: Callable[[Path, Path], Path],
    repository: Path,
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("signed-in")
    with open_site(folder, write_config(folder, tiny_database), repository) as opened:
        yield opened


@pytest.fixture
def as_they_were(site: Site) -> Iterator[None]:
    """For tests that change the file of people, or what the tokens say."""
    yield
    site.people.write_text(PEOPLE)
    site.provider.token_changes = {}


@pytest.fixture
def visitor(browser: Browser) -> Iterator[Callable[..., Page]]:  # noqa: F811
    """Each in a browser of their own, with nothing kept from before."""
    contexts: list[BrowserContext] = []

    def open_(width: int = 1280) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 800}, locale="en-GB"))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)
        return page

    yield open_
    for each in contexts:
        each.close()


def sign_in(page: Page, site: Site, account: str, path: str = "") -> None:
    page.goto(f"{site.address}{path}")
    page.get_by_role("button", name="Sign in with Local").click()
    page.get_by_role("link", name=account, exact=True).click()


def ask(page: Page, text: str) -> None:
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(text)
    box.press("Enter")


def test_nobody_sees_anything_before_the_sign_in(visitor: Callable[..., Page], site: Site) -> None:
    page = visitor(360)
    page.goto(f"{site.address}/data")
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    expect(page.locator(".st-key-pages, [data-testid=stChatInput]")).to_have_count(0)
    assert sideways(page) == []


def test_the_sign_in_and_what_refuses_it_are_accessible(visitor: Callable[..., Page], site: Site) -> None:
    page = visitor()
    page.goto(site.address)
    expect(page.get_by_role("button", name="Sign in with Local")).to_be_visible()
    assert problems_on(page) == []
    page.get_by_role("button", name="Sign in with Local").click()
    page.get_by_role("link", name="mallory", exact=True).click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    assert problems_on(page) == []


def test_a_sign_in_leads_back_to_the_page_that_was_wanted_and_out_again(
    visitor: Callable[..., Page], site: Site
) -> None:
    page = visitor()
    sign_in(page, site, "ada", "/data?find=seller")
    expect(page.locator(".st-key-pages")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/data\?find=seller$"))
    page.locator(".st-key-me button").first.click()
    expect(page.get_by_text("Signed in as Ada")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()
    assert site.provider.ended[-1]["client_id"] == site.provider.client_id
    page.reload()
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()


def test_two_people_with_different_roles_see_different_columns(visitor: Callable[..., Page], site: Site) -> None:
    ada, sue, carl = visitor(), visitor(), visitor()
    for page, account in ((ada, "ada"), (sue, "sue"), (carl, "carl")):
        sign_in(page, site, account)
    ask(ada, RESERVE)
    expect(ada.locator(".ask-notice").first).to_contain_text("reserve", timeout=60_000)
    expect(ada.get_by_test_id("stDataFrame")).to_have_count(0)
    ask(sue, RESERVE)
    expect(sue.get_by_test_id("stDataFrame").first).to_be_visible(timeout=60_000)
    ask(sue, EMAILS)
    expect(sue.locator(".ask-notice").first).to_contain_text("mail")
    ask(carl, EMAILS)
    expect(carl.get_by_test_id("glide-cell-1-0")).to_have_text(re.compile(r"^.\*+"), timeout=60_000)


def test_whoever_leaves_the_file_is_out_at_the_next_click(
    visitor: Callable[..., Page], site: Site, as_they_were: None
) -> None:
    page = visitor()
    sign_in(page, site, "sue")
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible()
    site.people.write_text(PEOPLE.replace("  sue@example.com: support\n", ""))
    ask(page, "How many listings were sold in 2025?")
    expect(page.get_by_role("heading", name="You have no access yet")).to_be_visible()
    expect(page.locator(".ask-headline")).to_have_count(0)


def test_a_new_role_starts_with_an_empty_page(visitor: Callable[..., Page], site: Site, as_they_were: None) -> None:
    page = visitor()
    sign_in(page, site, "sue")
    ask(page, RESERVE)
    expect(page.get_by_test_id("stDataFrame").first).to_be_visible(timeout=60_000)
    site.people.write_text(PEOPLE.replace("sue@example.com: support", "sue@example.com: reader"))
    page.get_by_role("link", name="What’s in the data").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.get_by_role("link", name="Ask", exact=True).click()
    expect(page.get_by_test_id("stChatInputTextArea")).to_be_visible()
    expect(page.get_by_test_id("stDataFrame")).to_have_count(0)


def test_an_address_that_the_provider_did_not_check_is_nobody(visitor: Callable[..., Page], site: Site) -> None:
    page = visitor()
    sign_in(page, site, "mallory")
    expect(page.get_by_role("heading", name="You have no access yet")).to_be_visible()
    expect(page.get_by_text("You are signed in as <b>Ada</b>")).to_be_visible()
    expect(page.get_by_text("Please ask data-team@example.com")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()


def test_a_page_that_the_role_does_not_open_says_so_by_hand_too(visitor: Callable[..., Page], site: Site) -> None:
    page = visitor()
    sign_in(page, site, "rita", "/quality")
    expect(page.get_by_text("Your role does not open this page.")).to_be_visible()
    expect(page.get_by_role("link", name="Quality")).to_have_count(0)
    page.get_by_role("link", name="What’s in the data").click()
    expect(page.get_by_text("Your role does not open this page.")).to_have_count(0)


def test_an_old_sign_in_does_not_count(visitor: Callable[..., Page], site: Site, as_they_were: None) -> None:
    page = visitor()
    site.provider.token_changes = {"iat": 1_700_000_000}
    sign_in(page, site, "ada")
    expect(page.get_by_role("heading", name="Please sign in again")).to_be_visible()
    site.provider.token_changes = {}
    page.get_by_role("button", name="Sign in with Local").click()
    page.get_by_role("link", name="ada", exact=True).click()
    expect(page.locator(".st-key-me")).to_be_visible()


def test_a_token_for_another_app_or_another_sign_in_is_refused(
    visitor: Callable[..., Page], site: Site, as_they_were: None
) -> None:
    for forged in ({"aud": "another-app"}, {"nonce": "of-another-sign-in"}, {"iss": "http://localhost:1"}):
        page = visitor()
        site.provider.token_changes = forged
        sign_in(page, site, "ada")
        expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()


def test_a_cookie_that_the_app_did_not_sign_is_nobody(visitor: Callable[..., Page], site: Site) -> None:
    page = visitor()
    sign_in(page, site, "rita")
    expect(page.locator(".st-key-me")).to_be_visible()
    (cookie,) = [each for each in page.context.cookies() if each["name"] == "_streamlit_user"]
    changed = cookie["value"][:10] + ("A" if cookie["value"][10] != "A" else "B") + cookie["value"][11:]
    page.context.add_cookies([{**cookie, "value": changed}])
    page.goto(site.address)
    expect(page.get_by_role("heading", name="Please sign in")).to_be_visible()


def test_the_language_is_chosen_before_and_after_the_sign_in(visitor: Callable[..., Page], site: Site) -> None:
    page = visitor()
    page.goto(site.address)
    page.get_by_text("Deutsch").click()
    expect(page.get_by_role("heading", name="Bitte melden Sie sich an")).to_be_visible()
    page.get_by_role("button", name="Mit Local anmelden").click()
    page.get_by_role("link", name="ada", exact=True).click()
    page.locator(".st-key-me button").first.click()
    page.get_by_text("Deutsch").click()
    expect(page.get_by_role("link", name="Was in den Daten steht")).to_be_visible()


def test_no_token_and_no_secret_is_in_the_log(site: Site) -> None:
    text = site.log.read_text()
    assert site.provider.client_secret not in text and "s3cret" not in text
    assert "eyJ" not in text


def test_a_strange_name_for_this_machine_opens_nothing_in_local_mode(
    browser: Browser,  # noqa: F811
    tmp_path: Path,
    tiny_database: Path,
    write_config: Callable[[Path, Path], Path],
) -> None:
    """As a page does whose own name is made to lead to 127.0.0.1."""
    rebinding = [*FLAGS, "--host-resolver-rules=MAP rebound.example 127.0.0.1"]
    with running(tmp_path, write_config(tmp_path, tiny_database)) as (address, _):
        other = browser.browser_type.launch(executable_path=chromium(), args=rebinding)
        page = other.new_page(locale="en-GB")
        page.goto(address.replace("localhost", "rebound.example"))
        expect(page.get_by_role("heading", name="This app is for its own machine only")).to_be_visible(timeout=60_000)
        expect(page.get_by_test_id("stChatInput")).to_have_count(0)
        page.goto(address)
        expect(page.get_by_text("Local mode: no sign-in, this machine only")).to_be_visible(timeout=60_000)
        other.close()
