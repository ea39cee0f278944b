"""The top of each group: "top 3 sellers in each country by GMV", "the month with the most sales in each year".

The ranking is read without the group, which then becomes one more dimension to rank within. A highest value by group
("highest bid of each category") is no ranking, and is left to the plain reader.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import cast

from nl2sql.plan.base import Condition, Derived, Dimension, During, FieldRef, Grain, QueryPlan
from nl2sql.plan.periods import Period
from nl2sql.plan.walk import first_field
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, mentions, places, preceding, said, together, without
from nl2sql.writers.offline.constructs.ranked_rows import as_groups, named_limit, without_limit
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
)

_RANKING = frozenset(("extreme", "most", "dear", "recent", "popular", "ranked", "edge"))
# "by country" groups; these say that everything before holds in each of them.
_EACH = frozenset(
    "in each|for each|for every|of each|each|every|within each|by each|on each|per|in every|within every".split("|")
)
_PHRASES = {
    ("by", ""): "in every | within every | inside each",
    ("extreme", "max"): "leading",
}
# A period that no question names: where it ends up shows what dates the question.
_PROBE = Period(date(1800, 1, 1), date(1800, 1, 2), "the probe")


@dataclass(frozen=True, slots=True)
class Group:
    """Where the group stands, its words, and everything that goes with it."""

    chunks: tuple[Chunk, ...]
    taken: frozenset[int]
    each: bool


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _RANKING):
        return None
    marks = [i for i in places(chunks, "by") if chunks[i].words.lower() in _EACH]
    if not marks or not places(chunks, *_RANKING):
        return None
    for mark in marks:
        group = group_at(chunks, mark)
        if group is None:
            continue
        try:
            rest = without(chunks, set(group.taken))
            plan = inner(rest)
        except NotUnderstood:
            continue
        if plan.limit is not None or (places(chunks, "ranked") and plan.derived):
            return _within(question, inner, rest, plan, group)
    return None


def group_at(chunks: tuple[Chunk, ...], mark: int, *, rates: bool = True) -> Group | None:
    at = following(chunks, mark)
    if at >= len(chunks):
        return None
    words = [at]
    if chunks[at].has(RoleSense) and at + 1 < len(chunks) and chunks[at + 1].has(FieldSense):
        words.append(at + 1)
    last = chunks[words[-1]]
    if not (last.has(FieldSense, DatasetSense, RoleSense) or said(last, "grain")) or last.has(MetricSense):
        return None
    before = preceding(chunks, mark)
    counted = before >= 0 and (chunks[before].has(MetricSense, DatasetSense, RoleSense, FilterSense))
    is_rate = chunks[mark].words.lower() == "per" and last.has(DatasetSense, RoleSense) and counted
    ranked = preceding(chunks, before) if before > 0 else -1  # "the top two items per shop" ranks the items
    of_those = ranked >= 0 and (chunks[ranked].has(NumberSense) or bool(said(chunks[ranked], "extreme")))
    is_rate = is_rate and not of_those and not places(chunks, "dear", "recent")
    if rates and is_rate:
        return None  # "the most bids per listing" is a rate
    taken = set(range(mark, words[-1] + 1))
    after = following(chunks, words[-1])
    if after < len(chunks) and chunks[after].word("comma"):
        taken |= set(range(words[-1] + 1, after + 1))
    elif after < len(chunks) and chunks[after].word("and") and mark > 0:
        follows = following(chunks, after)
        if follows < len(chunks) and chunks[follows].has(FieldSense, DatasetSense, RoleSense):
            return None  # "in each country and category"
    each = chunks[mark].words.lower() in _EACH
    return Group(tuple(chunks[i] for i in words), frozenset(taken), each)


def _within(question: Linked, inner: Inner, rest: tuple[Chunk, ...], plan: QueryPlan, group: Group) -> QueryPlan:
    ranks = plan.derived
    groups = as_groups(replace(plan, derived=()), question.model)
    dimension, conditions = group_dimension(question, inner, rest, groups, group)
    if groups.having or plan.within or dimension.name in (d.name for d in groups.dimensions):
        raise NotUnderstood("I cannot rank within these groups yet.", tuple(c.words for c in group.chunks))
    named = named_limit(plan)
    if ranks:
        groups = without_limit(groups) if not named else groups
    limit = groups.limit
    return replace(
        groups,
        dimensions=(dimension, *groups.dimensions),
        conditions=tuple(dict.fromkeys((*groups.conditions, *conditions))),
        within=(dimension.name,) if limit is not None else (),
        ties=limit == 1,
        derived=tuple(_ranked_within(each, dimension.name) for each in ranks),
        assumptions=together(groups.assumptions),
    )


def _ranked_within(derived: Derived, name: str) -> Derived:
    if derived.kind != "rank":
        raise NotUnderstood("I cannot rank within these groups yet.")
    return replace(derived, within=(name,))


def group_dimension(
    question: Linked, inner: Inner, rest: tuple[Chunk, ...], plan: QueryPlan, group: Group
) -> tuple[Dimension, tuple[Condition, ...]]:
    last = group.chunks[-1]
    grain = said(last, "grain")
    if grain is not None and not last.has(DatasetSense):
        ref = _time(plan, inner, rest)
        return Dimension(grain.argument, ref, cast(Grain, grain.argument)), ()
    if len(group.chunks) == 1 and (own := _of_the_ranked(question, plan, last)):
        return own, ()
    label = question.model.dataset(plan.base).label or plan.base
    counting = (word("number of", "count"), Chunk(label, (DatasetSense(plan.base),)), word("by", "by"))
    try:
        by_group = inner((*counting, *group.chunks))
    except SeveralReadings as error:
        raise _said_in_full(question, last, error) from None
    if by_group.base != plan.base or len(by_group.dimensions) != 1:
        raise NotUnderstood(f"I cannot rank within each “{last.words}”.", (last.words,))
    return by_group.dimensions[0], by_group.conditions


def _said_in_full(question: Linked, last: Chunk, error: SeveralReadings) -> SeveralReadings:
    """The choices are readings of the group alone: put into the question."""
    return error if all(c != question.text for c in error.choices) else SeveralReadings(error.message, ())


def _of_the_ranked(question: Linked, plan: QueryPlan, chunk: Chunk) -> Dimension | None:
    """ "sellers in each country": the country is the seller's."""
    for each in plan.dimensions:
        ref = first_field(each.field)
        if ref is None or not each.entity:
            continue
        for sense in chunk.of(FieldSense):
            if sense.dataset == ref.dataset:
                field = question.model.dataset(sense.dataset).field(sense.field)
                return Dimension(field.label or field.name, FieldRef(ref.path, sense.dataset, sense.field))
    return None


def _time(plan: QueryPlan, inner: Inner, rest: tuple[Chunk, ...]) -> FieldRef:
    """What dates the question: seen from its own period or series, else from where another period would go."""
    grained = [first_field(d.field) for d in plan.dimensions if d.grain]
    dated = [c.field for c in plan.conditions if isinstance(c, During)]
    if not grained and not dated:
        probed = inner((*rest, Chunk("then", (PeriodSense(_PROBE),))))
        dated = [c.field for c in probed.conditions if isinstance(c, During) and c.period == _PROBE]
    found = [ref for ref in (*grained, *dated) if ref is not None]
    if not found:
        raise NotUnderstood("I do not know which date is meant.")
    return found[0]


PER_GROUP = Construct("the top of each group", _read, _PHRASES)
