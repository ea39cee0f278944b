"""Database servers, over connections made as the engine makes them: its TLS, its limits, its read-only session."""

from __future__ import annotations

import importlib
from itertools import groupby
from operator import itemgetter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.reflection import ObjectKind

from nl2sql.catalog.facts import ColumnFacts, TableFacts
from nl2sql.engines.intake import take_capped
from nl2sql.engines.schemes import SERVERS
from nl2sql.errors import EngineError, QueryFailed, SettingsInvalid
from nl2sql.introspection.inspected import inspected
from nl2sql.introspection.reader import SAMPLE_BYTES, SECONDS, Row, SampleReader
from nl2sql.introspection.types import datatype_named

MOST_VIEW_COLUMNS = 100_000


class Server(SampleReader):
    """`url` is one that the engine has opened: it is not checked again."""

    def __init__(self, url: str) -> None:
        drivername, _, _, kind_name = SERVERS[url.partition("://")[0]]
        module, _, name = kind_name.partition(":")
        self._kind = getattr(importlib.import_module(module), name)()
        self.dialect: str = self._kind.dialect
        address = sa.make_url(url).set(drivername=drivername)
        if not address.database:
            raise SettingsInvalid("The database address names no database.", hint="Write it behind the last slash.")
        self._engine = sa.create_engine(
            address, creator=lambda: connect(), poolclass=sa.QueuePool, pool_size=1, hide_parameters=True
        )
        arguments, given = self._engine.dialect.create_connect_args(address)
        options = self._kind.settled(address.query, given)

        def connect() -> Any:
            return self._kind.connect(*arguments, **options)

        sa.event.listen(self._engine, "connect", lambda connection, _record: self._kind.prepare(connection))

    def tables(self) -> tuple[TableFacts, ...]:
        try:
            if self._engine.dialect.name != "mysql":
                return inspected(self._engine)
            found = [*inspected(self._engine, ObjectKind.TABLE), *self._views()]
            return tuple(sorted(found, key=lambda each: each.name))
        except sa.exc.DBAPIError as error:
            raise self._mapped(error.orig or error) from None
        except self._kind.driver_errors as error:
            raise self._mapped(error) from None
        except sa.exc.SQLAlchemyError:
            raise QueryFailed("The structure of the database cannot be read.") from None

    def _views(self) -> list[TableFacts]:
        """Of MySQL, where SQLAlchemy reads how a view was made: an account that may only SELECT may not."""
        rows = self.query(
            "SELECT c.table_name, c.column_name, c.column_type FROM information_schema.columns AS c"
            " JOIN information_schema.views AS v ON v.table_schema = c.table_schema AND v.table_name = c.table_name"
            " WHERE c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position",
            MOST_VIEW_COLUMNS,
        )
        return [
            TableFacts(
                name=str(name),
                columns=tuple(ColumnFacts(str(c), datatype_named(str(kind)), str(kind)) for _, c, kind in columns),
                is_view=True,
            )
            for name, columns in groupby(rows, key=itemgetter(0))
        ]

    def query(self, sql: str, most: int) -> list[Row]:
        try:
            pooled = self._engine.raw_connection()
            try:
                return self._rows(pooled.driver_connection, sql, most)
            except BaseException:
                pooled.invalidate()
                raise
            finally:
                pooled.close()
        except sa.exc.DBAPIError as error:
            raise self._mapped(error.orig or error) from None
        except self._kind.driver_errors as error:
            raise self._mapped(error) from None

    def _rows(self, connection: Any, sql: str, most: int) -> list[Row]:
        kind = self._kind
        cursor = kind.open(connection, sql, SECONDS)
        try:
            readers = kind.readers(connection, cursor)
            rows, _ = take_capped(kind.rows(connection, cursor, most, SAMPLE_BYTES), most, SAMPLE_BYTES)
        finally:
            kind.close(connection, cursor, lambda: None)
        connection.rollback()
        columns = [
            values if reader is None else reader.values(values)
            for values, reader in zip(zip(*rows, strict=True), readers, strict=bool(rows))
        ]
        return list(zip(*columns, strict=True))

    def quoted(self, name: str) -> str:
        return str(self._kind.quoted(name))

    def close(self) -> None:
        self._engine.dispose()

    def _mapped(self, error: BaseException) -> EngineError:
        """Without the address's secret, whatever the driver said."""
        mapped: EngineError = self._kind.mapped(error, SECONDS)
        if password := self._engine.url.password:
            mapped.hint = mapped.hint.replace(str(password), "***")
        return mapped
