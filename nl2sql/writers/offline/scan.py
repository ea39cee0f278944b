"""Chunks → Frame: one pass from left to right, each chunk read once, none passed over.

A chunk that fits nowhere raises NotUnderstood: a question is answered as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import cast

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Grain, Operator
from nl2sql.writers.offline.frame import Frame, NotUnderstood, Noun, RankAsk
from nl2sql.writers.offline.phrasing import phrased
from nl2sql.writers.offline.placing import count_kind, set_rank
from nl2sql.writers.offline.read_columns import read_columns
from nl2sql.writers.offline.read_counts import count_times
from nl2sql.writers.offline.read_fields import agrees, read_field, read_grain, read_metric, usual_aggregate
from nl2sql.writers.offline.read_made import read_made
from nl2sql.writers.offline.read_nouns import read_noun
from nl2sql.writers.offline.read_numbers import possesses, read_between, read_number, read_period
from nl2sql.writers.offline.read_values import is_value, read_filter, read_value, read_verb
from nl2sql.writers.offline.reading import Reading
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    DimensionSense,
    FieldSense,
    FilterSense,
    MeasureSense,
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
    "order", "money", "single", "once", "factor", "both", "preposition", "filler",
)  # fmt: skip


# What a word announces for a later noun, field or number: the attribute of Pending it sets.
_ANNOUNCES = {"count": "count", "by": "by", "with": "with_", "agg": "agg", "extreme": "extreme", "most": "most"}


def scan(model: SemanticModel, graph: JoinGraph, chunks: tuple[Chunk, ...], text: str) -> Frame:
    reading = Reading(model, graph, phrased(chunks, model), text)
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
    if chunk.words.lower() == "where" and reading.at > 0:  # "listings where …" only joins
        return
    if chunk.has(ConditionSense, DimensionSense, MeasureSense):
        read_made(reading, chunk)
    elif chunk.has(PeriodSense):
        read_period(reading, chunk)
    elif chunk.has(NumberSense):
        read_number(reading, chunk)
    elif chunk.has(MetricSense) and not (reading.pending.agg not in ("", "sum") and chunk.has(FieldSense)):
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
    kind = next((k for k in _ORDER if k in kinds), "")
    if not kind:
        raise reading.stuck(chunk)
    argument = kinds[kind]
    if (kind == "with" or _adds_their(reading, chunk)) and read_columns(reading):
        return
    pending = reading.pending
    if kind == "agg" and (_says_how_much(reading, chunk) or _says_it_again(reading, chunk, argument)):
        pass
    elif kind in ("agg", "extreme", "most") and (pending.agg or pending.extreme or pending.most):
        _announce_again(reading, chunk, kind, argument)
    elif kind == "count" and _counts_what_stood_before(reading, chunk):
        reading.frame.counted = True
    elif kind in _ANNOUNCES:
        pending.extreme_words = chunk.words if kind == "extreme" else ""
        setattr(pending, _ANNOUNCES[kind], argument or True)
    elif kind in _READERS:
        _READERS[kind](reading, chunk, argument)
    else:
        _mark(reading, chunk, kind, argument)
    reading.at += 1


def _counts_what_stood_before(reading: Reading, chunk: Chunk) -> bool:
    """ "user count per country"."""
    before, frame = reading.chunks[reading.at - 1] if reading.at else None, reading.frame
    named = before is not None and before.has(DatasetSense, RoleSense)
    alone = frame.head is not None and frame.head is reading.noun and not frame.measures and not frame.columns
    return bool(named and alone and chunk.words.lower() == "count")


def _says_how_much(reading: Reading, chunk: Chunk) -> bool:
    """ "how much revenue", "how much did it sell for": what is measured says itself how it is added up."""
    if not chunk.words.lower().startswith("how much"):
        return False
    reading.frame.how_much = True
    later = reading.chunks[reading.at :]
    return any(c.has(MetricSense) or usual_aggregate(reading, c.of(FieldSense)) for c in later)


def _read_dear(reading: Reading, _: Chunk, argument: str) -> None:
    direction, *everything = argument.split()
    set_rank(reading, direction, "amount", everything=bool(everything))
    if reading.frame.rank is not None:
        reading.frame.rank.dear = True


def _read_recent(reading: Reading, _: Chunk, argument: str) -> None:
    direction, *everything = argument.split()
    if everything and _turns_order(reading, direction):
        return
    _refuse_rank_of_another(reading)
    set_rank(reading, direction, "time", everything=bool(everything))
    if reading.frame.rank is not None:
        reading.frame.rank.dear = False


def _turns_order(reading: Reading, direction: str) -> bool:
    """ "sorted by closing date, newest first": the order is said, this is its direction."""
    rank, frame = reading.frame.rank, reading.frame
    ask = frame.measures[-1] if len(frame.measures) == 1 else None
    if rank is None or not rank.all or ask is None or ask.kind != "agg" or frame.counted:
        return False
    if not all(reading.is_time(f) for f in ask.fields):
        raise reading.stuck(reading.chunks[reading.at])
    rank.descending = direction == "max"
    return True


def _refuse_rank_of_another(reading: Reading) -> None:
    """ "who placed the first bid": the bids are to be ranked, and not those who are asked for."""
    head, following = reading.frame.head, reading.peek()
    if following and following.has(NumberSense):
        following = reading.peek(2)
    things = {d.dataset for d in following.of(DatasetSense)} if following else set()
    if head is not None and things and head.dataset not in things:
        raise reading.stuck(reading.chunks[reading.at])


def _refuse(reading: Reading, chunk: Chunk, _: str) -> None:
    raise reading.stuck(chunk)


def _says_it_again(reading: Reading, chunk: Chunk, function: str) -> bool:
    """ "spent 100 in total", "how many bids altogether": what is measured so already."""
    frame = reading.frame
    if chunk.words.lower() not in ("in total", "altogether", "overall", "on average", "combined", "in average"):
        return False
    if not frame.measures:
        return frame.counted and function == "sum"
    last = frame.measures[-1]
    if last.metric:
        return agrees(reading, last.metric, function)
    return function == ("sum" if last.kind == "count" else last.function)


def _adds_their(reading: Reading, chunk: Chunk) -> bool:
    """ "listings and their sellers"."""
    following = reading.chunks[reading.at + 1] if reading.at + 1 < len(reading.chunks) else None
    return bool(chunk.word("and") and following and following.words.lower() in ("their", "its"))


_OPPOSITE: dict[Operator, Operator] = {">": "<=", ">=": "<", "<": ">=", "<=": ">"}


def _read_compare(reading: Reading, chunk: Chunk, argument: str) -> None:
    """ "not over 100" is at most 100."""
    operator = cast(Operator, argument)
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
    _refuse_rank_of_another(reading)
    set_rank(reading, direction, "time")


def _read_but(reading: Reading, chunk: Chunk, _: str) -> None:
    """ "with comments but no bids": only before a negated noun or deed; anywhere else it turns too much around."""
    following, after = reading.peek(), reading.peek(2)
    negated = following is not None and following.word("not") is not None
    if not negated or after is None or not after.has(DatasetSense, VerbSense):
        raise reading.stuck(chunk)


def _read_or(reading: Reading, chunk: Chunk, _: str) -> None:
    """ "never bid or commented" did neither; else one of two things holds."""
    said = reading.said[-1][1] if reading.said else None
    following = reading.peek()
    plainly = following is not None and following.has(DatasetSense, VerbSense, FilterSense)
    again = following is not None and following.word("not") is not None
    if isinstance(said, Noun) and said.link == "without" and plainly and not again:
        reading.pending.negated = True
        return
    if getattr(said, "negated", False):
        raise reading.stuck(chunk)
    reading.await_option(chunk)


def _read_single(reading: Reading, chunk: Chunk, _: str) -> None:
    """ "with a single bid": exactly one."""
    following = reading.peek()
    if reading.pending.negated and following is not None and following.has(DatasetSense):
        return  # "without a single comment"
    if following is None or not following.has(DatasetSense, FilterSense, VerbSense) or not possesses(reading):
        raise reading.stuck(chunk)
    reading.pending.compare = ("=", Decimal(1), "count")


_READERS: dict[str, Callable[[Reading, Chunk, str], None]] = {
    "dear": _read_dear,
    "recent": _read_recent,
    "edge": _read_edge,
    "but": _read_but,
    "grain": lambda reading, chunk, argument: read_grain(reading, chunk, cast(Grain, argument)),
    "compare": _read_compare,
    "between": lambda reading, chunk, _: read_between(reading, chunk),
    "or": _read_or,
    "single": _read_single,
    "once": lambda reading, chunk, argument: count_times(reading, chunk, Decimal(argument)),
    "factor": lambda reading, chunk, argument: count_times(reading, chunk, Decimal(argument)),
    "or_more": _refuse,
}


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
        reading.frame.people = chunk.words.lower().split()[-1] in ("who", "whose")


def _read_order(reading: Reading, direction: str) -> None:
    rank = reading.frame.rank or RankAsk(direction == "desc", all=True)
    rank.descending = direction == "desc"
    reading.frame.rank = rank


def _finish(reading: Reading) -> None:
    pending = reading.pending
    reading.frame.loose.extend(pending.before)
    count_kind(reading)
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
