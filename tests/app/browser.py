"""The app as a process of its own, and a browser to look at it: shared by the tests of what only a browser shows."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

# No sandbox: test machines run as root. The rest keeps Chromium from calling home.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
START_SECONDS = 60


def chromium() -> str:
    """The browser to drive; without one the tests are skipped, except where CI must not skip them."""
    found = os.environ.get("NL2SQL_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        reason = "no Chromium: set NL2SQL_CHROMIUM to its path, or install the package chromium"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def launched() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def served(
    config: Path,
    log: Path,
    cwd: Path | None = None,
    *,
    command: Sequence[str] = ("streamlit_app", "--port"),
    **more: str,
) -> Iterator[str]:
    """The address of the app with the settings file `config`, and `more` in its environment. `command` is a module and
    its arguments; the port comes last."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NL2SQL_", "OPENAI_"))}
    with log.open("w") as written:
        server = subprocess.Popen(
            [sys.executable, "-m", *command, str(port)],
            cwd=cwd,
            env=kept | {"NL2SQL_CONFIG": str(config)} | more,
            stdout=written,
            stderr=written,
        )
        try:
            _wait_until_healthy(f"http://localhost:{port}/_stcore/health", server, log)
            yield f"http://localhost:{port}"
        finally:
            server.terminate()
            server.wait(timeout=20)


def _wait_until_healthy(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - a fixed address of this machine
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"the app did not start:\n{log.read_text()}")


def rested(page: Page) -> None:
    """Nothing is fading in or being asked any more: colours are judged as they stay."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)
    page.wait_for_timeout(400)  # the longest of Streamlit's own transitions takes 300 ms
