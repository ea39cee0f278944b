"""Which two periods a question about change compares, if it compares two."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from nl2sql.plan.periods import Period, period_of
from nl2sql.writers.offline.constructs.base import Linked
from nl2sql.writers.offline.constructs.pairs import (
    UNITS,
    Pair,
    current,
    ends_of,
    just_before,
    make_pair,
    one_earlier,
    unit_of,
)
from nl2sql.writers.offline.constructs.pieces import is_joint, said
from nl2sql.writers.offline.dates import find_period
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk, MetricSense, PeriodSense, is_filler
from nl2sql.writers.offline.tokens import tokenize

_RELATIVE = re.compile(r"\b(last|previous|prior|preceding)\s+(\w+)$|\b(year|month|quarter|week) ago$", re.I)


@dataclass(slots=True)
class Compared:
    """The two periods; `slot` is the chunk whose place either of them takes, `taken` are chunks that go."""

    pair: Pair
    slot: int
    taken: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Said:
    """What the question says beside its periods."""

    earlier: int | None
    versus: int | None
    step: str
    grows: int | None


def find_pair(question: Linked, periods: list[int], told: Said) -> Compared | None:
    """None: a series, or nothing about time. Raises NotUnderstood and SeveralReadings."""
    if len(periods) > 2:
        raise NotUnderstood("I can compare two periods at a time.")
    if len(periods) == 2:
        if told.earlier is not None:
            raise NotUnderstood("I could not tell which periods are compared.")
        return _two(question, *periods)
    if not periods:
        return None
    period = question.chunks[periods[0]].of(PeriodSense)[0].period
    pair = _of_one(question, periods[0], period, told)
    return Compared(pair, periods[0]) if pair else None


def grain_in(chunks: tuple[Chunk, ...]) -> str:
    """The length of time by which the question groups; empty when it does not."""
    grains = [w.argument for c in chunks if (w := said(c, "grain"))]
    return grains[0] if grains else ""


def _of_one(question: Linked, slot: int, period: Period, told: Said) -> Pair | None:
    chunk, as_of = question.chunks[slot], question.as_of
    grain = grain_in(question.chunks)
    if told.earlier is not None:
        word = said(question.chunks[told.earlier], "earlier")
        unit = word.argument if word else ""
        return make_pair(period, one_earlier(period, unit) if unit else just_before(period), as_of)
    ends = ends_of(chunk.words, period, as_of)
    if told.versus is not None and not ends:
        between = question.chunks[min(told.versus, slot) + 1 : slot]
        if told.versus > slot or not all(_sets_against(c) for c in between):
            raise NotUnderstood(f"I could not tell what “{chunk.words}” is compared with.", (chunk.words,))
        return _with_the_current(chunk, period, question)
    if told.step:
        return _stepped(period, told.step, grain, question)
    if told.grows is not None and grain:
        return None
    if ends:
        return make_pair(*ends, as_of)
    if told.grows is not None:
        return _grown_in(question, chunk, period, question.chunks[told.grows])
    return None


def _with_the_current(chunk: Chunk, period: Period, question: Linked) -> Pair:
    """ "revenue versus last year": the current one is meant without being named."""
    unit = unit_of(period)
    if unit and just_before(current(unit, question.as_of)) == period:
        return make_pair(current(unit, question.as_of), period, question.as_of)
    raise NotUnderstood(f"With what is “{chunk.words}” to be compared? Please name both periods.", (chunk.words,))


def _stepped(period: Period, step: str, grain: str, question: Linked) -> Pair | None:
    """ "year-over-year growth in Q2 2026" is one number, "month-over-month growth in 2025" is a series."""
    if period.start is None or period.end is None:
        return None
    unit = unit_of(period)
    fits = bool(unit) and UNITS.index(unit) <= UNITS.index(step)
    fits = fits or (step == "year" and not unit and (period.end - period.start).days <= 366)
    if not fits or (grain and (UNITS.index(grain) >= UNITS.index(step) or grain == unit)):
        return None
    return make_pair(period, one_earlier(period, step), question.as_of)


def _grown_in(question: Linked, chunk: Chunk, period: Period, grown: Chunk) -> Pair:
    unit = unit_of(period)
    if since := re.match(r"since\s+(.*)", chunk.words, re.I):
        return _since(question, chunk, since[1])
    if re.match(r"(over|on|from)\b", chunk.words, re.I) and _RELATIVE.search(chunk.words):
        return _over_the_last(question, chunk, period)
    if unit in ("day", "week", "month", "quarter"):
        raise _which_step(question, grown, unit)
    pair = make_pair(period, just_before(period), question.as_of)
    note = f"The change is {period.words} against the time before: {pair.before.words}."
    return replace(pair, notes=(note, *pair.notes))


def _since(question: Linked, chunk: Chunk, words: str) -> Pair:
    """ "gone up since last month": this month against that."""
    found = find_period(tokenize(words), 0, question.as_of)
    if found is None or not unit_of(found.period):
        raise NotUnderstood(f"I could not tell what “{chunk.words}” is to be compared with.", (chunk.words,))
    return _with_the_current(chunk, found.period, question)


def _over_the_last(question: Linked, chunk: Chunk, period: Period) -> Pair:
    """ "grow over last year": in the course of it, or since then?"""
    unit = unit_of(period)
    if not unit:
        raise NotUnderstood(f"I could not tell what “{chunk.words}” is to be compared with.", (chunk.words,))
    text = question.text.rstrip("?. ")
    name = re.sub(r"^(in|on) ", "", period.words)
    later = re.sub(r"^(in|on) ", "", current(unit, question.as_of).words)
    choices = (text.replace(chunk.words, f"in {later} compared to {name}"), text.replace(chunk.words, f"in {name}"))
    raise SeveralReadings(f"“{chunk.words}”: compared with it, or in the course of it?", choices)


def _which_step(question: Linked, grown: Chunk, unit: str) -> SeveralReadings:
    """ "growth in May 2026": against April, or against May a year before?"""
    names = {u: f"{u}-over-{u}" for u in dict.fromkeys((unit, "year"))}
    metric = next((m.metric for c in question.chunks for m in c.of(MetricSense)), "")
    label = question.model.metric_by_name[metric].label if metric else ""
    period = next(c.words for c in question.chunks if c.has(PeriodSense))
    simple = sum(1 for c in question.chunks if not is_filler(c) and not is_joint(c)) == 3 and label
    text = question.text.rstrip("?. ")
    if simple:
        choices = tuple(f"{name} growth of {label} {period}" for name in names.values())
    else:
        choices = tuple(text.replace(grown.words, f"{name} {grown.words}", 1) for name in names.values())
    return SeveralReadings("Compared with what came just before, or with a year before?", choices)


def _two(question: Linked, first: int, second: int) -> Compared:
    chunks = question.chunks
    taken = {second}
    last = second - 1
    while last > first and _sets_against(chunks[last]):
        taken.add(last)
        last -= 1
    between = [i for i in range(first + 1, last + 1) if not is_filler(chunks[i])]
    between = [i for i in between if not said(chunks[i], "versus", "than", "contrast", "grow", "grow_how", "is")]
    if between and not is_joint(chunks[between[-1]]):
        taken |= _repeated(chunks, between, first, second, stays=last < second - 1)
    elif last == second - 1:
        raise NotUnderstood("I could not tell which periods are compared.")
    one, other = (chunks[i].of(PeriodSense)[0].period for i in (first, second))
    aligned = _aligned(chunks[first], one, other), _aligned(chunks[second], other, one)
    pair = make_pair(*aligned, question.as_of)
    if aligned != (one, other):
        pair = replace(
            pair, notes=(f"Like is compared with like: {pair.before.words}, {pair.after.words}.", *pair.notes)
        )
    return Compared(pair, first, taken)


def _sets_against(chunk: Chunk) -> bool:
    return is_joint(chunk) or bool(said(chunk, "versus", "than", "contrast", "that"))


def _repeated(chunks: tuple[Chunk, ...], between: list[int], first: int, second: int, *, stays: bool) -> set[int]:
    """ "GMV in 2024 versus GMV in 2025", "2024 GMV versus 2025 GMV": what is said twice is said once.

    What is said once between the two `stays` where the second period follows the comparison: "this month's bids with
    last month".
    """
    words = [chunks[i].words.lower() for i in between]
    before = [i for i in range(first) if not is_filler(chunks[i]) and not is_joint(chunks[i])][-len(words) :]
    after = [i for i in range(second + 1, len(chunks)) if not is_filler(chunks[i])][: len(words)]
    if [chunks[i].words.lower() for i in before] == words:
        return set(between)
    if [chunks[i].words.lower() for i in after] == words:
        return set(after)
    if not stays:
        raise NotUnderstood("I could not tell what is compared with what.", tuple(chunks[i].words for i in between))
    return set()


def _as_many_days(period: Period) -> Period:
    """ "the last 30 days against the previous 30 days", also where the first are a month of the calendar."""
    if period.start is None or period.end is None:
        return period
    return period_of(period.start - (period.end - period.start), period.start)


def _aligned(chunk: Chunk, period: Period, other: Period) -> Period:
    """ "Q2 2026 versus last year" and "year to date versus last year" mean the same part of that year."""
    relative = _RELATIVE.search(chunk.words)
    unit = unit_of(period)
    if period == other and re.search(r"\b(previous|prior|preceding)\b", chunk.words, re.I):
        return _as_many_days(other) if "days" in chunk.words.lower() else just_before(other)
    if not relative or not unit or other.start is None or other.end is None:
        return period
    same_kind = unit_of(other) == unit
    if same_kind and "last" in relative.group().lower():
        return period
    if same_kind:  # "2024 against the previous year"
        return just_before(other)
    longer = (
        period.start is not None
        and period.end is not None
        and ((period.end - period.start) > (other.end - other.start))
    )
    moved = one_earlier(other, unit) if longer else period
    inside = moved.start is not None and period.start is not None and moved.start >= period.start
    return moved if inside else period
