"""Which database a run asks, where neither the suite nor the command line names one that is there."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock

from evals.cases.base import Suite
from evals.cases.resolve import DUCKDB_ENDINGS, Target
from evals.runner.options import Options, settings_of
from nl2sql.settings import Settings

SQLITE = "sqlite:///"
# What the suites of the auction were written against.
SCALE, SEED = "small", 7
_AUCTION = ("auction", "model.yaml")


class Placing:
    """Target → target, with what the command line names in place of what the suite does.

    Without any, and where the settings' own database is missing, a small auction is seeded for the run and removed
    after it; only for the auction's own model: a database that was named has to be there.
    """

    def __init__(self, options: Options, suite: Suite, settings: Settings, opened: ExitStack) -> None:
        self._options = options
        self._suite = suite
        self._settings = settings
        self._opened = opened
        self._seeded = ""
        self._lock = Lock()

    @property
    def seeded(self) -> str:
        """What was seeded, in words that are the same in another run; empty where nothing was."""
        return f"seeded: auction {SCALE}, seed {SEED}" if self._seeded else ""

    def __call__(self, target: Target) -> Target:
        if self._options.semantic_model is not None:
            model = self._options.semantic_model.absolute()
            target = replace(target, model=model, policy=model.with_name("policy.yaml"))
        if self._options.database:
            return replace(target, database=url_of(self._options.database))
        return replace(target, database=self._seed()) if self.would_seed(target) else target

    def would_seed(self, target: Target) -> bool:
        """Whether the settings' own database is a file that is missing, and an auction could stand in for it."""
        settings = settings_of(target, self._settings)
        if target.database is not None or not settings.database_url.startswith(SQLITE):
            return False
        model = settings.path(settings.model)
        is_auction = model.parts[-2:] == _AUCTION and model.exists()
        return is_auction and not Path(settings.database_url.removeprefix(SQLITE)).exists()

    def _seed(self) -> str:
        from auction_core.seed.run import seed_database
        from auction_core.seed.scale import DEFAULT_AS_OF

        with self._lock:
            if not self._seeded:
                folder = self._opened.enter_context(TemporaryDirectory(prefix="nl2sql-evals-"))
                url = f"{SQLITE}{folder}/auction.db"
                seed_database(url, SCALE, SEED, self._suite.as_of or DEFAULT_AS_OF)
                self._seeded = url
        return self._seeded


def url_of(named: str) -> str:
    """A URL, or a file of SQLite or by its ending of DuckDB. On the command line a path is relative to the working
    folder, not to the settings file."""
    scheme, separator, rest = named.partition("://")
    if not separator:
        return f"{'duckdb' if named.endswith(DUCKDB_ENDINGS) else 'sqlite'}:///{Path(named).expanduser().absolute()}"
    if scheme in ("sqlite", "duckdb") and rest.startswith("/") and rest != "/":
        return f"{scheme}:///{Path(rest[1:]).absolute()}"
    return named
