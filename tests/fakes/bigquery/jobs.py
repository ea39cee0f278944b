"""Query jobs: analysed, refused, run on a thread of their own, stopped, and kept with their results."""

from __future__ import annotations

import re
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from tests.fakes.bigquery.analysis import Analyser, Analysis
from tests.fakes.bigquery.errors import ApiError, invalid_query
from tests.fakes.bigquery.faults import Faults
from tests.fakes.bigquery.warehouse import Warehouse

MEBIBYTE = 1 << 20
_CACHED_BYTES = 10_000_000
_LABEL = re.compile(r"[\w-]{0,63}")


@dataclass
class Job:
    id: str
    location: str
    configuration: Mapping[str, Any]
    analysis: Analysis
    processed: int
    user: str = ""
    state: str = "PENDING"
    error: ApiError | None = None
    result: pa.Table | None = None
    cache_hit: bool = False
    stopping: str = ""  # why, once somebody wants it stopped
    created: float = field(default_factory=time.time)
    ended: float = 0.0
    done: threading.Event = field(default_factory=threading.Event)
    cursor: duckdb.DuckDBPyConnection | None = None

    @property
    def query(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.configuration["query"]
        return found

    @property
    def billed(self) -> int:
        if self.cache_hit or self.error is not None:
            return 0
        return billable(self.processed, len(self.analysis.reads))


def billable(processed: int, tables: int) -> int:
    """To the next MB, and at least 10 MB for each table and query; what reads no bytes is free."""
    if not processed:
        return 0
    return max(-(-processed // MEBIBYTE) * MEBIBYTE, 10 * MEBIBYTE * max(tables, 1))


class Jobs:
    def __init__(self, warehouse: Warehouse, location: str, faults: Faults) -> None:
        self._warehouse, self._location, self._faults = warehouse, location, faults
        self._analyser = Analyser()
        self._analysed_version = -1
        self._lock = threading.Lock()
        self.all: dict[str, Job] = {}
        self._cached: dict[tuple[str, str, int], pa.Table] = {}

    @property
    def running(self) -> list[Job]:
        return [job for job in list(self.all.values()) if not job.done.is_set()]

    def insert(self, resource: Mapping[str, Any], user: str) -> Job:
        """Raises ApiError for what the API refuses at once."""
        configuration = resource.get("configuration", {})
        if "query" not in configuration:
            raise ApiError("invalid", "Required parameter is missing: query")
        reference = resource.get("jobReference", {})
        job_id = reference.get("jobId") or f"job_{uuid.uuid4().hex}"
        location = reference.get("location") or self._location
        _require_labels(configuration.get("labels", {}))
        job = self._prepared(job_id, location, configuration, user)
        if configuration.get("dryRun"):
            job.cache_hit = self._kept(job) is not None
            job.state = "DONE"
            job.done.set()
            return job
        with self._lock:
            if job_id in self.all:
                name = f"{self._warehouse.project}:{location}.{job_id}"
                raise ApiError("duplicate", f"Already Exists: Job {name}", job_id)
            most = self._faults.concurrent_jobs
            if most is not None and len(self.running) >= most:
                raise ApiError("rateLimitExceeded", "Exceeded rate limits: too many concurrent queries.")
            self.all[job_id] = job
        threading.Thread(target=self._run, args=(job,), daemon=True).start()
        return job

    def get(self, job_id: str, location: str) -> Job:
        job = self.all.get(job_id)
        # Without a location the API looks in the US and the EU alone.
        if job is None or (location or self._location).lower() != job.location.lower():
            name = f"{self._warehouse.project}:{location or 'US'}.{job_id}"
            raise ApiError("notFound", f"Not found: Job {name}", job_id)
        return job

    def cancel(self, job: Job, why: str = "Job execution was cancelled: User requested cancellation") -> None:
        job.stopping = job.stopping or why

    def close(self) -> None:
        for job in self.running:
            self.cancel(job)
        for job in self.running:
            job.done.wait(10)
        self._analyser.forget()

    def _prepared(self, job_id: str, location: str, configuration: Mapping[str, Any], user: str) -> Job:
        query = configuration["query"]
        if query.get("useLegacySql", True):
            raise ApiError("notImplemented", "Legacy SQL is not spoken here.")
        dataset = query.get("defaultDataset", {}).get("datasetId", "")
        known = self._warehouse.datasets
        if dataset and dataset not in known:
            raise ApiError("notFound", f"Not found: Dataset {self._warehouse.project}:{dataset}", dataset)
        if location.lower() != self._location.lower():
            name = f"{self._warehouse.project}:{dataset}"
            raise ApiError("notFound", f"Not found: Dataset {name} was not found in location {location}", name)
        with self._lock:
            if self._analysed_version != self._warehouse.version:
                self._analyser.forget()
                self._analysed_version = self._warehouse.version
            columns = self._warehouse.columns()
            analysis = self._analyser.analyse(query["query"], columns, (self._warehouse.project, dataset))
        self._require_filters(query["query"], analysis)
        processed = sum(self._warehouse.size(path, sorted(names)) for path, names in analysis.reads.items())
        if any(path[2].startswith("INFORMATION_SCHEMA.") for path in analysis.reads):
            processed = max(processed, 10 * MEBIBYTE)
        return Job(job_id, location, configuration, analysis, processed, user)

    def _require_filters(self, sql: str, analysis: Analysis) -> None:
        wanting = [(path, self._warehouse.tables[path]) for path in analysis.reads]
        wanting = [(path, table) for path, table in wanting if table.needs_filter]
        if not wanting:
            return
        tree = sqlglot.parse_one(sql, read="bigquery")
        filtered = {column.name for where in tree.find_all(exp.Where) for column in where.find_all(exp.Column)}
        for path, table in wanting:
            if table.partition not in filtered:
                raise invalid_query(
                    f"Cannot query over table '{'.'.join(path)}' without a filter over column(s) '{table.partition}'"
                    " that can be used for partition elimination"
                )

    def _run(self, job: Job) -> None:
        job.state = "RUNNING"
        try:
            job.result = self._found(job)
        except ApiError as error:
            job.error = error
        except Exception as error:  # noqa: BLE001 - a job ends with an error, whatever it was
            job.error = ApiError("internalError", f"{type(error).__name__}: {error}")
        job.ended = time.time()
        job.state = "DONE"
        job.done.set()

    def _found(self, job: Job) -> pa.Table:
        if job.analysis.statement_type != "SELECT":
            raise ApiError("accessDenied", "Access Denied: the account may only read.")
        most = int(job.query.get("maximumBytesBilled") or 0)
        due = billable(job.processed, len(job.analysis.reads))
        if most and due > most:
            raise ApiError(
                "bytesBilledLimitExceeded",
                f"Query exceeded limit for bytes billed: {most}. {due} or higher required.",
            )
        kept = self._kept(job)
        if kept is not None:
            job.cache_hit = True
            return kept
        key = self._key(job)
        table = self._computed(job, key[1])
        if table.nbytes <= _CACHED_BYTES:
            self._cached[key] = table
        return table

    def _kept(self, job: Job) -> pa.Table | None:
        """The result of the same text, while no table changed."""
        wanted = job.query.get("useQueryCache", True) and not _moves(job.query["query"])
        return self._cached.get(self._key(job)) if wanted else None

    def _key(self, job: Job) -> tuple[str, str, int]:
        dataset = job.query.get("defaultDataset", {}).get("datasetId", "")
        return job.query["query"], dataset, self._warehouse.version

    def _computed(self, job: Job, dataset: str) -> pa.Table:
        job.cursor = self._warehouse.cursor()
        ended = threading.Event()
        watch = threading.Thread(target=self._watch, args=(job, ended), daemon=True)
        watch.start()
        try:
            return self._warehouse.read(job.cursor, job.query["query"], dataset)
        except duckdb.InterruptException:
            raise ApiError("stopped", job.stopping) from None
        finally:
            ended.set()
            watch.join()
            job.cursor.close()
            job.cursor = None

    def _watch(self, job: Job, ended: threading.Event) -> None:
        """Interrupts again and again: one that comes before the statement runs has no effect."""
        allowed = int(job.configuration.get("jobTimeoutMs") or 0) / 1000
        while not ended.wait(0.01):
            if allowed and time.time() - job.created > allowed:
                self.cancel(job, f"Job execution was cancelled: Job timed out after {allowed:g}s")
            if job.stopping and job.cursor is not None:
                job.cursor.interrupt()


def _moves(sql: str) -> bool:
    """Whether its result may differ the next time, though no table changed."""
    return bool(re.search(r"\b(RAND|GENERATE_UUID|SESSION_USER|CURRENT_\w+)\b", sql, re.IGNORECASE))


def _require_labels(labels: Mapping[str, str]) -> None:
    for key, value in labels.items():
        if not key or not _LABEL.fullmatch(key) or not _LABEL.fullmatch(value) or (key + value).lower() != key + value:
            raise ApiError("invalid", f"Label “{key}” or its value is not valid.")
