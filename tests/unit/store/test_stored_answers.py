"""Whole answers as bytes and back."""

from __future__ import annotations

import json
import pickle
import struct
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nl2sql.answer.base import Answer, ChartSpec, ColumnLabel, Receipt, ReceiptLine
from nl2sql.answer.storing import (
    MAGIC,
    TABLE_NOT_KEPT,
    StoredAnswerUnreadable,
    answer_from_bytes,
    answer_to_bytes,
    without_table,
)
from nl2sql.engines.base import Estimate, ResultTable
from nl2sql.question import Principal, Question

# Each type of column that an engine gives, with its ends and a gap.
COLUMNS: dict[str, pa.Array] = {
    "decimal": pa.array([Decimal("-" + "9" * 36 + ".99"), Decimal("0.01"), None], pa.decimal128(38, 2)),
    "wide decimal": pa.array([Decimal("1" * 60), None, None], pa.decimal256(76, 0)),
    "whole": pa.array([-(2**63), 2**63 - 1, None], pa.int64()),
    "real": pa.array([0.1, float("inf"), None], pa.float64()),
    "text": pa.array(["", "🦄 é \x00 \U0010ffff", None], pa.string()),
    "flag": pa.array([True, False, None], pa.bool_()),
    "moment": pa.array([datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999), None], pa.timestamp("us")),  # noqa: DTZ001
    "day": pa.array([date(1, 1, 1), date(2026, 6, 30), None], pa.date32()),
    "clock": pa.array([time(0), time(23, 59, 59, 999999), None], pa.time64("us")),
    "span": pa.array([timedelta(days=-1), timedelta(microseconds=1), None], pa.duration("us")),
    "bytes": pa.array([b"", b"\x00\xff", None], pa.binary()),
    "none": pa.nulls(3),
    "list": pa.array([[], ["a", None], None], pa.list_(pa.string())),
    "record": pa.array([{"a": 1}, {"a": None}, None], pa.struct([("a", pa.int64())])),
}
TABLE = pa.table(COLUMNS)

texts = st.text(st.characters(exclude_categories=()), max_size=30)  # half characters too
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(-(2**63), 2**63),
    float: st.floats(allow_nan=False),
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    date: st.dates(),
    datetime: st.datetimes(),
    NoneType: st.none(),
    pa.Table: st.builds(
        lambda names, rows: TABLE.select(names).slice(0, rows),
        st.lists(st.sampled_from(sorted(COLUMNS)), min_size=1, unique=True),
        st.integers(0, 3),
    ),
}


def made(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, with each field of a dataclass: one that is added later is tried from then on."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind in SIMPLE:
        return SIMPLE[kind]
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        return st.one_of([made(each) for each in inner])
    if origin is tuple:
        return st.lists(made(inner[0]), max_size=3).map(tuple)
    if origin is Mapping:
        return st.dictionaries(made(inner[0]), made(inner[1]), max_size=3)
    return st.builds(kind, **{name: made(hint) for name, hint in get_type_hints(kind).items()})


ANSWER = Answer(
    Question("q", Principal("anna@example.com", "analyst", {"country": "DE"})),
    "answered",
    "Germany leads.",
    table=ResultTable(TABLE, 1000, False, 1.5),
    receipt=Receipt((ReceiptLine("source", "orders"),)),
)
STORED = answer_to_bytes(ANSWER)


def opened(stored: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON and the rows, of a stored answer."""
    start = len(MAGIC) + 8
    (size,) = struct.unpack_from(">I", stored, len(MAGIC) + 4)
    return json.loads(zlib.decompress(stored[start : start + size])), stored[start + size :]


def closed(plain: object, rows: bytes, magic: bytes = MAGIC) -> bytes:
    text = zlib.compress(json.dumps(plain).encode())
    body = struct.pack(">I", len(text)) + text + rows
    return magic + struct.pack(">I", zlib.crc32(body)) + body


@settings(max_examples=200)
@given(made(Answer))
def test_an_answer_comes_back_as_it_was(answer: Answer) -> None:
    assert answer_from_bytes(answer_to_bytes(answer)) == answer


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_of_each_type_comes_back_with_its_type(name: str) -> None:
    table = TABLE.select([name])
    back = answer_from_bytes(answer_to_bytes(replace(ANSWER, table=ResultTable(table, 5, True, 0.0)))).table
    assert back is not None
    assert back.table.schema == table.schema
    assert back.table.equals(table)
    assert back.truncated


def test_days_keep_being_days_and_money_keeps_its_exactness() -> None:
    estimate = Estimate(price=Decimal("0.10"))
    moment = datetime(2026, 6, 30, 12, tzinfo=UTC).replace(tzinfo=None)
    back = answer_from_bytes(answer_to_bytes(replace(ANSWER, estimate=estimate, data_as_of=moment)))
    assert back.estimate is not None
    assert str(back.estimate.price) == "0.10"
    assert back.data_as_of == moment


def test_a_large_result_is_kept_small() -> None:
    rows = 100_000
    table = pa.table({"country": ["Germany", "France"] * (rows // 2), "turnover": list(range(rows))})
    stored = answer_to_bytes(replace(ANSWER, table=ResultTable(table, rows, False, 1.0)))
    assert len(stored) < table.nbytes / 2


@pytest.mark.parametrize(
    "garbage",
    [b"", b"x", MAGIC, MAGIC + b"\0" * 8, pickle.dumps(ANSWER.headline), STORED[:-1], STORED + b"x", STORED[1:]],
)
def test_foreign_and_damaged_bytes_are_refused(garbage: bytes) -> None:
    with pytest.raises(StoredAnswerUnreadable) as told:
        answer_from_bytes(garbage)
    assert told.value.sentence.startswith("This answer ")


@given(st.integers(0, len(STORED) - 1), st.integers(1, 255))
def test_one_changed_byte_is_noticed(position: int, change: int) -> None:
    damaged = bytearray(STORED)
    damaged[position] ^= change
    with pytest.raises(StoredAnswerUnreadable):
        answer_from_bytes(bytes(damaged))


def test_a_field_that_a_later_release_adds_is_ignored() -> None:
    plain, rows = opened(STORED)
    plain["mood"] = {"of": "the day"}
    plain["question"]["tone"] = "calm"
    assert answer_from_bytes(closed(plain, rows)) == ANSWER


def test_a_field_that_an_earlier_release_did_not_have_takes_its_default() -> None:
    plain, rows = opened(STORED)
    del plain["standalone"], plain["usage"]
    assert answer_from_bytes(closed(plain, rows)) == ANSWER


@pytest.mark.parametrize(
    ("field", "value"),
    [("outcome", "guessed"), ("question", None), ("cached", "yes"), ("findings", {"code": "x"}), ("headline", 5)],
)
def test_what_no_release_of_this_version_writes_is_refused(field: str, value: object) -> None:
    plain, rows = opened(STORED)
    plain[field] = value
    with pytest.raises(StoredAnswerUnreadable, match="another version"):
        answer_from_bytes(closed(plain, rows))


@pytest.mark.parametrize("plain", [None, [], 5, "x", {}])
def test_json_that_is_no_answer_is_refused(plain: object) -> None:
    with pytest.raises(StoredAnswerUnreadable):
        answer_from_bytes(closed(plain, b""))


def test_another_version_is_refused_with_a_sentence() -> None:
    plain, rows = opened(STORED)
    with pytest.raises(StoredAnswerUnreadable, match="kept by another version"):
        answer_from_bytes(closed(plain, rows, b"nl2sql-answer-2\n"))


def test_an_answer_without_its_table_says_so_and_keeps_no_part_of_it() -> None:
    small = without_table(replace(ANSWER, chart=ChartSpec("bar", "text", ("whole",)), columns=(ColumnLabel("a"),)))
    assert (small.table, small.chart, small.columns) == (None, None, ())
    assert [(each.code, each.text) for each in small.findings] == [
        (TABLE_NOT_KEPT, "The table (3 rows) was too large to keep. Run it again to see it.")
    ]
    assert small.receipt == ANSWER.receipt
    assert without_table(small) == small
