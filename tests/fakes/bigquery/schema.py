"""Columns, their types in each of the three worlds (REST, ZetaSQL, DuckDB), and cells as the API writes them."""

from __future__ import annotations

import base64
import datetime
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

_LEGACY = {"INT64": "INTEGER", "FLOAT64": "FLOAT", "BOOL": "BOOLEAN", "STRUCT": "RECORD"}
_DUCKDB = {
    "INT64": "BIGINT",
    "FLOAT64": "DOUBLE",
    "BOOL": "BOOLEAN",
    "STRING": "VARCHAR",
    "BYTES": "BLOB",
    "DATE": "DATE",
    "TIME": "TIME",
    "DATETIME": "TIMESTAMP",
    "TIMESTAMP": "TIMESTAMPTZ",
    "JSON": "JSON",
    "GEOGRAPHY": "VARCHAR",
}
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
_NANO = Decimal("0.000000001")


@dataclass(frozen=True)
class Column:
    """`scale` of NUMERIC and BIGNUMERIC; None: 9."""

    name: str
    type: str
    repeated: bool = False
    fields: tuple[Column, ...] = ()
    scale: int | None = None
    required: bool = False
    description: str = ""

    def resource(self) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": self.name,
            "type": _LEGACY.get(self.type, self.type),
            "mode": "REPEATED" if self.repeated else "REQUIRED" if self.required else "NULLABLE",
        }
        if self.description:
            made["description"] = self.description
        if self.fields:
            made["fields"] = [field.resource() for field in self.fields]
        return made

    @property
    def duckdb(self) -> str:
        if self.type in ("NUMERIC", "BIGNUMERIC"):
            plain = f"DECIMAL(38, {9 if self.scale is None else self.scale})"
        else:
            plain = _DUCKDB[self.type]
        return plain + "[]" * self.repeated

    @property
    def size_sql(self) -> str:
        """Of one value, in DuckDB; NULL has none."""
        name = f'"{self.name}"'
        if self.repeated:
            return f"coalesce(len({name}), 0) * 8"
        if self.type in ("STRING", "JSON", "GEOGRAPHY"):
            return f"coalesce(2 + octet_length(encode({name}::VARCHAR)), 0)"
        if self.type == "BYTES":
            return f"coalesce(2 + octet_length({name}), 0)"
        return f"CASE WHEN {name} IS NULL THEN 0 ELSE {_SIZES.get(self.type, 8)} END"


_SIZES = {"NUMERIC": 16, "BIGNUMERIC": 32, "BOOL": 1}


def column_of(name: str, proto: Any) -> Column:
    """From ZetaSQL's TypeProto."""
    from zetasql.wasi._pb2.zetasql.public.type_pb2 import TypeKind

    kind = TypeKind.Name(proto.type_kind).removeprefix("TYPE_")
    if kind == "ARRAY":
        inner = column_of(name, proto.array_type.element_type)
        return Column(name, inner.type, True, inner.fields)
    if kind == "STRUCT":
        fields = tuple(
            column_of(field.field_name or f"_field_{place}", field.field_type)
            for place, field in enumerate(proto.struct_type.field, 1)
        )
        return Column(name, "STRUCT", False, fields)
    return Column(name, {"DOUBLE": "FLOAT64", "FLOAT": "FLOAT64", "INT32": "INT64"}.get(kind, kind))


def cell(value: Any, column: Column, int64_times: bool = True) -> Any:
    """The `v` of a cell."""
    if column.repeated:
        single = Column(column.name, column.type, False, column.fields)
        return [{"v": cell(each, single, int64_times)} for each in value or ()]
    if value is None:
        return None
    if column.type == "STRUCT":
        values = list(value.values()) if isinstance(value, Mapping) else list(value)
        return {"f": [{"v": cell(each, field, int64_times)} for each, field in zip(values, column.fields, strict=True)]}
    if column.type == "TIMESTAMP" and not int64_times:
        return repr(_micros(value) / 1e6)
    return _WRITERS.get(column.type, str)(value)


def _micros(value: datetime.datetime) -> int:
    moment = value if value.tzinfo else value.replace(tzinfo=datetime.UTC)
    return (moment - _EPOCH) // datetime.timedelta(microseconds=1)


def _number(value: Any) -> str:
    number = value if isinstance(value, Decimal) else Decimal(repr(value))
    if number.as_tuple().exponent < -9:  # type: ignore[operator]
        number = number.quantize(_NANO)
    plain = format(number, "f")
    return (plain.rstrip("0").rstrip(".") if "." in plain else plain) or "0"


def _float(value: Any) -> str:
    number = float(value)
    if math.isfinite(number):
        return repr(number)
    return "NaN" if math.isnan(number) else "Infinity" if number > 0 else "-Infinity"


def _datetime(value: Any) -> str:
    """Also of a date, and of a time with a zone."""
    if not isinstance(value, datetime.datetime):
        value = datetime.datetime.combine(value, datetime.time())
    return str(value.replace(tzinfo=None).isoformat())


def _date(value: Any) -> str:
    return (value.date() if isinstance(value, datetime.datetime) else value).isoformat()


_WRITERS = {
    "INT64": lambda value: str(int(value)),
    "FLOAT64": _float,
    "NUMERIC": _number,
    "BIGNUMERIC": _number,
    "BOOL": lambda value: "true" if value else "false",
    "BYTES": lambda value: base64.b64encode(value if isinstance(value, bytes) else str(value).encode()).decode(),
    "DATE": _date,
    "TIME": lambda value: value.isoformat(),
    "DATETIME": _datetime,
    "TIMESTAMP": lambda value: str(_micros(value)),
    "JSON": lambda value: value if isinstance(value, str) else json.dumps(value, separators=(",", ":")),
}
