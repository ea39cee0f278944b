"""Types of databases → the model's datatypes."""

from __future__ import annotations

import re
from typing import Any

import sqlalchemy.types as sa

from nl2sql.catalog.model import DataType

# In this order: a Boolean is an Integer on some databases, a Float is a Numeric in SQLAlchemy.
_KINDS: tuple[tuple[type[Any], DataType], ...] = (
    (sa.Boolean, DataType.BOOLEAN),
    (sa.Integer, DataType.INTEGER),
    (sa.Float, DataType.FLOAT),
    (sa.Numeric, DataType.DECIMAL),
    (sa.DateTime, DataType.DATETIME),
    (sa.Date, DataType.DATE),
    (sa.Time, DataType.TIME),
    (sa.Enum, DataType.STRING),
    (sa.String, DataType.STRING),
    (sa.Uuid, DataType.STRING),
)
# The start of a type's name in SQL; the longest of those that fit is meant. MySQL calls BOOLEAN a TINYINT(1).
_NAMES = {
    "BOOL": DataType.BOOLEAN,
    "TINYINT": DataType.INTEGER,
    "TINYINT(1)": DataType.BOOLEAN,
    "SMALLINT": DataType.INTEGER,
    "INT": DataType.INTEGER,
    "INTERVAL": DataType.OPAQUE,
    "BIGINT": DataType.INTEGER,
    "HUGEINT": DataType.INTEGER,
    "UTINYINT": DataType.INTEGER,
    "USMALLINT": DataType.INTEGER,
    "UINTEGER": DataType.INTEGER,
    "UBIGINT": DataType.INTEGER,
    "UHUGEINT": DataType.INTEGER,
    "YEAR": DataType.INTEGER,
    "DECIMAL": DataType.DECIMAL,
    "NUMERIC": DataType.DECIMAL,
    "BIGNUMERIC": DataType.DECIMAL,
    "FLOAT": DataType.FLOAT,
    "REAL": DataType.FLOAT,
    "DOUBLE": DataType.FLOAT,
    "DATE": DataType.DATE,
    "DATETIME": DataType.DATETIME,
    "TIMESTAMP": DataType.DATETIME,
    "TIMESTAMP WITH TIME ZONE": DataType.DATETIME_TZ,
    "TIMESTAMPTZ": DataType.DATETIME_TZ,
    "TIME": DataType.TIME,
    "CHAR": DataType.STRING,
    "VARCHAR": DataType.STRING,
    "STRING": DataType.STRING,
    "TEXT": DataType.STRING,
    "TINYTEXT": DataType.STRING,
    "MEDIUMTEXT": DataType.STRING,
    "LONGTEXT": DataType.STRING,
    "MEDIUMINT": DataType.INTEGER,
    "ENUM": DataType.STRING,
    "UUID": DataType.STRING,
}
_LIST = re.compile(r"\]$|^(ARRAY|STRUCT|MAP|UNION)\b")


def datatype_of(kind: sa.TypeEngine[Any]) -> DataType:
    if getattr(kind, "display_width", None) == 1 and type(kind).__name__ == "TINYINT":  # what MySQL makes of BOOLEAN
        return DataType.BOOLEAN
    if isinstance(kind, sa.DateTime) and kind.timezone:
        return DataType.DATETIME_TZ
    if type(kind).__name__ == "YEAR":
        return DataType.INTEGER
    for each, datatype in _KINDS:
        if isinstance(kind, each):
            return datatype
    return DataType.OPAQUE


def datatype_named(name: str) -> DataType:
    """Of a type as SQL writes it: DECIMAL(12,2), TIMESTAMP WITH TIME ZONE."""
    shown = name.upper().strip()
    if _LIST.search(shown):
        return DataType.OPAQUE
    fitting = [each for each in _NAMES if shown.startswith(each)]
    return _NAMES[max(fitting, key=len)] if fitting else DataType.OPAQUE
