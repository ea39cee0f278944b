"""The steps that revisions are made of, each repeatable: what is there already is not made again.

MySQL commits every statement that changes a table by itself. A migration that broke off in the middle is then carried
on by running it again from its last stamp.
"""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

# Of these types as of columns in revisions: they never change, whatever becomes of `tables`.
TIME = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
MONEY = sa.Numeric(12, 2).with_variant(sa.REAL(), "sqlite")
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
EXACT_TEXT = sa.String(64).with_variant(mysql.VARCHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
SERVER: dict[str, Any] = {
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
}


def engine_name() -> str:
    return op.get_context().dialect.name


def _is_there(look: Callable[[Any], bool]) -> bool | None:
    """None when only the SQL is written and no database is looked at."""
    context = op.get_context()
    return None if context.as_sql else look(sa.inspect(op.get_bind()))


def _has_column(inspector: Any, table: str, column: str) -> bool:
    return any(each["name"] == column for each in inspector.get_columns(table))


def _has_index(inspector: Any, table: str, name: str) -> bool:
    return any(each["name"] == name for each in inspector.get_indexes(table))


def has_column(table: str, column: str) -> bool | None:
    return _is_there(lambda inspector: _has_column(inspector, table, column))


def has_table(table: str) -> bool | None:
    return _is_there(lambda inspector: inspector.has_table(table))


def has_index(table: str, name: str) -> bool | None:
    return _is_there(lambda inspector: _has_index(inspector, table, name))


def create_table(name: str, *parts: Any, indexes: tuple[tuple[str, ...], ...] = (), **options: Any) -> None:
    """`indexes` are the columns of each; its name is made of theirs."""
    if not has_table(name):
        op.create_table(name, *parts, **SERVER, **options)
    for columns in indexes:
        create_index(name, columns)


def drop_table(name: str) -> None:
    if has_table(name) is not False:
        op.drop_table(name)


def add_column(table: str, column: sa.Column[Any]) -> None:
    if not has_column(table, column.name):
        op.add_column(table, column)


def drop_column(table: str, column: str) -> None:
    if has_column(table, column) is not False:
        op.drop_column(table, column)


def create_index(table: str, columns: tuple[str, ...]) -> None:
    name = index_name(table, columns)
    if not has_index(table, name):
        op.create_index(name, table, list(columns))


def drop_index(table: str, columns: tuple[str, ...]) -> None:
    name = index_name(table, columns)
    if has_index(table, name) is not False:
        op.drop_index(name, table)


def index_name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"


def primary_key(table: str, *columns: str) -> sa.PrimaryKeyConstraint:
    return sa.PrimaryKeyConstraint(*columns, name=f"pk_{table}")


def reference(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [to], name=f"fk_{table}_{column}")


def unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=f"uq_{table}_{'_'.join(columns)}")


def rule(table: str, name: str, condition: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=f"ck_{table}_{name}")
