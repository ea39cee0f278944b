"""The databases on which mutants are told apart: those that the suite runs on, and many more like them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from evals.errors import SuiteInvalid
from evals.instances.base import COUNT, Instance, Progress, prepare
from evals.mutation.run import Pool
from evals.mutation.runs import NOT_SQLITE, SQLITE, SQLITE_HINT
from nl2sql.catalog.model import SemanticModel


def make_pool(
    url: str,
    cases: Sequence[str],
    golds: Sequence[str],
    *,
    today: date,
    folder: Path,
    size: int,
    model: SemanticModel | None = None,
    progress: Progress = lambda name, done, total: None,
) -> tuple[Pool, tuple[str, ...]]:
    """The pool of `size` databases beside the base, and the names of those that the suite runs on: the first, and the
    same as in a run. `cases` are ids. Raises SuiteInvalid for what is no SQLite file, DatabaseMissing and
    DatabaseUnreadable."""
    if not url.startswith(SQLITE):
        raise SuiteInvalid(NOT_SQLITE, hint=SQLITE_HINT)

    def made(count: int) -> tuple[Instance, ...]:
        return prepare(url, today=today, folder=folder, count=count, golds=golds, model=model, progress=progress)

    chosen = made(COUNT)
    names = tuple(each.name for each in chosen)
    others = [each for each in made(1 + size) if each.name not in names]
    pool = Pool(tuple((each.name, each.url) for each in (*chosen, *others)), tuple(cases), chosen[0].note)
    return pool, names
