"""CSV, JSON, Parquet and Markdown, opened again: whole, exact, and harmless."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from nl2sql.answer.base import Answer
from nl2sql.engines.base import ResultTable
from nl2sql.errors import ExportUnavailable
from nl2sql.export.kinds import KINDS, Kind, file_name, make_file
from nl2sql.question import Question


def test_csv_holds_hostile_rows_whole_and_harmless(answer_of: Any, hostile: pa.Table, at: datetime) -> None:
    text = make_file(answer_of(hostile), "csv", at=at).decode("utf-8")
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header[:3] == ["text", "text", "'=name"]
    assert len(rows) == hostile.num_rows and {len(row) for row in rows} == {hostile.num_columns}
    assert [row[0] for row in rows[6:12:2]] == ["<script>alert(1)</script>", "two\nlines", "_x0041_"]
    assert [row[0] for row in rows if row[0].startswith(("=", "+", "-", "@", "\t", "\r"))] == []
    assert rows[0][6:9] == [str(2**53 + 1), "123456789012345678901234567890.12", "4.333333333333333333333333333333"]


def test_json_holds_hostile_rows_exactly(answer_of: Any, hostile: pa.Table, at: datetime) -> None:
    found = json.loads(make_file(answer_of(hostile), "json", at=at))
    assert found["question"] == "GMV by <b>month</b>?" and found["sql"] == "SELECT 1"
    assert found["receipt"][0] == "GMV: sum of current bid"
    assert found["row_count"] == len(found["rows"]) == hostile.num_rows
    assert [column["name"] for column in found["columns"]][:3] == ["text", "text (2)", "=name"]
    first = found["rows"][0]
    assert first["text"].startswith("=HYPERLINK") and first["text (2)"] == "0"  # nothing runs JSON
    assert first["huge"] == 2**53 + 1 and first["exact"] == "123456789012345678901234567890.12"
    assert [row["float"] for row in found["rows"][:4]] == [None, None, None, 0.1]
    assert (first["old"], first["took"], first["raw"]) == ("1899-12-31", -3600.0, "AP8=")


def test_parquet_keeps_types_and_says_what_it_is(answer_of: Any, hostile: pa.Table, at: datetime) -> None:
    answer = answer_of(hostile)
    found = pq.read_table(io.BytesIO(make_file(answer, "parquet", at=at)))
    renamed = hostile.rename_columns(["text", "text (2)", *hostile.column_names[2:]])
    assert found.drop_columns("float").equals(renamed.drop_columns("float"))  # NaN is not equal to itself
    assert found.schema.field("exact").type == pa.decimal128(38, 2)
    said = {name.decode(): text.decode() for name, text in found.schema.metadata.items()}
    assert said["question"] == "GMV by <b>month</b>?" and said["sql"] == "SELECT 1"
    assert json.loads(said["receipt"])[0] == "GMV: sum of current bid"
    assert said["exported_at"] == "2026-07-01T12:30:00"
    file = pq.ParquetFile(io.BytesIO(make_file(answer, "parquet", at=at)))
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"


def test_markdown_is_a_table_whose_cells_stay_text(answer_of: Any, at: datetime) -> None:
    table = pa.table({"a|b": ["x|y", "[z](http://example.com)", "two\nlines", "<i>"]})
    lines = make_file(answer_of(table), "md", at=at).decode().splitlines()
    assert lines[2:4] == [r"| a\|b |", "| --- |"]
    assert lines[4:8] == [r"| x\|y |", r"| \[z\]\(http\://example.com\) |", "| two lines |", r"| \<i\> |"]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet", "json", "md", "html"])
def test_a_result_without_rows_is_a_file_too(kind: Kind, answer_of: Any, at: datetime) -> None:
    empty = answer_of(pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.decimal128(9, 2))}))
    assert make_file(empty, kind, at=at)


@pytest.mark.parametrize("kind", list(KINDS))
def test_an_answer_that_is_none_becomes_no_file(kind: Kind) -> None:
    with pytest.raises(ExportUnavailable):
        make_file(Answer(Question("x"), "declined", "No."), kind)


@pytest.mark.parametrize("kind", [kind for kind, each in KINDS.items() if each.about == "chart"])
def test_an_answer_without_a_chart_says_so(kind: Kind, answer_of: Any, at: datetime) -> None:
    with pytest.raises(ExportUnavailable, match="no chart"):
        make_file(answer_of(pa.table({"a": ["x", "y"]})), kind, at=at)


def test_a_cut_result_says_so_in_every_file_that_has_words(answer_of: Any, at: datetime) -> None:
    answer = replace(answer_of(pa.table({"a": [1]})), table=ResultTable(pa.table({"a": [1]}), 1, True, 1.0))
    assert json.loads(make_file(answer, "json", at=at))["truncated"] is True
    for kind in ("md", "html"):
        assert "The first 1 row: there are more" in make_file(answer, kind, at=at).decode().replace("\\", "")


@pytest.mark.parametrize(
    ("question", "name"),
    [
        ("GMV by category in 2025", "gmv-by-category-in-2025-2026-07-01.csv"),
        ("Größe & Maß: wie groß?", "grosse-mass-wie-gross-2026-07-01.csv"),
        ("売上は?", "answer-2026-07-01.csv"),
        ("../../etc/passwd\x00 'x'", "etc-passwd-x-2026-07-01.csv"),
        ("word " * 100, f"{'word-' * 12}2026-07-01.csv"),
    ],
)
def test_a_file_is_named_after_its_question(question: str, name: str, at: datetime) -> None:
    assert file_name(Answer(Question(question), "answered", ""), "csv", at) == name


def test_rows_are_written_in_order_over_many_batches(answer_of: Any, at: datetime) -> None:
    count = 12_001
    table = pa.concat_tables([pa.table({"n": range(count)}), pa.table({"n": range(count, count + 5)})])
    answer = answer_of(table.append_column("m", pa.array([Decimal(1)] * (count + 5))))
    rows = list(csv.reader(io.StringIO(make_file(answer, "csv", at=at).decode(), newline="")))[1:]
    assert [int(row[0]) for row in rows] == list(range(count + 5))
    assert [row["n"] for row in json.loads(make_file(answer, "json", at=at))["rows"]] == list(range(count + 5))
