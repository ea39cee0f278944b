"""What the columns of a result are to a chart, read off their labels and types: an Answer keeps no more of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from nl2sql.answer.base import ChartSpec, ColumnLabel
from nl2sql.answer.charting.countries import TOO_SMALL, alpha3
from nl2sql.answer.formats import is_number
from nl2sql.answer.grains import bucket_start
from nl2sql.engines.base import ResultTable

Role = Literal["time", "category", "measure", "other"]
_COUNTRY_WORDS = ("country", "countries", "nation", "iso 3166")
NO_VALUE = "(none)"
_NAMED_COUNTRIES = 3  # so many country names, and nothing else, are no chance


@dataclass(frozen=True, slots=True)
class ChartColumn:
    """`distinct` counts the different values without missing ones, `present` the rows that have a value."""

    name: str
    label: ColumnLabel
    role: Role
    distinct: int
    present: int
    low: float = 0.0  # of a measure
    high: float = 0.0

    @property
    def title(self) -> str:
        return self.label.label

    @property
    def scale(self) -> tuple[str, str]:
        """Measures with the same one can share an axis."""
        return self.label.format, self.label.unit


@dataclass(frozen=True, slots=True)
class ChartColumns:
    """The columns of one result by what they are. Those with a name that another has too are left out."""

    rows: int
    truncated: bool
    all: tuple[ChartColumn, ...]
    is_whole: bool  # no column was left out

    def of(self, role: Role) -> tuple[ChartColumn, ...]:
        return tuple(each for each in self.all if each.role == role)

    def get(self, name: str) -> ChartColumn | None:
        return next((each for each in self.all if each.name == name), None)


def read_columns(result: ResultTable, labels: Sequence[ColumnLabel], spec: ChartSpec | None) -> ChartColumns:
    """`spec` is the chart that was chosen: it knows which numbers are years, weekdays or steps rather than measures."""
    names = result.columns
    known = list(labels) if len(labels) == len(names) else [ColumnLabel(name.replace("_", " ")) for name in names]
    kept = [i for i, name in enumerate(names) if names.count(name) == 1]
    columns = tuple(_column(names[i], result.table.column(i), known[i], spec) for i in kept)
    return ChartColumns(result.row_count, result.truncated, columns, len(kept) == len(names))


def _column(name: str, values: pa.ChunkedArray, label: ColumnLabel, spec: ChartSpec | None) -> ChartColumn:
    role = _role(name, values, label, spec)
    if role == "measure":
        numbers = finite_array(values)
        if len(numbers):
            ends = pc.min_max(numbers).as_py()
            return ChartColumn(name, label, role, _distinct(numbers), len(numbers), ends["min"], ends["max"])
        role = "other"
    return ChartColumn(name, label, role, _distinct(values), len(values) - int(values.null_count))


def _distinct(values: pa.ChunkedArray) -> int:
    is_empty = values.type == pa.null()  # nothing but missing values, which arrow does not count
    return 0 if is_empty else int(pc.count_distinct(values).as_py())


def _role(name: str, values: pa.ChunkedArray, label: ColumnLabel, spec: ChartSpec | None) -> Role:
    kind = values.type
    if spec is not None and name in (spec.x, spec.series):
        return "time" if spec.grain and is_time(values, spec.grain) else "category"
    if is_number(kind):
        return "other" if label.format == "plain" else "measure"
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind):
        return "category"
    return "other"


def is_time(values: pa.ChunkedArray, grain: str) -> bool:
    present = [value for value in values.unique().to_pylist() if value is not None]
    return bool(present) and all(bucket_start(value, grain) is not None or grain == "hour" for value in present)


def finite(values: pa.ChunkedArray) -> list[float]:
    return [float(n) for n in finite_array(values).to_pylist()]


def finite_array(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The numbers that can be drawn, as float64."""
    floats = pc.cast(values, pa.float64(), safe=False)
    return floats.filter(pc.is_finite(floats)).drop_null()


def number(value: object) -> float | None:
    """None for what is no number that can be drawn: missing, text, NaN, infinite."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    read = float(value)
    return read if math.isfinite(read) else None


@dataclass(frozen=True, slots=True)
class Places:
    """The countries of a column: `codes` by value; `unknown` are values that are none, `unseen` those too small."""

    codes: dict[object, str]
    unknown: tuple[str, ...]
    unseen: tuple[str, ...]


def places(values: pa.ChunkedArray) -> Places:
    codes: dict[object, str] = {}
    unknown, unseen = [], []
    for value in values.unique().to_pylist():
        code = alpha3(value) if value is not None else ""
        if not code:
            unknown.append(NO_VALUE if value is None else str(value))
            continue
        codes[value] = code
        if code in TOO_SMALL:
            unseen.append(str(value))
    return Places(codes, tuple(unknown), tuple(unseen))


def are_countries(values: pa.ChunkedArray, label: ColumnLabel) -> bool:
    """Nine in ten values are countries, and the label says so too; or all are countries by name, three at least.

    Codes alone prove nothing: CA, DE and IN are states of the US as well.
    """
    if not pa.types.is_string(values.type) and not pa.types.is_large_string(values.type):
        return False
    found = places(values)
    named = f"{label.label} {label.description}".lower()
    total = len(found.codes) + len(found.unknown)
    if any(word in named for word in _COUNTRY_WORDS):
        return len(found.codes) >= 2 and len([each for each in found.unknown if each != NO_VALUE]) <= total // 10
    written = [value for value in found.codes if len(str(value)) > len("USA")]
    return not found.unknown and len(written) == total >= _NAMED_COUNTRIES
