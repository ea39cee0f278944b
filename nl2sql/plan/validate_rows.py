"""What is wrong with values and conditions of a row. `at` is the dataset that paths start from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import DataType, Field, SemanticModel
from nl2sql.plan.base import (
    Against,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    During,
    Exists,
    FieldRef,
    Named,
    Negation,
    Part,
    Path,
    Related,
    RoleHolds,
    Span,
    Under,
    Value,
)

Problem = tuple[str, str]  # the place inside what is judged, and what is wrong there
ValueType = Literal["number", "time", "text", "flag", "unknown"]

COMPARING = ("=", "<>", ">", ">=", "<", "<=")
_TEXT_ONLY = ("contains", "not contains", "starts with", "ends with")
_ORDERING = (">", ">=", "<", "<=")


def at_place(place: str, problems: Iterable[Problem]) -> Iterator[Problem]:
    for inner, message in problems:
        joint = "" if not inner or inner.startswith("[") else "."
        yield f"{place}{joint}{inner}", message


class RowProblems:
    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self.model = model
        self.graph = graph

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, value: Value, at: str) -> Iterator[Problem]:
        match value:
            case FieldRef():
                yield from self.field(value, at)
            case Part():
                yield from at_place("field", self.moment(value.field, at))
            case Related():
                yield from self._related(value, at)
            case Span():
                yield from at_place("start", self.moment(value.start, at))
                yield from at_place("end", self.moment(value.end, at))

    def field(self, ref: FieldRef, at: str) -> Iterator[Problem]:
        problems = list(self.path(ref.path, ref.dataset, at))
        yield from problems
        if not problems:
            yield from self._field_of(ref.dataset, ref.field)

    def _field_of(self, dataset: str, name: str) -> Iterator[Problem]:
        known = {field.name: field for field in self.model.dataset(dataset).fields}
        if name not in known:
            allowed = ", ".join(n for n, f in known.items() if not f.sensitive)
            yield "field", f"{dataset} has no field “{name[:60]}”; there are {allowed}."
        elif known[name].sensitive:
            yield "field", f"{dataset}.{name} is protected: no question may read, compare or summarise it."

    def moment(self, value: FieldRef | Related, at: str) -> Iterator[Problem]:
        problems = list(self.value(value, at))
        yield from problems
        if not problems and self.type_of(value) not in ("time", "unknown"):
            yield "", "this is no moment."

    def _related(self, related: Related, at: str) -> Iterator[Problem]:
        problems = list(self.path(related.path, related.dataset, at, backwards=True))
        yield from problems
        if problems:
            return
        yield from at_place("conditions", self.conditions(related.conditions, related.dataset))
        if (related.function == "metric") != bool(related.metric):
            yield "metric", "the function metric, and no other, takes a metric."
        elif related.metric and related.metric not in self.model.metric_by_name:
            yield "metric", f"there is no metric “{related.metric}”; there are {', '.join(self.model.metric_by_name)}."
        if (related.field is None) != (related.function in ("count", "metric")):
            yield "field", f"{related.function} takes {'no field' if related.field else 'a field'}."
        elif related.field is not None:
            inner = list(self.field(related.field, related.dataset))
            yield from at_place("field", inner)
            if not inner and related.function in ("sum", "avg") and self.type_of(related.field) not in _NUMBERS:
                yield "field", f"{related.function} needs a number."

    def type_of(self, value: Value) -> ValueType:
        """Of a valid value."""
        match value:
            case FieldRef():
                return type_of_field(self.model.dataset(value.dataset).field(value.field))
            case Related(function="min" | "max", field=FieldRef() as inner):
                return self.type_of(inner)
            case _:
                return "number"

    def is_entity(self, value: Value) -> bool:
        """Whether the value names a row of its dataset, which has a key to tell rows apart."""
        if not isinstance(value, FieldRef):
            return False
        dataset = self.model.dataset(value.dataset)
        return bool(dataset.primary_key) and value.field == dataset.label_field

    # -- paths -------------------------------------------------------------------------------------------------------

    def path(self, path: Path, dataset: str, at: str, *, backwards: bool = False) -> Iterator[Problem]:
        """`backwards`: the first step, and it alone has to, goes to a many side."""
        if dataset not in self.model.dataset_by_name:
            yield "dataset", f"there is no dataset “{dataset[:60]}”; there are {', '.join(self.model.dataset_by_name)}."
            return
        here = at
        for index, step in enumerate(path):
            relationship = self.graph.relationships.get(step.removeprefix("-"))
            if relationship is None:
                yield (
                    "path",
                    f"there is no relationship “{step[:60]}”; there are {', '.join(self.graph.relationships)}.",
                )
                return
            back = step.startswith("-")
            start, end = (
                (relationship.target, relationship.source) if back else (relationship.source, relationship.target)
            )
            if start != here:
                yield "path", f"“{step}” starts at {start}, not at {here}."
                return
            if back and not backwards:
                yield "path", f"“{step}” goes to the many side, which would multiply rows."
            if not back and backwards and index == 0:
                yield "path", f"related rows are behind a step to the many side; “{step}” goes to the one side."
            here = end
        if here != dataset:
            yield "path", f"it leads to {here}, not to {dataset}."
        if backwards and not path:
            yield "path", "related rows are behind a step to the many side."

    # -- conditions --------------------------------------------------------------------------------------------------

    def conditions(self, conditions: Iterable[Condition], at: str) -> Iterator[Problem]:
        for index, condition in enumerate(conditions):
            yield from at_place(f"[{index}]", self.condition(condition, at))

    def condition(self, condition: Condition, at: str) -> Iterator[Problem]:
        match condition:
            case Comparison():
                yield from self._comparison(condition, at)
            case Against():
                yield from self._against(condition, at)
            case Named():
                yield from self._named(condition, at)
            case RoleHolds():
                yield from self._role(condition, at)
            case During():
                yield from at_place("field", self.moment(condition.field, at))
                start, end = condition.period.start, condition.period.end
                if start and end and start >= end:
                    yield "period", "it ends before it starts; its end is the day after the last."
            case Under():
                yield from self._under(condition, at)
            case Exists():
                yield from self._exists(condition, at)
            case AnyOf() | AllOf():
                if not condition.conditions:
                    yield "conditions", "at least one condition belongs here."
                yield from at_place("conditions", self.conditions(condition.conditions, at))
            case Negation():
                yield from at_place("condition", self.condition(condition.condition, at))

    def _comparison(self, comparison: Comparison, at: str) -> Iterator[Problem]:
        problems = list(at_place("field", self.value(comparison.field, at)))
        yield from problems
        operator, values = comparison.operator, comparison.values
        wanted = 0 if operator.startswith("is ") else None if operator in ("in", "not in") else 1
        if wanted is not None and len(values) != wanted:
            yield "values", f"“{operator}” takes {'one value' if wanted else 'no value'}."
        if wanted is None and not values:
            yield "values", f"“{operator}” takes at least one value."
        if not problems:
            yield from _fitting(self.type_of(comparison.field), operator, values)

    def _against(self, against: Against, at: str) -> Iterator[Problem]:
        problems = [*at_place("left", self.value(against.left, at)), *at_place("right", self.value(against.right, at))]
        yield from problems
        if problems:
            return
        left, right = self.type_of(against.left), self.type_of(against.right)
        if left != right and "unknown" not in (left, right):
            yield "", f"a {_SAID[left]} cannot be compared with a {_SAID[right]}."
        elif against.factor != 1 and right not in _NUMBERS:
            yield "factor", "only a number can be taken several times."
        if against.factor <= 0:
            yield "factor", "it is above 0."

    def _named(self, named: Named, at: str) -> Iterator[Problem]:
        problems = list(self.path(named.path, named.dataset, at))
        yield from problems
        if not problems:
            known = [f.name for f in self.model.dataset(named.dataset).filters]
            if named.filter not in known:
                there = f"there are {', '.join(known)}" if known else "it has none"
                yield "filter", f"{named.dataset} has no filter “{named.filter[:60]}”; {there}."

    def _role(self, role: RoleHolds, at: str) -> Iterator[Problem]:
        yield from self.path(role.path, role.dataset, at)
        relationship = self.graph.relationships.get(role.relationship)
        if relationship is None:
            yield "relationship", f"there is no relationship “{role.relationship[:60]}”."
        elif relationship.source != role.dataset:
            yield "relationship", f"“{role.relationship}” starts at {relationship.source}, not at {role.dataset}."
        elif not (relationship.membership if role.member else relationship.condition):
            yield "relationship", f"“{role.relationship}” has no {'membership' if role.member else 'condition'}."

    def _under(self, under: Under, at: str) -> Iterator[Problem]:
        problems = list(self.path(under.path, under.dataset, at))
        yield from problems
        if problems:
            return
        yield from self._field_of(under.dataset, under.field)
        relationship = self.graph.relationships.get(under.relationship)
        if relationship is None or not relationship.source == relationship.target == under.dataset:
            yield "relationship", f"a relationship of {under.dataset} with itself belongs here."

    def _exists(self, exists: Exists, at: str) -> Iterator[Problem]:
        problems = list(self.path(exists.path, exists.dataset, at, backwards=True))
        yield from problems
        if not problems:
            yield from at_place("conditions", self.conditions(exists.conditions, exists.dataset))
        if exists.operator not in COMPARING:
            yield "operator", f"“{exists.operator}” does not compare numbers."
        if exists.count < 0:
            yield "count", "it is not below 0."


_NUMBERS = ("number", "unknown")
_SAID = {"number": "number", "time": "moment", "text": "text", "flag": "truth value", "unknown": "value"}


def type_of_field(field: Field) -> ValueType:
    if field.is_time or field.datatype in (DataType.DATE, DataType.DATETIME, DataType.DATETIME_TZ):
        return "time"
    if field.datatype.is_number:
        return "number"
    if field.datatype is DataType.BOOLEAN:
        return "flag"
    return "text" if field.datatype is DataType.STRING else "unknown"


def _fitting(kind: ValueType, operator: str, values: tuple[str, ...]) -> Iterator[Problem]:
    """Whether the operator and the values suit the type."""
    if operator in _TEXT_ONLY and kind not in ("text", "unknown"):
        yield "operator", f"“{operator}” looks into texts; this is a {_SAID[kind]}."
    if operator in _ORDERING and kind in ("text", "flag"):
        yield "operator", f"“{operator}” compares numbers and moments; this is a {_SAID[kind]}."
    for value in values:
        if kind == "number" and not is_number(value):
            yield "values", f"“{value[:60]}” is not a plain number."
        if kind == "time" and not _is_moment(value):
            yield "values", f"“{value[:60]}” is not a day or a moment like 2025-03-31 14:00:00."
        if kind == "flag" and value.lower() not in ("true", "false", "1", "0"):
            yield "values", f"“{value[:60]}” is not true or false."


def is_number(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _is_moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
