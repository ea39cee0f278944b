"""Large results by the Storage Read API, as Arrow over gRPC: https://cloud.google.com/bigquery/docs/reference/storage

Whoever cannot have it reads by REST: what goes wrong here is never an error for people, and ends as None.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from google.api_core.exceptions import InternalServerError, ServiceUnavailable
from google.auth.credentials import Credentials

from nl2sql.engines.bigquery_address import BigQueryAddress
from nl2sql.engines.bigquery_errors import DRIVER_ERRORS
from nl2sql.engines.deadline import Backstop
from nl2sql.engines.duckdb_arrow import take_batches
from nl2sql.errors import Nl2SqlError

if TYPE_CHECKING:
    from google.cloud import bigquery
    from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient

SESSION_SECONDS = 5.0  # to wait for a session at most: one is made in less than a second, and REST needs its time too
REFUSED_SECONDS = 300.0  # after which it is tried again: a right that was given, or a service that came back
RESUMES = 2  # of one stream that broke off; long ones do now and then
_LATE = 0.1  # seconds: a call's own limit comes after the statement's, which is the one that is told of
_NO_LIMIT = ("grpc.max_receive_message_length", -1)  # the client's own; a message has 10 MB or so
_NO_PROXY = ("grpc.enable_http_proxy", 0)  # it would be another machine
_FAULTS = (*DRIVER_ERRORS, pa.ArrowException)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Rows of a finished statement. `total` is how many there are, `rows` and `result_bytes` how many are kept at most.

    `still_wanted` raises when nobody waits for them any more; that is at `deadline`, of the monotonic clock, or before.
    """

    table: bigquery.TableReference
    names: Sequence[str]
    total: int
    rows: int
    result_bytes: int
    deadline: float
    backstop: Backstop
    still_wanted: Callable[[], None]

    def seconds_left(self) -> float:
        return max(self.deadline - time.monotonic(), 0.0) + _LATE


class Storage:
    """One project's. Safe for many threads: each result is read over a connection of its own, which ends with it."""

    def __init__(self, address: BigQueryAddress, login: Callable[[], Credentials]) -> None:
        self._address, self._login = address, login
        self._off_until = 0.0

    @property
    def is_on(self) -> bool:
        return bool(self._address.storage_host) and time.monotonic() >= self._off_until

    def read(self, wanted: Wanted) -> tuple[pa.Table, bool] | None:
        """The rows in their order and whether there were more; None where they are to be read by REST."""
        try:
            with contextlib.closing(self._transport()) as transport, wanted.backstop.stopping(transport.close):
                return _taken(_client(transport), self._address.project, wanted)
        except Nl2SqlError:
            raise
        except (_SessionRefused, ImportError):
            wanted.still_wanted()
            self._off_until = time.monotonic() + REFUSED_SECONDS
        except _FAULTS:
            wanted.still_wanted()
        return None

    def _transport(self) -> Any:
        """Raises _SessionRefused, and ImportError where the package is not installed."""
        import grpc  # type: ignore[import-untyped]
        from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport

        host = self._address.storage_host
        try:
            if self._address.is_local:  # without credentials: `parse_bigquery` lets no other machine come here
                channel = grpc.insecure_channel(host, options=[_NO_LIMIT, _NO_PROXY])
                return BigQueryReadGrpcTransport(host=host, channel=channel)
            return BigQueryReadGrpcTransport(host=host, credentials=self._login())
        except _FAULTS as error:
            raise _SessionRefused from error


class _SessionRefused(Exception):
    """There will be none for the next one who asks either."""


def _client(transport: Any) -> BigQueryReadClient:
    """Without the package's own reader of rows, which resumes a stream without end."""
    from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient

    return BigQueryReadClient(transport=transport)


def _taken(client: BigQueryReadClient, project: str, wanted: Wanted) -> tuple[pa.Table, bool]:
    session = _session(client, project, wanted)
    schema = pa.ipc.read_schema(pa.py_buffer(session.arrow_schema.serialized_schema))
    if schema.names != list(wanted.names) or len(session.streams) != 1:
        raise ValueError("This is another table, or a part of it.")
    kept, truncated = [], False
    batches = _batches(client, session.streams[0].name, schema, wanted)
    for batch, truncated in take_batches(batches, wanted.rows, wanted.result_bytes):  # noqa: B007 - the last counts
        kept.append(batch)
        wanted.still_wanted()
    found = pa.Table.from_batches(kept, schema)
    if not truncated and found.num_rows != wanted.total:
        raise ValueError("Some rows are missing.")
    return found, truncated


def _session(client: BigQueryReadClient, project: str, wanted: Wanted) -> Any:
    """One stream: several would not come in the order of ORDER BY."""
    from google.cloud.bigquery_storage_v1 import types

    packed = types.ArrowSerializationOptions(
        buffer_compression=types.ArrowSerializationOptions.CompressionCodec.LZ4_FRAME
    )
    asked = types.ReadSession(
        table=wanted.table.path.removeprefix("/"),
        data_format=types.DataFormat.ARROW,
        read_options=types.ReadSession.TableReadOptions(arrow_serialization_options=packed),
    )
    try:
        return client.create_read_session(
            parent=f"projects/{project}",
            read_session=asked,
            max_stream_count=1,
            retry=None,
            timeout=min(SESSION_SECONDS, wanted.seconds_left()),
        )
    except DRIVER_ERRORS as error:
        raise _SessionRefused from error


def _batches(client: BigQueryReadClient, stream: str, schema: pa.Schema, wanted: Wanted) -> Iterator[pa.RecordBatch]:
    offset, resumes = 0, RESUMES
    while True:
        try:
            left = wanted.seconds_left()
            for message in client.read_rows(read_stream=stream, offset=offset, retry=None, timeout=left):
                offset += message.row_count
                packed = pa.py_buffer(message.arrow_record_batch.serialized_record_batch)
                yield pa.ipc.read_record_batch(packed, schema)
            return
        except (InternalServerError, ServiceUnavailable):
            wanted.still_wanted()
            if not resumes:
                raise
            resumes -= 1
