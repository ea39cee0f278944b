"""Measures how fast rows become an Arrow table: by an engine, and by its driver alone, which promises nothing.

The driver's own time is the shortest of several ways to fetch all rows and turn them into Arrow or pandas. Servers that
are not there are left out.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import re
import secrets
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from time import perf_counter
from typing import Any

import duckdb
import pandas as pd
import psycopg
import pyarrow as pa
import pymysql
from pymysql.cursors import SSCursor
from sqlalchemy import URL, make_url

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.base import RESULT_BYTES, ResultTable
from nl2sql.engines.registry import open_engine
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Limits, Policy
from nl2sql.writers.base import Origin, SqlDraft

MYSQL, POSTGRES = "mysql://root@127.0.0.1:3306", "postgresql://postgres@127.0.0.1:5432/postgres"
TARGET = 1.3
TARGET_MEGABYTES = 300
ROWS, MANY = 100_000, 1_000_000
NAMES = ("id", "price", "made_at", "title", "amount")
SQL = f"SELECT {', '.join(NAMES)} FROM fetched"  # noqa: S608 - its own names
FIELDS = (DataType.INTEGER, DataType.DECIMAL, DataType.DATETIME, DataType.STRING, DataType.INTEGER)
MODEL = SemanticModel("bench", (Dataset("fetched", "fetched", tuple(map(Field, NAMES, NAMES, FIELDS)), ("id",)),))
COLUMNS = "id INTEGER PRIMARY KEY, price DECIMAL(12,2), made_at TIMESTAMP(6) NULL, title VARCHAR(100), amount INTEGER"

Rows = Sequence[tuple[Any, ...]]
Way = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Place:
    """An engine with a table of rows, and the ways its driver has to read it."""

    name: str
    url: str
    dialect: str
    ways: Mapping[str, Way]
    execute: Callable[[str], object]


def rows_of(count: int) -> Iterator[tuple[int, str, str, str, int]]:
    for n in range(count):
        at = f"2026-{n % 12 + 1:02}-{n % 28 + 1:02} {n % 24:02}:{n % 60:02}:{n % 59:02}.{n % 1_000_000:06}"
        yield n, f"{n % 1_000_000}.{n % 100:02}", at, f"Thing number {n}, as good as new", n * 7


def to_arrow(rows: Rows) -> pa.Table:
    return pa.table([pa.array(list(map(itemgetter(place), rows))) for place in range(len(NAMES))], NAMES)


def to_pandas(rows: Rows) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=list(NAMES))


def with_each(fetches: Mapping[str, Callable[[], Rows]]) -> dict[str, Way]:
    """Every way to fetch with every way to go on."""
    found: dict[str, Way] = {}
    for name, fetch in fetches.items():
        found[f"{name} → Arrow"] = lambda fetch=fetch: to_arrow(fetch())
        found[f"{name} → pandas"] = lambda fetch=fetch: to_pandas(fetch())
    return found


@contextlib.contextmanager
def sqlite_place(count: int) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        with contextlib.closing(sqlite3.connect(path)) as connection, connection:
            connection.execute(f"CREATE TABLE fetched({COLUMNS.replace('TIMESTAMP(6) NULL', 'DATETIME')})")
            connection.executemany("INSERT INTO fetched VALUES (?, ?, ?, ?, ?)", rows_of(count))
        with contextlib.closing(sqlite3.connect(path)) as connection:
            ways = with_each({"fetchall": lambda: connection.execute(SQL).fetchall()})
            yield Place("SQLite", f"sqlite:///{path}", "sqlite", ways, connection.executescript)


@contextlib.contextmanager
def duckdb_place(count: int) -> Iterator[Place]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.duckdb"

        def execute(sql: str) -> None:
            with duckdb.connect(path) as writing:
                writing.execute(sql)

        execute(f"CREATE TABLE fetched({COLUMNS.replace('TIMESTAMP(6) NULL', 'TIMESTAMP')})")
        with duckdb.connect(path) as writing:
            arrived = pa.table([list(column) for column in zip(*rows_of(count), strict=True)], NAMES)
            writing.register("arrived", arrived)
            writing.execute("INSERT INTO fetched SELECT * FROM arrived")

        def arrow() -> pa.Table:
            with duckdb.connect(path, read_only=True) as reading:
                return reading.sql(SQL).to_arrow_table()

        yield Place("DuckDB", f"duckdb:///{path}", "duckdb", {"to_arrow_table": arrow}, execute)


@contextlib.contextmanager
def mysql_place(address: str, count: int) -> Iterator[Place]:
    url, name = make_url(address), f"nl2sql_bench_{secrets.token_hex(6)}"
    login = {"host": url.host, "port": url.port or 3306, "user": url.username, "password": url.password or ""}
    with contextlib.closing(pymysql.connect(**login, autocommit=True)) as connection:
        cursor = connection.cursor()
        cursor.execute(f"CREATE DATABASE {name}")
        try:
            connection.select_db(name)
            cursor.execute(f"CREATE TABLE fetched({COLUMNS})")
            cursor.executemany("INSERT INTO fetched VALUES (%s, %s, %s, %s, %s)", list(rows_of(count)))

            def fetch(kind: type) -> Rows:
                with connection.cursor(kind) as reading:
                    reading.execute(SQL)
                    return list(reading.fetchall())

            ways = with_each({"Cursor": lambda: fetch(pymysql.cursors.Cursor), "SSCursor": lambda: fetch(SSCursor)})
            yield Place("MariaDB or MySQL", _named(url, "mysql", name), "mysql", ways, cursor.execute)
        finally:
            cursor.execute(f"DROP DATABASE {name}")


@contextlib.contextmanager
def postgres_place(address: str, count: int) -> Iterator[Place]:
    url, name = make_url(address), f"nl2sql_bench_{secrets.token_hex(6)}"
    login = {"host": url.host, "port": url.port or 5432, "user": url.username, "password": url.password}
    with psycopg.connect(**login, dbname=url.database, autocommit=True) as root:
        root.execute(f"CREATE DATABASE {name}")
        try:
            with psycopg.connect(**login, dbname=name, autocommit=True) as connection:
                connection.execute(f"CREATE TABLE fetched({COLUMNS})")
                with connection.cursor().copy("COPY fetched FROM STDIN") as copying:
                    for row in rows_of(count):
                        copying.write_row(row)
                ways = with_each(
                    {
                        "text": lambda: connection.cursor().execute(SQL).fetchall(),
                        "binary": lambda: connection.cursor(binary=True).execute(SQL).fetchall(),
                    }
                )
                yield Place("PostgreSQL", _named(url, "postgresql", name), "postgres", ways, connection.execute)
        finally:
            root.execute(f"DROP DATABASE {name} WITH (FORCE)")


def _named(url: URL, scheme: str, database: str) -> str:
    return url.set(drivername=scheme, database=database).render_as_string(hide_password=False)


def ours(place: Place, rows: int, result_bytes: int = 10**9) -> tuple[Callable[[], ResultTable], Callable[[], None]]:
    limits = Limits(rows=rows, seconds=120.0, result_bytes=result_bytes, rows_per_minute=10**9)
    checked = check(SqlDraft(SQL, Origin("sql")), MODEL, Policy(limits=limits), place.dialect)
    if type(checked) is not CheckedSql:
        raise SystemExit(f"The guard refused the statement: {checked}")
    engine = open_engine(place.url, result_bytes=result_bytes)
    return lambda: engine.run(checked), engine.close


def seconds(way: Way) -> float:
    gc.collect()
    started = perf_counter()
    way()
    return perf_counter() - started


def peak_megabytes(way: Way) -> float:
    """What the process holds at most above what it held before; measured where the system forgets its peak."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before = _highest()
    way()
    return _highest() - before


def _highest() -> float:
    status = Path("/proc/self/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1_000 if found else float("nan")


def report(place: Place, rounds: int) -> None:
    """Ours and each way of the driver's in turns. The best round of each counts: others only tell of a busy machine."""
    mine, close = ours(place, 2 * ROWS)
    ways: dict[str, Way] = {"ours": mine, **place.ways}
    for way in ways.values():
        way()
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(seconds(way))
    best = {name: min(found) for name, found in times.items()}
    fastest = min(place.ways, key=lambda name: best[name])
    peaks = peak_megabytes(mine), peak_megabytes(place.ways[fastest])
    close()
    sys.stdout.write(
        f"{place.name:18} ours {best['ours'] * 1000:6.0f} ms   {fastest} {best[fastest] * 1000:6.0f} ms"
        f"   ratio {best['ours'] / best[fastest]:4.2f} (wanted: {TARGET})"
        f"   peak {peaks[0]:.0f} MB, the driver's {peaks[1]:.0f} MB\n"
    )


def report_many(place: Place) -> None:
    """A million rows are asked for, by someone who may have them all as far as their size allows."""
    count = ", ".join(NAMES[1:])
    for copy in range(1, MANY // ROWS):
        place.execute(f"INSERT INTO fetched SELECT id + {copy * ROWS}, {count} FROM fetched WHERE id < {ROWS}")  # noqa: S608
    way, close = ours(place, MANY, RESULT_BYTES)
    gc.collect()
    kept: list[ResultTable] = []
    peak = peak_megabytes(lambda: kept.append(way()))
    close()
    cut = f"cut at {kept[0].row_count:,}" if kept[0].truncated else f"{kept[0].row_count:,} given"
    sys.stdout.write(f"{place.name:18} {MANY:,} rows: {cut}, peak {peak:.0f} MB (wanted: below {TARGET_MEGABYTES})\n")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mysql", default=MYSQL)
    parser.add_argument("--postgres", default=POSTGRES)
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args(arguments)
    places = (
        lambda: sqlite_place(ROWS),
        lambda: duckdb_place(ROWS),
        lambda: mysql_place(given.mysql, ROWS),
        lambda: postgres_place(given.postgres, ROWS),
    )
    sys.stdout.write(f"{ROWS:,} rows of {len(NAMES)} columns as an Arrow table\n")
    for opened in places:
        try:
            with opened() as place:
                report(place, given.rounds)
                report_many(place)
        except (pymysql.OperationalError, psycopg.OperationalError) as error:
            sys.stdout.write(f"left out: {type(error).__name__}\n")


if __name__ == "__main__":
    main()
