"""A result as a table on screen: the values of the database, shown the way the headline shows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from math import fsum
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import streamlit as st

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.formats import format_cell, is_number
from nl2sql.answer.grammar import opening
from nl2sql.engines.base import ResultTable
from nl2sql.export.cells import unique_names
from streamlit_app import widgets
from streamlit_app.safe import as_markdown
from streamlit_app.words import say, say_count

# Taller tables scroll inside, and can be searched; a shorter one shows every row. Streamlit's rows are 35 px, the
# header one more.
VISIBLE_ROWS = 12
ROW_PX = 35
# Each cell of a styled table is written here, and sent as text beside its value: a fifth of a second for so many.
# Larger tables are sent as they are, and written by the browser.
STYLED_CELLS = 8_000
# What the browser itself can write. Other units stand in the heading.
_BROWSER_MONEY = {"EUR": "euro", "USD": "dollar", "JPY": "yen"}


def show_table(result: ResultTable, columns: Sequence[ColumnLabel], *, key: str, alt: str) -> None:
    """The rows, a search where there are many, and the sums of the columns that add up. `key` names its widgets."""
    table = result.table.rename_columns(unique_names(result.columns))
    labels = dict(zip(table.column_names, columns, strict=True))
    shown = table
    if table.num_rows > VISIBLE_ROWS:
        shown = _searched(table, labels, f"{key}-search")
    is_small = table.num_rows * table.num_columns <= STYLED_CELLS
    kinds = dict(zip(table.column_names, table.schema.types, strict=True))
    st.dataframe(
        _styled(shown, labels) if is_small else shown,
        hide_index=True,
        column_config={name: _column(kinds[name], label, is_small) for name, label in labels.items()},
        height=(min(table.num_rows, VISIBLE_ROWS) + 1) * ROW_PX + 3,
        alt=alt,
        key=key,
    )
    _sums(shown, labels, result.truncated)


def matching(table: pa.Table, labels: dict[str, ColumnLabel], words: str) -> pa.Table:
    """The rows with a cell that contains `words`, whatever the case: as it is shown, or as the database has it."""
    sought = " ".join(words.split())
    if not sought:
        return table
    small = table.num_rows * table.num_columns <= STYLED_CELLS
    found = pa.chunked_array([pa.array([False] * table.num_rows)])
    for name in table.column_names:
        for text in _texts(table.column(name), labels[name], small):
            hits = pc.match_substring(text, sought, ignore_case=True)
            found = pc.or_(found, pc.fill_null(hits, False))
    return table.filter(found)


def totals(table: pa.Table, labels: dict[str, ColumnLabel]) -> dict[str, str]:
    """The sums of the columns that add up, by heading, as they are shown. Nothing for a single row."""
    if table.num_rows < 2:
        return {}
    told = {}
    for name, label in labels.items():
        column = table.column(name)
        if label.additive and is_number(column.type) and column.null_count < len(column):
            values = [value for value in column.to_pylist() if value is not None]
            total = fsum(values) if pa.types.is_floating(column.type) else sum(values)
            told[opening(label.label)] = format_cell(total, label)
    return told


def _searched(table: pa.Table, labels: dict[str, ColumnLabel], key: str) -> pa.Table:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key=f"bar-{key}"):
        words = st.text_input(
            say("table.search"),
            placeholder=say("table.search"),
            type="search",
            icon=":material/search:",
            label_visibility="collapsed",
            max_chars=200,
            key=key,
            width=260,
        )
        shown = matching(table, labels, words or "")
        if (words or "").strip():
            widgets.small(say_count("table.matches", shown.num_rows, total=f"{table.num_rows:,}"), width="content")
    return shown


def _sums(shown: pa.Table, labels: dict[str, ColumnLabel], is_cut: bool) -> None:
    told = totals(shown, labels)
    if told:
        parts = (say("table.sum_part", name=name, value=value) for name, value in told.items())
        key = "table.sum_cut" if is_cut else "table.sum"
        widgets.small(say_count(key, shown.num_rows, sums=" · ".join(parts)))


def _texts(column: pa.ChunkedArray, label: ColumnLabel, small: bool) -> list[pa.ChunkedArray]:
    texts = []
    if small:
        texts.append(pa.chunked_array([[format_cell(value, label) for value in column.to_pylist()]], pa.string()))
    if not pa.types.is_nested(column.type) and not pa.types.is_binary(column.type):
        texts.append(column.cast(pa.string()))
    return texts


def _styled(table: pa.Table, labels: dict[str, ColumnLabel]) -> Any:
    """Values keep their types, so that columns sort as numbers; only what is displayed is text."""
    frame = table.to_pandas(types_mapper=pd.ArrowDtype)
    formats: dict[Any, Callable[[object], str]] = {name: partial(_cell, label=labels[name]) for name in labels}
    return frame.style.format(formats)


def _cell(value: object, label: ColumnLabel) -> str:
    return format_cell(None if value is pd.NA or value is pd.NaT else value, label)


def _column(kind: pa.DataType, label: ColumnLabel, is_styled: bool) -> Any:
    """What the browser makes of a column. Of a styled one it shows the text that came with each value."""
    title = opening(label.label)
    tip = as_markdown(label.description) or None  # Streamlit reads it as Markdown
    if is_number(kind):
        if is_styled:
            return st.column_config.NumberColumn(title, help=tip)
        form, unit = _browser_format(label)
        return st.column_config.NumberColumn(f"{title} ({unit})" if unit else title, help=tip, format=form)
    if pa.types.is_boolean(kind):
        return st.column_config.TextColumn(title, help=tip)
    return st.column_config.Column(title, help=tip)


def _browser_format(label: ColumnLabel) -> tuple[str, str]:
    """How the browser writes a number, and the unit that it leaves to the heading."""
    if label.format in ("plain", "percent"):
        return label.format, ""
    money = _BROWSER_MONEY.get(label.unit.upper(), "") if label.format == "money" else ""
    return (money, "") if money else ("localized", label.unit)
