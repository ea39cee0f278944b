"""DuckDB files: results come as Arrow and stay Arrow, so 100,000 rows cost what DuckDB needs to hand them out."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any, TypeVar

import duckdb
import pyarrow as pa

from nl2sql.engines.base import NO_JOB, RESULT_BYTES, Estimate, Job, ResultTable, admit
from nl2sql.engines.columns import text_of
from nl2sql.engines.deadline import Backstop, query_cancelled, query_timed_out
from nl2sql.engines.duckdb_arrow import take_batches, typed_table, values_of
from nl2sql.engines.duckdb_file import CATALOG, MEMORY_LIMIT, DatabaseFile
from nl2sql.engines.running import Running
from nl2sql.engines.server import without_values
from nl2sql.errors import EngineError, QueryFailed
from nl2sql.guard.checked import CheckedSql

INDEX_SECONDS = 30.0  # for reading a column's distinct values, which no one is waiting for
# Rows that are made before anyone looks whether there are enough: four of DuckDB's vectors. Larger ones are no faster.
BATCH_ROWS = 8_192

T = TypeVar("T")
Cursor = duckdb.DuckDBPyConnection

# OSError: what goes wrong while batches are read comes through Arrow. ValueError: text that is no UTF-8.
_DRIVER_ERRORS = (duckdb.Error, pa.ArrowException, OSError, RuntimeError, ValueError, MemoryError, OverflowError)
# Named in these: the statement's own tables, columns and words, which it takes to repair it. Others may quote data.
_ABOUT_THE_STATEMENT = (duckdb.ParserException, duckdb.SyntaxException, duckdb.CatalogException, duckdb.BinderException)
_NUMBER = re.compile(r"\b\d[\d.,:-]*")
_NOT_RUN = "The database could not run this query."


class DuckdbEngine:
    """Safe for many threads. `path` may be relative to the working directory of the moment."""

    dialect = "duckdb"
    charges = False

    def __init__(self, path: str, *, result_bytes: int = RESULT_BYTES) -> None:
        self._file = DatabaseFile(path)
        self._result_bytes = result_bytes
        self._running = Running()

    def run(self, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        admit(checked, self.dialect)
        started = time.perf_counter()
        byte_limit = min(self._result_bytes, checked.result_bytes)
        table, types, truncated = self._read(
            checked.executed, checked.seconds, checked.row_limit, byte_limit, job.question_id
        )
        table = typed_table(table, types, checked.outputs)
        return ResultTable(table, checked.row_limit, truncated, (time.perf_counter() - started) * 1000)

    def estimate(self, checked: CheckedSql) -> Estimate:
        admit(checked, self.dialect)

        def plan(cursor: Cursor) -> Any:
            found = cursor.execute(f"EXPLAIN (FORMAT json) {_one_query(cursor, checked.executed).query}").fetchall()
            return json.loads(found[0][1])

        scans = list(_scanned_rows(self._attempt(plan, checked.seconds)))
        return Estimate(rows=sum(scans) if scans else None)

    def cancel(self, question_id: str) -> bool:
        return self._running.cancel(question_id)

    def fresh_as_of(self, tables: Sequence[str]) -> datetime | None:
        """A file is what was last written to it."""
        return None

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        source = ".".join(_quoted(part) for part in table.split("."))
        name = _quoted(column)
        rows_of = f"{name} IS NOT NULL AND ({where or '1 = 1'})"
        sql = f"SELECT DISTINCT {name} FROM {source} WHERE {rows_of} ORDER BY 1 LIMIT {int(limit)}"  # noqa: S608
        found, _, _ = self._read(sql, INDEX_SECONDS, limit, self._result_bytes)
        return [text_of(value) for value in values_of(found.column(0))]

    def fingerprint(self) -> str:
        return self._file.fingerprint()

    def session_faults(self) -> tuple[str, ...]:
        """Tries each wall by itself; nothing is changed even where one is missing."""
        probes = {
            "did not open the file read-only": f"CREATE TABLE {CATALOG}.main.nl2sql_probe(a INTEGER)",
            "can read files": "SELECT * FROM glob('*')",
            "can change its own limits": f"SET GLOBAL memory_limit = '{MEMORY_LIMIT}'",
        }

        def probe(cursor: Cursor) -> tuple[str, ...]:
            return tuple(fault for fault, sql in probes.items() if _runs(cursor, sql))

        return self._attempt(probe, INDEX_SECONDS)

    def close(self) -> None:
        self._file.close()

    def _read(
        self, sql: str, seconds: float, row_limit: int, byte_limit: int, question_id: str = ""
    ) -> tuple[pa.Table, list[str], bool]:
        """The rows, DuckDB's names of the columns' types, and whether there were more."""

        def read(cursor: Cursor) -> tuple[pa.Table, list[str], bool]:
            relation = cursor.sql(_one_query(cursor, sql))
            if relation is None:
                raise QueryFailed(_NOT_RUN, hint="It returns no columns.")
            with relation.to_arrow_reader(BATCH_ROWS) as reader:
                taken = list(take_batches(reader, row_limit, byte_limit))
                table = pa.Table.from_batches([batch for batch, _ in taken], reader.schema)
            return table, [str(kind) for kind in relation.types], any(cut for _, cut in taken)

        return self._attempt(read, seconds, question_id)

    def _attempt(self, read: Callable[[Cursor], T], seconds: float, question_id: str = "") -> T:
        deadline = time.monotonic() + seconds
        with self._running.bounded(question_id, seconds, _nothing_yet) as backstop:
            try:
                with self._file.lease(max(deadline - time.monotonic(), 0.0)) as cursor:
                    with backstop.stopping(cursor.interrupt):
                        _go_on(backstop, seconds)
                        found = read(cursor)
                    _go_on(backstop, seconds)
                    return found
            except EngineError:
                if backstop.cancelled:
                    raise query_cancelled() from None
                raise
            except _DRIVER_ERRORS as error:
                _go_on(backstop, seconds, error)
                raise _mapped(error, seconds) from error


def _one_query(cursor: Cursor, sql: str) -> duckdb.Statement:
    """Raises QueryFailed for what is not a single query, by DuckDB's own reading of it."""
    sql.encode()  # the driver takes a lone surrogate for a mistake of the program
    statements = cursor.extract_statements(sql)
    if len(statements) != 1 or _kind(statements[0]) is not duckdb.StatementType.SELECT:
        raise QueryFailed(_NOT_RUN, hint="Nothing but one query runs here: it begins with SELECT, WITH or VALUES.")
    return statements[0]


def _kind(statement: duckdb.Statement) -> duckdb.StatementType | None:
    try:
        return statement.type
    except ValueError:  # some kinds have no name in the driver
        return None


def _scanned_rows(plan: Any) -> Iterator[int]:
    if isinstance(plan, list):
        for node in plan:
            yield from _scanned_rows(node)
    elif isinstance(plan, dict):
        estimate = (plan.get("extra_info") or {}).get("Estimated Cardinality", "")
        if str(plan.get("name", "")).strip().endswith("_SCAN") and str(estimate).isdecimal():
            yield int(estimate)
        yield from _scanned_rows(plan.get("children") or [])


def _runs(cursor: Cursor, sql: str) -> bool:
    cursor.execute("BEGIN")
    try:
        cursor.execute(sql).fetchall()
    except duckdb.Error:
        return False
    finally:
        cursor.execute("ROLLBACK")
    return True


def _mapped(error: BaseException, seconds: float) -> EngineError:
    reason = " ".join(str(error).partition("\n\nLINE ")[0].split()) or type(error).__name__
    if isinstance(error, duckdb.InterruptException) or reason.startswith("INTERRUPT Error"):
        return query_timed_out(seconds)
    if isinstance(error, MemoryError | duckdb.OutOfMemoryException) or reason.startswith("Out of Memory Error"):
        return QueryFailed(
            "This question needs more memory than it may have. Ask for less at once, such as a shorter period.",
            hint=f"All statements together may use {MEMORY_LIMIT}. Aggregate before joining, and filter early.",
        )
    if not isinstance(error, _ABOUT_THE_STATEMENT):
        reason = _NUMBER.sub("…", without_values(reason))
    return QueryFailed(_NOT_RUN, hint=f"DuckDB says: {reason}")


def _go_on(backstop: Backstop, seconds: float, cause: BaseException | None = None) -> None:
    if backstop.cancelled:
        raise query_cancelled() from cause
    if backstop.fired:
        raise query_timed_out(seconds) from cause


def _nothing_yet() -> None:
    """What there is to stop before a session is there."""


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
