"""What part of a total its top few make up: "what share of GMV comes from the top 10 sellers".

Everybody's share is taken of the whole; those of the top few are added up.
"""

from __future__ import annotations

from dataclasses import replace

from nl2sql.plan.base import Derived, Fold, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import is_additive, places, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.resolve import share_name
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_PHRASES = {
    ("share", ""): (
        "how big a share of | how large a share of | how much of | how big a part of | how large a part of | "
        "how big a share | how large a share | how big a part | how large a part"
    ),
    ("extreme", "max"): "leading | most important",
}
_NOUNS = (DatasetSense, RoleSense)
_LINKS = ("is", "preposition", "filler", "by", "comma")


def read_top_share(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    marks = places(chunks, "share")
    if len(marks) != 1 or not any(said(c, "extreme") for c in chunks):
        return None
    found = _parts(chunks, marks[0])
    if found is None:
        return None
    metric, number, noun, rest = found
    asked = (word("top", "extreme", "max"), number, noun, word("by", "by"), *metric, *rest)
    plan = inner(asked)
    if len(plan.measures) != 1 or plan.limit != int(number.of(NumberSense)[0].value) or plan.order is None:
        raise NotUnderstood("I cannot take the share of these.", (noun.words,))
    if plan.having or plan.derived or plan.beside or plan.fold or plan.ties or not plan.dimensions:
        raise NotUnderstood("I cannot take the share of these.", (noun.words,))
    measure = plan.measures[0]
    if not is_additive(measure, question.model):
        words = metric[-1].words
        raise NotUnderstood(f"“{words}” does not add up, so nobody has a share of it.", (words,))
    name = share_name(measure.name)
    order = replace(plan.order, column=plan.order.column or measure.name)
    share = Derived(name, "share", measure.name)
    folded = Fold(f"{name}_of_the_top_{plan.limit}", "sum", name)
    question.settle((*asked, *(c for c in chunks if c.word("share"))))
    return replace(plan, order=order, derived=(share,), fold=folded)


def _parts(chunks: Chunks, mark: int) -> tuple[Chunks, Chunk, Chunk, Chunks] | None:
    """What is added up or counted, how many, of what, and the period: "share of [GMV] comes from the top [10] [sellers]
    (by GMV) (in 2025)". None where anything else is said."""
    if any(not (is_filler(c) or c.word("list") or c.word("is")) for c in chunks[:mark]):
        return None
    extreme = next(i for i, c in enumerate(chunks) if said(c, "extreme"))
    numbers = [i for i, c in enumerate(chunks) if c.has(NumberSense)]
    whole = [i for i in range(mark + 1, extreme) if chunks[i].has(MetricSense, *_NOUNS)]
    nouns = [i for i in range(extreme + 1, len(chunks)) if chunks[i].has(*_NOUNS)]
    if len(numbers) != 1 or len(nouns) != 1 or len(whole) != 1 or not whole[0] < min(extreme, numbers[0]):
        return None
    metric, way = chunks[whole[0]], chunks[extreme].word("extreme")
    again = [i for i, c in enumerate(chunks) if i > nouns[0] and metric.has(MetricSense) and c.has(MetricSense)]
    named = {mark, extreme, numbers[0], nouns[0], whole[0], *again}
    others = [c for i, c in enumerate(chunks[mark:], mark) if i not in named and not c.has(PeriodSense)]
    plain = all(is_filler(c) or any(said(c, kind) for kind in _LINKS) for c in others)
    near = abs(extreme - numbers[0]) == 1 and max(extreme, numbers[0]) < nouns[0]
    same = all(chunks[i].of(MetricSense) == metric.of(MetricSense) for i in again)
    if not (near and plain and same) or way is None or way.argument != "max":
        return None
    asked = (metric,) if metric.has(MetricSense) else (word("number of", "count"), metric)
    return asked, chunks[numbers[0]], chunks[nouns[0]], tuple(c for c in chunks if c.has(PeriodSense))


TOP_SHARE = Construct("the share of the top few", read_top_share, _PHRASES)
