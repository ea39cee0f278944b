"""Each verified query of the auction passes the guard and gives the same rows on every engine at hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy

from auction_core.seed.run import seed_database
from nl2sql.catalog.load import load_model
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.engines.base import Engine
from nl2sql.engines.registry import open_engine
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import DIALECTS, grammar_name
from nl2sql.guard.policy_file import default_policy
from nl2sql.question import Question
from nl2sql.writers.base import Origin, SqlDraft
from nl2sql.writers.verified.base import Value, VerifiedQuery
from nl2sql.writers.verified.bind import bound_sql
from nl2sql.writers.verified.load import load_folder
from nl2sql.writers.verified.phrase import suggestion
from nl2sql.writers.verified.slots import Vocabularies
from nl2sql.writers.verified.trial import trial_values
from nl2sql.writers.verified.writer import VerifiedWriter
from tests.integration.conftest import MYSQL_PARAM, POSTGRES_PARAM, Server, server_address

AUCTION = Path(__file__).parents[3] / "schema" / "auction"
MODEL = load_model(AUCTION / "model.yaml")
VERIFIED = load_folder(AUCTION / "verified", MODEL)
AS_OF = date(2026, 6, 30)
EACH = pytest.mark.parametrize("query", VERIFIED.queries, ids=lambda query: query.id)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from seeded(f"sqlite:///{tmp_path_factory.mktemp('sqlite')}/auction.db")


@pytest.fixture(scope="module")
def duckdb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    yield from seeded(f"duckdb:///{tmp_path_factory.mktemp('duckdb')}/auction.duckdb")


@pytest.fixture(scope="module")
def on_server(admin: sqlalchemy.Engine) -> Iterator[Engine]:
    with admin.connect() as connection:
        connection.exec_driver_sql("DROP TABLE items")
    yield from seeded(server_address(admin))


def seeded(url: str) -> Iterator[Engine]:
    seed_database(url, "tiny")
    engine = open_engine(url)
    yield engine
    engine.close()


def values_for(query: VerifiedQuery, engine: Engine) -> dict[str, Value]:
    fields = [each.field for each in query.parameters if each.field]
    values = trial_values(query, Vocabularies(fields, ValueIndex(MODEL, engine)), MODEL, AS_OF)
    assert isinstance(values, dict), f"{query.id}: {values} has no value"
    return values


def checked(sql: str, dialect: str) -> CheckedSql:
    verdict = check(SqlDraft(sql, Origin("verified")), MODEL, default_policy(MODEL), dialect)
    assert isinstance(verdict, CheckedSql), verdict
    return verdict


def rows_of(query: VerifiedQuery, engine: Engine) -> list[tuple[Any, ...]]:
    sql = bound_sql(query, values_for(query, engine), grammar_name(engine.dialect))
    table = engine.run(checked(sql, engine.dialect)).table
    return [tuple(map(plain, row.values())) for row in table.to_pylist()]


def plain(value: object) -> object:
    """Engines give averages as decimals or floats, to more or fewer places."""
    return round(float(value), 3) if isinstance(value, Decimal | float) else value


@EACH
def test_a_query_finds_rows_on_sqlite(query: VerifiedQuery, sqlite: Engine) -> None:
    rows = rows_of(query, sqlite)
    assert rows and any(cell for row in rows for cell in row)


@EACH
def test_a_query_finds_the_same_rows_on_duckdb(query: VerifiedQuery, sqlite: Engine, duckdb: Engine) -> None:
    assert rows_of(query, duckdb) == rows_of(query, sqlite)


@pytest.mark.parametrize("server", [MYSQL_PARAM, POSTGRES_PARAM], indirect=True, scope="module")
def test_each_query_finds_the_same_rows_on_a_server(server: Server, sqlite: Engine, on_server: Engine) -> None:
    for query in VERIFIED.queries:
        found, expected = rows_of(query, on_server), rows_of(query, sqlite)
        assert sorted(found, key=str) == sorted(expected, key=str), query.id


@EACH
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_guard_lets_a_query_pass_in_every_dialect(query: VerifiedQuery, dialect: str, sqlite: Engine) -> None:
    assert checked(bound_sql(query, values_for(query, sqlite), grammar_name(dialect)), dialect).tables


@EACH
def test_each_of_its_questions_asks_it_and_no_other(query: VerifiedQuery, sqlite: Engine) -> None:
    writer = VerifiedWriter(VERIFIED, ValueIndex(MODEL, sqlite))
    said = {each.name: each.words for each in query.parameters}
    for text in [suggestion(query), *(each.text.format(**said) for each in query.templates)]:
        draft = writer.write(Question.parse(text), Context(MODEL, "sqlite", AS_OF, ()))
        assert draft.origin.detail == query.detail, text
        assert isinstance(draft, SqlDraft) and checked(draft.sql, "sqlite")
