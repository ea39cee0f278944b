"""Things named one by one: "how many sellers and buyers in the US, in Germany and in France" asks for each; "listing
42: what did it sell for and how many bids did it get" asks all of one row; "When do people bid? Bids for each hour"
asks once."""

from __future__ import annotations

from nl2sql.plan.base import Part, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import preceding, said
from nl2sql.writers.offline.constructs.spans import sentences, spans
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    ValueSense,
    VerbSense,
    WordSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_LEAST = 2  # One value behind its preposition is no list.


def read_listed_each(question: Linked, inner: Inner) -> QueryPlan | None:
    found = _places(question.chunks) or _of_it(question.chunks)
    if found is not None:
        plan = inner(found)
        question.settle(found)
        return plan
    return _asked_once(question, inner)


def _places(chunks: Chunks) -> Chunks | None:
    """ "in the US, in Germany and in France": one number for each, as the preposition is said for each."""
    marks = [i for i, c in enumerate(chunks) if c.has(ValueSense) and _led(chunks, i)]
    if len(marks) < _LEAST or any(said(c, "by", "or", "share", "list") for c in chunks):
        return None
    if not any(said(c, "count") or c.has(MetricSense) for c in chunks):
        return None
    fields = [{(v.dataset, v.field) for v in chunks[i].of(ValueSense)} for i in marks]
    common = set.intersection(*fields)
    leads = {chunks[preceding(chunks, i)].words.lower() for i in marks}
    begin = preceding(chunks, marks[0])
    between = [c for i, c in enumerate(chunks[begin : marks[-1] + 1], begin) if i not in marks]
    plain = all(is_filler(c) or c.word("preposition") or c.word("comma") or c.word("and") for c in between)
    if len(common) != 1 or len(leads) != 1 or not plain or not any(c.word("and") for c in between):
        return None
    dataset, field = common.pop()
    by = (word("by", "by"), Chunk(field.replace("_", " "), (FieldSense(dataset, field),)))
    values: list[Chunk] = []
    for place in marks:
        values += [word(",", "comma"), chunks[place]] if values and place != marks[-1] else [chunks[place]]
    values.insert(len(values) - 1, word("and", "and"))
    return (*chunks[:begin], *by, chunks[begin], *values, *chunks[marks[-1] + 1 :])


def _led(chunks: Chunks, at: int) -> bool:
    before = preceding(chunks, at)
    return before >= 0 and said(chunks[before], "preposition") is not None


def _of_it(chunks: Chunks) -> Chunks | None:
    """ "listing 42: what did it sell for and how many bids did it get": of listing 42."""
    if len(chunks) < 6 or not chunks[0].has(DatasetSense) or not chunks[1].has(NumberSense):
        return None
    its = [i for i, c in enumerate(chunks) if c.words.lower() == "it" and is_filler(c)]
    rest = [c for i, c in enumerate(chunks[2:], 2) if i not in its and not _says_little(c)]
    asks = any(said(c, "and", "comma") for c in rest)
    others = (PeriodSense, NumberSense, ValueSense, FilterSense)
    if not its or not asks or any(c.has(*others) or said(c, "by", "not") for c in rest):
        return None
    while rest and rest[0].word("comma"):
        del rest[0]
    return (*rest, word("of", "preposition"), chunks[0], chunks[1])


def _says_little(chunk: Chunk) -> bool:
    if is_filler(chunk) or (chunk.word("is") and not chunk.has(FilterSense, FieldSense)):
        return True
    light = chunk.words.lower() in ("get", "got", "have", "had", "receive", "received", "attract", "attracted")
    return light and chunk.has(VerbSense)


def _asked_once(question: Linked, inner: Inner) -> QueryPlan | None:
    """ "When during the day do people bid? Number of bids for each hour": the second says how to answer the first. Only
    where the first names nothing that the second does not show, and a part of the day or week is asked for."""
    if "? " not in question.text or not any(c.word("daypart") for c in question.chunks):
        return None
    places = spans(question)
    parts = sentences(question, places) if places else []
    if len(parts) != _LEAST:
        return None
    days = any(c.word("days") for c in parts[0]) and any(_is_weekday(c) for c in parts[1])  # "Is Sunday the best day?"
    if any(_narrows(c, days=days) for c in parts[0]):
        return None
    try:
        plan = inner(parts[1])
    except NotUnderstood:
        return None
    if not any(isinstance(d.field, Part) for d in plan.dimensions) or not any(c.word("daypart") for c in parts[1]):
        return None
    named = {s.dataset for c in parts[0] for s in c.of(DatasetSense) if not c.has(VerbSense)}
    people = {r.target for r in question.graph.relationships.values() if r.source == plan.base}
    if not named <= {plan.base} | people:
        return None
    question.settle(parts[1])
    return plan


def _is_weekday(chunk: Chunk) -> bool:
    part = chunk.word("daypart")
    return part is not None and part.argument == "weekday"


def _narrows(chunk: Chunk, *, days: bool) -> bool:
    if chunk.has(PeriodSense, NumberSense, ValueSense, FilterSense, MetricSense, FieldSense):
        return True
    kinds = {"not", "except", "compare", "agg", "share", "between", "days", "extreme", "most"}
    kinds -= {"days", "extreme", "most"} if days else set()
    return any(isinstance(s, WordSense) and s.kind in kinds for s in chunk.senses) or not chunk.senses


LISTED_EACH = Construct("things named one by one", read_listed_each)
