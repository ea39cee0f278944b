"""What the API returns: jobs, pages of rows, datasets, tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tests.fakes.bigquery.errors import ApiError
from tests.fakes.bigquery.jobs import Job
from tests.fakes.bigquery.reads import Path
from tests.fakes.bigquery.schema import Column, cell
from tests.fakes.bigquery.warehouse import Table, Warehouse

PAGE_BYTES = 10_000_000  # of one answer with rows
_STEP = 500  # rows that are weighed together


def job_resource(job: Job, project: str) -> dict[str, Any]:
    status: dict[str, Any] = {"state": job.state}
    if job.error is not None:
        status |= {"errorResult": job.error.proto(), "errors": [job.error.proto()]}
    statistics: dict[str, Any] = {
        "creationTime": _millis(job.created),
        "startTime": _millis(job.created),
        "totalBytesProcessed": str(0 if job.cache_hit else job.processed),
        "query": _query_statistics(job),
    }
    if job.ended:
        statistics["endTime"] = _millis(job.ended)
    configuration = {"jobType": "QUERY", **job.configuration}
    if not job.configuration.get("dryRun"):
        configuration["query"] = {**job.query, "destinationTable": destination(job, project)}
    return {
        "kind": "bigquery#job",
        "id": f"{project}:{job.location}.{job.id}",
        "jobReference": reference(job, project),
        "configuration": configuration,
        "status": status,
        "statistics": statistics,
        "user_email": job.user,
    }


def destination(job: Job, project: str) -> dict[str, str]:
    """The table that keeps the result for a day, in a dataset of the service's own."""
    return {"projectId": project, "datasetId": "_stand_in_results", "tableId": f"anon_{job.id}"}


def reference(job: Job, project: str) -> dict[str, Any]:
    return {"projectId": project, "jobId": job.id, "location": job.location}


def _query_statistics(job: Job) -> dict[str, Any]:
    told: dict[str, Any] = {
        "statementType": job.analysis.statement_type,
        "totalBytesProcessed": str(0 if job.cache_hit else job.processed),
        "referencedTables": [table_reference(path) for path in sorted(job.analysis.reads)],
        "schema": schema(job),
    }
    if job.configuration.get("dryRun"):
        return told | {"totalBytesProcessedAccuracy": "PRECISE"}
    if job.done.is_set():
        told |= {"totalBytesBilled": str(job.billed), "cacheHit": job.cache_hit}
    return told


def schema(job: Job) -> dict[str, Any]:
    return {"fields": [column.resource() for column in job.analysis.columns]}


def results(job: Job, project: str, asked: Mapping[str, str]) -> dict[str, Any]:
    """Of jobs.getQueryResults; raises the job's own error."""
    made: dict[str, Any] = {"kind": "bigquery#getQueryResultsResponse", "jobReference": reference(job, project)}
    if not job.done.is_set():
        return made | {"jobComplete": False}
    if job.error is not None:
        raise job.error
    assert job.result is not None
    made |= {
        "jobComplete": True,
        "schema": schema(job),
        "totalRows": str(job.result.num_rows),
        "totalBytesProcessed": str(0 if job.cache_hit else job.processed),
        "cacheHit": job.cache_hit,
    }
    return made | page(job.result, job.analysis.columns, asked)


def page(found: pa.Table, columns: tuple[Column, ...], asked: Mapping[str, str]) -> dict[str, Any]:
    """`rows` and, when there are more, `pageToken`."""
    start = _number(asked.get("pageToken", "").removeprefix("row-") or asked.get("startIndex", "0"), "pageToken")
    most = _number(asked.get("maxResults", str(found.num_rows)), "maxResults")
    int64_times = asked.get("formatOptions.useInt64Timestamp", "").lower() == "true"
    rows: list[dict[str, Any]] = []
    room = PAGE_BYTES
    end = min(found.num_rows, start + most)
    while start + len(rows) < end:
        part = found.slice(start + len(rows), min(_STEP, end - start - len(rows)))
        columns_of = [each.to_pylist() for each in part.columns]
        for values in zip(*columns_of, strict=True):
            made = {
                "f": [{"v": cell(value, column, int64_times)} for value, column in zip(values, columns, strict=True)]
            }
            room -= len(str(made))
            if room < 0 and rows:
                return {"rows": rows, "pageToken": f"row-{start + len(rows)}"}
            rows.append(made)
    answer: dict[str, Any] = {"rows": rows} if rows else {}
    if start + len(rows) < found.num_rows and most:
        answer["pageToken"] = f"row-{start + len(rows)}"
    return answer


def dataset_resource(project: str, dataset: str, location: str) -> dict[str, Any]:
    return {
        "kind": "bigquery#dataset",
        "id": f"{project}:{dataset}",
        "datasetReference": {"projectId": project, "datasetId": dataset},
        "location": location,
    }


def table_resource(warehouse: Warehouse, path: Path) -> dict[str, Any]:
    table = warehouse.tables[path]
    made = {
        "kind": "bigquery#table",
        "id": f"{path[0]}:{path[1]}.{path[2]}",
        "tableReference": table_reference(path),
        "type": "TABLE",
        "schema": {"fields": [column.resource() for column in table.columns]},
        "numRows": str(warehouse.rows(path)),
        "numBytes": str(warehouse.size(path)),
        "lastModifiedTime": _millis(table.modified.timestamp()),
    }
    return made | _traits(table)


def table_reference(path: Path) -> dict[str, str]:
    return {"projectId": path[0], "datasetId": path[1], "tableId": path[2]}


def _traits(table: Table) -> dict[str, Any]:
    made: dict[str, Any] = {}
    if table.partition:
        made["timePartitioning"] = {"type": "DAY", "field": table.partition}
        made["requirePartitionFilter"] = table.needs_filter
    if table.clusters:
        made["clustering"] = {"fields": list(table.clusters)}
    if table.streaming:
        made["streamingBuffer"] = {"estimatedRows": "1", "estimatedBytes": "100"}
    return made


def _millis(seconds: float) -> str:
    return str(int(seconds * 1000))


def _number(text: str, name: str) -> int:
    try:
        return max(int(text), 0)
    except ValueError:
        raise ApiError("invalid", f"Invalid value for {name}.") from None
