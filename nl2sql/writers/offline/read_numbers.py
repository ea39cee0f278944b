"""Numbers, what bounds them, and periods."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from nl2sql.writers.offline.frame import CompareAsk, MeasureAsk, PeriodAsk
from nl2sql.writers.offline.plan import Operator
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
)


def read_period(reading: Reading, chunk: Chunk) -> None:
    period = chunk.of(PeriodSense)[0].period
    fields: tuple[FieldSense, ...] = ()
    previous = next((c for c in reversed(reading.chunks[: reading.at]) if not reading.is_filler(c)), None)
    if previous and not previous.word("preposition"):
        fields = _dating(reading, previous)
    following = reading.peek()
    if following and following.word("and"):
        after = reading.peek(2)
        if after and after.has(PeriodSense):
            later = after.of(PeriodSense)[0].period
            if period.end != later.start:
                raise reading.stuck(chunk, "I can only read one continuous period.")
            period = type(period)(period.start, later.end, f"{period.words} and {later.words}")
            reading.skip_to_next()
            reading.skip_to_next()
    reading.restrict(PeriodAsk(period, fields), everything=True)
    reading.at += 1


def _dating(reading: Reading, chunk: Chunk) -> tuple[FieldSense, ...]:
    """What dates a period that stands right behind this: "registered in 2025", "sold in 2025"."""
    named = chunk.of(FieldSense)
    fields = [f for f in named if reading.is_time(f)]
    for sense in chunk.of(FilterSense):
        filters = reading.model.dataset(sense.dataset).filters
        fields += [FieldSense(sense.dataset, f.time_field) for f in filters if f.name == sense.filter and f.time_field]
    return tuple(fields)


def read_number(reading: Reading, chunk: Chunk) -> None:
    number = chunk.of(NumberSense)[0]
    unit, words = number.unit, [chunk.words]
    following = reading.peek()
    if following and following.word("money"):
        reading.skip_to_next()
        unit = "EUR"
        words.append(following.words)
        following = reading.peek()
    if following and following.word("or_more"):
        reading.skip_to_next()
        word = following.word("or_more")
        operator = cast(Operator, word.argument if word else ">=")
        reading.pending.compare = None
        _comparison(reading, operator, number.value, unit, " ".join([*words, following.words]))
    elif reading.pending.compare is not None:
        operator, _, _ = reading.pending.compare
        reading.pending.compare = None
        _comparison(reading, operator, number.value, unit, " ".join(words))
    elif reading.noun and _is_key(reading, chunk) and not unit:
        reading.noun.key = number.value
    elif _takes_number(reading, following) and number.value == int(number.value):
        reading.pending.number = number.value
    else:
        raise reading.stuck(chunk, f"I do not know what the number {chunk.words} refers to.")
    reading.at += 1


def _is_key(reading: Reading, chunk: Chunk) -> bool:
    """ "listing 42": the number stands right behind the noun."""
    previous = reading.chunks[reading.at - 1]
    return previous.has(DatasetSense) and reading.pending.number is None


def _takes_number(reading: Reading, following: Chunk | None) -> bool:
    if following is None:
        return reading.frame.rank is not None and reading.frame.rank.number is None
    kinds = (DatasetSense, RoleSense, FilterSense, ValueSense)
    words = ("dear", "recent", "extreme", "most", "grain", "distinct")
    return following.has(*kinds) or any(following.word(w) for w in words)


def _comparison(reading: Reading, operator: Operator, value: Decimal, unit: str, words: str) -> None:
    """A bound was read; what it bounds stood before it, or comes next."""
    last = reading.compared
    following = reading.peek()
    if last is None and following and not unit and (following.has(DatasetSense) or _counts_verb(reading, following)):
        reading.pending.compare = (operator, value, "count")
        return
    if isinstance(last, MeasureAsk) or (last is None and following and following.has(MetricSense)):
        reading.frame.having = (operator, value, unit)
    elif last is None and following and following.has(RoleSense):
        raise reading.stuck(following)
    else:
        fields = last[0] if last else ()
        role = last[1] if last else ""
        if last is None and following and _numbers(reading, following):
            fields = _numbers(reading, following)
            reading.skip_to_next()
        reading.restrict(CompareAsk(fields, operator, (value,), unit, words, role))
    reading.compared = None


def _numbers(reading: Reading, chunk: Chunk) -> tuple[FieldSense, ...]:
    senses = chunk.of(FieldSense)
    return tuple(s for s in senses if reading.model.dataset(s.dataset).field(s.field).datatype.is_number)


def _counts_verb(reading: Reading, chunk: Chunk) -> bool:
    return chunk.has(FilterSense) and chunk.has(VerbSense)


def read_between(reading: Reading, chunk: Chunk) -> None:
    low, joint, high = reading.peek(), reading.peek(2), reading.peek(3)
    if not (low and joint and high and low.has(NumberSense) and joint.word("and") and high.has(NumberSense)):
        raise reading.stuck(chunk)
    first, second = (c.of(NumberSense)[0] for c in (low, high))
    for _ in range(3):
        reading.skip_to_next()
    if (following := reading.peek()) and following.word("money"):
        reading.skip_to_next()
    last = reading.compared
    if isinstance(last, MeasureAsk):
        raise reading.stuck(chunk)
    fields, role = last or ((), "")
    words = f"between {low.words} and {high.words}"
    reading.restrict(CompareAsk(fields, ">=", (first.value,), first.unit or second.unit, words, role))
    reading.restrict(CompareAsk(fields, "<=", (second.value,), first.unit or second.unit, words, role))
    reading.compared = None
