"""Two numbers and what lies between them: "GMV minus revenue", "ratio of bids to listings", "revenue as a percentage of
GMV", "GMV versus revenue by month". Each number is read as a question of its own, with what is said of both."""

from __future__ import annotations

import re
from dataclasses import replace

from nl2sql.plan.base import Derived, During, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import (
    default_order,
    join,
    measured,
    mentions,
    places,
    plain_part,
    shown_names,
    together,
)
from nl2sql.writers.offline.constructs.ratio_words import Two, sets_numbers_against, split
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import PeriodSense

_PHRASES = {
    ("pair", "ratio"): "ratio of | ratio between | quotient of",
    ("pair", "difference"): "difference between | gap between | spread between",
    ("behind", "ratio"): "ratio | quotient",
    ("infix", "ratio"): (
        "divided by | as a percentage of | as percentage of | as a percent of | as percent of | as a share of | as a "
        "proportion of | as a fraction of | as a % of | as % of | in percent of | as a part of"
    ),
    ("infix", "difference"): "minus | net of | after deduction of",
}
_KINDS = frozenset(("pair", "infix", "behind", "more", "versus"))


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _KINDS):
        return None
    marks = places(chunks, "pair", "infix", "behind")
    against = [i for i in places(chunks, "versus") if sets_numbers_against(chunks, i)]
    more = places(chunks, "more") if places(chunks, "than") and not any(c.has(PeriodSense) for c in chunks) else []
    marks = marks or against or more
    if not marks:
        return None
    if len(marks) > 1:
        raise NotUnderstood("I can set two numbers against each other at a time.")
    two = split(chunks, marks[0])
    if isinstance(two, tuple):
        return inner(two)
    return _against(two, inner) if two is not None else None


def _against(two: Two, inner: Inner) -> QueryPlan:
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
    by_order = names[0][0] if two.kind == "beside" else two.kind
    derived = () if two.kind == "beside" else (Derived(two.kind, two.kind, names[0][0], names[1][0]),)
    plan = join(first, second, *derived)
    notes = together(plans[0].assumptions, plans[1].assumptions, _dates(first, second))
    return replace(plan, order=default_order(plan, by_order), assumptions=notes)


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
