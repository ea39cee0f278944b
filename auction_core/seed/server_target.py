"""Loads into MySQL, MariaDB and PostgreSQL in one transaction: an interrupted seeding is rolled back by the server."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, inspect, select
from sqlalchemy.exc import DBAPIError

from auction_core.database import describe
from auction_core.errors import ForeignDatabase, LoadFailed
from auction_core.migrations.stamp import write_stamp
from auction_core.routines import create_routines
from auction_core.seed.columns import Cell, Encoder, Kind, TableRows, integers_as_python, money_as_text, times_as_text
from auction_core.seed.load import Progress, chunks, refuse_non_empty
from auction_core.tables import Base

# A statement of 5,000 listings stays under 2 MB; servers take 16 MB and more by default.
INSERT_ROWS = 5_000
COPY_ROWS = 50_000
_ENCODERS: dict[Kind, Encoder] = {
    Kind.INTEGER: integers_as_python,
    Kind.FLAG: integers_as_python,
    Kind.MONEY: money_as_text,
    Kind.TIME: times_as_text,
}


class RowWriter(Protocol):
    """How one kind of server takes many rows."""

    def open(self, connection: Connection) -> None: ...
    def write(self, connection: Connection, rows: TableRows, progress: Progress) -> None: ...
    def close(self, connection: Connection) -> None: ...


class ServerTarget:
    def __init__(self, engine: Engine, writer: RowWriter) -> None:
        self.engine = engine
        self.writer = writer

    def refuse_loss(self, force: bool) -> None:
        with self.engine.connect() as connection:
            present = set(inspect(connection).get_table_names())
            for table in Base.metadata.sorted_tables:
                if table.name not in present:
                    continue
                columns = {column["name"] for column in inspect(connection).get_columns(table.name)}
                if columns != set(table.columns.keys()):
                    where = f"the {describe(self.engine.url)}"
                    raise ForeignDatabase(
                        f"Table {table.name} in {where} has other columns: run 'auction-core migrate' or drop it first."
                    )
                if not force and connection.execute(select(table.primary_key.columns[0]).limit(1)).first():
                    raise refuse_non_empty(f"the {describe(self.engine.url)}")

    def load(self, tables: Iterable[TableRows], progress: Progress) -> None:
        try:
            with self.engine.begin() as connection:
                Base.metadata.create_all(connection)
                create_routines(connection)
                write_stamp(connection)
            with self.engine.begin() as connection:
                self.writer.open(connection)
                # DELETE and not TRUNCATE, which MySQL cannot roll back.
                for table in reversed(Base.metadata.sorted_tables):
                    connection.execute(table.delete())
                for rows in tables:
                    self.writer.write(connection, rows, progress)
                self.writer.close(connection)
        except DBAPIError as error:
            raise self._failure(error.orig or error) from error
        except self.engine.dialect.loaded_dbapi.Error as error:
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> LoadFailed:
        kind = type(error).__name__
        return LoadFailed(f"Writing to the {describe(self.engine.url)} broke off ({kind}) and was rolled back.")


class InsertLiterals:
    """MySQL and MariaDB: INSERTs of thousands of literal rows, twice as fast there as bound parameters."""

    def open(self, connection: Connection) -> None:
        # Literals escape backslashes, so the mode that reads them as plain characters must be off.
        connection.exec_driver_sql("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION'")
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 0, unique_checks = 0")

    def write(self, connection: Connection, rows: TableRows, progress: Progress) -> None:
        names = ", ".join(column.name for column in rows.columns)
        literals = [_quoted if column.kind in {Kind.TEXT, Kind.TIME} else _bare for column in rows.columns]
        cursor = connection.connection.cursor()
        for chunk in chunks(rows, INSERT_ROWS, _ENCODERS, progress):
            values = ",".join(_literal_row(row, literals) for row in chunk)
            cursor.execute(f"INSERT INTO {rows.table} ({names}) VALUES {values}")  # noqa: S608 - quoted below
        cursor.close()

    def close(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 1, unique_checks = 1")


class CopyText:
    """PostgreSQL: COPY in its text format; then every id sequence continues after the highest id."""

    def open(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")

    def write(self, connection: Connection, rows: TableRows, progress: Progress) -> None:
        names = ", ".join(column.name for column in rows.columns)
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor, cursor.copy(f"COPY {rows.table} ({names}) FROM STDIN") as copy:
            for chunk in chunks(rows, COPY_ROWS, _ENCODERS, progress):
                copy.write("".join("\t".join(map(_copy_cell, row)) + "\n" for row in chunk))

    def close(self, connection: Connection) -> None:
        for table in Base.metadata.sorted_tables:
            if "id" in table.columns:
                sequence = f"pg_get_serial_sequence('{table.name}', 'id')"
                following = f"(SELECT COALESCE(MAX(id), 0) + 1 FROM {table.name})"  # noqa: S608 - names are ours
                connection.exec_driver_sql(f"SELECT setval({sequence}, {following}, false)")
            connection.exec_driver_sql(f"ANALYZE {table.name}")


def _literal_row(row: Sequence[Cell], literals: Sequence[Any]) -> str:
    cells = ("NULL" if cell is None else literal(cell) for cell, literal in zip(row, literals, strict=True))
    return f"({','.join(cells)})"


def _bare(cell: Cell) -> str:
    return str(cell)


def _quoted(cell: Cell) -> str:
    return "'" + str(cell).replace("\\", "\\\\").replace("'", "''") + "'"


def _copy_cell(cell: Cell) -> str:
    if cell is None:
        return "\\N"
    return str(cell).replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
