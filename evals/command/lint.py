"""`nl2sql eval lint`: whether a suite can be relied on."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evals.cases.base import Suite
    from evals.lint.run import Grounds, Report
    from nl2sql.terminal import Page

LINT_EXIT_CODES = """\b
Exit codes:
  0  no error; warnings may be there
  1  errors: cases that cannot be judged, or that no answer or any answer passes
  2  the suite, a setting, the model or the database cannot be used
"""
_STYLES = {"error": "red", "warning": "yellow"}


def lint(
    context: typer.Context,
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="The suite file.")],
    database: Annotated[
        str, typer.Option(metavar="URL", help="A database or its file, in place of the suite's and the setting's.")
    ] = "",
    instances: Annotated[
        int, typer.Option(min=1, max=50, metavar="N", help="Run the golds on so many databases, the base with them.")
    ] = 6,
    same_rows: Annotated[
        str,
        typer.Option(
            "--same-rows",
            metavar="URL",
            help="A database with the same rows in the dialect of the golds: transpiled, they must give the same.",
        ),
    ] = "",
    text_only: Annotated[bool, typer.Option("--text-only", help="Run nothing; read the file alone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what is wrong with a suite: golds that do not run, are empty or cut a tie, cases that cannot be told apart.

    The golds run on the base database and on seeded ones, read-only. Each finding has its file, line and case.
    """
    from evals.cases.load import suite_of
    from evals.cases.source import Source
    from evals.lint.run import lint as examine
    from evals.lint.tell import shape_of
    from nl2sql.terminal import Page, write_json

    source = Source(suite)
    read = suite_of(source)
    with ExitStack() as opened:
        grounds = None if text_only else _grounds(read, context.obj.environ(), (database, same_rows), instances, opened)
        report = examine(source, grounds)
    if as_json:
        write_json(shape_of(report), sys.stdout)
    else:
        _tell(report, Page(sys.stdout))
    raise typer.Exit(1 if report.count("error") else 0)


def _grounds(
    suite: Suite, environ: Mapping[str, str], databases: tuple[str, str], instances: int, opened: ExitStack
) -> Grounds:
    """As a run has them. `databases` are the one that is asked, and one with the same rows in the golds' dialect."""
    from evals.cases.resolve import Target, target_of
    from evals.gold.database import open_golds, verify_transpiled
    from evals.lint.bench import GoldBench
    from evals.lint.guard import guard_of
    from evals.lint.run import Ground
    from evals.runner.benches import instances_of
    from evals.runner.options import Options, settings_for, settings_of
    from evals.runner.placing import Placing, url_of

    database, same_rows = databases
    options = Options(suite=suite.path, database=database, instances=instances)
    settings = settings_for(options, suite, environ)
    placing = Placing(options, suite, settings, opened)

    def ground(target: Target) -> Ground:
        placed = settings_of(placing(target), settings)
        cases = [case for case in suite.cases if target_of(case, suite) == target]
        found = instances_of(suite, cases, placed, count=instances, told=_note)
        golds = [opened.enter_context(open_golds(each.url, suite, today=placed.today)) for each in found]
        benches = [GoldBench(each.name, read) for each, read in zip(found, golds, strict=True)]
        if not same_rows:
            return Ground(benches, guard_of(suite, placed))
        original = opened.enter_context(open_golds(url_of(same_rows), suite, today=placed.today))
        return Ground(benches, guard_of(suite, placed), lambda case: verify_transpiled(case, original, golds[0]))

    return ground


def _note(text: str) -> None:
    typer.echo(text, err=True)


def _tell(report: Report, page: Page) -> None:
    from evals.lint.tell import lines_of, summary_of

    for line, finding in zip(lines_of(report), report.findings, strict=True):
        page.line(line, _STYLES[finding.problem.level])
    page.line(summary_of(report))
