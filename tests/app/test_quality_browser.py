"""The Quality page in a real browser: it fits a phone and a desk, in light and dark, and asks no other host."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.app.accessibility import problems_on
from tests.app.run_logs import cases, header, write_log
from tests.app.test_browser import address, browser, folder, open_page, sideways  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_the_quality_page_is_read_and_unfolded(
    browser: Browser,  # noqa: F811
    address: str,  # noqa: F811
    folder: Path,  # noqa: F811
    tmp_path: Path,
) -> None:
    write_log(folder / "evals" / "old.jsonl", cases(40), header("2026-11-01T08:00:00+00:00"))
    write_log(folder / "evals" / "new.jsonl", cases(37, "wrong_rows", "declined", "declined"))
    visit = open_page(browser, f"{address}/quality", "light", 1280)
    page = visit.page
    expect(page.locator("h2.ask-headline")).to_contain_text("37 of 40 were answered right", timeout=60_000)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    assert sideways(page) == []
    page.get_by_text("Question 37?").click()
    expect(page.get_by_text("What is right", exact=True)).to_be_visible()
    page.get_by_text("Compare two runs").click()
    expect(page.get_by_text("Cannot tell B from A")).to_be_visible()
    assert sideways(page) == []
    with page.expect_download(timeout=60_000) as report:
        page.get_by_role("button", name="Download the report").click()
    report.value.save_as(tmp_path / "report.html")
    assert "<html" in (tmp_path / "report.html").read_text(encoding="utf-8")
    with page.expect_download(timeout=60_000) as log:
        page.get_by_role("button", name="Download the log").click()
    log.value.save_as(tmp_path / "log.jsonl")
    assert (tmp_path / "log.jsonl").read_bytes() == (folder / "evals" / "new.jsonl").read_bytes()
    assert visit.foreign == []
    page.close()


def test_a_run_is_offered_and_a_prompt_is_edited(
    browser: Browser,  # noqa: F811
    address: str,  # noqa: F811
) -> None:
    page = open_page(browser, f"{address}/quality", "dark", 360).page
    page.get_by_role("radio", name="Start a run").click(timeout=60_000)
    expect(page.get_by_role("button", name="Start the run")).to_be_enabled()
    assert sideways(page) == [] and problems_on(page) == []
    page.get_by_role("radio", name="Prompts").click()
    box = page.get_by_role("textbox", name="Its text")
    box.fill(box.input_value().replace("# system\n", "# system\nBe brief.\n", 1))
    box.blur()
    expect(page.locator(".quality-diff .add")).to_have_text("+Be brief.")
    assert sideways(page) == [] and problems_on(page) == []
    page.close()
