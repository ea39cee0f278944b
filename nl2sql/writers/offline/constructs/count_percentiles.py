"""Percentiles of counts: "95th percentile of the number of bids per listing", "what number of bids marks the 95th
percentile of sold listings". Read as their median, which then becomes the percentile that was said."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from nl2sql.plan.base import Measure, QueryPlan, Related
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, is_joint, places, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    NumberSense,
    ValueSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_OF = ("of", "per", "for", "over", "across", "among", "over all", "of all")
_PHRASES = {("marks", ""): "mark | marks | marking | is at | lies at | corresponds to"}


def read_count_percentiles(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    marks = places(chunks, "percentile")
    counts = places(chunks, "count")
    if len(marks) != 1 or len(counts) != 1:
        return None
    mark, count = marks[0], counts[0]
    share = chunks[mark - 1].of(NumberSense) if mark else ()
    if len(share) != 1 or not 0 < share[0].value < 100:
        return None
    found = _behind(chunks, mark, count) if count > mark else _before(chunks, mark, count)
    if found is None:
        return None
    thing, rest = found
    counted = (word("median", "agg", "median"), word("number of", "count"), thing, word("per", "by", "by"))
    plan = inner((*counted, *rest))
    question.settle((*rest, thing))
    return _as_percentile(plan, share[0].value / 100)


def _behind(chunks: Chunks, mark: int, count: int) -> tuple[Chunk, Chunks] | None:
    """95th percentile of the number of bids per listing …"""
    thing = following(chunks, count)
    if not all(is_joint(c) for c in chunks[mark + 1 : count]) or not _leads(chunks[: mark - 1]):
        return None
    return _of_rows(chunks, thing)


def _before(chunks: Chunks, mark: int, count: int) -> tuple[Chunk, Chunks] | None:
    """What number of bids marks the 95th percentile of sold listings"""
    thing = following(chunks, count)
    between = chunks[thing + 1 : mark - 1]
    if thing >= len(chunks) or not chunks[thing].has(DatasetSense) or not _leads(chunks[:count]):
        return None
    if not all(is_joint(c) or said(c, "marks") for c in between):
        return None
    found = _of_rows((chunks[thing], *chunks[mark + 1 :]), 0)
    return found


def _leads(lead: Chunks) -> bool:
    return all(is_joint(c) or is_filler(c) or c.word("list") or c.words.lower() == "what" for c in lead)


def _of_rows(chunks: Chunks, thing: int) -> tuple[Chunk, Chunks] | None:
    """What is counted, and the rows it is counted for."""
    joint = following(chunks, thing) if thing < len(chunks) else len(chunks)
    if joint >= len(chunks) or not chunks[thing].has(DatasetSense) or chunks[joint].words.lower() not in _OF:
        return None
    rest = chunks[joint + 1 :]
    noun = next((i for i, c in enumerate(rest) if c.has(DatasetSense)), -1)
    plain = noun >= 0 and all(is_filler(c) or c.has(FilterSense, ValueSense) for c in rest[:noun])
    return (chunks[thing], rest) if plain and not chunks[thing].has(FieldSense) else None


def _as_percentile(plan: QueryPlan, share: Decimal) -> QueryPlan:
    shown = [m for m in plan.measures if not m.hidden]
    if len(shown) != 1 or shown[0].function != "median" or not isinstance(shown[0].field, Related):
        raise NotUnderstood("I cannot take a percentile of that.")
    measure = shown[0]
    name = f"p{(share * 100).normalize():f}_{measure.name.removeprefix('median_')}"
    turned: Measure = replace(measure, name=name, function="percentile", percentile=share)
    return replace(plan, measures=tuple(turned if m is measure else m for m in plan.measures))


COUNT_PERCENTILES = Construct("percentiles of counts", read_count_percentiles, _PHRASES)
