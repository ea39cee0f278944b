"""`nl2sql eval run --matrix`: a run for each cell, and a table that compares them all with the first."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from evals.command.run_end import judged
from evals.comparing.base import Comparison
from evals.comparing.compare import compare_runs
from evals.comparing.words import points
from evals.errors import SuiteInvalid
from evals.log.records import read_run, stream
from evals.runner.matrix import cells, load_matrix
from evals.runner.progress import Progress
from evals.runner.run import Finished, run_suite
from evals.summary.summarise import summarise
from evals.wording import percent
from nl2sql.settings import load_settings
from nl2sql.terminal import Page, write_utf8

if TYPE_CHECKING:
    from evals.runner.gates import Limits
    from evals.runner.options import Options

HEADER = ("run", "right", "answers", "accuracy", "cost", "median", "against the first", "p (Holm)", "verdict")


def run_matrix(
    path: Path, options: Options, limits: Limits, environ: Mapping[str, str], *, as_json: bool = False
) -> int:
    """The worst exit code of its runs. `--out` names the folder; the budget is that of all runs together."""
    matrix = load_matrix(path)
    folder = options.out or _new_folder(environ, path)
    if folder.is_file():
        raise SuiteInvalid(f"{folder} is a file.", hint="With --matrix, --out names a folder.")
    finished: list[Finished] = []
    code, left = 0, options.budget
    for cell in cells(matrix, options, folder):
        progress = Progress(prefix=cell.label)
        one = run_suite(replace(cell, budget=left), environ, progress)
        finished.append(one)
        code = max(code, judged(one, limits, progress))
        if one.end.stopped:
            break
        if left is not None:
            left = max(left - _spent(one), Decimal("1e-12"))
    _tell(finished, as_json=as_json)
    return code


def _new_folder(environ: Mapping[str, str], path: Path) -> Path:
    settings = load_settings(environ)
    return settings.path(settings.evals) / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{path.stem}"


def _spent(finished: Finished) -> Decimal:
    return sum((Decimal(record.cost or 0) for record in stream(finished.path)), Decimal(0))


def _tell(finished: Sequence[Finished], *, as_json: bool) -> None:
    """Runs that did not end are told of, and not compared."""
    ended = [read_run(one.path) for one in finished if not one.end.stopped]
    comparisons = compare_runs(ended[0], ended[1:]) if len(ended) > 1 else ()
    if as_json:
        write_utf8(json.dumps(_as_dict(finished, comparisons), ensure_ascii=False, indent=2) + "\n", sys.stdout)
        return
    Page(sys.stdout).table(HEADER, _rows(finished, comparisons), frozenset(range(1, 8)))


def _rows(finished: Sequence[Finished], comparisons: Sequence[Comparison]) -> list[tuple[str, ...]]:
    against = {comparison.run.header.label: comparison for comparison in comparisons}
    rows: list[tuple[str, ...]] = []
    for one in finished:
        summary = summarise(stream(one.path), one.header)
        total, comparison = summary.total, against.get(one.header.label)
        cost = ", ".join(f"{money:.4f} {name}" for name, money in summary.spending.total.items()) or "–"
        told = ("", "", f"stopped: {one.end.stopped}" if one.end.stopped else "")
        if comparison is not None:
            told = (points(comparison.difference), f"{comparison.p_holm:.3f}", comparison.verdict)
        accuracy = percent(total.accuracy)
        median = "–" if total.median_ms is None else f"{total.median_ms:,.0f} ms"
        rows.append((one.header.label, f"{total.right:,}", f"{total.trials:,}", accuracy, cost, median, *told))
    return rows


def _as_dict(finished: Sequence[Finished], comparisons: Sequence[Comparison]) -> dict[str, object]:
    return {
        "runs": [
            {
                "label": one.header.label,
                "log": str(one.path),
                "stopped": one.end.stopped,
                "summary": summarise(stream(one.path), one.header).as_dict(),
            }
            for one in finished
        ],
        "comparisons": [
            {
                "first": finished[0].header.label,
                "second": comparison.run.header.label,
                "difference": comparison.difference,
                "interval": [comparison.interval.low, comparison.interval.high],
                "p": comparison.p,
                "p_holm": comparison.p_holm,
                "verdict": comparison.verdict,
            }
            for comparison in comparisons
        ],
    }
