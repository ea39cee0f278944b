"""What is to be shown, said behind a dash or a colon or behind ", with": "reviews of May 2026 – rating, text and date",
"bids on listing 42, with bidder, amount and time".

The rows are read without it. A word that ends the name of one field of theirs is enough to name it ("text" for the
review text), and "time", "date" and "when" are what dates the rows.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nl2sql.catalog.model import Field
from nl2sql.plan.base import Column, Dimension, FieldRef, Order, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import shown_names
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular, tokenize

Chunks = tuple[Chunk, ...]
_MARK = re.compile(r"\s[–—-]\s|:\s|[?.;]\s|,\s+(?:each\s+)?(?:with|showing|show|including)\s|\s(?:showing|including)\s")
_TIMES = frozenset(("time", "date", "when", "moment", "timestamp"))
_MOST = 8  # Longer tails are clauses of their own.


def read_columns_behind(question: Linked, inner: Inner) -> QueryPlan | None:
    if not _MARK.search(question.text):
        return None
    split = _split(question)
    if split is None:
        return None
    head, items = split
    if not any(c.has(DatasetSense, RoleSense, FilterSense) for c in head):
        return None
    try:
        plan = _rows(head, inner)
        if plan.measures:
            return _beside_groups(plan, items, question)
        columns = [_column(plan, item, question) for item in items]
    except NotUnderstood:
        return None  # the plain reader knows further columns
    ranked = plan.order.field if plan.order else None
    own = [Column(ranked.field, ranked)] if isinstance(ranked, FieldRef) and not ranked.path and plan.limit else []
    wanted = {column.value: column for column in (*columns, *own)}
    names = [column.name for column in wanted.values()]
    if len(set(names)) != len(names):
        raise NotUnderstood("Two of these columns would be called the same.")
    order = plan.order if isinstance(plan.order, Order) else None
    return replace(plan, columns=tuple(wanted.values()), distinct=False, order=order)


def _rows(head: Chunks, inner: Inner) -> QueryPlan:
    """ "payments: amount, method" lists them, as "list payments" does."""
    try:
        return inner(head)
    except NotUnderstood:
        if any(c.word("list") or c.word("count") for c in head):
            raise
        return inner((word("list", "list"), *head))


def _split(question: Linked) -> tuple[Chunks, list[Chunks]] | None:
    """The question before the last mark, and the items behind it; None where those are no columns."""
    for mark in reversed(list(_MARK.finditer(question.text))):
        behind = " ".join(token.text for token in tokenize(question.text[mark.end() :]))
        start = _place(question.chunks, behind)
        if start <= 0:
            continue
        items = _items(question.chunks[start:])
        if items is None:
            continue
        head = question.chunks[:start]
        while head and (head[-1].word("comma") or head[-1].word("with") or is_filler(head[-1]) or _shows(head[-1])):
            head = head[:-1]
        return head, items
    return None


def _shows(chunk: Chunk) -> bool:
    return chunk.words.lower() in ("show", "showing", "including", "each")


def _place(chunks: Chunks, behind: str) -> int:
    """The chunk with which the words begin that the question ends with; 0 where none does."""
    for at in range(len(chunks) - 1, 0, -1):
        words = " ".join(c.words for c in chunks[at:])
        if words == behind:
            return at
        if len(words) > len(behind):
            return 0
    return 0


def _items(tail: Chunks) -> list[Chunks] | None:
    """Between commas and "and"; None where something is said in them that is no name of a column."""
    items: list[Chunks] = []
    current: list[Chunk] = []
    for chunk in (*tail, None):
        if chunk is None or chunk.word("comma") or chunk.word("and"):
            if current:
                items.append(tuple(current))
            current = []
        elif (
            chunk.has(NumberSense, PeriodSense, FilterSense)
            or chunk.word("by")
            or chunk.word("not")
            or chunk.word("compare")
            or chunk.word("extreme")
            or chunk.word("is")
            or (chunk.word("list") and not _says_name(chunk))
        ):
            return None
        elif not is_filler(chunk):
            current.append(chunk)
    alone = len(items) == 1 and not (items[0][0].has(FieldSense, RoleSense) and len(items[0]) == 1)
    return None if not items or len(items) > _MOST or alone or not all(map(_is_item, items)) else items


def _says_name(chunk: Chunk) -> bool:
    return singular(chunk.words.lower()) == "name"


def _is_item(item: Chunks) -> bool:
    """One word, a role before a field, or a number of things."""
    first = item[0]
    if first.word("count") or first.word("agg"):
        return len(item) > 1
    if len(item) == 1:
        return not first.has(ValueSense)
    return len(item) == 2 and (first.has(RoleSense, DatasetSense) or _says_name(item[-1]))


def _column(plan: QueryPlan, item: Chunks, question: Linked) -> Column:
    model, graph, first = question.model, question.graph, item[0]
    dataset = model.dataset(plan.base)
    words = " ".join(chunk.words for chunk in item)
    for role in first.of(RoleSense):
        relationship = graph.relationships[role.relationship]
        if relationship.source != plan.base:
            continue
        target = model.dataset(relationship.target)
        field = _own(target.name, item[1:], question) if len(item) > 1 else target.label_field
        if field and not relationship.condition:
            name = relationship.role if len(item) == 1 else f"{relationship.role} {field}"
            return Column(name.replace(" ", "_"), FieldRef((relationship.name,), target.name, field))
    if _says_name(item[-1]) and dataset.label_field:
        return Column(dataset.label_field, FieldRef((), plan.base, dataset.label_field))
    field = _own(plan.base, item, question)
    if field:
        return Column(field, FieldRef((), plan.base, field))
    things = [d.dataset for d in first.of(DatasetSense)] if len(item) == 1 else []
    for thing in things:
        paths = graph.paths(plan.base, thing)
        label = model.dataset(thing).label_field
        if len(paths) == 1 and paths[0] and label:
            return Column(first.words.lower().replace(" ", "_"), FieldRef(tuple(paths[0]), thing, label))
    raise NotUnderstood(f"I cannot show “{words}” beside the rest.", (words,))


def _own(dataset: str, item: Chunks, question: Linked) -> str:
    """The one field of the dataset that the words name; empty where none or several are named."""
    model = question.model.dataset(dataset)
    if len(item) != 1:
        return ""
    said = singular(item[0].words.lower())
    found = [f.field for f in item[0].of(FieldSense) if f.dataset == dataset]
    if len(found) > 1:
        said_so = [name for name in found if said in (name, model.field(name).label.lower())]
        found = said_so or found
    if not found and said in _TIMES and model.time_field:
        found = [model.time_field]
    if not found:
        found = [f.name for f in model.fields if _ends_with(f, said)]
    visible = [name for name in found if not model.field(name).sensitive]
    return visible[0] if len(visible) == 1 == len(found) else ""


def _ends_with(field: Field, said: str) -> bool:
    return any(name.lower().split()[-1:] == [said] for name in (field.label, field.name.replace("_", " ")) if name)


def _beside_groups(plan: QueryPlan, items: list[Chunks], question: Linked) -> QueryPlan:
    """Groups show what they show anyway, and further fields of the one thing that each group is."""
    numbers, groups, more = shown_names(plan), list(plan.dimensions), list[Dimension]()
    for item in items:
        words = " ".join(chunk.words for chunk in item)
        group = next((d for d in groups if _is_group(d.field, item, question)), None)
        number = _number(plan, numbers, item)
        if group is not None:
            groups.remove(group)
        elif number:
            numbers.remove(number)
        elif further := _of_the_thing(plan, item, question):
            more.append(further)
        else:
            raise NotUnderstood(f"I cannot show “{words}” beside the rest.", (words,))
    return replace(plan, dimensions=(*plan.dimensions, *more))


def _number(plan: QueryPlan, numbers: list[str], item: Chunks) -> str:
    metrics = {m.metric for c in item for m in c.of(MetricSense)}
    if found := next((m.name for m in plan.measures if m.name in numbers and m.metric and m.metric in metrics), ""):
        return found
    if item[0].word("count"):
        counts = [m.name for m in plan.measures if m.kind in ("count", "distinct") and m.name in numbers]
        return next((name for name in counts if _counts(name, item)), "")
    said = singular(item[-1].words.lower().split()[-1])
    ending = [name for name in numbers if singular(name.split("_")[-1]) == said]
    return ending[0] if len(ending) == 1 and len(item) == 1 else ""


def _of_the_thing(plan: QueryPlan, item: Chunks, question: Linked) -> Dimension | None:
    """ "top 10 sellers – username and country": what else is known of each, which makes no further groups."""
    things = [d for d in plan.dimensions if d.entity and isinstance(d.field, FieldRef)]
    if len(things) != 1 or len(plan.dimensions) != 1 or plan.beside or plan.derived or plan.within or plan.fold:
        return None
    ref = things[0].field
    if not isinstance(ref, FieldRef) or any(c.has(MetricSense) for c in item):
        return None
    field = _own(ref.dataset, item, question)
    return Dimension(field, FieldRef(ref.path, ref.dataset, field)) if field and field != ref.field else None


def _is_group(ref: object, item: Chunks, question: Linked) -> bool:
    if not isinstance(ref, FieldRef) or item[0].word("count") or (len(item) > 1 and not _says_name(item[-1])):
        return False
    named = {(f.dataset, f.field) for c in item for f in c.of(FieldSense)}
    things = {d.dataset for c in item for d in c.of(DatasetSense)}
    things |= {question.graph.relationships[r.relationship].target for c in item for r in c.of(RoleSense)}
    label = question.model.dataset(ref.dataset).label_field
    return (ref.dataset, ref.field) in named or ((ref.dataset in things or _says_name(item[-1])) and ref.field == label)


def _counts(name: str, item: Chunks) -> bool:
    spoken = [singular(word) for chunk in item[1:] for word in chunk.words.lower().split()]
    return all(word in [singular(part) for part in name.split("_")] for word in spoken)


COLUMNS_BEHIND = Construct("columns, said behind", read_columns_behind)
