"""A result as a table on screen: the values of the database, shown the way the headline shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pandas as pd
import pyarrow as pa
import streamlit as st

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.formats import format_cell
from nl2sql.engines.base import ResultTable
from streamlit_app.safe import as_markdown

# Taller tables scroll inside; a shorter one shows every row. Streamlit's rows are 35 px, the header one more.
VISIBLE_ROWS = 12
ROW_PX = 35


def show_table(result: ResultTable, columns: Sequence[ColumnLabel], *, key: str, alt: str) -> None:
    table = result.table.rename_columns(unique_names(result.columns))
    names = table.column_names
    st.dataframe(
        _styled(table, dict(zip(names, columns, strict=True))),
        hide_index=True,
        column_config={
            name: _column(kind, label) for name, kind, label in zip(names, table.schema.types, columns, strict=True)
        },
        height=(min(result.row_count, VISIBLE_ROWS) + 1) * ROW_PX + 3,
        alt=alt,
        key=key,
    )


def unique_names(names: Sequence[str]) -> list[str]:
    """SQL may give two columns one name; a table on screen may not: amount, amount (2)."""
    taken: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in taken:
            number += 1
            candidate = f"{name} ({number})"
        taken.append(candidate)
    return taken


def heading_of(label: ColumnLabel) -> str:
    return label.label[:1].upper() + label.label[1:]


def _styled(table: pa.Table, labels: dict[str, ColumnLabel]) -> Any:
    """Values keep their types, so that columns sort as numbers; only what is displayed is text."""
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    formats: dict[Any, Callable[[object], str]] = {name: partial(_cell, label=labels[name]) for name in labels}
    return frame.style.format(formats)


def _cell(value: object, label: ColumnLabel) -> str:
    return format_cell(None if value is pd.NA or value is pd.NaT else value, label)


def _column(kind: pa.DataType, label: ColumnLabel) -> Any:
    title = heading_of(label)
    tip = as_markdown(label.description) or None  # Streamlit reads it as Markdown
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return st.column_config.NumberColumn(title, help=tip)
    if pa.types.is_boolean(kind):
        return st.column_config.TextColumn(title, help=tip)
    return st.column_config.Column(title, help=tip)
