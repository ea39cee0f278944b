"""Exports into a BigQuery dataset.

For each table: a Parquet file on this machine → a load job into a staging table of this run (WRITE_TRUNCATE) → one
MERGE into the table, which is atomic. When all tables are merged, one MERGE keeps the states in _auction_export_state.
Killed in between, an export has merged some tables and not moved their watermarks: the next one merges the same rows
again, and newer ones, to the same end.

bids and payments are partitioned by day and clustered by listing_id. A merge into them reads only the days from the
oldest row on that it brings.

A killed export may have left a job at work. The next one first deletes its staging tables, so that nothing of it starts
any more; BigQuery carries out one MERGE into a table after the other; and a row never gives way to an older version.
"""

import tempfile
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from auction_core.errors import DatabaseNotEmpty
from auction_core.export.arrow import MONEY, TIME, schema_of, type_of
from auction_core.export.bigquery_client import (
    LABELS,
    REQUEST_SECONDS,
    Warehouse,
    open_warehouse,
    parse_place,
)
from auction_core.export.bigquery_sql import MergePlan, merge_changes, merge_states, replace_all
from auction_core.export.plan import Exported, Mode, Since
from auction_core.export.source import Snapshot
from auction_core.export.state import TableState
from auction_core.export.target import Advance

if TYPE_CHECKING:
    from google.cloud import bigquery

STATE = "_auction_export_state"
STAGE = "_auction_export_stage_"
# What a killed export left is gone after so long even if no other one follows.
STAGE_LIFE = timedelta(days=1)
_TYPES = {pa.int64(): "INTEGER", pa.bool_(): "BOOLEAN", TIME: "TIMESTAMP", pa.string(): "STRING"}


class BigQueryTarget:
    def __init__(self, warehouse: Warehouse, *, full: bool) -> None:
        self._warehouse = warehouse
        self._full = full
        self._run = uuid.uuid4().hex
        self._steps = 0
        self._fenced = False

    @classmethod
    @contextmanager
    def open(cls, text: str, *, full: bool, location: str | None) -> Iterator[Self]:
        place = parse_place(text)
        with open_warehouse(place, location) as warehouse:
            yield cls(warehouse, full=full)

    def states(self) -> Mapping[str, TableState]:
        if self._find(STATE) is None:
            return {}
        rows = self._query(f"SELECT table_name, state FROM `{self._warehouse.path(STATE)}`")  # noqa: S608
        return {row["table_name"]: TableState.from_text(row["state"]) for row in rows}

    def _fence_off(self) -> None:
        """Deletes the staging tables of exports that were killed."""
        client = self._warehouse.client
        place = self._warehouse.place
        for each in client.list_tables(f"{place.project}.{place.dataset}", timeout=REQUEST_SECONDS):
            if each.table_id.startswith(STAGE):
                client.delete_table(each.reference, not_found_ok=True, timeout=REQUEST_SECONDS)

    def write(self, exported: Exported, snapshot: Snapshot, since: Since | None, advance: Advance) -> int:
        if not self._fenced:
            self._fence_off()
            self._fenced = True
        self._prepare(exported)
        with tempfile.NamedTemporaryFile(suffix=".parquet") as file:
            rows, oldest = _write_file(Path(file.name), exported, snapshot, since, advance)
            if rows or since is None:
                stage = f"{STAGE}{exported.name}_{self._run[:12]}"
                self._load(Path(file.name), stage, exported)
                self._merge(exported, stage, since, oldest)
                self._warehouse.client.delete_table(
                    self._warehouse.path(stage), not_found_ok=True, timeout=REQUEST_SECONDS
                )
        (counted,) = self._query(f"SELECT COUNT(*) AS held FROM `{self._warehouse.path(exported.name)}`")  # noqa: S608
        return int(counted["held"])

    def commit(self, states: Mapping[str, TableState]) -> None:
        from google.cloud import bigquery

        if self._find(STATE) is None:
            fields = [bigquery.SchemaField(name, "STRING", mode="REQUIRED") for name in ("table_name", "state")]
            self._create(bigquery.Table(self._warehouse.path(STATE), schema=fields))
        values = [text for name, state in states.items() for text in (name, state.to_text())]
        parameters = [bigquery.ScalarQueryParameter(f"p{n}", "STRING", value) for n, value in enumerate(values)]
        self._query(merge_states(self._warehouse.path(STATE), len(states)), parameters)

    def _prepare(self, exported: Exported) -> None:
        """The table with the columns of now. One with others is made anew, which forgets its state first."""
        found = self._find(exported.name)
        if found is not None and not LABELS.items() <= found.labels.items() and not self._full:
            raise DatabaseNotEmpty(
                f"The BigQuery table {exported.name} was not made by an export: give --full to replace it."
            )
        if found is not None and tuple(field.name for field in found.schema) != exported.column_names:
            self._forget(exported.name)
            self._warehouse.client.delete_table(found.reference, not_found_ok=True, timeout=REQUEST_SECONDS)
            found = None
        if found is None:
            self._create(_table(self._warehouse.path(exported.name), exported))

    def _forget(self, name: str) -> None:
        from google.cloud import bigquery

        if self._find(STATE) is not None:
            path = self._warehouse.path(STATE)
            self._query(
                f"DELETE FROM `{path}` WHERE table_name = @name",  # noqa: S608
                [bigquery.ScalarQueryParameter("name", "STRING", name)],
            )

    def _load(self, file: Path, stage: str, exported: Exported) -> None:
        from google.cloud import bigquery

        path = self._warehouse.path(stage)
        table = bigquery.Table(path, schema=_fields(exported))
        table.expires = datetime.now(UTC) + STAGE_LIFE
        self._create(table)
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            schema=_fields(exported),
            labels=LABELS,
        )

        def start(name: str) -> Any:
            with file.open("rb") as stream:
                return self._warehouse.client.load_table_from_file(
                    stream,
                    path,
                    size=file.stat().st_size,
                    job_id=name,
                    location=self._warehouse.location,
                    job_config=config,
                    timeout=REQUEST_SECONDS,
                )

        self._warehouse.run(self._job_id(f"load-{exported.name}"), start)

    def _merge(self, exported: Exported, stage: str, since: Since | None, oldest: datetime | None) -> None:
        from google.cloud import bigquery

        plan = MergePlan(
            self._warehouse.path(exported.name), self._warehouse.path(stage), exported.column_names, exported.key
        )
        parameters: list[Any] = []
        if since is None:
            sql = replace_all(plan)
        else:
            sql = merge_changes(plan, day=exported.day, changing=exported.mode is Mode.CHANGED)
            if exported.day:
                parameters = [bigquery.ScalarQueryParameter("oldest", "TIMESTAMP", oldest)]
        self._query(sql, parameters, f"merge-{exported.name}")

    def _find(self, table: str) -> "bigquery.Table | None":
        from google.api_core.exceptions import NotFound

        try:
            return self._warehouse.client.get_table(self._warehouse.path(table), timeout=REQUEST_SECONDS)
        except NotFound:
            return None

    def _create(self, table: "bigquery.Table") -> None:
        table.labels = LABELS
        self._warehouse.client.create_table(table, exists_ok=True, timeout=REQUEST_SECONDS)

    def _query(self, sql: str, parameters: "list[Any] | None" = None, what: str = "query") -> list[Any]:
        return self._warehouse.query(self._job_id(what), sql, parameters or [])

    def _job_id(self, what: str) -> str:
        """The same for each repetition of a request, another for each step."""
        self._steps += 1
        return f"auction-export-{self._run}-{self._steps}-{what}"


def _fields(exported: Exported) -> "list[bigquery.SchemaField]":
    from google.cloud import bigquery

    fields = []
    for column in exported.columns:
        mode = "NULLABLE" if column.nullable else "REQUIRED"
        if type_of(column) == MONEY:
            fields.append(bigquery.SchemaField(column.name, "NUMERIC", mode=mode, precision=12, scale=2))
        else:
            fields.append(bigquery.SchemaField(column.name, _TYPES[type_of(column)], mode=mode))
    return fields


def _table(path: str, exported: Exported) -> "bigquery.Table":
    from google.cloud import bigquery

    table = bigquery.Table(path, schema=_fields(exported))
    if exported.day:
        table.time_partitioning = bigquery.TimePartitioning(type_="DAY", field=exported.day)
    if exported.cluster:
        table.clustering_fields = [exported.cluster]
    return table


def _write_file(
    path: Path, exported: Exported, snapshot: Snapshot, since: Since | None, advance: Advance
) -> tuple[int, datetime | None]:
    """Rows written, and the oldest of the times that they are partitioned by."""
    rows = 0
    oldest: datetime | None = None
    with pq.ParquetWriter(path, schema_of(exported.columns), compression="zstd") as writer:
        for batch in snapshot.batches(exported, since):
            writer.write_batch(batch)
            if exported.day:
                first: datetime = pc.min(batch.column(exported.day)).as_py()
                oldest = first if oldest is None else min(oldest, first)
            rows += batch.num_rows
            advance(rows)
    return rows, oldest
