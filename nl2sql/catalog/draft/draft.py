"""A live database → the draft of a semantic model: what is declared, what names and values suggest, what stays open."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nl2sql.catalog.draft.links import Link, find_links, open_ends, with_keys
from nl2sql.catalog.draft.naming import Naming, identifier, unique_name
from nl2sql.catalog.draft.tables import DatasetDraft, dataset_name, dataset_shape, draft_dataset
from nl2sql.catalog.draft.yaml_text import yaml_text
from nl2sql.catalog.facts import LiveDatabase, TableFacts
from nl2sql.errors import ModelInvalid

# A model of more is no draft that anyone reads over; and each table costs a few statements.
MOST_TABLES = 1_000
# Tables of tools that keep their own state in the database.
_TOOLS = frozenset(
    "alembic_version schema_migrations django_migrations flyway_schema_history databasechangelog databasechangeloglock"
    " knex_migrations ar_internal_metadata _prisma_migrations spatial_ref_sys sqlite_stat1".split()
)


@dataclass(frozen=True, slots=True)
class Draft:
    """`notes` are sentences for whoever reads the draft over; `text` begins with them as comments."""

    text: str
    notes: tuple[str, ...]
    datasets: int
    relationships: int
    metrics: int


def draft_model(database: LiveDatabase, name: str) -> Draft:
    """Raises EngineError, and ModelInvalid where there is nothing to describe."""
    found, notes = _described(database.tables())
    naming = Naming(found)
    tables, key_notes = with_keys(database, found, naming)
    links = find_links(database, tables, naming)
    names: dict[str, str] = {}
    for table in tables:
        names[table.name] = dataset_name(table.name, naming, list(names.values()))
    pointing: dict[str, list[str]] = {table.name: [] for table in tables}
    for link in links:
        pointing[link.source].extend(link.columns)
    made = [draft_dataset(database, t, names[t.name], naming, pointing[t.name]) for t in tables]
    relationships = _relationships(links, names, naming)
    metrics = _metrics(made)
    model: dict[str, Any] = {
        "name": identifier(name),
        "description": f"Drafted from the database {name}: read it over before relying on it.",
        "datasets": [dataset_shape(each, naming) for each in made],
    }
    model |= {key: value for key, value in (("relationships", relationships), ("metrics", metrics)) if value}
    notes += key_notes + [link.note for link in links if link.note] + open_ends(tables, links, naming)
    notes += [note for each in made for note in each.notes]
    notes += [
        f"{each.name}.{f.name} is marked sensitive: by its name it holds {f.private}."
        for each in made
        for f in each.fields
        if f.private
    ]
    head = ["A draft of a semantic model in the Apache Ossie format. To read over:", *(f"- {note}" for note in notes)]
    text = yaml_text({"version": "0.2.0.dev0", "semantic_model": [model]}, head)
    return Draft(text, tuple(notes), len(made), len(relationships), len(metrics))


def _described(tables: Sequence[TableFacts]) -> tuple[list[TableFacts], list[str]]:
    notes, kept = [], []
    for table in tables:
        if table.name.lower() in _TOOLS:
            notes.append(f"{table.name} is left out: it is a tool's own table.")
        elif "." in table.name or not table.name.isprintable():
            notes.append(f"{table.name} is left out: a model cannot name such a table.")
        else:
            kept.append(table)
    if not kept:
        raise ModelInvalid(
            "The database has no table that its account can see.", hint="Check the name and the account."
        )
    if len(kept) > MOST_TABLES:
        notes.append(f"Only the first {MOST_TABLES:,} of {len(kept):,} tables are described.")
    return kept[:MOST_TABLES], notes


def _relationships(links: Sequence[Link], names: Mapping[str, str], naming: Naming) -> list[Mapping[str, Any]]:
    """With a role where a dataset is pointed to twice, by itself, or by another word than its own."""
    pairs = Counter((link.source, link.target) for link in links)
    circling = _circling(links)
    made: list[Mapping[str, Any]] = []
    for link in links:
        target, source = naming.one(link.target), naming.one(link.source)
        role = link.words if link.words != target else ""
        needed = pairs[link.source, link.target] > 1 or link.source == link.target or link in circling
        if needed and not role:
            role = f"{source} {target}" if source != target else f"parent {target}"
        taken = [str(each["name"]) for each in made]
        shape: dict[str, Any] = {
            "name": unique_name(identifier(f"{source} {role or target}"), taken),
            "from": names[link.source],
            "to": names[link.target],
            "from_columns": list(link.columns),
            "to_columns": list(link.target_columns),
        }
        if role:
            shape["custom_extensions"] = [{"vendor_name": "NL2SQL", "data": {"role": role}}]
        made.append(shape)
    return made


def _circling(links: Sequence[Link]) -> list[Link]:
    """Links from whose target one comes back to their source."""
    leaving: dict[str, set[str]] = {}
    for link in links:
        leaving.setdefault(link.source, set()).add(link.target)

    def reached(start: str) -> set[str]:
        found, todo = {start}, [start]
        while todo:
            for each in leaving.get(todo.pop(), set()) - found:
                found.add(each)
                todo.append(each)
        return found

    from_each = {name: reached(name) for name in {link.target for link in links}}
    return [link for link in links if link.source in from_each[link.target]]


def _metrics(datasets: Sequence[DatasetDraft]) -> list[Mapping[str, Any]]:
    sums = [(each, f) for each in datasets for f in each.fields if f.purpose == "sum" and not f.private]
    said = Counter(f.words for _, f in sums)
    made: list[Mapping[str, Any]] = []
    for dataset, each in sums:
        what = each.words.removeprefix("total ")
        label = f"total {what}" if said[each.words] == 1 else f"total {dataset.one} {what}"
        data: dict[str, Any] = {"label": label}
        if dataset.time_field:
            data["time_field"] = f"{dataset.name}.{dataset.time_field}"
        data |= {
            key: value for key, value in (("unit", each.unit), ("format", each.format)) if value not in ("", "number")
        }
        data["additive"] = "all_but_time" if "balance" in each.words.split() else True
        expression = f"SUM({dataset.qualified(each.column)})"
        made.append(
            {
                "name": unique_name(identifier(label), [str(m["name"]) for m in made]),
                "expression": {"dialects": [{"dialect": "ANSI_SQL", "expression": expression}]},
                "datatype": str(each.datatype),
                "custom_extensions": [{"vendor_name": "NL2SQL", "data": data}],
            }
        )
    return made
