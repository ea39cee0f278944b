"""The Ask page in a real browser: the keys, the ways of a conversation, and what is told when something is down."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.app.accessibility import problems_on
from tests.app.browser import served
from tests.app.test_browser import (  # noqa: F401 - fixtures
    QUESTION,
    SLOW,
    Visit,
    address,
    browser,
    folder,
    open_page,
    sideways,
    visit,
)
from tests.fakes.openai.acts import refuse
from tests.fakes.openai.server import serve

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# What moves under the eyes, as the browser itself counts it, from half a second after the last key.
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) if (!each.hadRecentInput) window.shifts.push(each.value);
}).observe({ type: "layout-shift", buffered: true });
"""
MOST_SHIFT = 0.1  # what web.dev calls good for a whole visit


def box(page: Page) -> Locator:
    return page.get_by_test_id("stChatInputTextArea")


def headline(page: Page) -> Locator:
    return page.locator("h2.ask-headline").first


def test_a_slash_goes_to_the_box_and_the_arrows_bring_earlier_questions_back(visit: Visit) -> None:  # noqa: F811
    page = visit.page
    expect(box(page)).to_be_visible(timeout=60_000)
    expect(page.locator(".ask-keys")).to_contain_text("earlier questions")
    for question in (QUESTION, "bids per month"):
        visit.ask(question)
        expect(page.locator(".st-key-newest .ask-asked")).to_have_text(question, timeout=60_000)
    page.locator(".st-key-newest .ask-asked").click()
    expect(box(page)).not_to_be_focused()
    page.keyboard.press("/")
    expect(box(page)).to_be_focused()
    expect(box(page)).to_have_value("")
    # One step for each key, also after reruns: a listener that was left behind would take another.
    for key, text in (("Up", "bids per month"), ("Up", QUESTION), ("Up", QUESTION), ("Down", "bids per month")):
        page.keyboard.press(f"Arrow{key}")
        expect(box(page)).to_have_value(text)
    page.keyboard.type(" in 2025/26")
    page.keyboard.press("ArrowUp")
    expect(box(page)).to_have_value("bids per month in 2025/26")


def test_escape_stops_a_question_and_says_so_next_to_the_box(visit: Visit) -> None:  # noqa: F811
    page = visit.page
    visit.ask(SLOW.format(name="until_escape"))
    expect(page.get_by_text("Running it on the database")).to_be_visible(timeout=60_000)
    page.keyboard.press("Escape")
    expect(page.locator(".ask-notice")).to_contain_text("was stopped before its answer came")
    expect(page.get_by_role("button", name="Ask it again")).to_be_in_viewport()


def test_a_clarification_is_answered_with_a_click_and_followed_up(visit: Visit) -> None:  # noqa: F811
    page = visit.page
    visit.ask("GMV by country in 2025")
    page.get_by_role("button", name="GMV by buyer country in 2025").click(timeout=60_000)
    expect(page.locator(".st-key-newest .ask-asked")).to_have_text("GMV by buyer country in 2025", timeout=60_000)
    expect(page.locator(".st-key-newest .ask-headline")).to_contain_text("GMV")
    visit.ask("and in 2024?")
    expect(page.locator(".st-key-newest .ask-whole, .st-key-newest .ask-read").first).to_contain_text(
        "2024", timeout=60_000
    )
    page.get_by_text("GMV by buyer country in 2025").last.click()
    expect(page.locator("h2.ask-headline")).to_have_count(2)


def test_sql_that_is_refused_says_why_and_where_beside_the_editor(visit: Visit) -> None:  # noqa: F811
    page = visit.page
    visit.ask(QUESTION)
    expect(headline(page)).to_be_visible(timeout=60_000)
    page.get_by_text("SQL", exact=True).last.click()
    page.get_by_label("Edit and run").fill("SELECT id,\n  email\nFROM users")
    page.get_by_role("button", name="Run this SQL").click()
    expect(headline(page)).to_have_text("This was not run", timeout=60_000)
    newest = page.locator(".st-key-newest")
    expect(newest.get_by_label("Edit and run")).to_have_value("SELECT id,\n  email\nFROM users")
    expect(newest.locator(".ask-notice").last).to_contain_text("line 2")
    newest.get_by_label("Edit and run").fill("SELECT COUNT(*) AS users FROM users")
    newest.get_by_role("button", name="Run this SQL").click()
    expect(page.locator(".st-key-newest .ask-meta")).to_contain_text("Your SQL", timeout=60_000)


def test_a_statement_is_explained_step_by_step(visit: Visit) -> None:  # noqa: F811
    page = visit.page
    visit.ask(QUESTION)
    expect(headline(page)).to_be_visible(timeout=60_000)
    page.get_by_text("SQL", exact=True).last.click()
    page.get_by_text("Explain", exact=True).click()
    expect(page.locator("ol.ask-steps li").first).to_be_visible()


def test_a_link_asks_its_question_once(browser: Browser, address: str) -> None:  # noqa: F811
    page = open_page(browser, f"{address}/?q=bids+per+month", "light", 1280).page
    expect(page.locator(".st-key-newest .ask-asked")).to_have_text("bids per month", timeout=60_000)
    assert "q=" not in page.url
    page.reload()
    expect(box(page)).to_be_visible(timeout=60_000)
    expect(page.locator("h2.ask-headline")).to_have_count(1)
    expect(page.locator("[class*=st-key-fold-]")).to_have_count(0)
    page.close()


def test_sql_in_a_link_waits_in_the_box(browser: Browser, address: str) -> None:  # noqa: F811
    page = open_page(browser, f"{address}/?q=SELECT+COUNT(*)+AS+n+FROM+bids", "light", 1280).page
    expect(box(page)).to_have_value("SELECT COUNT(*) AS n FROM bids", timeout=60_000)
    expect(page.locator(".ask-notice")).to_contain_text("Nothing has run")
    expect(page.locator("h2.ask-headline")).to_have_count(0)
    box(page).press("Enter")
    expect(page.locator(".st-key-newest .ask-meta")).to_contain_text("Your SQL", timeout=60_000)
    page.close()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_nothing_jumps_on_the_way_from_enter_to_the_answer_and_everybody_can_read_it(
    browser: Browser,  # noqa: F811
    address: str,  # noqa: F811
    scheme: str,
    width: int,
) -> None:
    opened = open_page(browser, address, scheme, width)
    page = opened.page
    expect(box(page)).to_be_visible(timeout=60_000)
    expect(page.locator("[class*=st-key-choice-examples]").first).to_be_visible()
    assert problems_on(page) == []
    page.evaluate(SHIFTS)
    for question in (QUESTION, "bids per month"):
        page.evaluate("window.shifts = []")
        opened.ask(question)
        expect(page.locator(".st-key-newest .ask-asked")).to_have_text(question, timeout=60_000)
        expect(page.locator(".st-key-newest .js-plotly-plot").first).to_be_visible()
        expect(page.locator(".st-key-newest [class*=st-key-judge-]")).to_be_visible()
        page.wait_for_load_state("networkidle")
        assert sum(page.evaluate("window.shifts")) < MOST_SHIFT
    assert sideways(page) == []
    assert problems_on(page) == []
    page.close()


def test_a_model_that_is_down_is_told_in_a_sentence_and_tried_again(
    browser: Browser,  # noqa: F811
    tiny_database: Path,
    write_config: Callable[[Path, Path], Path],
    tmp_path: Path,
) -> None:
    config = write_config(tmp_path, tiny_database)
    config.write_text(config.read_text().replace('writers = "verified, offline"', 'writers = "llm"'))
    with serve([refuse(503)]) as endpoint:
        more = {
            "NL2SQL_OPENAI_BASE_URL": endpoint.url,
            "OPENAI_API_KEY": "sk-test-not-a-key",
            "NL2SQL_LLM_SECONDS": "5",
        }
        with served(config, tmp_path / "app.log", **more) as url:
            opened = open_page(browser, url, "light", 1280)
            opened.ask("How many bids were placed last month?")
            expect(headline(opened.page)).to_have_text("No answer this time", timeout=60_000)
            expect(opened.page.locator(".ask-notice")).to_be_visible()
            expect(opened.page.get_by_role("button", name="Try again")).to_be_visible()
            assert "sk-test" not in opened.page.content() and "Traceback" not in opened.page.content()
            opened.page.close()


def test_a_database_that_goes_away_is_told_and_the_page_works_again_when_it_is_back(
    browser: Browser,  # noqa: F811
    tiny_database: Path,
    write_config: Callable[[Path, Path], Path],
    tmp_path: Path,
) -> None:
    here, away = tmp_path / "here.db", tmp_path / "away.db"
    shutil.copy(tiny_database, here)
    with served(write_config(tmp_path, here), tmp_path / "app.log") as url:
        opened = open_page(browser, url, "light", 1280)
        opened.ask("bids per month")
        expect(opened.page.locator(".st-key-newest .ask-asked")).to_have_text("bids per month", timeout=60_000)
        here.rename(away)
        opened.ask("bids per month in 2025")
        expect(opened.page.get_by_role("heading", name="Not ready to answer yet")).to_be_visible(timeout=60_000)
        expect(opened.page.locator(".ask-notice")).to_be_visible()
        away.rename(here)
        opened.page.get_by_role("button", name="Try again").click()
        expect(box(opened.page)).to_be_visible(timeout=60_000)
        opened.ask("bids per month in 2025")
        expect(opened.page.locator(".st-key-newest .ask-asked")).to_have_text("bids per month in 2025", timeout=60_000)
        opened.page.close()
