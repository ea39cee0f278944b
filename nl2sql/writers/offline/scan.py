"""Chunks → Frame: one pass from left to right, each chunk read once, none passed over.

A chunk that fits nowhere raises NotUnderstood: a question is answered as a whole or not at all.
"""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.frame import Frame, NotUnderstood, RankAsk
from nl2sql.writers.offline.placing import set_rank
from nl2sql.writers.offline.plan import Grain, Operator
from nl2sql.writers.offline.read_fields import read_field, read_grain, read_metric
from nl2sql.writers.offline.read_nouns import read_noun
from nl2sql.writers.offline.read_numbers import read_between, read_number, read_period
from nl2sql.writers.offline.read_values import is_value, read_filter, read_value, read_verb
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    VerbSense,
    WordSense,
)

# Kinds of function words, in the order in which a chunk that has several is tried.
_ORDER = (
    "share", "count", "between", "compare", "or_more", "dear", "recent", "most", "extreme", "agg", "distinct", "grain",
    "by", "except", "not", "with", "list", "that", "is", "or", "and", "comma", "order", "money", "preposition",
    "filler",
)  # fmt: skip


# What a word announces for a later noun, field or number: the attribute of Pending it sets.
_ANNOUNCES = {"count": "count", "by": "by", "with": "with_", "agg": "agg", "extreme": "extreme", "most": "most"}


def scan(model: SemanticModel, graph: JoinGraph, chunks: tuple[Chunk, ...], text: str) -> Frame:
    reading = Reading(model, graph, chunks, text)
    unknown = tuple(c.words for c in reading.chunks if not c.senses)
    if unknown:
        raise NotUnderstood("", unknown)
    reading.frame.corrected = [(c.words, c.corrected) for c in reading.chunks if c.corrected]
    while reading.at < len(reading.chunks):
        before = reading.at
        _step(reading, reading.chunks[reading.at])
        if reading.at == before:
            reading.at += 1
    _finish(reading)
    return reading.frame


def _step(reading: Reading, chunk: Chunk) -> None:
    if chunk.has(PeriodSense):
        read_period(reading, chunk)
    elif chunk.has(NumberSense):
        read_number(reading, chunk)
    elif chunk.has(MetricSense) and not (reading.pending.agg and chunk.has(FieldSense)):
        read_metric(reading, chunk)
    elif is_value(reading, chunk):
        read_value(reading, chunk)
    elif chunk.has(RoleSense, DatasetSense):
        read_noun(reading, chunk)
    elif chunk.has(FilterSense):
        read_filter(reading, chunk)
    elif chunk.has(FieldSense):
        read_field(reading, chunk)
    elif chunk.has(VerbSense):
        read_verb(reading, chunk)
    else:
        _read_word(reading, chunk)


def _read_word(reading: Reading, chunk: Chunk) -> None:
    kinds = {s.kind: s.argument for s in chunk.of(WordSense)}
    kind = next(k for k in _ORDER if k in kinds)
    argument = kinds[kind]
    if kind in _ANNOUNCES:
        setattr(reading.pending, _ANNOUNCES[kind], argument or True)
    elif kind in ("dear", "recent"):
        set_rank(reading, argument, "amount" if kind == "dear" else "time")
    elif kind == "grain":
        read_grain(reading, chunk, cast(Grain, argument))
    elif kind == "compare":
        reading.pending.compare = (cast(Operator, argument), Decimal(0), "")
    elif kind == "between":
        read_between(reading, chunk)
    elif kind in ("or", "or_more"):
        raise reading.stuck(chunk)
    else:
        _mark(reading, chunk, kind, argument)
    reading.at += 1


def _mark(reading: Reading, chunk: Chunk, kind: str, argument: str) -> None:
    """Words that say something of the whole question; the rest only joins other words."""
    match kind:
        case "not" | "except":
            reading.pending.negated = not reading.pending.negated
        case "distinct":
            reading.frame.distinct = True
        case "share":
            reading.frame.share = True
        case "list" | "that":
            _read_list(reading, chunk)
        case "order":
            _read_order(reading, argument)
        case _:
            pass


def _read_list(reading: Reading, chunk: Chunk) -> None:
    nothing_yet = reading.frame.head is None and not reading.frame.measures and not reading.pending.count
    if nothing_yet:
        reading.frame.listed = True
        reading.frame.people = chunk.words.lower() in ("who", "whose")


def _read_order(reading: Reading, direction: str) -> None:
    rank = reading.frame.rank or RankAsk(direction == "desc")
    rank.descending = direction == "desc"
    reading.frame.rank = rank


def _finish(reading: Reading) -> None:
    pending = reading.pending
    reading.frame.loose.extend(pending.before)
    if reading.expected is not None:
        raise NotUnderstood(f"I could not tell what was “{reading.expected.words}”.", (reading.expected.words,))
    left = [
        (pending.negated, "not"), (bool(pending.compare), "a comparison"), (pending.by, "by"),
        (bool(pending.agg), pending.agg), (bool(pending.extreme), "highest or lowest"), (bool(pending.most), "most"),
        (pending.number is not None, f"the number {pending.number}"), (pending.count, "how many"),
    ]  # fmt: skip
    for is_left, words in left:
        if is_left:
            raise NotUnderstood(f"I could not tell what “{words}” refers to.", (words,))
