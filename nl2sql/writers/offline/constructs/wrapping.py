"""What stands around a question: "Get …", "… Order the results by the region name", "…, ordered from largest to
smallest", "… Return the city name and the population".

The question inside is read by itself; then its rows are put in that order, or show what was asked for besides.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Dimension, FieldRef, Measure, Order, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.columns_of import is_name, shown
from nl2sql.writers.offline.constructs.gradable import direction_of
from nl2sql.writers.offline.constructs.pieces import is_joint, places
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, MetricSense, RoleSense

# "order by" is left out: in "orders by town" it is a thing that is counted.
_BY = " | ".join(
    f"{verb} {what} by" for verb in ("order", "sort", "arrange") for what in ("the result", "result", "them")
)
_PHRASES = {
    ("order the rows", ""): f"{_BY} | rank the result by",
    ("order", "desc"): "in descending order | descending order | in decreasing order | from most to least",
    # Verbs that only say that there is something: "orders that were placed", "customers who made a purchase".
    ("filler", ""): "made | making | placed | placing | posted | written",
    ("range", ""): "starting from",
    ("count", ""): "total count of | overall count of",
    ("alphabetical", ""): " | ".join(f"{said}alphabetically" for said in ("", "ordered ", "sorted ", "arranged "))
    + " | in alphabetical order | ordered in alphabetical order | sorted in alphabetical order",
    ("order", "asc"): "in ascending order | ascending order | in increasing order | from least to most",
}
_SORTED = ("ordered", "sorted", "ranked", "arranged", "starting", "listed", "in order")
_SHOW = re.compile(r"[.?!]\s+(return|give|show|include|display|provide|list)\b", re.IGNORECASE)
_DEFAULT_TOP = re.compile(r"Top \d+, as no number was given\.")


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if chunks and chunks[0].words.lower() == "get" and not chunks[0].senses:
        return inner((word("get", "list"), *chunks[1:]))
    show = _SHOW.search(question.text)
    begins = [i for i, c in enumerate(chunks) if i and show and c.words.lower().split()[0] == show[1].lower()]
    if begins:
        asked = inner(chunks[: begins[-1]])
        if any(d.entity for d in asked.dimensions):
            return None  # the rows of things, whose fields the plain reader shows
        return _showing(asked, chunks[begins[-1] + 1 :], question.model, inner)
    if marks := places(chunks, "order the rows"):
        direction = _direction(chunks[marks[0] + 1 :])
        key = tuple(c for c in chunks[marks[0] + 1 :] if not c.word("order"))
        return _ordered(inner(chunks[: marks[0]]), key, direction, question.model)
    if marks := places(chunks, "alphabetical"):
        return _from_a_to_z(inner(_trimmed(chunks[: marks[0]]) + chunks[marks[0] + 1 :]), question.model)
    if (marks := places(chunks, "sort")) and (plan := _sorted_by(question, inner, marks[-1])):
        return plan
    if found := _from_to(chunks):
        start, direction, key = found
        return _ordered(_in_full(inner(chunks[:start])), key, direction, question.model)
    return None


def _sorted_by(question: Linked, inner: Inner, at: int) -> QueryPlan | None:
    """ "number of huts by meal, ordered by the number of huts"; lists are ordered by the plain reader."""
    tail = question.chunks[at + 1 :]
    key = tuple(c for c in tail if not c.word("order"))
    try:
        plan = inner(_trimmed(question.chunks[:at]))
        if plan.measures and plan.dimensions and key:
            return _ordered(plan, key, _direction(tail), question.model)
    except (NotUnderstood, SeveralReadings):
        pass
    return None


def _trimmed(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    while chunks and chunks[-1].word("comma"):
        chunks = chunks[:-1]
    return chunks


def _from_a_to_z(plan: QueryPlan, model: SemanticModel) -> QueryPlan:
    """By what names the rows, or the groups."""
    if plan.limit is not None:
        raise NotUnderstood("I cannot choose rows by one thing and order them by another.")
    named = [d.name for d in plan.dimensions if isinstance(d.field, FieldRef) and not d.grain]
    label = model.dataset(plan.base).label_field
    if plan.measures and named:
        return replace(plan, order=Order(False, column=named[0]))
    if plan.measures or not label:
        raise NotUnderstood("I could not tell by what to order.")
    return replace(plan, order=Order(False, FieldRef((), plan.base, label)))


def _direction(chunks: tuple[Chunk, ...]) -> str:
    return next((said.argument for c in chunks if (said := c.word("order"))), "")


def _from_to(chunks: tuple[Chunk, ...]) -> tuple[int, str, tuple[Chunk, ...]] | None:
    """ "…, ordered from the highest to the lowest altitude" at the end: where it begins, the direction, the field."""
    start = next((i for i, c in enumerate(chunks) if i and "from" in c.words.lower().split()), 0)
    tail = chunks[start:]
    said = [_superlative(c) for c in tail]
    ends = [d for d in said if d]
    direction = _direction(tail) or ("desc" if ends[:1] == ["max"] else "asc")
    whole = bool(tail) and (tail[0].word("order") is not None or (len(ends) == 2 and ends[0] != ends[1]))
    key = tuple(c for c, d in list(zip(tail, said, strict=True))[1:] if not d and not is_joint(c))
    if not start or not whole or not all(c.has(FieldSense) for c in key):
        return None
    while start > 1 and (chunks[start - 1].words.lower() in _SORTED or chunks[start - 1].word("comma")):
        start -= 1
    return start, direction, key[:1]


def _superlative(chunk: Chunk) -> str:
    if chunk.has(FieldSense, DatasetSense):
        return ""
    extreme = chunk.word("extreme") or chunk.word("most")
    return direction_of(chunk.words) or (extreme.argument if extreme else "")


# -- order -----------------------------------------------------------------------------------------------------------


def _ordered(plan: QueryPlan, key: tuple[Chunk, ...], direction: str, model: SemanticModel) -> QueryPlan:
    """Raises NotUnderstood for a key that is no column, and where the first rows would be others in that order."""
    said = tuple(c for c in key if not is_joint(c) and not is_name(c))
    if said:
        order = _by(plan, said, model)
    elif plan.order is not None:
        order = plan.order
    elif plan.measures and plan.dimensions:
        order = Order(True)
    elif not plan.measures and model.dataset(plan.base).amount_field:
        order = Order(True, FieldRef((), plan.base, model.dataset(plan.base).amount_field))
    else:
        raise NotUnderstood("I could not tell by what to order.")
    if direction:
        order = replace(order, descending=direction == "desc")
    if plan.limit is not None and order != plan.order:
        raise NotUnderstood("I cannot choose rows by one thing and order them by another.")
    if (
        order.field is not None
        and isinstance(order.field, FieldRef)
        and order.field not in {c.value for c in plan.columns}
    ):
        names = tuple(c.value.field for c in plan.columns if isinstance(c.value, FieldRef) and not c.value.path)
        plan = shown(replace(plan, order=order), names, model)
    return replace(plan, order=order)


def _in_full(plan: QueryPlan) -> QueryPlan:
    """ "from the longest to the shortest" asks for all of them: a number of rows that nobody said goes."""
    notes = tuple(note for note in plan.assumptions if not _DEFAULT_TOP.fullmatch(note))
    return plan if notes == plan.assumptions else replace(plan, limit=None, assumptions=notes)


def _by(plan: QueryPlan, key: tuple[Chunk, ...], model: SemanticModel) -> Order:
    """A number is ordered from the highest down, a name from A to Z."""
    found: list[Order] = [Order(False, column=d.name) for d in plan.dimensions if _is_dimension(d, key)]
    found += [Order(True, column=m.name) for m in plan.measures if not m.hidden and _is_measure(m, plan.base, key)]
    if not plan.measures:
        own = [f.field for c in key for f in c.of(FieldSense) if f.dataset == plan.base]
        datatypes = {name: model.dataset(plan.base).field(name).datatype for name in own}
        found += [Order(datatypes[name].is_number, FieldRef((), plan.base, name)) for name in dict.fromkeys(own)]
    if len(found) != 1:
        words = " ".join(chunk.words for chunk in key)
        raise NotUnderstood(f"I could not tell which column “{words}” is, to order by it.", (words,))
    return found[0]


def _is_dimension(dimension: Dimension, key: tuple[Chunk, ...]) -> bool:
    ref = dimension.field
    if not isinstance(ref, FieldRef) or any(c.word("count") or c.word("agg") for c in key):
        return False
    senses = {s for c in key for s in (*c.of(FieldSense), *c.of(DatasetSense))}
    named = FieldSense(ref.dataset, ref.field) in senses
    return named or (dimension.entity and DatasetSense(ref.dataset) in senses)


def _is_measure(measure: Measure, base: str, key: tuple[Chunk, ...]) -> bool:
    if measure.kind in ("count", "distinct"):
        counted = measure.field.dataset if isinstance(measure.field, FieldRef) else base
        others = any(d.dataset != counted for c in key for d in c.of(DatasetSense)) or any(
            c.has(RoleSense) for c in key
        )
        return not others and any(c.word("count") or c.words.lower() in ("count", "counts") for c in key)
    if measure.metric:
        return any(m.metric == measure.metric for c in key for m in c.of(MetricSense))
    ref = measure.field
    functions = {found.argument for c in key for kind in ("agg", "extreme") if (found := c.word(kind))}
    if functions and measure.function not in functions:
        return False
    return isinstance(ref, FieldRef) and any(FieldSense(ref.dataset, ref.field) in c.of(FieldSense) for c in key)


# -- columns ---------------------------------------------------------------------------------------------------------


def _showing(plan: QueryPlan, tail: tuple[Chunk, ...], model: SemanticModel, inner: Inner) -> QueryPlan:
    """Raises NotUnderstood for what is no column of the answer and cannot be made one."""
    names: list[str] = []
    for item in _listed(tail):
        own = [f.field for c in item for f in c.of(FieldSense) if f.dataset == plan.base]
        label = model.dataset(plan.base).label_field
        if plan.measures:
            plan = _with_measure(plan, item, inner)
        elif len(item) == 1 and is_name(item[0]) and label:
            names.append(label)
        elif len(own) == 1 and all(c.has(FieldSense) or is_name(c) for c in item):
            names.append(own[0])
        else:
            raise _cannot_show(item)
    return shown(plan, tuple(names), model) if names else plan


def _listed(tail: tuple[Chunk, ...]) -> list[tuple[Chunk, ...]]:
    """The things between commas and "and", without the words that only join."""
    items: list[list[Chunk]] = [[]]
    for chunk in tail:
        if chunk.word("and") or chunk.word("comma"):
            items.append([])
        elif not is_joint(chunk) and not chunk.word("both"):
            items[-1].append(chunk)
    return [tuple(item) for item in items if item]


def _with_measure(plan: QueryPlan, item: tuple[Chunk, ...], inner: Inner) -> QueryPlan:
    """The plan itself where it has the column already, else with one more number over the same rows."""
    said = tuple(c for c in item if not is_name(c))
    if not said or any(_is_dimension(d, said) for d in plan.dimensions):
        return plan
    if any(_is_measure(m, plan.base, said) for m in plan.measures if not m.hidden):
        return plan
    if not any(c.word("agg") or c.word("extreme") or c.word("count") or c.has(MetricSense) for c in said):
        raise _cannot_show(item)  # one value for each group: which one is not said
    try:
        other = inner(said)
    except SeveralReadings as error:
        raise _cannot_show(item) from error
    plain = replace(other, measures=(), assumptions=()) == QueryPlan(plan.base)
    taken = {m.name for m in plan.measures} | {d.name for d in plan.dimensions}
    if not plain or len(other.measures) != 1 or other.measures[0].name in taken or plan.fold or plan.beside:
        raise _cannot_show(item)
    return replace(plan, measures=(*plan.measures, *other.measures))


def _cannot_show(item: tuple[Chunk, ...]) -> NotUnderstood:
    words = " ".join(chunk.words for chunk in item)
    return NotUnderstood(f"I cannot show “{words}” beside the rest.", (words,))


WRAPPING = Construct("what stands around a question", _read, _PHRASES)
