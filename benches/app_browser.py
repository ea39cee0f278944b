"""What one person waits for in a real browser: the first answer after Enter, and a page that is loaded again."""

from __future__ import annotations

import os
import shutil
import statistics
from collections.abc import Callable
from functools import partial
from time import perf_counter

from playwright.sync_api import Page, sync_playwright

# No sandbox: machines that measure often run as root.
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
ROUNDS = 5
BOX = "[data-testid=stChatInput] textarea"
HEADLINE = "h2.ask-headline"
WAIT_MS = 60_000


def chromium() -> str | None:
    return os.environ.get("NL2SQL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")


def waits(port: int, question: str, path: str) -> dict[str, float]:
    """Medians in seconds, each of `ROUNDS` browser profiles that never saw the app; the server has, once."""
    opened, answered, reloaded = [], [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        for _ in range(ROUNDS):
            context = browser.new_context()
            page = context.new_page()
            page.set_default_timeout(WAIT_MS)
            opened.append(_until(page, BOX, partial(page.goto, f"http://127.0.0.1:{port}/", wait_until="commit")))
            page.locator(BOX).fill(question)
            answered.append(_until(page, HEADLINE, partial(page.press, BOX, "Enter")))
            reloaded.append(_until(page, BOX, page.reload))
            context.close()
        browser.close()
    return {
        "browser: first visit, box is there": statistics.median(opened),
        "browser: Enter to headline": statistics.median(answered),
        "browser: reload, box is there": statistics.median(reloaded),
    }


def _until(page: Page, selector: str, act: Callable[[], object]) -> float:
    begun = perf_counter()
    act()
    page.locator(selector).first.wait_for(state="visible")
    return perf_counter() - begun
