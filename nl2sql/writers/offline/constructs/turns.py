"""Turns of phrase: the same question in other words, put into those that the readers know.

"GMV by country of the buyer" → "by buyer country"; "for each Fashion subcategory" → "by subcategory in Fashion"; "bids
and active bidders" → "number of bids and active bidders". Nothing is dropped that says something of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, preceding
from nl2sql.writers.offline.language import NEWLY
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    NumberSense,
    RoleSense,
    ValueSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
Turn = Callable[[Chunks, Linked], Chunks]
_NOUNS = (DatasetSense, RoleSense)
_EACH = frozenset("each every per".split())
_PHRASES: dict[tuple[str, str], str] = {
    ("is", ""): "is part of | is a part of | are part of | was part of | were part of | is in | was in",
    ("recent", "min all"): (
        "in the order they came in | in the order in which they came in | in the order they were placed | in the order "
        "in which they were placed | in the order they were made | in the order they were written | in the order they "
        "happened | in chronological order | chronologically | in order of time | in time order | in order of date"
    ),
    ("recent", "max all"): "in reverse chronological order | in reverse order of time | reverse chronologically",
}


def read_turns(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for turn in _TURNS:
        chunks = turn(chunks, question)
    return inner(chunks) if chunks is not question.chunks else None


# -- whose field -----------------------------------------------------------------------------------------------------


def _field_of_role(chunks: Chunks, question: Linked) -> Chunks:
    """ "by country of the buyer" groups by the buyer's country, and not by buyers too."""
    for at, chunk in enumerate(chunks):
        if not chunk.has(FieldSense) or chunk.has(MetricSense, RoleSense, ValueSense, DatasetSense):
            continue
        before = preceding(chunks, at)
        joint = following(chunks, at)
        role = following(chunks, joint)
        if before < 0 or role >= len(chunks) or not chunks[before].word("by") or chunks[joint].words.lower() != "of":
            continue
        relationships = [question.graph.relationships[r.relationship] for r in chunks[role].of(RoleSense)]
        own = tuple(f for f in chunk.of(FieldSense) if any(f.dataset == r.target for r in relationships))
        if own and not chunks[role].has(MetricSense):
            field = replace(chunk, senses=own)
            also, end = _further_role(chunks, role, own, question)
            more = (word("and", "and"), also, field) if also else ()
            return (*chunks[:at], chunks[role], field, *more, *chunks[end:])
    return chunks


def _further_role(
    chunks: Chunks, role: int, fields: tuple[FieldSense, ...], question: Linked
) -> tuple[Chunk | None, int]:
    """ "country of the buyer and of the seller": both countries."""
    joint = following(chunks, role)
    if joint >= len(chunks) or not chunks[joint].word("and"):
        return None, role + 1
    other = following(chunks, joint)
    if other < len(chunks) and chunks[other].words.lower() == "of":
        other = following(chunks, other)
    roles = chunks[other].of(RoleSense) if other < len(chunks) else ()
    if any(question.graph.relationships[r.relationship].target == f.dataset for r in roles for f in fields):
        return chunks[other], other + 1
    return None, role + 1


def _single_field(chunks: Chunks, question: Linked) -> Chunks:
    """ "payments with a fee over 10": a single one is that of each row; the metric of that name adds up many."""
    for at, chunk in enumerate(chunks):
        if not at or not chunk.has(MetricSense) or chunks[at - 1].words.lower() not in ("a", "an"):
            continue
        things = {d.dataset for c in chunks[:at] for d in c.of(DatasetSense)}
        own = tuple(f for f in chunk.of(FieldSense) if f.dataset in things)
        behind = following(chunks, at)
        if own and behind < len(chunks) and _bounds(chunks, behind):
            return (*chunks[:at], replace(chunk, senses=own), *chunks[at + 1 :])
    return chunks


def _bounds(chunks: Chunks, at: int) -> bool:
    if chunks[at].word("preposition") and at + 1 < len(chunks):
        at = following(chunks, at)
    bound = at < len(chunks) and (
        chunks[at].has(NumberSense) or chunks[at].word("compare") or chunks[at].word("between")
    )
    return bool(bound)


# -- groups ----------------------------------------------------------------------------------------------------------


def _each_of_a_kind(chunks: Chunks, question: Linked) -> Chunks:
    """ "each Fashion subcategory" groups by subcategory, and only those in Fashion are meant."""
    if any(c.word("agg") for c in chunks) and any(c.word("count") for c in chunks):
        return chunks  # "average number of bids per German user": one number for all of them
    for at, chunk in enumerate(chunks):
        if not chunk.word("by") or chunk.words.lower().split()[-1] not in _EACH:
            continue
        noun = at + 1
        while noun < len(chunks) and _only_value(chunks[noun]):
            noun += 1
        values = chunks[at + 1 : noun]
        if not values or noun >= len(chunks) or not chunks[noun].has(*_NOUNS) or chunks[noun].has(ValueSense):
            continue
        if any(not _can_be(value, chunks[noun], question) for value in values):
            continue
        said = [joint for value in values for joint in (word("in", "preposition"), value)]
        return (*chunks[:at], word("by", "by"), chunks[noun], *said, *chunks[noun + 1 :])
    return chunks


def _only_value(chunk: Chunk) -> bool:
    return chunk.has(ValueSense) and not chunk.has(DatasetSense, RoleSense, FieldSense, FilterSense, MetricSense)


def _can_be(value: Chunk, noun: Chunk, question: Linked) -> bool:
    targets = {d.dataset for d in noun.of(DatasetSense)}
    targets |= {question.graph.relationships[r.relationship].target for r in noun.of(RoleSense)}
    return any(question.graph.paths(target, v.dataset) for target in targets for v in value.of(ValueSense))


def _ranked_how(chunks: Chunks, question: Linked) -> Chunks:
    """ "how do the categories rank by GMV": "how" says no more than "rank" does."""
    ranked = next((i for i, c in enumerate(chunks) if c.word("ranked")), -1)
    how = next((i for i in range(ranked) if chunks[i].words.lower() == "how"), -1)
    if how < 0 or ranked < 0 or how + 1 >= ranked or chunks[how + 1].words.lower() not in ("do", "does", "did"):
        return chunks
    return (*chunks[:how], *chunks[how + 2 :])


# -- numbers side by side --------------------------------------------------------------------------------------------


def _bare_beside_metric(chunks: Chunks, question: Linked) -> Chunks:
    """ "bids and active bidders per month": beside a number, things are counted."""
    at = 0
    while at < len(chunks) and (is_filler(chunks[at]) or chunks[at].word("list") or chunks[at].words.lower() == "what"):
        at += 1
    start = at
    while at < len(chunks) and chunks[at].has(FilterSense, ValueSense) and not chunks[at].has(*_NOUNS):
        at += 1
    if (
        at + 2 > len(chunks) - 1
        or not chunks[at].has(*_NOUNS)
        or chunks[at].has(MetricSense)
        or not _plural(chunks[at])
    ):
        return chunks
    joint = at + 1
    while joint < len(chunks) and (chunks[joint].word("and") or chunks[joint].word("comma")):
        joint += 1
    number = joint if joint < len(chunks) and not is_filler(chunks[joint]) else following(chunks, joint)
    if joint == at + 1 or number >= len(chunks) or not chunks[number].has(MetricSense, MeasureSense):
        return chunks
    if chunks[number].has(*_NOUNS, FilterSense, FieldSense):
        return chunks
    return (*chunks[:start], word("number of", "count"), *chunks[start:])


def _plural(chunk: Chunk) -> bool:
    last = chunk.words.lower().split()[-1]
    return singular(last) != last or last == "people"


def _newly(chunks: Chunks, question: Linked) -> Chunks:
    """ "new users per month": those added in it, which is what dates them."""
    for at in range(len(chunks) - 1):
        new, noun = chunks[at], chunks[at + 1]
        if new.words.lower() not in NEWLY or not noun.has(DatasetSense) or noun.has(RoleSense):
            continue
        dataset = noun.of(DatasetSense)[0].dataset
        if any(question.graph.paths(dataset, v.dataset) for v in new.of(ValueSense)):
            continue
        dated = bool(question.model.dataset(dataset).time_field)
        if dated and any(c.word("grain") for c in chunks[at + 1 :]) and not _lists(chunks[:at]):
            return (*chunks[:at], *chunks[at + 1 :])
    return chunks


def _lists(before: Chunks) -> bool:
    """ "which new users …", "show the new users …" are rows."""
    asked = [c for c in before if not is_filler(c)]
    return len(asked) == 1 and bool(asked[0].word("list")) and not asked[0].words.lower().startswith(("give", "show"))


# -- lookups ---------------------------------------------------------------------------------------------------------


def _called(chunks: Chunks, question: Linked) -> Chunks:
    """ "what is listing 42 called and what did it go for" → "title and final price of listing 42"."""
    at = next((i for i, c in enumerate(chunks) if c.words.lower() in ("called", "named", "titled")), -1)
    key = preceding(chunks, at) if at > 0 else -1
    if key < 1 or not chunks[key].has(NumberSense) or not chunks[key - 1].has(DatasetSense):
        return chunks
    if any(not (is_filler(c) or c.word("is")) for c in chunks[: key - 1]):
        return chunks
    dataset = chunks[key - 1].of(DatasetSense)[0].dataset
    label = question.model.dataset(dataset).label_field
    rest = [c for c in chunks[at + 1 :] if not (is_filler(c) or c.word("is") or c.word("and") or c.word("comma"))]
    if not label or not all(any(f.dataset == dataset for f in c.of(FieldSense)) for c in rest):
        return chunks
    fields = [Chunk(label, (FieldSense(dataset, label),))]
    for chunk in rest:
        own = tuple(f for f in chunk.of(FieldSense) if f.dataset == dataset)
        fields.append(Chunk(chunk.words, own))
    items = [fields[0]]
    for chunk in fields[1:]:
        items += [word("and", "and"), chunk]
    return (*items, word("of", "preposition"), chunks[key - 1], chunks[key])


_TURNS: tuple[Turn, ...] = (
    _field_of_role,
    _single_field,
    _each_of_a_kind,
    _ranked_how,
    _bare_beside_metric,
    _newly,
    _called,
)

TURNS = Construct("turns of phrase", read_turns, _PHRASES)
