"""Results as bytes and back."""

from __future__ import annotations

import datetime
import pickle
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nl2sql.engines.arrow_ipc import MAGIC, result_from_bytes, result_to_bytes
from nl2sql.engines.base import ResultTable

RESULT = ResultTable(
    pa.table(
        {
            "amount": pa.array([Decimal("10.10"), None], pa.decimal128(38, 2)),
            "at": pa.array([datetime.datetime.fromisoformat("2026-06-30T12:00"), None], pa.timestamp("us")),
            "name": pa.array(["é", None], pa.string()),
        }
    ),
    row_limit=2,
    truncated=True,
    elapsed_ms=12.5,
)
STORED = result_to_bytes(RESULT)


def test_a_result_comes_back_as_it_was() -> None:
    assert result_from_bytes(STORED) == RESULT


def test_a_result_without_rows_keeps_its_types() -> None:
    empty = ResultTable(RESULT.table.slice(0, 0), 5, False, 0.0)
    back = result_from_bytes(result_to_bytes(empty))
    assert back == empty
    assert back.table.schema == RESULT.table.schema


@pytest.mark.parametrize(
    "garbage", [b"", b"x", MAGIC, MAGIC + b"\0\0\0\0", pickle.dumps([1]), STORED[:-1], STORED + b"x"]
)
def test_garbage_is_refused(garbage: bytes) -> None:
    with pytest.raises(ValueError, match="stored result"):
        result_from_bytes(garbage)


@given(st.integers(0, len(STORED) - 1), st.integers(1, 255))
def test_one_changed_byte_is_noticed(position: int, change: int) -> None:
    damaged = bytearray(STORED)
    damaged[position] ^= change
    with pytest.raises(ValueError, match="stored result"):
        result_from_bytes(bytes(damaged))


def test_a_right_checksum_over_a_wrong_body_is_refused() -> None:
    import zlib

    for body in (b"{}\n", b"[]\nxx", b"\n", b'{"row_limit": 1, "truncated": true, "elapsed_ms": 1}\nARROW1'):
        with pytest.raises(ValueError, match="cannot be read"):
            result_from_bytes(MAGIC + zlib.crc32(body).to_bytes(4, "big") + body)
