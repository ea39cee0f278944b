"""Charts as a browser draws them: the switch between kinds, and a map while no other host can be reached."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.app.test_browser import Visit, address, browser, folder, open_page, scheme  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

BY_COUNTRY = "GMV by country of the seller in 2025"
BY_MONTH = "GMV by month and category in 2025"
CHART = ".js-plotly-plot"


def only_this_machine(route: Route) -> None:
    if route.request.url.startswith(("http://localhost:", "data:", "blob:")):
        route.continue_()
    else:
        route.abort()


@pytest.fixture
def visit(browser: Browser, address: str, scheme: Any) -> Iterator[Visit]:  # noqa: F811 - pytest's way to name fixtures
    opened = open_page(browser, address, scheme, 1280)
    opened.page.route("**/*", only_this_machine)
    yield opened
    opened.page.close()


def pick(page: Page, kind: str) -> None:
    page.get_by_test_id("stButtonGroup").get_by_role("radio", name=kind).click()


def test_a_map_is_drawn_while_no_other_host_can_be_reached(visit: Visit) -> None:
    page = visit.page
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    visit.ask(BY_COUNTRY)
    expect(page.locator(f"{CHART} .bars .point path").first).to_be_visible(timeout=60_000)
    pick(page, "Map")
    countries = page.locator(f"{CHART} .choroplethlayer path.choroplethlocation")
    expect(countries.first).to_be_attached()
    assert countries.count() >= 5
    drawn = page.evaluate(
        "() => [...document.querySelectorAll('path.choroplethlocation')].filter(p => p.getBBox().width > 1).length"
    )
    assert drawn == countries.count(), "each country has a shape"
    assert visit.foreign == []
    assert [each for each in complaints if "topojson" in each or "Failed to load" in each] == []


def test_another_kind_moves_nothing_and_asks_nothing(visit: Visit) -> None:
    page = visit.page
    visit.ask(BY_MONTH)
    expect(page.locator(f"{CHART} .scatterlayer .trace").first).to_be_visible(timeout=60_000)
    before = page.locator(CHART).bounding_box()
    pick(page, "Area")
    expect(page.locator(f"{CHART} .scatterlayer .fills path").first).to_be_visible()
    after = page.locator(CHART).bounding_box()
    assert before is not None
    assert after is not None
    assert abs(after["y"] - before["y"]) < 2
    assert abs(after["height"] - before["height"]) < 30
    page.get_by_role("button", name="Chart options").click()
    page.get_by_test_id("stPopoverBody").get_by_label("Arrange").click()
    page.get_by_role("option", name="Shares of 100 %").click()
    expect(page.locator(f"{CHART} .gtitle").filter(has_text="as shares")).to_be_visible()
    expect(page.locator("h2.ask-headline")).to_have_count(1)


def test_the_kinds_fit_a_phone(browser: Browser, address: str) -> None:  # noqa: F811
    visit = open_page(browser, address, "light", 360)
    visit.ask(BY_COUNTRY)
    expect(visit.page.locator(CHART)).to_be_visible(timeout=60_000)
    inside = (
        "e => [...e.querySelectorAll('.js-plotly-plot, button')].every(b => b.getBoundingClientRect().right <= 361)"
    )
    entry = visit.page.locator(".st-key-entry-1")
    assert entry.evaluate(inside)
    pick(visit.page, "Map")
    expect(visit.page.locator("path.choroplethlocation").first).to_be_attached()
    assert entry.evaluate(inside)
    visit.page.close()
