"""A value beside the word for what it is: "Italian food", "the city of New York", "Mississippi River".

The word says which field the value belongs to, and then nothing more: it is taken out, and of the value's senses only
those of that field stay. "serving each type of food" says a field twice: once is enough.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import following, preceding
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks, index = question.chunks, 0
    while index < len(chunks):
        fewer = _taken(chunks, index, question.model)
        index = index + 1 if fewer is None else max(index - 1, 0)
        chunks = chunks if fewer is None else fewer
    return inner(chunks) if chunks != question.chunks else None


def _taken(chunks: tuple[Chunk, ...], index: int, model: SemanticModel) -> tuple[Chunk, ...] | None:
    """The chunks without the naming word at `index`, the value beside it narrowed; None where it names no value."""
    chunk = chunks[index]
    if not chunk.has(FieldSense, DatasetSense) or chunk.has(MetricSense, RoleSense, FilterSense, ValueSense):
        return None
    others = (i for i, each in enumerate(chunks) if each.has(DatasetSense, RoleSense, MetricSense, FieldSense))
    if not any(i != index for i in others):
        return None  # it is what is asked for
    if _said_twice(chunks, index):
        return chunks[:index] + chunks[index + 1 :]
    for place in (index - 1, _behind(chunks, index)):
        if 0 <= place < len(chunks) and (narrowed := _narrowed(chunks[place], chunk, model)):
            joints = set(range(index, place)) if place > index else {index}
            return tuple(narrowed if i == place else c for i, c in enumerate(chunks) if i not in joints)
    return None


def _said_twice(chunks: tuple[Chunk, ...], index: int) -> bool:
    """ "serving each type of food": the same field again behind "each"."""
    by = following(chunks, index)
    again = following(chunks, by)
    if again >= len(chunks) or not chunks[by].word("by") or chunks[index].has(DatasetSense):
        return False
    return bool(set(chunks[index].of(FieldSense)) & set(chunks[again].of(FieldSense)))


def _behind(chunks: tuple[Chunk, ...], index: int) -> int:
    """The place of what the word introduces: "the city of New York", "serve Italian food"; −1 where "by", "with" or a
    negation before it says something else."""
    before = preceding(chunks, index)
    if before >= 0 and any(chunks[before].word(kind) for kind in ("by", "with", "not", "count", "distinct", "sort")):
        return -1
    place = index + 1
    while place < len(chunks) and (is_filler(chunks[place]) or chunks[place].words.lower() == "of"):
        place += 1
    return place


def _narrowed(value: Chunk, named: Chunk, model: SemanticModel) -> Chunk | None:
    fields = set(named.of(FieldSense))
    if len({v.dataset for v in value.of(ValueSense)}) > 1:  # "the state New York"
        fields |= {FieldSense(d.dataset, model.dataset(d.dataset).label_field) for d in named.of(DatasetSense)}
    fitting = tuple(v for v in value.of(ValueSense) if FieldSense(v.dataset, v.field) in fields)
    if not fitting or value.has(DatasetSense, FieldSense, FilterSense):
        return None
    things = {d.dataset for d in named.of(DatasetSense)}
    plural = singular(named.words.lower()) != named.words.lower()
    if things and (plural or not any(v.field == model.dataset(v.dataset).label_field for v in fitting)):
        return None  # "Italian restaurants": what is asked for
    return replace(value, senses=fitting)


APPOSITION = Construct("a value beside the word for what it is", _read)
