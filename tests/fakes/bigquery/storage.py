"""The Storage Read API of the stand-in, over gRPC without encryption on this machine: results of its jobs, as Arrow.

Arrow's types are those of https://cloud.google.com/bigquery/docs/reference/storage#arrow_schema_details
"""

from __future__ import annotations

import base64
import datetime
import json
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Lock
from typing import Any

import grpc
import pyarrow as pa
from google.cloud.bigquery_storage_v1 import types

from tests.fakes.bigquery.faults import Fault, Faults
from tests.fakes.bigquery.jobs import Job, Jobs
from tests.fakes.bigquery.resources import destination
from tests.fakes.bigquery.schema import Column, cell

SERVICE = "google.cloud.bigquery.storage.v1.BigQueryRead"
MESSAGE_ROWS = 2_000
_CODES = {
    400: grpc.StatusCode.INVALID_ARGUMENT,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    500: grpc.StatusCode.INTERNAL,
    501: grpc.StatusCode.UNIMPLEMENTED,
    503: grpc.StatusCode.UNAVAILABLE,
}
_SHAPES: dict[str, pa.DataType] = {
    "INT64": pa.int64(),
    "FLOAT64": pa.float64(),
    "NUMERIC": pa.decimal128(38, 9),
    "BIGNUMERIC": pa.decimal256(76, 38),
    "BOOL": pa.bool_(),
    "STRING": pa.string(),
    "BYTES": pa.binary(),
    "DATE": pa.date32(),
    "TIME": pa.time64("us"),
    "DATETIME": pa.timestamp("us"),
    "TIMESTAMP": pa.timestamp("us", "UTC"),
    "JSON": pa.string(),
    "GEOGRAPHY": pa.string(),
}


class FakeStorage:
    """`requests` and `faults` are those of the REST side; methods are called "storage.CreateReadSession" and
    "storage.ReadRows". `sent_rows` counts the rows of all messages."""

    def __init__(self, project: str, jobs: Jobs, faults: Faults, requests: list[str]) -> None:
        self._project, self._jobs, self._faults, self._requests = project, jobs, faults, requests
        self._lock = Lock()
        self._sessions: dict[str, tuple[pa.Table, Any]] = {}
        self.sent_rows = 0
        handlers = {
            "CreateReadSession": grpc.unary_unary_rpc_method_handler(
                self._create, types.CreateReadSessionRequest.deserialize, types.ReadSession.serialize
            ),
            "ReadRows": grpc.unary_stream_rpc_method_handler(
                self._read, types.ReadRowsRequest.deserialize, types.ReadRowsResponse.serialize
            ),
        }
        self._server = grpc.server(ThreadPoolExecutor(8), options=[("grpc.so_reuseport", 0)])
        self._server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        self._port = self._server.add_insecure_port("127.0.0.1:0")
        self._server.start()

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def close(self) -> None:
        self._server.stop(0).wait()

    def _create(self, asked: Any, context: grpc.ServicerContext) -> Any:
        self._begun("CreateReadSession", context)
        wanted = asked.read_session
        job = self._job_of(wanted.table)
        if job is None or job.result is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Not found: Table {wanted.table}")
        if asked.parent != f"projects/{self._project}" or wanted.data_format != types.DataFormat.ARROW:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Only this project's rows are here, as Arrow.")
        table = as_arrow(job.result, job.analysis.columns)
        name = f"projects/{self._project}/locations/eu/sessions/{uuid.uuid4().hex}"
        stream = f"{name}/streams/0"
        with self._lock:
            self._sessions[stream] = table, wanted.read_options.arrow_serialization_options.buffer_compression
        schema = types.ArrowSchema(serialized_schema=table.schema.serialize().to_pybytes())
        streams = [types.ReadStream(name=stream)]
        return types.ReadSession(name=name, table=wanted.table, arrow_schema=schema, streams=streams)

    def _read(self, asked: Any, context: grpc.ServicerContext) -> Iterator[Any]:
        fault = self._begun("ReadRows", context, ends_later=True)
        table, compression = self._sessions[asked.read_stream]
        packed = "lz4" if compression == types.ArrowSerializationOptions.CompressionCodec.LZ4_FRAME else None
        options = pa.ipc.IpcWriteOptions(compression=packed)
        until = table.num_rows if fault is None or fault.error is None else min(fault.after_rows, table.num_rows)
        start = asked.offset
        while start < until and context.is_active():
            part = table.slice(start, min(MESSAGE_ROWS, until - start)).combine_chunks()
            (batch,) = part.to_batches()
            if fault is not None:
                time.sleep(fault.slow_seconds)
            self.sent_rows += batch.num_rows
            raw = types.ArrowRecordBatch(serialized_record_batch=_message(batch, options))
            yield types.ReadRowsResponse(arrow_record_batch=raw, row_count=batch.num_rows)
            start += batch.num_rows
        if fault is not None and fault.error is not None:
            context.abort(_CODES[fault.error.code], fault.error.message)

    def _begun(self, method: str, context: grpc.ServicerContext, ends_later: bool = False) -> Fault | None:
        name = f"storage.{method}"
        self._requests.append(name)
        fault = self._faults.take(name)
        if fault is not None and not ends_later:
            time.sleep(fault.slow_seconds)
            if fault.error is not None:
                context.abort(_CODES[fault.error.code], fault.error.message)
        return fault

    def _job_of(self, name: str) -> Job | None:
        for job in list(self._jobs.all.values()):
            place = destination(job, self._project)
            if name == "projects/{projectId}/datasets/{datasetId}/tables/{tableId}".format(**place):
                return job
        return None


def _message(batch: pa.RecordBatch, options: pa.ipc.IpcWriteOptions) -> bytes:
    """Without the schema, which the session has told."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    messages = pa.ipc.MessageReader.open_stream(sink.getvalue())
    messages.read_next_message()
    return bytes(messages.read_next_message().serialize())


def as_arrow(found: pa.Table, columns: Sequence[Column]) -> pa.Table:
    fields = [pa.field(column.name, _shape(column)) for column in columns]
    arrays = [_column(each, column) for each, column in zip(found.columns, columns, strict=True)]
    return pa.Table.from_arrays(arrays, schema=pa.schema(fields))


def _shape(column: Column) -> pa.DataType:
    if column.fields:
        plain: pa.DataType = pa.struct([pa.field(field.name, _shape(field)) for field in column.fields])
    else:
        plain = _SHAPES[column.type]
    return pa.list_(plain) if column.repeated else plain


def _column(found: pa.ChunkedArray, column: Column) -> pa.ChunkedArray | pa.Array:
    """A value is what the REST API writes of it; where DuckDB holds it as such already, a cast is enough."""
    shape = _shape(column)
    if column.type not in ("JSON", "STRUCT", "BYTES") and not column.repeated and found.type != pa.float64():
        try:
            return found.cast(shape)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
            pass
    return pa.array([_value(cell(value, column), column) for value in found.to_pylist()], shape)


def _value(written: Any, column: Column) -> Any:
    if column.repeated:
        single = Column(column.name, column.type, False, column.fields)
        return [_value(each["v"], single) for each in written]
    if written is None:
        return None
    if column.fields:
        parts = zip(written["f"], column.fields, strict=True)
        return {field.name: _value(part["v"], field) for part, field in parts}
    return _READERS.get(column.type, str)(written)


_READERS: dict[str, Callable[[str], Any]] = {
    "INT64": int,
    "FLOAT64": float,
    "NUMERIC": Decimal,
    "BIGNUMERIC": Decimal,
    "BOOL": json.loads,
    "BYTES": base64.b64decode,
    "DATE": datetime.date.fromisoformat,
    "TIME": datetime.time.fromisoformat,
    "DATETIME": datetime.datetime.fromisoformat,
    "TIMESTAMP": lambda text: (
        datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC) + datetime.timedelta(microseconds=int(text))
    ),
}
