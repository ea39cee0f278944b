"""A small auction model in words, and the way from SQL through the real guard to a receipt or an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp
from sqlglot.optimizer.qualify import qualify

from nl2sql.answer.base import Answer, ColumnLabel, Labels, Receipt
from nl2sql.answer.compose import compose
from nl2sql.answer.receipt import read_receipt, speaker_for
from nl2sql.answer.shape import Output, read_outputs
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.engines.base import ResultTable
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.question import Question
from nl2sql.writers.base import Origin, SqlDraft

AS_OF = date(2026, 6, 30)
INTEGER, STRING, DECIMAL, MOMENT = DataType.INTEGER, DataType.STRING, DataType.DECIMAL, DataType.DATETIME

TABLES: dict[str, dict[str, DataType]] = {
    "users": {"id": INTEGER, "username": STRING, "country": STRING, "created_at": MOMENT, "born_on": DataType.DATE},
    "categories": {"id": INTEGER, "name": STRING, "parent_id": INTEGER},
    "listings": {
        "id": INTEGER, "seller_id": INTEGER, "category_id": INTEGER, "title": STRING, "current_bid": DECIMAL,
        "starting_price": DECIMAL, "highest_bidder_id": INTEGER, "bid_count": INTEGER, "status": STRING,
        "closed_at": MOMENT,
    },
    "bids": {"id": INTEGER, "listing_id": INTEGER, "bidder_id": INTEGER, "amount": DECIMAL, "placed_at": MOMENT},
    "payments": {
        "id": INTEGER, "listing_id": INTEGER, "amount": DECIMAL, "fee": DECIMAL, "method": STRING, "status": STRING,
        "paid_at": MOMENT,
    },
}  # fmt: skip
_MONEY = {"current_bid", "starting_price", "amount", "fee"}
_FORMATS = {DataType.DATETIME: "datetime", DataType.DATE: "date"}


def _labels() -> Labels:
    columns = {}
    for table, fields in TABLES.items():
        for name, kind in fields.items():
            words = name.replace("_", " ").capitalize().replace(" id", " ID").replace("Id", "ID")
            money = name in _MONEY
            columns[f"{table}.{name}"] = ColumnLabel(
                words, "money" if money else _FORMATS.get(kind, "number"), "EUR" if money else ""
            )
    return Labels(
        tables={table: ColumnLabel(table.capitalize()) for table in TABLES},
        columns=columns,
        metrics={
            "gmv": ColumnLabel("GMV", "money", "EUR"),
            "bids": ColumnLabel("Bids"),
            "sell_through_rate": ColumnLabel("Sell-through rate", "percent"),
        },
        values={"users.country": {"DE": "Germany", "FR": "France", "US": "United States"}},
        filters={"listings.status = 'sold'": "sold", "payments.status = 'paid'": "paid"},
        keys={table: (("id",),) for table in TABLES},
        additive=frozenset({"gmv", "bids"}),
        listed=frozenset({"users.country"}),
    )


MODEL = SemanticModel(
    "auction",
    tuple(
        Dataset(table, table, tuple(Field(name, name, kind) for name, kind in fields.items()), ("id",))
        for table, fields in TABLES.items()
    ),
)


def _tree(sql: str, dialect: str) -> exp.Expr:
    schema = {table: {name: "text" for name in fields} for table, fields in TABLES.items()}
    return qualify(sqlglot.parse_one(sql, dialect=dialect), schema=schema, dialect=dialect)


def _checked(sql: str, dialect: str) -> CheckedSql:
    verdict = check(SqlDraft(sql, Origin("sql")), MODEL, Policy(), dialect)
    assert isinstance(verdict, CheckedSql), verdict
    return verdict


@pytest.fixture(scope="session")
def labels() -> Labels:
    return _labels()


@pytest.fixture(scope="session")
def tree() -> Callable[..., exp.Expr]:
    def qualified(sql: str, dialect: str = "sqlite") -> exp.Expr:
        return _tree(sql, dialect)

    return qualified


@pytest.fixture(scope="session")
def receipt(labels: Labels) -> Callable[..., Receipt]:
    def read(sql: str, dialect: str = "sqlite", **bounds: int | bool) -> Receipt:
        return read_receipt(_tree(sql, dialect), labels, AS_OF, dialect=dialect, **bounds)  # type: ignore[arg-type]

    return read


@pytest.fixture(scope="session")
def said(receipt: Callable[..., Receipt]) -> Callable[..., list[str]]:
    """The lines of a statement, as text."""

    def read(sql: str, dialect: str = "sqlite") -> list[str]:
        return [line.text for line in receipt(sql, dialect).lines]

    return read


@pytest.fixture(scope="session")
def answer(labels: Labels) -> Callable[..., Answer]:
    """Compose an answer from SQL that the guard let through and a result given as columns of values."""

    def composed(
        sql: str,
        columns: dict[str, Sequence[object] | pa.Array],
        *,
        dialect: str = "sqlite",
        truncated: bool = False,
        as_of: date = AS_OF,
        additive: frozenset[str] | None = None,
    ) -> Answer:
        checked = _checked(sql, dialect)
        result = ResultTable(pa.table(dict(columns)), checked.row_limit, truncated, 1.0)
        words = labels if additive is None else replace(labels, additive=additive)
        draft = SqlDraft(sql, Origin("sql"), "as typed", ("an assumption",))
        return compose(Question("Which?"), draft, checked, result, words, as_of, cached=False)

    return composed


@pytest.fixture(scope="session")
def outputs(labels: Labels) -> Callable[..., tuple[Output, ...]]:
    def read(sql: str, columns: dict[str, Sequence[object]], dialect: str = "sqlite") -> tuple[Output, ...]:
        tree = _tree(sql, dialect)
        return read_outputs(tree, pa.table(dict(columns)), speaker_for(tree, labels, AS_OF, dialect))

    return read
