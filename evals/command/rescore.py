"""`nl2sql eval rescore`: scores a log again, without asking a language model."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from evals.command.logs import find_log
from evals.command.run import seed_list
from evals.command.run_end import gates_of, tell
from nl2sql.exit_codes import ExitCode

RESCORE_EXIT_CODES = """\b
Exit codes:
  0  scored again
  1  a case that must pass is not right, or SQL ran for what is unsafe
  2  the log, the suite, a gold, a setting or the database cannot be used
  5  the new log cannot be written
"""
# So many ids are named in a sentence.
NAMED = 5


def rescore(
    context: typer.Context,
    log: Annotated[Path, typer.Argument(metavar="RUN", help="The log of a run, or its name.")],
    suite: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The suite; without: the file that the run was asked from.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The new log; without: RUN.rescored.jsonl.", dir_okay=False)
    ] = None,
    instances: Annotated[int, typer.Option(min=1, max=50, help="Databases that judge an answer, the base too.")] = 6,
    seeds: Annotated[str, typer.Option(metavar="N,N", help="Seeds of the other instances; empty: chosen ones.")] = "",
    database: Annotated[
        str, typer.Option(metavar="URL", help="Database, like sqlite:///var/auction.db, in place of the suite's.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="Print summary and cases as JSON.")] = False,
) -> None:
    """Score a log again: with today's golds, comparison and databases, and without asking a language model.

    The SQL of each answer runs once more, through the guard. Cases that the suite does not have any more, or that ask
    something else now, are left out; those that were not asked then are told.
    """
    from evals.comparing.words import named
    from evals.log.records import read_header
    from evals.runner.gates import Limits
    from evals.runner.options import Options
    from evals.runner.placing import url_of
    from evals.runner.progress import Progress
    from evals.runner.rescore import rescore as scored_again

    above, progress = context.obj, Progress()
    log = find_log(above, log)
    options = Options(
        suite=suite or Path(read_header(log).suite_path),
        instances=instances,
        seeds=seed_list(seeds),
        database=url_of(database or above.database) if database or above.database else "",
        semantic_model=above.model,
        out=out,
    )
    found = scored_again(log, options, above.environ(), progress.note)
    tell(found.path, as_json=as_json)
    sys.stdout.flush()
    progress.note(f"Scored again: {found.path}, {found.changed:,} with another outcome than before.")
    if found.dropped:
        progress.note(f"Left out, because the suite does not ask them any more: {named(found.dropped, NAMED)}.")
    if found.new:
        progress.note(f"Not in the log, so not scored: {named(found.new, NAMED)}.")
    gates = gates_of(found.path, Limits())
    for sentence in (*found.unusable[:NAMED], *gates):
        progress.note(sentence)
    raise typer.Exit(ExitCode.USAGE if found.unusable else int(bool(gates)))
