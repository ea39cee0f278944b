"""How often something was done: "how often were listings put on watchlists" → "number of watchlist entries of
listings", "which listing was watched most often" → "which listing has the most watchlist entries"."""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, preceding
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)
_PHRASES: dict[tuple[str, str], str] = {
    ("often", "most"): (
        "most often | most frequently | the most often | the most frequently | the most times | most times"
    ),
    ("often", "least"): "least often | least frequently | the least often | the least frequently",
}


def read_how_often(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = _most_often(_how_often(question.chunks, question), question)
    if chunks is question.chunks:
        return None
    plan = inner(chunks)
    left = {id(chunk) for chunk in chunks}
    they = [chunk for chunk in question.chunks if chunk.has(RoleSense) and id(chunk) not in left]
    question.settle(tuple(c for c in question.chunks if c not in they))  # every item is listed by a seller
    return plan


def _how_often(chunks: Chunks, question: Linked) -> Chunks:
    """ "how often were listings put on watchlists" counts the entries, not the listings that have one."""
    count = next(
        (i for i, c in enumerate(chunks) if not is_filler(c) and not c.has(PeriodSense) and not _pauses(c)), -1
    )
    if count < 0 or chunks[count].words.lower() not in ("how often", "how many times"):
        return chunks
    thing = next((i for i in range(count + 1, len(chunks)) if chunks[i].has(DatasetSense, RoleSense, MetricSense)), -1)
    if thing < 0 or not _passive(chunks[count + 1 : thing]):
        return chunks
    if chunks[thing].has(RoleSense):
        return _how_often_they(chunks, count, thing, question)
    if not chunks[thing].has(DatasetSense):
        return chunks
    dataset = chunks[thing].of(DatasetSense)[0].dataset
    event = _event_behind(chunks, thing + 1, dataset, question)
    if event is None:
        return chunks
    start, end, noun = event
    return (*chunks[:count], word("number of", "count"), noun, word("of", "preposition"),
            *_without_auxiliaries(chunks[count + 1 : start]), *chunks[end:])  # fmt: skip


def _how_often_they(chunks: Chunks, count: int, thing: int, question: Linked) -> Chunks:
    """ "how often did sellers list items" counts the items; what they did elsewhere is not clear."""
    relationship = question.graph.relationships[chunks[thing].of(RoleSense)[0].relationship]
    event = next((i for i in range(thing + 1, len(chunks)) if chunks[i].has(DatasetSense, VerbSense)), -1)
    while event >= 0 and not chunks[event].has(DatasetSense) and event + 1 < len(chunks):
        behind = following(chunks, event)
        if behind >= len(chunks) or not chunks[behind].has(DatasetSense):
            break
        event = behind
    sources = {d.dataset for d in chunks[event].of(DatasetSense)} if event >= 0 else set()
    sources = sources or {question.graph.relationships[v.relationship].source for v in chunks[event].of(VerbSense)}
    aside = any(c.word("agg") or c.word("by") for c in chunks)
    between = [c for c in chunks[thing + 1 : event] if not (is_filler(c) or c.has(VerbSense))]
    narrowed = relationship.condition or any(c.has(FilterSense, MetricSense) for c in chunks[thing + 1 : event + 1])
    if event < 0 or sources != {relationship.source} or aside or between or narrowed:
        words = f"{chunks[count].words} … {chunks[thing].words}"
        raise NotUnderstood(f"I could not tell what is counted by “{words}”.", (chunks[count].words,))
    label = question.model.dataset(relationship.source).label or relationship.source
    noun = Chunk(label, (DatasetSense(relationship.source),))
    return (*chunks[:count], word("number of", "count"), noun, *chunks[event + 1 :])


def _pauses(chunk: Chunk) -> bool:
    return chunk.word("comma") is not None


def _passive(between: Chunks) -> bool:
    """Behind "how often" stand "were", "have" or adjectives of the things: what follows had it done to them."""
    first = next((c for c in between if not is_filler(c)), None)
    said = first.words.lower() if first else ""
    return said in ("are", "is", "were", "was", "have", "has", "had", "did", "do", "does", "have been", "has been")


def _event_behind(chunks: Chunks, at: int, dataset: str, question: Linked) -> tuple[int, int, Chunk] | None:
    """The rows that say how often: where the words for them begin and end, and their noun."""
    for index in range(at, len(chunks)):
        event = _event(chunks[index], dataset, question)
        if event is None:
            continue
        start = index
        source = event.of(DatasetSense)[0].dataset
        while start > at and (_leads_to_event(chunks[start - 1]) or _dates(chunks[start - 1], source)):
            start -= 1
        return start, index + 1, event
    return None


def _leads_to_event(chunk: Chunk) -> bool:
    light = chunk.has(VerbSense) and chunk.words.lower() in LIGHT_VERBS
    plain = not chunk.has(DatasetSense, RoleSense, ValueSense, FilterSense, MetricSense, PeriodSense, NumberSense)
    joins = is_filler(chunk) or bool(chunk.word("is")) or bool(chunk.word("preposition")) or bool(chunk.word("filler"))
    return light or (plain and joins)


def _dates(chunk: Chunk, source: str) -> bool:
    """ "added to watchlists": the participle of the entries says that they came to be, and no more."""
    return any(f.dataset == source for f in chunk.of(FieldSense)) and not chunk.has(DatasetSense, ValueSense)


def _event(chunk: Chunk, dataset: str, question: Linked) -> Chunk | None:
    """A noun or a verb whose rows belong to the things, many to one."""
    sources = [d.dataset for d in chunk.of(DatasetSense)]
    if not sources and not chunk.has(FieldSense, FilterSense) and chunk.words.lower() not in LIGHT_VERBS:
        sources = [question.graph.relationships[v.relationship].source for v in chunk.of(VerbSense)]
    found = {s for s in sources if s != dataset and question.graph.paths(s, dataset)}
    if len(found) != 1:
        return None
    source = found.pop()
    if chunk.has(DatasetSense):
        return chunk
    return Chunk(question.model.dataset(source).label or source, (DatasetSense(source),))


def _without_auxiliaries(between: Chunks) -> Chunks:
    first = next((i for i, c in enumerate(between) if not is_filler(c)), 0)
    rest = between[first + 1 :] if between and between[first].word("is") else between
    while rest and (rest[-1].word("is") or is_filler(rest[-1])):
        rest = rest[:-1]
    return rest


def _most_often(chunks: Chunks, question: Linked) -> Chunks:
    """ "which listings were watched most often" have the most watchlist entries."""
    often = next((i for i, c in enumerate(chunks) if c.word("often")), -1)
    if often < 0:
        return chunks
    said = chunks[often].word("often")
    most = word("most", "most", "max" if said is None or said.argument == "most" else "min")
    chunks, often = _who(chunks, often, question)
    thing = next((i for i, c in enumerate(chunks) if c.has(*_NOUNS)), -1)
    if thing < 0:
        raise NotUnderstood("Who or what did that most often? Please name it.", (chunks[often].words,))
    dataset = _dataset_of(chunks[thing], question)
    before = preceding(chunks, often)
    while before > thing and chunks[before].word("preposition") and not chunks[before].has(DatasetSense, VerbSense):
        before = preceding(chunks, before)  # "commented on most often"
    event = next(
        (i for i in (before, often + 1) if thing < i < len(chunks) and _event(chunks[i], dataset, question)), -1
    )
    noun = _event(chunks[event], dataset, question) if event >= 0 else None
    if noun is None:
        raise NotUnderstood("I could not tell what is counted by “most often”.", (chunks[often].words,))
    start = min(event, often)
    while start > thing + 1 and (
        _leads_to_event(chunks[start - 1]) or _lies_between(chunks[start - 1], dataset, question)
    ):
        start -= 1
    behind = max(event, often) + 1
    if start != thing + 1:
        return (*chunks[:start], word("with", "with"), most, noun, *chunks[behind:])
    return (*chunks[: thing + 1], word("with", "with"), most, noun, *chunks[behind:])


def _who(chunks: Chunks, often: int, question: Linked) -> tuple[Chunks, int]:
    """ "who commented most often": those who do it are named."""
    who = next((i for i, c in enumerate(chunks) if not is_filler(c)), 0)
    deeds = [v.relationship for v in chunks[who + 1].of(VerbSense)] if who + 1 < often else []
    if chunks[who].words.lower() != "who" or len({question.graph.relationships[d].target for d in deeds}) != 1:
        return chunks, often
    target = question.graph.relationships[deeds[0]].target
    people = Chunk(question.model.dataset(target).label or target, (DatasetSense(target),))
    return (*chunks[:who], word("which", "list"), people, *chunks[who + 1 :]), often + 1


def _dataset_of(chunk: Chunk, question: Linked) -> str:
    if roles := chunk.of(RoleSense):
        return question.graph.relationships[roles[0].relationship].target
    return chunk.of(DatasetSense)[0].dataset


def _lies_between(chunk: Chunk, dataset: str, question: Linked) -> bool:
    """ "which subcategory's listings were watched": the way from the entries to the subcategory leads over them."""
    return any(question.graph.paths(d.dataset, dataset) for d in chunk.of(DatasetSense))


HOW_OFTEN = Construct("how often", read_how_often, _PHRASES)
