"""Measures what the guard's derived tables cost in each database: the smoke suite as executed against the plain SQL.

Both texts of a statement run one after the other, in turns, on the same connection. Rows are fetched and thrown away.
"""

from __future__ import annotations

import argparse
import secrets
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

from evals.cases.load import load_suite
from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.retrieve import retrieve
from nl2sql.engines.registry import open_engine
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.guard.policy_file import load_policy
from nl2sql.question import Question
from nl2sql.terminal import Page
from nl2sql.writers.base import SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

ROOT = Path(__file__).parents[1]
SUITE = ROOT / "evals/suites/auction/smoke.yaml"
MYSQL, POSTGRES = "mysql://root@127.0.0.1:3306", "postgresql://postgres@127.0.0.1:5432"
TARGET = 1.15
GRAMMARS = {"mariadb": "mysql"}
# A statement's ratio is the median over these rounds; the first is not counted.
ROUNDS = 5
# A statement that takes longer than this is run once each way: its ratio is no longer noise.
SLOW_SECONDS = 2.0

Run = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds for a statement: as people see it, and as executed."""

    plain: float
    executed: float
    sql: str

    @property
    def ratio(self) -> float:
        return self.executed / self.plain


def seed(url: str, scale: str) -> None:
    command = [sys.executable, "-m", "auction_core.cli", "seed", "--url", url, "--scale", scale]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own command


@contextmanager
def sqlite_run(file: Path) -> Iterator[Run]:
    connection = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


@contextmanager
def mysql_run(scale: str) -> Iterator[Run]:
    import pymysql  # type: ignore[import-untyped]

    name = f"nl2sql_bench_{secrets.token_hex(4)}"
    with pymysql.connect(host="127.0.0.1", user="root", autocommit=True) as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            seed(f"{MYSQL}/{name}", scale)
            with pymysql.connect(host="127.0.0.1", user="root", database=name) as connection:
                yield _cursor_run(connection)
        finally:
            cursor.execute(f"DROP DATABASE {name}")


@contextmanager
def postgres_run(scale: str) -> Iterator[Run]:
    import psycopg

    name = f"nl2sql_bench_{secrets.token_hex(4)}"
    with psycopg.connect(f"{POSTGRES}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        try:
            seed(f"{POSTGRES}/{name}", scale)
            with psycopg.connect(f"{POSTGRES}/{name}", autocommit=True) as connection:
                connection.execute("ANALYZE")
                yield _cursor_run(connection)
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def duckdb_run(file: Path) -> Iterator[Run]:
    """The rows of the SQLite file, as types of their own."""
    import duckdb

    connection = duckdb.connect(":memory:", config={"threads": 1})
    with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as source:
        tables = source.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        for (table,) in tables.fetchall():
            _copy(source, connection, table)
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


def _copy(source: sqlite3.Connection, target: Any, table: str) -> None:
    import pyarrow as pa

    described = source.execute(f"PRAGMA table_info({table})").fetchall()
    types = {name: kind.replace("DATETIME", "TIMESTAMP") or "TEXT" for _, name, kind, *_ in described}
    columns = zip(*source.execute(f"SELECT * FROM {table}").fetchall(), strict=True)  # noqa: S608 - our own tables
    texts = ([None if value is None else str(value) for value in column] for column in columns)
    staged = {name: pa.array(column, pa.string()) for name, column in zip(types, texts, strict=True)}
    target.register("staged", pa.table(staged))
    casts = ", ".join(f"CAST({name} AS {kind}) AS {name}" for name, kind in types.items())
    target.execute(f"CREATE TABLE {table} AS SELECT {casts} FROM staged")  # noqa: S608 - our own tables
    target.unregister("staged")


def _cursor_run(connection: Any) -> Run:
    def run(sql: str) -> object:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall()

    return run


def statements(file: Path, dialect: str, policy: Policy, model: SemanticModel) -> Iterator[CheckedSql]:
    """What the offline writer answers to the smoke suite, in the words of the database."""
    engine = open_engine(f"sqlite:///{file}")
    writer = OfflineWriter(model, ValueIndex(model, engine))
    suite = load_suite(SUITE)
    for case in suite.cases:
        question = Question.parse(case.question, as_of=suite.as_of)
        draft = writer.write(question, retrieve(question, model, dialect, suite.as_of))
        verdict = check(draft, model, policy, dialect) if isinstance(draft, SqlDraft) else None
        if isinstance(verdict, CheckedSql):
            yield verdict
    engine.close()


def measure(run: Run, checked: Sequence[CheckedSql]) -> list[Cost]:
    return [_cost(run, each) for each in checked]


def _cost(run: Run, checked: CheckedSql) -> Cost:
    plain: list[float] = []
    executed: list[float] = []
    for turn in range(ROUNDS + 1):
        for text, spent in ((checked.sql, plain), (checked.executed, executed)):
            begun = perf_counter()
            run(text)
            spent.append(perf_counter() - begun)
        if turn == 0 and max(plain[0], executed[0]) > SLOW_SECONDS:
            break
    return Cost(statistics.median(plain[1:] or plain), statistics.median(executed[1:] or executed), checked.sql)


def shown(name: str, role: str, costs: Sequence[Cost]) -> Iterator[str]:
    ratios = sorted(cost.ratio for cost in costs)
    total = sum(cost.executed for cost in costs) / sum(cost.plain for cost in costs)
    worst = max(costs, key=lambda cost: cost.ratio)
    yield (
        f"{name:<10} {role:<16} {len(costs):>3} statements  median {statistics.median(ratios):.2f} ×"
        f"  p90 {ratios[int(len(ratios) * 0.9)]:.2f} ×  total {total:.2f} ×  (target: median at most {TARGET} ×)"
    )
    yield f"           slowest against plain: {worst.ratio:.2f} × of {worst.plain * 1000:.1f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scale", default="medium", help="tiny, small or medium (1M bids)")
    parser.add_argument("--engines", default="sqlite,duckdb,mariadb,postgres")
    parser.add_argument("--worst", type=int, default=0, help="print so many of the slowest statements, too")
    args = parser.parse_args()
    model = load_model(ROOT / "schema/auction/model.yaml")
    policy_file = ROOT / "schema/auction/policy.yaml"
    roles = [
        load_policy(policy_file, model, "analyst"),
        load_policy(policy_file, model, "country_manager").bound_to({"country": "DE"}),
    ]
    page = Page(sys.stdout)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "auction.db"
        seed(f"sqlite:///{file}", args.scale)
        opened: dict[str, Callable[[], AbstractContextManager[Run]]] = {
            "sqlite": partial(sqlite_run, file),
            "duckdb": partial(duckdb_run, file),
            "mariadb": partial(mysql_run, args.scale),
            "postgres": partial(postgres_run, args.scale),
        }
        for name in args.engines.split(","):
            with opened[name]() as run:
                for policy in roles:
                    costs = measure(run, list(statements(file, GRAMMARS.get(name, name), policy, model)))
                    for text in shown(name, policy.role, costs):
                        page.line(text)
                    for cost in sorted(costs, key=lambda each: -each.ratio)[: args.worst]:
                        page.line(f"\n{cost.ratio:.2f} × of {cost.plain * 1000:.1f} ms\n{cost.sql}", "dim")


if __name__ == "__main__":
    main()
