"""What is asked of changes: the largest ones, or those beyond a bound."""

from __future__ import annotations

from typing import cast

from nl2sql.plan.base import Operator
from nl2sql.writers.offline.constructs.base import word
from nl2sql.writers.offline.constructs.growth_plans import Wanted
from nl2sql.writers.offline.constructs.pieces import following, is_joint, places, preceding, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    MeasureSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
)


def take_rank(chunks: tuple[Chunk, ...], grown: int, taken: set[int], wanted: Wanted) -> None:
    """ "grew the most", "largest increase in GMV", "top 5 by GMV growth": the plain reader ranks by what changed.

    Raises NotUnderstood when a rank is said of something else.
    """
    ranks = [i for i in places(chunks, "extreme", "most", "fast") if i not in taken]
    if not ranks:
        return
    if len(ranks) > 1:
        raise NotUnderstood("I could not tell what is to be ranked.", tuple(chunks[i].words for i in ranks))
    rank = ranks[0]
    found = said(chunks[rank], "extreme", "most", "fast")
    direction = found.argument if found else "max"
    between = chunks[grown + 1 : rank]
    trails = rank > grown and bool(said(chunks[rank], "most", "fast"))
    trails = trails and all(is_joint(c) or said(c, "count", "agg") or _begins_a_measure(c) for c in between)
    close = trails or preceding(chunks, grown) == rank
    if not (close or (rank < grown and _leads_to(chunks[rank + 1 : grown]))):
        raise NotUnderstood("I could not tell whether the change is to be ranked.", (chunks[rank].words,))
    wanted.ranked = True
    measures = [i for i, c in enumerate(chunks) if i not in taken and _begins_a_measure(c)]
    if close and measures and measures[0] < rank:
        taken.add(rank)
        wanted.moved[measures[0]] = word("highest", "extreme", direction)
    elif found is not None and found.kind != "extreme":
        taken.add(rank)
        wanted.moved[rank] = word("highest", "extreme", direction)


def _leads_to(between: tuple[Chunk, ...]) -> bool:
    """ "top 5 sellers by GMV growth" ranks the growth, "the top 5 sellers' GMV growth" may rank anything."""
    if any(c.has(PeriodSense) or said(c, "and", "not", "compare") for c in between):
        return False
    return not any(c.has(DatasetSense, RoleSense) for c in between) or any(said(c, "by") for c in between)


def _begins_a_measure(chunk: Chunk) -> bool:
    return (
        chunk.has(MetricSense, MeasureSense)
        or bool(said(chunk, "count", "agg"))
        or (chunk.has(FieldSense) and not chunk.word("by"))
    )


def take_bound(chunks: tuple[Chunk, ...], grown: int, taken: set[int], wanted: Wanted) -> None:
    """ "grew by more than 20%", "growth above 10%": a percentage bounds the rate, any other number the difference."""
    at = following(chunks, grown)
    while at < len(chunks) and (said(chunks[at], "preposition") or chunks[at].words.lower() == "by"):
        at = following(chunks, at)
    number = following(chunks, at)
    if at >= len(chunks) or number >= len(chunks) or not chunks[number].has(NumberSense):
        return
    compare = said(chunks[at], "compare")
    if compare is None:
        return
    found = chunks[number].of(NumberSense)[0]
    percent = found.unit == "%"
    value = found.value / 100 if percent else found.value
    operator = cast(Operator, compare.argument)
    if wanted.down:  # a decrease by more than 20% is a growth below −20%
        turned: dict[str, Operator] = {">": "<", ">=": "<=", "<": ">", "<=": ">=", "=": "="}
        operator, value = turned[operator], -value
    wanted.bound = (operator, f"{value:f}", percent)
    taken |= set(range(following(chunks, grown), number + 1))
    after = following(chunks, number)
    if after < len(chunks) and chunks[after].word("money") and not percent:
        taken.add(after)
