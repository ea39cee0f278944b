"""Running totals and moving averages: "cumulative GMV by month in 2025", "7-day moving average of bids"."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from nl2sql.plan.base import Derived, Dimension, Order, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import (
    following,
    is_additive,
    measured,
    mentions,
    other_names,
    places,
    preceding,
    said,
    shown_measures,
    time_dimension,
    together,
    without,
)
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import Chunk, DatasetSense, MetricSense, NumberSense, RoleSense

_PHRASES = {
    ("running", "sum"): (
        "running total of | running totals of | running total | running sum of | running sum | cumulative total of | "
        "cumulative total | cumulative sum of | cumulative | cumulatively | accumulated | cumulated"
    ),
    ("running", "count"): "running count of | cumulative count of | running number of | cumulative number of",
    ("moving", "average"): (
        "moving average of | moving average | rolling average of | rolling average | moving mean of | moving mean | "
        "rolling mean of | rolling mean | trailing average of | trailing average"
    ),
    ("moving", ""): "moving | rolling | trailing",
}
_KINDS = frozenset(("running", "moving"))
# Used, and said, where no length of time was given.
_USUAL = "month"
# A window of more rows than this smooths everything away.
_MOST_ROWS = 1_000


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    if not mentions(question.chunks, _KINDS):
        return None
    running, moving = places(question.chunks, "running"), places(question.chunks, "moving")
    if not running and not moving:
        return None
    if len(running) + len(moving) > 1:
        raise NotUnderstood("I can follow one running total or one moving average at a time.")
    return _running(question, inner, running[0]) if running else _moving(question, inner, moving[0])


# -- running totals --------------------------------------------------------------------------------------------------


def _running(question: Linked, inner: Inner, at: int) -> QueryPlan:
    chunks = question.chunks
    word_said = said(chunks[at], "running")
    put: tuple[Chunk, ...] = ()
    if word_said and word_said.argument == "count":
        put = (word("number of", "count"),)
    _refuse_bare_amounts(question, at, counted=bool(put))
    plan, dimension, notes = _series(chunks[:at] + put + chunks[at + 1 :], inner, "")
    derived = []
    for measure in shown_measures(plan):
        if not is_additive(measure, question.model):
            name = measure.name.replace("_", " ")
            raise NotUnderstood(f"“{name}” does not add up over time, so there is no running total of it.", (name,))
        derived.append(_along("running_total", measure.name, plan, dimension))
    return replace(plan, derived=tuple(derived), assumptions=together(plan.assumptions, notes))


def _refuse_bare_amounts(question: Linked, at: int, *, counted: bool) -> None:
    """ "running total of bids": how many, or how much?"""
    chunks = question.chunks
    after = following(chunks, at)
    if counted or after >= len(chunks) or chunks[after].has(MetricSense, RoleSense):
        return
    for sense in chunks[after].of(DatasetSense):
        dataset = question.model.dataset(sense.dataset)
        if not dataset.amount_field or chunks[at].words not in question.text:
            continue
        label = dataset.field(dataset.amount_field).label or dataset.amount_field
        thing = chunks[after].words
        if label.split()[0].lower() not in thing.lower() and thing.lower() not in label.lower():
            continue
        text = question.text
        stretch = text[text.index(chunks[at].words) :].split(thing)[0] + thing
        choices = (
            text.replace(stretch, f"running total of number of {thing}", 1),
            text.replace(stretch, f"running total of total {label}", 1),
        )
        raise SeveralReadings(f"“{stretch}”: how many, or how much?", choices)


# -- moving averages -------------------------------------------------------------------------------------------------


def _moving(question: Linked, inner: Inner, at: int) -> QueryPlan:
    chunks = question.chunks
    taken = {at}
    rows, unit = _window(chunks, at, taken)
    found = said(chunks[at], "moving")
    if found is None or not found.argument:
        average = next((i for i in places(chunks, "agg") if i > at and i - at <= 4), None)
        of_average = average is not None and said(chunks[average], "agg")
        if average is None or not of_average or of_average.argument != "avg":
            raise NotUnderstood(f"I can follow moving averages; I could not read “{chunks[at].words}” as one.")
        taken.add(average)
    if not rows:
        raise _how_wide(question, chunks[at])
    plan, dimension, notes = _series(without(chunks, taken), inner, unit)
    if dimension.grain != unit:
        raise NotUnderstood(f"A window of {rows} {unit}s does not fit a series by {dimension.grain}.")
    derived = [_along("moving_average", m.name, plan, dimension, rows) for m in shown_measures(plan)]
    start = f"The first {rows - 1} rows average those that there are; a {unit} without any data has no row."
    return replace(plan, derived=tuple(derived), assumptions=together(plan.assumptions, notes, (start,)))


def _window(chunks: tuple[Chunk, ...], at: int, taken: set[int]) -> tuple[int, str]:
    """ "3-month moving average", "rolling 7-day average", "moving average over 3 months": rows and their unit."""
    for index, chunk in enumerate(chunks):
        grain = following(chunks, index)
        if not chunk.has(NumberSense) or grain >= len(chunks) or abs(index - at) > 8:
            continue
        unit, number = said(chunks[grain], "grain"), chunk.of(NumberSense)[0]
        before = preceding(chunks, index)
        announced = before >= 0 and chunks[before].words.lower() in ("over", "of", "with", "for", "across")
        close = grain == preceding(chunks, at) or before == at or (announced and preceding(chunks, before) >= at)
        if unit is None or not close or number.unit or number.value != int(number.value):
            continue
        if not 2 <= number.value <= _MOST_ROWS:
            raise NotUnderstood(f"I cannot average over {chunk.words} {chunks[grain].words}.", (chunk.words,))
        taken |= {index, grain} | ({before} if announced and before > at else set())
        return int(number.value), unit.argument
    return 0, ""


def _how_wide(question: Linked, moving: Chunk) -> SeveralReadings:
    text = question.text
    grain = next((w.argument for c in question.chunks if (w := said(c, "grain"))), _USUAL)
    widths = {"day": (7, 30), "week": (4, 12), "month": (3, 12), "quarter": (2, 4), "year": (2, 3)}[grain]
    choices = tuple(text.replace(moving.words, f"{rows}-{grain} {moving.words}", 1) for rows in widths)
    return SeveralReadings(f"Averaged over how many {grain}s?", choices if moving.words in text else ())


# -- both ------------------------------------------------------------------------------------------------------------


def _series(chunks: tuple[Chunk, ...], inner: Inner, unit: str) -> tuple[QueryPlan, Dimension, tuple[str, ...]]:
    """What is left, read as a series; by `unit`, or by month where nothing else was said."""
    plan = measured(chunks, inner)
    notes: tuple[str, ...] = ()
    if time_dimension(plan) is None:
        if not unit:
            notes = (f"By {_USUAL}, as no length of time was given.",)
        grain = unit or _USUAL
        plan = measured((*chunks, word("by", "by"), word(grain, "grain", grain)), inner)
    dimension = time_dimension(plan)
    if dimension is None or plan.derived or plan.beside or plan.fold or plan.having or plan.limit is not None:
        raise NotUnderstood("I cannot follow this along time yet.")
    order = None if len(plan.dimensions) == 1 else plan.order
    return replace(plan, order=order if isinstance(order, Order) and order.field else None), dimension, notes


def _along(
    kind: Literal["running_total", "moving_average"], of: str, plan: QueryPlan, dimension: Dimension, rows: int = 1
) -> Derived:
    single = len(shown_measures(plan)) == 1
    name = kind if single else f"{kind}_of_{of}"
    return Derived(name, kind, of, within=other_names(plan, dimension), along=dimension.name, periods=rows)


RUNNING = Construct("running totals and moving averages", _read, _PHRASES)
