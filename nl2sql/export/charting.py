"""The chart of an answer on its way into a file: a picture, a page that can be hovered over, or Python."""

from __future__ import annotations

from datetime import datetime
from typing import Any, BinaryIO

from nl2sql.answer.base import Answer, ChartSpec
from nl2sql.answer.chart_options import ChartOptions
from nl2sql.answer.charting.apply import apply_options
from nl2sql.answer.figure import Theme, figure
from nl2sql.errors import ExportUnavailable
from nl2sql.export.about import result_of
from nl2sql.export.browser import PictureForm, picture

WIDTH = 900  # pixels: half of a slide, the width of a document
_SCALE = 2  # of a PNG, so that it stays sharp on paper and on dense screens


def chart_of(answer: Answer, options: ChartOptions) -> ChartSpec | None:
    """The chart as it is shown; None where a table says it best, or was chosen."""
    if answer.table is None:
        return None
    return apply_options(answer.chart, options, answer.table, answer.columns)


def drawn(answer: Answer, options: ChartOptions, theme: Theme = "light") -> Any:
    """A plotly figure. Raises ExportUnavailable for an answer without a chart, and without the package that draws."""
    spec = chart_of(answer, options)
    if spec is None:
        raise ExportUnavailable("This answer has no chart.", hint="Its rows can be saved as CSV or XLSX.")
    try:
        return figure(spec, result_of(answer).table, theme)
    except ImportError:
        raise ExportUnavailable("Drawing charts needs the extra “app”.", hint="pip install 'nl2sql[app]'") from None


def write_picture(answer: Answer, options: ChartOptions, stream: BinaryIO, form: PictureForm) -> None:
    made = drawn(answer, options)
    height = int(made.layout.height or WIDTH * 0.56)
    stream.write(picture(made, form, width=WIDTH, height=height, scale=_SCALE if form == "png" else 1))


def write_python(answer: Answer, options: ChartOptions, stream: BinaryIO, at: datetime) -> None:
    from nl2sql.export.chart_script import script

    stream.write(script(drawn(answer, options), answer.question.text, at).encode("utf-8"))
