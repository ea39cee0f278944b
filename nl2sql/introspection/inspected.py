"""Tables, columns and keys as SQLAlchemy's inspection tells them: SQLite, MySQL, MariaDB, PostgreSQL."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.reflection import Inspector, ObjectKind

from nl2sql.catalog.facts import ColumnFacts, ForeignKey, TableFacts
from nl2sql.introspection.types import datatype_of


def inspected(engine: sa.Engine, kind: ObjectKind = ObjectKind.ANY) -> tuple[TableFacts, ...]:
    """Of the address's own schema, by name. Raises what SQLAlchemy and the driver raise."""
    with warnings.catch_warnings(), engine.connect() as connection:
        warnings.simplefilter("ignore", sa.exc.SAWarning)  # about types and indexes it does not know: none of ours
        inspector = sa.inspect(connection)
        columns = _by_name(inspector.get_multi_columns(kind=kind))
        views = {*inspector.get_view_names(), *_materialized(inspector)}
        keys = _by_name(inspector.get_multi_pk_constraint())
        unique = _by_name(inspector.get_multi_unique_constraints())
        indexes = _by_name(inspector.get_multi_indexes())
        foreign = _by_name(inspector.get_multi_foreign_keys())
        comments = _by_name(inspector.get_multi_table_comment()) if inspector.dialect.supports_comments else {}
    return tuple(
        TableFacts(
            name=name,
            columns=tuple(_column(each) for each in columns[name]),
            primary_key=tuple((keys.get(name) or {}).get("constrained_columns") or ()),
            unique_keys=_unique_keys(unique.get(name) or (), indexes.get(name) or ()),
            foreign_keys=tuple(sorted(_foreign_keys(foreign.get(name) or ()))),
            is_view=name in views,
            comment=(comments.get(name) or {}).get("text") or "",
        )
        for name in sorted(columns)
        if columns[name]
    )


def _materialized(inspector: Inspector) -> list[str]:
    try:
        return inspector.get_materialized_view_names()
    except NotImplementedError:
        return []


def _by_name(found: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: each for (_, name), each in found.items()}


def _column(each: Mapping[str, Any]) -> ColumnFacts:
    kind = each["type"]
    try:
        native = str(kind)
    except sa.exc.CompileError:
        native = type(kind).__name__
    return ColumnFacts(str(each["name"]), datatype_of(kind), native, each.get("comment") or "")


def _unique_keys(constraints: Any, indexes: Any) -> tuple[tuple[str, ...], ...]:
    """Of whole tables: an index of an expression or of some rows only makes nothing unique."""
    found = [tuple(each["column_names"]) for each in constraints]
    for each in indexes:
        is_partial = any(key.endswith("_where") and value for key, value in (each.get("dialect_options") or {}).items())
        if each.get("unique") and not is_partial and all(each["column_names"]):
            found.append(tuple(each["column_names"]))
    return tuple(dict.fromkeys(sorted(key for key in found if key)))


def _foreign_keys(found: Any) -> Iterator[ForeignKey]:
    """Within the schema."""
    for each in found:
        if not each["referred_schema"]:
            columns, target = tuple(each["constrained_columns"]), tuple(each["referred_columns"])
            yield ForeignKey(columns, each["referred_table"], target)
