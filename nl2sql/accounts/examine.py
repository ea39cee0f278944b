"""Looks at what the account of an address could do if the guard were not there: the second wall. Changes nothing."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from nl2sql.accounts import files, sqlite
from nl2sql.accounts.base import Ask, Finding, by_severity, some_of
from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.base import Engine
from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import AccountUnsafe, DatabaseUnreachable, EngineError

FILES = {"sqlite": sqlite.examine, "duckdb": files.examine_duckdb}
EXAMINERS = {"mysql": "nl2sql.accounts.mysql", "postgres": "nl2sql.accounts.postgres"}


def examine_account(
    url: str, engine: Engine, model: SemanticModel, hidden: frozenset[str] = frozenset()
) -> list[Finding]:
    """The worst first. `engine` is open on `url`; `hidden` holds physical "table.column" names in lower case.

    Raises EngineError when the database does not say.
    """
    found = list(_session(engine))
    scheme = url.partition("://")[0]
    if scheme in FILES:
        found += _file(scheme, Path(url.removeprefix(f"{scheme}:///")))
    elif scheme in SERVERS:
        with _catalogs(url) as ask:
            found += importlib.import_module(EXAMINERS[SERVERS[scheme][2]]).examine(ask, model, hidden)
        if not any(finding.severity == "danger" and finding.about != "session" for finding in found):
            found.append(Finding("rights", "ok", "cannot change data, reach files or see other schemas"))
    else:
        raise DatabaseUnreachable("What this account may do cannot be told for this kind of database.")
    return by_severity(found)


def require_safe_account(url: str, engine: Engine, model: SemanticModel, hidden: frozenset[str] = frozenset()) -> None:
    """Raises AccountUnsafe for any danger, and EngineError when the database does not say."""
    dangers = [each.text for each in examine_account(url, engine, model, hidden) if each.severity == "danger"]
    if dangers:
        raise AccountUnsafe(
            f"The database account is not safe for questions, and the setting strict is on: it {some_of(dangers)}.",
            hint="Run “nl2sql guard doctor”: it names every such right and the SQL that takes it away.",
        )


def _session(engine: Engine) -> Iterator[Finding]:
    faults = engine.session_faults()
    for fault in faults:
        yield Finding("session", "danger", f"the session {fault}, although it was told to")
    if not faults:
        yield Finding("session", "ok", "every session is read-only and limited, as tried just now")


def _file(scheme: str, path: Path) -> Iterator[Finding]:
    try:
        yield from FILES[scheme](path)
    except OSError as error:
        raise DatabaseUnreachable(f"The permissions of the file cannot be read: {error.strerror}.") from error


@contextlib.contextmanager
def _catalogs(url: str) -> Iterator[Ask]:
    """A connection of its own, closed again: some questions change its role."""
    from sqlalchemy import make_url

    drivername, _, _, kind_name = SERVERS[url.partition("://")[0]]
    module, _, name = kind_name.partition(":")
    kind = getattr(importlib.import_module(module), name)()
    address = make_url(url).set(drivername=drivername)
    arguments, options = address.get_dialect()().create_connect_args(address)
    try:
        connection = kind.connect(*arguments, **options)
    except kind.driver_errors as error:
        raise _silent(error) from None

    def ask(sql: str) -> list[tuple[Any, ...]]:
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall()) if cursor.description else []
        except kind.driver_errors as error:
            raise _silent(error) from None

    try:
        yield ask
    finally:
        connection.close()


def _silent(error: Exception) -> EngineError:
    """Without the driver's words, which may repeat the address."""
    return DatabaseUnreachable("The server did not say what the account may do.", hint=type(error).__name__)
