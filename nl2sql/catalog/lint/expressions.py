"""What expressions read: columns nothing else knows of, datasets that cannot be joined, aggregates out of place."""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.catalog.dialects import ANSI, SQL_DIALECTS, is_plain, parsed
from nl2sql.catalog.lint.base import Expression, Finding, Linted
from nl2sql.catalog.model import Relationship


def check_columns(linted: Linted) -> Iterator[Finding]:
    """Without the database, a column is known where a field, a key or a relationship names it."""
    for each in linted.expressions:
        if is_plain(each.text) and not each.is_metric:
            continue  # a field that is a column makes it known
        told: set[str] = set()
        for column in each.tree.find_all(exp.Column):
            message = _problem_of(column, each, linted)
            if message and message not in told:
                told.add(message)
                yield linted.finding("error", "unknown_column", each.place, message)


def _problem_of(column: exp.Column, each: Expression, linted: Linted) -> str:
    owner = column.table or ("" if _inside_query(column) else each.owner)
    dataset = linted.model.dataset_by_name.get(owner)
    if not owner and not _inside_query(column):
        return f"{each.what} reads {column.name} of no dataset: write dataset.{column.name}."
    if dataset is None or column.name.lower() in linted.columns[dataset.table]:
        return ""
    if any(f.name == column.name for f in dataset.fields):
        return f"{each.what} reads {owner}.{column.name}, which is a field and no column: write its expression."
    return f"{each.what} reads {owner}.{column.name}, a column that no field, key or relationship names."


def _inside_query(column: exp.Column) -> bool:
    return column.find_ancestor(exp.Select) is not None


def check_aggregates(linted: Linted) -> Iterator[Finding]:
    for each in linted.expressions:
        if is_plain(each.text):
            aggregates = False
        else:
            aggregates = any(a.find_ancestor(exp.Select) is None for a in each.tree.find_all(exp.AggFunc))
        if each.is_metric and not aggregates:
            message = f"{each.what} sums up nothing: a metric is an aggregate."
            yield linted.finding("error", "no_aggregate", each.place, message)
        elif aggregates and not each.is_metric:
            message = f"{each.what} has an aggregate: only a metric may."
            yield linted.finding("error", "aggregate", each.place, message)


def check_reach(linted: Linted) -> Iterator[Finding]:
    """Some dataset must lead to all that a metric reads, so that each row is counted once."""
    for each in linted.expressions:
        if not each.is_metric:
            continue
        columns = [column for column in each.tree.find_all(exp.Column) if not _inside_query(column)]
        read = sorted({column.table for column in columns} & set(linted.model.dataset_by_name))
        if len(read) < 2 or any(_reaches_all(base, read, linted) for base in linted.model.dataset_by_name):
            continue
        names = " and ".join(read)
        if len({_island(name, linted) for name in read}) > 1:
            message = f"{each.what} reads {names}, which no relationships connect."
            yield linted.finding("error", "unreachable", each.place, message)
        else:
            message = f"{each.what} reads {names}; none leads to all of them, so that rows would be counted repeatedly."
            yield linted.finding("warning", "fan_out", each.place, message)


def _reaches_all(base: str, read: list[str], linted: Linted) -> bool:
    return all(linted.graph.paths(base, name) for name in read)


def _island(start: str, linted: Linted) -> frozenset[str]:
    """Everything that relationships connect with it, in whatever direction."""
    found, todo = {start}, [start]
    while todo:
        name = todo.pop()
        for link in linted.model.relationships:
            other = _other_end(link, name)
            if other and other not in found:
                found.add(other)
                todo.append(other)
    return frozenset(found)


def _other_end(link: Relationship, name: str) -> str:
    return link.target if link.source == name else link.source if link.target == name else ""


def check_dialects(linted: Linted) -> Iterator[Finding]:
    """An expression for one kind of database that cannot be read: the ANSI one is used there too."""
    places = [(linted.field_places[d.name, f.name], f.expressions) for d in linted.model.datasets for f in d.fields]
    places += [(linted.metric_places[m.name], m.expressions) for m in linted.model.metrics]
    for place, expressions in places:
        for dialect, text in expressions.items():
            if dialect == ANSI or dialect not in SQL_DIALECTS:
                continue
            try:
                parsed(text, dialect)
            except SqlglotError:
                message = f"“{text[:80]}” cannot be read as {dialect}; another dialect's expression is used instead."
                yield linted.finding("warning", "dialect", (*place, "expression"), message)
