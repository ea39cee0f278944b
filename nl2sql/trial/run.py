"""Runs accepted statements by the product's own engine in a trial database, and says what they changed: nothing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import EngineError
from nl2sql.guard.checked import CheckedSql
from nl2sql.trial.databases import changes_between, trial_database

REASONS_SHOWN: Final = 5


@dataclass(frozen=True, slots=True)
class FailedRun:
    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class TrialReport:
    """`changes` are sentences, none when all is well; `compared` are the topics that could be seen."""

    executed: int
    failed: tuple[FailedRun, ...]
    changes: tuple[str, ...]
    compared: tuple[str, ...]

    @property
    def shape(self) -> dict[str, Any]:
        return asdict(self)


def dialects_of(url: str) -> tuple[str, ...]:
    """The dialects of statements that a trial at this address can run, the engine's own first."""
    scheme = url.partition("://")[0]
    if scheme.startswith("mariadb"):
        return ("mariadb", "mysql")
    kind = SERVERS[scheme][2] if scheme in SERVERS else scheme
    return ("mysql", "mariadb") if kind == "mysql" else (kind,)


def run_trial(
    url: str,
    model: SemanticModel,
    statements: Sequence[tuple[str, CheckedSql]],
    progress: Callable[[int], None] = lambda done: None,
) -> TrialReport:
    """`statements` are ids and what the guard made of them, in the dialect of the engine at `url`.

    Raises SettingsInvalid and EngineError as `trial_database` does; a statement that fails is in the report.
    """
    with trial_database(url, model) as (database, sample):
        before = database.state(sample)
        engine = open_engine(database.address)
        try:
            failed = _failures(engine, statements, progress)
        finally:
            engine.close()
        changes = changes_between(before, database.state(sample))
    return TrialReport(len(statements), tuple(failed), tuple(changes), tuple(before))


def _failures(
    engine: Engine, statements: Sequence[tuple[str, CheckedSql]], progress: Callable[[int], None]
) -> list[FailedRun]:
    failed = []
    for done, (name, checked) in enumerate(statements, 1):
        try:
            engine.run(checked)
        except EngineError as error:
            failed.append(FailedRun(name, f"{error.user_message} {error.hint}".strip()))
        progress(done)
    return failed
