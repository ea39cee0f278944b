"""A plan as chips: its parts in words, each with the plans that it could be changed to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Field, SemanticModel
from nl2sql.plan import edit
from nl2sql.plan.base import (
    Comparison,
    Condition,
    Dimension,
    During,
    FieldRef,
    Grain,
    Measure,
    Named,
    QueryPlan,
    RoleHolds,
)
from nl2sql.plan.names import metric_base
from nl2sql.plan.periods import floor, period_of, shift
from nl2sql.plan.validate import validate
from nl2sql.plan.walk import paths_of
from nl2sql.plan.words import Wording

ChipKind = Literal["measure", "dimension", "filter", "time", "order", "limit"]
GRAINS: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
LIMITS = (1, 3, 5, 10, 20, 50)
# As many as a person reads through; the rest can be asked in words.
_MOST = 12


@dataclass(frozen=True, slots=True)
class Choice:
    """What one can click, and the plan that it leads to."""

    text: str
    plan: QueryPlan


@dataclass(frozen=True, slots=True)
class Chip:
    """`removed` is the plan without this part; None where it needs it."""

    kind: ChipKind
    text: str
    alternatives: tuple[Choice, ...] = ()
    removed: QueryPlan | None = None


def chips(plan: QueryPlan, model: SemanticModel, graph: JoinGraph, as_of: date) -> tuple[Chip, ...]:
    """Of a valid plan, in the order in which it is said. `as_of` is the day called today."""
    return tuple(_Chips(plan, model, graph, as_of).all())


def additions(plan: QueryPlan, model: SemanticModel, graph: JoinGraph) -> tuple[Choice, ...]:
    """By what else a plan with measures could be grouped."""
    made = _Chips(plan, model, graph, date.min)
    if not plan.measures or plan.beside:
        return ()
    choices = (Choice(made.dimension_words(d), grouped_by(plan, d, graph)) for d in made.dimensions())
    return made.valid(choices)


def grouped_by(plan: QueryPlan, dimension: Dimension, graph: JoinGraph, instead: str = "") -> QueryPlan:
    """Also by the dimension, or by it instead of another; where it walks a role, the role has to hold."""
    changed = edit.replace_dimension(plan, instead, dimension) if instead else edit.add_dimension(plan, dimension)
    for path in paths_of(dimension.field):
        for index, step in enumerate(path):
            relationship = graph.relationships[step]
            if relationship.condition:
                changed = edit.add_condition(changed, RoleHolds(path[:index], relationship.source, step))
    return changed


class _Chips:
    def __init__(self, plan: QueryPlan, model: SemanticModel, graph: JoinGraph, as_of: date) -> None:
        self.plan = plan
        self.model = model
        self.graph = graph
        self.as_of = as_of
        self.wording = Wording(model, graph)
        self.said = self.wording.of(plan)

    def all(self) -> Iterator[Chip]:
        plan = self.plan
        for measure in plan.measures:
            if not measure.hidden:
                yield self._measure(measure)
        for dimension in plan.dimensions:
            yield self._dimension(dimension)
        for condition in plan.conditions:
            yield self._time(condition) if isinstance(condition, During) else self._filter(condition)
        if plan.order:
            column = edit.reverse_order(plan)
            first, other = (self._order_words(each) for each in (plan, column))
            yield Chip("order", first, self.valid([Choice(other, column)]))
        if plan.limit is not None:
            others = (Choice(_first(n), edit.with_limit(plan, n)) for n in LIMITS if n != plan.limit)
            yield Chip("limit", _first(plan.limit), self.valid(others), self._sound(edit.with_limit(plan, None)))

    def valid(self, choices: Iterable[Choice]) -> tuple[Choice, ...]:
        """Each text once, without what changes nothing or cannot be."""
        found: dict[str, Choice] = {}
        for each in choices:
            new = len(found) < _MOST and each.text not in found and self._sound(each.plan)
            if new and self.wording.of(each.plan) != self.said:
                found[each.text] = each
        return tuple(found.values())

    def _sound(self, plan: QueryPlan) -> QueryPlan | None:
        return None if validate(plan, self.model, self.graph) else plan

    # -- what is computed --------------------------------------------------------------------------------------------

    def _measure(self, measure: Measure) -> Chip:
        plan = self.plan
        others = self._measures() if not (plan.derived or plan.fold or measure.conditions) else ()
        choices = (Choice(self.wording.measure(m, plan.base), edit.swap_measure(plan, measure.name, m)) for m in others)
        several = len([m for m in plan.measures if not m.hidden]) > 1
        removed = self._sound(edit.remove_measure(plan, measure.name)) if several else None
        return Chip("measure", self.wording.measure(measure, plan.base), self.valid(choices), removed)

    def _measures(self) -> Iterator[Measure]:
        """The count of the base, its metrics, and its amount in the usual ways."""
        base = self.model.dataset(self.plan.base)
        yield Measure("count", f"number_of_{base.name}")
        for metric in self.model.metrics:
            if metric_base(metric, self.model) == base.name:
                yield Measure("metric", metric.name, metric=metric.name)
        if base.amount_field:
            ref = FieldRef((), base.name, base.amount_field)
            for function, word in (("sum", "total"), ("avg", "average"), ("max", "highest")):
                yield Measure("agg", f"{word}_{base.amount_field}", function, ref)  # type: ignore[arg-type]

    # -- by what -----------------------------------------------------------------------------------------------------

    def dimension_words(self, dimension: Dimension) -> str:
        return f"by {self.wording.dimension(dimension, self.plan.base)}"

    def _dimension(self, dimension: Dimension) -> Chip:
        plan = self.plan
        if dimension.grain:
            changed = (edit.with_grain(plan, dimension.name, grain) for grain in GRAINS)
            choices = [Choice(f"by {grain}", each) for grain, each in zip(GRAINS, changed, strict=True)]
        elif plan.beside:
            choices = []
        else:
            others = [d for d in self.dimensions() if not d.grain]
            instead = dimension.name
            choices = [Choice(self.dimension_words(d), grouped_by(plan, d, self.graph, instead)) for d in others]
        removed = self._sound(edit.remove_dimension(plan, dimension.name))
        return Chip("dimension", self.dimension_words(dimension), self.valid(choices), removed)

    def dimensions(self) -> Iterator[Dimension]:
        """What people usually group by: fields with a known vocabulary, whole rows of other datasets, months."""
        base = self.plan.base
        taken = {d.field for d in self.plan.dimensions}
        if (time := self.model.dataset(base).time_field) and not any(d.grain for d in self.plan.dimensions):
            yield Dimension("month", FieldRef((), base, time.rpartition(".")[2]), "month")
        for ref, field in self._fields():
            dataset = self.model.dataset(ref.dataset)
            is_entity = ref.field == dataset.label_field and bool(ref.path)
            if ref not in taken and (field.values or field.indexed or is_entity):
                name = self.wording.dimension(Dimension("", ref, entity=is_entity), base)
                yield Dimension(name, ref, entity=is_entity)

    def _fields(self) -> Iterator[tuple[FieldRef, Field]]:
        """The nearest first."""
        near = [(p, d) for d in self.model.datasets for p in self.graph.paths(self.plan.base, d.name)]
        for path, dataset in sorted(near, key=lambda each: len(each[0])):
            for field in dataset.fields:
                if not field.sensitive:
                    yield FieldRef(path, dataset.name, field.name), field

    # -- under which conditions --------------------------------------------------------------------------------------

    def condition_words(self, condition: Condition) -> str:
        return self.wording.condition(condition, self.plan.base)

    def _filter(self, condition: Condition) -> Chip:
        plan = self.plan
        others = [edit.negated(condition), *self._alike(condition)]
        choices = (
            Choice(self.condition_words(c), edit.replace_condition(plan, condition, c)) for c in others if c is not None
        )
        removed = self._sound(edit.remove_condition(plan, condition))
        return Chip("filter", self.condition_words(condition), self.valid(choices), removed)

    def _alike(self, condition: Condition) -> Iterator[Condition]:
        """The other filters of a dataset; the other values of a field's vocabulary."""
        match condition:
            case Named():
                for each in self.model.dataset(condition.dataset).filters:
                    yield replace(condition, filter=each.name, negated=False)
            case Comparison(field=FieldRef() as ref, operator="=" | "<>" | "in" | "not in"):
                for value in self.model.dataset(ref.dataset).field(ref.field).values:
                    yield Comparison(ref, "=", (value.value,))
            case _:
                return

    def _time(self, during: During) -> Chip:
        plan = self.plan
        if self.as_of == date.min:
            choices = []
        else:
            choices = [Choice(text, edit.with_period(plan, during, period_of(*days))) for text, days in self._periods()]
        return Chip("time", self.condition_words(during), self.valid(choices), edit.remove_condition(plan, during))

    def _periods(self) -> Iterator[tuple[str, tuple[date, date]]]:
        """Calendar units around today, named in full."""
        tomorrow = self.as_of + timedelta(days=1)
        for unit in ("month", "quarter", "year"):
            begin = floor(self.as_of, unit)
            yield f"this {unit}", (begin, shift(begin, unit, 1))
            yield f"last {unit}", (shift(begin, unit, -1), begin)
        yield "last 30 days", (tomorrow - timedelta(days=30), tomorrow)
        first = floor(self.as_of, "month")
        yield "last 12 months", (shift(first, "month", -12), first)

    def _order_words(self, plan: QueryPlan) -> str:
        return self.wording.direction(plan)


def _first(limit: int) -> str:
    return f"first {limit}" if limit != 1 else "first one"
