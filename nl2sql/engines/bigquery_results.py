"""The rows of a job that is done: by REST, or as Arrow where there are more than one page of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

import pyarrow as pa
from google.cloud import bigquery

from nl2sql.engines.bigquery_arrow import can_be_read, typed_table
from nl2sql.engines.bigquery_plan import Limits
from nl2sql.engines.bigquery_storage import Storage, Wanted
from nl2sql.engines.bigquery_values import Field, outputs_of, row_reader
from nl2sql.engines.columns import rows_to_arrow
from nl2sql.engines.deadline import Backstop, query_cancelled, query_timed_out
from nl2sql.engines.intake import Row, take_capped
from nl2sql.guard.checked import OutputColumn

PAGE_ROWS = 10_000  # in memory at once; the API sends fewer where they are larger than 10 MB


@dataclass(frozen=True, slots=True)
class Statement:
    """One that runs within its limits. `deadline` is of the monotonic clock."""

    limits: Limits
    deadline: float
    backstop: Backstop

    def still_wanted(self) -> None:
        if self.backstop.cancelled:
            raise query_cancelled()
        if self.backstop.fired or time.monotonic() >= self.deadline:
            raise query_timed_out(self.limits.seconds)


@dataclass(frozen=True, slots=True)
class Fetched:
    """`arrow` are the rows where they came as Arrow; else `rows` are."""

    fields: Sequence[Field]
    truncated: bool
    rows: Sequence[Row] = ()
    arrow: pa.Table | None = None

    def table(self, outputs: Sequence[OutputColumn]) -> pa.Table:
        """`outputs` are the guard's. The same table, whichever way the rows came."""
        if self.arrow is not None:
            return typed_table(self.arrow, self.fields, outputs)
        return rows_to_arrow(self.rows, [field["name"] for field in self.fields], outputs_of(outputs, self.fields))


def fetch(
    job: bigquery.QueryJob, found: Any, fields: Sequence[Field], statement: Statement, storage: Storage | None
) -> Fetched:
    """`found` are the job's rows as the client hands them out, page by page, with one row more than may be kept.

    The first page is looked at before the Storage Read API is asked, unless there are surely more: most answers have no
    other page.
    """
    limits, pages = statement.limits, iter(found.pages)
    if storage is None or not storage.is_on or job.destination is None or not can_be_read(fields):
        return _by_rest(pages, fields, statement)
    most = min(int(found.total_rows or 0), limits.rows + 1)
    ahead: Sequence[Any] = ()
    if most <= PAGE_ROWS:
        ahead = list(islice(pages, 1))
    if most > found.num_results:
        wanted = Wanted(
            job.destination,
            [field["name"] for field in fields],
            int(found.total_rows),
            limits.rows,
            limits.result_bytes,
            statement.deadline,
            statement.backstop,
            statement.still_wanted,
        )
        read = storage.read(wanted)
        if read is not None:
            statement.still_wanted()
            return Fetched(fields, read[1], arrow=read[0])
    return _by_rest(chain(ahead, pages), fields, statement)


def _by_rest(pages: Iterable[Any], fields: Sequence[Field], statement: Statement) -> Fetched:
    limits = statement.limits
    rows, truncated = take_capped(_rows(pages, fields), limits.rows, limits.result_bytes, statement.still_wanted)
    statement.still_wanted()
    return Fetched(fields, truncated, rows)


def _rows(pages: Iterable[Any], fields: Sequence[Field]) -> Iterator[Row]:
    read = row_reader(fields)
    for page in pages:
        raw: Mapping[str, Any] = page.raw_page
        yield from map(read, raw.get("rows", ()))
