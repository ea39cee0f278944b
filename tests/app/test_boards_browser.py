"""Boards in a real browser: pinned, filtered, refreshed, arranged and shared with somebody of another role."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from nl2sql.settings import load_settings
from streamlit_app.store.base import Board, Request, Tile
from streamlit_app.store.open import open_store
from tests.app.browser import launched, served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "GMV by seller country"
# A file that is saved meanwhile changes nothing in the app that runs.
STEADY = ("--server.fileWatcherType=none",)
ANN, BOB = "ann@example.com", "bob@example.com"
# The app as it is, but that a cookie says who sits before the screen: Bob sees the sellers of one country.
SERVED = """
import streamlit as st
from streamlit_app.signing_in import gate
from streamlit_app.signing_in.person import PERMISSIONS, Person
from streamlit_app import services

def whoever(settings):
    if st.context.cookies.get("who") == "bob":
        country = {{"country": "DE"}}
        return Person("{bob}", "Bob", "country_manager", frozenset(PERMISSIONS), "iap", country)
    return Person("{ann}", "Ann", "analyst", frozenset(PERMISSIONS), "iap")

services.whoever = whoever
import runpy
runpy.run_path("{app}", run_name="__main__")
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the app's settings, databases and log."""
    return tmp_path_factory.mktemp("boards")


@pytest.fixture(scope="module")
def address(
    tiny_database: Path, write_config: Callable[[Path, Path], Path], folder: Path, repository: Path
) -> Iterator[str]:
    config = write_config(folder, tiny_database)
    config.write_text(config.read_text() + f'app_database = "sqlite:///{folder}/app.db"\n')
    # Beside the app's own script, by whose folder Streamlit finds the pages.
    script = repository / "streamlit_app" / "app.py"
    script_here = folder / "streamlit_app" / "app.py"
    script_here.parent.mkdir()
    script_here.write_text(SERVED.format(ann=ANN, bob=BOB, app=script))
    (script_here.parent / "app_pages").symlink_to(script.parent / "app_pages")
    run = ("streamlit", "run", str(script_here), "--server.port")
    with served(config, folder / "app.log", repository, command=run, PYTHONPATH=str(repository)) as url:
        yield url


def visit(browser: Browser, address: str, who: str, path: str = "/", width: int = 1280) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 1200})
    context.add_cookies([{"name": "who", "value": who, "url": address}])
    page = context.new_page()
    page.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)  # five seconds are too few where other tests run beside a browser
    page.goto(f"{address}{path}")
    return page


@pytest.fixture
def board(address: str, folder: Path) -> Iterator[str]:
    """The path of a board of Ann's with one tile."""
    store = open_store(load_settings({"NL2SQL_CONFIG": str(folder / "nl2sql.toml")}))
    tile = Tile("t1", QUESTION, Request(QUESTION), question=QUESTION)
    saved = store.save_board(ANN, Board(uuid4().hex, "Sellers", ANN, (tile,)))
    yield f"/boards?board={saved.id}"
    store.close()


def test_an_answer_is_pinned_and_there_again_when_the_page_is_loaded_anew(browser: Browser, address: str) -> None:
    page = visit(browser, address, "ann")
    box = page.get_by_test_id("stChatInputTextArea")
    box.fill(QUESTION)
    box.press("Enter")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)
    page.get_by_role("button", name="Pin").click()
    form = page.get_by_test_id("stPopoverBody")
    name = form.get_by_label("Name of the board")
    name.fill("Pinned")
    name.press("Tab")
    form.get_by_role("button", name="Pin").click()
    form.get_by_role("link", name="Open “Pinned”").click()
    expect(page.get_by_role("heading", name="Pinned", level=1)).to_be_visible()
    expect(page.locator(".tile-headline")).to_contain_text("GMV")
    page.reload()
    expect(page.get_by_role("heading", name=QUESTION)).to_be_visible()
    expect(page.locator(".js-plotly-plot")).to_be_visible()
    page.context.close()


def test_filters_narrow_the_tile_and_stand_in_the_address(browser: Browser, address: str, board: str) -> None:
    page = visit(browser, address, "ann", board)
    expect(page.locator(".tile-headline")).to_be_visible()
    page.get_by_role("button", name="Filters").click()
    form = page.get_by_test_id("stPopoverBody")
    form.get_by_label("Country").click()
    page.get_by_role("option", name="France").click()
    page.keyboard.press("Escape")
    form.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("Filtered: seller country is FR")).to_be_visible()
    page.wait_for_url(re.compile("where=users.country%3AFR"))
    page.reload()
    expect(page.get_by_text("Filtered: seller country is FR")).to_be_visible()
    expect(page.get_by_text("Country: France", exact=True)).to_be_visible()
    page.get_by_role("button", name="Clear filters").click()
    expect(page.get_by_text("Filtered:")).to_have_count(0)
    page.context.close()


def test_refreshing_reads_the_database_again_and_says_when(browser: Browser, address: str, board: str) -> None:
    page = visit(browser, address, "ann", board)
    expect(page.locator(".tile-headline")).to_be_visible()
    page.reload()  # the answer is in the cache by now, at the latest
    expect(page.get_by_text("from the cache")).to_be_visible()
    page.get_by_role("button", name="Refresh all").click()
    expect(page.get_by_text("from the cache")).to_have_count(0)
    expect(page.get_by_text(re.compile(r"Refreshed at \d\d:\d\d"))).to_be_visible()
    page.context.close()


def test_a_tile_is_duplicated_moved_and_removed_and_comes_back_by_undo(
    browser: Browser, address: str, board: str
) -> None:
    page = visit(browser, address, "ann", board)
    expect(page.locator(".tile-headline")).to_have_count(1)
    page.get_by_role("button", name="Edit").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Duplicate").click()
    expect(page.locator(".tile-title")).to_have_count(2)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Edit").last.click()
    title = page.get_by_test_id("stPopoverBody").get_by_label("Title")
    title.fill("The second")
    title.press("Enter")
    expect(page.locator(".tile-title").last).to_have_text("The second")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Move earlier").click()
    expect(page.locator(".tile-title").first).to_have_text("The second")
    page.get_by_test_id("stPopoverBody").get_by_role("button", name="Remove").click()
    expect(page.locator(".tile-title")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".tile-title")).to_have_text(["The second", QUESTION])
    page.context.close()


def test_whoever_a_board_is_shared_with_sees_what_their_own_role_may_see(
    browser: Browser, address: str, board: str
) -> None:
    strange = visit(browser, address, "bob", board)
    expect(strange.get_by_text("There is no such board")).to_be_visible()
    page = visit(browser, address, "ann", board)
    expect(page.locator(".tile-headline").first).to_contain_text("GMV")
    page.get_by_role("button", name="Share").click()
    page.get_by_text("Everybody who may see boards here").click()
    expect(page.get_by_text("This board is shared.")).to_be_visible()
    strange.reload()
    expect(strange.get_by_text(f"Shared by {ANN}")).to_be_visible()
    headline = strange.locator(".tile-headline").first
    expect(headline).to_contain_text("Germany")
    expect(headline).to_contain_text("One row")
    expect(strange.get_by_role("button", name="Edit")).to_have_count(0)
    for each in (page, strange):
        each.context.close()


def test_a_tile_leads_back_to_its_question(browser: Browser, address: str, board: str) -> None:
    page = visit(browser, address, "ann", board)
    page.get_by_role("button", name="Open the question").first.click()
    expect(page.locator(".ask-headline").first).to_contain_text("GMV")
    page.context.close()


def test_a_board_stands_in_one_column_on_a_phone(browser: Browser, address: str, board: str) -> None:
    page = visit(browser, address, "ann", board, width=360)
    tile = page.locator("[class*='st-key-tile-']").first
    expect(tile).to_be_visible()
    expect(page.locator(".tile-headline").first).to_be_visible()
    box = tile.bounding_box()
    assert box is not None
    assert 280 < box["width"] <= 360
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.context.close()
