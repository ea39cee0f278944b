"""The stand-in's HTTP server, on a port of its own on this machine."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.bigquery import resources
from tests.fakes.bigquery.errors import ApiError
from tests.fakes.bigquery.faults import Fault, Faults
from tests.fakes.bigquery.jobs import Job, Jobs
from tests.fakes.bigquery.storage import FakeStorage
from tests.fakes.bigquery.warehouse import Warehouse

PROJECT, DATASET, LOCATION = "stand-in-project", "shop", "EU"
LONGEST_WAIT = 10.0  # of a request for results that are not there yet, in seconds
_BASE = "/bigquery/v2/projects/([^/]+)"
Asked = Mapping[str, str]


class FakeBigQuery:
    """One project with one dataset. `requests` holds the API's methods in the order they were asked for."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.warehouse = Warehouse(PROJECT)
        self.warehouse.create_dataset(DATASET)
        self.jobs = Jobs(self.warehouse, LOCATION, self.faults)
        self.requests: list[str] = []
        self._sockets: set[socket.socket] = set()
        self._lock = Lock()
        self._handler = type("Handler", (_Handler,), {"fake": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        self._storage: FakeStorage | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def url(self) -> str:
        return f"bigquery://{PROJECT}/{DATASET}?endpoint={self.endpoint}"

    @property
    def storage(self) -> FakeStorage:
        """The Storage Read API, started when it is first asked for, and again after it was closed."""
        if self._storage is None:
            self._storage = FakeStorage(PROJECT, self.jobs, self.faults, self.requests)
        return self._storage

    @property
    def url_with_storage(self) -> str:
        return f"{self.url}&storage={self.storage.endpoint}"

    def close_storage(self) -> None:
        if self._storage is not None:
            self._storage.close()
            self._storage = None

    def cut(self) -> None:
        """Ends every connection."""
        with self._lock:
            cut, self._sockets = self._sockets, set()
        for each in cut:
            with _ignored_errors():
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self.close_storage()
        self.jobs.close()
        self._server.shutdown()
        self._thread.join()
        self.cut()
        self._server.server_close()
        self.warehouse.close()
        del self._handler.fake  # a class lives on

    def met(self, connection: socket.socket) -> None:
        with self._lock:
            self._sockets.add(connection)

    def left(self, connection: socket.socket) -> None:
        with self._lock:
            self._sockets.discard(connection)

    def answer(self, verb: str, path: str, asked: Asked, body: Mapping[str, Any], user: str) -> tuple[str, Any]:
        """The API's method, and a function that does it. Raises ApiError."""
        for wanted, pattern, method, do in _ROUTES:
            found = re.fullmatch(pattern, path)
            if wanted == verb and found:
                project, *rest = (unquote(part) for part in found.groups())
                self.requests.append(method)

                def done(rest: list[str] = rest, do: Any = do, project: str = project) -> Any:
                    if project != self.warehouse.project:
                        raise ApiError("notFound", f"Not found: Project {project}")
                    self.faults.count(user)
                    return do(self, rest, asked, body, user)

                return method, done
        raise ApiError("notFound", "Not found.")

    def _insert(self, _: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        return resources.job_resource(self.jobs.insert(body, user), PROJECT)

    def _query(self, _: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        query = {name: body[name] for name in _QUERY_PARTS if name in body}
        options = {name: body[name] for name in ("dryRun", "labels", "jobTimeoutMs") if name in body}
        location = {"location": body["location"]} if body.get("location") else {}
        job = self.jobs.insert({"configuration": {"query": query, **options}, "jobReference": location}, user)
        if body.get("dryRun"):
            made = {"jobComplete": True, "totalBytesProcessed": str(job.processed), "schema": resources.schema(job)}
            return made | {"kind": "bigquery#queryResponse"}
        job.done.wait(min(int(body.get("timeoutMs", 10_000)) / 1000, LONGEST_WAIT))
        asked = {"formatOptions.useInt64Timestamp": str(body.get("formatOptions", {}).get("useInt64Timestamp"))}
        if "maxResults" in body:
            asked["maxResults"] = str(body["maxResults"])
        return resources.results(job, PROJECT, asked) | {"kind": "bigquery#queryResponse"}

    def _get_job(self, rest: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        return resources.job_resource(self._job(rest, asked), PROJECT)

    def _results(self, rest: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        job = self._job(rest, asked)
        job.done.wait(min(int(asked.get("timeoutMs", 10_000)) / 1000, LONGEST_WAIT))
        return resources.results(job, PROJECT, asked)

    def _cancel(self, rest: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        job = self._job(rest, asked)
        self.jobs.cancel(job)
        return {"kind": "bigquery#jobCancelResponse", "job": resources.job_resource(job, PROJECT)}

    def _dataset(self, rest: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        return resources.dataset_resource(PROJECT, self._known(rest[0]), LOCATION)

    def _tables(self, rest: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        dataset = self._known(rest[0])
        paths = sorted(path for path in self.warehouse.tables if path[1] == dataset and "." not in path[2])
        start = int(asked.get("pageToken", "0"))
        most = int(asked.get("maxResults", "50"))
        listed = [
            {"kind": "bigquery#table", "tableReference": resources.table_reference(path), "type": "TABLE"}
            for path in paths[start : start + most]
        ]
        more = {"nextPageToken": str(start + most)} if len(paths) > start + most else {}
        return {"kind": "bigquery#tableList", "tables": listed, "totalItems": len(paths), **more}

    def _table(self, rest: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        return resources.table_resource(self.warehouse, self._path(rest))

    def _data(self, rest: list[str], asked: Asked, body: Mapping[str, Any], user: str) -> Any:
        path = self._path(rest)
        cursor = self.warehouse.cursor()
        try:
            found = self.warehouse.read(cursor, f"SELECT * FROM `{path[2]}`", path[1])
        finally:
            cursor.close()
        told = {"kind": "bigquery#tableDataList", "totalRows": str(found.num_rows)}
        return told | resources.page(found, self.warehouse.tables[path].columns, asked)

    def _job(self, rest: list[str], asked: Asked) -> Job:
        return self.jobs.get(rest[0], asked.get("location", ""))

    def _known(self, dataset: str) -> str:
        if dataset not in self.warehouse.datasets:
            raise ApiError("notFound", f"Not found: Dataset {PROJECT}:{dataset}")
        return dataset

    def _path(self, rest: list[str]) -> tuple[str, str, str]:
        path = (PROJECT, self._known(rest[0]), rest[1])
        if path not in self.warehouse.tables:
            raise ApiError("notFound", f"Not found: Table {PROJECT}:{rest[0]}.{rest[1]}")
        return path


_QUERY_PARTS = ("query", "useLegacySql", "defaultDataset", "maximumBytesBilled", "useQueryCache")
_Do = Callable[[FakeBigQuery, list[str], Asked, Mapping[str, Any], str], Any]
_ROUTES: tuple[tuple[str, str, str, _Do], ...] = (
    ("POST", f"{_BASE}/jobs", "jobs.insert", FakeBigQuery._insert),
    ("POST", f"{_BASE}/queries", "jobs.query", FakeBigQuery._query),
    ("GET", f"{_BASE}/jobs/([^/]+)", "jobs.get", FakeBigQuery._get_job),
    ("GET", f"{_BASE}/queries/([^/]+)", "jobs.getQueryResults", FakeBigQuery._results),
    ("POST", f"{_BASE}/jobs/([^/]+)/cancel", "jobs.cancel", FakeBigQuery._cancel),
    ("GET", f"{_BASE}/datasets/([^/]+)", "datasets.get", FakeBigQuery._dataset),
    ("GET", f"{_BASE}/datasets/([^/]+)/tables", "tables.list", FakeBigQuery._tables),
    ("GET", f"{_BASE}/datasets/([^/]+)/tables/([^/]+)", "tables.get", FakeBigQuery._table),
    ("GET", f"{_BASE}/datasets/([^/]+)/tables/([^/]+)/data", "tabledata.list", FakeBigQuery._data),
)


class _Handler(BaseHTTPRequestHandler):
    fake: FakeBigQuery
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.fake.met(self.connection)

    def finish(self) -> None:
        fake = getattr(self, "fake", None)  # gone when the server was closed meanwhile
        if fake is not None:
            fake.left(self.connection)
        with _ignored_errors():
            super().finish()

    def handle(self) -> None:
        with _ignored_errors():
            super().handle()

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        self._do()

    def do_POST(self) -> None:
        self._do()

    def _do(self) -> None:
        parts = urlsplit(self.path)
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        user = self.headers.get("Authorization", "anonymous")
        fault: Fault | None = None
        try:
            body = json.loads(text) if text else {}
            method, done = self.fake.answer(self.command, parts.path, dict(parse_qsl(parts.query)), body, user)
            fault = self.fake.faults.take(method)
            if fault is not None:
                time.sleep(fault.slow_seconds)
                if fault.drop:
                    return self._drop()
                if fault.error is not None:
                    raise fault.error
            code, answer = 200, done()
        except ApiError as error:
            code, answer = error.code, error.body()
        except ValueError:
            error = ApiError("badRequest", "The request is not JSON.")
            code, answer = error.code, error.body()
        if fault is not None and fault.lost:
            return self._drop()
        self._send(code, answer)

    def _send(self, code: int, answer: Any) -> None:
        raw = json.dumps(answer).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json; charset=UTF-8")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def _drop(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


@contextmanager
def _ignored_errors() -> Iterator[None]:
    """A client that went away, or a connection that was cut."""
    with suppress(OSError):
        yield


@contextmanager
def running() -> Iterator[FakeBigQuery]:
    fake = FakeBigQuery()
    try:
        yield fake
    finally:
        fake.close()
