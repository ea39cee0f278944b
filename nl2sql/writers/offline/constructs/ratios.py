"""Two numbers and what lies between them: "GMV minus revenue", "ratio of bids to listings", "revenue as a percentage of
GMV". Each number is read as a question of its own, with what is said of both."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Literal

from nl2sql.plan.base import Derived, During, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import (
    default_order,
    is_filler,
    join,
    measured,
    mentions,
    places,
    plain_part,
    said,
    shown_names,
    together,
)
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    RoleSense,
    ValueSense,
)

_PHRASES = {
    ("pair", "ratio"): "ratio of | ratio between | quotient of",
    ("pair", "difference"): "difference between | gap between | spread between",
    ("infix", "ratio"): (
        "divided by | as a percentage of | as percentage of | as a percent of | as percent of | as a share of | as a "
        "proportion of | as a fraction of | as a % of | as % of | in percent of | as a part of"
    ),
    ("infix", "difference"): "minus | net of | after deduction of",
}
_KINDS = frozenset(("pair", "infix"))
Kind = Literal["ratio", "difference"]


@dataclass(frozen=True, slots=True)
class _Two:
    """The chunks of two questions for a number; `words` name the two."""

    kind: Kind
    first: tuple[Chunk, ...]
    second: tuple[Chunk, ...]
    words: tuple[str, str]


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    if not mentions(question.chunks, _KINDS):
        return None
    marks = places(question.chunks, "pair", "infix")
    if not marks:
        return None
    if len(marks) > 1:
        raise NotUnderstood("I can set two numbers against each other at a time.")
    two = _split(question.chunks, marks[0])
    if two is None:
        return None
    return _against(two, inner)


# -- which two -------------------------------------------------------------------------------------------------------


def _split(chunks: tuple[Chunk, ...], mark: int) -> _Two | None:
    """None where there are no two numbers: "difference between 2024 and 2025"."""
    found = said(chunks[mark], "pair", "infix")
    if found is None:
        return None
    kind: Kind = "ratio" if found.argument == "ratio" else "difference"
    if found.kind == "infix":
        end = _core_end(chunks, 0, mark)
        start = _core_start(chunks, end) if end else 0
        lead, core, extra = chunks[:start], chunks[start:end], chunks[end:mark]
        behind = mark + 1
    else:
        joint = next((i for i in range(mark + 1, len(chunks)) if chunks[i].words.lower() in ("to", "and")), 0)
        if not joint:
            return None
        end = joint
        lead, core, extra = chunks[:mark], chunks[mark + 1 : joint], ()
        behind = joint + 1
    last = _core_end(chunks, behind, len(chunks))
    if not end or not last:
        return None
    second, tail = chunks[behind:last], chunks[last:]
    noun = () if any(_is_thing(c) for c in core) else second[-1:]  # "unsold to sold listings"
    if not core or not (noun or _core_end(core, 0, len(core)) == len(core)) or (noun and not _describes(core)):
        return None
    words = " ".join(c.words for c in core), " ".join(c.words for c in second)
    return _Two(kind, (*lead, *core, *noun, *extra, *tail), (*lead, *second, *extra, *tail), words)


def _is_thing(chunk: Chunk) -> bool:
    return chunk.has(MetricSense, MeasureSense, DatasetSense, RoleSense) or (
        chunk.has(FieldSense) and not chunk.has(ValueSense, FilterSense)
    )


def _describes(core: tuple[Chunk, ...]) -> bool:
    return any(chunk.has(FilterSense, ValueSense) for chunk in core)


def _core_end(chunks: tuple[Chunk, ...], start: int, end: int) -> int:
    """Behind the first thing that can be counted or computed; 0 for none, or where something else comes first."""
    for index in range(start, end):
        chunk = chunks[index]
        if _is_thing(chunk):
            if index + 1 < end and chunk.has(RoleSense, DatasetSense) and _is_thing(chunks[index + 1]):
                continue  # "listing views"
            return index + 1
        leads = is_filler(chunk) or said(chunk, "count", "agg", "list", "is", "distinct", "preposition", "extreme")
        if not leads and not chunk.has(FilterSense, ValueSense):
            return 0
    return 0


def _core_start(chunks: tuple[Chunk, ...], end: int) -> int:
    """Where the words begin that belong to the number which ends there."""
    start = end - 1
    while start > 0:
        before = chunks[start - 1]
        belongs = said(before, "count", "agg", "distinct", "extreme") or before.has(FilterSense, ValueSense)
        if not belongs and not is_filler(before) and not before.has(RoleSense, DatasetSense):
            break
        start -= 1
    return start


# -- the plan --------------------------------------------------------------------------------------------------------


def _against(two: _Two, inner: Inner) -> QueryPlan:
    why = "I cannot set these two numbers against each other."
    plans = [measured(chunks, inner) for chunks in (two.first, two.second)]
    first, second = (plain_part(plan, why) for plan in plans)
    names = [shown_names(plan) for plan in (first, second)]
    if len(names[0]) != 1 or len(names[1]) != 1 or first.derived or second.derived:
        raise NotUnderstood(why)
    if names[0] == names[1]:
        first, second = _told_apart(first, two.words[0]), _told_apart(second, two.words[1])
        names = [shown_names(plan) for plan in (first, second)]
        if names[0] == names[1]:
            raise NotUnderstood("Both numbers are the same.")
    derived = Derived(two.kind, two.kind, names[0][0], names[1][0])
    plan = join(first, second, derived)
    notes = together(plans[0].assumptions, plans[1].assumptions, _dates(first, second))
    return replace(plan, order=default_order(plan, two.kind), assumptions=notes)


def _told_apart(plan: QueryPlan, words: str) -> QueryPlan:
    slug = re.sub(r"\W+", "_", words.lower()).strip("_")
    old = shown_names(plan)[0]
    return replace(
        plan, measures=tuple(replace(m, name=f"{old}_{slug}") if m.name == old else m for m in plan.measures)
    )


def _dates(first: QueryPlan, second: QueryPlan) -> tuple[str, ...]:
    """That the two are dated by different moments is said."""
    dated = [
        {c.field for c in plan.conditions if isinstance(c, During)} | {d.field for d in plan.dimensions if d.grain}
        for plan in (first, second)
    ]
    if not dated[0] or not dated[1] or (first.base == second.base and dated[0] == dated[1]):
        return ()
    return ("Each of the two numbers is dated in its own way.",)


RATIOS = Construct("two numbers against each other", _read, _PHRASES)
