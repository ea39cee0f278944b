"""What BigQuery knows about its tables, and what would make a statement on them cheaper.

It is read by tables.get and tables.list, which cost nothing. All tables at once are read by a query of
INFORMATION_SCHEMA, which is billed as 10 MB or more.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp

from nl2sql.guard.checked import CheckedSql

# How old an answer about a table may be, in seconds: each costs a request of about a tenth of a second.
FRESH_SECONDS = 30.0
# The pseudo-column of tables that are partitioned by when their rows were loaded.
LOADING_TIME = "_PARTITIONTIME"
# Above so many tables a fingerprint is the minute instead: asking about each would take seconds.
MOST_TABLES = 25
# A table with fewer columns is not worth advice about reading all of them.
_MANY_COLUMNS = 6


@dataclass(frozen=True, slots=True)
class TableFacts:
    """`modified` is UTC without a zone; None for what changes without BigQuery writing a time: views, external tables,
    and tables that rows are being streamed into."""

    name: str
    columns: tuple[str, ...]
    rows: int | None
    size_bytes: int | None
    modified: datetime | None
    partition_column: str = ""
    needs_partition_filter: bool = False
    cluster_columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnSchema:
    """`type` as in SQL, like ARRAY<STRING>. `cluster_place` counts from 1; None: the table is not sorted by it."""

    name: str
    type: str
    nullable: bool
    partitions: bool = False
    cluster_place: int | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class TableSchema:
    """`kind` is BigQuery's word: BASE TABLE, VIEW, MATERIALIZED VIEW, EXTERNAL, …"""

    name: str
    kind: str
    columns: tuple[ColumnSchema, ...]

    @property
    def partition_column(self) -> str:
        return next((column.name for column in self.columns if column.partitions), "")

    @property
    def cluster_columns(self) -> tuple[str, ...]:
        placed = [(column.cluster_place, column.name) for column in self.columns if column.cluster_place is not None]
        return tuple(name for _, name in sorted(placed))


def schema_query(dataset: str) -> str:
    """One row for each column, for `schemas_of`; `dataset` is quoted."""
    views = f"{dataset}.INFORMATION_SCHEMA"
    return f"""SELECT t.table_name, t.table_type, c.column_name, c.data_type, c.is_nullable,
    c.is_partitioning_column, c.clustering_ordinal_position, f.description
    FROM {views}.TABLES AS t
    JOIN {views}.COLUMNS AS c ON c.table_name = t.table_name
    LEFT JOIN {views}.COLUMN_FIELD_PATHS AS f ON f.table_name = c.table_name AND f.field_path = c.column_name
    ORDER BY t.table_name, c.ordinal_position"""  # noqa: S608


def schemas_of(rows: Iterable[Sequence[Any]]) -> tuple[TableSchema, ...]:
    tables: dict[tuple[str, str], list[ColumnSchema]] = {}
    for table, kind, column, datatype, nullable, partitions, place, description in rows:
        made = ColumnSchema(column, datatype, nullable == "YES", partitions == "YES", place, description or "")
        tables.setdefault((table, kind), []).append(made)
    return tuple(TableSchema(name, kind, tuple(columns)) for (name, kind), columns in tables.items())


def facts_of(table: Any) -> TableFacts:
    """From a google.cloud.bigquery.Table. Tables partitioned by the time of loading have a pseudo-column."""
    by_time, by_range = table.time_partitioning, table.range_partitioning
    column = ""
    if by_time is not None:
        column = by_time.field or LOADING_TIME
    elif by_range is not None:
        column = by_range.field or ""
    settled = table.table_type == "TABLE" and table.streaming_buffer is None and table.modified is not None
    return TableFacts(
        name=table.table_id,
        columns=tuple(field.name for field in table.schema),
        rows=table.num_rows,
        size_bytes=table.num_bytes,
        modified=table.modified.astimezone(UTC).replace(tzinfo=None) if settled else None,
        partition_column=column,
        needs_partition_filter=bool(table.require_partition_filter),
        cluster_columns=tuple(table.clustering_fields or ()),
    )


class Metadata:
    """Facts by table, each at most FRESH_SECONDS old. Safe for many threads; two may ask for the same at once."""

    def __init__(
        self, ask: Callable[[str], Any], names: Callable[[], Sequence[str]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._names, self._clock = ask, names, clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, TableFacts]] = {}
        self._fingerprint = (-FRESH_SECONDS, "")

    def facts(self, name: str) -> TableFacts:
        with self._lock:
            at, known = self._kept.get(name, (-FRESH_SECONDS, None))
        if known is not None and self._clock() - at < FRESH_SECONDS:
            return known
        return self._asked_anew(name)

    def _asked_anew(self, name: str) -> TableFacts:
        fresh = facts_of(self._ask(name))
        with self._lock:
            self._kept[name] = (self._clock(), fresh)
        return fresh

    def fresh_as_of(self, names: Sequence[str]) -> datetime | None:
        """When the table that was left alone longest was written last."""
        times = [self.facts(name).modified for name in names]
        known = [each for each in times if each is not None]
        return min(known) if known and len(known) == len(times) else None

    def fingerprint(self) -> str:
        with self._lock:
            at, known = self._fingerprint
        if known and self._clock() - at < FRESH_SECONDS:
            return known
        fresh = self._state()
        with self._lock:
            self._fingerprint = (self._clock(), fresh)
        return fresh

    def _state(self) -> str:
        minute = f"minute {int(time.time() // 60)}"
        names = self._names()
        if len(names) > MOST_TABLES:
            return minute
        facts = [self._asked_anew(name) for name in sorted(names)]  # else they would be old twice
        parts = [f"{each.name} {each.modified}" for each in facts]
        if any(each.modified is None for each in facts):
            parts.append(minute)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def advice_on(checked: CheckedSql, tables: Sequence[TableFacts]) -> Iterator[str]:
    """Sentences; none about a table that is read as it should be. They name no column that the statement does not read
    already: whoever asks may not be allowed to know that there is one."""
    filtered = filtered_columns(checked.tree)
    for table in tables:
        read = _columns_read(checked, table)
        column = table.partition_column
        if column == LOADING_TIME:
            continue  # no column of a model: nobody can ask for a filter on it
        if column and (table.name.lower(), column.lower()) not in filtered:
            what = f"Filter {table.name} by {_named(column, read)}the column that the table is partitioned by"
            must = " BigQuery refuses to read it without one." if table.needs_partition_filter else ""
            yield f"{what}: without a filter all of it is read.{must}"
        elif table.cluster_columns and not column and not _filters_any(table, filtered):
            first = _named(table.cluster_columns[0], read)
            yield f"Less of {table.name} is read with a filter on {first}the column that the table is sorted by."
        if len(read) >= len(table.columns) >= _MANY_COLUMNS:
            yield f"Name only the columns of {table.name} that you need: all {len(table.columns)} are read."


def _columns_read(checked: CheckedSql, table: TableFacts) -> frozenset[str]:
    """In lower case."""
    parts = [each.split(".") for each in checked.columns]
    return frozenset(each[-1] for each in parts if each[-2] == table.name.lower())


def _named(column: str, read: frozenset[str]) -> str:
    return f"{column}, " if column.lower() in read else ""


def _filters_any(table: TableFacts, filtered: frozenset[tuple[str, str]]) -> bool:
    return any((table.name.lower(), column.lower()) in filtered for column in table.cluster_columns)


def filtered_columns(tree: exp.Expr) -> frozenset[tuple[str, str]]:
    """(table, column), lower case, of what stands in WHERE or ON. A subquery's column is not followed to its table."""
    names = {table.alias_or_name.lower(): table.name.lower() for table in tree.find_all(exp.Table)}
    places = [*tree.find_all(exp.Where), *(join.args["on"] for join in tree.find_all(exp.Join) if join.args.get("on"))]
    return frozenset(
        (names.get(column.table.lower(), column.table.lower()), column.name.lower())
        for place in places
        for column in place.find_all(exp.Column)
    )
