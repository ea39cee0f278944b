"""`nl2sql eval mutate`: of the mistakes that could be in an answer, how many would the suite see?"""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from evals.cases.base import Case, Suite
    from evals.mutation.run import Plan, Pool

MUTATE_EXIT_CODES = """\b
Exit codes:
  0  the databases that the suite runs on reach the target
  1  they do not
  2  the suite, a setting or the database cannot be used
"""


def mutate(
    context: typer.Context,
    suite: Annotated[Path, typer.Argument(metavar="SUITE", help="The suite file.")],
    database: Annotated[
        str, typer.Option(metavar="URL", help="A database or its file, in place of the suite's and the setting's.")
    ] = "",
    pool: Annotated[
        int, typer.Option(min=1, max=200, metavar="N", help="So many databases beside the base tell mutants apart.")
    ] = 40,
    pick: Annotated[
        int, typer.Option(min=1, max=50, metavar="N", help="Pick at most so many of them, beside the base.")
    ] = 5,
    target: Annotated[float, typer.Option(min=0, max=1, metavar="SHARE", help="Pick until this is reached.")] = 0.95,
    limit: Annotated[int, typer.Option(min=1, max=1_000, metavar="N", help="At most so many mutants of a case.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON, with all survivors.")] = False,
) -> None:
    """Put one mistake at a time into the golds of a suite, and say how many of those the suite would catch.

    A mutant is wrong when some database of the pool tells it from the gold. The mutation score is the share of the
    wrong ones that the suite's own databases tell apart; what survives is listed with its gold.
    """
    from evals.cases.load import load_suite
    from evals.mutation.report import as_json as shape_of
    from evals.mutation.report import print_report
    from evals.mutation.run import mutate_suite
    from nl2sql.terminal import CountProgress, Page, write_json

    read = load_suite(suite)
    with ExitStack() as opened:
        plan = _plan(read, context.obj.environ(), database, pool, limit, opened)
        cases = sum(len(each.cases) for each in plan.pools)
        with CountProgress(sys.stderr, cases, "cases") as progress:
            report = mutate_suite(plan, progress)
    if as_json:
        write_json(shape_of(report, pick, target), sys.stdout)
    else:
        print_report(report, pick, target, Page(sys.stdout))
    share = report.total.share
    raise typer.Exit(0 if share is None or share >= target else 1)


def _plan(suite: Suite, environ: Mapping[str, str], database: str, size: int, limit: int, opened: ExitStack) -> Plan:
    """One pool for each database that cases are asked of, as a run has them."""
    from evals.cases.resolve import target_of
    from evals.mutation.pools import make_pool
    from evals.mutation.run import Plan
    from evals.runner.options import Options, settings_for, settings_of
    from evals.runner.placing import Placing
    from nl2sql.catalog.load import load_model
    from nl2sql.terminal import CountProgress

    options = Options(suite=suite.path, database=database)
    settings = settings_for(options, suite, environ)
    placing = Placing(options, suite, settings, opened)
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in suite.cases:
        if case.sql:
            placed = settings_of(placing(target_of(case, suite)), settings)
            groups.setdefault((placed.database_url, str(placed.path(placed.model))), []).append(case)
    pools: list[Pool] = []
    chosen: tuple[str, ...] = ()
    for (url, model), cases in groups.items():
        with CountProgress(sys.stderr, size, "databases") as progress:
            pool, names = make_pool(
                url,
                [case.id for case in cases],
                [query.sql for case in cases for query in case.sql],
                today=settings.today,
                folder=settings.path(settings.evals) / "instances",
                size=size,
                model=load_model(Path(model)),
                progress=lambda name, done, total: progress(done),
            )
        pools.append(pool)
        chosen = max(chosen, names, key=len)
    return Plan(suite.path, tuple(pools), chosen, settings.today, limit)
