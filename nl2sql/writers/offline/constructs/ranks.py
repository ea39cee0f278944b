"""Ranks: "rank sellers by GMV", "second highest bid", "which category ranks third by revenue"."""

from __future__ import annotations

import re
from dataclasses import replace

from nl2sql.plan.base import Derived, Having, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.one_among_all import picked_after
from nl2sql.writers.offline.constructs.pieces import following, mentions, places, said, together, without
from nl2sql.writers.offline.constructs.ranked_rows import as_groups, value_as_groups, without_limit
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, NumberSense, is_filler

_PHRASES = {
    ("ranked", ""): "rank | ranked | ranking of | ranking | ranks | rank of | league table of",
    ("nth", "2"): "second",
    ("nth", "3"): "third",
    ("nth", "4"): "fourth",
    ("nth", "5"): "fifth",
    ("nth", "6"): "sixth",
    ("nth", "7"): "seventh",
    ("nth", "8"): "eighth",
    ("nth", "9"): "ninth",
    ("nth", "10"): "tenth",
}
_ORDINAL = re.compile(r"(\d+)(st|nd|rd|th)\Z", re.I)
_KINDS = frozenset(("ranked", "nth"))
_TIES = "Equal values share a rank."
_ONCE = "A value that occurs several times counts once."


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _KINDS) and not any(_ORDINAL.match(c.words) for c in chunks if c.has(NumberSense)):
        return None
    ranked = places(chunks, "ranked")
    nth = next((i for i, c in enumerate(chunks) if _number(c)), None)
    if len(ranked) > 1:
        raise NotUnderstood("I can rank by one thing at a time.", (chunks[ranked[1]].words,))
    if nth is not None and (found := _nth(chunks, nth, ranked)):
        return _one_rank(question, inner(found), _number(chunks[nth]))
    if not ranked:
        return None
    if (first := _the_first(chunks, ranked[0])) is not None:
        return inner(first)
    plan = inner(_from_the_top(chunks, ranked[0]))
    numbers = [int(n.value) for c in chunks for n in c.of(NumberSense)]
    return _all_ranks(question, plan if plan.limit in numbers else without_limit(plan))


def _the_first(chunks: tuple[Chunk, ...], ranked: int) -> tuple[Chunk, ...] | None:
    """ "who ranks first by GMV": who has the highest."""
    edge = following(chunks, ranked)
    joint = following(chunks, edge) if edge < len(chunks) else len(chunks)
    found = said(chunks[edge], "edge") if edge < len(chunks) else None
    if found is None or joint >= len(chunks) or not said(chunks[joint], "by", "preposition"):
        return None
    top = word("highest", "extreme", "max" if found.argument == "min" else "min")
    return (*chunks[:ranked], top, *chunks[joint + 1 :])


def _from_the_top(chunks: tuple[Chunk, ...], ranked: int) -> tuple[Chunk, ...]:
    """ "rank categories by GMV", "categories ranked by GMV": read as their top, without an end."""
    top = word("top", "extreme", "max")
    rest = without(chunks, {ranked})
    if any(said(c, "extreme", "most") for c in rest):
        return rest
    leads = all(is_filler(c) or said(c, "list", "is") for c in rest[:ranked])
    if leads and ranked < len(rest) and said(rest[ranked], "by") and rest[ranked].words.lower() in ("each", "every"):
        rest = without(rest, {ranked})  # "the rank of each seller"
    start = next((i for i, c in enumerate(rest) if not is_filler(c) and not said(c, "list", "is")), 0)
    while start < len(rest) and (is_filler(rest[start]) or said(rest[start], "preposition")):
        start += 1
    return (*rest[:start], top, *rest[start:])


def _number(chunk: Chunk) -> int:
    """The rank that the chunk names; 0 for none. A bare "1st" and "first" name the top, which needs no rank."""
    if found := said(chunk, "nth"):
        return int(found.argument)
    ordinal = _ORDINAL.match(chunk.words) if chunk.has(NumberSense) else None
    return int(ordinal[1]) if ordinal and 1 < int(ordinal[1]) <= 1_000 else 0


def _nth(chunks: tuple[Chunk, ...], nth: int, ranked: list[int]) -> tuple[Chunk, ...] | None:
    """The question for the first of them all; None when the number is no rank ("the second quarter")."""
    after = following(chunks, nth)
    if after < len(chunks) and said(chunks[after], "extreme", "most", "dear", "recent", "popular"):
        return without(chunks, {nth, *ranked})
    if ranked and following(chunks, ranked[0]) == nth and after < len(chunks):
        joint = chunks[after]
        if said(joint, "by") or said(joint, "preposition"):  # "ranks second by GMV"
            put = word("highest", "extreme", "max")
            return (*chunks[: ranked[0]], put, *chunks[after + 1 :])
    return None


def _one_rank(question: Linked, plan: QueryPlan, number: int) -> QueryPlan:
    values = value_as_groups(plan, question.model)
    groups = values or as_groups(plan, question.model)
    if plan.measures and plan.dimensions and plan.limit is None:
        raise NotUnderstood("I could not tell what is to be ranked.")
    if plan.having or plan.within:
        raise NotUnderstood("I cannot rank within this yet.")
    groups = without_limit(groups)
    rank = _rank(groups)
    bound = Having("=", str(number), rank.name)
    return replace(
        groups,
        derived=(rank,),
        having=(bound,),
        ties=False,
        assumptions=together(groups.assumptions, (_ONCE if values else _TIES,)),
    )


def _all_ranks(question: Linked, plan: QueryPlan) -> QueryPlan:
    if plan.order is None:
        raise NotUnderstood("I could not tell by what to rank.")
    if not plan.measures:
        return plan  # rows in order: their place is their rank
    groups = as_groups(plan, question.model)
    if len(groups.dimensions) - len(groups.within) != 1:
        raise NotUnderstood("I could not tell what is to be ranked.")
    rank = _rank(groups)
    if groups.limit is None:
        groups = replace(groups, within=(), ties=False)
    groups = replace(groups, derived=(rank,), assumptions=together(groups.assumptions, (_TIES,)))
    return picked_after(groups, question.model)


def _rank(plan: QueryPlan) -> Derived:
    order = plan.order
    if order is None:
        raise NotUnderstood("I could not tell by what to rank.")
    return Derived("rank", "rank", order.column, within=plan.within, descending=order.descending)


RANKS = Construct("ranks", _read, _PHRASES)
