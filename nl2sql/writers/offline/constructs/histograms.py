"""How numbers are distributed: "final prices in steps of 50 euros", "distribution of ratings", "how many listings by
number of bids", "listings by starting price in 100 euro bands".

Whole numbers are counted value by value. Other numbers need a width; where none is said it is asked back.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal

from nl2sql.catalog.model import DataType, Field
from nl2sql.plan.base import Comparison, Dimension, FieldRef, Measure, Order, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.counts_by_number import read_counts_by_number
from nl2sql.writers.offline.constructs.pieces import following, preceding, said, word_kinds
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import Chunk, DimensionSense, FieldSense, MeasureSense, NumberSense, Placer

_STEPS = "bucket | bin | step | band | range | interval | bracket | increment"
_PHRASES = {
    ("histogram", ""): "distribution of | distribution | histogram of | histogram | spread of",
    ("distributed", ""): "distributed | spread out",
    ("steps", ""): _STEPS,
    ("sized", ""): "bucketed | binned | bucket size | bin size",
}


@dataclass(frozen=True, slots=True)
class _Width:
    """The width said, if any, and the places of the words that said it."""

    width: Decimal | None
    taken: frozenset[int]


def read_histograms(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks, kinds = question.chunks, word_kinds(question.chunks)
    if not kinds & {"histogram", "distributed", "steps", "sized", "count"}:
        return None
    if any(not chunk.senses and chunk.words.lower() != "how" for chunk in chunks):
        return None  # what is not understood is told by the plain reader
    plan = read_counts_by_number(question, inner)
    if plan is not None:
        return plan
    if not kinds & {"histogram", "distributed", "steps", "sized"}:
        return None
    shape = next((i for i, c in enumerate(chunks) if said(c, "histogram", "distributed")), -1)
    width = _width(chunks)
    if shape < 0 and not width.taken:
        return None
    at = _field_at(question, shape, width)
    if at is None:
        return None
    fields = _numbers(question, chunks[at])
    field = question.model.dataset(fields[0].dataset).field(fields[0].field)
    if len(fields) > 1:
        raise _which(question, chunks[at], fields, width)
    if width.width is None and field.datatype is not DataType.INTEGER:
        raise _how_wide(question, field, width)
    return _counted(question, inner, at, shape, width)


# -- the width -------------------------------------------------------------------------------------------------------


def _width(chunks: tuple[Chunk, ...]) -> _Width:
    """ "in steps of 50 euros", "in 100 euro bands", "price range (100 euros)", "bucketed by 100"."""
    for index, chunk in enumerate(chunks):
        if not said(chunk, "steps", "sized"):
            continue
        found = _width_behind(chunks, index) or _width_before(chunks, index)
        if found is not None:
            return found
        if said(chunk, "steps"):
            return _Width(None, _with_lead(chunks, {index}))
    return _Width(None, frozenset())


def _width_behind(chunks: tuple[Chunk, ...], index: int) -> _Width | None:
    taken = {index}
    if (before := preceding(chunks, index)) >= 0 and said(chunks[before], "sized", "steps"):
        taken.add(before)
    after = following(chunks, index)
    while after < len(chunks) and said(chunks[after], "preposition", "by", "is", "sized", "with", "steps"):
        after = following(chunks, after)
    number = _number(chunks[after]) if after < len(chunks) else None
    if number is None:
        return None
    taken |= set(range(index, after + 1))
    for _ in range(2):  # the unit, and a second word for the steps: "of 100 euro width"
        if (end := following(chunks, max(taken))) < len(chunks) and said(chunks[end], "money", "steps", "sized"):
            taken.add(end)
    return _Width(number, _with_lead(chunks, taken))


def _width_before(chunks: tuple[Chunk, ...], index: int) -> _Width | None:
    """ "100 euro bands", "50 euro price band". A bare number says how many there are to be: "10 buckets"."""
    taken, before = {index}, preceding(chunks, index)
    if before >= 0 and chunks[before].has(FieldSense) and not chunks[before].has(NumberSense):
        before = preceding(chunks, before)
    if has_unit := before >= 0 and said(chunks[before], "money") is not None:
        taken.add(before)
        before = preceding(chunks, before)
    number = _number(chunks[before]) if before >= 0 else None
    if number is None:
        return None
    if not (has_unit or chunks[before].of(NumberSense)[0].unit):
        raise NotUnderstood("I can cut numbers into steps of a width that you name, not into a number of steps.")
    return _Width(number, _with_lead(chunks, taken | {before}))


def _with_lead(chunks: tuple[Chunk, ...], taken: set[int]) -> frozenset[int]:
    """With the words that lead to it: "in", "in the", "grouped into"."""
    at = min(taken) - 1
    while at >= 0 and (said(chunks[at], "preposition", "with", "sized") or chunks[at].words.lower() in ("a", "the")):
        taken.add(at)
        at -= 1
    return frozenset(taken)


def _number(chunk: Chunk) -> Decimal | None:
    numbers = chunk.of(NumberSense)
    if not numbers or numbers[0].value <= 0 or numbers[0].unit not in ("", "EUR", "%"):
        return None
    return numbers[0].value / 100 if numbers[0].unit == "%" else numbers[0].value


def _which(question: Linked, chunk: Chunk, fields: tuple[FieldSense, ...], width: _Width) -> SeveralReadings:
    """A word for several numbers ("price")."""
    named = [question.model.dataset(f.dataset).field(f.field) for f in fields]
    text, steps = question.text.rstrip("?. "), "" if width.width is not None else " in steps of 100"
    choices = tuple(f"{text.replace(chunk.words, f.label or f.name.replace('_', ' '), 1)}{steps}" for f in named)
    return SeveralReadings(f"“{chunk.words}” can mean several things here. Which one?", choices)


def _how_wide(question: Linked, field: Field, width: _Width) -> SeveralReadings:
    said_steps = " ".join(question.chunks[i].words for i in sorted(width.taken) if said(question.chunks[i], "steps"))
    text = question.text.rstrip("?. ")
    if said_steps and said_steps in text:
        text = " ".join(text.replace(said_steps, "").split())
    steps = ("10%", "50%") if field.format == "percent" else ("50", "100")
    label = field.label or field.name.replace("_", " ")
    return SeveralReadings(f"In how wide steps of {label}?", tuple(f"{text} in steps of {each}" for each in steps))


# -- what is counted by what -----------------------------------------------------------------------------------------


def _numbers(question: Linked, chunk: Chunk) -> tuple[FieldSense, ...]:
    model = question.model
    return tuple(f for f in chunk.of(FieldSense) if model.dataset(f.dataset).field(f.field).datatype.is_number)


def _field_at(question: Linked, shape: int, width: _Width) -> int | None:
    """The place of the number that is cut: behind "distribution of", behind "by", else the only one."""
    chunks = question.chunks
    numbers = [i for i, c in enumerate(chunks) if _numbers(question, c) and i not in width.taken]
    grouped = [i for i in numbers if (before := _before(chunks, i, width)) >= 0 and said(chunks[before], "by")]
    if shape >= 0 and (after := following(chunks, shape)) in numbers:
        return after
    if len(grouped) == 1:
        return grouped[0]
    return numbers[0] if len(numbers) == 1 else None


def _before(chunks: tuple[Chunk, ...], at: int, width: _Width) -> int:
    """The place before, leaving out what says the width."""
    at = preceding(chunks, at)
    while at in width.taken:
        at = preceding(chunks, at)
    return at


def _counted(question: Linked, inner: Inner, at: int, shape: int, width: _Width) -> QueryPlan:
    chunks = question.chunks
    fields = _numbers(question, chunks[at])
    grouping = Chunk(chunks[at].words, (DimensionSense(_Cut(fields, chunks[at].words, width.width).bind),))
    by = _before(chunks, at, width)
    if by >= 0 and said(chunks[by], "by"):
        made: tuple[Chunk, ...] = (grouping,)
        tail: tuple[Chunk, ...] = ()
    else:
        made = (_rows(question, fields[0]),)
        tail = (word("by", "by"), grouping)
    left = [i for i in range(len(chunks)) if i not in width.taken and i != shape and not _asks_how(chunks, i, shape)]
    rest = tuple(part for i in left for part in (made if i == at else (chunks[i],)))
    return _in_order(inner((*rest, *tail)), fields)


def _asks_how(chunks: tuple[Chunk, ...], at: int, shape: int) -> bool:
    """ "how are prices distributed"."""
    return shape >= 0 and chunks[at].words.lower() == "how"


@dataclass(frozen=True, slots=True)
class _Cut:
    """A number as a grouping: cut to steps, or value by value."""

    fields: tuple[FieldSense, ...]
    words: str
    width: Decimal | None

    def bind(self, placer: Placer, scope: Scope) -> Dimension:
        ref = placer.place(self.fields, scope, self.words)
        field = placer.model.dataset(ref.dataset).field(ref.field)
        return Dimension(field.label or field.name.replace("_", " "), ref, width=self.width)


def _rows(question: Linked, sense: FieldSense) -> Chunk:
    """The rows that have the number, counted."""
    dataset = question.model.dataset(sense.dataset)
    label = dataset.label or dataset.name
    name = f"number_of_{label}".replace(" ", "_")
    dated = dataset.field(sense.field).time_field

    def bind(placer: Placer, scope: Scope) -> Measure:
        return Measure("count", name)

    return Chunk(label, (MeasureSense(dataset.name, bind, f"{dataset.name}.{dated}" if dated else ""),))


def _in_order(plan: QueryPlan, fields: tuple[FieldSense, ...]) -> QueryPlan:
    """From the lowest step up; rows without the number are in none."""
    if plan.limit is not None:
        raise NotUnderstood("I cannot rank the steps of a distribution.")
    for each in plan.dimensions:
        ref = each.field
        if isinstance(ref, FieldRef) and FieldSense(ref.dataset, ref.field) in fields:
            known = Comparison(ref, "is not null", ())
            conditions = plan.conditions if known in plan.conditions else (*plan.conditions, known)
            return replace(plan, conditions=conditions, order=Order(descending=False, column=each.name))
    raise NotUnderstood("I could not tell what is to be cut into steps.")


HISTOGRAMS = Construct("histograms", read_histograms, _PHRASES)
