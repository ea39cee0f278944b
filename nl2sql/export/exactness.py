"""Whether a spreadsheet, which keeps fifteen digits of a number, can hold a column without changing what it says."""

from __future__ import annotations

from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc

_DIGITS = 15
# An average in SQL has dozens of digits: to lose those past a millionth changes nothing that anybody reads.
_HARMLESS = Decimal("0.000001")


def is_exact(values: pa.ChunkedArray) -> bool:
    """Floating point is what a spreadsheet computes with; whole numbers may have fifteen digits, and decimals must not
    change by more than a millionth."""
    kind = values.type
    if pa.types.is_integer(kind):
        ends = pc.min_max(values)
        low, high = ends["min"].as_py(), ends["max"].as_py()
        return low is None or bool(low > -(10**_DIGITS) and high < 10**_DIGITS)
    if pa.types.is_decimal(kind) and kind.precision > _DIGITS:
        return all(_is_close(value) for chunk in values.chunks for value in chunk.to_pylist() if value is not None)
    return True


def _is_close(value: Decimal) -> bool:
    return abs(Decimal(f"{float(value):.{_DIGITS}g}") - value) <= _HARMLESS
