"""The instances of one database, each with its golds and with an engine that answers are run on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from time import monotonic, perf_counter

from evals.cases.base import Case, Suite
from evals.errors import SuiteInvalid
from evals.gold.accepted import accepted_for, transpile
from evals.gold.database import GoldDatabase, ReadGold, open_golds
from evals.gold.same_statement import says_the_same
from evals.instances.base import BASE, Instance, prepare
from evals.judge import Judge, KeptVerdicts
from evals.runner.tables import require_tables
from nl2sql.bootstrap import open_database
from nl2sql.catalog.load import load_model
from nl2sql.engines.base import RESULT_BYTES, Engine, ResultTable
from nl2sql.engines.columns import rows_to_arrow
from nl2sql.engines.intake import take_capped
from nl2sql.errors import EngineError
from nl2sql.guard.checked import CheckedSql
from nl2sql.settings import Settings

# Golds come again with repeats and paraphrases. About 2 MB for each instance and thread; a larger memory would grow
# with the suite.
KEPT_CELLS = 20_000
# Making a database takes longer than finding one, in seconds.
TOLD_AFTER = 0.5


@dataclass(frozen=True, slots=True)
class InstanceBench:
    """The engine of the base is the pipeline's own, and is not asked here."""

    name: str
    database: GoldDatabase
    engine: Engine | None

    def golds(self, case: Case) -> Sequence[ReadGold]:
        return self.database.golds(case)

    def run(self, checked: CheckedSql) -> ResultTable:
        if self.engine is None:
            raise RuntimeError("answers run on the base before they are judged")
        return self.engine.run(checked)

    def run_gold(self, sql: str, checked: CheckedSql) -> ResultTable:
        """The rows of a gold, cut and typed as the engine would."""
        begun = perf_counter()
        try:
            table = self.database.run(sql)
            rows, truncated = take_capped(table.rows, checked.row_limit, min(RESULT_BYTES, checked.result_bytes))
        except EngineError:  # the engine says it as people are told it
            return self.run(checked)
        columns = rows_to_arrow(rows, table.columns, checked.outputs)
        return ResultTable(columns, checked.row_limit, truncated, (perf_counter() - begun) * 1000)


def instances_of(
    suite: Suite,
    cases: Iterable[Case],
    settings: Settings,
    *,
    count: int,
    seeds: Sequence[int] = (),
    told: Callable[[str], None] = lambda text: None,
) -> tuple[Instance, ...]:
    """The base and the databases beside it, made where they are not there yet. `told` hears what is being made, and
    why none could be. Raises SuiteInvalid for a base that the model does not fit, and what opening either can raise."""
    file = settings.path(settings.model)
    model = load_model(file)
    require_tables(model, file, settings.database_url, told)
    if count == 1 and not seeds:
        return (Instance(BASE, settings.database_url),)
    begun, is_told = monotonic(), False

    def progress(name: str, done: int, total: int) -> None:
        """Those that are there already are not worth a word."""
        nonlocal is_told
        if name and not is_told and monotonic() - begun > TOLD_AFTER:
            is_told = True
            told(f"Preparing {total} more databases to judge answers on.")

    found = prepare(
        settings.database_url,
        today=settings.today,
        folder=settings.path(settings.evals) / "instances",
        count=count,
        seeds=seeds,
        golds=tuple(dict.fromkeys(gold for case in cases for gold in _for_sqlite(case, suite))),
        model=model,
        progress=progress,
    )
    if found[0].note:
        told(f"Answers are judged on one database alone. {found[0].note}")
    return found


def _for_sqlite(case: Case, suite: Suite) -> Iterable[str]:
    """What cannot be said in SQLite plants nothing."""
    for accepted in accepted_for(case, suite, "sqlite") if case.sql else ():
        try:
            sql = accepted.query.sql
            yield transpile(sql, accepted.dialect, "sqlite", case.id) if accepted.is_transpiled else sql
        except SuiteInvalid:
            continue


def open_judges(
    suite: Suite, settings: Settings, instances: Sequence[Instance], count: int, opened: ExitStack
) -> list[Judge]:
    """`count` of them may judge at once; they share the engines and what they found. Raises SettingsInvalid and
    EngineError."""
    engines: list[Engine | None] = [None]
    for each in instances[1:]:
        engines.append(opened.enter_context(closing(open_database(replace(settings, database=each.url)))))
    kept = KeptVerdicts()
    judges = []
    for _ in range(count):
        benches = []
        for each, engine in zip(instances, engines, strict=True):
            golds = opened.enter_context(open_golds(each.url, suite, today=settings.today, kept_cells=KEPT_CELLS))
            benches.append(InstanceBench(each.name, golds, engine))
        judges.append(Judge(suite, benches, kept, says_the_same))
    return judges
