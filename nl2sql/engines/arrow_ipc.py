"""A ResultTable as bytes and back, and its rows alone: Arrow IPC, so that nothing is ever unpickled."""

from __future__ import annotations

import json
import zlib
from datetime import datetime

import pyarrow as pa

from nl2sql.engines.base import ResultTable

# Bytes that some other version wrote are refused, not guessed at: raise the digit when the layout changes.
MAGIC = b"nl2sql-result-3\n"
_CHECKSUM_BYTES = 4


def result_to_bytes(result: ResultTable) -> bytes:
    """Magic, CRC-32 of the rest, one line of JSON, then the Arrow stream."""
    facts = {
        "row_limit": result.row_limit,
        "truncated": result.truncated,
        "elapsed_ms": result.elapsed_ms,
        "billed_bytes": result.billed_bytes,
        "data_as_of": result.data_as_of.isoformat() if result.data_as_of else None,
        "data_note": result.data_note,
    }
    body = b"".join([json.dumps(facts).encode(), b"\n", rows_to_stream(result.table)])
    return b"".join([MAGIC, zlib.crc32(body).to_bytes(_CHECKSUM_BYTES, "big"), body])


def result_from_bytes(stored: bytes) -> ResultTable:
    """Raises ValueError for anything that `result_to_bytes` of this version did not write."""
    start = len(MAGIC) + _CHECKSUM_BYTES
    if not stored.startswith(MAGIC) or len(stored) <= start:
        raise ValueError("These bytes are not a stored result.")
    body = memoryview(stored)[start:]
    if zlib.crc32(body) != int.from_bytes(stored[len(MAGIC) : start], "big"):
        raise ValueError("This stored result is damaged.")
    end = stored.find(b"\n", start)
    try:
        facts = json.loads(stored[start:end])
        table = rows_from_stream(memoryview(stored)[end + 1 :])
        billed, as_of = facts["billed_bytes"], facts["data_as_of"]
        return ResultTable(
            table,
            int(facts["row_limit"]),
            bool(facts["truncated"]),
            float(facts["elapsed_ms"]),
            None if billed is None else int(billed),
            None if as_of is None else datetime.fromisoformat(as_of),
            str(facts["data_note"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError("This stored result cannot be read.") from error


def rows_to_stream(table: pa.Table, *, compression: str | None = None) -> pa.Buffer:
    """`compression` is a codec of Arrow's ("zstd"); whoever reads the stream finds it there."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)) as writer:
        writer.write_table(table)
    return sink.getvalue()


def rows_from_stream(stream: memoryview) -> pa.Table:
    """Raises ValueError for what no Arrow stream is."""
    try:
        with pa.ipc.open_stream(pa.py_buffer(stream)) as reader:
            table = reader.read_all()
        table.validate(full=True)  # a wrong offset would be read outside of the buffer
    except (pa.ArrowException, KeyError, TypeError, OSError, ValueError, MemoryError) as error:
        raise ValueError("These rows cannot be read.") from error
    return table
