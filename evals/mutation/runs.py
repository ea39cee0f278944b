"""Runs mutants on one SQLite database: read-only, each for a bounded time, and no more rows than can matter."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from evals.compare import Table
from evals.errors import SuiteInvalid

SQLITE = "sqlite:///"
NOT_SQLITE = "Mutants run on SQLite files only."
SQLITE_HINT = "Name one: --database sqlite:///var/auction.db."
# A gold takes milliseconds on a database of this size. A mutant gets a hundred times as long as its gold took, which
# even a forgotten join condition seldom needs, but at least a quarter of a second and at most five.
LEAST_SECONDS, MOST_SECONDS, TIMES_THE_GOLD = 0.25, 5.0, 100
_STEPS = 2_000  # of SQLite's machine between two looks at the clock: well under a millisecond


# Reading, and nothing else: a read-only connection would still let ATTACH make a file.
_ALLOWED = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)


class MutantFailed(Exception):
    """The database refused it, or it took too long."""


class MutantDatabase:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, most_rows: int, seconds: float) -> Table:
        """Up to `most_rows` rows: when there are more than the gold has, which ones does not matter. Raises
        MutantFailed."""
        deadline = time.monotonic() + seconds
        self._connection.set_progress_handler(lambda: time.monotonic() > deadline, _STEPS)
        try:
            cursor = self._connection.execute(sql)
            rows = tuple(cursor.fetchmany(most_rows))
            return Table(tuple(each[0] for each in cursor.description or ()), rows)
        except (sqlite3.Error, sqlite3.Warning, OverflowError) as error:
            raise MutantFailed(f"{error}") from error
        finally:
            self._connection.set_progress_handler(None, 0)


def seconds_for(gold_seconds: float) -> float:
    return min(MOST_SECONDS, max(LEAST_SECONDS, TIMES_THE_GOLD * gold_seconds))


@contextmanager
def open_database(url: str) -> Iterator[MutantDatabase]:
    """Raises SuiteInvalid for what is no SQLite file."""
    path = Path(url.removeprefix(SQLITE)).absolute()
    if not url.startswith(SQLITE) or not path.is_file():
        raise SuiteInvalid(NOT_SQLITE, hint=SQLITE_HINT)
    with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as connection:
        connection.set_authorizer(_only_reading)
        yield MutantDatabase(connection)


def _only_reading(action: int, *_: str | None) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
