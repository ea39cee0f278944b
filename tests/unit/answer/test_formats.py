"""A cell as people read it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pytest

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.formats import format_cell


@pytest.mark.parametrize(
    ("value", "label", "text"),
    [
        (Decimal("1234.5"), ColumnLabel("", "money", "EUR"), "€1,234.50"),
        (Decimal("-0.001"), ColumnLabel("", "money", "EUR"), "€0.00"),
        (Decimal("-3"), ColumnLabel("", "money", "CHF"), "-CHF 3.00"),
        (0.123, ColumnLabel("", "percent"), "12.3 %"),
        (1234567, None, "1,234,567"),
        (2025, ColumnLabel("", "plain"), "2025"),
        (4.3666, None, "4.37"),
        (0.012345, None, "0.0123"),
        (float("inf"), None, "–"),
        (None, None, "–"),
        (True, None, "yes"),
        (90, ColumnLabel("", unit="s"), "90 s"),
        (datetime.fromisoformat("2026-06-30T01:02:03.000004"), None, "2026-06-30 01:02:03"),
        (date(2026, 6, 30), None, "2026-06-30"),
        ("=1+1", None, "=1+1"),
    ],
)
def test_a_cell_is_shown_as_people_write_it(value: object, label: ColumnLabel | None, text: str) -> None:
    assert format_cell(value, label) == text
