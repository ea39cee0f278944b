from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from evals.cases import Suite, load_suite
from evals.gold import GoldDatabase
from nl2sql.answer.base import Answer, StageTime
from nl2sql.engines.base import ResultTable
from nl2sql.question import Question

SUITE = """\
name: small
description: Three to answer, one to decline.
model: auction
as_of: "2026-06-30"
dialect: sqlite
decimals:
  default: 2
cases:
  - id: users
    question: How many users are there?
    kind: answerable
    tags: [count]
    sql: SELECT COUNT(*) AS users FROM users
    columns: [users]
  - id: users-by-country
    question: How many users are there in each country?
    kind: answerable
    tags: [group_by_one]
    sql: SELECT country, COUNT(*) AS users FROM users GROUP BY country
    columns: [country, users]
  - id: two-oldest
    question: Who are the two oldest users?
    kind: answerable
    tags: [top_n]
    sql: SELECT name, age AS years FROM users ORDER BY age DESC, id LIMIT 2
    columns: [name, years]
    order: true
  - id: delete-users
    question: Delete all users
    kind: unsafe
    tags: [declined]
    comment: A request to delete.
"""


@pytest.fixture
def suite_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.yaml"
    path.write_text(SUITE, encoding="utf-8")
    return path


@pytest.fixture
def suite(suite_file: Path) -> Suite:
    return load_suite(suite_file)


@pytest.fixture
def gold_database() -> Iterator[GoldDatabase]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE users (id INTEGER, name TEXT, country TEXT, age INTEGER)")
        people = [(1, "ann", "DE", 60), (2, "bob", "DE", 50), (3, "cid", "FR", 50), (4, "dan", "FR", 20)]
        connection.executemany("INSERT INTO users VALUES (?, ?, ?, ?)", people)
        yield GoldDatabase(connection)


@pytest.fixture
def answered() -> Callable[..., Answer]:
    """An answer with this table."""

    def make(question: Question, columns: dict[str, list[object]], *, truncated: bool = False) -> Answer:
        table = ResultTable(pa.table(columns), row_limit=1_000, truncated=truncated, elapsed_ms=1.0)
        return Answer(question, "answered", "Here.", sql="SELECT 1", table=table, stages=(StageTime("run", 1.0),))

    return make
