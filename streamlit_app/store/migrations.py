"""The steps that make the tables, each applied once, in order. Append only: what a release has applied never changes.

Of several processes that start at once one applies them, under a lock of the database, and the others wait for it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection, Engine, func, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from streamlit_app.store.errors import StoreTooNew
from streamlit_app.store.limits import utc_now
from streamlit_app.store.tables import migrations

_FIRST: Final = (
    """CREATE TABLE app_conversations (
        owner_key {key} NOT NULL, id {key} NOT NULL, title {title} NOT NULL, at {moment} NOT NULL, deleted_at {moment},
        PRIMARY KEY (owner_key, id)){options}""",
    "CREATE INDEX app_conversations_owner ON app_conversations (owner_key, at)",
    "CREATE INDEX app_conversations_at ON app_conversations (at)",
    "CREATE INDEX app_conversations_deleted ON app_conversations (deleted_at)",
    """CREATE TABLE app_answers (
        owner_key {key} NOT NULL, conversation {key} NOT NULL, number BIGINT NOT NULL, answer_id {key} NOT NULL,
        request {text} NOT NULL, answer {bytes} NOT NULL, seconds DOUBLE PRECISION NOT NULL, role_name {text} NOT NULL,
        at {moment} NOT NULL, PRIMARY KEY (owner_key, conversation, number)){options}""",
    "CREATE INDEX app_answers_answer ON app_answers (answer_id)",
    """CREATE TABLE app_boards (
        id {key} NOT NULL PRIMARY KEY, owner_key {key} NOT NULL, owner {text} NOT NULL, name {title} NOT NULL,
        shared {key} NOT NULL, version INTEGER NOT NULL, content {text} NOT NULL, at {moment} NOT NULL,
        deleted_at {moment}){options}""",
    "CREATE INDEX app_boards_owner ON app_boards (owner_key)",
    "CREATE INDEX app_boards_shared ON app_boards (shared)",
    "CREATE INDEX app_boards_deleted ON app_boards (deleted_at)",
    """CREATE TABLE app_preferences (
        owner_key {key} NOT NULL, name {key} NOT NULL, value {text} NOT NULL,
        PRIMARY KEY (owner_key, name)){options}""",
)
MIGRATIONS: Final = (_FIRST,)

_KEPT: Final = "CREATE TABLE IF NOT EXISTS app_migrations (number INTEGER NOT NULL PRIMARY KEY, at {moment} NOT NULL)"
_TYPES: Final[Mapping[str, Mapping[str, str]]] = {
    "sqlite": {"key": "VARCHAR(64)", "title": "TEXT", "text": "TEXT", "bytes": "BLOB", "moment": "DATETIME"},
    "postgresql": {
        "key": "VARCHAR(64)",
        "title": "VARCHAR(200)",
        "text": "TEXT",
        "bytes": "BYTEA",
        "moment": "TIMESTAMP",
    },
    "mysql": {
        "key": "VARCHAR(64)",
        "title": "VARCHAR(200)",
        "text": "MEDIUMTEXT",
        "bytes": "MEDIUMBLOB",
        "moment": "DATETIME(6)",
    },
}
_OPTIONS: Final = {"mysql": " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_bin"}
_LOCK: Final = 0x6E6C_6170_7001  # of this product's app, among PostgreSQL's advisory locks
# Of MySQL, which commits each step by itself: the table, column or index is there since a start that was cut short.
_THERE_ALREADY: Final = (1050, 1060, 1061)


def migrate(engine: Engine) -> None:
    """Raises StoreTooNew, and what the database raises."""
    with engine.connect() as connection, connection.begin():
        if _version(connection) == len(MIGRATIONS):
            return
    with engine.connect().execution_options(writing=True) as connection, _alone(connection):
        for number in range(_version(connection), len(MIGRATIONS)):
            _apply(connection, number)


def _version(connection: Connection) -> int:
    found = 0
    if inspect(connection).has_table(migrations.name):
        found = connection.scalar(select(func.max(migrations.c.number))) or 0
    if found > len(MIGRATIONS):
        raise StoreTooNew(
            "What people keep was written by a newer release, and this one leaves it alone. "
            "Start the newer release, or name another app_database."
        )
    return found


def _apply(connection: Connection, number: int) -> None:
    kind = "mysql" if connection.dialect.name == "mariadb" else connection.dialect.name
    types = {**_TYPES[kind], "options": _OPTIONS.get(kind, "")}
    for statement in (_KEPT, *MIGRATIONS[number]):
        try:
            connection.exec_driver_sql(statement.format(**types))
        except DBAPIError as error:
            if kind != "mysql" or getattr(error.orig, "args", ())[:1] not in [(code,) for code in _THERE_ALREADY]:
                raise
    connection.execute(insert(migrations), {"number": number + 1, "at": utc_now()})


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """In one transaction, while no other process is in here. SQLite's own write lock is enough."""
    with connection.begin():
        if connection.dialect.name == "postgresql":
            connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
        if connection.dialect.name not in ("mysql", "mariadb"):
            yield
            return
        database = hashlib.sha256((connection.engine.url.database or "").encode()).hexdigest()[:32]
        if connection.scalar(select(func.get_lock(f"nl2sql_app_{database}", 4))) != 1:
            raise TimeoutError("another process is still making the tables")
        try:
            yield
        finally:
            connection.execute(select(func.release_lock(f"nl2sql_app_{database}")))
