"""One auction on five databases, and what may differ between their answers. Used by test_same_answers.py."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest
import sqlalchemy

from auction_core.seed.run import seed_database
from evals.compare import Gold, Rules, Table, compare
from nl2sql.answer.base import Answer
from nl2sql.bootstrap import build_pipeline
from nl2sql.question import Question
from nl2sql.settings import Settings, load_settings
from tests.integration.conftest import MYSQL, POSTGRES, Server, address_of

AS_OF = "2026-06-30"
SCALE, SEED = "small", 7  # as `auction_database`
# Decimals in which floats agree: six more than are shown, and some fewer than sums in another order may change.
FLOAT_DIGITS = 9


@dataclass(frozen=True, slots=True)
class Difference:
    """Why an answer is not the same to the last bit and in the same order. `reason` stands in docs/databases.md.

    `digits`: decimals in which floats agree. `ordered`: whether rows come in the same order. `complete`: False where an
    answer was cut at its limit, so that which rows are there depends on their order.
    """

    reason: str
    engines: tuple[str, ...]
    questions: tuple[str, ...] = ()
    digits: int = FLOAT_DIGITS
    ordered: bool = True
    complete: bool = True


LAST_DIGITS = Difference(
    "An average or a share is a float: its last digits depend on the order of additions.",
    ("mariadb", "postgres", "duckdb", "bigquery"),
)
NINE_DECIMALS = Difference(
    "BigQuery divides and averages NUMERIC values as NUMERIC: averages and shares have nine decimals.",
    ("bigquery",),
    digits=8,
)
TIES = Difference(
    "SQLite adds money as floats: totals that are equal to the cent may come in another order there.",
    ("mariadb", "postgres", "duckdb", "bigquery"),
    ("Revenue per user", "Revenue per seller in 2025", "Revenue per buyer"),
    ordered=False,
)
COLLATION = Difference(
    "MariaDB and MySQL sort text without regard to case: a list in alphabetical order has another one there.",
    ("mariadb",),
    (
        "Listings with more than ten bids",
        "Listings in Phones with more than 20 bids that were sold in 2025",
        "Distinct titles",
    ),
    ordered=False,
    complete=False,
)
# The one list of what is not the same everywhere. For floats the loosest that fits counts.
DIFFERENCES = (LAST_DIGITS, NINE_DECIMALS, TIES, COLLATION)


def allowance(engine: str, question: str) -> Difference:
    """What holds for an answer: all that is listed for the engine in general, and for this question by name."""
    found = [each for each in DIFFERENCES if engine in each.engines and question in (each.questions or (question,))]
    return Difference(
        " ".join(each.reason for each in found),
        (engine,),
        digits=min((each.digits for each in found), default=FLOAT_DIGITS),
        ordered=all(each.ordered for each in found),
        complete=all(each.complete for each in found),
    )


def difference(expected: Answer, given: Answer, allowed: Difference) -> str:
    """Empty when the answers are the same, else what is not."""
    if (expected.outcome, expected.code) != (given.outcome, given.code):
        return f"{given.outcome} ({given.code}): {given.headline} {given.hint}"
    if expected.table is None or given.table is None:
        return "" if expected.table is given.table else "only one has rows"
    left, right = expected.table.table, given.table.table
    if left.schema != right.schema:
        return f"{left.schema} is not {right.schema}"
    if expected.table.truncated != given.table.truncated:
        return "only one was cut"
    if not allowed.complete and given.table.truncated:
        return "" if left.num_rows == right.num_rows else "not as many rows"
    return _compared(left, right, allowed)


def _compared(left: pa.Table, right: pa.Table, allowed: Difference) -> str:
    """As an evaluation compares, and where no number is a float, to the letter."""
    names = tuple(left.column_names)
    rows, others = _rows(left), _rows(right)
    if allowed.ordered and not any(pa.types.is_floating(kind) for kind in left.schema.types):
        place = next((n for n, pair in enumerate(zip(rows, others, strict=False)) if pair[0] != pair[1]), None)
        if place is not None or len(rows) != len(others):
            return f"row {place}: {others[place or 0 :][:1]} instead of {rows[place or 0 :][:1]}"
        return ""
    gold = Gold(Table(names, rows), names, tuple(range(len(rows))) if allowed.ordered else None)
    rules = Rules(decimals=allowed.digits, order=allowed.ordered, accept_scale=(Decimal(1),))
    return compare(gold, Table(names, others), rules).reason


def _rows(table: pa.Table) -> tuple[tuple[object, ...], ...]:
    return tuple(tuple(row.values()) for row in table.to_pylist())


def answers(url: str, questions: Sequence[str]) -> list[Answer]:
    """Of the offline writer, through the real pipeline."""
    settings: Settings = replace(
        load_settings({}),
        database=url,
        writers="offline",
        cache="off",
        as_of=AS_OF,
        model="schema/auction/model.yaml",
        policy="schema/auction/policy.yaml",
    )
    with contextlib.closing(build_pipeline(replace(settings, ledger="off"))) as pipeline:
        return [pipeline.ask(Question(question, settings.asking()), fresh=True) for question in questions]


@contextlib.contextmanager
def on_duckdb(source: Path, folder: Path) -> Iterator[str]:
    url = f"duckdb:///{folder}/auction.duckdb"
    seed_database(url, SCALE, SEED)
    yield url


@contextlib.contextmanager
def on_mariadb(source: Path, folder: Path) -> Iterator[str]:
    with _on_server(MYSQL) as url:
        yield url.set(drivername="mariadb").render_as_string(hide_password=False)


@contextlib.contextmanager
def on_postgres(source: Path, folder: Path) -> Iterator[str]:
    with _on_server(POSTGRES) as url:
        yield url.set(drivername="postgresql").render_as_string(hide_password=False)


@contextlib.contextmanager
def on_bigquery(source: Path, folder: Path) -> Iterator[str]:
    """The stand-in, with the rows of the SQLite file."""
    for module in ("zetasql", "google.cloud.bigquery"):
        if os.environ.get("CI") != "true":  # where tests must be complete, an absence is a failure
            pytest.importorskip(module, reason=f"{module} is not installed")
    from tests.fakes.bigquery.loader import load_sqlite
    from tests.fakes.bigquery.server import running

    with running() as fake:
        load_sqlite(fake.warehouse, "shop", source)
        yield fake.url


@contextlib.contextmanager
def _on_server(server: Server) -> Iterator[sqlalchemy.URL]:
    """A database of its own with the auction seeded into it; dropped again."""
    address = address_of(server)
    name = f"nl2sql_same_{uuid.uuid4().hex[:12]}"
    root = sqlalchemy.create_engine(address, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool)
    with root.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    try:
        url = address.set(database=name)
        seed_database(url.render_as_string(hide_password=False), SCALE, SEED)
        yield url
    finally:
        forced = " WITH (FORCE)" if server is POSTGRES else ""
        with root.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name}{forced}")
        root.dispose()


Opened = Callable[[Path, Path], contextlib.AbstractContextManager[str]]
ENGINES: dict[str, Opened] = {
    "mariadb": on_mariadb,
    "postgres": on_postgres,
    "duckdb": on_duckdb,
    "bigquery": on_bigquery,
}
