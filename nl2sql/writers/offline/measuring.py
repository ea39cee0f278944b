"""What is computed: the measures of a plan, and the dataset whose rows they are taken over."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Relationship, SemanticModel
from nl2sql.plan.base import (
    Condition,
    FieldRef,
    Function,
    Measure,
    Operator,
)
from nl2sql.plan.names import FUNCTION_WORDS, metric_base
from nl2sql.writers.offline.bind import Binder
from nl2sql.writers.offline.frame import (
    Frame,
    MeasureAsk,
    NotUnderstood,
    Noun,
    Restrictor,
)
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import FieldSense


def plural_label(model: SemanticModel, dataset: str) -> str:
    return (model.dataset(dataset).label or dataset).replace(" ", "_")


class Measuring:
    """A frame, and the plan that grows from it."""

    def __init__(self, frame: Frame, model: SemanticModel, graph: JoinGraph) -> None:
        self.frame = frame
        self.model = model
        self.graph = graph
        self.binder = Binder(frame, model, graph)
        self.conditions: list[Condition] = []
        self.assumptions: list[str] = []
        self.bounds: list[tuple[str, tuple[Operator, Decimal, str], list[Restrictor]]] = []

    def _measure_base(self, ask: MeasureAsk) -> str:
        if ask.made is not None:
            return ask.made.dataset
        if ask.metric:
            return metric_base(self.model.metric_by_name[ask.metric], self.model)
        if link := self._link(ask.noun):
            return link.source
        if ask.noun is not None:
            return self.graph.relationships[ask.noun.role].source if ask.noun.role else ask.noun.dataset
        return self.binder.choose_field(ask.fields, ask.words).dataset

    def _link(self, noun: Noun | None) -> Relationship | None:
        """ "who watches the most listings": the rows that say who watches what."""
        head = self.frame.head
        if noun is None or head is None or noun.role or noun.restrictors:
            return None
        verbs = [self.graph.relationships[v] for v in noun.verbs]
        fitting = [
            r
            for r in verbs
            if r.target == head.dataset
            and r.source not in (noun.dataset, head.dataset)
            and [len(p) for p in self.graph.paths(r.source, noun.dataset)] == [1]
        ]
        return fitting[0] if len(fitting) == 1 else None

    def _ranked_field(self, base: str) -> FieldRef | None:
        """ "which listing has the highest starting price": rows are listed in the order of their own field."""
        frame = self.frame
        if (
            frame.head
            and frame.head.dataset == base
            and not frame.head.role
            and frame.rank
            and len(frame.measures) == 1
        ):
            ask = frame.measures[0]
            if ask.kind == "agg" and ask.function in ("max", "min") and not frame.counted:
                return FieldRef((), base, self.binder.choose_field(ask.fields, ask.words).field)
        return None

    def _measures(self, base: str, having_noun: Noun | None) -> tuple[Measure, ...]:
        frame = self.frame
        if having_noun is not None:
            return (self._count(having_noun, base),)
        if frame.measures:
            counted = (self._count(frame.head, base),) if frame.counted and frame.head else ()
            return (*counted, *(self._measure(ask, base) for ask in frame.measures))
        if frame.counted and frame.head:
            return (self._count(frame.head, base),)
        return ()

    def _measure(self, ask: MeasureAsk, base: str) -> Measure:
        if ask.made is not None:
            return ask.made.bind(self.binder, Scope(base, ()))
        if ask.metric:
            name = self._role_metric(ask.metric)
            return Measure("metric", name, metric=name)
        if ask.noun is not None and (link := self._link(ask.noun)) and link.source == base:
            step = self.graph.paths(base, ask.noun.dataset)[0][0]
            column = FieldRef((), base, self.graph.relationships[step].source_columns[0])
            self.binder.led_through.add(link.name)
            return Measure("distinct", f"number_of_{plural_label(self.model, ask.noun.dataset)}", field=column)
        if ask.noun is not None:
            return self._count(ask.noun, base)
        field = self.binder.choose_field(ask.fields, ask.words)
        if ask.function == "distinct":
            return Measure("distinct", f"number_of_{field.field}", field=FieldRef((), field.dataset, field.field))
        datatype = self.model.dataset(field.dataset).field(field.field).datatype
        if not datatype.is_number and not (datatype.is_temporal and ask.function in ("min", "max")):
            raise NotUnderstood(f"“{ask.words}” is not a number.", (ask.words,))
        if named := self._as_metric(field, ask.function):
            self.binder.measures_a_metric = True
            return Measure("metric", named, metric=named)
        label = self.model.dataset(field.dataset).field(field.field).label or field.field
        name = "_".join(f"{FUNCTION_WORDS[ask.function]} {label}".replace("-", " ").split())
        return Measure("agg", name, cast(Function, ask.function), FieldRef((), field.dataset, field.field))

    def _as_metric(self, field: FieldSense, function: str) -> str:
        """The metric for a role ("seller rating") that stands in for an aggregate of a field which is a metric too."""
        expression = self.model.dataset(field.dataset).field(field.field).expression
        wanted = f"{function}({field.dataset}.{expression})".lower()
        named = next((m.name for m in self.model.metrics if m.expression.lower() == wanted), "")
        special = self._role_metric(named) if named else ""
        return special if special != named else ""

    def _role_metric(self, name: str) -> str:
        """ "average rating" of sellers is the metric "average seller rating" where the model has one."""
        label = self.model.metric_by_name[name].label
        nouns = [*self.frame.nouns, *(g.noun for g in self.frame.groups if g.noun)]
        for role in [*(n.role for n in nouns), *(g.role for g in self.frame.groups)]:
            if role:
                words = {*label.split(), self.graph.relationships[role].role}
                special = [m.name for m in self.model.metrics if set(m.label.split()) == words]
                if special:
                    return special[0]
        return name

    def _count(self, noun: Noun, base: str) -> Measure:
        if noun.role and base == self.graph.relationships[noun.role].source:
            relationship = self.graph.relationships[noun.role]
            if noun.at_least > 1:
                raise NotUnderstood(f"I can count {noun.words} as a whole, not by group.", (noun.words,))
            column = relationship.source_columns[0]
            self.conditions.extend(self.binder.raw(relationship, base))
            return Measure(
                "distinct", f"number_of_{relationship.role.replace(' ', '_')}s", field=FieldRef((), base, column)
            )
        label = self.model.dataset(noun.dataset).label or noun.dataset
        name = (noun.role and self.graph.relationships[noun.role].role + "s") or label
        return Measure("count", f"number_of_{name}".replace(" ", "_"))
