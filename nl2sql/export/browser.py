"""A browser of this machine's that draws charts and prints pages: one at a time, for so long, and gone afterwards.

It opens a page that this product wrote, and reaches no network. Its sandbox is off, which containers and root need:
what it is given is escaped, and holds no script of anybody else.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any, Literal

from nl2sql.errors import ExportUnavailable
from nl2sql.export.shapes import is_map, shapes_script

PictureForm = Literal["png", "svg", "pdf"]
SECONDS = 30.0  # for one file; a chart takes two to three on two cores, a long page of answers some more
_CLOSING_SECONDS = 10.0
_NOWHERE = "127.0.0.1:9"  # the discard port: a proxy that is not there
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update", "--disable-dev-shm-usage",
    f"--proxy-server={_NOWHERE}", "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
_THOUGHT_MS = 10_000  # of the page's own clock, which a headless browser lets run ahead until nothing is left to do
_PAGE_PIXELS = 728  # the printed width of A4, with the margins that a screen adds: charts are as wide as they will be
_turn = Lock()


def browser_path() -> str:
    """Of a Chromium: BROWSER_PATH, else on the PATH; empty without one."""
    named = os.environ.get("BROWSER_PATH", "")
    found = [shutil.which(name) for name in ((named,) if named else _NAMES)]
    return next((path for path in found if path), "")


def picture(drawn: Any, form: PictureForm, *, width: int, height: int, scale: float = 1) -> bytes:
    """A plotly figure as a file; `width` and `height` in pixels. Raises ExportUnavailable."""
    opts = {"format": form, "width": width, "height": height, "scale": scale}
    with _browser() as path, _folder() as folder, ThreadPoolExecutor(1, "picture") as own_loop:
        try:
            made: bytes = own_loop.submit(asyncio.run, _picture(path, drawn, opts, folder)).result()
        except Exception as error:  # the browser's and its driver's own, of many kinds
            raise _failed(error) from error
    return made


async def _picture(path: str, drawn: Any, opts: dict[str, Any], folder: Path) -> bytes:
    from kaleido import Kaleido, PageGenerator

    scripts: list[str | Path] = []
    if is_map(drawn.to_plotly_json()):
        (folder / "shapes.js").write_text(shapes_script(), encoding="utf-8")
        scripts = [(folder / "shapes.js").as_uri()]
    page = PageGenerator(mathjax=False, others=scripts)
    opened = Kaleido(path=path, page_generator=page, timeout=SECONDS, enable_extensions=False, proxy_server=_NOWHERE)
    try:
        async with asyncio.timeout(SECONDS):
            await opened.open()
            made: bytes = await opened.calc_fig(drawn, opts=opts)
            return made
    finally:
        with suppress(Exception):
            async with asyncio.timeout(_CLOSING_SECONDS):
                await opened.close()
        _end(getattr(opened, "subprocess", None))


def print_page(page: str) -> bytes:
    """A page of HTML as PDF on A4. Raises ExportUnavailable."""
    with _browser() as path, _folder() as folder:
        source, made = folder / "page.html", folder / "page.pdf"
        source.write_text(page, encoding="utf-8", errors="replace")
        command = [
            path, *_FLAGS, f"--user-data-dir={folder / 'profile'}", "--no-pdf-header-footer",
            f"--virtual-time-budget={_THOUGHT_MS}", f"--print-to-pdf={made}",
            f"--window-size={_PAGE_PIXELS},1000", source.as_uri(),
        ]  # fmt: skip
        quiet = subprocess.DEVNULL
        try:
            started = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)  # noqa: S603 - no shell; our own path and page
            try:
                started.wait(SECONDS)
            finally:
                _end(started)
            printed = made.read_bytes()
        except (OSError, subprocess.TimeoutExpired) as error:
            raise _failed(error) from error
    return printed


@contextmanager
def _folder() -> Iterator[Path]:
    with TemporaryDirectory(prefix="nl2sql-export-", ignore_cleanup_errors=True) as name:
        yield Path(name)


@contextmanager
def _browser() -> Iterator[str]:
    path = browser_path()
    if not path:
        raise ExportUnavailable(
            "There is no Chromium on this machine to draw pictures and pages with.",
            hint="The camera above a chart saves it as PNG; or install Chromium, or name it by BROWSER_PATH.",
        )
    if not _turn.acquire(timeout=SECONDS):
        raise ExportUnavailable("Others are having pictures made; please try again in a moment.")
    try:
        yield path
    finally:
        _turn.release()


def _end(process: subprocess.Popen[Any] | None) -> None:
    """With whatever it started: it leads a group of its own."""
    if process is None or process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(_CLOSING_SECONDS)


def _failed(error: BaseException) -> ExportUnavailable:
    if isinstance(error, ImportError):
        return ExportUnavailable("Drawing charts needs the extra “app”.", hint="pip install 'nl2sql[app]'")
    if isinstance(error, TimeoutError | subprocess.TimeoutExpired):
        return ExportUnavailable(f"The browser that draws was stopped after {SECONDS:.0f} seconds.", hint="Try again.")
    return ExportUnavailable(
        "The browser that draws did not do its part.", hint=f"{type(error).__name__}: try again, or save a PNG above."
    )
