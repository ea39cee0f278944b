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
    ValueSense,
    VerbSense,
    WordSense,
)

# Kinds of function words, in the order in which a chunk that has several is tried.
_ORDER = (
    "when", "sort", "edge", "but", "share", "count", "between", "compare", "or_more", "dear", "recent", "most",
    "extreme", "agg", "distinct", "grain", "by", "except", "not", "with", "list", "that", "is", "or", "and", "comma",
    "order", "money", "preposition", "filler",
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
    elif chunk.has(FilterSense) and not _only_links(reading, chunk):
        read_filter(reading, chunk)
    elif chunk.has(FieldSense):
        read_field(reading, chunk)
    elif chunk.has(VerbSense) and not (chunk.word("list") and reading.at == 0):
        read_verb(reading, chunk)
    else:
        _read_word(reading, chunk)


def _only_links(reading: Reading, chunk: Chunk) -> bool:
    """A word that is an adjective of the model and an ordinary verb ("where does she live"): the latter unless it
    stands before a noun or behind "is"."""
    following, previous = reading.peek(), reading.previous()
    describes = (following and following.has(DatasetSense)) or (previous and previous.word("is"))
    return chunk.word("is") is not None and not describes


def _read_word(reading: Reading, chunk: Chunk) -> None:
    kinds = {s.kind: s.argument for s in chunk.of(WordSense)}
    kind = next(k for k in _ORDER if k in kinds)
    argument = kinds[kind]
    if kind in ("agg", "extreme", "most") and (reading.pending.agg or reading.pending.extreme or reading.pending.most):
        _announce_again(reading, chunk, kind, argument)
    elif kind in _ANNOUNCES:
        reading.pending.extreme_words = chunk.words if kind == "extreme" else ""
        setattr(reading.pending, _ANNOUNCES[kind], argument or True)
    elif kind in ("dear", "recent"):
        direction, _, everything = argument.partition(" ")
        set_rank(reading, direction, "amount" if kind == "dear" else "time", everything=bool(everything))
        if reading.frame.rank is not None:
            reading.frame.rank.dear = kind == "dear"
    elif kind == "edge":
        _read_edge(reading, chunk, argument)
    elif kind == "but":
        _read_but(reading, chunk)
    elif kind == "grain":
        read_grain(reading, chunk, cast(Grain, argument))
    elif kind == "compare":
        _read_compare(reading, chunk, cast(Operator, argument))
    elif kind == "between":
        read_between(reading, chunk)
    elif kind in ("or", "or_more"):
        raise reading.stuck(chunk)
    else:
        _mark(reading, chunk, kind, argument)
    reading.at += 1


_OPPOSITE: dict[Operator, Operator] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


def _read_compare(reading: Reading, chunk: Chunk, operator: Operator) -> None:
    """ "not over 100" is at most 100."""
    if reading.pending.negated:
        if operator not in _OPPOSITE:
            raise reading.stuck(chunk)
        operator, reading.pending.negated = _OPPOSITE[operator], False
        previous = reading.previous()
        reading.pending.with_ = previous is not None and previous.words.lower().startswith(
            ("with", "have", "had", "has")
        )
    reading.pending.compare = (operator, Decimal(0), "")


def _read_edge(reading: Reading, chunk: Chunk, direction: str) -> None:
    """ "the last 10 bids": first and last of rows, in time; of people and of anything else they say something else."""
    following = reading.peek()
    if following and following.has(NumberSense):
        following = reading.peek(2)
    if following is None or not following.has(DatasetSense, FilterSense, ValueSense) or following.has(RoleSense):
        raise reading.stuck(chunk)
    set_rank(reading, direction, "time")


def _read_but(reading: Reading, chunk: Chunk) -> None:
    """ "with comments but no bids": only before a negated noun or deed; anywhere else it turns too much around."""
    following, after = reading.peek(), reading.peek(2)
    negated = following is not None and following.word("not") is not None
    if not negated or after is None or not after.has(DatasetSense, VerbSense):
        raise reading.stuck(chunk)


def _announce_again(reading: Reading, chunk: Chunk, kind: str, argument: str) -> None:
    """ "lowest and highest price": several functions of one thing; without a joint the first would be lost."""
    pending, previous = reading.pending, reading.previous()
    if argument == (pending.agg or pending.extreme or pending.most):
        return
    if kind == "agg" and pending.extreme and previous is not None and previous.word("extreme"):
        pending.ranked, pending.agg, pending.extreme = pending.extreme, argument, ""
        return
    joined = previous is not None and (previous.word("and") or previous.word("comma"))
    if not joined or kind == "most" or pending.most or pending.number is not None:
        raise reading.stuck(chunk)
    pending.also.append(pending.agg or pending.extreme)
    pending.agg = pending.extreme = ""
    setattr(pending, kind, argument)


def _mark(reading: Reading, chunk: Chunk, kind: str, argument: str) -> None:
    """Words that say something of the whole question; the rest only joins other words."""
    match kind:
        case "not" | "except":
            reading.pending.negated = not reading.pending.negated
        case "distinct":
            reading.frame.distinct = True
        case "share":
            reading.frame.share = True
        case "when":
            reading.frame.when = reading.frame.listed = True
        case "sort":
            reading.pending.sort = True
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
    rank = reading.frame.rank or RankAsk(direction == "desc", all=True)
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
        (bool(pending.also), "and"), (pending.sort, "sorted by"), (bool(pending.ranked), "highest or lowest"),
        (pending.number is not None, f"the number {pending.number}"), (pending.count, "how many"),
    ]  # fmt: skip
    for is_left, words in left:
        if is_left:
            raise NotUnderstood(f"I could not tell what “{words}” refers to.", (words,))
