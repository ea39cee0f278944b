"""Which table a column of a query comes from, as far as the query and the catalog say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlglot import exp

from evals.mutation.base import Catalog, KnownColumn


def tables_of(select: exp.Select) -> Mapping[str, str]:
    """The names under which FROM and JOIN know tables of the catalog → the tables' names, all in small letters."""
    source = select.args.get("from_")
    found = [source.this] if source is not None else []
    found += [join.this for join in select.args.get("joins") or ()]
    return {each.alias_or_name.lower(): each.name.lower() for each in found if isinstance(each, exp.Table)}


def select_of(node: exp.Expr) -> exp.Select | None:
    return node.find_ancestor(exp.Select)


@dataclass(frozen=True, slots=True)
class Found:
    """`name` is what the query calls the table; `tables` are those beside it, by such names."""

    name: str
    table: str
    column: KnownColumn
    tables: Mapping[str, str]


def resolve(column: exp.Column, catalog: Catalog) -> Found | None:
    """None for what a subquery made, or unknown."""
    select = select_of(column)
    while select is not None:
        tables = tables_of(select)
        for name, table in tables.items():
            if column.table and column.table.lower() != name:
                continue
            known = find(catalog.get(table, ()), column.name)
            if known is not None:
                return Found(name, table, known, tables)
        if column.table.lower() in tables or not (column.table or _is_plain(select, catalog)):
            return None
        select = _outer(select)
    return None


def _is_plain(select: exp.Select, catalog: Catalog) -> bool:
    """Whether it reads nothing but tables of the catalog: else a column may come from what is not known."""
    joins = select.args.get("joins") or ()
    return len(tables_of(select)) == 1 + len(joins) and all(each in catalog for each in tables_of(select).values())


def _outer(select: exp.Select) -> exp.Select | None:
    """The SELECT whose columns this one sees too: none for one in FROM, JOIN or WITH."""
    found = select.find_ancestor(exp.Select, exp.From, exp.Join, exp.CTE)
    return found if isinstance(found, exp.Select) else None


def find(columns: tuple[KnownColumn, ...], name: str) -> KnownColumn | None:
    return next((each for each in columns if each.name.lower() == name.lower()), None)


def own_columns(select: exp.Select) -> Iterator[exp.Column]:
    """Columns that stand in this SELECT itself, not in its subqueries."""
    for column in select.find_all(exp.Column):
        if select_of(column) is select:
            yield column


def same_columns(one: exp.Column, other: exp.Column) -> bool:
    return (one.name.lower(), one.table.lower()) == (other.name.lower(), other.table.lower())
