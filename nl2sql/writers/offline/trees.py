"""Trees: "listings under Electronics", "Electronics and everything below it", "Electronics and its subcategories".

Where a relationship leads from a dataset to itself, what lies below a row is a condition of its own. Where the levels
of a tree are datasets over one table, a row is reached from below anyway: the words add nothing.
"""

from __future__ import annotations

from nl2sql.catalog.model import Relationship, SemanticModel
from nl2sql.plan.base import Condition, Under
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FieldSense,
    NumberSense,
    Placer,
    ValueSense,
    WordSense,
)

_BELOW = ("under", "below", "beneath")


def trees(chunks: tuple[Chunk, ...], model: SemanticModel) -> tuple[Chunk, ...]:
    read: list[Chunk] = []
    at = 0
    while at < len(chunks):
        value, start = _value(chunks, at)
        end = _and_all_below(chunks, start, value, model) if value is not None else start
        below = at != start - 1
        if value is None or (end == start and not below):
            read.append(chunks[at])
            at += 1
            continue
        parent = _parent(value, model)
        words = " ".join(c.words for c in chunks[at:end])
        if parent is not None:
            read.append(_under(value, parent, words))
        else:
            read += [Chunk("in", (WordSense("preposition"),)), value] if below else [value]
        at = end
    return tuple(read)


def _value(chunks: tuple[Chunk, ...], at: int) -> tuple[Chunk | None, int]:
    """A name at this place, perhaps behind "under", and the index behind it."""
    if chunks[at].words.lower() in _BELOW:
        at += 1
    found = at < len(chunks) and chunks[at].has(ValueSense) and not chunks[at].has(DatasetSense, NumberSense)
    return (chunks[at], at + 1) if found else (None, at + 1)


def _and_all_below(chunks: tuple[Chunk, ...], at: int, value: Chunk | None, model: SemanticModel) -> int:
    """The index behind "and everything under it", "and all its subcategories"; the same where it is not said."""
    if value is None or at >= len(chunks):
        return at
    if chunks[at].word("below"):
        return at + 1
    kinds = {s.dataset for s in value.of(ValueSense)}
    if not (chunks[at].word("and") or chunks[at].word("with")) or len(kinds) != 1:
        return at
    end, owned = at + 1, False
    while end < len(chunks) and chunks[end].words.lower() in ("all", "its", "of", "the", "their"):
        owned = owned or chunks[end].words.lower() in ("its", "their")
        end += 1
    named = chunks[end].of(DatasetSense) if end < len(chunks) else ()
    return end + 1 if named and owned and _is_lower(named[0].dataset, kinds.pop(), model) else at


def _is_lower(below: str, above: str, model: SemanticModel) -> bool:
    steps = [r for r in model.relationships if r.source == below and r.target == above]
    return bool(steps) and model.dataset(below).table == model.dataset(above).table


def _parent(value: Chunk, model: SemanticModel) -> Relationship | None:
    named = {s.dataset for s in value.of(ValueSense)}
    found = [r for r in model.relationships if r.is_self and r.source in named]
    return found[0] if len(found) == 1 and len(named) == 1 else None


def _under(value: Chunk, parent: Relationship, words: str) -> Chunk:
    sense = value.of(ValueSense)[0]

    def bind(placer: Placer, scope: Scope) -> list[Condition]:
        ref = placer.place((FieldSense(sense.dataset, sense.field),), scope, words)
        return [Under(ref.path, sense.dataset, parent.name, sense.field, sense.value)]

    return Chunk(words, (ConditionSense(bind),))
