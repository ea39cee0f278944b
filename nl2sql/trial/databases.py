"""A database that is made for a trial and dropped after it, and what can be told of its state.

The address must belong to an account that may make databases. What is found out is as much as that account may see.
"""

from __future__ import annotations

import contextlib
import hashlib
import secrets
import shutil
import signal
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.registry import open_engine
from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import DatabaseUnreadable, SettingsInvalid
from nl2sql.trial.sample import Sample

PREFIX: Final = "nl2sql_guard_"
# Other runs of this product make accounts of their own meanwhile; all their names begin like this.
_OWN_ACCOUNTS: Final = "nl2sql_"
# Kept by the servers themselves beside the tables' files: made on a first connection, or by housekeeping.
_KEPT_BY_POSTGRES: Final = ("_fsm", "_vm", "_init")

_MYSQL_TABLES: Final = """
SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = DATABASE()
"""
_MYSQL_ROUTINES: Final = """
SELECT routine_name, routine_type FROM information_schema.routines WHERE routine_schema = DATABASE()
"""
_POSTGRES_TABLES: Final = """
SELECT n.nspname || '.' || c.relname, c.relkind::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
"""
_POSTGRES_ROUTINES: Final = """
SELECT n.nspname || '.' || p.proname, p.prosrc FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema')
"""
_POSTGRES_FILES: Final = """
SELECT 'base/' || name FROM pg_database d, pg_ls_dir('base/' || d.oid) AS name WHERE datname = current_database()
UNION ALL SELECT pg_ls_dir('.')
"""

# By topic ("rows", "tables", "accounts", "files") and name, a digest. A topic that cannot be seen is not there.
State = Mapping[str, Mapping[str, str]]


class TrialDatabase(Protocol):
    """`address` is what the product opens."""

    address: str

    def reach(self) -> None:
        """Raises as the product does when the server does not let it in."""
        ...

    def make(self, sample: Sample) -> None: ...

    def state(self, sample: Sample) -> State: ...

    def drop(self) -> None: ...


@contextlib.contextmanager
def trial_database(url: str, model: SemanticModel) -> Iterator[tuple[TrialDatabase, Sample]]:
    """Raises SettingsInvalid for an address that cannot be used, EngineError when the server does not take part.

    Whatever happens inside, an interruption too, the database is dropped.
    """
    sample = Sample(model)
    database = _database_at(url)
    database.reach()
    try:
        database.make(sample)
        yield database, sample
    except SQLAlchemyError as error:
        raise DatabaseUnreadable(
            "The database for the trial could not be made or read.",
            hint="The account in the address must be one that may make databases.",
        ) from error
    finally:
        with _undisturbed(), contextlib.suppress(SQLAlchemyError, OSError):
            database.drop()


def changes_between(before: State, after: State) -> list[str]:
    """One sentence for each thing that is new, gone or not as it was."""
    found = []
    for topic, old in before.items():
        new = after.get(topic, {})
        for name in sorted(old.keys() | new.keys()):
            if old.get(name) != new.get(name):
                how = "is new" if name not in old else "is gone" if name not in new else "has changed"
                found.append(f"{topic}: {name} {how}")
    return found


def _database_at(url: str) -> TrialDatabase:
    scheme, separator, rest = url.partition("://")
    if separator and scheme == "sqlite" and rest.startswith("/"):
        return _SqliteTrial()
    if not separator or scheme not in SERVERS:
        allowed = ", ".join(sorted(["sqlite", *SERVERS]))
        raise SettingsInvalid("There can be no trial at this address.", hint=f"Start it with one of: {allowed} and ://")
    try:
        address = sa.make_url(url).set(drivername=SERVERS[scheme][0])
    except (ArgumentError, ValueError):
        raise SettingsInvalid("The address of the trial cannot be read.") from None
    return _PostgresTrial(address) if address.get_backend_name() == "postgresql" else _MySqlTrial(address)


class _SqliteTrial:
    """A file of its own in a folder of its own: the file that the address names is never opened."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.gettempdir()) / (PREFIX + secrets.token_hex(6))
        self.address = f"sqlite:///{self._folder / 'trial.db'}"

    def reach(self) -> None:
        self._folder.mkdir(mode=0o700)

    def make(self, sample: Sample) -> None:
        _fill(self.address, sample)

    def state(self, sample: Sample) -> State:
        with _connected(self.address) as connection:
            objects = connection.exec_driver_sql("SELECT type || ' ' || name, sql FROM sqlite_master").all()
            rows = _rows(connection, sample)
        files = {path.name: "" for path in self._folder.iterdir()}
        return {"rows": rows, "tables": _digests(objects), "files": files}

    def drop(self) -> None:
        shutil.rmtree(self._folder)


class _MySqlTrial:
    def __init__(self, address: sa.URL) -> None:
        self._name = PREFIX + secrets.token_hex(6)
        self._server = _text(address._replace(database=None))  # set() takes None for “as it is”
        self.address = _text(address.set(database=self._name))

    def reach(self) -> None:
        _try_to_reach(self._server)

    def make(self, sample: Sample) -> None:
        with _connected(self._server) as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {self._name} CHARACTER SET utf8mb4")
        _fill(self.address, sample)

    def state(self, sample: Sample) -> State:
        with _connected(self.address) as connection:
            found: dict[str, Mapping[str, str]] = {
                "rows": _rows(connection, sample),
                "tables": _digests(connection.exec_driver_sql(_MYSQL_TABLES).all()),
                "routines": _digests(connection.exec_driver_sql(_MYSQL_ROUTINES).all()),
            }
            with contextlib.suppress(SQLAlchemyError):
                query = "SELECT CONCAT(user, '@', host), u.* FROM mysql.user AS u"
                found["accounts"] = _accounts(connection.exec_driver_sql(query).all())
            folder = Path(str(connection.exec_driver_sql("SELECT @@datadir").scalar())) / self._name
        with contextlib.suppress(OSError):
            found["files"] = {path.name: "" for path in folder.iterdir()}
        return found

    def drop(self) -> None:
        with _connected(self._server) as connection:
            # A statement that an interruption left running would hold the drop up.
            running = "SELECT id FROM information_schema.processlist WHERE db = %s"
            for thread in connection.exec_driver_sql(running, (self._name,)).scalars().all():
                with contextlib.suppress(SQLAlchemyError):
                    connection.exec_driver_sql(f"KILL {int(thread)}")
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {self._name}")


class _PostgresTrial:
    def __init__(self, address: sa.URL) -> None:
        self._name = PREFIX + secrets.token_hex(6)
        self._server = _text(address.set(database=address.database or "postgres"))
        self.address = _text(address.set(database=self._name))

    def reach(self) -> None:
        _try_to_reach(self._server)

    def make(self, sample: Sample) -> None:
        with _connected(self._server) as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {self._name} TEMPLATE template0 ENCODING 'UTF8'")
        _fill(self.address, sample)

    def state(self, sample: Sample) -> State:
        with _connected(self.address) as connection:
            found: dict[str, Mapping[str, str]] = {
                "rows": _rows(connection, sample),
                "tables": _digests(connection.exec_driver_sql(_POSTGRES_TABLES).all()),
                "routines": _digests(connection.exec_driver_sql(_POSTGRES_ROUTINES).all()),
                "large objects": _digests(
                    connection.exec_driver_sql("SELECT oid::text FROM pg_largeobject_metadata").all()
                ),
            }
            for table in ("pg_authid", "pg_roles"):  # the first only for superusers
                with contextlib.suppress(SQLAlchemyError):
                    query = f"SELECT rolname, r.* FROM {table} AS r"  # noqa: S608 - one of two names
                    found.setdefault("accounts", _accounts(connection.exec_driver_sql(query).all()))
            with contextlib.suppress(SQLAlchemyError):
                names = connection.exec_driver_sql(_POSTGRES_FILES).scalars().all()
                found["files"] = {name: "" for name in names if _is_table_file(str(name))}
        return found

    def drop(self) -> None:
        with _connected(self._server) as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {self._name} WITH (FORCE)")


def _is_table_file(name: str) -> bool:
    return not name.endswith(_KEPT_BY_POSTGRES) and not name.endswith("pg_internal.init")


def _text(address: sa.URL) -> str:
    return address.render_as_string(hide_password=False)


def _try_to_reach(address: str) -> None:
    """As the product does, so that what is wrong is said as it says it."""
    engine = open_engine(address)
    try:
        engine.fingerprint()
    finally:
        engine.close()


@contextlib.contextmanager
def _connected(address: str, isolation: IsolationLevel = "AUTOCOMMIT") -> Iterator[sa.Connection]:
    limits = {} if address.startswith("sqlite") else {"connect_timeout": 5}
    engine = sa.create_engine(
        address, poolclass=sa.NullPool, isolation_level=isolation, hide_parameters=True, connect_args=limits
    )
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _fill(address: str, sample: Sample) -> None:
    with _connected(address, "SERIALIZABLE") as connection, connection.begin():
        sample.metadata.create_all(connection)
        for table in sample.metadata.sorted_tables:
            connection.execute(table.insert(), sample.rows[table.name])


def _rows(connection: sa.Connection, sample: Sample) -> Mapping[str, str]:
    """By table, a digest of all its rows; a table that is gone has none."""
    found = {}
    for table in sample.metadata.sorted_tables:
        with contextlib.suppress(SQLAlchemyError):
            rows = sorted(repr(tuple(row)) for row in connection.execute(table.select()))
            found[table.name] = _digest(rows)
    return found


def _digests(rows: Iterable[Any]) -> Mapping[str, str]:
    """First column → digest of the others."""
    return {str(row[0]): _digest(map(repr, row[1:])) for row in rows}


def _accounts(rows: Iterable[Any]) -> Mapping[str, str]:
    return {name: digest for name, digest in _digests(rows).items() if not name.startswith(_OWN_ACCOUNTS)}


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """A second Ctrl-C must not interrupt the cleaning up after the first."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
