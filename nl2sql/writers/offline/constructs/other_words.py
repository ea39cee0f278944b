"""Clauses in other words than the reader's: "from best to worst", "never got a single bid", "seller countries ranked by
GMV", "are new and have a buy-now price"."""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, preceding, said, without, word_kinds
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
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


_REWRITES: tuple[tuple[Callable[[Chunks, Linked], Chunks], frozenset[str]], ...] = (
    (_not_a_single, frozenset(("single", "not"))),
    (_but_not, frozenset(("but",))),
    (_has_a_field, frozenset(("is",))),
    (_came_with, frozenset(("filler",))),
    (_from_to, frozenset(("preposition",))),
    (_arranged, frozenset(("arrange",))),
    (_own_field, frozenset(("by",))),
    (_its_rank, frozenset(("by", "ranked"))),
    (_ranked_role_field, frozenset(("by",))),
)

OTHER_WORDS = Construct("clauses in other words", read_other_words, _PHRASES)
