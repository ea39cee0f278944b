"""The rows of the suite's tables, and the Arrow columns that every engine makes of them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa

from nl2sql.catalog.model import DataType

SECRET = "pa$$ w:rd/42"

T = DataType
UTC = datetime.UTC
MOMENT = datetime.datetime(2026, 6, 30, 23, 59, 59, 1)  # noqa: DTZ001 - a time without a zone is what is tested


@dataclass(frozen=True)
class Column:
    """`given` goes into the database, `values` come out as `arrow`; both of four rows, the last of them NULL."""

    name: str
    datatype: DataType
    arrow: pa.DataType
    given: tuple[Any, ...]
    came: tuple[Any, ...] | None = None
    scale: int = 0

    @property
    def values(self) -> tuple[Any, ...]:
        return self.given if self.came is None else self.came


def _decimals(*texts: str) -> tuple[Decimal | None, ...]:
    return (*(Decimal(text) for text in texts), None)


VALUES = (
    Column("whole", T.INTEGER, pa.int64(), (0, 2**63 - 1, -(2**63), None)),
    Column("flag", T.BOOLEAN, pa.bool_(), (True, False, True, None)),
    Column("money", T.DECIMAL, pa.decimal128(38, 2), _decimals("1.10", "-0.01", "9999999999.99"), scale=2),
    Column(
        "digits",
        T.DECIMAL,
        pa.decimal128(38, 9),
        _decimals("12345678901234567890123456789.123456789", "-0.000000001", "0.000000000"),
        scale=9,
    ),
    Column("long38", T.DECIMAL, pa.decimal128(38, 0), _decimals("9" * 38, "-" + "9" * 38, "0")),
    Column("unsigned64", T.INTEGER, pa.decimal128(38, 0), _decimals(str(2**64 - 1), "0", str(2**63))),
    Column("ratio", T.FLOAT, pa.float64(), (0.1, -1.7976931348623157e308, 5e-300, None)),
    Column(
        "day",
        T.DATE,
        pa.date32(),
        (datetime.date(2026, 6, 30), datetime.date(1000, 1, 1), datetime.date(9999, 12, 31), None),
    ),
    Column(
        "clock",
        T.TIME,
        pa.time64("us"),
        (datetime.time(), datetime.time(23, 59, 59, 999999), datetime.time(7, 5), None),
    ),
    Column(
        "moment",
        T.DATETIME,
        pa.timestamp("us"),
        (MOMENT, MOMENT.replace(year=1000, microsecond=0), MOMENT.replace(year=9999, microsecond=999999), None),
    ),
    Column(
        "zoned",
        T.DATETIME_TZ,
        pa.timestamp("us"),
        (
            MOMENT.replace(tzinfo=UTC),
            MOMENT.replace(year=1971, tzinfo=UTC),
            MOMENT.replace(year=2037, tzinfo=UTC),
            None,
        ),
        (MOMENT, MOMENT.replace(year=1971), MOMENT.replace(year=2037), None),
    ),
    Column("said", T.STRING, pa.string(), ("", "it's 100 % \\n", 'a "quoted"\n\tword', None)),
    Column("document", T.OPAQUE, pa.string(), ('{"a": [1, 2.5], "b": "é"}', "[]", '"text"', None)),
    # What is UTF-8 is shown as text, the rest in hexadecimal digits: a column is either all text or not.
    Column("raw", T.OPAQUE, pa.string(), (b"\xff\x00\x01", b"text", b"", None), ("0xff0001", "text", "", None)),
)

ITEMS = tuple(
    (n, f"Thing {n}%", Decimal(n) + Decimal("0.10"), MOMENT + datetime.timedelta(minutes=n), n % 2 == 1)
    for n in range(1, 301)
)

# By script, direction, and what breaks careless code: combining marks, joined emoji, isolates, the planes above the
# first, normal forms that look alike, quotes, percent signs, backslashes.
SAYINGS = (
    "",
    "plain",
    "Ünïcödé ßẞ",
    "Ελληνικά",
    "Кириллица",
    "עברית ואנגלית (mixed)",
    "العربية ١٢٣",
    "हिन्दी",
    "ไทย",
    "한국어",
    "日本語 中文 𠮷",
    "አማርኛ",
    "e\u0301 is not \u00e9",
    "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽",
    "\u2067right\u2069 \u202eleft",
    "line\nbreak\ttab\r",
    "'single' \"double\" `back` \\ %s %% %(name)s $1 ? :name {x}",
    "\u200b\ufeffzero width",
    "\U0010ffff",
    "x" * 10_000,
)
