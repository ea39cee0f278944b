"""What BigQuery knows about its tables, and what would make a statement on them cheaper.

It is read by tables.get and tables.list, which cost nothing: a query of INFORMATION_SCHEMA is billed as 10 MB or more.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlglot import exp

from nl2sql.guard.checked import CheckedSql

# How old an answer about a table may be, in seconds: each costs a request of about a tenth of a second.
FRESH_SECONDS = 30.0
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


def facts_of(table: Any) -> TableFacts:
    """From a google.cloud.bigquery.Table. Tables partitioned by the time of loading have a pseudo-column."""
    by_time, by_range = table.time_partitioning, table.range_partitioning
    column = ""
    if by_time is not None:
        column = by_time.field or "_PARTITIONTIME"
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
        facts = [self.facts(name) for name in sorted(names)]
        parts = [f"{each.name} {each.modified}" for each in facts]
        if any(each.modified is None for each in facts):
            parts.append(minute)
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def advice_on(checked: CheckedSql, tables: Sequence[TableFacts]) -> Iterator[str]:
    """Sentences; none about a table that is read as it should be."""
    filtered = filtered_columns(checked.tree)
    for table in tables:
        column = table.partition_column
        if column and (table.name.lower(), column.lower()) not in filtered:
            must = " BigQuery refuses to read it without one." if table.needs_partition_filter else ""
            yield f"Add a filter on {table.name}.{column}: the table is partitioned by it, and all of it is read.{must}"
        elif table.cluster_columns and not column and not _filters_any(table, filtered):
            yield f"A filter on {table.name}.{table.cluster_columns[0]} reads less: the table is sorted by it."
        read = [each for each in checked.columns if each.split(".")[-2] == table.name.lower()]
        if len(read) >= len(table.columns) >= _MANY_COLUMNS:
            yield f"Name only the columns of {table.name} that you need: all {len(table.columns)} are read."


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
