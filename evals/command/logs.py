"""The log of a run, as it is named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evals.errors import LogInvalid

if TYPE_CHECKING:
    from nl2sql.cli import Overrides

_LOG = ".jsonl"


def find_log(overrides: Overrides, named: Path) -> Path:
    """A file, or the name of a log in the folder of runs, like smoke/20260630T120000Z-offline. Raises LogInvalid."""
    if named.exists():
        return named
    settings = overrides.settings()
    folder = settings.path(settings.evals)
    kept = folder / f"{str(named).removesuffix(_LOG)}{_LOG}"
    if not kept.exists():
        raise LogInvalid(f"There is no log at {named}.", hint=_newest(folder))
    return kept


def _newest(folder: Path) -> str:
    from evals.log.records import BESIDE

    logs = [path for path in folder.rglob(f"*{_LOG}") if not path.name.endswith(BESIDE)]
    if not logs:
        return f"Runs are kept in {folder}; none is there yet."
    newest = max(logs, key=lambda path: path.stat().st_mtime).relative_to(folder)
    return f"The newest run in {folder} is {str(newest).removesuffix(_LOG)}."
