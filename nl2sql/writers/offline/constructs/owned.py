"""Whose field a word names, where several datasets have one of that name.

"population of California": California is the name of one state, so it is the state's population and not that of its
cities. "lakes by state": lakes say themselves in which state they are, so that no lake is lost whose state has no row.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.names import singular
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.columns_of import is_name
from nl2sql.writers.offline.constructs.pieces import following, preceding
from nl2sql.writers.offline.frame import SeveralReadings
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, MetricSense, RoleSense, ValueSense

_OF = ("of", "for", "in")


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for index in range(len(chunks)):
        chunks = _of_what_is_named(chunks, index, question)
        chunks = _own_group(chunks, index)
        chunks = _named(chunks, index, question.model)
        chunks = _within(chunks, index, question.model)
    return inner(chunks) if chunks != question.chunks else None


def _of_what_is_named(chunks: tuple[Chunk, ...], index: int, question: Linked) -> tuple[Chunk, ...]:
    """Raises SeveralReadings where several things of that name have such a field."""
    model = question.model
    fields = chunks[index].of(FieldSense)
    if len({f.dataset for f in fields}) < 2 or chunks[index].has(DatasetSense, MetricSense, RoleSense, ValueSense):
        return chunks
    place = following(chunks, index)
    if place < len(chunks) and chunks[place].words.lower() in _OF:
        place = following(chunks, place)
    if place >= len(chunks) or not chunks[place].has(ValueSense):
        return chunks
    names = [
        v
        for v in chunks[place].of(ValueSense)
        if v.field == model.dataset(v.dataset).label_field and v.dataset in {f.dataset for f in fields}
    ]
    if not names or any(c.has(DatasetSense) for c in chunks):
        return chunks
    if len({v.dataset for v in names}) > 1:
        raise _which(question, chunks[place].words, names)
    own = tuple(f for f in fields if f.dataset == names[0].dataset)
    changed = {index: replace(chunks[index], senses=own), place: replace(chunks[place], senses=tuple(names))}
    return tuple(changed.get(i, chunk) for i, chunk in enumerate(chunks))


def _named(chunks: tuple[Chunk, ...], index: int, model: SemanticModel) -> tuple[Chunk, ...]:
    """ "lakes whose name starts with …": the name of a thing is the field that the model labels it by."""
    if not is_name(chunks[index]) or not any(c.word("text") for c in chunks[index + 1 : index + 4]):
        return chunks
    things = [d.dataset for c in chunks[:index] for d in c.of(DatasetSense)]
    label = model.dataset(things[-1]).label_field if things else ""
    if not label:
        return chunks
    return tuple(replace(c, senses=(FieldSense(things[-1], label),)) if i == index else c for i, c in enumerate(chunks))


def _within(chunks: tuple[Chunk, ...], index: int, model: SemanticModel) -> tuple[Chunk, ...]:
    """ "cities in New York": no city lies in itself, so that it is the state."""
    place = preceding(chunks, index)
    thing = preceding(chunks, place) if place > 0 else -1
    if thing < 0 or chunks[place].words.lower() not in ("in", "within", "inside"):
        return chunks
    labels = {(d.dataset, model.dataset(d.dataset).label_field) for d in chunks[thing].of(DatasetSense)}
    senses = tuple(
        s for s in chunks[index].senses if not (isinstance(s, ValueSense) and (s.dataset, s.field) in labels)
    )
    if senses == chunks[index].senses or not any(isinstance(s, ValueSense) for s in senses):
        return chunks
    return tuple(replace(c, senses=senses) if i == index else c for i, c in enumerate(chunks))


def _which(question: Linked, words: str, names: list[ValueSense]) -> SeveralReadings:
    datasets = (question.model.dataset(name.dataset) for name in names)
    things = [singular(d.label or d.name.replace("_", " ")) for d in dict.fromkeys(datasets)]
    choices = tuple(question.text.replace(words, f"the {thing} {words}") for thing in things)
    return SeveralReadings(f"“{words}” is the name of a {' and of a '.join(things)}. Which one?", choices)


def _own_group(chunks: tuple[Chunk, ...], index: int) -> tuple[Chunk, ...]:
    """The word behind "by" is a dataset, and a field of the one thing that is counted: it is that field."""
    before = preceding(chunks, index)
    both = chunks[index].has(DatasetSense) and chunks[index].has(FieldSense)
    if not both or before < 0 or not chunks[before].word("by"):
        return chunks
    others = {d.dataset for i, c in enumerate(chunks) if i != index for d in c.of(DatasetSense)}
    own = tuple(f for f in chunks[index].of(FieldSense) if f.dataset in others)
    if len(own) != 1 or len(others) != 1:
        return chunks
    return tuple(replace(c, senses=own) if i == index else c for i, c in enumerate(chunks))


OWNED = Construct("whose field a word names", _read)
