"""What is computed: the measures of a plan, and the dataset whose rows they are taken over."""

from __future__ import annotations

import sqlglot
from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Metric, SemanticModel
from nl2sql.writers.offline.bind import Binder
from nl2sql.writers.offline.frame import (
    Frame,
    MeasureAsk,
    NotUnderstood,
    Noun,
)
from nl2sql.writers.offline.plan import (
    Condition,
    FieldRef,
    Measure,
)
from nl2sql.writers.offline.senses import FieldSense

FUNCTION_WORDS = {"sum": "total", "avg": "average", "min": "lowest", "max": "highest"}


def metric_base(metric: Metric, model: SemanticModel) -> str:
    """The dataset whose rows the metric aggregates: the one that dates it, else the only one it names."""
    tree = sqlglot.parse_one(metric.expression)
    named = list(dict.fromkeys(c.table for c in tree.find_all(exp.Column) if c.table))
    dated = metric.time_field.partition(".")[0]
    if dated in named or not named:
        return dated or model.datasets[0].name
    return named[0]


class Measuring:
    """A frame, and the plan that grows from it."""

    def __init__(self, frame: Frame, model: SemanticModel, graph: JoinGraph) -> None:
        self.frame = frame
        self.model = model
        self.graph = graph
        self.binder = Binder(frame, model, graph)
        self.conditions: list[Condition] = []
        self.assumptions: list[str] = []

    def _measure_base(self, ask: MeasureAsk) -> str:
        if ask.metric:
            return metric_base(self.model.metric_by_name[ask.metric], self.model)
        if ask.noun is not None:
            return self.graph.relationships[ask.noun.role].source if ask.noun.role else ask.noun.dataset
        return self.binder.choose_field(ask.fields, ask.words).dataset

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
        if ask.metric:
            name = self._role_metric(ask.metric)
            return Measure("metric", name, metric=name)
        if ask.noun is not None:
            return self._count(ask.noun, base)
        field = self.binder.choose_field(ask.fields, ask.words)
        if ask.function == "distinct":
            return Measure("distinct", f"number_of_{field.field}", field=FieldRef((), field.dataset, field.field))
        datatype = self.model.dataset(field.dataset).field(field.field).datatype
        if not datatype.is_number and not (datatype.is_temporal and ask.function in ("min", "max")):
            raise NotUnderstood(f"“{ask.words}” is not a number.", (ask.words,))
        if ask.function == "median":
            raise NotUnderstood("I cannot compute a median yet.", ("median",))
        if named := self._as_metric(field, ask.function):
            self.binder.measures_a_metric = True
            return Measure("metric", named, metric=named)
        label = self.model.dataset(field.dataset).field(field.field).label or field.field
        name = "_".join(f"{FUNCTION_WORDS[ask.function]} {label}".replace("-", " ").split())
        return Measure("agg", name, ask.function, FieldRef((), field.dataset, field.field))

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
