"""Time in other words: "through 2025" (asked back), "by weekday of closing", "until a paid payment arrived",
"smooth it with a rolling mean", "since we started"."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from nl2sql.plan.base import Comparison, Dimension, FieldRef, Part, QueryPlan
from nl2sql.plan.periods import shift
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, preceding, said, without, word_kinds
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
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
    is_filler,
)

Chunks = tuple[Chunk, ...]
_BEGINS = re.compile(r"\b(?:start|begin)(?:s|ning|ing)?\b|\bfrom\b|\bsince\b", re.I)
_YEAR, _QUARTER = re.compile(r"\d{4}|(?:last|this) year", re.I), re.compile(r"\bq[1-4]\b|\bquarter\b", re.I)
_PHRASES = {
    ("filler", ""): (
        "since we started | since the very beginning | from the very beginning | since the very start | since day one "
        "| from day one | from the very start | from the first day on | from the first week on | from the first month "
        "on | from the first quarter on | from the first year on"
    ),
    ("smooth", ""): "smooth | smoothed | smooth out | smoothed out | smoothing",
    ("arrives", ""): "arrived | come in | came in | went through | is made | was made | is in | was in",
}
_OTHER_SENSES = (DatasetSense, RoleSense, ValueSense, FilterSense, MetricSense)


def read_time_turns(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    _refuse_through(question)
    kinds = word_kinds(chunks)
    for rewrite, needed in _REWRITES:
        if needed & kinds:
            chunks = rewrite(chunks, question)
    if "daypart" in kinds and (found := _dated_part(chunks, question)):
        rest, field = found
        return _moved_part(inner(rest), field)
    return inner(chunks) if chunks != question.chunks else None


def _refuse_through(question: Linked) -> None:
    """ "through 2025": all along that year, or from the first day of all until its end?"""
    for chunk in question.chunks:
        if not chunk.has(PeriodSense) or not chunk.words.lower().startswith("through "):
            continue
        if _BEGINS.search(question.text):
            return
        period, rest = chunk.of(PeriodSense)[0].period, chunk.words[len("through ") :]
        if period.start is not None or period.end is None:
            continue
        unit = "year" if _YEAR.fullmatch(rest) else "quarter"
        whole = replace(period, start=shift(period.end, unit, -1)).is_one(unit)
        if whole and (unit == "year" or _QUARTER.search(rest)):
            ways = tuple(question.text.replace(chunk.words, f"{lead} {rest}") for lead in ("in", "until the end of"))
            raise SeveralReadings(f"“{chunk.words}”: only then, or all until its end?", ways)


def _smoothed(chunks: Chunks, question: Linked) -> Chunks:
    """ "smooth the monthly revenue with a three-month rolling mean": the mean says how."""
    moving = any(said(c, "moving") for c in chunks)
    kept = tuple(c for c in chunks if not (moving and said(c, "smooth")))
    return kept


def _time_of_a_column(chunks: Chunks, question: Linked) -> Chunks:
    """ "title, number of bids and end time": the name of a date, and no length of time."""
    if any(c.word(kind) for c in chunks for kind in ("agg", "extreme", "how long", "longest", "unit")):
        return chunks
    for at in range(1, len(chunks)):
        lead = preceding(chunks, at - 1)
        listed = lead < 0 or any(chunks[lead].word(kind) for kind in ("and", "comma", "with", "list"))
        if listed and chunks[at].words.lower() == "time" and (field := _one_time(chunks[at - 1], question)):
            name = Chunk(f"{chunks[at - 1].words} {chunks[at].words}", (field,))
            return (*chunks[: at - 1], name, *chunks[at + 1 :])
    return chunks


def _until_such(chunks: Chunks, question: Linked) -> Chunks:
    """ "until a paid payment (arrived)": the date of the payment, of paid payments only."""
    for at in range(1, len(chunks) - 1):
        state, noun = chunks[at], chunks[at + 1]
        if not state.has(FilterSense) or not noun.has(DatasetSense):
            continue
        opener = preceding(chunks, at)
        if opener < 1 or chunks[opener].words.lower() not in (
            "until",
            "till",
            "to",
            "and",
            "between",
            "from",
            "before",
        ):
            continue
        datasets = {d.dataset for d in noun.of(DatasetSense)}
        states = [s for s in state.of(FilterSense) if s.dataset in datasets]
        if not states or not any(c.word(k) for c in chunks[:opener] for k in ("span", "how long", "unit", "grain")):
            continue
        if any(c.has(NumberSense) for c in chunks[:opener]):
            continue
        end = at + 2
        if end < len(chunks) and (said(chunks[end], "arrives") or is_filler(chunks[end])):
            end += 1
        told = (word("for", "preposition"), Chunk(state.words, tuple(states)), Chunk(noun.words, noun.of(DatasetSense)))
        return (*chunks[:at], noun, *chunks[end:], *told)
    return chunks


def _dated_part(chunks: Chunks, question: Linked) -> tuple[Chunks, FieldSense] | None:
    """ "by weekday of closing", "by closing weekday": the rest, and which date the part is taken of."""
    for at, chunk in enumerate(chunks):
        if not said(chunk, "daypart"):
            continue
        joint = following(chunks, at)
        behind = following(chunks, joint) if joint < len(chunks) else len(chunks)
        before = preceding(chunks, at)
        groups = before >= 0 and (chunks[before].word("by") or chunks[before].word("list"))
        if groups and behind < len(chunks) and chunks[joint].words.lower() in ("of", "on"):
            dated = behind + 1 < len(chunks) and chunks[behind + 1].has(PeriodSense)
            if not dated and (field := _one_time(chunks[behind], question)):
                return without(chunks, set(range(joint, behind + 1))), field
        lead = preceding(chunks, before) if before >= 0 else -1
        if lead >= 0 and chunks[lead].word("by") and (field := _one_time(chunks[before], question)):
            return without(chunks, {before}), field
    return None


def _one_time(chunk: Chunk, question: Linked) -> FieldSense | None:
    fields = [f for f in chunk.of(FieldSense) if question.model.dataset(f.dataset).field(f.field).is_time]
    if len(fields) > 1:
        said = tuple(f for c in question.chunks for f in c.of(DatasetSense))
        fields = [f for f in fields if DatasetSense(f.dataset) in said]
        if len({(f.dataset, f.field) for f in fields}) != 1:
            raise NotUnderstood(f"I could not tell which date “{chunk.words}” is.", (chunk.words,))
    return fields[0] if fields and not chunk.has(*_OTHER_SENSES) else None


def _moved_part(plan: QueryPlan, field: FieldSense) -> QueryPlan:
    """The part of that date, where the plan took it of another of the same rows."""
    parts = [d for d in plan.dimensions if isinstance(d.field, Part)]
    if len(parts) != 1 or plan.beside or not isinstance(parts[0].field, Part):
        raise NotUnderstood("I could not tell of which moment the day or hour is meant.")
    part = parts[0].field
    if part.field.dataset != field.dataset:
        raise NotUnderstood("I could not tell of which moment the day or hour is meant.")
    if part.field.field == field.field:
        return plan
    moved = FieldRef(part.field.path, field.dataset, field.field)

    def changed(dimension: Dimension) -> Dimension:
        return replace(dimension, field=replace(part, field=moved)) if dimension is parts[0] else dimension

    known = Comparison(moved, "is not null", ())
    return replace(plan, dimensions=tuple(map(changed, plan.dimensions)), conditions=(*plan.conditions, known))


def _said_twice(chunks: Chunks, question: Linked) -> Chunks:
    """ "compare last month's revenue with the revenue of the month before": the number is the same one."""
    number = next((i for i, c in enumerate(chunks) if c.has(MetricSense)), -1)
    again = next((i for i, c in enumerate(chunks) if i > number and c.has(MetricSense)), -1)
    if number < 0 or again < 0 or chunks[number].of(MetricSense) != chunks[again].of(MetricSense):
        return chunks
    joint, then = preceding(chunks, again), following(chunks, again)
    if not any(c.has(PeriodSense) for c in chunks[:again]) or then >= len(chunks):
        return chunks
    while then < len(chunks) and said(chunks[then], "preposition"):
        then = following(chunks, then)
    joined = chunks[joint].word("with") or chunks[joint].words.lower() in ("to", "and", "against", "versus", "vs")
    if joined and then < len(chunks) and chunks[then].word("earlier"):
        return (*chunks[:again], *chunks[then:])
    return chunks


_REWRITES: tuple[tuple[Callable[[Chunks, Linked], Chunks], frozenset[str]], ...] = (
    (_smoothed, frozenset(("smooth",))),
    (_said_twice, frozenset(("earlier",))),
    (_time_of_a_column, frozenset(("span",))),
    (_until_such, frozenset(("span", "how long", "unit", "grain"))),
)

TIME_TURNS = Construct("time in other words", read_time_turns, _PHRASES)
