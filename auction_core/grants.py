"""The SQL that makes two accounts for an auction database: a writer for the backend, and an analyst for questions.

The writer has the rights that the store, the relay and the worker need, on the tables that they need them on. The
analyst reads what is neither sensitive nor the backend's own business: `tables` says which. On PostgreSQL that is a
grant of columns. On MySQL and MariaDB it is views in a database of their own, `<database>_visible`, under the names of
the tables: there a grant of columns does not keep HANDLER and USING from the others.

The statements may be run again: they take away first what an account of these names has on the database.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from auction_core.errors import Refused
from auction_core.tables import INTERNAL, SENSITIVE, Base

ENGINES = ("mysql", "postgresql")
WRITER_VARIABLE, ANALYST_VARIABLE = "AUCTION_WRITER_PASSWORD", "AUCTION_ANALYST_PASSWORD"
# Locking a row for a change takes the right to change it: that is why keys can be updated, which nobody does.
WRITES: Mapping[str, str] = {
    "users": "SELECT, INSERT, UPDATE",
    "categories": "SELECT",
    "listings": "SELECT, INSERT, UPDATE",
    "bids": "SELECT, INSERT",
    "comments": "SELECT, INSERT",
    "watchlist": "SELECT, INSERT, DELETE",
    "payments": "SELECT, INSERT, UPDATE",
    "reviews": "SELECT, INSERT",
    "event_outbox": "SELECT, INSERT, UPDATE, DELETE",
    "outbox_lanes": "SELECT, INSERT, UPDATE",
    "idempotency_keys": "SELECT, INSERT, UPDATE, DELETE",
    "alembic_version": "SELECT",
}
# MySQL allows 32 characters for an account, PostgreSQL 63; a database needs room for '_visible'.
_NAME = re.compile(r"[a-z_][a-z0-9_]{0,31}")
_DATABASE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,54}")
_RESERVED = frozenset({"root", "mysql", "postgres", "public", "current_user", "session_user", "none"})
_PASSWORD = re.compile(r"[!-~]{8,200}")


@dataclass(frozen=True, slots=True)
class Account:
    """Without a password, a new account is locked until an administrator gives it one."""

    name: str
    password: str | None = field(default=None, repr=False)


def visible_columns() -> dict[str, tuple[str, ...]]:
    """By table, what an analyst may read."""
    return {
        table.name: tuple(column.name for column in table.columns if not column.info.items() >= SENSITIVE.items())
        for table in Base.metadata.sorted_tables
        if not table.info.items() >= INTERNAL.items()
    }


def password_from(environment: Mapping[str, str], variable: str) -> str:
    """Of the environment, else a new one. Raises Refused for one that SQL could misread."""
    given = environment.get(variable)
    if not given:
        return secrets.token_urlsafe(24)
    if not _PASSWORD.fullmatch(given) or set(given) & set("'\"\\`$"):
        raise Refused(
            f"{variable} must be 8 to 200 visible ASCII characters without quotes, backslash and dollar sign."
        )
    return given


def grants(engine: str, database: str, writer: Account, analyst: Account) -> str:
    """One statement after the other, for the server's own client and an administrator. Raises Refused."""
    if engine not in ENGINES:
        raise Refused(f"There are no accounts for '{engine}': choose {' or '.join(ENGINES)}.")
    for account in (writer, analyst):
        if not _NAME.fullmatch(account.name) or account.name in _RESERVED or account.name.startswith("pg_"):
            raise Refused(
                f"'{account.name}' is no name for an account: take up to 32 small letters, digits and underscores."
            )
    if not _DATABASE.fullmatch(database):
        raise Refused(f"'{database}' is no name for a database: take up to 55 letters, digits and underscores.")
    if writer.name == analyst.name:
        raise Refused("The writer and the analyst must be two accounts.")
    made = _mysql(database, writer, analyst) if engine == "mysql" else _postgresql(database, writer, analyst)
    return "".join(f"{statement}\n" for statement in made)


def _mysql(database: str, writer: Account, analyst: Account) -> Iterator[str]:
    yield "-- For MySQL and MariaDB, after 'auction-core migrate', by an account that may create accounts."
    for account in (writer, analyst):
        yield from _mysql_account(account)
    for table, rights in WRITES.items():
        yield f"GRANT {rights} ON `{database}`.`{table}` TO '{writer.name}'@'%';"
    yield "-- On the database, because making a routine anew takes away what was granted on it."
    yield f"GRANT EXECUTE ON {_pattern(database)}.* TO '{writer.name}'@'%';"
    visible = f"{database}_visible"
    yield f"-- The analyst's address names the database {visible}: views without the columns that are sensitive."
    yield f"CREATE DATABASE IF NOT EXISTS `{visible}`;"
    for table, columns in visible_columns().items():
        listed = ", ".join(f"`{column}`" for column in columns)
        query = f"SELECT {listed} FROM `{database}`.`{table}`"  # noqa: S608 - names of this package, and a checked one
        yield f"CREATE OR REPLACE SQL SECURITY DEFINER VIEW `{visible}`.`{table}` AS {query};"
    yield f"GRANT SELECT ON {_pattern(visible)}.* TO '{analyst.name}'@'%';"


def _mysql_account(account: Account) -> Iterator[str]:
    who = f"'{account.name}'@'%'"
    if account.password is None:
        yield f"CREATE USER IF NOT EXISTS {who} ACCOUNT LOCK;"
        yield f"-- Then: ALTER USER {who} IDENTIFIED BY '...' ACCOUNT UNLOCK;"
    else:
        yield f"CREATE USER IF NOT EXISTS {who} ACCOUNT LOCK;"
        yield f"ALTER USER {who} IDENTIFIED BY '{account.password}' ACCOUNT UNLOCK;"
    yield f"REVOKE ALL PRIVILEGES, GRANT OPTION FROM {who};"


def _pattern(database: str) -> str:
    """An underscore in the name of a database is a pattern to GRANT."""
    return "`" + database.replace("_", "\\_") + "`"


def _postgresql(database: str, writer: Account, analyst: Account) -> Iterator[str]:
    both = f'"{writer.name}", "{analyst.name}"'
    yield f"-- For PostgreSQL, after 'auction-core migrate', in the database {database}, by the owner of its tables,"
    yield "-- who may also create roles."
    yield "BEGIN;"
    for account in (writer, analyst):
        yield from _postgresql_account(account)
    yield f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC, {both};'
    yield f'GRANT CONNECT ON DATABASE "{database}" TO {both};'
    yield f"REVOKE ALL ON SCHEMA public FROM PUBLIC, {both};"
    yield f"GRANT USAGE ON SCHEMA public TO {both};"
    for kind in ("TABLES", "SEQUENCES", "ROUTINES"):
        yield f"REVOKE ALL ON ALL {kind} IN SCHEMA public FROM PUBLIC, {both};"
    yield "ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON ROUTINES FROM PUBLIC;"
    yield f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT EXECUTE ON ROUTINES TO "{writer.name}";'
    yield f'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO "{writer.name}";'
    yield f'GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO "{writer.name}";'
    yield f'GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{writer.name}";'
    for table, rights in WRITES.items():
        yield f'GRANT {rights} ON public."{table}" TO "{writer.name}";'
    for table, columns in visible_columns().items():
        listed = ", ".join(f'"{column}"' for column in columns)
        yield f'GRANT SELECT ({listed}) ON public."{table}" TO "{analyst.name}";'
    yield f'ALTER ROLE "{analyst.name}" IN DATABASE "{database}" SET default_transaction_read_only = on;'
    yield "COMMIT;"


def _postgresql_account(account: Account) -> Iterator[str]:
    """A role without a password cannot log in where the server asks for one."""
    yield (
        f"DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{account.name}') "
        f'THEN CREATE ROLE "{account.name}" NOLOGIN; END IF; END $$;'
    )
    plain = "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS"
    if account.password is None:
        yield f'ALTER ROLE "{account.name}" {plain};'
        yield f"-- Then: ALTER ROLE \"{account.name}\" LOGIN PASSWORD '...';"
    else:
        yield f"ALTER ROLE \"{account.name}\" LOGIN {plain} PASSWORD '{account.password}';"
