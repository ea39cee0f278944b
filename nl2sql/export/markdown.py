"""A result as a Markdown table, for a message or a document."""

from __future__ import annotations

import re
from datetime import datetime
from typing import BinaryIO

from nl2sql.answer.base import Answer
from nl2sql.answer.formats import format_cell
from nl2sql.export.about import result_of, rows_words

MAX_ROWS = 100  # more is no longer read in a message
_ACTIVE = re.compile(r"([\\`*_{}\[\]<>()#+!|~$&:@])")


def write_markdown(answer: Answer, stream: BinaryIO, at: datetime) -> None:
    stream.write(to_markdown(answer).encode("utf-8", "replace"))


def to_markdown(answer: Answer) -> str:
    """The headline and the first rows, the cells as people write them; marks of Markdown stand as they are."""
    result = result_of(answer)
    shown = result.table.slice(0, MAX_ROWS)
    columns = [
        [format_cell(value, label) for value in column.to_pylist()]
        for column, label in zip(shown.columns, answer.columns, strict=True)
    ]
    size = rows_words(result) if shown.num_rows == result.row_count else f"The first {MAX_ROWS}: {rows_words(result)}"
    lines = [
        _escaped(answer.headline),
        "",
        _row([label.label for label in answer.columns]),
        f"|{' --- |' * len(answer.columns)}",
        *(_row(row) for row in zip(*columns, strict=True)),
        "",
        _escaped(size),
    ]
    return "\n".join(lines) + "\n"


def _row(cells: list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(_escaped(cell) for cell in cells)} |"


def _escaped(text: str) -> str:
    return _ACTIVE.sub(r"\\\1", " ".join(text.split()))
