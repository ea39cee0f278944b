"""Keys, joins and dates: what must be there before rows can be put together and counted once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from nl2sql.catalog.lint.base import Finding, Linted
from nl2sql.catalog.model import DataType, Relationship
from nl2sql.catalog.source import some_of


def check_keys(linted: Linted) -> Iterator[Finding]:
    """A relationship ends at a key, else joining by it multiplies rows."""
    for link in linted.model.relationships:
        target = linted.model.dataset(link.target)
        keys = [key for key in (target.primary_key, *target.unique_keys) if key]
        columns = ", ".join(link.target_columns)
        if not keys:
            message = f"{target.name} has no primary_key, and {link.name} joins to it: name its key."
            yield linted.finding("error", "no_key", linted.dataset_places[target.name], message)
        elif not any(set(key) <= set(link.target_columns) for key in keys):
            message = (
                f"{link.name} joins to {target.name} ({columns}), which is no key of it: rows would be multiplied."
            )
            yield linted.finding("error", "not_a_key", linted.relationship_places[link.name], message)


def check_cycles(linted: Linted) -> Iterator[Finding]:
    """A way that leads back to where it began needs a word for its end: a category's *parent* is a category too."""
    leaving: dict[str, list[Relationship]] = defaultdict(list)
    for link in linted.model.relationships:
        leaving[link.source].append(link)
    reached = {name: _reached(name, leaving) for name in {link.target for link in linted.model.relationships}}
    circling = [link for link in linted.model.relationships if link.source in reached[link.target]]
    told: set[frozenset[str]] = set()
    for link in circling:
        circle = frozenset(reached[link.target] & {o.source for o in circling if link.source in reached[o.target]})
        inside = [o for o in circling if o.source in circle and o.target in circle]
        if circle not in told and not any(o.role for o in inside):
            told.add(circle)
            names = some_of(o.name for o in inside)
            message = f"relationships lead in a circle and none has a role: {names}. Give one a role."
            yield linted.finding("error", "circle", linted.relationship_places[link.name], message)


def _reached(start: str, leaving: dict[str, list[Relationship]]) -> set[str]:
    found, todo = {start}, [start]
    while todo:
        for link in leaving.get(todo.pop(), []):
            if link.target not in found:
                found.add(link.target)
                todo.append(link.target)
    return found


def check_roles(linted: Linted) -> Iterator[Finding]:
    pairs: dict[tuple[str, str], list[Relationship]] = defaultdict(list)
    for link in linted.model.relationships:
        pairs[link.source, link.target].append(link)
    for (source, target), links in pairs.items():
        nameless = [link for link in links if not link.role and not link.synonyms]
        if len(links) > 1 and nameless:
            names = ", ".join(link.name for link in nameless)
            message = f"{len(links)} relationships lead from {source} to {target}; without a role is {names}."
            yield linted.finding("warning", "no_role", linted.relationship_places[nameless[0].name], message)


def check_dates_and_labels(linted: Linted) -> Iterator[Finding]:
    pointed_to = {link.target for link in linted.model.relationships}
    for dataset in linted.model.datasets:
        place = linted.dataset_places[dataset.name]
        dates = [each.name for each in dataset.fields if each.is_time and not each.sensitive]
        if len(dates) > 1 and not dataset.time_field:
            message = f"{dataset.name} has several dates ({', '.join(dates)}) and no time_field."
            yield linted.finding("warning", "no_time_field", place, message)
        texts = [each for each in dataset.fields if each.datatype is DataType.STRING and not each.sensitive]
        if dataset.name in pointed_to and texts and not dataset.label_field:
            message = f"{dataset.name} has no label_field: nothing says which field names its rows to a person."
            yield linted.finding("warning", "no_label_field", place, message)
        if dataset.query:
            message = f"the source of {dataset.name} is a query: the database needs a view called {dataset.table}."
            yield linted.finding("warning", "query_source", place, message)
