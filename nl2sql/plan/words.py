"""A query plan in words: what the question was read as, shown to the person before they trust the answer."""

from __future__ import annotations

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.measuring import FUNCTION_WORDS
from nl2sql.writers.offline.plan import (
    Comparison,
    Condition,
    Dimension,
    During,
    Exists,
    FieldRef,
    Measure,
    Named,
    QueryPlan,
    RoleHolds,
)

_OPERATORS = {
    "=": "is", "<>": "is not", ">": "above", ">=": "at least", "<": "below", "<=": "at most", "in": "is one of",
    "not in": "is none of", "is null": "is not set", "is not null": "is set",
}  # fmt: skip


class Wording:
    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self._model = model
        self._graph = graph

    def of(self, plan: QueryPlan) -> str:
        parts = [self._asked(plan)]
        parts += [words for c in plan.conditions if (words := self._condition(c))]
        if plan.having:
            parts.append(f"only where that is {_OPERATORS[plan.having.operator]} {plan.having.value}")
        if plan.limit:
            parts.append(self._ranked(plan))
        return "; ".join(parts)

    def _asked(self, plan: QueryPlan) -> str:
        label = self._model.dataset(plan.base).label or plan.base
        if not plan.measures:
            return f"list of {label}"
        measured = " and ".join(self._measure(m, label) for m in plan.measures)
        if plan.share == "part":
            inside = [w for c in plan.measures[0].conditions if (w := self._condition(c))]
            measured = f"share of {measured} where {' and '.join(inside)}"
        elif plan.share:
            measured = f"{measured} and its share of the total"
        by = " and ".join(self._dimension(d) for d in plan.dimensions)
        return f"{measured} by {by}" if by else measured

    def _ranked(self, plan: QueryPlan) -> str:
        order = plan.order
        is_time = bool(
            order and order.field and self._model.dataset(order.field.dataset).field(order.field.field).is_time
        )
        high, low = ("latest", "earliest") if is_time else ("highest", "lowest")
        return f"the {plan.limit} {high if order and order.descending else low} only"

    def _measure(self, measure: Measure, label: str) -> str:
        match measure.kind:
            case "metric":
                metric = self._model.metric_by_name[measure.metric]
                return metric.label or metric.name.replace("_", " ")
            case "agg" if measure.field:
                return f"{FUNCTION_WORDS[measure.function]} {self._field(measure.field)}"
            case "distinct":
                return measure.name.replace("_", " ").replace("number of", "number of different")
            case _:
                return f"number of {label}"

    def _dimension(self, dimension: Dimension) -> str:
        return dimension.grain or dimension.name

    def _field(self, ref: FieldRef) -> str:
        field = self._model.dataset(ref.dataset).field(ref.field)
        role = self._graph.role_of(ref.path)
        return f"{role.role + ' ' if role else ''}{field.label or field.name.replace('_', ' ')}"

    def _condition(self, condition: Condition) -> str:
        match condition:
            case Comparison():
                values = " or ".join(condition.values)
                return f"{self._field(condition.field)} {_OPERATORS[condition.operator]} {values}".strip()
            case Named():
                label = self._model.dataset(condition.dataset).label or condition.dataset
                return f"{'not ' if condition.negated else ''}{condition.filter} {label}"
            case During():
                return f"{self._field(condition.field)} {condition.period.words}"
            case RoleHolds():
                return ""
            case Exists():
                return self._exists(condition)

    def _exists(self, exists: Exists) -> str:
        label = self._model.dataset(exists.dataset).label or exists.dataset
        count = f"{_OPERATORS[exists.operator]} {exists.count} " if (exists.operator, exists.count) != (">=", 1) else ""
        inside = [w for c in exists.conditions if (w := self._condition(c))]
        narrowed = f" ({', '.join(inside)})" if inside else ""
        role = self._graph.relationships[exists.path[0].removeprefix("-")].role
        as_role = f" as {role}" if role else ""
        return f"{'without' if exists.negated else 'with'} {count}{label}{as_role}{narrowed}"
