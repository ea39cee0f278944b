"""Workbooks, opened by another library than the one that wrote them."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from xml.etree import ElementTree

import openpyxl
import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer, ColumnLabel
from nl2sql.errors import ExportUnavailable
from nl2sql.export import xlsx
from nl2sql.export.kinds import make_file
from nl2sql.export.number_formats import number_format


def opened(answer: Answer, at: datetime) -> Any:
    return openpyxl.load_workbook(io.BytesIO(make_file(answer, "xlsx", at=at)))


def column(answer: Answer, at: datetime, number: int = 1) -> list[Any]:
    return [cell.value for cell in list(opened(answer, at)["Result"].columns)[number - 1][1:]]


def told(answer: Answer, at: datetime) -> dict[str, list[str]]:
    """The sheet “About” by the names on its left."""
    lines: dict[str, list[str]] = {}
    name = ""
    for left, right in opened(answer, at)["About"].iter_rows(max_col=2, values_only=True):
        name = left or name
        lines.setdefault(name, []).append(right or "")
    return lines


def test_no_cell_is_a_formula_or_a_link_whatever_the_data_holds(
    answer_of: Any, hostile: pa.Table, at: datetime
) -> None:
    made = make_file(answer_of(hostile, sql="=1+1", headline="+x", interpretation="@y"), "xlsx", at=at)
    book = openpyxl.load_workbook(io.BytesIO(made))
    cells = [cell for sheet in book.worksheets for row in sheet.iter_rows() for cell in row]
    assert [cell.coordinate for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    texts = [cell.value for cell in cells if isinstance(cell.value, str)]
    assert [text for text in texts if text.startswith(("=", "+", "-", "@", "\t", "\r")) and text != "-inf"] == []
    with zipfile.ZipFile(io.BytesIO(made)) as parts:
        sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert "xl/externalLinks" not in "".join(parts.namelist())
    for sheet in sheets:
        tags = {re.sub(r"\{.*\}", "", each.tag) for each in ElementTree.fromstring(sheet).iter()}  # noqa: S314
        assert not tags & {"f", "hyperlink", "r"}


def test_text_survives_with_its_lines_signs_and_control_characters(
    answer_of: Any, hostile: pa.Table, at: datetime
) -> None:
    found = column(answer_of(hostile), at)
    assert found[0] == '\'=HYPERLINK("http://example.com","x")'
    assert found[6:9] == ["<script>alert(1)</script>", "'<r><t>raw</t></r>", "two\nlines"]
    assert openpyxl.utils.escape.unescape(found[9]) == "nul\x00 bell\x07 escape\x1b"
    assert openpyxl.utils.escape.unescape(found[10]) == "_x0041_"
    assert found[11:15] == ["𝕏 🙂", "http://example.com/a", "]]> & \" '", "\u202egnp.exe"]
    assert found[17] is None


def test_cells_have_types_and_the_number_formats_of_the_model(answer_of: Any, at: datetime) -> None:
    table = pa.table(
        {
            "day": [date(2026, 6, 30)],
            "gmv": pa.array([Decimal("-1234.50")], pa.decimal128(12, 2)),
            "share": [0.1234],
            "id": [2025],
            "sold": [True],
            "at": [at],
            "clock": [time(23, 59, 58)],
            "took": [timedelta(hours=30)],
        }
    )
    labels = (
        ColumnLabel("day", "date"), ColumnLabel("GMV", "money", "EUR"), ColumnLabel("share", "percent"),
        ColumnLabel("ID", "plain"), ColumnLabel("sold"), ColumnLabel("at"), ColumnLabel("clock"), ColumnLabel("took"),
    )  # fmt: skip
    cells = list(opened(answer_of(table, labels), at)["Result"].iter_rows())[1]
    assert [cell.value for cell in cells[:5]] == [datetime(2026, 6, 30), -1234.5, 0.1234, 2025, True]  # noqa: DTZ001
    assert [cell.value for cell in cells[5:]] == [at, time(23, 59, 58), timedelta(hours=30)]
    assert [cell.number_format for cell in cells[:4]] == ["yyyy-mm-dd", '"€"#,##0.00', "#,##0.0 %", "0"]


def test_a_number_with_more_digits_than_a_spreadsheet_keeps_is_text_and_exact(
    answer_of: Any, hostile: pa.Table, at: datetime
) -> None:
    answer = answer_of(hostile)
    assert column(answer, at, 7)[:3] == [str(2**53 + 1), f"'{-(2**63)}", "1"]
    assert column(answer, at, 8)[0] == "123456789012345678901234567890.12"
    assert column(answer, at, 9)[0] == pytest.approx(4.333333333333333)
    assert column(answer, at, 10)[0] == -1234.5
    notes = told(answer, at)["In this file"]
    assert [note for note in notes if note.startswith("“Huge”")] != []
    assert [note for note in notes if note.startswith("“Exact”")] != []
    assert [note for note in notes if note.startswith("“Mean”")] == []


def test_what_a_spreadsheet_cannot_count_is_text_and_said(answer_of: Any, hostile: pa.Table, at: datetime) -> None:
    answer = answer_of(hostile)
    assert column(answer, at, 6)[:4] == ["nan", "inf", "-inf", 0.1]
    assert column(answer, at, 11)[:2] == ["1899-12-31", datetime(2026, 6, 30)]  # noqa: DTZ001
    assert column(answer, at, 12)[0] == "1066-10-14T09:00:00"
    assert column(answer, at, 14)[:2] == ["minus 1:00:00", timedelta(hours=30)]
    assert column(answer, at, 16)[:3] == [True, None, False]
    assert set(column(answer, at, 4)) == {None}
    notes = " ".join(told(answer, at)["In this file"])
    assert "Dates before 1900 are text, 2 of them" in notes and "NaN" in notes and "apostrophe" in notes


@pytest.mark.parametrize(("text", "units"), [("a" * 40_000, 32_767), ("🙂" * 20_000, 32_767)])
def test_a_text_that_no_cell_can_hold_is_cut_and_said(text: str, units: int, answer_of: Any, at: datetime) -> None:
    answer = answer_of(pa.table({"t": [text]}))
    kept = column(answer, at)[0]
    assert kept.endswith("…") and len(kept.encode("utf-16-le")) // 2 <= units
    assert text.startswith(kept[:-1]) and len(kept) > 16_000
    assert "were cut, 1 of them" in " ".join(told(answer, at)["In this file"])


def test_the_second_sheet_says_what_the_first_one_is(answer_of: Any, at: datetime) -> None:
    said = told(answer_of(pa.table({"gmv": [1]}), (ColumnLabel("GMV", description="Sold."),)), at)
    assert said["Question"] == ["GMV by <b>month</b>?"]
    assert said["Read as"] == ["GMV by month"]
    assert said["Answer"] == ["GMV leads with €5."]
    assert said["What was computed"] == ["GMV: sum of current bid", '\'=HYPERLINK("http://example.com","x")']
    assert said["To bear in mind"] == ["June <b>is not</b> over."]
    assert said["The numbers"] == ["Data as of 30 June 2026, 16:58 UTC"]
    assert said["Written by"] == ["the offline writer"]
    assert said["Exported"] == ["1 July 2026, 12:30 UTC"]
    assert said["SQL"][0] == "SELECT 1"
    assert said["GMV"] == ["gmv: Sold."]


def test_the_header_stays_in_sight_and_filters(answer_of: Any, at: datetime) -> None:
    sheet = opened(answer_of(pa.table({"a": [1, 2], "b": ["x", "y"]})), at)["Result"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:B3")
    assert [cell.value for cell in sheet[1]] == ["A", "B"]


def test_a_result_without_rows_is_a_header(answer_of: Any, at: datetime) -> None:
    sheet = opened(answer_of(pa.table({"a": pa.array([], pa.int64()), "b": pa.array([], pa.string())})), at)["Result"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [["A", "B"]]


def test_more_rows_than_a_sheet_has_are_refused_with_a_way_out(answer_of: Any, at: datetime) -> None:
    with pytest.raises(
        ExportUnavailable, match=r"1,048,575 rows below its header, and this result has 1,048,576"
    ) as no:
        make_file(answer_of(pa.table({"a": pa.nulls(xlsx.MAX_ROWS)})), "xlsx", at=at)
    assert "CSV" in no.value.hint


@pytest.mark.parametrize(
    ("label", "kind", "code"),
    [
        (ColumnLabel("", "money", "JPY"), pa.int64(), '"¥"#,##0'),
        (ColumnLabel("", "money", "chf"), pa.float64(), '"CHF "#,##0.00'),
        (ColumnLabel("", unit="%"), pa.float64(), '#,##0.0" %"'),
        (ColumnLabel("", unit='k"m\\'), pa.int64(), '#,##0" km"'),
        (ColumnLabel(""), pa.int64(), "#,##0"),
        (ColumnLabel("", "plain"), pa.float64(), "General"),
    ],
)
def test_a_unit_of_the_model_becomes_a_format_code(label: ColumnLabel, kind: pa.DataType, code: str) -> None:
    assert number_format(label, kind) == code
