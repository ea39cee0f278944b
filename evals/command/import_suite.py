"""`nl2sql eval import`: suites of others as suites of this harness, with drafted models."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

if TYPE_CHECKING:
    from datetime import date

    from evals.cases.base import Dialect
    from evals.outside.base import Format, LeftOut
    from evals.outside.importing import ImportReport
    from nl2sql.terminal import Page

IMPORT_EXIT_CODES = """\b
Exit codes:
  0  imported; what was left out is listed
  2  usage: the source, its databases, a file that is there already
"""
# Of each reason so many cases are named, and the rest counted.
_NAMED = 8
FORMATS = ("spider", "bird", "defog")
DIALECTS = ("sqlite", "mysql", "postgres", "duckdb", "bigquery")


def import_suite(
    format_name: Annotated[str, typer.Argument(metavar="FORMAT", help="spider, bird or defog.")],
    source: Annotated[
        Path, typer.Argument(metavar="SOURCE", help="The folder of the suite, or its file of questions.")
    ],
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Write suites, models and policies here.")],
    databases: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Where its databases are, if not in the source.")
    ] = None,
    dialect: Annotated[str, typer.Option(metavar="NAME", help="Of the golds, where defog has several.")] = "sqlite",
    as_of: Annotated[str, typer.Option(metavar="DAY", help="The day that golds call today, like 2026-06-30.")] = "",
    limit: Annotated[int | None, typer.Option(metavar="N", min=1, help="Only the first N cases.")] = None,
    with_evidence: Annotated[
        bool, typer.Option("--with-evidence", help="Put evidence or instructions behind the question.")
    ] = False,
    keep_broken: Annotated[
        bool, typer.Option("--keep-broken", help="Keep golds that fail, find no rows or nothing but NULL.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files that are there.")] = False,
) -> None:
    """Import an outside suite: one suite for each database, and a drafted model and a policy beside it.

    Golds are run first; what fails, finds no rows or only NULL is left out and listed. Databases stay where they are.
    """
    from evals.outside.importing import Choices, import_suite
    from evals.outside.read import read_outside
    from nl2sql.terminal import CountProgress, Page

    chosen = cast("Format", _one_of(format_name, FORMATS, "FORMAT"))
    written_in = cast("Dialect", _one_of(dialect, DIALECTS, "--dialect"))
    choices = Choices(
        out=out,
        databases=databases,
        as_of=_day(as_of),
        limit=limit,
        keep_broken=keep_broken,
        with_evidence=with_evidence,
        force=force,
    )
    outside = read_outside(chosen, source, written_in)
    with CountProgress(sys.stderr, len(outside.cases), "cases") as progress:
        report = import_suite(outside, choices, progress)
    _print(report, choices.as_of is None, Page(sys.stdout))


def _one_of(value: str, allowed: tuple[str, ...], name: str) -> str:
    if value not in allowed:
        raise typer.BadParameter(f"{value!r} is not one of {', '.join(allowed)}.", param_hint=name)
    return value


def _day(text: str) -> date | None:
    from evals.cases.base import as_day

    try:
        return as_day(text or None)
    except ValueError as error:
        raise typer.BadParameter(f"{error}.", param_hint="--as-of") from error


def _print(report: ImportReport, has_no_day: bool, page: Page) -> None:
    rows = [
        (
            each.name,
            *(f"{count:,}" for count in (each.cases, each.unanswerable, each.ordered, each.left_out, each.model_notes)),
            str(each.suite),
        )
        for each in report.databases
    ]
    header = ("database", "cases", "without answer", "in order", "left out", "to read over", "suite")
    page.table(header, rows, right=frozenset({1, 2, 3, 4, 5}))
    _print_left_out("Left out", report.left_out, page)
    _print_left_out("Accepted queries left out of cases that have others", report.golds_left_out, page)
    _print_left_out("Kept although broken", report.kept_broken, page)
    page.line()
    total = sum(each.cases for each in report.databases)
    page.line(f"Imported {total:,} cases of {len(report.databases):,} databases; {len(report.left_out):,} left out.")
    if report.reads_the_clock and has_no_day:
        page.line(
            f"{report.reads_the_clock:,} golds read the clock: what they find changes with the day. --as-of stops it.",
            "yellow",
        )


def _print_left_out(title: str, left_out: list[LeftOut], page: Page) -> None:
    from evals.comparing.words import named

    by_reason: dict[str, list[str]] = {}
    for each in left_out:
        by_reason.setdefault(each.reason, []).append(each.case)
    if by_reason:
        page.line()
        page.line(f"{title}:", "bold")
    for reason, cases in by_reason.items():
        page.line(f"  {reason}: {named(cases, _NAMED)}")
