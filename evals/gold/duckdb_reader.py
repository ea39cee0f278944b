"""DuckDB files, attached read-only to a session that reaches no other file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import duckdb
import pyarrow as pa

from evals.cases.base import Dialect
from evals.gold.reader import GOLD_SECONDS, MAX_BYTES, MAX_ROWS, NOT_RUN, too_large
from evals.matching.rules import Table
from nl2sql.engines.deadline import Backstop, query_timed_out
from nl2sql.engines.duckdb_arrow import take_batches, values_of
from nl2sql.engines.duckdb_file import DatabaseFile
from nl2sql.errors import QueryFailed

BATCH_ROWS = 8_192

_DRIVER_ERRORS = (duckdb.Error, pa.ArrowException, OSError, RuntimeError, ValueError, MemoryError, OverflowError)


class DuckdbReader:
    dialect: Dialect = "duckdb"

    def __init__(self, file: DatabaseFile) -> None:
        self._file = file

    def run(self, sql: str, seconds: float = GOLD_SECONDS) -> Table:
        with self._file.lease(seconds) as cursor, Backstop(seconds, cursor.interrupt) as backstop:
            try:
                table = _read(cursor, sql)
            except _DRIVER_ERRORS as error:
                if backstop.fired or isinstance(error, duckdb.InterruptException):
                    raise query_timed_out(seconds) from error
                raise QueryFailed(NOT_RUN, hint=" ".join(str(error).split())) from error
            if backstop.fired:
                raise query_timed_out(seconds)
            return table


def _read(cursor: duckdb.DuckDBPyConnection, sql: str) -> Table:
    sql.encode()  # the driver takes a lone surrogate for a mistake of the program
    statements = cursor.extract_statements(sql)
    if len(statements) != 1 or statements[0].type is not duckdb.StatementType.SELECT:
        raise QueryFailed(NOT_RUN, hint="Nothing but one query runs here.")
    relation = cursor.sql(statements[0])
    if relation is None:
        raise QueryFailed(NOT_RUN, hint="It returns no columns.")
    with relation.to_arrow_reader(BATCH_ROWS) as reader:
        taken = list(take_batches(reader, MAX_ROWS, MAX_BYTES))
        table = pa.Table.from_batches([batch for batch, _ in taken], reader.schema)
    if any(cut for _, cut in taken):
        raise too_large()
    columns = [list(values_of(column)) for column in table.columns]
    return Table(tuple(relation.columns), tuple(zip(*columns, strict=True)))


@contextlib.contextmanager
def open_duckdb(path: str) -> Iterator[DuckdbReader]:
    """Raises DatabaseMissing, DatabaseUnreadable or DatabaseUnreachable."""
    with contextlib.closing(DatabaseFile(path)) as file:
        file.fingerprint()
        yield DuckdbReader(file)
