"""Who is ranked, said through something else: "which country's buyers spent the most" ranks buyer countries, "which
seller's listings drew the most bids" sellers; "the usernames of the five users with the most bids" are shown anyway, as
is the GMV of "the top 5 sellers by GMV, and what is their GMV"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nl2sql.plan.base import FieldRef, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    RoleSense,
    ValueSense,
    VerbSense,
    WordSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
_RANKS = ("most", "extreme", "dear", "recent", "often")
# Marks an owner whose things were seen already.
_TAKEN = "owner's things"
_PHRASES = {("used", ""): "used | chosen | preferred"}


def read_ranking_turns(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not any(c.word(kind) for c in chunks for kind in _RANKS):
        return None
    for turn in _TURNS:
        chunks = turn(chunks, question)
    if chunks is question.chunks:
        return None
    plan = inner(chunks)
    owners = {r.relationship: c.words for c in chunks if c.word(_TAKEN) for r in c.of(RoleSense)}
    walked = {name for d in plan.dimensions if isinstance(d.field, FieldRef) for name in d.field.path}
    if owners and not owners.keys() & walked:
        words = next(iter(owners.values()))
        raise NotUnderstood(f"I could not rank by what belongs to each {words}.", (words,))
    return plan


def _field_of_people(chunks: Chunks, question: Linked) -> Chunks:
    """ "which country's buyers …" → "which buyer country …"."""
    for at in range(1, len(chunks) - 1):
        field, people = chunks[at], chunks[at + 1]
        if not chunks[at - 1].word("list") or not _owns(field, question) or not people.has(RoleSense):
            continue
        if field.has(DatasetSense, RoleSense, MetricSense) or not _plural(people):
            continue
        target = question.graph.relationships[people.of(RoleSense)[0].relationship].target
        own = tuple(f for f in field.of(FieldSense) if f.dataset == target)
        if own and not any(c.has(RoleSense) for c in chunks[at + 2 :]):
            return (*chunks[:at], people, replace(field, senses=own), *chunks[at + 2 :])
    return chunks


def _things_of_one(chunks: Chunks, question: Linked) -> Chunks:
    """ "which seller's listings drew the most bids": the seller of the listings is ranked. Of a single thing it is not
    clear whether all of the owner's count."""
    for at in range(1, len(chunks) - 1):
        owner, things = chunks[at], chunks[at + 1]
        if not chunks[at - 1].word("list") or not _owns(owner, question):
            continue
        if not owner.has(RoleSense, DatasetSense) or not things.has(DatasetSense) or things.has(RoleSense):
            continue
        if owner.word(_TAKEN):
            return chunks
        between = things.of(DatasetSense)[0].dataset
        behind = following(chunks, at + 1)
        if behind >= len(chunks) or chunks[behind].has(FilterSense, ValueSense) or chunks[behind].word("preposition"):
            continue
        if not _leads(owner, between, question) or not _counts_further(chunks[at + 2 :], between, question):
            continue
        if not _plural(things):
            words = f"{owner.words}’s {things.words}"
            raise NotUnderstood(f"Is it all that belongs to the {owner.words}, or one {things.words}?", (words,))
        if owner.has(DatasetSense) or not any(c.has(DatasetSense) for c in chunks[at + 2 :]):
            return (*chunks[: at + 1], *chunks[at + 2 :])
        taken = replace(owner, senses=(*owner.senses, WordSense(_TAKEN)))
        return (*chunks[:at], taken, Chunk(singular(things.words), things.senses), *chunks[at + 2 :])
    return chunks


def _owns(chunk: Chunk, question: Linked) -> bool:
    text = question.text.lower()
    return any(f"{chunk.words.lower()}{mark}" in text for mark in ("'s ", "’s ", "' ", "’ "))


def _leads(owner: Chunk, things: str, question: Linked) -> bool:
    """Whether the things are the owner's: of a role, where it is a role of theirs."""
    if roles := owner.of(RoleSense):
        return question.graph.relationships[roles[0].relationship].source == things
    return any(question.graph.paths(things, d.dataset) for d in owner.of(DatasetSense))


def _counts_further(rest: Chunks, things: str, question: Linked) -> bool:
    """What is ranked by is a number of the things, or of rows that belong to them."""
    if any(c.has(MetricSense) for c in rest):
        return True
    if any(c.word("agg") for c in rest) and any(f.dataset == things for c in rest for f in c.of(FieldSense)):
        return True
    counted = [d.dataset for c in rest for d in c.of(DatasetSense)]
    return bool(counted) and all(question.graph.paths(each, things) for each in counted)


def _shown_anyway(chunks: Chunks, question: Linked) -> Chunks:
    """ "list the usernames of the five users with the most bids": what names them is shown with them."""
    for at, chunk in enumerate(chunks):
        label = chunk.of(FieldSense)
        joint = following(chunks, at)
        if not label or chunk.has(DatasetSense, MetricSense) or joint >= len(chunks):
            continue
        start = following(chunks, joint)
        noun = start
        while noun < len(chunks) and (is_filler(chunks[noun]) or _ranks(chunks[noun])):
            noun += 1
        if chunks[joint].words.lower() != "of" or noun >= len(chunks):
            continue
        if noun == start and not any(_ranks(c) for c in chunks[noun + 1 :]):
            continue
        dataset = _dataset(chunks[noun], question)
        names = dataset and question.model.dataset(dataset).label_field
        before = [c for c in chunks[:at] if not is_filler(c)]
        leads = all(c.word("list") or c.word("is") or c.words.lower() == "what" for c in before)
        if names and any((f.dataset, f.field) == (dataset, names) for f in label) and leads:
            return (word("show", "list"), *chunks[start:])
    return chunks


def _ranks(chunk: Chunk) -> bool:
    return chunk.has(NumberSense) or any(chunk.word(kind) for kind in _RANKS)


def _dataset(chunk: Chunk, question: Linked) -> str:
    if roles := chunk.of(RoleSense):
        return question.graph.relationships[roles[0].relationship].target
    datasets = chunk.of(DatasetSense)
    return datasets[0].dataset if datasets else ""


def _said_again(chunks: Chunks, question: Linked) -> Chunks:
    """ "…, and what is their GMV?" behind "top 5 sellers by GMV"."""
    if len(chunks) < 6 or not chunks[-1].has(MetricSense):
        return chunks
    again = set(chunks[-1].of(MetricSense))
    theirs = chunks[-2].words.lower() in ("their", "its", "his", "her", "the")
    if not theirs or not chunks[-3].word("is") or chunks[-4].words.lower() != "what":
        return chunks
    end = len(chunks) - 4
    while end and (chunks[end - 1].word("and") or chunks[end - 1].word("comma")):
        end -= 1
    earlier = any(again & set(c.of(MetricSense)) for c in chunks[:end])
    return chunks[:end] if earlier and end < len(chunks) - 4 else chunks


def _used_most(chunks: Chunks, question: Linked) -> Chunks:
    """ "which payment method is used most often" → "which payment method has the most payments"."""
    often = next((i for i, c in enumerate(chunks) if c.word("often")), -1)
    used = next((i for i, c in enumerate(chunks) if c.word("used")), -1)
    field = next((i for i, c in enumerate(chunks) if c.has(FieldSense)), -1)
    if min(often, used, field) < 0 or any(c.has(DatasetSense, RoleSense, VerbSense) for c in chunks):
        return chunks
    datasets = {f.dataset for f in chunks[field].of(FieldSense)}
    between = chunks[field + 1 : max(often, used) + 1]
    plain = all(is_filler(c) or c.word("is") or c.word("often") or c.word("used") for c in between)
    if len(datasets) != 1 or not plain or not question.model.dataset(next(iter(datasets))).label:
        return chunks
    dataset = question.model.dataset(datasets.pop())
    said = chunks[often].word("often")
    most = word("most", "most", "max" if said is None or said.argument == "most" else "min")
    rows = Chunk(dataset.label, (DatasetSense(dataset.name),))
    return (*chunks[: field + 1], word("with", "with"), most, rows, *chunks[max(often, used) + 1 :])


def _plural(chunk: Chunk) -> bool:
    last = chunk.words.lower().split()[-1]
    return singular(last) != last or last == "people"


_TURNS: tuple[Callable[[Chunks, Linked], Chunks], ...] = (
    _field_of_people,
    _things_of_one,
    _shown_anyway,
    _said_again,
    _used_most,
)

RANKING_TURNS = Construct("who is ranked, in other words", read_ranking_turns, _PHRASES)
