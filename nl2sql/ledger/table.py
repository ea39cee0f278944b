"""The tables of the ledger, the same on SQLite, MySQL, MariaDB and PostgreSQL. Made when they are missing.

Column names are words that none of these databases reserves; in Python each has the name of LedgerRow's field.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Connection,
    DateTime,
    Dialect,
    Float,
    Index,
    Integer,
    MetaData,
    Numeric,
    String,
    Table,
    Text,
    insert,
    inspect,
    select,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import CreateColumn
from sqlalchemy.types import TypeDecorator, TypeEngine

from nl2sql.ledger.base import LedgerRow
from nl2sql.ledger.row import COST_PLACES

VERSION: Final = 1
# An index of MySQL takes 767 bytes in its oldest row format: 190 characters of up to four bytes.
NAME_CHARS: Final = 190
CODE_CHARS: Final = 64
# A statement of a language model is at most 20,000 characters, a question 2,000. Longer ones were typed, and are cut.
TEXT_CHARS: Final = 50_000
COMMENT_CHARS: Final = 2_000
# Twelve digits before the point, as many after it.
_COST = Numeric(24, 12)
_LARGEST_COST: Final = Decimal(10) ** 12 - 1
_BIGGEST_INTEGER: Final = 2**63 - 1


class ExactDecimal(TypeDecorator[Decimal]):
    """SQLite has no exact numbers but whole ones: there it is the text, which sorts as text."""

    impl = _COST
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(String(26) if dialect.name == "sqlite" else _COST)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        kept = min(max(value, -_LARGEST_COST), _LARGEST_COST).quantize(COST_PLACES)
        return f"{kept.normalize():f}" if dialect.name == "sqlite" else kept

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(str(value)).normalize()


_LONG_TEXT = Text().with_variant(mysql.MEDIUMTEXT(), "mysql", "mariadb")
_MOMENT = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
# PostgreSQL and MySQL count in 64 bits; SQLite counts by itself only what is called INTEGER.
_COUNTER = BigInteger().with_variant(Integer(), "sqlite")
# Names are told apart by letter and case on MySQL too.
_OPTIONS: Mapping[str, Any] = {
    f"{name}_{option}": value
    for name in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}

metadata = MetaData()

questions = Table(
    "questions",
    metadata,
    Column("number", _COUNTER, primary_key=True, autoincrement=True),
    Column("id", String(CODE_CHARS), key="id", nullable=False, unique=True),
    Column("asked_at", _MOMENT, key="at", nullable=False),
    Column("user_name", String(NAME_CHARS), key="user", nullable=False),
    Column("role_name", String(NAME_CHARS), key="role", nullable=False),
    Column("question", _LONG_TEXT, nullable=False),
    Column("outcome", String(CODE_CHARS), nullable=False),
    Column("code", String(CODE_CHARS), nullable=False),
    Column("writer", String(NAME_CHARS), nullable=False),
    Column("prompt_version", String(NAME_CHARS), nullable=False),
    Column("model_name", String(NAME_CHARS), key="model", nullable=False),
    Column("plan_text", _LONG_TEXT, key="plan", nullable=False),
    Column("sql_text", _LONG_TEXT, key="sql", nullable=False),
    Column("guard_verdict", String(CODE_CHARS), key="verdict", nullable=False),
    Column("engine_name", String(CODE_CHARS), key="engine", nullable=False),
    Column("result_rows", BigInteger, key="rows"),
    Column("result_bytes", BigInteger),
    Column("scanned_bytes", BigInteger),
    Column("prompt_tokens", BigInteger, nullable=False),
    Column("completion_tokens", BigInteger, nullable=False),
    Column("cost", ExactDecimal()),
    Column("currency", String(16), nullable=False),
    Column("cached", Boolean, nullable=False),
    Column("milliseconds", Float(53), nullable=False),
    Column("stage_ms", _LONG_TEXT, nullable=False),
    Column("feedback", String(8), nullable=False, default=""),
    Column("feedback_comment", _LONG_TEXT, nullable=False, default=""),
    Column("feedback_at", _MOMENT),
    # Not in ledgers of earlier releases: added to them without a new version, since those write and read on without it.
    Column("corrects", String(CODE_CHARS), nullable=False, server_default=""),
    **_OPTIONS,
)
Index("questions_asked_at", questions.c.at)
Index("questions_user_name", questions.c.user)
Index("questions_outcome", questions.c.outcome)

# How many questions could not be kept, noted when the database could be written to again.
losses = Table(
    "questions_lost",
    metadata,
    Column("number", _COUNTER, primary_key=True, autoincrement=True),
    Column("noted_at", _MOMENT, key="at", nullable=False),
    Column("lost", BigInteger, nullable=False),
    **_OPTIONS,
)
versions = Table("ledger_version", metadata, Column("version", Integer, primary_key=True, autoincrement=False))


class OtherVersion(Exception):
    """The tables were made by a version of the product that keeps other columns."""


def prepare(connection: Connection) -> None:
    """Makes what is missing. Raises OtherVersion, and what the database raises."""
    metadata.create_all(connection)
    if connection.scalar(select(versions.c.version)) is None:
        try:
            with connection.begin_nested():
                connection.execute(insert(versions), {"version": VERSION})
        except IntegrityError:
            pass  # another process was quicker
    check_version(connection)


def has_corrections(connection: Connection) -> bool:
    """False for a table that an earlier release made, and nobody added the column `corrects` to."""
    return any(column["name"] == "corrects" for column in inspect(connection).get_columns(questions.name))


def add_corrections(connection: Connection) -> None:
    """Raises DBAPIError, also where another process was quicker."""
    column = CreateColumn(questions.c.corrects).compile(dialect=connection.dialect)
    connection.exec_driver_sql(f"ALTER TABLE {questions.name} ADD COLUMN {column}")


def check_version(connection: Connection) -> None:
    found = connection.scalars(select(versions.c.version)).all()
    if list(found) != [VERSION]:
        raise OtherVersion(f"its tables have version {', '.join(map(str, found)) or 'none'}, not {VERSION}")


def now() -> datetime:
    """UTC without zone."""
    return datetime.now(UTC).replace(tzinfo=None)


def values_of(row: LedgerRow) -> dict[str, Any]:
    """A row as parameters of an INSERT, with each value as every database takes it. Raises what a wrong type does."""
    return {
        "id": kept(row.id, CODE_CHARS),
        "at": _moment(row.at),
        "user": kept(row.user, NAME_CHARS),
        "role": kept(row.role, NAME_CHARS),
        "question": kept(row.question, TEXT_CHARS),
        "outcome": kept(row.outcome, CODE_CHARS),
        "code": kept(row.code, CODE_CHARS),
        "writer": kept(row.writer, NAME_CHARS),
        "prompt_version": kept(row.prompt_version, NAME_CHARS),
        "model": kept(row.model, NAME_CHARS),
        "plan": kept(row.plan, TEXT_CHARS),
        "sql": kept(row.sql, TEXT_CHARS),
        "verdict": kept(row.verdict, CODE_CHARS),
        "engine": kept(row.engine, CODE_CHARS),
        "rows": _whole(row.rows),
        "result_bytes": _whole(row.result_bytes),
        "scanned_bytes": _whole(row.scanned_bytes),
        "prompt_tokens": _whole(row.prompt_tokens),
        "completion_tokens": _whole(row.completion_tokens),
        "cost": row.cost if row.cost is None or row.cost.is_finite() else None,
        "currency": kept(row.currency, 16),
        "cached": bool(row.cached),
        "milliseconds": min(max(0.0, float(row.milliseconds)), 1e15),  # in this order NaN is 0
        "stage_ms": json.dumps({kept(name, CODE_CHARS): round(ms, 3) for name, ms in row.stage_ms.items()}),
        "corrects": kept(row.corrects, CODE_CHARS),
    }


def kept(text: str, most: int) -> str:
    """At most `most` characters; without NUL, which PostgreSQL refuses, and half characters, which no driver sends."""
    text = text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")
    return text if len(text) <= most else text[: most - 1] + "…"


def _moment(at: datetime) -> datetime:
    return at.replace(tzinfo=None) if at.tzinfo is None else at.astimezone(UTC).replace(tzinfo=None)


def _whole(number: int | None) -> int | None:
    return None if number is None else min(max(int(number), -_BIGGEST_INTEGER), _BIGGEST_INTEGER)
