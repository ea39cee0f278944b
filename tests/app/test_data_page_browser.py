"""What only a browser shows of the Data and the Settings page: the picture that is clicked, a phone, light and dark,
and the rules of accessibility."""

from __future__ import annotations

from typing import Literal

import pytest
from playwright.sync_api import Browser, expect

from tests.app.accessibility import problems_on
from tests.app.browser import rested
from tests.app.test_browser import address, browser, folder, open_page, sideways  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def own(found: list[str]) -> list[str]:
    """Without the links of the frame, which scroll in their own row on a phone."""
    return [each for each in found if not each.startswith("P: ") or len(each) > 30]


def test_a_table_in_the_picture_leads_to_its_fields_and_rows(
    browser: Browser,  # noqa: F811
    address: str,  # noqa: F811
) -> None:
    visit = open_page(browser, f"{address}/data", "dark", 360)
    page = visit.page
    expect(page.get_by_text("9 tables")).to_be_visible(timeout=60_000)
    rested(page)
    assert problems_on(page) == [] and own(sideways(page)) == []
    page.get_by_role("tab", name="Connections").click()
    picture = page.locator("svg.data-diagram")
    expect(picture).to_be_visible()
    expect(picture.locator("[data-table]")).to_have_count(9)
    frame = page.get_by_role("region", name="How the tables are connected")
    assert frame.evaluate("each => each.getBoundingClientRect().right <= window.innerWidth")
    rested(page)
    assert problems_on(page) == [] and own(sideways(page)) == []
    box = page.get_by_role("button", name="Open the table Users")
    box.focus()
    box.press("Enter")
    expect(page.get_by_text("Private, and not shown to your role")).to_be_visible()
    page.get_by_role("button", name="Show 5 rows").click()
    expect(page.locator(".data-sample tbody tr")).to_have_count(5)
    page.get_by_role("button", name="How many rows").click()
    expect(page.get_by_text("rows that your role sees")).to_be_visible()
    rested(page)
    assert problems_on(page) == [] and own(sideways(page)) == []
    page.get_by_role("textbox", name="Find a word").fill("germny")
    page.get_by_role("textbox", name="Find a word").press("Enter")
    expect(page.get_by_text("Found as a value: Germany")).to_be_visible()
    rested(page)
    assert problems_on(page) == [] and own(sideways(page)) == []
    assert visit.foreign == []
    page.close()


@pytest.mark.parametrize(
    ("scheme", "width", "locale", "press", "heading"),
    [
        ("light", 1280, "en-GB", "Check now", "What leaves the house"),
        ("dark", 360, "de-DE", "Jetzt prüfen", "Was das Haus verlässt"),
    ],
)
def test_the_settings_are_read_and_the_parts_are_examined_in_the_browsers_language(
    browser: Browser,  # noqa: F811
    address: str,  # noqa: F811
    scheme: Literal["light", "dark"],
    width: int,
    locale: str,
    press: str,
    heading: str,
) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme, locale=locale)
    page.goto(f"{address}/settings")
    page.get_by_role("button", name=press).click(timeout=60_000)
    expect(page.get_by_role("heading", name=heading)).to_be_visible()
    expect(page.locator(".about-health li")).to_have_count(6, timeout=30_000)
    expect(page.locator(".about-health li.ok").first).to_contain_text(" ms.")
    rested(page)
    assert problems_on(page) == [] and own(sideways(page)) == []
    page.close()
