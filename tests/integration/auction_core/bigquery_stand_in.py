"""BigQuery's REST API as far as an export uses it, on this machine: tables and rows in DuckDB, and every call kept.

It takes load jobs of Parquet (multipart and resumable) and queries; it does not check rights, and knows no partitions
beyond keeping what a table was made with. `faults` breaks what comes next.
"""

import io
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import sqlglot

PROJECT, DATASET, LOCATION = "stand-in-project", "auction", "EU"
_TYPES = {
    "INTEGER": "BIGINT",
    "BOOLEAN": "BOOLEAN",
    "NUMERIC": "DECIMAL(12, 2)",
    "TIMESTAMP": "TIMESTAMP",
    "STRING": "VARCHAR",
}
_BASE = f"/bigquery/v2/projects/{PROJECT}"
_TABLES = f"{_BASE}/datasets/{DATASET}/tables"


@dataclass
class Fault:
    """The next `times` requests whose 'VERB path' matches: 'refuse' answers `status` and does nothing, 'lose' does it
    and answers 503, 'fail' makes the job fail at BigQuery."""

    wanted: str
    does: str
    times: int = 1
    status: int = 503


@dataclass
class StandIn:
    endpoint: str = ""
    tables: dict[str, dict[str, Any]] = field(default_factory=dict)
    jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, list[tuple[Any, ...]]] = field(default_factory=dict)
    # 'VERB path' in order, and the headers of each.
    calls: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    queries: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    rows: Any = field(default_factory=lambda: duckdb.connect())
    lock: Any = field(default_factory=threading.Lock)
    uploads: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def to(self) -> str:
        return f"bigquery:{PROJECT}.{DATASET}?endpoint={self.endpoint}"

    def fault_of(self, call: str) -> Fault | None:
        for fault in self.faults:
            if fault.times > 0 and re.search(fault.wanted, call):
                fault.times -= 1
                return fault
        return None

    # -- tables

    def insert_table(self, body: dict[str, Any]) -> dict[str, Any]:
        name = body["tableReference"]["tableId"]
        if name in self.tables:
            raise ApiError(409, "duplicate")
        columns = ", ".join(
            f"{f['name']} {_TYPES[f['type']]}{' NOT NULL' if f.get('mode') == 'REQUIRED' else ''}"
            for f in body["schema"]["fields"]
        )
        self.rows.execute(f"CREATE TABLE {name} ({columns})")
        self.tables[name] = body
        return body

    def delete_table(self, name: str) -> dict[str, Any]:
        self.table(name)
        self.rows.execute(f"DROP TABLE {name}")
        del self.tables[name]
        return {}

    def table(self, name: str) -> dict[str, Any]:
        if name not in self.tables:
            raise ApiError(404, "notFound")
        return self.tables[name]

    # -- jobs

    def insert_job(self, body: dict[str, Any], content: bytes, broken: bool) -> dict[str, Any]:
        number = body["jobReference"]["jobId"]
        if number in self.jobs:
            raise ApiError(409, "duplicate")
        body["jobReference"].setdefault("location", LOCATION)
        status: dict[str, Any] = {"state": "DONE"}
        if broken:
            status["errorResult"] = {"reason": "backendError", "message": "secret row value"}
        elif "load" in body["configuration"]:
            self._load(body["configuration"]["load"], content)
        else:
            statistics = self._query(number, body["configuration"]["query"])
            body["statistics"] = {"query": statistics}
        self.jobs[number] = body | {"id": number, "status": status, "kind": "bigquery#job"}
        return self.jobs[number]

    def _load(self, load: dict[str, Any], content: bytes) -> None:
        assert load["sourceFormat"] == "PARQUET"
        assert load["writeDisposition"] == "WRITE_TRUNCATE"
        table = load["destinationTable"]["tableId"]
        found = pq.read_table(io.BytesIO(content))
        assert found.schema.names == [f["name"] for f in self.table(table)["schema"]["fields"]]
        naive = [f.with_type(pa.timestamp("us")) if pa.types.is_timestamp(f.type) else f for f in found.schema]
        self.rows.register("incoming", found.cast(pa.schema(naive)))
        self.rows.execute(f"DELETE FROM {table}")
        self.rows.execute(f"INSERT INTO {table} SELECT * FROM incoming")
        self.rows.unregister("incoming")

    def _query(self, number: str, query: dict[str, Any]) -> dict[str, Any]:
        sql = query["query"]
        self.queries.append(sql)
        for name in re.findall(rf"`{PROJECT}\.{DATASET}\.(\w+)`", sql):
            self.table(name)
        local = re.sub(rf"`{PROJECT}\.{DATASET}\.(\w+)`", r"\1", sql)
        values = {
            p["name"]: _value(p["parameterType"]["type"], p["parameterValue"]["value"])
            for p in query.get("queryParameters", [])
        }
        (made,) = sqlglot.transpile(local, read="bigquery", write="duckdb")
        done = self.rows.execute(made, values) if values else self.rows.execute(made)
        names = [each[0] for each in done.description or ()]
        is_select = sql.startswith("SELECT")
        self.results[number] = done.fetchall() if is_select else []
        fields = [{"name": name, "type": "STRING"} for name in names] if is_select else []
        return {"statementType": sql.split()[0], "schema": {"fields": fields}}

    def query_results(self, number: str) -> dict[str, Any]:
        job = self.job(number)
        rows = self.results[number]
        answer = {"jobComplete": True, "jobReference": job["jobReference"], "totalRows": str(len(rows))}
        answer["schema"] = job["statistics"]["query"]["schema"]
        answer["rows"] = [{"f": [{"v": str(cell)} for cell in row]} for row in rows]
        return answer

    def job(self, number: str) -> dict[str, Any]:
        if number not in self.jobs:
            raise ApiError(404, "notFound")
        return self.jobs[number]


class ApiError(Exception):
    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


def _value(kind: str, text: str) -> Any:
    if kind == "TIMESTAMP":
        return datetime.fromisoformat(text).astimezone(UTC).replace(tzinfo=None)
    return text


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536  # an answer in one piece: two small ones would wait for each other
    stand_in: StandIn

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_DELETE = do_GET

    def log_message(self, *_: Any) -> None:
        pass

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        call = f"{self.command} {parts.path}"
        with self.stand_in.lock:
            self.stand_in.calls.append(call)
            self.stand_in.headers.append({k.lower(): v for k, v in self.headers.items()})
            fault = self.stand_in.fault_of(call)
            try:
                if fault and fault.does == "refuse":
                    raise ApiError(fault.status, "backendError" if fault.status >= 500 else "accessDenied")
                answer, extra = self._answer(parts.path, parse_qs(parts.query), body, fault)
                if fault and fault.does == "lose":
                    raise ApiError(503, "backendError")
                self._send(200, answer, extra)
            except ApiError as error:
                told = {"reason": error.reason, "message": f"secret row value: {error.reason}"}
                self._send(error.status, {"error": {"code": error.status, "message": "no", "errors": [told]}}, {})

    def _answer(self, path: str, asked: dict[str, list[str]], body: bytes, fault: Fault | None) -> Any:
        broken = bool(fault and fault.does == "fail")
        here = self.stand_in
        if path.startswith("/upload/"):
            return self._upload(asked, body, broken)
        content = json.loads(body) if body else {}
        if path == f"{_BASE}/datasets/{DATASET}":
            reference = {"projectId": PROJECT, "datasetId": DATASET}
            return {"datasetReference": reference, "location": LOCATION}, {}
        if path == _TABLES:
            if self.command == "POST":
                return here.insert_table(content), {}
            return {"tables": [{"tableReference": each["tableReference"]} for each in here.tables.values()]}, {}
        name = path.rpartition("/")[2]
        if path.startswith(f"{_TABLES}/"):
            return (here.delete_table(name) if self.command == "DELETE" else here.table(name)), {}
        if path == f"{_BASE}/jobs":
            return here.insert_job(content, b"", broken), {}
        if path.startswith(f"{_BASE}/jobs/"):
            return here.job(name), {}
        if path.startswith(f"{_BASE}/queries/"):
            return here.query_results(name), {}
        raise ApiError(404, "notFound")

    def _upload(self, asked: dict[str, list[str]], body: bytes, broken: bool) -> Any:
        here = self.stand_in
        if asked["uploadType"] == ["multipart"]:
            boundary = re.search(r'boundary="?([^";]+)', self.headers["Content-Type"])
            assert boundary
            _, first, second, _ = body.split(f"--{boundary[1]}".encode(), 3)
            description = json.loads(first.split(b"\r\n\r\n", 1)[1])
            return here.insert_job(description, second.split(b"\r\n\r\n", 1)[1].removesuffix(b"\r\n"), broken), {}
        if self.command == "POST":
            session = str(len(here.uploads))
            here.uploads[session] = json.loads(body)
            return {}, {"Location": f"{here.endpoint}{self.path}&session={session}"}
        return here.insert_job(here.uploads[asked["session"][0]], body, broken), {}

    def _send(self, status: int, answer: dict[str, Any], extra: dict[str, str]) -> None:
        content = json.dumps(answer).encode()
        self.send_response(status)
        for name, value in extra.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def running() -> Iterator[StandIn]:
    made = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"stand_in": made}))
    server.daemon_threads = True
    made.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        made.rows.close()
