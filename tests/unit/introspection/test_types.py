"""Types of databases are read by their names, the longest that fits."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql

from nl2sql.catalog.model import DataType
from nl2sql.introspection.types import datatype_named, datatype_of


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("DECIMAL(12,2)", DataType.DECIMAL),
        ("date", DataType.DATE),
        ("DATETIME", DataType.DATETIME),
        ("TIMESTAMP", DataType.DATETIME),
        ("TIMESTAMP WITH TIME ZONE", DataType.DATETIME_TZ),
        ("TIME", DataType.TIME),
        ("INTERVAL", DataType.OPAQUE),
        ("tinyint(1)", DataType.BOOLEAN),
        ("tinyint(4)", DataType.INTEGER),
        ("VARCHAR[]", DataType.OPAQUE),
        ("STRUCT(a INTEGER)", DataType.OPAQUE),
        ("ENUM('a')", DataType.STRING),
        ("GEOMETRY", DataType.OPAQUE),
    ],
)
def test_a_types_name_says_its_datatype(name: str, expected: DataType) -> None:
    assert datatype_named(name) is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (sa.Boolean(), DataType.BOOLEAN),
        (mysql.TINYINT(display_width=1), DataType.BOOLEAN),
        (mysql.TINYINT(), DataType.INTEGER),
        (mysql.YEAR(), DataType.INTEGER),
        (sa.Float(), DataType.FLOAT),
        (sa.Numeric(10, 2), DataType.DECIMAL),
        (sa.DateTime(timezone=True), DataType.DATETIME_TZ),
        (sa.DateTime(), DataType.DATETIME),
        (sa.Text(), DataType.STRING),
        (sa.Uuid(), DataType.STRING),
        (postgresql.JSONB(), DataType.OPAQUE),
        (postgresql.ARRAY(sa.Text), DataType.OPAQUE),
        (postgresql.INTERVAL(), DataType.OPAQUE),
        (sa.types.NullType(), DataType.OPAQUE),
    ],
)
def test_a_type_of_sqlalchemy_says_its_datatype(kind: sa.types.TypeEngine[object], expected: DataType) -> None:
    assert datatype_of(kind) is expected
