"""Clauses in other words than the reader's: "from best to worst", "never got a single bid", "when did it get its first
bid", "of the listings that have comments, how many do they have on average"."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, is_filler, preceding, said, without, word_kinds
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
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)
_PHRASES = {
    ("arrange", ""): "order | sort | arrange | order the | sort the | arrange the | put in order",
}


def read_other_words(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    kinds = word_kinds(chunks)
    for rewrite, needed in _REWRITES:
        if needed <= kinds:
            chunks = rewrite(chunks, question)
    return inner(chunks) if chunks != question.chunks else None


def _not_a_single(chunks: Chunks, question: Linked) -> Chunks:
    """ "never got a single bid": none at all. "Did not place just one bid" says something else, and stays."""
    for at, chunk in enumerate(chunks[:-1]):
        noun = chunks[at + 1]
        if chunk.words.lower() not in ("a single", "single", "one single") or not chunk.word("single"):
            continue
        before = preceding(chunks, at)
        while (
            before >= 0
            and not chunks[before].word("not")
            and (chunks[before].has(VerbSense) or chunks[before].word("is") or is_filler(chunks[before]))
        ):
            before -= 1
        if before >= 0 and chunks[before].word("not") and noun.has(*_NOUNS) and _is_one(noun):
            return without(chunks, {at})
    return chunks


def _is_one(chunk: Chunk) -> bool:
    return singular(chunk.words.lower()) == chunk.words.lower()


def _but_not(chunks: Chunks, question: Linked) -> Chunks:
    """ "have a watchlist entry but have never bid": both are said of them."""
    for at, chunk in enumerate(chunks):
        if chunk.words.lower() != "but" or not chunk.word("but"):
            continue
        behind = following(chunks, at)
        while behind < len(chunks) and chunks[behind].word("is") and not chunks[behind].has(FilterSense):
            behind = following(chunks, behind)
        if behind < len(chunks) and chunks[behind].words.lower() in ("never", "not", "no", "did not", "have never"):
            return (*chunks[:at], word("and", "and"), *chunks[at + 1 :])
    return chunks


def _has_a_field(chunks: Chunks, question: Linked) -> Chunks:
    """ "are new and have a buy-now price": with one. "Have a final price of 5" bounds, and stays."""
    for at, chunk in enumerate(chunks):
        if chunk.words.lower() not in ("have", "has", "had", "having") or not chunk.word("is") or not at:
            continue
        field, lead = following(chunks, at), preceding(chunks, at)
        article = [c.words.lower() for c in chunks[at + 1 : field]]
        if field >= len(chunks) or article not in (["a"], ["an"]) or lead < 0:
            continue
        if not chunks[field].has(FieldSense) or chunks[field].has(*_NOUNS, ValueSense, FilterSense, MetricSense):
            continue
        end = following(chunks, field)
        if end < len(chunks) and not said(chunks[end], "and", "but", "comma"):
            continue
        if chunks[lead].has(*_NOUNS, ValueSense, FilterSense) or said(chunks[lead], "and"):
            return (*chunks[:at], word("with", "with"), *chunks[at + 1 :])
    return chunks


def _came_with(chunks: Chunks, question: Linked) -> Chunks:
    """ "reviews that came with five stars", "listings that come with a buy-now price"."""
    for at, chunk in enumerate(chunks[:-1]):
        if chunk.words.lower() in ("came with", "come with", "comes with", "coming with") and at and is_filler(chunk):
            joint = at - 1 if chunks[at - 1].word("that") and not chunks[at - 1].word("count") else at
            if (at and chunks[at - 1].has(*_NOUNS)) or joint < at:
                return (*chunks[:joint], word("with", "with"), *chunks[at + 1 :])
    return chunks


_OPPOSITE = {("max", "min"): "desc", ("min", "max"): "asc"}


def _from_to(chunks: Chunks, question: Linked) -> Chunks:
    """ "categories from best to worst sell-through rate", "months from most bids to fewest", "sellers by GMV from the
    highest to the lowest": in that order."""
    opened = [i for i, c in enumerate(chunks) if c.words.lower() == "from" and said(c, "preposition")]
    for start in opened:
        first = following(chunks, start)
        to = next((i for i in range(first + 1, len(chunks)) if chunks[i].words.lower() == "to"), -1)
        last = following(chunks, to) if to > 0 else len(chunks)
        if last >= len(chunks):
            continue
        ends = [said(chunks[i], "extreme", "most") for i in (first, last)]
        direction = _OPPOSITE.get((ends[0].argument, ends[1].argument)) if ends[0] and ends[1] else None
        if direction is None:
            continue
        between, stop = _thing(chunks, first + 1, to), _end_of_thing(chunks, last + 1)
        behind = tuple(c for c in chunks[last + 1 : stop] if not is_filler(c))
        measure = between or behind
        counts = any(e and e.kind == "most" for e in ends) and not any(c.has(MetricSense) for c in measure)
        rest = (*chunks[:start], *chunks[stop:])
        order = word("highest first" if direction == "desc" else "lowest first", "order", direction)
        if not measure:
            return (*rest, order) if any(c.word("by") for c in chunks[:start]) else chunks
        if (between and behind) or any(c.word("by") for c in rest):
            return chunks
        count = (word("number of", "count"),) if counts else ()
        return (*rest, word("by", "by"), *count, *measure, order)
    return chunks


def _thing(chunks: Chunks, begin: int, end: int) -> Chunks:
    return tuple(c for c in chunks[begin:end] if not is_filler(c))


def _end_of_thing(chunks: Chunks, at: int) -> int:
    """Past the words that name what is compared: adjectives, and one number or thing."""
    while at < len(chunks) and (
        is_filler(chunks[at]) or chunks[at].has(FilterSense, ValueSense) or chunks[at].word("count")
    ):
        at += 1
    return at + 1 if at < len(chunks) and chunks[at].has(MetricSense, FieldSense, *_NOUNS) else at


def _arranged(chunks: Chunks, question: Linked) -> Chunks:
    """ "Order the months of 2025 …", "sort sellers by GMV": a command at the beginning, where a number orders."""
    first = next((i for i, c in enumerate(chunks) if not is_filler(c)), 0)
    by = next((i for i, c in enumerate(chunks) if c.word("by")), len(chunks))
    number = following(chunks, by) if by < len(chunks) else len(chunks)
    if not said(chunks[first], "arrange") or number >= len(chunks):
        return chunks
    if not (chunks[number].has(MetricSense) or said(chunks[number], "count")):
        return chunks
    ordered = any(c.word("order") for c in chunks)
    return (*chunks[:first], *chunks[first + 1 :], *(() if ordered else (word("highest first", "order", "desc"),)))


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
        if not thing.has(VerbSense) or thing.has(*_NOUNS, FieldSense, MetricSense, FilterSense) or _is_one(thing):
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


def _own_field(chunks: Chunks, question: Linked) -> Chunks:
    """ "by item condition", "by user country": whose field it is."""
    for at in range(len(chunks) - 2):
        by, noun, field = chunks[at : at + 3]
        if not by.word("by") or not noun.has(DatasetSense) or noun.has(RoleSense, ValueSense, VerbSense):
            continue
        of = {d.dataset for d in noun.of(DatasetSense)}
        owned = tuple(f for f in field.of(FieldSense) if f.dataset in of)
        if any(question.model.dataset(f.dataset).field(f.field).is_time for f in owned):
            continue  # "per listing created in 2025"
        if owned and not field.has(*_NOUNS, ValueSense, MetricSense) and _is_one(noun):
            return (*chunks[: at + 1], Chunk(field.words, owned, field.corrected), *chunks[at + 3 :])
    return chunks


def _ranked_role_field(chunks: Chunks, question: Linked) -> Chunks:
    """ "seller countries ranked by GMV": GMV by seller country, the highest first."""
    first = next((i for i, c in enumerate(chunks) if not (is_filler(c) or said(c, "list", "ranked"))), len(chunks))
    if first + 3 >= len(chunks) or not chunks[first].has(RoleSense) or not chunks[first + 1].has(FieldSense):
        return chunks
    by = first + 2
    while by < len(chunks) and (is_filler(chunks[by]) or said(chunks[by], "ranked")):
        by += 1
    if by + 1 >= len(chunks) or not chunks[by].word("by") or not chunks[by + 1].has(MetricSense):
        return chunks
    if not any(said(c, "ranked") or c.words.lower() in ("ranked", "sorted", "ordered") for c in chunks[:by]):
        return chunks
    group = (word("by", "by"), *chunks[first : first + 2])
    rest = tuple(c for c in chunks[by + 2 :] if not c.word("comma"))
    directed = any(c.word("order") for c in rest)
    if any(c.word("by") or said(c, "extreme", "most") for c in rest):
        return chunks
    return (chunks[by + 1], *group, *rest, *(() if directed else (word("highest first", "order", "desc"),)))


def _its_rank(chunks: Chunks, question: Linked) -> Chunks:
    """ "give every Vehicles subcategory its rank by number of sold listings": rank of each of them."""
    each = next((i for i, c in enumerate(chunks) if c.words.lower() in ("each", "every", "for each", "for every")), -1)
    rank = next((i for i, c in enumerate(chunks) if i > each and c.words.lower() in ("rank", "ranks", "its rank")), -1)
    by = following(chunks, rank) if rank > 0 else len(chunks)
    if each < 0 or rank < each + 2 or by >= len(chunks) or not chunks[by].word("by"):
        return chunks
    if not all(is_filler(c) or c.word("list") for c in chunks[:each]):
        return chunks
    things = [c for c in chunks[each + 1 : rank] if not is_filler(c)]
    if not things or not things[-1].has(*_NOUNS) or any(not c.has(ValueSense, *_NOUNS) for c in things):
        return chunks
    values = [x for c in things[:-1] for x in (word("in", "preposition"), c)]
    return (word("rank", "ranked"), things[-1], *values, *chunks[by:])


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
    (_not_a_single, frozenset(("single", "not"))),
    (_but_not, frozenset(("but",))),
    (_has_a_field, frozenset(("is",))),
    (_came_with, frozenset(("filler",))),
    (_from_to, frozenset(("preposition",))),
    (_arranged, frozenset(("arrange",))),
    (_got_its_first, frozenset(("when",))),
    (_on_average, frozenset(("agg", "comma", "count"))),
    (_deed_as_count, frozenset(("agg", "by"))),
    (_share_of_kind, frozenset(("share",))),
    (_own_field, frozenset(("by",))),
    (_where_someone_did, frozenset(("count", "is"))),
    (_its_rank, frozenset(("by", "ranked"))),
    (_ranked_role_field, frozenset(("by",))),
)

OTHER_WORDS = Construct("clauses in other words", read_other_words, _PHRASES)
