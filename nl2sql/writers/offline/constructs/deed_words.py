"""What somebody did, or what happened, in other words than the reader's: "in how many subcategories has anna_k placed
bids", "to how many buyers has marco77 sold", "when did it get its first bid", "of the listings that have comments, how
many do they have on average"."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, preceding, said, word_kinds
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    WordSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)


def read_deed_words(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    kinds = word_kinds(chunks)
    for rewrite, needed in _REWRITES:
        if needed <= kinds:
            chunks = rewrite(chunks, question)
    return inner(chunks) if chunks != question.chunks else None


def _got_its_first(chunks: Chunks, question: Linked) -> Chunks:
    """ "when did listing 42 get its first bid": when was the first bid on it."""
    if not chunks[0].word("when") or len(chunks) < 5 or chunks[1].words.lower() != "did":
        return chunks
    edge = next((i for i, c in enumerate(chunks) if said(c, "edge", "recent")), -1)
    if edge != len(chunks) - 2 or not chunks[-1].has(DatasetSense):
        return chunks
    verb = preceding(chunks, edge)
    if chunks[verb].words.lower() not in ("get", "receive", "have") or verb < 3:
        return chunks
    owner = chunks[2:verb]
    thing = next((c for c in owner if not is_filler(c)), None)
    if thing is None or not thing.has(DatasetSense) or any(c.has(VerbSense) for c in owner):
        return chunks
    return (chunks[0], word("was", "is"), *chunks[edge:], word("on", "preposition"), *owner)


def _on_average(chunks: Chunks, question: Linked) -> Chunks:
    """ "of the listings that have comments, how many comments do they have on average": the average per listing."""
    average = next((i for i, c in enumerate(chunks) if c.words.lower() in ("on average", "in average")), -1)
    comma = next((i for i, c in enumerate(chunks) if c.word("comma")), -1)
    if chunks[0].words.lower() not in ("of", "among", "for") or comma < 2 or average < comma:
        return chunks
    count = following(chunks, comma)
    inside = chunks[count + 1 : average]
    noun = next((c for c in chunks[1:comma] if not is_filler(c)), None)
    words = [c.words.lower() for c in inside if not c.has(DatasetSense)]
    if not said(chunks[count], "count") or noun is None or not noun.has(DatasetSense):
        return chunks
    things = [c for c in inside if c.has(DatasetSense)]
    if len(things) != 1 or set(words) - {"do", "does", "they", "have", "each", "has", "get", "got", "did", "it"}:
        return chunks
    lead = (Chunk("average", (WordSense("agg", "avg"),)), chunks[count], *things, word("of", "preposition"))
    return (*lead, *chunks[1:comma], *chunks[average + 1 :])


def _deed_as_count(chunks: Chunks, question: Linked) -> Chunks:
    """ "avg purchases per buyer": what is counted is only known as a deed."""
    for at, chunk in enumerate(chunks[:-2]):
        deed = following(chunks, at)
        if not said(chunk, "agg") or chunk.word("agg") != WordSense("agg", "avg") or deed + 1 >= len(chunks):
            continue
        thing = chunks[deed]
        if (
            not thing.has(VerbSense)
            or thing.has(*_NOUNS, FieldSense, MetricSense, FilterSense)
            or singular(thing.words.lower()) == thing.words.lower()
        ):
            continue
        if chunks[deed + 1].word("by"):
            return (*chunks[: at + 1], word("number of", "count"), *chunks[at + 1 :])
    return chunks


def _share_of_kind(chunks: Chunks, question: Linked) -> Chunks:
    """ "which fraction of phones sold in 2025 was sniped": of the rows of that kind."""
    for at, chunk in enumerate(chunks[:-2]):
        if not said(chunk, "share") or any(c.has(*_NOUNS, MetricSense) for c in chunks):
            continue
        value = at + 1
        while value < len(chunks) and (is_filler(chunks[value]) or said(chunks[value], "preposition")):
            value += 1
        states = value
        while value < len(chunks) and chunks[value].has(FilterSense):
            value += 1
        if value >= len(chunks) or not chunks[value].has(ValueSense) or chunks[value].has(FieldSense, FilterSense):
            continue
        of = {s.dataset for c in chunks for s in c.of(FilterSense)}
        if len(of) != 1 or of & {s.dataset for s in chunks[value].of(ValueSense)}:
            return chunks
        rows = Chunk(question.model.dataset(dataset := of.pop()).label or dataset, (DatasetSense(dataset),))
        plain = Chunk(chunks[value].words, chunks[value].of(ValueSense))
        return (*chunks[:states], *chunks[states:value], rows, word("in", "preposition"), plain, *chunks[value + 1 :])
    return chunks


def _where_someone_did(chunks: Chunks, question: Linked) -> Chunks:
    """ "in how many subcategories has anna_k placed bids", "how many categories did marco77 sell in": of what someone
    did, how many different ones."""
    count = next((i for i, c in enumerate(chunks) if said(c, "count")), -1)
    if count not in (0, 1) or (count and chunks[0].words.lower() not in ("in", "on", "for", "from")):
        return chunks
    thing = following(chunks, count)
    if thing < len(chunks) and chunks[thing].word("distinct"):
        thing = following(chunks, thing)
    helper = following(chunks, thing) if thing < len(chunks) else len(chunks)
    who = following(chunks, helper) if helper < len(chunks) else len(chunks)
    deed = following(chunks, who) if who < len(chunks) else len(chunks)
    if deed >= len(chunks) or chunks[helper].words.lower() not in ("has", "have", "did", "had"):
        return chunks
    if (
        not chunks[thing].has(DatasetSense)
        or chunks[thing].has(RoleSense, VerbSense)
        or not _is_person(chunks[who], question)
    ):
        return chunks
    while deed + 1 < len(chunks) and _only_helps(chunks[deed]):
        deed += 1
    done = _done(chunks[deed], question)
    if not done or any(said(c, "not", "count") for c in chunks[who:]):
        return chunks
    rest = [c for c in chunks[deed + 1 :] if c.words.lower() not in ("in", "on", "for", "from")]
    lead = (chunks[count], word("different", "distinct"), chunks[thing], word("of", "preposition"))
    return (*lead, chunks[who], *done, *rest)


def _whom_someone_dealt_with(chunks: Chunks, question: Linked) -> Chunks:
    """ "to how many different buyers has marco77 sold": how many people bought from him."""
    count = next((i for i, c in enumerate(chunks) if said(c, "count")), -1)
    thing = following(chunks, count) if count in (0, 1) else len(chunks)
    if thing < len(chunks) and chunks[thing].word("distinct"):
        thing = following(chunks, thing)
    if thing + 3 > len(chunks) or not chunks[thing].has(RoleSense) or chunks[thing].has(DatasetSense):
        return chunks
    helper = following(chunks, thing)
    who = following(chunks, helper)
    deed = following(chunks, who) if who < len(chunks) else len(chunks)
    if deed >= len(chunks) or chunks[helper].words.lower() not in ("has", "did", "had"):
        return chunks
    behind = chunks[deed + 1 :]
    towards = chunks[0] if count else behind[0] if behind else chunks[helper]
    back = {"to": "from", "from": "to"}.get(towards.words.lower(), "")
    graph = question.graph
    others = [graph.relationships[r.relationship] for r in chunks[thing].of(RoleSense) if r.at_least == 1]
    own = [graph.relationships[v.relationship] for v in chunks[deed].of(VerbSense)]
    if not back or len(others) != 1 or len(own) != 1 or not _is_person(chunks[who], question):
        return chunks
    if others[0].source != own[0].source or others[0].name == own[0].name or not others[0].verbs:
        return chunks
    people = Chunk("people", (DatasetSense(others[0].target),))
    verb = Chunk(others[0].verbs[0], (VerbSense(others[0].name),))
    rest = behind if count else behind[1:]
    return (chunks[count], people, verb, word(back, "preposition"), chunks[who], *rest)


def _is_person(chunk: Chunk, question: Linked) -> bool:
    people = {r.target for r in question.model.relationships if r.role}
    values = chunk.of(ValueSense)
    return bool(values) and all(
        v.dataset in people and question.model.dataset(v.dataset).label_field == v.field for v in values
    )


def _only_helps(chunk: Chunk) -> bool:
    """ "placed" before bids: the noun says the rest."""
    return not chunk.has(DatasetSense, FilterSense) and (is_filler(chunk) or chunk.words.lower() in LIGHT_VERBS)


def _done(chunk: Chunk, question: Linked) -> Chunks:
    """The rows of the deed: bids, or the items that were sold."""
    if chunk.has(DatasetSense) and not chunk.has(FilterSense, RoleSense):
        return (Chunk(chunk.words, chunk.of(DatasetSense)),)
    sources = {question.graph.relationships[v.relationship].source for v in chunk.of(VerbSense)}
    filters = tuple(f for f in chunk.of(FilterSense) if f.dataset in sources)
    if len(sources) != 1 or not filters:
        return ()
    dataset = sources.pop()
    rows = Chunk(question.model.dataset(dataset).label or dataset, (DatasetSense(dataset),))
    return (Chunk(chunk.words, filters), rows)


_REWRITES: tuple[tuple[Callable[[Chunks, Linked], Chunks], frozenset[str]], ...] = (
    (_got_its_first, frozenset(("when",))),
    (_on_average, frozenset(("agg", "comma", "count"))),
    (_deed_as_count, frozenset(("agg", "by"))),
    (_share_of_kind, frozenset(("share",))),
    (_where_someone_did, frozenset(("count", "is"))),
    (_whom_someone_dealt_with, frozenset(("count", "is"))),
)

DEED_WORDS = Construct("deeds in other words", read_deed_words)
