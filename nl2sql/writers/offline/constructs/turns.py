"""Turns of phrase: the same question in other words, put into those that the readers know.

"GMV by country of the buyer" → "by buyer country"; "for each Fashion subcategory" → "by subcategory in Fashion"; "how
often were listings put on watchlists" → "number of watchlist entries of listings"; "which listing was watched most
often" → "which listing has the most watchlist entries". Nothing is dropped that says something of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, is_filler, preceding
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.language import LIGHT_VERBS, NEWLY
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    VerbSense,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
Turn = Callable[[Chunks, Linked], Chunks]
_NOUNS = (DatasetSense, RoleSense)
_EACH = frozenset("each every per".split())
_PHRASES: dict[tuple[str, str], str] = {
    ("often", "most"): "most often | most frequently | the most often | the most frequently | the most times | most times",
    ("is", ""): "is part of | is a part of | are part of | was part of | were part of",
    ("often", "least"): "least often | least frequently | the least often | the least frequently",
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
            return (*chunks[:at], chunks[role], replace(chunk, senses=own), *chunks[role + 1 :])
    return chunks


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
    bound = at < len(chunks) and (chunks[at].has(NumberSense) or chunks[at].word("compare") or chunks[at].word("between"))
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


# -- what is counted -------------------------------------------------------------------------------------------------


def _how_often(chunks: Chunks, question: Linked) -> Chunks:
    """ "how often were listings put on watchlists" counts the entries, not the listings that have one."""
    count = next((i for i, c in enumerate(chunks) if not is_filler(c) and not c.has(PeriodSense) and not _pauses(c)), -1)
    if count < 0 or chunks[count].words.lower() not in ("how often", "how many times") or _is_plainly(chunks[count]):
        return chunks
    thing = next((i for i in range(count + 1, len(chunks)) if chunks[i].has(DatasetSense, RoleSense, MetricSense)), -1)
    if thing < 0 or not _passive(chunks[count + 1 : thing]) or not chunks[thing].has(DatasetSense):
        return chunks
    dataset = chunks[thing].of(DatasetSense)[0].dataset
    event = _event_behind(chunks, thing + 1, dataset, question)
    if event is None:
        return chunks
    start, end, noun = event
    return (*chunks[:count], word("number of", "count"), noun, word("of", "preposition"),
            *_without_auxiliaries(chunks[count + 1 : start]), *chunks[end:])  # fmt: skip


def _pauses(chunk: Chunk) -> bool:
    return chunk.word("comma") is not None


def _is_plainly(chunk: Chunk) -> bool:
    return not chunk.word("count")


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
    event = next((i for i in (before, often + 1) if thing < i < len(chunks) and _event(chunks[i], dataset, question)), -1)
    noun = _event(chunks[event], dataset, question) if event >= 0 else None
    if noun is None:
        raise NotUnderstood("I could not tell what is counted by “most often”.", (chunks[often].words,))
    start = min(event, often)
    while start > thing + 1 and (_leads_to_event(chunks[start - 1]) or _lies_between(chunks[start - 1], dataset, question)):
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


# -- numbers side by side --------------------------------------------------------------------------------------------


def _bare_beside_metric(chunks: Chunks, question: Linked) -> Chunks:
    """ "bids and active bidders per month": beside a number, things are counted."""
    at = 0
    while at < len(chunks) and (is_filler(chunks[at]) or chunks[at].word("list") or chunks[at].words.lower() == "what"):
        at += 1
    start = at
    while at < len(chunks) and chunks[at].has(FilterSense, ValueSense) and not chunks[at].has(*_NOUNS):
        at += 1
    if at + 2 > len(chunks) - 1 or not chunks[at].has(*_NOUNS) or chunks[at].has(MetricSense) or not _plural(chunks[at]):
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
    _how_often,
    _most_often,
    _bare_beside_metric,
    _newly,
    _called,
)

TURNS = Construct("turns of phrase", read_turns, _PHRASES)
