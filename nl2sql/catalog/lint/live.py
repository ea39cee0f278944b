"""The model beside the database it is about: tables and columns that are not there, datatypes that do not agree."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlglot import exp

from nl2sql.catalog.dialects import column_of
from nl2sql.catalog.facts import TableFacts
from nl2sql.catalog.lint.base import Finding, Linted
from nl2sql.catalog.model import Dataset, DataType
from nl2sql.catalog.source import Place

_CLASSES = {
    **dict.fromkeys((DataType.INTEGER, DataType.DECIMAL, DataType.FLOAT), "a number"),
    **dict.fromkeys((DataType.DATE, DataType.DATETIME, DataType.DATETIME_TZ), "a date"),
    DataType.TIME: "a time",
    DataType.STRING: "text",
    DataType.BOOLEAN: "a truth value",
}


def check_live(linted: Linted, tables: Sequence[TableFacts], dialect: str) -> Iterator[Finding]:
    by_name = {table.name.lower(): table for table in tables}
    known: dict[str, Mapping[str, DataType]] = {}
    for dataset in linted.model.datasets:
        table = by_name.get(dataset.table.lower())
        if table is None:
            message = f"the database has no table {dataset.table}, which is the source of {dataset.name}."
            yield linted.finding("error", "no_table", linted.dataset_places[dataset.name], message)
            continue
        known[dataset.name] = {column.name.lower(): column.datatype for column in table.columns}
        yield from _keys(linted, dataset, known[dataset.name])
        yield from _datatypes(linted, dataset, known[dataset.name], dialect)
    yield from _read(linted, known)
    yield from _joined(linted, known)


def _keys(linted: Linted, dataset: Dataset, columns: Mapping[str, DataType]) -> Iterator[Finding]:
    for name in dict.fromkeys(n for key in (dataset.primary_key, *dataset.unique_keys) for n in key):
        if name.lower() not in columns:
            yield _missing(linted, linted.dataset_places[dataset.name], f"a key of {dataset.name}", dataset, name)


def _read(linted: Linted, known: Mapping[str, Mapping[str, DataType]]) -> Iterator[Finding]:
    for each in linted.expressions:
        told: set[tuple[str, str]] = set()
        for column in each.tree.find_all(exp.Column):
            in_query = column.find_ancestor(exp.Select) is not None
            owner = column.table or ("" if in_query else each.owner)
            pair = (owner, column.name)
            if owner in known and column.name.lower() not in known[owner] and pair not in told:
                told.add(pair)
                yield _missing(linted, each.place, each.what, linted.model.dataset(owner), column.name)


def _joined(linted: Linted, known: Mapping[str, Mapping[str, DataType]]) -> Iterator[Finding]:
    for link in linted.model.relationships:
        for name, columns in ((link.source, link.source_columns), (link.target, link.target_columns)):
            for column in columns:
                if name in known and column.lower() not in known[name]:
                    place = linted.relationship_places[link.name]
                    what = f"the relationship {link.name}"
                    yield _missing(linted, place, what, linted.model.dataset(name), column)


def _missing(linted: Linted, place: Place, what: str, dataset: Dataset, column: str) -> Finding:
    message = f"{what} reads {column}; the table {dataset.table} has no such column."
    return linted.finding("error", "no_column", place, message)


def _datatypes(linted: Linted, dataset: Dataset, columns: Mapping[str, DataType], dialect: str) -> Iterator[Finding]:
    for each in dataset.fields:
        there = columns.get(column_of(each.expression).lower(), DataType.OPAQUE)
        if _agree(each.datatype, there, dialect):
            continue
        place = linted.field_places[dataset.name, each.name]
        message = f"{dataset.name}.{each.name} is {_CLASSES[each.datatype]} here ({each.datatype}), and "
        message += f"{_CLASSES[there]} in the database ({there})."
        yield linted.finding("warning", "datatype", place, message)


def _agree(here: DataType, there: DataType, dialect: str) -> bool:
    """SQLite keeps dates as texts and truth as numbers, MySQL truth as numbers."""
    one, other = _CLASSES.get(here), _CLASSES.get(there)
    if one is None or other is None or one == other:
        return True
    if dialect == "sqlite" and {one, other} in ({"a date", "text"}, {"a date", "a number"}, {"a time", "text"}):
        return True
    return dialect in ("sqlite", "mysql", "mariadb") and {one, other} == {"a truth value", "a number"}
