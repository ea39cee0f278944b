"""Distributions said in full: "how many listings got 0 bids, 1 bid, 2 bids and so on", "distribution of the number of
bids of unsold listings", "bid amounts below 500 euros in steps of 50"."""

from __future__ import annotations

from typing import cast

from nl2sql.plan.base import Comparison, Condition, Operator, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, mentions, preceding, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    Placer,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_PHRASES = {("and so on", ""): "and so on | and so forth | etc | etcetera | and so on and so forth"}
_KINDS = frozenset(("and so on", "histogram", "distributed", "steps", "sized"))


def read_spread(question: Linked, inner: Inner) -> QueryPlan | None:
    if not mentions(question.chunks, _KINDS):
        return None
    chunks = _of_a_count(_enumerated(question.chunks))
    bounded = _bounded(chunks, question)
    if bounded == question.chunks:
        return None
    plan = inner(bounded)
    if bounded != chunks and plan.having:
        raise NotUnderstood("I could not tell what that bound holds for.")
    question.settle((*bounded, *(c for c in question.chunks if c.has(NumberSense) and bounded != chunks)))
    return plan


def _enumerated(chunks: Chunks) -> Chunks:
    """ "… got 0 bids, 1 bid, 2 bids and so on": by the number of bids."""
    end = next((i for i, c in enumerate(chunks) if said(c, "and so on")), -1)
    pairs = [
        i
        for i in range(1, end)
        if chunks[i].has(DatasetSense) and (chunks[i - 1].has(NumberSense) or chunks[i - 1].word("not"))
    ]
    if end < 0 or len(pairs) < 2:
        return chunks
    things = {s.dataset for i in pairs for s in chunks[i].of(DatasetSense)}
    begin, last = pairs[0] - 1, pairs[-1]
    between = [c for i, c in enumerate(chunks[begin:end], begin) if i not in pairs and i + 1 not in pairs]
    if len(things) != 1 or not all(is_filler(c) or c.word("comma") or c.word("and") or c.word("or") for c in between):
        return chunks
    deed = begin
    while deed and (is_filler(chunks[deed - 1]) or chunks[deed - 1].word("is") or chunks[deed - 1].has(VerbSense)):
        if chunks[deed - 1].has(FilterSense, DatasetSense):
            break
        deed -= 1
    lead = _without_title(chunks[:deed], things)
    return (*lead, word("by", "by"), word("number of", "count"), chunks[last], *chunks[end + 1 :])


def _without_title(lead: Chunks, things: set[str]) -> Chunks:
    """ "Distribution of the number of bids: how many …" says the same twice."""
    counts = [i for i, c in enumerate(lead) if said(c, "count")]
    if len(counts) != 2 or not lead[0].word("histogram"):
        return lead
    title = lead[: counts[1]]
    named = [c for c in title if c.has(DatasetSense)]
    plain = all(is_filler(c) or c in named or c.word("histogram") or said(c, "count", "comma") for c in title)
    same = len(named) == 1 and {s.dataset for s in named[0].of(DatasetSense)} <= things
    return lead[counts[1] :] if plain and same else lead


def _of_a_count(chunks: Chunks) -> Chunks:
    """ "distribution of the number of bids of unsold listings": how many of those by their number of bids."""
    mark = next((i for i, c in enumerate(chunks) if c.word("histogram")), -1)
    count = following(chunks, mark) if mark >= 0 else len(chunks)
    thing = following(chunks, count) if count < len(chunks) and said(chunks[count], "count") else len(chunks)
    joint = following(chunks, thing) if thing < len(chunks) else len(chunks)
    if joint >= len(chunks) or not chunks[thing].has(DatasetSense) or any(said(c, "count") for c in chunks[joint:]):
        return chunks
    of = chunks[joint].words.lower()
    rows = chunks[joint + 1 :]
    noun = next((i for i, c in enumerate(rows) if c.has(DatasetSense, RoleSense)), -1)
    plain = noun >= 0 and all(is_filler(c) or c.has(FilterSense, ValueSense) for c in rows[:noun])
    if of not in ("of", "per", "for", "over", "across", "among", "of all") or not plain or chunks[:mark]:
        return chunks
    return (
        word("number of", "count"),
        *rows[: noun + 1],
        word("by", "by"),
        word("number of", "count"),
        chunks[thing],
        *rows[noun + 1 :],
    )


def _bounded(chunks: Chunks, question: Linked) -> Chunks:
    """ "bid amounts below 500 euros in steps …": the amounts are bounded, and not how often each occurs."""
    if not any(said(c, "steps", "sized", "histogram", "distributed") for c in chunks):
        return chunks
    for at in range(1, len(chunks) - 1):
        compare = said(chunks[at], "compare")
        number = chunks[following(chunks, at)] if compare and following(chunks, at) < len(chunks) else None
        field = _bounded_field(chunks, at, question)
        if compare is None or number is None or not number.has(NumberSense) or field < 0:
            continue
        fields = _numbers(chunks[field], question)
        if not fields:
            continue
        end = following(chunks, at) + 1
        if end < len(chunks) and said(chunks[end], "money"):
            end += 1
        made = _condition(fields, cast(Operator, compare.argument), number, " ".join(c.words for c in chunks[at:end]))
        return (*chunks[: field + 1], made, *chunks[field + 1 : at], *chunks[end:])
    return chunks


def _bounded_field(chunks: Chunks, at: int, question: Linked) -> int:
    """The number right before, or before the things it is of: "final prices of Electronics under 1,000"."""
    field = preceding(chunks, at)
    while field > 0 and not _numbers(chunks[field], question):
        of_it = chunks[field].has(ValueSense, DatasetSense, FilterSense) or said(chunks[field], "preposition")
        if not of_it or chunks[field].has(MetricSense):
            return -1
        field = preceding(chunks, field)
    return field


def _numbers(chunk: Chunk, question: Linked) -> tuple[FieldSense, ...]:
    if chunk.has(MetricSense, DatasetSense, RoleSense, FilterSense, ValueSense):
        return ()
    model = question.model
    return tuple(f for f in chunk.of(FieldSense) if model.dataset(f.dataset).field(f.field).datatype.is_number)


def _condition(fields: tuple[FieldSense, ...], operator: Operator, number: Chunk, words: str) -> Chunk:
    value = number.of(NumberSense)[0].value

    def bind(placer: Placer, scope: Scope) -> list[Condition]:
        return [Comparison(placer.place(fields, scope, words), operator, (f"{value:f}",))]

    return Chunk(words, (ConditionSense(bind),))


SPREAD = Construct("distributions said in full", read_spread, _PHRASES)
