"""How a spreadsheet shows a column: the model's words for money, percents and units as its own format codes."""

from __future__ import annotations

import pyarrow as pa

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.formats import SYMBOLS, WITHOUT_CENTS

DATE, MOMENT, TIME, DURATION = "yyyy-mm-dd", "yyyy-mm-dd hh:mm:ss", "hh:mm:ss", "[h]:mm:ss"


def number_format(label: ColumnLabel, kind: pa.DataType) -> str:
    """Of a column of numbers: like `format_number`, but the cell keeps its number."""
    unit = label.unit.upper()
    if label.format == "plain":
        return "0" if pa.types.is_integer(kind) else "General"
    if label.format == "percent":
        return "#,##0.0 %"
    if label.unit == "%":
        return f"#,##0.0{_literal(' %')}"
    if label.format == "money" or unit in SYMBOLS:
        code = SYMBOLS.get(unit, f"{unit} " if unit else "")
        return f"{_literal(code)}{'#,##0' if unit in WITHOUT_CENTS else '#,##0.00'}"
    digits = "#,##0" if pa.types.is_integer(kind) else "#,##0.00"
    return f"{digits}{_literal(f' {label.unit}')}" if label.unit else digits


def _literal(text: str) -> str:
    """Text within a format code. A code is at most 255 characters long: units of models are short."""
    clean = "".join(c for c in text if c.isprintable() and c not in '"\\')[:40]
    return f'"{clean}"' if clean else ""
