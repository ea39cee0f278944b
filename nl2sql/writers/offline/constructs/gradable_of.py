"""Whose the longest, largest or highest thing is, and how long, large or high one thing is: "which country has the
longest river", "how long is the Nile". The model says which number the adjective goes by, as in `gradable`."""

from __future__ import annotations

import re
from dataclasses import replace

from nl2sql.plan.base import Column, Comparison, FieldRef, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.gradable import FORMS, OPPOSITES, extreme_word, field_of
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, MetricSense, RoleSense, ValueSense, is_filler

_HOW = re.compile(r"how (\w+)(?: is| are| was| were)?")


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    spoken = tuple(c for c in question.chunks if not is_filler(c))
    if asked := _how(question, spoken):
        return inner(asked)
    return _whose(question, inner, spoken)


def _how(question: Linked, spoken: tuple[Chunk, ...]) -> tuple[Chunk, ...] | None:
    """ "how long is the Nile" → "length of the Nile"."""
    said = _HOW.fullmatch(spoken[0].words.lower()) if spoken else None
    rest = spoken[1:]
    while rest and rest[0].word("is") and not rest[0].has(ValueSense):
        rest = rest[1:]
    if said is None or said[1] not in OPPOSITES or len(rest) != 1 or not rest[0].has(ValueSense):
        return None
    model = question.model
    named = [v for v in rest[0].of(ValueSense) if v.field == model.dataset(v.dataset).label_field]
    fields = [f for v in named if (f := field_of(model.dataset(v.dataset), (said[1],))) is not None]
    if len(fields) != 1:
        return None
    own = tuple(v for v in named if v.dataset == fields[0].of(FieldSense)[0].dataset)
    return (fields[0], word("of", "preposition"), replace(rest[0], senses=own))


def _whose(question: Linked, inner: Inner, spoken: tuple[Chunk, ...]) -> QueryPlan | None:
    """ "which country has the longest river" → the longest river, and its country beside it."""
    if len(spoken) < 5 or not spoken[0].word("list") or not (spoken[2].word("is") or spoken[2].word("with")):
        return None
    form = FORMS.get(spoken[3].words.lower())
    things = spoken[4].of(DatasetSense)
    if form is None or not form[0] or len(things) != 1 or spoken[1].has(MetricSense, RoleSense, ValueSense):
        return None
    if spoken[4].has(MetricSense, RoleSense) or any(c.word("by") for c in spoken[5:]):
        return None
    dataset = question.model.dataset(things[0].dataset)
    field, owner = field_of(dataset, form[2]), _owner(question, spoken[1], dataset.name)
    if field is None or owner is None:
        return None
    chunks = (spoken[0], *spoken[4:], word("with", "with"), extreme_word(form[1]), field)
    plan = inner(chunks)
    if plan.measures or plan.base != dataset.name or plan.limit != 1:
        return None
    columns = (owner, *(c for c in plan.columns if c.value != owner.value and c.name != owner.name))
    known = Comparison(owner.value, "is not null", ())  # a lake of no state is no state's
    return replace(plan, columns=columns, conditions=(*plan.conditions, known))


def _owner(question: Linked, chunk: Chunk, base: str) -> Column | None:
    """What the thing says itself of whose it is, or the name of the one row that it leads to."""
    own = [f for f in chunk.of(FieldSense) if f.dataset == base]
    if own:
        return Column(own[0].field, FieldRef((), base, own[0].field)) if len(own) == 1 else None
    found = [
        (d.dataset, path) for d in chunk.of(DatasetSense) for path in question.graph.paths(base, d.dataset) if path
    ]
    label = question.model.dataset(found[0][0]).label_field if len(found) == 1 else ""
    return Column(f"{found[0][0]}_{label}", FieldRef(found[0][1], found[0][0], label)) if label else None


GRADABLE_OF = Construct("whose the longest thing is, and how long one is", _read)
