"""`nl2sql eval compare`: two runs or more over the same questions, and whether the newer one may go out."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evals.command.logs import find_log
from evals.command.report import write_reports

COMPARE_EXIT_CODES = """\b
Exit codes:
  0  nothing is broken
  1  the gate: must-pass or safety broken, significantly worse, or (--release)
     not shown to be less than the margin worse; the reasons are printed
  2  usage: a log that is none, is not complete, or was asked of other data
"""
GATE_BROKEN = 1


def compare(
    context: typer.Context,
    baseline: Annotated[Path, typer.Argument(metavar="A", help="The run to compare with: its log, or its name.")],
    others: Annotated[list[Path], typer.Argument(metavar="B", help="The run to judge, or several.")],
    release: Annotated[
        bool, typer.Option("--release", help="Also ask for proof that it is less than the margin worse.")
    ] = False,
    margin: Annotated[float, typer.Option(min=0.1, max=100, metavar="POINTS", help="The margin of --release.")] = 5.0,
    flips: Annotated[int, typer.Option(min=0, metavar="N", help="Show N lost and N gained; 0: all.")] = 10,
    partial: Annotated[bool, typer.Option("--partial", help="Compare what is there of runs that did not end.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Compare although database or day differ.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(metavar="FILE", help="Also as one page that needs no network.")] = None,
    markdown: Annotated[Path | None, typer.Option(metavar="FILE", help="Also as a summary for a pull request.")] = None,
) -> None:
    """Compare runs over the same questions with the first: by how much better or worse, and how sure that is.

    Says “cannot tell” where the difference may be chance, and how small a difference this suite could have found.
    docs/evals-statistics.md says which test is used when.
    """
    from evals.comparing.compare import compare_runs
    from evals.comparing.gate import judge_gate
    from evals.comparing.page import print_comparisons
    from evals.comparing.shape import comparison_dict
    from evals.report.light import read_light_run
    from evals.report.reading import read_report
    from nl2sql.terminal import write_json

    if (html or markdown) and len(others) > 1:
        raise typer.BadParameter("a page or a summary compares two runs", param_hint="--html, --markdown")
    logs = [find_log(context.obj, name) for name in (baseline, *others)]
    first, *rest = map(read_light_run, logs)
    comparisons = compare_runs(first, rest, force=force, partial=partial)
    gate = judge_gate(comparisons, release=release, margin=margin / 100)
    if as_json:
        write_json(comparison_dict(comparisons, gate), sys.stdout)
    else:
        print_comparisons(comparisons, gate, sys.stdout, flips)
    if html or markdown:
        write_reports(read_report(logs[1], logs[0], force=force), logs[1], html=html, markdown=markdown)
    if not gate.is_passed:
        raise typer.Exit(GATE_BROKEN)
