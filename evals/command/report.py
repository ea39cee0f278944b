"""`nl2sql eval report RUN.jsonl`: what came of a run, as a page, as Markdown, as JUnit XML, or on the terminal."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TextIO

import typer

from evals.command.logs import find_log

if TYPE_CHECKING:
    from evals.report.reading import Report

REPORT_EXIT_CODES = """\b
Exit codes:
  0  shown or written
  2  a log cannot be used, is not comparable, or a report cannot be written
"""

Log = Annotated[
    Path, typer.Argument(metavar="RUN", help="The log of a run, or its name, like smoke/20260630T120000Z-offline.")
]
Against = Annotated[
    Path | None, typer.Option("--against", metavar="BASE", help="Compare with this run: verdict and flips.")
]
Html = Annotated[Path | None, typer.Option("--html", metavar="FILE", help="One page that needs no network.")]
Markdown = Annotated[Path | None, typer.Option("--markdown", metavar="FILE", help="A summary for a pull request.")]
Junit = Annotated[Path | None, typer.Option("--junit", metavar="FILE", help="JUnit XML for a build server.")]
Open = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]


def report(
    context: typer.Context,
    log: Log,
    against: Against = None,
    html: Html = None,
    markdown: Markdown = None,
    junit: Junit = None,
    show: Open = False,
) -> None:
    """What came of a run: as a page, as Markdown, as JUnit XML. Without an option, on the terminal."""
    log, against = find_log(context.obj, log), against and find_log(context.obj, against)
    if not (html or markdown or junit or show):
        from evals.report.terminal import print_run

        print_run(log, sys.stdout, against)
        return
    from evals.report.reading import read_report

    if show and html is None:
        html = log.with_suffix(".html")
    write_reports(read_report(log, against), log, html=html, markdown=markdown, junit=junit)
    if show and html is not None:
        typer.launch(html.resolve().as_uri())


def write_reports(
    found: Report, log: Path, *, html: Path | None = None, markdown: Path | None = None, junit: Path | None = None
) -> None:
    """Those that a file is named for. `log` is the one that was read. Raises ReportUnwritable."""
    from evals.report.html import write_page
    from evals.report.junit import junit_xml
    from evals.report.markdown import markdown_summary

    if html is not None:
        _write(html, lambda stream: write_page(found, log, stream))
    if markdown is not None:
        _write(markdown, lambda stream: stream.write(markdown_summary(found)))
    if junit is not None:
        text = junit_xml(found.header, found.records).decode("utf-8")
        _write(junit, lambda stream: stream.write(text))


def _write(path: Path, fill: Callable[[TextIO], object]) -> None:
    """“-” is standard output. Raises ReportUnwritable."""
    from evals.errors import ReportUnwritable
    from nl2sql.terminal import write_utf8

    if path == Path("-"):
        text = StringIO()
        fill(text)
        write_utf8(text.getvalue(), sys.stdout)
        return
    try:
        if path.exists() and not path.is_file():  # a pipe or a device: it must stay what it is
            with _opened(path) as stream:
                fill(stream)
        else:
            _write_whole(path.resolve(), fill)
    except OSError as error:
        raise ReportUnwritable(f"{path} cannot be written: {error.strerror or type(error).__name__}.") from None
    typer.echo(f"Written: {path}", err=True)


def _write_whole(path: Path, fill: Callable[[TextIO], object]) -> None:
    """Beside it first: a page that is half there would look whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with _opened(unfinished) as stream:
            fill(stream)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _opened(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n")
