"""Averages of counts and sums per something: "average number of bids per listing", "how many listings does a seller
have on average", "average GMV per month", "the most bids a listing ever received".

What is counted (the rows) and what it is counted for (the unit) are read by themselves. Rows that lie on the many side
of a dataset are counted for every row of it, none being 0; everything else is grouped by the unit and folded.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from nl2sql.plan.base import Fold, Function, Measure, QueryPlan, RoleHolds
from nl2sql.plan.names import FUNCTION_WORDS
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.counted import Counted, counted_rows, related_count, way_back
from nl2sql.writers.offline.constructs.counts_per_words import UNIT_PHRASES, Average, find_average
from nl2sql.writers.offline.constructs.pieces import is_additive, shown_measures, together
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    PeriodSense,
    Placer,
    RoleSense,
)


def read_averages(question: Linked, inner: Inner) -> QueryPlan | None:
    ask = find_average(question.chunks, question.model)
    if ask is None:
        return None
    unit = ask.unit[-1]
    plain = unit.has(DatasetSense) and not unit.has(RoleSense)
    if not unit.has(DatasetSense, RoleSense):
        return _folded(ask, question, inner)
    metric = any(chunk.has(MetricSense) for chunk in ask.rows)
    counted = counted_rows(ask.rows, question, inner) if ask.counts or metric else None
    if counted is None:
        return _folded(ask, question, inner)
    if plain:
        return _measured(ask, counted, question, inner)
    role = unit.of(RoleSense)[0]
    relationship = question.graph.relationships[role.relationship]
    if role.at_least == 1 and relationship.source == counted.dataset:
        return _folded(ask, question, inner)
    return _over_people(ask, counted, question, inner)


# -- for every row of a dataset --------------------------------------------------------------------------------------


def _measured(ask: Average, counted: Counted, question: Linked, inner: Inner) -> QueryPlan:
    """A measure over the unit's rows stands where the words stood; the plain reader does the rest."""
    dataset = ask.unit[-1].of(DatasetSense)[0].dataset
    rest = ask.after
    if any(chunk.has(PeriodSense) for chunk in (*ask.before, *rest)):
        rest, counted = _dated(ask, counted, dataset, question, inner)
    path = way_back(counted, dataset, "", ask.verbs, question)
    if dataset == counted.dataset:
        raise NotUnderstood("I do not know how to count these for each of themselves.", (ask.unit[-1].words,))

    def bind(placer: Placer, scope: Scope) -> Measure:
        placer.assumptions.append(_none_is_zero(ask, counted, question))
        return _measure(ask, counted, path, question)

    made = Chunk(ask.words, (MeasureSense(dataset, bind),))
    return inner((*ask.before, made, word("of", "preposition"), *ask.unit, *rest))


def _over_people(ask: Average, counted: Counted, question: Linked, inner: Inner) -> QueryPlan:
    """Over all who have a role through something else than what is counted."""
    role = ask.unit[-1].of(RoleSense)[0]
    people = question.graph.relationships[role.relationship].target
    path = way_back(counted, people, role.relationship, ask.verbs, question)
    own = [r for r in question.graph.relationships.values() if (r.source, r.target) == (counted.dataset, people)]
    if len(path) > 1 and own:
        # "bids per seller": those that sellers placed, or those on what they offer?
        words = ask.unit[-1].words
        raise NotUnderstood(f"I do not know how {counted.label} belong to “{words}” here.", (words,))
    if any(chunk.has(PeriodSense) for chunk in (*ask.before, *ask.after)):
        raise NotUnderstood("I could not tell what the period dates here.")
    plan = inner((*ask.before, word("number of", "count"), *ask.unit, *ask.after))
    if plan.base != people or [m.kind for m in plan.measures] != ["count"] or plan.derived or plan.having:
        raise NotUnderstood(f"I cannot count these for each {ask.unit[-1].words} here.", (ask.unit[-1].words,))
    notes = together(plan.assumptions, (_none_is_zero(ask, counted, question),))
    return replace(plan, measures=(_measure(ask, counted, path, question),), assumptions=notes)


def _measure(ask: Average, counted: Counted, path: tuple[str, ...], question: Linked) -> Measure:
    related = related_count(counted, path, "", question)
    label = counted.label.replace(" ", "_").replace("-", "_")
    return Measure("agg", f"{FUNCTION_WORDS[ask.function]}_number_of_{label}", ask.function, related)


def _none_is_zero(ask: Average, counted: Counted, question: Linked) -> str:
    unit = ask.unit[-1]
    if roles := unit.of(RoleSense):
        rows = f"{question.graph.relationships[roles[0].relationship].role}s"
    else:
        dataset = unit.of(DatasetSense)[0].dataset
        rows = question.model.dataset(dataset).label or dataset
    return f"{rows[:1].upper()}{rows[1:]} without any {counted.label} count as 0."


def _dated(
    ask: Average, counted: Counted, unit: str, question: Linked, inner: Inner
) -> tuple[tuple[Chunk, ...], Counted]:
    """A period dates the unit where its words say so ("per listing sold in 2025"); else what of both has a date, and
    where both have one, it is asked back."""
    if any(chunk.has(PeriodSense) for chunk in ask.before):
        raise NotUnderstood("I could not tell what the period dates here.")
    at = next(i for i, chunk in enumerate(ask.after) if chunk.has(PeriodSense))
    told = (*ask.unit, *ask.after[:at])
    if any(_dates(chunk, unit, question) for chunk in told):
        return ask.after, counted
    rows, units = question.model.dataset(counted.dataset), question.model.dataset(unit)
    if not units.time_field:
        narrowed = counted_rows((*ask.rows, ask.after[at]), question, inner)
        return (*ask.after[:at], *ask.after[at + 1 :]), narrowed or counted
    if not rows.time_field:
        return ask.after, counted
    said = ask.after[at].words
    dates = [each.field(each.time_field).label or each.time_field.replace("_", " ") for each in (units, rows)]
    of_rows = " ".join(c.words for c in ask.rows)
    head, tail = question.text.rpartition(said)[::2]
    unit_said = f"{ask.unit[-1].words} "
    choices = [f"{head.rstrip()} with {dates[0]} {said}{tail}"]
    if of_rows in head and unit_said.strip() in head:
        start, end = head.split(of_rows, 1)
        choices.append(f"{start}{of_rows} with {dates[1]} {said}{end.rstrip()}{tail}")
    raise SeveralReadings(f"“{said}”: of the {units.label or unit}, or of the {counted.label}?", tuple(choices))


def _dates(chunk: Chunk, dataset: str, question: Linked) -> bool:
    """Whether the word says which date of the dataset a period behind it means."""
    filters = {f.name: f for f in question.model.dataset(dataset).filters}
    by_filter = any(s.dataset == dataset and filters[s.filter].time_field for s in chunk.of(FilterSense))
    fields = [s for s in chunk.of(FieldSense) if s.dataset == dataset]
    return by_filter or any(question.model.dataset(dataset).field(s.field).is_time for s in fields)


# -- grouped, and then folded ----------------------------------------------------------------------------------------


def _folded(ask: Average, question: Linked, inner: Inner) -> QueryPlan:
    counts = (word("number of", "count"),) if ask.counts else ()
    plan = inner((*ask.before, *counts, *ask.rows, word("per", "by", "by"), *ask.unit, *ask.after))
    shown = shown_measures(plan)
    odd = plan.limit is not None or plan.having or plan.beside or plan.derived or plan.fold or plan.within
    if odd or len(shown) != 1 or len(plan.measures) != 1 or not plan.dimensions:
        raise NotUnderstood(f"I cannot average that per {ask.unit[-1].words}.", (ask.unit[-1].words,))
    measure = shown[0]
    if not (is_additive(measure, question.model) or _counts(measure, question)):
        raise NotUnderstood(f"I cannot average {measure.name.replace('_', ' ')} per {ask.unit[-1].words}.")
    unit, *kept = _unit_first(ask, plan, inner)
    plan = _members_only(ask, plan, question)
    name = f"{FUNCTION_WORDS[ask.function]}_{measure.name}"
    fold = Fold(name, _fold_function(ask.function), measure.name, tuple(kept))
    each = unit.replace("_", " ")
    note = f"{FUNCTION_WORDS[ask.function].capitalize()} over each {each} that has any."
    return replace(plan, order=None, fold=fold, assumptions=together(plan.assumptions, (note,)))


def _counts(measure: Measure, question: Linked) -> bool:
    """Different things are counted: no sum over groups, but an average over them."""
    if measure.kind == "metric":
        return question.model.metric_by_name[measure.metric].expression.upper().startswith("COUNT(DISTINCT")
    return measure.kind == "distinct"


def _fold_function(function: Function) -> Literal["avg", "min", "max", "median"]:
    match function:
        case "avg" | "min" | "max" | "median":
            return function
        case _:
            raise NotUnderstood("I can only average that, or take the lowest, highest or median of it.")


def _unit_first(ask: Average, plan: QueryPlan, inner: Inner) -> list[str]:
    """The unit's dimension, then the others: those that are there without the unit too."""
    unit = ask.unit[-1]
    grain = unit.word("grain")
    units = [d.name for d in plan.dimensions if not grain or d.grain == grain.argument]
    if len(plan.dimensions) > 1 and any(chunk.word("by") for chunk in ask.before):
        counts = (word("number of", "count"),) if ask.counts else ()
        others = {d.name for d in inner((*ask.before, *counts, *ask.rows, *ask.after)).dimensions}
        units = [name for name in units if name not in others]
        if len(units) != 1:
            raise NotUnderstood(f"I could not tell what “per {unit.words}” counts.", (unit.words,))
    elif not grain:
        units = [d.name for d in plan.dimensions[:1] if not d.grain]
    if not units:
        raise NotUnderstood(f"I could not tell what “per {unit.words}” counts.", (unit.words,))
    return [units[0], *(d.name for d in plan.dimensions if d.name != units[0])]


def _members_only(ask: Average, plan: QueryPlan, question: Linked) -> QueryPlan:
    """Of what makes someone a seller, only the rows that do: a draft makes none."""
    roles = ask.unit[-1].of(RoleSense)
    relationship = question.graph.relationships[roles[0].relationship] if roles else None
    if relationship is None or relationship.source != plan.base or not relationship.membership:
        return plan
    member = RoleHolds((), plan.base, relationship.name, member=True)
    if (
        RoleHolds((), plan.base, relationship.name) in plan.conditions
        and relationship.membership == relationship.condition
    ):
        return plan
    return plan if member in plan.conditions else replace(plan, conditions=(*plan.conditions, member))


COUNTS_PER = Construct("counts and sums per something", read_averages, UNIT_PHRASES)
