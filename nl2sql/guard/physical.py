"""Which physical tables and columns a semantic model speaks of.

A physical table is a dataset's `source`; its columns are those that the dataset's field expressions, keys and
relationships mention. A column of the database that the model never mentions does not exist for the guard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.errors import ModelInvalid


@dataclass(frozen=True, slots=True)
class PhysicalColumn:
    """`name` is spelled as in the database; `datatype` is known when a field is exactly this column."""

    name: str
    datatype: DataType = DataType.OPAQUE
    sensitive: bool = False


@dataclass(frozen=True, slots=True)
class PhysicalTable:
    """`path` holds the parts of the dataset's source, outermost first, its own name last."""

    path: tuple[str, ...]
    columns: Mapping[str, PhysicalColumn]  # by lower-case name, in the order of the fields
    key: tuple[str, ...] = ()  # lower-case names of the columns that identify a row

    @property
    def name(self) -> str:
        return self.path[-1]


@lru_cache(maxsize=4_096)
def columns_of(expression: str) -> tuple[str, ...]:
    """Names of the columns an ANSI SQL expression mentions, in order. Raises ModelInvalid when it is not one."""
    try:
        tree = parse_one(expression)
    except SqlglotError as error:
        raise ModelInvalid(f"The expression {expression!r} of the semantic model cannot be read.") from error
    return tuple(dict.fromkeys(column.name for column in tree.find_all(exp.Column, bfs=False)))


def columns_of_field(field: Field) -> tuple[str, ...]:
    return columns_of(field.expression or field.name)


def _columns_that_join(model: SemanticModel) -> Mapping[str, list[str]]:
    """By dataset, in the order of the relationships."""
    columns: dict[str, list[str]] = {}
    for relationship in model.relationships:
        columns.setdefault(relationship.source, []).extend(relationship.source_columns)
        columns.setdefault(relationship.target, []).extend(relationship.target_columns)
    return columns


def _table(dataset: Dataset, joining: Iterable[str]) -> PhysicalTable:
    columns: dict[str, PhysicalColumn] = {}
    sensitive = {name.lower() for field in dataset.fields if field.sensitive for name in columns_of_field(field)}
    for field in dataset.fields:
        names = columns_of_field(field)
        plain = len(names) == 1 and (field.expression or field.name).strip().lower() == names[0].lower()
        for name in names:
            known = columns.get(name.lower())
            datatype = field.datatype if plain else DataType.OPAQUE
            if known is None or (plain and known.datatype is DataType.OPAQUE):
                columns[name.lower()] = PhysicalColumn(name, datatype, name.lower() in sensitive)
    keys = (*dataset.primary_key, *(name for key in dataset.unique_keys for name in key))
    for name in (*keys, *joining):
        columns.setdefault(name.lower(), PhysicalColumn(name))
    path = tuple(part.strip('"`[] ') for part in dataset.source.split("."))
    return PhysicalTable(path, columns, tuple(name.lower() for name in dataset.primary_key))


def _read_tables(model: SemanticModel) -> dict[str, PhysicalTable]:
    tables: dict[str, PhysicalTable] = {}
    joining = _columns_that_join(model)
    for dataset in model.datasets:
        table = _table(dataset, joining.get(dataset.name, ()))
        known = tables.get(table.name.lower())
        if known is not None:
            if [part.lower() for part in known.path] != [part.lower() for part in table.path]:
                both = " and ".join(".".join(path) for path in (known.path, table.path))
                raise ModelInvalid(f"{both} are tables of one name in two schemas; a model can have one of them.")
            merged = {**table.columns, **known.columns}
            merged |= {name: column for name, column in table.columns.items() if column.sensitive}
            table = PhysicalTable(known.path, merged, known.key or table.key)
        tables[table.name.lower()] = table
    return tables


def physical_tables(model: SemanticModel) -> Mapping[str, PhysicalTable]:
    """By lower-case table name; two datasets over one table see the columns of both. Kept with the model."""
    tables: Mapping[str, PhysicalTable] | None = model.__dict__.get("_physical_tables")
    if tables is None:
        tables = model.__dict__["_physical_tables"] = MappingProxyType(_read_tables(model))
    return tables


def sensitive_columns(model: SemanticModel) -> frozenset[str]:
    """Physical "table.column" names (lower case) behind the fields that the model marks sensitive."""
    names: frozenset[str] | None = model.__dict__.get("_sensitive_columns")
    if names is None:
        names = model.__dict__["_sensitive_columns"] = frozenset(
            f"{table}.{name}"
            for table, each in physical_tables(model).items()
            for name, column in each.columns.items()
            if column.sensitive
        )
    return names
