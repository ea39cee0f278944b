"""The same words in another order: what English may put at the end is moved to where the plain reader expects it.

"sellers who never sold: how many?" → "how many sellers …"; "which weekday is GMV highest" → "… highest GMV"; "break GMV
down by country" → "GMV by country". Nothing is dropped that says something of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    WordSense,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
_PHRASES: dict[tuple[str, str], str] = {
    ("break", ""): "break | breaking | split | divide | broken",
    ("down", ""): "down | up | out | apart",
    ("apart", ""): "separately | respectively | individually",
    ("only", ""): "only | solely | exclusively",
    ("them", ""): "of them | of those | of these | are there | is there | in all | in total | altogether | overall",
    ("sum up", ""): "add up to | add up | sum up to | sum up | total up | come to | amount to | adds up to",
}
# Behind these, "only" says no more than the words it stands by do.
_NARROWS = (FilterSense, ValueSense, PeriodSense)


def read_word_order(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    for rewrite in _REWRITES:
        chunks = rewrite(chunks)
    return inner(chunks) if chunks != question.chunks else None


def _count_behind(chunks: Chunks) -> Chunks:
    """ "watchlist entries added in 2026, how many?"""
    end = len(chunks)
    while end and (_is_empty(chunks[end - 1]) or chunks[end - 1].word("them")):
        end -= 1
    if end < 2 or not chunks[end - 1].word("count") or any(c.word("count") for c in chunks[: end - 1]):
        return chunks
    rest = chunks[: end - 1]
    while rest and rest[-1].word("comma"):
        rest = rest[:-1]
    if not rest or not any(c.has(DatasetSense, RoleSense) for c in rest):
        return chunks
    return (chunks[end - 1], *rest)


def _superlative_behind(chunks: Chunks) -> Chunks:
    """ "which weekday is GMV highest": the extreme follows what it is the extreme of."""
    for at in range(1, len(chunks)):
        extreme, before = chunks[at], chunks[at - 1]
        if not extreme.word("extreme") or extreme.has(MetricSense, FieldSense, DatasetSense):
            continue
        begin = at - 1
        if before.word("is") and at >= 2:
            begin, before = at - 2, chunks[at - 2]
        if not before.has(MetricSense, MeasureSense) or not _ends(chunks, at + 1):
            continue
        asked = any(c.word("list") or c.word("when") for c in chunks[:begin])
        if asked:
            while begin and chunks[begin - 1].word("agg"):
                begin -= 1
            between = tuple(c for c in chunks[begin:at] if not c.word("is"))
            return (*chunks[:begin], extreme, *between, *chunks[at + 1 :])
    return chunks


def _ends(chunks: Chunks, at: int) -> bool:
    """The clause is over, or goes on with a period or a place."""
    if at >= len(chunks):
        return True
    following = chunks[at]
    kinds = ("preposition", "comma", "them")
    return following.has(PeriodSense) or _is_empty(following) or any(following.word(kind) for kind in kinds)


def _broken_down(chunks: Chunks) -> Chunks:
    """ "break GMV down by country", "split revenue out by method"."""
    for at, chunk in enumerate(chunks):
        if not chunk.word("break") or chunk.has(FieldSense, FilterSense):
            continue
        by = next((i for i in range(at + 1, len(chunks)) if chunks[i].word("by")), None)
        if by is None or any(c.word("list") or c.word("count") for c in chunks[:at]):
            return chunks
        return (*chunks[:at], *(c for c in chunks[at + 1 : by] if not c.word("down")), *chunks[by:])
    return chunks


def _number_of_groups(chunks: Chunks) -> Chunks:
    """ "for each number of stars" groups by the stars."""
    for at in range(len(chunks) - 2):
        by, count, field = chunks[at : at + 3]
        counts = count.word("count") and count.words.lower().endswith("number of")
        if by.word("by") and counts and field.has(FieldSense) and not field.has(DatasetSense, RoleSense):
            return (*chunks[: at + 1], *chunks[at + 2 :])
    return chunks


def _only(chunks: Chunks) -> Chunks:
    """ "paid payments only", "only sold listings": the words beside it narrow already. "users who only bought phones"
    says more, and stays."""
    for at, chunk in enumerate(chunks):
        if not chunk.word("only"):
            continue
        after = chunks[at + 1] if at + 1 < len(chunks) else None
        before = chunks[at - 1] if at else None
        doer = any(c.word("that") or c.has(RoleSense) for c in chunks[:at])
        ends = after is None or after.word("comma")
        narrows = after is not None and (after.has(*_NARROWS) or after.word("preposition"))
        if (ends and before is not None and before.has(DatasetSense, *_NARROWS)) or (narrows and not doer):
            return (*chunks[:at], *chunks[at + 1 :])
    return chunks


def _group_before(chunks: Chunks) -> Chunks:
    """ "for each category show sold listings, GMV and …": several numbers first, then the group."""
    if (
        not chunks
        or not chunks[0].word("by")
        or any(c.word("extreme") or c.word("most") or c.word("dear") for c in chunks)
    ):
        return chunks
    shown = next((i for i, c in enumerate(chunks[:4]) if c.word("list") and not c.word("that")), 0)
    listed = chunks[shown + 1 :]
    several = any(c.word("comma") for c in listed) and sum(c.has(MetricSense, FieldSense) for c in listed) > 1
    if not shown or not several or any(c.word("count") or c.word("list") for c in listed):
        return chunks
    group = tuple(c for c in chunks[:shown] if not c.word("comma"))
    dated = next((i for i, c in enumerate(listed) if c.has(PeriodSense)), len(listed))
    return (*listed[:dated], *group, *listed[dated:])


def _apart(chunks: Chunks) -> Chunks:
    """ "separately for each method" says it twice; "Art and Fashion separately" groups, and is not read yet."""
    return tuple(
        chunk
        for at, chunk in enumerate(chunks)
        if not (chunk.word("apart") and at + 1 < len(chunks) and chunks[at + 1].word("by"))
    )


def _done_by(chunks: Chunks) -> Chunks:
    """ "withdrawn by the bidder" says who did it, and groups nothing."""
    for deed, by, the, who in zip(chunks, chunks[1:], chunks[2:], chunks[3:], strict=False):
        passive = deed.has(FilterSense, FieldSense) and not deed.has(DatasetSense, MetricSense)
        named = the.words.lower() == "the" and who.has(RoleSense) and singular(who.words.lower()) == who.words.lower()
        if passive and by.words.lower() == "by" and named:
            words = f"{deed.words} by the {who.words}"
            raise NotUnderstood(f"I cannot tell who did what by “{words}”.", (words,))
    return chunks


def _below(chunks: Chunks) -> Chunks:
    """ "subcategories under each category": a place, not a bound."""
    for at in range(len(chunks) - 1):
        under, after = chunks[at : at + 2]
        if under.words.lower() in ("under", "below", "beneath") and under.word("compare") and after.word("by"):
            return (*chunks[:at], *chunks[at + 1 :])
    return chunks


def _nothing_more(chunks: Chunks) -> Chunks:
    """ "are there", "overall" at the end of a clause: said for the sound of it."""
    kept = []
    for at, chunk in enumerate(chunks):
        sums = chunk.word("agg") is not None
        if not chunk.word("them") or (sums and not _ends(chunks, at + 1)):
            kept.append(chunk)
    return tuple(kept)


def _added_up(chunks: Chunks) -> Chunks:
    """ "what do the bids of anna_k add up to": the sum of what was named."""
    for at, chunk in enumerate(chunks):
        if not chunk.word("sum up"):
            continue
        sums = Chunk("total", (WordSense("agg", "sum"),))
        if all(_is_empty(c) or c.word("list") or c.word("is") for c in chunks[:at]):
            return (sums, *chunks[at + 1 :])
        rest = chunks[:at] + chunks[at + 1 :]
        begin = next((i for i, c in enumerate(rest) if not (_is_empty(c) or c.word("list") or c.word("is"))), 0)
        return (*rest[:begin], sums, *rest[begin:])
    return chunks


def _is_empty(chunk: Chunk) -> bool:
    return bool(chunk.senses) and all(isinstance(s, WordSense) and s.kind in ("filler", "is") for s in chunk.senses)


_REWRITES: tuple[Callable[[Chunks], Chunks], ...] = (
    _only,
    _count_behind,
    _broken_down,
    _superlative_behind,
    _apart,
    _done_by,
    _group_before,
    _number_of_groups,
    _below,
    _added_up,
    _nothing_more,
)

WORD_ORDER = Construct("word order", read_word_order, _PHRASES)
