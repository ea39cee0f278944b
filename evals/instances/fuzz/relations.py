"""Keys and links that the database does not declare: those of a semantic model, and those that gold queries join by.

Nothing is guessed from names. A column is taken for a key unasked only where gold queries join to it and the base has
no value of it twice: without it, joins would multiply rows as they never do in the base, and right answers that rely
on it would look wrong.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from evals.instances.fuzz.moments import form_of
from evals.instances.fuzz.sample import Sample
from evals.instances.fuzz.schema import Link, Names, Schema, Table
from nl2sql.catalog.model import SemanticModel

# One column of one table.
End = tuple[str, str]

# From so many rows on, none without a value is no accident, and none that is there twice.
WHOLE_ROWS, ENOUGH_ROWS = 5, 10
_CODE = re.compile(r"[\d@]")


def with_model(schema: Schema, model: SemanticModel | None) -> Schema:
    """What names no table or column of the database is passed over: the linter of models tells it."""
    for dataset in model.datasets if model else ():
        table = schema.table(dataset.table)
        if table is not None and not dataset.query:
            keys = [_columns(table, key) for key in (dataset.primary_key, *dataset.unique_keys) if key]
            # Of a part of a table's rows, a key need not be one of the whole table.
            schema = schema.with_keys(table.name, [key for key in keys if key and not dataset.rows])
    for each in model.relationships if model else ():
        source, target = (model.dataset_by_name.get(name) if model else None for name in (each.source, each.target))
        if source is None or target is None:
            continue
        child, parent = schema.table(source.table), schema.table(target.table)
        if child is not None and parent is not None:
            link = Link(_columns(child, each.source_columns), parent.name, _columns(parent, each.target_columns), False)
            if link.columns and len(link.columns) == len(link.parent_columns) and not _has_link(child, link.columns):
                schema = schema.with_link(child.name, link)
    return schema


def with_joins(schema: Schema, pairs: Iterable[tuple[End, End]], is_distinct: Callable[[End], bool]) -> Schema:
    """Of the columns that gold queries equal with each other one is the key, and the others link to it, where nothing
    else is said of them. `is_distinct`: whether the base has each value once and no NULL."""
    pairs = list(dict.fromkeys(pairs))
    for ends in _joined(pairs):
        if not any(_is_key(schema, end) for end in ends):
            partners = Counter(end for end in ends for pair in pairs if end in pair)
            distinct = [end for end in ends if is_distinct(end)]
            if distinct:  # the one that most others are equalled with; else the one that was named first
                table, column = max(distinct, key=lambda end: partners[end])
                schema = schema.with_keys(table, [(column,)])
    for pair in pairs:
        for (child, column), (parent, key) in (pair, pair[::-1]):
            source = schema.table(child)
            if source is None or child == parent or not _is_key(schema, (parent, key)):
                continue
            if not source.is_single_key(column) and not _has_link(source, (column,)):
                schema = schema.with_link(child, Link((column,), parent, (key,), False))
    return schema


def with_complete(schema: Schema, sample: Sample, labels: Iterable[tuple[str, Names]]) -> Schema:
    """Columns that have a value in each of some rows have one in all. What none of them has twice is a key, of texts if
    each has a digit or an @ in it, as codes and addresses do; of a table of nothing but links, all of them; and of
    `labels`, by which gold queries make groups: who makes them by the id instead is then right. Of any other names, one
    may be there twice one day."""
    by_table: dict[str, list[Names]] = {}
    for name, names in dict.fromkeys(labels):
        by_table.setdefault(name, []).append(names)
    for table in schema.tables:
        rows = sample.rows[table.name]
        if len(rows) < WHOLE_ROWS or table.is_virtual:
            continue
        cells = {each.name: [row[place] for row in rows] for place, each in enumerate(table.columns)}
        whole = {name for name, values in cells.items() if None not in values}
        schema = schema.with_not_null(table.name, whole)
        linked = {name for link in table.links for name in link.columns}
        free = whole - linked - {each.name for each in table.columns if each.is_generated}
        found: list[Names] = []
        if len(rows) >= ENOUGH_ROWS:
            found += [names for names in by_table.get(table.name, []) if set(names) <= free]
            found += [(name,) for name in cells if name in free and _are_codes(cells[name])]
        if linked == set(cells) == whole and len(linked) > 1:
            found.append(tuple(cells))
        distinct = [
            names for names in found if len(set(zip(*(cells[name] for name in names), strict=True))) == len(rows)
        ]
        schema = schema.with_keys(table.name, distinct)
    return schema


def _are_codes(values: Sequence[object]) -> bool:
    return all(isinstance(each, str) and _CODE.search(each) for each in values) and form_of(values) is None


def _joined(pairs: Sequence[tuple[End, End]]) -> list[list[End]]:
    """Columns that are equalled with each other, also by way of others."""
    groups: dict[End, list[End]] = {}
    for one, other in pairs:
        left, right = groups.setdefault(one, [one]), groups.setdefault(other, [other])
        if left is not right:
            left += right
            groups.update((end, left) for end in right)
    return list({id(group): group for group in groups.values()}.values())


def _is_key(schema: Schema, end: End) -> bool:
    table = schema.table(end[0])
    return table is not None and table.is_single_key(end[1])


def parents_first(schema: Schema) -> tuple[Table, ...]:
    """Tables after those they link to. Where links go in a circle, the one begun with comes before a parent of it."""
    ordered: dict[str, Table] = {}
    visiting: set[str] = set()

    def visit(table: Table) -> None:
        if table.name in ordered or table.name in visiting:
            return
        visiting.add(table.name)
        for link in table.links:
            parent = schema.table(link.parent)
            if parent is not None:
                visit(parent)
        ordered[table.name] = table

    for each in schema.tables:
        visit(each)
    return tuple(ordered.values())


def _columns(table: Table, names: Sequence[str]) -> Names:
    found = [table.column(name) for name in names]
    return tuple(each.name for each in found if each is not None) if all(found) else ()


def _has_link(table: Table, columns: Names) -> bool:
    return any(set(link.columns) & set(columns) for link in table.links)
