"""Numbers, what bounds them, and periods."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import cast

from nl2sql.plan.base import Operator
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.frame import CompareAsk, MeasureAsk, PeriodAsk, SeveralReadings
from nl2sql.writers.offline.language import LIGHT_VERBS, NEGATES_NOUNS
from nl2sql.writers.offline.placing import is_deed, rows_of_kind
from nl2sql.writers.offline.read_counts import (
    count_of_kind,
    count_times,
    counts_things,
    counts_verb,
    owner_of_amount,
    thing_behind_adjectives,
)
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
)

# What joins the ends of a range.
_TO = ("to", "-", "–", "—")


def read_period(reading: Reading, chunk: Chunk) -> None:
    period = chunk.of(PeriodSense)[0].period
    fields: tuple[FieldSense, ...] = ()
    previous = reading.previous()
    _refuse_negated(reading, chunk, previous)
    if previous and not previous.word("preposition"):
        fields = _dating(reading, previous)
    following = reading.peek()
    if following and following.word("and"):
        after = reading.peek(2)
        if after and after.has(PeriodSense):
            later = after.of(PeriodSense)[0].period
            if period.end != later.start:
                raise reading.stuck(chunk, "I can only read one continuous period.")
            _refuse_two(reading, chunk, after, period)
            period = type(period)(period.start, later.end, f"{period.words} and {later.words}")
            reading.skip_to_next()
            reading.skip_to_next()
    named = previous.words if previous and fields and previous.words.lower() not in LIGHT_VERBS else ""
    reading.restrict(PeriodAsk(period, fields, named), everything=True)
    reading.at += 1


def _refuse_two(reading: Reading, first: Chunk, second: Chunk, period: Period) -> None:
    """ "in May and June": one number for both, or one for each? With a grain asked for it is the same."""
    if any(chunk.word("grain") for chunk in reading.chunks):
        return
    text = reading.frame.text.rstrip("?. ")
    start, end = (
        " ".join(w for w in c.words.split() if w.lower() not in ("in", "during", "for")) for c in (first, second)
    )
    together = re.sub(
        rf"(\b(in|during|for)\s+)?{re.escape(start)}\s+and\s+(in\s+)?{re.escape(end)}", f"from {start} to {end}", text
    )
    each = [f"{text} by {grain}" for grain in ("year", "quarter", "month", "week", "day") if period.is_one(grain)]
    raise SeveralReadings("One number for both periods, or one for each?", (together, *each))


def _refuse_negated(reading: Reading, chunk: Chunk, previous: Chunk | None) -> None:
    """ "not sold in 2025": the date of being sold dates nothing that was not. Other states of the kind are offered."""
    if previous is None or not previous.has(FilterSense) or previous.has(DatasetSense):
        return
    index = reading.chunks.index(previous)
    before = reading.chunks[index - 1] if index else None
    if before is None or not before.word("not") or before.words.lower() in NEGATES_NOUNS or is_deed(reading, previous):
        return
    sense = previous.of(FilterSense)[0]
    filters = reading.model.dataset(sense.dataset).filters
    others = [f.name for f in filters if f.time_field and f.name != sense.filter]
    said = re.compile(
        rf"\b(not|never)\s+(been\s+)?{re.escape(previous.words)}\b|n['’]t\s+{re.escape(previous.words)}\b", re.I
    )
    choices = tuple(said.sub(name, reading.frame.text) for name in others) if said.search(reading.frame.text) else ()
    message = f"“{before.words} {previous.words}” has no date of its own. What do you mean by it?"
    raise SeveralReadings(message, choices)


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
    if following and following.word("times"):
        count_times(reading, chunk, number.value)
        reading.skip_to_next()
        reading.at += 1
        return
    if following and following.word("or") and (other := reading.peek(2)) and other.has(NumberSense):
        _any_of(reading, chunk)
        return
    if following and following.words.lower() in _TO and (high := reading.peek(2)) and high.has(NumberSense):
        _range(reading, chunk, high, 2)
        reading.at += 1
        return
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
    elif following and possesses(reading) and (following.has(DatasetSense) or _numbers(reading, following)):
        _comparison(reading, "=", number.value, unit, " ".join(words))
    elif (
        following
        and (fields := _numbers(reading, following))
        and (after := reading.peek(2))
        and after.has(DatasetSense)
    ):
        reading.pending.before.append(CompareAsk(fields, "=", (number.value,), unit, " ".join(words)))
        reading.skip_to_next()
    elif reading.noun and _is_key(reading, chunk) and not unit:
        reading.noun.key = number.value
    elif (
        reading.noun
        and reading.noun.key is not None
        and _is_further_key(reading)
        and not unit
        and number.value == int(number.value)
    ):
        reading.noun.keys.append(number.value)
    elif _takes_number(reading, following) and number.value == int(number.value):
        reading.pending.number = number.value
    else:
        raise reading.stuck(chunk, f"I do not know what the number {chunk.words} refers to.")
    reading.at += 1


def _any_of(reading: Reading, chunk: Chunk) -> None:
    """ "4 or 5 stars", "a rating of 1 or 2"."""
    values, words = [chunk.of(NumberSense)[0].value], [chunk.words]
    if reading.pending.compare is not None and reading.pending.compare[0] != "=":
        raise reading.stuck(chunk)
    reading.pending.compare = None
    while (joint := reading.peek()) and joint.word("or") and (other := reading.peek(2)) and other.has(NumberSense):
        reading.skip_to_next()
        reading.skip_to_next()
        values.append(other.of(NumberSense)[0].value)
        words.append(other.words)
    last, following = reading.compared, reading.peek()
    fields, role = last if isinstance(last, tuple) else ((), "")
    if isinstance(last, MeasureAsk):
        raise reading.stuck(chunk)
    if last is None and following and _numbers(reading, following):
        fields = _numbers(reading, following)
        reading.skip_to_next()
    if not fields:
        raise reading.stuck(chunk, f"I do not know what the number {chunk.words} refers to.")
    ask = CompareAsk(fields, "in", tuple(values), "", " or ".join(words), role)
    reading.restrict(ask)
    reading.compared = None
    reading.at += 1


def possesses(reading: Reading) -> bool:
    """ "listings with 5 bids", "users who have 5 bids": exactly so many."""
    previous = reading.previous()
    holds = ("with", "have", "has", "had", "having", "got", "get", "gets", "received", "receive", "drew", "attracted")
    return reading.frame.head is not None and previous is not None and previous.words.lower().split()[-1] in holds


def _is_key(reading: Reading, chunk: Chunk) -> bool:
    """ "listing 42": the number stands right behind the noun."""
    previous = reading.chunks[reading.at - 1]
    return previous.has(DatasetSense, RoleSense) and reading.pending.number is None


def _is_further_key(reading: Reading) -> bool:
    """ "listings 42, 43 and 44": numbers joined to the first."""
    index = reading.at - 1
    while index >= 0 and (
        reading.chunks[index].word("and") or reading.chunks[index].word("comma") or reading.chunks[index].word("or")
    ):
        index -= 1
    return index < reading.at - 1 and index >= 0 and reading.chunks[index].has(NumberSense)


def _takes_number(reading: Reading, following: Chunk | None) -> bool:
    if following is None:
        return reading.frame.rank is not None and reading.frame.rank.number is None
    kinds = (DatasetSense, RoleSense, FilterSense, ValueSense)
    words = ("dear", "recent", "extreme", "most", "grain", "distinct")
    return following.has(*kinds) or any(following.word(w) for w in words) or names_groups(reading, following)


def names_groups(reading: Reading, chunk: Chunk) -> bool:
    """A field whose values are names: "the 5 countries"."""
    fields = [reading.model.dataset(f.dataset).field(f.field) for f in chunk.of(FieldSense)]
    return bool(fields) and not any(f.datatype.is_number or f.is_time for f in fields)


def _comparison(reading: Reading, operator: Operator, value: Decimal, unit: str, words: str) -> None:
    """A bound was read; what it bounds stood before it, or comes next."""
    last = reading.compared
    following = reading.peek()
    if following and following.word("distinct") and (after := reading.peek(2)) and after.has(DatasetSense, RoleSense):
        reading.skip_to_next()
        reading.pending.each_once = True
        following = after
    if last is None and following and not unit:
        named = counts_things(following, value, reading.peek(2)) or counts_verb(reading, following)
        if named or thing_behind_adjectives(reading):
            reading.pending.compare = (operator, value, "count")
            return
        if kind := rows_of_kind(reading, following):
            count_of_kind(reading, kind, operator, value, following)
            return
    bounds_metric = last is None and following is not None and following.has(MetricSense)
    if following and following.word("preposition") and (after := reading.peek(2)) and after.has(MetricSense):
        bounds_metric = True  # "more than 5,000 euros in revenue"
    if isinstance(last, MeasureAsk) or bounds_metric:
        reading.frame.having = (operator, value, unit)
        if isinstance(last, MeasureAsk) and reading.frame.rank is not None and reading.frame.rank.number is None:
            reading.frame.rank.all = True  # "with a highest bid over 500": all of them
    else:
        fields = last[0] if last else ()
        role = last[1] if last else ""
        if last is None and following and _numbers(reading, following):
            fields = _numbers(reading, following)
            reading.skip_to_next()
        owner = None if fields else owner_of_amount(reading)
        reading.restrict(CompareAsk(fields, operator, (value,), unit, words, role), owner)
    reading.compared = None


def _numbers(reading: Reading, chunk: Chunk) -> tuple[FieldSense, ...]:
    senses = chunk.of(FieldSense)
    return tuple(s for s in senses if reading.model.dataset(s.dataset).field(s.field).datatype.is_number)


def read_between(reading: Reading, chunk: Chunk) -> None:
    low, joint, high = reading.peek(), reading.peek(2), reading.peek(3)
    if not (low and joint and high and low.has(NumberSense) and high.has(NumberSense)):
        raise reading.stuck(chunk)
    if not (joint.word("and") or joint.words.lower() in _TO) or reading.pending.negated:
        raise reading.stuck(chunk)
    _range(reading, low, high, 3)


def _range(reading: Reading, low: Chunk, high: Chunk, length: int) -> None:
    """Both ends belong to it. What it bounds stood before it, or comes next."""
    first, second = (c.of(NumberSense)[0] for c in (low, high))
    unit = first.unit or second.unit
    words = f"between {low.words} and {high.words}"
    if first.value >= second.value or (first.unit and first.unit != unit):
        raise reading.stuck(low, f"I do not know what “{words}” is to say.")
    for _ in range(length):
        reading.skip_to_next()
    following = reading.peek()
    if following and following.word("money"):
        reading.skip_to_next()
        unit, following = "EUR", reading.peek()
    last, reading.pending.compare = reading.compared, None
    if isinstance(last, MeasureAsk):
        reading.frame.having, reading.frame.having_to = (">=", first.value, unit), second.value
        reading.compared = None
        return
    whole = all(n.value == int(n.value) for n in (first, second))
    if last is None and following and not unit and whole and following.has(DatasetSense):
        reading.pending.compare, reading.pending.up_to = (">=", first.value, "count"), second.value
        return
    fields, role = last or ((), "")
    if last is None and following and _numbers(reading, following):
        fields = _numbers(reading, following)
        reading.skip_to_next()
    reading.restrict(CompareAsk(fields, ">=", (first.value,), unit, words, role))
    reading.restrict(CompareAsk(fields, "<=", (second.value,), unit, words, role))
    reading.compared = None
