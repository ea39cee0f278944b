"""A result as a workbook: typed cells on one sheet, and on a second what the answer says of itself.

There are no formulas and no links in it, whatever the data holds. Rows go to a temporary file as they are written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

import pyarrow as pa

from nl2sql.answer.base import Answer, ColumnLabel
from nl2sql.answer.formats import format_cell, is_number
from nl2sql.answer.grammar import opening
from nl2sql.engines.base import ResultTable
from nl2sql.errors import ExportUnavailable
from nl2sql.export import number_formats
from nl2sql.export.about import about, result_of
from nl2sql.export.cells import json_cell, safe_text
from nl2sql.export.comma_separated import ROWS_AT_ONCE
from nl2sql.export.exactness import is_exact

MAX_ROWS, MAX_COLUMNS, MAX_TEXT = 1_048_576, 16_384, 32_767  # of the format: a sheet's rows and columns, a cell's units
FIRST_DAY = date(1900, 1, 1)  # a spreadsheet has no dates before
_SAMPLE = 200  # rows that a column's width is taken from
_WIDTHS = (9, 60)  # in characters
_OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_numbers": False,
    "strings_to_urls": False,
}
_NOTES = {
    "cut": "Texts longer than 32,767 characters were cut, {count} of them: a cell holds no more. CSV has them whole.",
    "old": "Dates before 1900 are text, {count} of them: a spreadsheet cannot count back that far.",
    "safe": "Texts that a spreadsheet would have run start with an apostrophe, {count} of them.",
    "odd": "What is no number (NaN, infinity) is text, {count} of them.",
}
_TOO_LONG = "“{name}” is text: it holds numbers with more digits than the 15 that a spreadsheet keeps."

Put = Callable[[int, int, Any], None]


@dataclass(frozen=True, slots=True)
class Column:
    """`put` writes a value that is there into (row, column)."""

    heading: str
    put: Put
    width: float


def write_xlsx(answer: Answer, stream: BinaryIO, at: datetime) -> None:
    """Raises ExportUnavailable for more rows or columns than a sheet has, and without the package for workbooks."""
    result = result_of(answer)
    _check_size(result)
    try:
        import xlsxwriter
    except ImportError:
        raise ExportUnavailable("Writing workbooks needs the extra “app”.", hint="pip install 'nl2sql[app]'") from None
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        book.set_properties({"created": at, "comments": "Question, SQL and receipt are on the sheet “About”."})
        sheet = _Sheet(book, book.add_worksheet("Result"))
        _write_rows(sheet, result, answer.columns)
        _write_about(book, answer, at, sheet.notes())


def _check_size(result: ResultTable) -> None:
    if result.row_count > MAX_ROWS - 1:
        raise ExportUnavailable(
            f"A sheet holds {MAX_ROWS - 1:,} rows below its header, and this result has {result.row_count:,}.",
            hint="Take CSV or Parquet, or ask for fewer rows.",
        )
    if len(result.columns) > MAX_COLUMNS:
        raise ExportUnavailable(
            f"A sheet holds {MAX_COLUMNS:,} columns, and this result has {len(result.columns):,}.",
            hint="Take CSV or Parquet.",
        )


class _Sheet:
    """Writes cells of every kind, and counts what it could not write as it was."""

    def __init__(self, book: Any, sheet: Any) -> None:
        self.book, self.sheet = book, sheet
        self.counts: Counter[str] = Counter()
        self.too_long: list[str] = []
        self.formats: dict[str, Any] = {}

    def format(self, code: str) -> Any:
        if code not in self.formats:
            self.formats[code] = self.book.add_format({"num_format": code})
        return self.formats[code]

    def text(self, row: int, column: int, value: object) -> None:
        kept = self.held(str(json_cell(value)))
        self.sheet.write_string(row, column, kept)

    def held(self, text: str) -> str:
        """As a cell may hold it."""
        safe = safe_text(text)
        if safe.startswith("<r>") and safe.endswith("</r>"):  # xlsxwriter would take it for XML of its own
            safe = f"'{safe}"
        self.counts["safe"] += safe is not text
        if len(safe) * 2 <= MAX_TEXT:
            return safe
        units = safe.encode("utf-16-le", "replace")  # a cell counts these: an emoji is two
        if len(units) <= MAX_TEXT * 2:
            return safe
        self.counts["cut"] += 1
        return units[: (MAX_TEXT - 1) * 2].decode("utf-16-le", "ignore") + "…"

    def number(self, label: ColumnLabel, kind: pa.DataType) -> Put:
        shown = self.format(number_formats.number_format(label, kind))

        def put(row: int, column: int, value: int | float | Decimal) -> None:
            number = float(value)
            if number - number == 0:  # neither NaN nor infinite
                self.sheet.write_number(row, column, number, shown)
            else:
                self.counts["odd"] += 1
                self.sheet.write_string(row, column, str(number))

        return put

    def moment(self, code: str) -> Put:
        shown = self.format(code)

        def put(row: int, column: int, value: date | datetime) -> None:
            if isinstance(value, datetime) and value.tzinfo is not None:
                value = value.astimezone(UTC).replace(tzinfo=None)
            if (value.date() if isinstance(value, datetime) else value) < FIRST_DAY:
                self.counts["old"] += 1
                self.text(row, column, value)
            else:
                self.sheet.write_datetime(row, column, value, shown)

        return put

    def clock(self, code: str) -> Put:
        """Times of day, and durations: below zero these are text."""
        shown = self.format(code)

        def put(row: int, column: int, value: time | timedelta) -> None:
            if isinstance(value, timedelta) and value < timedelta(0):
                self.text(row, column, f"minus {-value}")
            else:
                self.sheet.write_datetime(row, column, value, shown)

        return put

    def notes(self) -> list[str]:
        told = [_TOO_LONG.format(name=name) for name in self.too_long]
        return told + [
            words.format(count=f"{self.counts[name]:,}") for name, words in _NOTES.items() if self.counts[name]
        ]


def _columns(sheet: _Sheet, table: pa.Table, labels: Sequence[ColumnLabel]) -> list[Column]:
    made = []
    for position, (field, label) in enumerate(zip(table.schema, labels, strict=True)):
        heading = opening(label.label) or field.name
        values = table.column(position)
        shown = [format_cell(value, label) for value in values.slice(0, _SAMPLE).to_pylist()]
        longest = max([len(heading) + 3, *(len(text) + 1 for text in shown)])
        width = min(max(longest, _WIDTHS[0]), _WIDTHS[1])
        made.append(Column(heading, _put(sheet, values, label, heading), width))
    return made


def _put(sheet: _Sheet, values: pa.ChunkedArray, label: ColumnLabel, heading: str) -> Put:
    kind = values.type
    if pa.types.is_boolean(kind):
        return lambda row, column, value: sheet.sheet.write_boolean(row, column, value)
    if is_number(kind):
        if is_exact(values):
            return sheet.number(label, kind)
        sheet.too_long.append(heading)
        return sheet.text
    if pa.types.is_timestamp(kind):
        return sheet.moment(number_formats.DATE if label.format == "date" else number_formats.MOMENT)
    if pa.types.is_date(kind):
        return sheet.moment(number_formats.DATE)
    if pa.types.is_time(kind):
        return sheet.clock(number_formats.TIME)
    if pa.types.is_duration(kind):
        return sheet.clock(number_formats.DURATION)
    return sheet.text


def _write_rows(sheet: _Sheet, result: ResultTable, labels: Sequence[ColumnLabel]) -> None:
    table = result.table
    columns = _columns(sheet, table, labels)
    bold = sheet.book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "vcenter"})
    for position, column in enumerate(columns):
        sheet.sheet.set_column(position, position, column.width)
        sheet.sheet.write_string(0, position, sheet.held(column.heading), bold)
    sheet.sheet.freeze_panes(1, 0)
    if columns:
        sheet.sheet.autofilter(0, 0, max(result.row_count, 1), len(columns) - 1)
    row = 0
    for batch in table.to_batches(max_chunksize=ROWS_AT_ONCE):
        for values in zip(*(each.to_pylist() for each in batch.columns), strict=True):
            row += 1
            for position, value in enumerate(values):
                if value is not None:
                    columns[position].put(row, position, value)


def _write_about(book: Any, answer: Answer, at: datetime, notes: Sequence[str]) -> None:
    sheet = _Sheet(book, book.add_worksheet("About"))
    name = book.add_format({"bold": True, "valign": "top"})
    wrapped = book.add_format({"text_wrap": True, "valign": "top"})
    sheet.sheet.set_column(0, 0, 22)
    sheet.sheet.set_column(1, 1, 100)
    meanings = [
        (label.label or field, f"{field}: {label.description}" if label.description else field)
        for field, label in zip(result_of(answer).columns, answer.columns, strict=True)
    ]
    lines = [*about(answer, at), *(("In this file" if n == 0 else "", text) for n, text in enumerate(notes))]
    for row, (left, right) in enumerate([*lines, ("", ""), ("Column", "In the SQL"), *meanings]):
        sheet.sheet.write_string(row, 0, sheet.held(left), name)
        sheet.sheet.write_string(row, 1, sheet.held(right), wrapped)
