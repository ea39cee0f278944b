"""Every page as people see it: light and dark, on a desk and a phone, by the rules of accessibility, in German too; and
what the largest answer, a reload and a second window do to it.

Each stop leaves a screenshot in the folder that NL2SQL_SCREENSHOTS names, else in pytest's own.
"""

from __future__ import annotations

import csv
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from nl2sql.settings import load_settings
from streamlit_app.store.base import Board, Request, Store, Tile
from streamlit_app.store.open import open_store
from streamlit_app.store.preferences import LANGUAGE
from streamlit_app.words import messages
from tests.app.accessibility import problems_on
from tests.app.browser import launched, rested, served
from tests.app.run_logs import cases, header, write_log

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

QUESTION = "Top 5 categories by GMV in 2025"
ROWS = 100_000
PATIENCE = 60_000  # ms, for what is done once or is large; a test machine has others to serve
LOCAL = "local"  # the one person of local mode
DESK, PHONE = 1280, 360
HIGHEST = 6_000  # CSS pixels of a picture
NO_SIDEWAYS = "document.documentElement.scrollWidth <= window.innerWidth"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of the app's settings, databases, logs of runs and log."""
    return tmp_path_factory.mktemp("every-page")


@pytest.fixture(scope="module")
def config(folder: Path, tiny_database: Path, write_config: Callable[[Path, Path], Path], repository: Path) -> Path:
    """With a policy that lets an analyst have ROWS rows."""
    path, policy = write_config(folder, tiny_database), folder / "policy.yaml"
    shipped = repository / "schema" / "auction" / "policy.yaml"
    policy.write_text(
        shipped.read_text().replace("rows: 1000\n", f"rows: {ROWS}\n      rows_per_minute: {20 * ROWS}\n", 1)
    )
    text = path.read_text().replace(str(shipped), str(policy))
    path.write_text(text + f'app_database = "sqlite:///{folder}/app.db"\n')
    return path


@pytest.fixture(scope="module")
def address(config: Path, folder: Path, repository: Path) -> Iterator[str]:
    with served(config, folder / "app.log", repository) as url:
        yield url


@pytest.fixture
def store(address: str, config: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The app's own, from outside; empty of boards, and in English."""
    monkeypatch.delenv("NL2SQL_APP_DATABASE")
    opened = open_store(load_settings({"NL2SQL_CONFIG": str(config)}))
    for each in opened.boards(LOCAL):
        opened.delete_board(LOCAL, each.id)
    yield opened
    opened.set_preference(LOCAL, LANGUAGE, "en")
    opened.close()


@pytest.fixture(scope="module")
def screenshots(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """From the environment as it was before the tests closed it to settings of the product."""
    named = SCREENSHOTS
    path = Path(named) if named else tmp_path_factory.mktemp("screenshots")
    path.mkdir(parents=True, exist_ok=True)
    return path


SCREENSHOTS = os.environ.get("NL2SQL_SCREENSHOTS", "")


@dataclass
class Seen:
    """A page, what it complained of, and every address that is not this machine's."""

    page: Page
    address: str
    folder: Path
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(30_000)
        expect.set_options(timeout=30_000)  # five seconds are too few where other tests run beside a browser
        self.page.on("request", self._request)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.complaints.append(f"asks {request.url}")

    def _console(self, said: Any) -> None:
        # Streamlit looks for its server below the page's own address first (/data/_stcore/health), and finds none.
        if said.type == "error" and not re.search(r"/\w+/_stcore/", said.location.get("url", "")):
            self.complaints.append(f"{said.text} {said.location.get('url', '')}")

    def go(self, path: str = "/") -> None:
        self.page.goto(f"{self.address}{path}")
        expect(self.page.get_by_role("heading", level=1).first).to_be_attached(timeout=PATIENCE)

    def ask(self, text: str) -> None:
        box = self.page.get_by_test_id("stChatInputTextArea")
        expect(box).to_be_visible(timeout=PATIENCE)
        box.fill(text)
        box.press("Enter")
        expect(self.page.locator(".st-key-newest .ask-asked")).to_contain_text(text[:40], timeout=PATIENCE)

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name, exact=True).first.click()


@pytest.fixture
def look(browser: Browser, address: str, folder: Path) -> Iterator[Callable[..., Seen]]:
    """A window in a browser of its own, with nothing kept from before."""
    opened: list[Seen] = []

    def open_(width: int = DESK, **options: Any) -> Seen:
        context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-GB", **options)
        opened.append(Seen(context.new_page(), address, folder))
        return opened[-1]

    yield open_
    for each in opened:
        each.page.context.close()


# -- the ways through the pages: each yields the names of its stops --------------------------------------------------

Way = Callable[[Seen, Store], Iterator[str]]


def ask_page(seen: Seen, store: Store) -> Iterator[str]:
    page = seen.page
    seen.go()
    expect(page.locator("[class*=st-key-choice-examples]").first).to_be_visible()
    yield "ask-empty"
    seen.ask(QUESTION)
    expect(page.locator(".js-plotly-plot svg .bars .point path")).to_have_count(5, timeout=PATIENCE)
    yield "ask-answer"
    page.get_by_text("SQL", exact=True).last.click()
    expect(page.get_by_test_id("stCode").first).to_be_visible()
    yield "ask-sql"
    seen.press("Download")
    expect(page.get_by_test_id("stPopoverBody").get_by_role("button", name="CSV", exact=True)).to_be_visible()
    yield "ask-download"
    page.keyboard.press("Escape")
    seen.press("Pin")
    expect(page.get_by_test_id("stPopoverBody").get_by_label("Title")).to_be_visible()
    yield "ask-pin"
    page.keyboard.press("Escape")


def other_answers(seen: Seen, store: Store) -> Iterator[str]:
    page = seen.page
    seen.go()
    for name, question, shows in (
        ("number", "How many listings were sold in 2025?", ".chart-numbers"),
        ("months", "GMV by month and category in 2025", ".js-plotly-plot .scatterlayer .trace"),
        ("clarification", "GMV by country in 2025", "[class*=st-key-choice-]"),
        ("declined", "How many unicorns did the wizards flibber?", ".ask-notice"),
        ("refused", "SELECT email FROM users", ".ask-notice.warning"),
    ):
        seen.ask(question)
        expect(page.locator(f".st-key-newest {shows}").first).to_be_visible(timeout=PATIENCE)
        yield f"ask-{name}"


def boards(seen: Seen, store: Store) -> Iterator[str]:
    for each in store.boards(LOCAL):
        store.delete_board(LOCAL, each.id)
    seen.go("/boards")
    yield "boards-empty"
    texts = (QUESTION, "bids per month")
    tiles = tuple(Tile(f"t{number}", text, Request(text), question=text) for number, text in enumerate(texts))
    saved = store.save_board(LOCAL, Board(uuid4().hex, "Sellers and buyers", LOCAL, tiles))
    seen.go("/boards")
    expect(seen.page.get_by_role("link", name="Sellers and buyers")).to_be_visible()
    yield "boards-list"
    seen.go(f"/boards?board={saved.id}")
    expect(seen.page.locator(".js-plotly-plot")).to_have_count(2, timeout=PATIENCE)
    yield "boards-two-tiles"
    seen.press("Filters")
    expect(seen.page.get_by_test_id("stPopoverBody").get_by_role("button", name="Apply")).to_be_visible()
    yield "boards-filters"


def data(seen: Seen, store: Store) -> Iterator[str]:
    page = seen.page
    seen.go("/data")
    for tab in page.get_by_role("tab").all():
        tab.click()
        rested(page)
        yield f"data-{(tab.text_content() or '').split()[0].lower()}"
    page.get_by_role("textbox", name="Find a word").fill("germny")
    page.get_by_role("textbox", name="Find a word").press("Enter")
    expect(page.get_by_text("Found as a value: Germany")).to_be_visible()
    yield "data-search"


def quality(seen: Seen, store: Store) -> Iterator[str]:
    page, logs = seen.page, seen.folder / "evals"
    shutil.rmtree(logs, ignore_errors=True)
    seen.go("/quality")
    yield "quality-empty"
    write_log(logs / "old.jsonl", cases(40), header("2026-11-01T08:00:00+00:00"))
    write_log(logs / "new.jsonl", cases(37, "wrong_rows", "declined", "declined"))
    seen.go("/quality")
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=PATIENCE)
    page.get_by_text("Question 37?").click()
    expect(page.get_by_text("What is right", exact=True)).to_be_visible()
    yield "quality-run"
    for name in ("Start a run", "Prompts"):
        page.get_by_role("radio", name=name).click()
        rested(page)
        yield f"quality-{name.split()[0].lower()}"


def activity(seen: Seen, store: Store) -> Iterator[str]:
    seen.go()
    seen.ask("How many unicorns did the wizards flibber?")
    seen.ask(QUESTION)
    seen.page.locator(".st-key-newest [class*=st-key-judge-] button").last.click()
    expect(seen.page.get_by_role("radio", name="Wrong number")).to_be_visible()
    seen.go("/activity")
    expect(seen.page.locator(".activity-figures")).to_be_visible(timeout=PATIENCE)
    yield "activity"


def settings(seen: Seen, store: Store) -> Iterator[str]:
    seen.go("/settings")
    seen.press("Check now")
    expect(seen.page.locator(".about-health li").first).to_be_visible(timeout=PATIENCE)
    yield "settings"
    seen.page.locator(".st-key-me button").first.click()
    expect(seen.page.get_by_test_id("stPopoverBody")).to_be_visible()
    yield "settings-person"


WAYS = [ask_page, other_answers, boards, data, quality, activity, settings]


def examined(page: Page, name: str, screenshots: Path) -> list[str]:
    """What is wrong with the page as it now stands; and a picture of it, as high as it is."""
    rested(page)
    found = [f"{name}: {each}" for each in problems_on(page)]
    if not page.evaluate(NO_SIDEWAYS):
        found.append(f"{name}: scrolls sideways")
    if "Traceback" in page.content():
        found.append(f"{name}: shows a traceback")
    take_picture(page, screenshots / f"{name}.png")
    return found


def take_picture(page: Page, path: Path) -> None:
    """As high as the page is: it scrolls within its own frame, which the browser would cut."""
    size = page.viewport_size
    assert size is not None
    height = page.evaluate("document.querySelector('.stMain').scrollHeight")
    page.set_viewport_size({"width": size["width"], "height": min(max(size["height"], height), HIGHEST)})
    page.screenshot(path=path)
    page.set_viewport_size(size)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("width", "scheme"), [(DESK, "light"), (PHONE, "dark")])
@pytest.mark.parametrize("way", WAYS)
def test_every_page_is_accessible_and_fits(
    look: Callable[..., Seen], store: Store, screenshots: Path, way: Way, width: int, scheme: str
) -> None:
    seen = look(width, color_scheme=scheme)
    found = [each for name in way(seen, store) for each in examined(seen.page, f"{name}-{width}-{scheme}", screenshots)]
    assert found + seen.complaints == []


# -- one large answer, a reload, a second window, another language ---------------------------------------------------


@pytest.mark.timeout(300)
def test_a_hundred_thousand_rows_are_shown_summed_searched_and_saved(
    look: Callable[..., Seen], tiny_database: Path, tmp_path: Path
) -> None:
    inner = (
        "SELECT a.id AS bid, b.id AS other, c.amount FROM bids AS a JOIN bids AS b ON b.listing_id = a.listing_id"
        f" JOIN bids AS c ON c.listing_id = a.listing_id ORDER BY a.id, b.id, c.id LIMIT {ROWS}"
    )
    with sqlite3.connect(tiny_database) as connection:
        (found,) = connection.execute(f"SELECT COUNT(*) FROM ({inner}) AS made WHERE made.bid % 7 = 0").fetchone()
    connection.close()
    seen = look()
    page = seen.page
    seen.go()
    seen.ask(inner)
    expect(page.get_by_text(f"{ROWS:,} rows").first).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_test_id("glide-cell-0-0").first).to_be_attached(timeout=PATIENCE)
    search = page.get_by_label("Search the table")
    search.fill("no such thing")
    search.press("Enter")
    expect(page.get_by_text(f"0 of {ROWS:,} rows match")).to_be_visible(timeout=PATIENCE)
    search.fill("")
    search.press("Enter")
    expect(page.get_by_text(f"of {ROWS:,} rows match")).to_have_count(0, timeout=PATIENCE)
    seen.press("Download")
    with page.expect_download(timeout=PATIENCE) as download:
        page.get_by_test_id("stPopoverBody").get_by_role("button", name="CSV", exact=True).click()
    download.value.save_as(tmp_path / "all.csv")
    with (tmp_path / "all.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.reader(file))
    assert len(lines) == ROWS + 1
    assert sum(int(line[0]) % 7 == 0 for line in lines[1:]) == found
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Quality").click()
    expect(page.get_by_role("heading", level=1, name="How good are the answers?")).to_be_visible()
    assert seen.complaints == []


def test_a_reload_keeps_the_conversation_and_a_second_window_begins_its_own(
    look: Callable[..., Seen], store: Store
) -> None:
    first, second = look(), look()
    first.go()
    first.ask("bids per month in 2025")
    second.go()
    expect(second.page.get_by_test_id("stChatInputTextArea")).to_be_visible()
    expect(second.page.locator("h2.ask-headline")).to_have_count(0)
    second.ask(QUESTION)
    first.page.reload()
    expect(first.page.locator(".st-key-newest .ask-asked")).to_have_text("bids per month in 2025", timeout=PATIENCE)
    expect(first.page.locator("h2.ask-headline")).to_have_count(1)
    expect(first.page.get_by_role("button", name=QUESTION, exact=True).first).to_be_attached()
    first.ask("and in 2024?")
    expect(second.page.locator(".st-key-newest .ask-asked")).to_have_text(QUESTION)
    assert first.complaints + second.complaints == []


def english_only() -> re.Pattern[str]:
    """Any text of ours that has other words in German; those with placeholders, whatever stands in them."""
    german = {text["de"] for text in messages().values()}
    texts = {text["en"] for text in messages().values()} - german
    told = [each for each in texts if len(re.sub(r"\{\w+\}|\W", "", each)) > 3]
    return re.compile("|".join(re.sub(r"\\\{\w+\\\}", ".+", re.escape(each)) for each in sorted(told)))


@pytest.mark.timeout(300)
def test_in_german_no_text_of_ours_is_english(look: Callable[..., Seen], store: Store, folder: Path) -> None:
    """What the data says is English; what stands around it is not."""
    write_log(folder / "evals" / "new.jsonl", cases(37, "wrong_rows", "declined", "declined"), header())
    seen, english = look(), english_only()
    page = seen.page
    seen.go()
    page.locator(".st-key-me button").first.click()
    page.get_by_text("Deutsch", exact=True).click()
    expect(page.get_by_role("link", name="Fragen", exact=True)).to_be_visible()
    page.keyboard.press("Escape")
    seen.ask(QUESTION)
    left: set[str] = set()
    for path in ("", "/boards", "/data", "/quality", "/activity", "/settings"):
        if path:
            seen.go(path)
        rested(page)
        parts = page.locator(
            "a, button, label, h1, h2, h3, dt, [role=tab], .ask-lead, .ask-label, .ask-small"
        ).all_inner_texts()
        said = {line.strip() for text in parts for line in text.splitlines()}
        left |= {f"{path or '/'}: {line}" for line in said if english.fullmatch(line)}
        assert page.locator("h1").first.inner_text() not in {text["en"] for text in messages().values()}
    assert left == set()
    assert seen.complaints == []
