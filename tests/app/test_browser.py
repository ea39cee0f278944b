"""The whole product in a real browser: a seeded database, the server as its own process, a person's clicks."""

from __future__ import annotations

import csv
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.browser import launched, served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "Top 5 categories by GMV in 2025"
# Written by hand from the definition of GMV: final prices of sold listings, dated by closing, by top-level category.
EXPECTED = """
SELECT COALESCE(parent.name, own.name) AS category, SUM(listings.current_bid) AS gmv
FROM listings
JOIN categories AS own ON own.id = listings.category_id
LEFT JOIN categories AS parent ON parent.id = own.parent_id
WHERE listings.status = 'sold' AND listings.closed_at >= '2025-01-01' AND listings.closed_at < '2026-01-01'
GROUP BY 1 ORDER BY 2 DESC LIMIT 5
"""
# Hundreds of millions of rows to count: the policy would stop it after ten seconds.
SLOW = "SELECT COUNT(*) AS {name} FROM bids AS a" + "".join(
    f" JOIN bids AS {each} ON {each}.listing_id = a.listing_id" for each in "bcde"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the app's settings, cache, ledger and log."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def address(
    tiny_database: Path, write_config: Callable[[Path, Path], Path], folder: Path, repository: Path
) -> Iterator[str]:
    """The app as `make demo` starts it, on a free port, with settings of its own."""
    with served(write_config(folder, tiny_database), folder / "app.log", repository) as url:
        yield url


@dataclass
class Visit:
    """A page, and every address it asked for that is not this machine's."""

    page: Page
    foreign: list[str] = field(default_factory=list)

    def note(self, request: Any) -> None:
        if not request.url.startswith(("http://localhost:", "ws://localhost:", "data:", "blob:")):
            self.foreign.append(request.url)

    def ask(self, text: str) -> None:
        box = self.page.get_by_test_id("stChatInputTextArea")
        box.fill(text)
        box.press("Enter")


@pytest.fixture(params=["light", "dark"])
def scheme(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def open_page(browser: Browser, address: str, scheme: Any, width: int) -> Visit:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(30_000)
    expect.set_options(timeout=30_000)  # five seconds are too few where other tests run beside a browser
    visit = Visit(page)
    page.on("request", visit.note)
    page.goto(address)
    return visit


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visit]:
    opened = open_page(browser, address, "light", 1280)
    yield opened
    opened.page.close()


def expected_rows(database: Path) -> list[tuple[str, Decimal]]:
    with sqlite3.connect(database) as connection:
        found = connection.execute(EXPECTED).fetchall()
    connection.close()
    return [(name, Decimal(str(total)).quantize(Decimal("0.01"))) for name, total in found]


def test_a_question_becomes_headline_chart_table_receipt_sql_and_a_download(
    visit: Visit, tiny_database: Path, tmp_path: Path
) -> None:
    page, rows = visit.page, expected_rows(tiny_database)
    visit.ask(QUESTION)
    headline = page.locator("h2.ask-headline")
    expect(headline).to_contain_text(rows[0][0], timeout=60_000)
    expect(headline).to_contain_text(f"{rows[0][1]:,.2f}")
    expect(page.locator(".js-plotly-plot svg .bars .point path")).to_have_count(5)
    receipt = page.locator("section.ask-receipt")
    expect(receipt).to_contain_text("What was computed")
    expect(receipt).to_contain_text("2025")
    page.get_by_test_id("stDataFrame").scroll_into_view_if_needed()
    expect(page.get_by_test_id("glide-cell-0-4")).to_have_text(rows[4][0])
    assert Decimal(page.get_by_test_id("glide-cell-1-4").text_content() or "") == rows[4][1]
    page.get_by_text("SQL", exact=True).last.click()
    expect(page.get_by_test_id("stCode")).to_contain_text("SELECT")
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name="CSV", exact=True).click()
    download.value.save_as(tmp_path / "answer.csv")
    with (tmp_path / "answer.csv").open(newline="", encoding="utf-8") as file:
        downloaded = list(csv.reader(file))[1:]
    assert [(name, Decimal(total)) for name, total in downloaded] == rows
    assert visit.foreign == []


def test_a_declined_question_says_why_and_shows_no_number(visit: Visit) -> None:
    visit.ask("How many unicorns did the wizards flibber?")
    notice = visit.page.locator(".ask-notice")
    expect(notice).to_be_visible(timeout=60_000)
    expect(notice).to_contain_text("flibber")
    expect(visit.page.locator("h2.ask-headline")).to_have_text("No answer, rather than a guess")
    expect(visit.page.locator(".js-plotly-plot, [data-testid=stDataFrame]")).to_have_count(0)


def test_edited_sql_cannot_read_what_is_private(visit: Visit) -> None:
    page = visit.page
    visit.ask(QUESTION)
    expect(page.locator("h2.ask-headline")).to_be_visible(timeout=60_000)
    page.get_by_text("SQL", exact=True).last.click()
    page.get_by_label("Edit and run").fill("SELECT email FROM users")
    page.get_by_role("button", name="Run this SQL").click()
    expect(page.locator("h2.ask-headline").first).to_have_text("This was not run")
    expect(page.locator(".ask-notice").first).to_contain_text("mail")


@pytest.mark.parametrize("way", ["stop", "leave"])
def test_a_question_that_nobody_waits_for_ends_in_the_database_too(visit: Visit, folder: Path, way: str) -> None:
    page = visit.page
    visit.ask(SLOW.format(name=f"until_{way}"))
    expect(page.get_by_text("Running it on the database")).to_be_visible(timeout=60_000)
    if way == "stop":
        page.get_by_role("button", name="Stop").click()
        expect(page.locator(".ask-notice")).to_contain_text("was stopped before its answer came")
    else:
        page.close()
    until = time.monotonic() + 30
    while not (codes := ledger(folder, "SELECT code FROM questions WHERE question LIKE ?", f"%until_{way}%")):
        assert time.monotonic() < until, "the ledger has no row of it"
        time.sleep(0.1)
    assert codes == [("query_cancelled",)]


def test_a_verdict_stands_beside_its_question_in_the_ledger(visit: Visit, folder: Path) -> None:
    page = visit.page
    visit.ask(QUESTION)
    expect(page.locator("h2.ask-headline")).to_be_visible(timeout=60_000)
    expect(page.locator(".ask-provenance")).to_contain_text("Data as of 30 June 2026")
    page.locator(".st-key-judge-1 button").last.click()
    page.get_by_label("What was wrong?").fill("Net of refunds, please")
    page.get_by_label("What was wrong?").press("Enter")
    expect(page.get_by_text("Thank you, noted.")).to_be_visible()
    until = time.monotonic() + 30
    judged = "SELECT feedback, feedback_comment FROM questions WHERE question = ? AND feedback <> ''"
    while ledger(folder, judged, QUESTION) != [("bad", "Net of refunds, please")]:
        assert time.monotonic() < until, "the ledger has no such verdict"
        time.sleep(0.1)


def ledger(folder: Path, sql: str, *values: str) -> list[tuple[str, ...]]:
    connection = sqlite3.connect(folder / "ledger.db")
    try:
        return connection.execute(sql, values).fetchall()
    except sqlite3.OperationalError:  # not written yet
        return []
    finally:
        connection.close()


def sideways(page: Page) -> list[str]:
    """Elements that reach over the right edge, without those that scroll or are cut by their own box."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll(
            '.stMainBlockContainer h1, .stMainBlockContainer h2, .stMainBlockContainer p, .stMainBlockContainer button,'
            + '.stMainBlockContainer section, .stMainBlockContainer dl, .js-plotly-plot, [data-testid=stDataFrame]')]
          .filter(e => {
            const over = box => box.getBoundingClientRect().right > window.innerWidth + 1;
            const cuts = box => getComputedStyle(box).overflowX !== 'visible' && !over(box);
            for (let box = e; box && !box.matches('.stMain'); box = box.parentElement) if (cuts(box)) return false;
            return over(e);
          })
          .map(e => e.tagName + ': ' + e.textContent.slice(0, 60))"""
    )
    return found
