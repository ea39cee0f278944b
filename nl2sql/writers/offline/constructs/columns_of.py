"""Several fields of things: "names and areas of the lakes in Michigan", "title and price of unsold listings".

The rows are listed as if they alone were asked for, and then show what names each and the fields that were said: two
lakes of the same area stay two rows.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Column, FieldRef, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import is_joint
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if fewer := _name_and_number(chunks):
        return inner(fewer)
    start = 0
    while start < len(chunks) and not _is_item(chunks[start]) and _leads(chunks[start]):
        start += 1
    items, end = _items(chunks, start)
    if len(items) < 2 or end >= len(chunks) or chunks[end].words.lower() not in ("of", "of all", "for", "for all"):
        return None
    rest = chunks[end + 1 :]
    rest = rest[1:] if rest and rest[0].word("by") else rest  # "of each lake"
    thing = next((c.of(DatasetSense)[0].dataset for c in rest if c.has(DatasetSense)), "")
    names = [_field(item, thing, question.model) for item in items] if thing else []
    if not names or "" in names or any(c.word("by") for c in rest):
        return None
    plan = inner((word("list", "list"), *rest))
    if plan.measures or plan.dimensions or plan.base != thing:
        return None
    return shown(plan, tuple(names), question.model)


def _name_and_number(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """ "name and average rating for each business": whose each number is stands beside it anyway."""
    at = next((i for i, c in enumerate(chunks) if is_name(c)), len(chunks))
    if at + 2 >= len(chunks) or not chunks[at + 1].word("and") or not all(_leads(c) for c in chunks[:at]):
        return ()
    number = any(chunks[at + 2].word(kind) for kind in ("agg", "count")) or chunks[at + 2].has(MetricSense)
    groups = [i for i, c in enumerate(chunks[:-1]) if i > at and c.word("by") and chunks[i + 1].has(DatasetSense)]
    return chunks[at + 2 :] if number and groups else ()


def is_name(chunk: Chunk) -> bool:
    return singular(chunk.words.lower()) == "name" and not chunk.has(FieldSense)


def shown(plan: QueryPlan, names: tuple[str, ...], model: SemanticModel) -> QueryPlan:
    """The rows with what names them, these fields of theirs, and what they are ordered by."""
    label = model.dataset(plan.base).label_field
    ranked = plan.order.field if plan.order else None
    by = ranked.field if isinstance(ranked, FieldRef) and ranked.dataset == plan.base and not ranked.path else ""
    wanted = dict.fromkeys(name for name in (label, *names, by) if name)
    columns = tuple(Column(name, FieldRef((), plan.base, name)) for name in wanted)
    return replace(plan, columns=columns, distinct=False)


def _leads(chunk: Chunk) -> bool:
    return is_joint(chunk) or bool(chunk.word("list")) or chunk.words.lower() == "what"


def _is_item(chunk: Chunk) -> bool:
    others = (DatasetSense, RoleSense, MetricSense, ValueSense, FilterSense, VerbSense)
    return is_name(chunk) or (chunk.has(FieldSense) and not chunk.has(*others))


def _items(chunks: tuple[Chunk, ...], at: int) -> tuple[list[Chunk], int]:
    """The fields that are listed from there on, and the place behind them."""
    items: list[Chunk] = []
    while at < len(chunks):
        if _is_item(chunks[at]):
            items.append(chunks[at])
        elif not (items and (chunks[at].word("and") or chunks[at].word("comma") or is_filler(chunks[at]))):
            break
        at += 1
    return items, at


def _field(item: Chunk, dataset: str, model: SemanticModel) -> str:
    """The field's name; empty where the dataset has no such field, or several."""
    if is_name(item):
        return model.dataset(dataset).label_field
    fields = [f.field for f in item.of(FieldSense) if f.dataset == dataset]
    return fields[0] if len(fields) == 1 else ""


COLUMNS_OF = Construct("several fields of things", _read)
