"""BigQuery by its REST API, and large results by the Storage Read API.

Nothing runs before a dry run has told that it is a SELECT and what it would be billed.

Each statement is a job under an id of its own: a request that got lost is sent again without running twice, and the job
can be stopped from another thread. The account should be one that may only read: what keeps it from writing here is
that a dry run names the kind of a statement before it runs.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal

from google.api_core.exceptions import Conflict, Forbidden, NotFound
from google.cloud import bigquery

from nl2sql.engines.base import NO_JOB, RESULT_BYTES, Estimate, Job, ResultTable, admit
from nl2sql.engines.bigquery_address import BigQueryAddress, BigQueryOptions
from nl2sql.engines.bigquery_client import answered_within, retry_in_time, time_left
from nl2sql.engines.bigquery_dataset import DatasetClient
from nl2sql.engines.bigquery_errors import DRIVER_ERRORS, mapped
from nl2sql.engines.bigquery_plan import TEBIBYTE, Limits, Plan, billable_bytes, label_of, require_affordable
from nl2sql.engines.bigquery_results import PAGE_ROWS, Fetched, Statement, fetch
from nl2sql.engines.bigquery_schema import Metadata, TableFacts, TableSchema, advice_on, schema_query, schemas_of
from nl2sql.engines.bigquery_storage import Storage
from nl2sql.engines.columns import text_of
from nl2sql.engines.deadline import Backstop, query_cancelled, query_timed_out
from nl2sql.engines.running import Running
from nl2sql.errors import DatabaseUnreachable, Nl2SqlError, QueryFailed
from nl2sql.guard.checked import CheckedSql

GRACE_SECONDS = 0.5  # given to the job's own limit before it is stopped from outside: a request takes a part of that
STOP_SECONDS = 5.0  # the longest wait for the answer to a request to stop
METADATA_SECONDS = 15.0
INDEX_SECONDS = 60.0  # for reading a column's distinct values, which no one is waiting for
PLAN_SECONDS = 60.0  # how long a dry run stands for the statement it was made of
_PLANS_KEPT = 256
_MOST_COLUMNS = 100_000  # ten of the largest tables there are


class BigQueryEngine:
    """Safe for many threads. No connection is made before the first question."""

    dialect = "bigquery"
    charges = True

    def __init__(self, address: BigQueryAddress, options: BigQueryOptions, *, result_bytes: int = RESULT_BYTES) -> None:
        self._address, self._options, self._result_bytes = address, options, result_bytes
        self._running = Running()
        self._lock = threading.Lock()
        self._plans: dict[str, tuple[float, Plan]] = {}
        self._dataset = DatasetClient(address)
        self._storage = Storage(address, self._dataset.credentials)
        self._metadata = Metadata(self._dataset.table, self._dataset.table_names)

    def run(self, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        admit(checked, self.dialect)
        started = time.perf_counter()
        byte_limit = min(self._result_bytes, checked.result_bytes)
        limits = Limits(checked.seconds, checked.row_limit, byte_limit, self._lower(checked.billed_bytes))
        fetched, billed = self._fetched(checked.executed, limits, job, self._storage)
        table = fetched.table(checked.outputs)
        elapsed = (time.perf_counter() - started) * 1000
        return ResultTable(table, checked.row_limit, fetched.truncated, elapsed, billed_bytes=billed)

    def estimate(self, checked: CheckedSql) -> Estimate:
        admit(checked, self.dialect)
        with self._asking(checked.seconds):
            plan = self._plan(checked.executed)
            tables = list(self._seen(checked.tables))
        price = Decimal(plan.billable) / TEBIBYTE * self._options.price
        return Estimate(
            scanned_bytes=plan.billable,
            price=price.quantize(Decimal("0.000001")),
            currency=self._options.currency,
            advice=tuple(advice_on(checked, tables)),
        )

    def cancel(self, question_id: str) -> bool:
        return self._running.cancel(question_id)

    def fresh_as_of(self, tables: Sequence[str]) -> datetime | None:
        with self._asking(METADATA_SECONDS):
            return self._metadata.fresh_as_of(tables)

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        name, source = _quoted(column), ".".join(_quoted(part) for part in table.split("."))
        rows_of = f"{name} IS NOT NULL AND ({where or 'TRUE'})"
        sql = f"SELECT DISTINCT {name} FROM {source} WHERE {rows_of} ORDER BY 1 LIMIT {int(limit)}"  # noqa: S608
        limits = Limits(INDEX_SECONDS, limit, self._result_bytes, self._options.maximum_bytes)
        fetched, _ = self._fetched(sql, limits, NO_JOB, None)
        return [text_of(value) for (value,) in fetched.rows]

    def introspect(self) -> tuple[TableSchema, ...]:
        """Tables and columns of the dataset, by name, for whoever writes a semantic model. A query that is billed as
        10 MB or more, whatever the dataset holds. Raises QueryFailed above 100,000 columns."""
        sql = schema_query(f"{_quoted(self._address.project)}.{_quoted(self._address.dataset)}")
        limits = Limits(INDEX_SECONDS, _MOST_COLUMNS, self._result_bytes, self._options.maximum_bytes)
        fetched, _ = self._fetched(sql, limits, NO_JOB, None)
        if fetched.truncated:
            raise QueryFailed(f"The dataset has more than {_MOST_COLUMNS:,} columns, or too long descriptions of them.")
        return schemas_of(fetched.rows)

    def fingerprint(self) -> str:
        """The address, its account, and when each table of the dataset was written last; at most 30 seconds old."""
        address = self._address
        with self._asking(METADATA_SECONDS):
            changes = self._metadata.fingerprint()
            account = getattr(self._dataset.credentials(), "service_account_email", "")
        # With row access policies and data masking, an account sees rows of its own.
        place = (address.project, address.dataset, address.endpoint, address.location, address.credentials, account)
        return f"{hashlib.sha256(repr(place).encode()).hexdigest()[:16]} {changes}"

    def session_faults(self) -> tuple[str, ...]:
        """Whether a dry run tells a query from what writes: on that alone this engine lets statements through."""
        with self._asking(METADATA_SECONDS):
            if self._plan("SELECT 1").statement_type != "SELECT":
                return ("does not tell what kind of statement it was given",)
            probe = f"CREATE TEMP TABLE nl2sql_{uuid.uuid4().hex} AS SELECT 1 AS one"
            try:
                told = self._plan(probe).statement_type
            except DRIVER_ERRORS:
                return ()  # refused
        return ("takes a statement that writes for a query",) if told == "SELECT" else ()

    def close(self) -> None:
        self._dataset.close()

    def _seen(self, names: Sequence[str]) -> Iterator[TableFacts]:
        """A table may be readable by a view alone: there is no advice about it then."""
        for name in names:
            with contextlib.suppress(Forbidden, NotFound):
                yield self._metadata.facts(name)

    def _lower(self, billed: int | None) -> int | None:
        """Of the policy's bound and the engine's own."""
        own = self._options.maximum_bytes
        return own if billed is None else billed if own is None else min(billed, own)

    def _fetched(self, sql: str, limits: Limits, job: Job, storage: Storage | None) -> tuple[Fetched, int | None]:
        """Rows, and bytes billed."""
        seconds, row_limit = limits.seconds, limits.rows
        deadline = time.monotonic() + seconds
        job_id, sending = f"nl2sql_{uuid.uuid4().hex}", threading.Event()
        with self._asking(seconds, 2 * GRACE_SECONDS), self._bounded(job, seconds, job_id, sending) as backstop:
            statement = Statement(limits, deadline, backstop)
            require_affordable(self._plan(sql), limits.billed_bytes)
            statement.still_wanted()
            sending.set()
            sent = self._send(sql, job_id, limits, job)
            statement.still_wanted()
            found = sent.result(
                page_size=min(row_limit + 1, PAGE_ROWS),
                max_results=row_limit + 1,
                retry=retry_in_time(),
                timeout=time_left(),
                job_retry=None,
            )
            fields = [field.to_api_repr() for field in found.schema]
            if not fields:
                raise QueryFailed("The database could not run this query.", hint="It returns no columns.")
            return fetch(sent, found, fields, statement, storage), sent.total_bytes_billed

    @contextlib.contextmanager
    def _bounded(self, job: Job, seconds: float, job_id: str, sending: threading.Event) -> Iterator[Backstop]:
        """The job is stopped when the block is left by any error: nobody would read what it finds."""

        def stop() -> None:
            if not sending.is_set():
                return
            with contextlib.suppress(*DRIVER_ERRORS), answered_within(STOP_SECONDS):
                self._dataset.client.cancel_job(
                    job_id, location=self._dataset.location(), retry=retry_in_time(), timeout=STOP_SECONDS
                )

        with self._running.bounded(job.question_id, seconds + GRACE_SECONDS, stop) as backstop:
            try:
                yield backstop
            except BaseException as error:
                stop()
                if backstop.cancelled:
                    raise query_cancelled() from None
                if backstop.fired and not _is_away(error):
                    raise query_timed_out(seconds) from None
                raise

    def _send(self, sql: str, job_id: str, limits: Limits, job: Job) -> bigquery.QueryJob:
        config = self._dataset.job_config()
        if limits.billed_bytes is not None:
            config.maximum_bytes_billed = limits.billed_bytes
        config.job_timeout_ms = max(int(limits.seconds * 1000), 1)
        named = {"nl2sql_user": label_of(job.user), "nl2sql_question": label_of(job.question_id)}
        config.labels = {"application": "nl2sql"} | {name: value for name, value in named.items() if value}
        config.use_query_cache = True
        client, where = self._dataset.client, self._dataset.location()
        try:
            return client.query(
                sql,
                job_config=config,
                job_id=job_id,
                location=where,
                retry=retry_in_time(),
                timeout=time_left(),
                job_retry=None,
            )
        except Conflict:  # it had arrived, and only the answer was lost
            sent = client.get_job(job_id, location=where, retry=retry_in_time(), timeout=time_left())
            assert isinstance(sent, bigquery.QueryJob)  # noqa: S101 - nobody else makes jobs of this name
            return sent

    def _plan(self, sql: str) -> Plan:
        key = hashlib.sha256(sql.encode("utf-8", "surrogatepass")).hexdigest()
        with self._lock:
            at, known = self._plans.get(key, (0.0, None))
        if known is not None and time.monotonic() - at < PLAN_SECONDS:
            return known
        config = self._dataset.job_config()
        config.dry_run = True
        config.use_query_cache = False  # else a cached result would be told to cost nothing, and may be gone by then
        dry = self._dataset.client.query(
            sql,
            job_config=config,
            location=self._dataset.location(),
            retry=retry_in_time(),
            timeout=time_left(),
            job_retry=None,
        )
        tables = len(dry.referenced_tables or ())
        plan = Plan(str(dry.statement_type or ""), billable_bytes(int(dry.total_bytes_processed or 0), tables))
        with self._lock:
            while len(self._plans) >= _PLANS_KEPT:
                del self._plans[next(iter(self._plans))]
            self._plans[key] = (time.monotonic(), plan)
        return plan

    @contextlib.contextmanager
    def _asking(self, seconds: float, grace: float = 0.0) -> Iterator[None]:
        """Maps what the client raises. Requests wait for `seconds` and the grace together; people are told of the
        first."""
        try:
            with answered_within(seconds + grace):
                yield
        except Nl2SqlError:
            raise
        except DRIVER_ERRORS as error:
            raise mapped(error, seconds) from None


def _is_away(error: BaseException) -> bool:
    """Whether the time ran out because BigQuery did not answer, not because the statement took it."""
    return isinstance(error, DRIVER_ERRORS) and isinstance(mapped(error, 0), DatabaseUnreachable)


def _quoted(name: str) -> str:
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"
