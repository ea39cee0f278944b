"""The kinds of files there are: suffix, media type, and who writes them."""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import BinaryIO, Literal

from nl2sql.answer.base import Answer
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.errors import ExportUnavailable
from nl2sql.export.about import result_of
from nl2sql.export.answers import Section, answers_html, answers_pdf, chart_html
from nl2sql.export.browser import PictureForm
from nl2sql.export.charting import write_picture, write_python
from nl2sql.export.comma_separated import write_csv
from nl2sql.export.markdown import write_markdown
from nl2sql.export.tables import write_json, write_parquet
from nl2sql.export.xlsx import write_xlsx

Kind = Literal[
    "csv", "xlsx", "parquet", "json", "md", "png", "svg", "chart.pdf", "chart.html", "chart.py", "html", "pdf"
]
Write = Callable[[Answer, ChartOptions, BinaryIO, datetime], None]
_NAME_CHARS = 60


@dataclass(frozen=True, slots=True)
class FileKind:
    """`about` is what it shows: the data, the chart or all of the answer. `by_browser`: needs a Chromium."""

    suffix: str
    media_type: str
    about: Literal["data", "chart", "answer"]
    write: Write
    by_browser: bool = False


def make_file(answer: Answer, kind: Kind, options: ChartOptions = AUTOMATIC, *, at: datetime | None = None) -> bytes:
    """`at` is when (UTC, without zone); None: now. Raises ExportUnavailable, with a sentence, where it cannot be."""
    made = io.BytesIO()
    write_file(answer, kind, made, options, at=at)
    return made.getvalue()


def write_file(
    answer: Answer, kind: Kind, stream: BinaryIO, options: ChartOptions = AUTOMATIC, *, at: datetime | None = None
) -> None:
    """Raises ExportUnavailable for an answer that is none, and OSError when `stream` cannot be written."""
    if answer.outcome != "answered":
        raise ExportUnavailable("There is no answer that a file could hold.")
    KINDS[kind].write(answer, options, stream, at or datetime.now(UTC).replace(tzinfo=None))


def file_name(answer: Answer, kind: Kind, at: datetime) -> str:
    """ "gmv-by-category-in-2025-2026-07-01.csv": the question in letters that every file system takes, and the day."""
    plain = unicodedata.normalize("NFKD", answer.question.text.replace("ß", "ss")).encode("ascii", "ignore").decode()
    words = re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:_NAME_CHARS].strip("-")
    return f"{words or 'answer'}-{at:%Y-%m-%d}.{KINDS[kind].suffix}"


def _csv(answer: Answer, options: ChartOptions, stream: BinaryIO, at: datetime) -> None:
    write_csv(result_of(answer).table, stream)


def _html(answer: Answer, options: ChartOptions, stream: BinaryIO, at: datetime) -> None:
    stream.write(answers_html("", [Section(answer, options)], at=at).encode("utf-8", "replace"))


def _pdf(answer: Answer, options: ChartOptions, stream: BinaryIO, at: datetime) -> None:
    stream.write(answers_pdf(answers_html("", [Section(answer, options)], at=at)))


def _chart_html(answer: Answer, options: ChartOptions, stream: BinaryIO, at: datetime) -> None:
    stream.write(chart_html(answer, options, at).encode("utf-8", "replace"))


def _rows(write: Callable[[Answer, BinaryIO, datetime], None]) -> Write:
    return lambda answer, options, stream, at: write(answer, stream, at)


def _picture(form: PictureForm) -> Write:
    return lambda answer, options, stream, at: write_picture(answer, options, stream, form)


KINDS: Mapping[Kind, FileKind] = MappingProxyType(
    {
        "csv": FileKind("csv", "text/csv", "data", _csv),
        "xlsx": FileKind(
            "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "data", _rows(write_xlsx)
        ),
        "parquet": FileKind("parquet", "application/vnd.apache.parquet", "data", _rows(write_parquet)),
        "json": FileKind("json", "application/json", "data", _rows(write_json)),
        "md": FileKind("md", "text/markdown", "data", _rows(write_markdown)),
        "png": FileKind("png", "image/png", "chart", _picture("png"), by_browser=True),
        "svg": FileKind("svg", "image/svg+xml", "chart", _picture("svg"), by_browser=True),
        "chart.pdf": FileKind("chart.pdf", "application/pdf", "chart", _picture("pdf"), by_browser=True),
        "chart.html": FileKind("chart.html", "text/html", "chart", _chart_html),
        "chart.py": FileKind("py", "text/x-python", "chart", write_python),
        "html": FileKind("html", "text/html", "answer", _html),
        "pdf": FileKind("pdf", "application/pdf", "answer", _pdf, by_browser=True),
    }
)
