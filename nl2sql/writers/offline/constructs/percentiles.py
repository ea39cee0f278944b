"""Percentiles: "90th percentile of bid amounts", "p95 of final prices by category", "quartiles of starting prices"."""

from __future__ import annotations

import re
from decimal import Decimal

from nl2sql.plan.base import Measure, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FieldSense, MeasureSense, NumberSense, Placer, is_filler

_PHRASES = {
    ("percentile", ""): "percentile | percentile value | centile | quantile",
    ("percentile", "0.75"): "upper quartile | third quartile | top quartile | 3rd quartile",
    ("percentile", "0.25"): "lower quartile | first quartile | bottom quartile | 1st quartile",
    ("percentile", "0.9"): "top decile | upper decile",
    ("percentile", "0.1"): "bottom decile | lower decile",
    ("percentile", "0.25 0.5 0.75"): "quartile",
}
_SHORT = re.compile(r"p([1-9]\d?)\Z", re.I)  # p95
_JOINTS = ("comma", "and")


def read_percentiles(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not any(_shares(chunk) is not None for chunk in chunks):
        return None
    at = next(i for i, chunk in enumerate(chunks) if _shares(chunk) is not None)
    start, end, shares = _stretch(chunks, at)
    first, last, target = _target(question, start, end)
    made = [_made(target, share, question) for share in shares]
    joined = [part for each in made for part in (word("and", "and"), each)][1:]
    return inner((*chunks[:first], *joined, *chunks[last:]))


def _shares(chunk: Chunk) -> tuple[Decimal, ...] | None:
    """The shares that the chunk names by itself; empty where numbers before it do; None for other words."""
    if (found := said(chunk, "percentile")) is not None:
        return tuple(Decimal(each) for each in found.argument.split())
    short = _SHORT.match(chunk.words) if not chunk.senses else None
    return (Decimal(short[1]) / 100,) if short else None


def _stretch(chunks: tuple[Chunk, ...], at: int) -> tuple[int, int, tuple[Decimal, ...]]:
    """From where to where percentiles are named, and which: "25th, 50th and 75th percentile", "p50 and p95"."""
    start, end, shares = at, at + 1, _shares(chunks[at]) or ()
    if shares:
        before = _skipped(chunks, start - 1, -1)
        if before < start - 1 and before >= 0 and (more := _listed(chunks[before])):
            shares, start = (*more, *shares), before
        while (behind := _skipped(chunks, end, 1)) > end and behind < len(chunks):
            if not (more := _listed(chunks[behind])):
                break
            shares, end = (*shares, *more), behind + 1
        return start, end, tuple(dict.fromkeys(shares))
    numbers: list[Decimal] = []
    while start > 0 and (chunks[start - 1].has(NumberSense) or (numbers and _joins(chunks[start - 1]))):
        start -= 1
        numbers += [number.value for number in chunks[start].of(NumberSense)]
    while start < at and _joins(chunks[start]):
        start += 1
    if not numbers or not all(0 < number < 100 for number in numbers):
        raise NotUnderstood("Which percentile? Please say, for instance, the 90th.", (chunks[at].words,))
    before = _skipped(chunks, start - 1, -1)
    if before < start - 1 and before >= 0 and _listed(chunks[before]) == (Decimal("0.5"),):
        return before, end, tuple(dict.fromkeys((Decimal("0.5"), *(number / 100 for number in reversed(numbers)))))
    return start, end, tuple(number / 100 for number in reversed(numbers))


def _skipped(chunks: tuple[Chunk, ...], at: int, step: int) -> int:
    """Past "and", commas and articles, in either direction; the place itself where no joint stands there."""
    place, joined = at, False
    while 0 <= place < len(chunks) and (_joins(chunks[place]) or is_filler(chunks[place])):
        joined = joined or _joins(chunks[place])
        place += step
    return place if joined else at


def _listed(chunk: Chunk) -> tuple[Decimal, ...]:
    """What stands beside percentiles: others, and the median."""
    agg = said(chunk, "agg")
    return (Decimal("0.5"),) if agg and agg.argument == "median" else _shares(chunk) or ()


def _joins(chunk: Chunk) -> bool:
    return any(chunk.word(kind) for kind in _JOINTS)


def _target(question: Linked, start: int, end: int) -> tuple[int, int, Chunk]:
    """The number whose percentile is asked for, and from where to where all of it stands: behind, or right before."""
    chunks, at = question.chunks, end
    while at < len(chunks) and (is_filler(chunks[at]) or said(chunks[at], "preposition")):
        at += 1
    if at < len(chunks) and _fields(question, chunks[at]):
        return start, at + 1, chunks[at]
    if start and _fields(question, chunks[start - 1]):
        return start - 1, end, chunks[start - 1]
    raise NotUnderstood("A percentile of which number? I could not tell.", (chunks[end - 1].words,))


def _fields(question: Linked, chunk: Chunk) -> tuple[FieldSense, ...]:
    """The numbers that the words mean; a thing that has an amount of its own name means that ("bids")."""
    model = question.model
    if numbers := tuple(f for f in chunk.of(FieldSense) if model.dataset(f.dataset).field(f.field).datatype.is_number):
        return numbers
    found = []
    for sense in chunk.of(DatasetSense):
        dataset = model.dataset(sense.dataset)
        amount = dataset.field(dataset.amount_field) if dataset.amount_field else None
        label = (amount.label or amount.name.replace("_", " ")) if amount else ""
        if amount and (chunk.words.lower().rstrip("s") in label.split()):
            found.append(FieldSense(dataset.name, amount.name))
    return tuple(found)


def _made(target: Chunk, share: Decimal, question: Linked) -> Chunk:
    fields = _fields(question, target)
    label = question.model.dataset(fields[0].dataset).field(fields[0].field).label or fields[0].field

    def bind(placer: Placer, scope: Scope) -> Measure:
        ref = placer.place(fields, scope, target.words)
        name = "_".join(label.replace("-", " ").split())
        if share == Decimal("0.5"):
            return Measure("agg", f"median_{name}", "median", ref)
        return Measure("agg", f"p{(share * 100).normalize():f}_{name}", "percentile", ref, percentile=share)

    dated = question.model.dataset(fields[0].dataset).field(fields[0].field).time_field
    time = f"{fields[0].dataset}.{dated}" if dated else ""
    return Chunk(target.words, (MeasureSense(fields[0].dataset, bind, time),))


PERCENTILES = Construct("percentiles", read_percentiles, _PHRASES)
