"""What a run tells when it ends, and its exit code."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from nl2sql.exit_codes import ExitCode

if TYPE_CHECKING:
    from evals.runner.gates import Limits
    from evals.runner.progress import Progress
    from evals.runner.run import Finished

GATE_BROKEN = 1
# So many golds that cannot be used are named.
NAMED = 5


def tell(log: Path, *, as_json: bool) -> None:
    """On standard output: the summary, or everything as JSON."""
    if not as_json:
        from evals.report.terminal import print_run

        print_run(log, sys.stdout)
        return
    from evals.report.as_json import json_of
    from evals.report.light import read_light_run
    from nl2sql.terminal import write_utf8

    for piece in json_of(read_light_run(log)):
        write_utf8(piece, sys.stdout)


def gates_of(log: Path, limits: Limits) -> list[str]:
    """A sentence for each gate that the run did not pass."""
    from evals.report.light import read_light_run
    from evals.runner.gates import broken
    from evals.summary.summarise import summarise

    run = read_light_run(log)
    return broken(summarise(run.records, run.header), limits)


def judged(finished: Finished, limits: Limits, progress: Progress) -> int:
    """The exit code, and on standard error why it is not 0."""
    progress.note(f"The log of this run: {finished.path}")
    gates = gates_of(finished.path, limits)
    for sentence in (*gates, *finished.unusable[:NAMED]):
        progress.note(sentence)
    if finished.why:
        progress.note(finished.why)
    if finished.end.stopped:
        return ExitCode.INTERRUPTED if finished.end.stopped == "interrupted" else ExitCode.FAILED
    if finished.unusable:
        return ExitCode.USAGE
    return GATE_BROKEN if gates else ExitCode.ANSWERED
