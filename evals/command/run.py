"""`nl2sql eval run`: asks every question of a suite through the real pipeline, and keeps and judges the answers."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from evals.command.run_end import judged, tell
from nl2sql.exit_codes import ExitCode

if TYPE_CHECKING:
    from evals.runner.gates import Limits
    from evals.runner.options import Options

RUN_EXIT_CODES = """\b
Exit codes:
  0    the run ended
  1    a case that must pass is not right, SQL ran for what is unsafe, or --fail-under or --max-wrong is missed
  2    the suite, a gold, a setting or the database cannot be used
  5    the provider or the budget stopped it, or its log cannot be written: the same command goes on from there
  130  stopped with Ctrl-C: the same command goes on from there
"""


def run(
    context: typer.Context,
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="A suite, like evals/suites/auction/smoke.yaml.")],
    writer: Annotated[
        str,
        typer.Option(
            metavar="WRITER",
            help="Who writes SQL: offline; llm, which costs; configured, the order of the setting writers; "
            "or gold, the most that the suite can give.",
        ),
    ] = "offline",
    prompt: Annotated[str, typer.Option(metavar="ID@VERSION", help="Prompt template, like sql_writer@v2.")] = "",
    model: Annotated[str, typer.Option(metavar="NAME", help="Language model; empty: the setting openai_model.")] = "",
    repeats: Annotated[int, typer.Option(min=1, max=100, help="How often each case is asked.")] = 1,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Cases that are asked at once.")] = 8,
    budget: Annotated[
        str, typer.Option(metavar="MONEY", help="What the whole run may pay a language model, like 5.00; empty: all.")
    ] = "",
    instances: Annotated[int, typer.Option(min=1, max=50, help="Databases that judge an answer, the base too.")] = 6,
    seeds: Annotated[str, typer.Option(metavar="N,N", help="Seeds of the other instances; empty: chosen ones.")] = "",
    only: Annotated[list[str] | None, typer.Option(metavar="ID", help="This case; may be given again.")] = None,
    tag: Annotated[list[str] | None, typer.Option(metavar="TAG", help="Cases with this tag; again: or that.")] = None,
    kind: Annotated[list[str] | None, typer.Option(metavar="KIND", help="Cases of this kind; again: or that.")] = None,
    database: Annotated[
        str, typer.Option(metavar="URL", help="Database, like sqlite:///var/auction.db, in place of the suite's.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The log; one that did not end is gone on with.")
    ] = None,
    label: Annotated[str, typer.Option(metavar="NAME", help="What this run is called.")] = "",
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the newest such run that did not end.")] = False,
    record: Annotated[bool, typer.Option("--record/--no-record", help="Keep what a language model replies.")] = True,
    retries: Annotated[int, typer.Option(min=0, max=20, help="How often a busy provider is asked again.")] = 3,
    matrix: Annotated[
        Path | None, typer.Option(metavar="FILE", help="YAML of prompts, models and writers: a run for each.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print summary and cases as JSON.")] = False,
    fail_under: Annotated[
        float | None, typer.Option(metavar="SHARE", min=0, max=1, help="Exit with 1 where fewer are right, like 0.9.")
    ] = None,
    max_wrong: Annotated[
        int | None, typer.Option(metavar="N", min=0, help="Exit with 1 where more are wrong or failed.")
    ] = None,
) -> None:
    """Ask every question of a suite through the real pipeline; keep the answers in a log, and judge them.

    An answer is right when it holds what an accepted gold holds, on every instance of the database. A run that was
    stopped or killed goes on where it was, and pays for nothing twice, when the same command is given with its --out.
    """
    from evals.runner.gates import Limits
    from evals.runner.options import Options, WriterChoice
    from evals.runner.placing import url_of

    above = context.obj
    options = Options(
        suite=suite,
        writer=_one_of(writer, get_args(WriterChoice), "--writer"),
        prompt=prompt,
        model=model,
        repeats=repeats,
        concurrency=concurrency,
        budget=_money(budget),
        instances=instances,
        seeds=seed_list(seeds),
        only=tuple(only or ()),
        tags=tuple(tag or ()),
        kinds=tuple(kind or ()),
        database=url_of(database or above.database) if database or above.database else "",
        semantic_model=above.model,
        out=out,
        label=label,
        resume=resume,
        record=record,
        retries=retries,
    )
    limits = Limits(fail_under, max_wrong)
    if matrix is not None:
        from evals.command.run_matrix import run_matrix

        raise typer.Exit(run_matrix(matrix, options, limits, above.environ(), as_json=as_json))
    raise typer.Exit(run_one(options, limits, above.environ(), as_json=as_json))


def run_one(options: Options, limits: Limits, environ: dict[str, str], *, as_json: bool) -> int:
    """Runs, tells and gives the exit code."""
    from evals.errors import LogUnwritable
    from evals.runner.progress import Progress
    from evals.runner.run import run_suite

    progress = Progress()
    try:
        finished = run_suite(options, environ, progress)
    except LogUnwritable as error:
        progress.note(f"{error.user_message} {error.hint}")
        return ExitCode.FAILED
    tell(finished.path, as_json=as_json)
    return judged(finished, limits, progress)


def _one_of(text: str, allowed: tuple[str, ...], option: str) -> Any:
    if text not in allowed:
        raise typer.BadParameter(f"“{text}” is not one of {', '.join(allowed)}", param_hint=option)
    return text


def _money(text: str) -> Decimal | None:
    if not text:
        return None
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount <= 0:
        raise typer.BadParameter(f"“{text}” is no amount of money like 5.00", param_hint="--budget")
    return amount


def seed_list(text: str) -> tuple[int, ...]:
    try:
        found = tuple(int(each) for each in text.split(",") if each.strip())
    except ValueError:
        raise typer.BadParameter(f"“{text}” is no list of numbers like 11,23", param_hint="--seeds") from None
    if len(set(found)) < len(found) or any(seed < 0 for seed in found):
        raise typer.BadParameter("a seed is 0 or more, and none is there twice", param_hint="--seeds")
    return found
