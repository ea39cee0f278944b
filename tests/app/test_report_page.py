"""The page of an evaluation in a real browser: from a file, without a network, with data that want to harm it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from evals.report.html import write_page
from evals.report.reading import read_report
from tests.app.browser import launched
from tests.fakes.evaluation import HOSTILE, hostile, many, record, write_log, write_prompts

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


class Seen:
    """A page, what it complained of, and what it asked for."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.set_default_timeout(20_000)
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


def opened(chrome: Browser, log: Path, fragment: str = "", base: Path | None = None, **options: Any) -> Seen:
    page_file = log.with_suffix(".html")
    with page_file.open("w", encoding="utf-8", errors="backslashreplace") as stream:
        write_page(read_report(log, base), log, stream)
    before = options.pop("before", "")
    seen = Seen(chrome.new_page(**({"viewport": {"width": 1280, "height": 900}} | options)))
    if before:
        seen.page.add_init_script(before)
    seen.page.goto(page_file.as_uri() + fragment)
    expect(seen.page.locator("html[data-ready]")).to_be_attached()
    return seen


@pytest.fixture
def log(tmp_path: Path) -> Path:
    made = many(130, repeats=2, share=0.7)
    log = write_log(tmp_path / "run.jsonl", made)
    write_prompts(log, sorted({name for each in made for name in each.prompts}), own="how many </script>?")
    return log


def shown(page: Page) -> str:
    return page.locator("output").inner_text()


def test_hostile_data_run_no_script_and_are_shown_as_they_are(chrome: Browser, tmp_path: Path) -> None:
    log = write_log(tmp_path / "run.jsonl", hostile())
    write_prompts(log, HOSTILE, own=HOSTILE[0])
    seen = opened(chrome, log)
    page = seen.page
    for case in page.locator("details.case").all():
        case.locator("summary").first.click()
        expect(case.locator(".drill pre").first).to_be_visible()
    for prompt in page.locator(".drill > details > summary").all():
        prompt.click()
    assert page.evaluate("window.ran") is None
    assert page.locator("img, iframe, #page script").count() == 0
    expect(page.locator('[data-case="hostile-0"] .asked')).to_have_text(HOSTILE[0])
    expect(page.locator('[data-case="hostile-0"] .drill pre').first).to_contain_text(HOSTILE[0])
    expect(page.locator('[data-case="hostile-1"] td').first).to_have_text(HOSTILE[1])
    assert "\u202e" not in page.locator("body").inner_text()
    assert seen.complaints == []
    assert [url for url in seen.requests if not url.startswith("file:")] == []


def test_filters_change_the_list_the_count_and_the_address(chrome: Browser, log: Path) -> None:
    page = opened(chrome, log).page
    assert shown(page) == "130 cases"
    assert page.locator("details.case").count() == 100
    page.get_by_role("button", name="Show 30 more of 130").click()
    assert page.locator("details.case").count() == 130
    page.get_by_label("Tag").select_option("ratio")
    assert shown(page) == "13 of 130 cases"
    page.get_by_label("Outcome").select_option("right")
    page.get_by_label("flaky").check()
    few = page.locator("details.case").count()
    assert 0 < few < 13 and shown(page) == f"{few} of 130 cases"
    assert page.locator("details.case .mark", has_text="1/2 right").count() == few
    fragment = page.evaluate("location.hash")
    page.close()
    again = opened(chrome, log, fragment).page
    assert again.locator("details.case").count() == few
    again.get_by_role("button", name="Clear").click()
    assert (shown(again), again.evaluate("location.hash")) == ("130 cases", "")
    again.get_by_label("Search").fill("case-0007")
    assert (shown(again), again.locator("details.case").count()) == ("1 of 130 cases", 1)
    again.get_by_label("Search").fill("nothing of the kind")
    expect(again.get_by_text("No case fits these filters.")).to_be_visible()


def test_cases_that_are_not_right_come_first_and_open_by_the_keyboard(chrome: Browser, log: Path) -> None:
    page = opened(chrome, log).page
    first = page.locator("details.case").first
    expect(first.locator(".outcome").first).to_have_text("wrong rows")
    first.locator("summary").first.focus()
    page.keyboard.press("Enter")
    drill = first.locator(".drill")
    expect(drill.get_by_text("filter status = 'sold' missing")).to_be_visible()
    expect(drill.locator(".grid td.at").first).to_be_visible()
    expect(drill.locator("pre .k").first).to_have_text("SELECT")
    drill.get_by_text("· 2 messages").click()
    expect(drill.get_by_text("how many </script>?").first).to_be_visible()
    drill.locator(".repeats button").last.click()
    expect(drill.locator(".repeats button").last).to_have_attribute("aria-pressed", "true")
    name = first.get_attribute("data-case") or ""
    fragment = page.evaluate("location.hash")
    assert f"case={name}" in fragment
    page.close()
    linked = opened(chrome, log, fragment).page
    expect(linked.locator(f'[data-case="{name}"] .drill .grid').first).to_be_visible()


def test_flips_can_be_chosen_and_show_both_statements(chrome: Browser, tmp_path: Path) -> None:
    base = write_log(tmp_path / "base.jsonl", [record("a"), record("b", "wrong_rows"), record("c")])
    log = write_log(tmp_path / "run.jsonl", [record("a", "wrong_rows"), record("b"), record("c")])
    page = opened(chrome, log, base=base).page
    expect(page.locator("#compared .verdict")).to_contain_text("Cannot tell this run from the base run")
    page.get_by_label("Flips").select_option("lost")
    expect(page.locator("details.case")).to_have_count(1)
    page.locator("details.case summary").first.click()
    expect(page.get_by_role("heading", name="Base run: right")).to_be_visible()
    expect(page.get_by_role("heading", name="This run: wrong rows")).to_be_visible()


def test_a_browser_that_cannot_unpack_gets_the_same_page(chrome: Browser, log: Path) -> None:
    page = opened(chrome, log, before="delete window.DecompressionStream").page
    assert shown(page) == "130 cases"
    page.locator("details.case summary").first.click()
    expect(page.locator(".drill pre").first).to_contain_text("SELECT")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_fits_a_phone(chrome: Browser, log: Path, scheme: Any) -> None:
    page = opened(chrome, log, viewport={"width": 360, "height": 800}, color_scheme=scheme).page
    page.locator("details.case summary").first.click()
    expect(page.locator(".drill .grid").first).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert dark == ("rgb(17, 22, 27)" if scheme == "dark" else "rgb(255, 255, 255)")
    page.get_by_role("button", name="Light" if scheme == "dark" else "Dark").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
