"""Values and conditions of a row in words. `at` is the dataset whose row it is; paths start there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Field, Metric, SemanticModel
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
from nl2sql.plan.names import FUNCTION_WORDS, Names, say_period

OPERATORS = {
    "=": "is", "<>": "is not", ">": "above", ">=": "at least", "<": "below", "<=": "at most", "in": "is one of",
    "not in": "is none of", "is null": "is not set", "is not null": "is set", "contains": "contains",
    "not contains": "does not contain", "starts with": "starts with", "ends with": "ends with",
}  # fmt: skip
_COUNTS = {"=": "exactly", "<>": "not exactly", ">": "more than", ">=": "at least", "<": "fewer than", "<=": "at most"}
_PARTS = {
    "hour": "hour of the day", "weekday": "day of the week", "day": "day of the month", "month": "month of the year",
    "quarter": "quarter of the year", "year": "number of the year",
}  # fmt: skip
# What can be shown without marks and never be taken for a word of the sentence around it.
_PLAIN = re.compile(r"[\w.,%+@/:’'-]+(?: (?!or\b|and\b)[\w.,%+@/:’'-]+)*", re.I)


class RowWords:
    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self.model = model
        self.graph = graph
        self.names = Names(model, graph)

    # -- values ------------------------------------------------------------------------------------------------------

    def value(self, value: Value, at: str) -> str:
        match value:
            case FieldRef():
                return self.field(value, at)
            case Part():
                return f"{_PARTS[value.part]} of {self.field(value.field, at)}"
            case Related():
                return f"{self._related(value, at)} per {self.names.row(at)}"
            case Span():
                start, end = (self._end(each, at) for each in (value.start, value.end))
                return f"time from {start} to {end}, in {value.unit}"

    def field(self, ref: FieldRef, at: str) -> str:
        """ "seller country"; the row is named too where the label alone could be that of another."""
        label = self.names.field(ref.dataset, ref.field)
        at_role = bool(ref.path) and bool(self.graph.relationships[ref.path[-1]].role)
        if not (at_role or ref == FieldRef((), at, ref.field) or self.names.is_field_of_one(ref.dataset, ref.field)):
            row = self.names.row(ref.dataset)
            label = f"{label} of the {row}" if label.startswith(row) else f"{row} {label}"
        nearest, *farther = (*self.names.roles(ref.path), "")
        of = "".join(f" of the {role}" for role in farther if role)
        return f"{f'{nearest} ' if nearest else ''}{label}{of}{self.names.detour(at, ref.dataset, ref.path)}"

    def thing(self, path: Path, dataset: str, at: str) -> str:
        """A row at the end of a path: "seller", "listing"."""
        at_role = bool(path) and bool(self.graph.relationships[path[-1]].role)
        first, *farther = (*self.names.roles(path), "")
        of = "".join(f" of the {role}" for role in farther if role)
        noun = first if at_role else self.names.row(dataset)
        owner = f" of the {first}" if first and not at_role else ""
        return f"{noun}{owner}{of}{self.names.detour(at, dataset, path)}"

    def _end(self, value: FieldRef | Related, at: str) -> str:
        """One end of a span."""
        match value:
            case FieldRef():
                return self.field(value, at)
            case Related():
                return f"{self._related(value, at, moment=True)}"

    def _related(self, related: Related, at: str, *, moment: bool = False) -> str:
        rows = self.rows_beyond(related.path, related.dataset)
        match related.function:
            case "count":
                said = f"number of {rows}"
            case "metric":
                said = f"{self.names.metric(related.metric)} of {rows}"
            case "distinct":
                said = f"number of different {self._inner(related)} of {rows}"
            case function:
                said = f"{self._function(function, moment)} {self._inner(related)} of {rows}"
        return f"{said}{self.narrowed(related.conditions, related.dataset)}"

    def _inner(self, related: Related) -> str:
        return self.field(related.field, related.dataset) if related.field else "value"

    @staticmethod
    def _function(function: str, moment: bool) -> str:
        return (
            {"min": "first", "max": "last"}.get(function, FUNCTION_WORDS[function])
            if moment
            else (FUNCTION_WORDS[function])
        )

    def rows_beyond(self, path: Path, dataset: str) -> str:
        """Rows behind a backward step: "payments as payer", "users (through bids)"."""
        first = self.graph.relationships[path[0].removeprefix("-")]
        as_role = f" as {first.role}" if first.role else ""
        alike = [r for r in self.graph.relationships.values() if (r.source, r.target) == (first.source, first.target)]
        named = f" (by {first.name.replace('_', ' ')})" if len(alike) > 1 and not first.role else ""
        if len(path) == 1:
            return f"{self.names.rows(dataset)}{as_role}{named}"
        steps = " and ".join(step.removeprefix("-").replace("_", " ") for step in path[1:])
        return f"{self.names.rows(dataset)} through {self.names.rows(first.source)}{as_role}{named} (by {steps})"

    # -- conditions --------------------------------------------------------------------------------------------------

    def narrowed(self, conditions: Iterable[Condition], at: str) -> str:
        inside = ", ".join(dict.fromkeys(self.condition(c, at) for c in conditions))
        return f" ({inside})" if inside else ""

    def where(self, conditions: Sequence[Condition], at: str) -> str:
        """Conditions behind the rows or the number that they narrow: "that are sold and where country is DE"."""
        adjectives = [c for c in conditions if isinstance(c, Named) and not c.path]
        related = [c for c in conditions if isinstance(c, Exists)]
        others = [c for c in conditions if c not in adjectives and c not in related]
        said = " and ".join(f"{'not ' if c.negated else ''}{c.filter}" for c in adjectives)
        parts = [f"that are {said}"] * bool(adjectives) + [self.condition(c, at) for c in related]
        parts += [f"where {' and '.join(dict.fromkeys(self.condition(c, at) for c in others))}"] * bool(others)
        return f" {' and '.join(parts)}" if parts else ""

    def condition(self, condition: Condition, at: str) -> str:
        match condition:
            case Comparison():
                return self._comparison(condition, at)
            case Against():
                left, right = self.value(condition.left, at), self.value(condition.right, at)
                times = f"{condition.factor.normalize():f} × " if condition.factor != 1 else ""
                return f"{left} {OPERATORS[condition.operator]} {times}{right}"
            case Named():
                return self._named(condition, at)
            case RoleHolds():
                return self._role(condition, at)
            case During():
                return f"{self.field(condition.field, at)} {say_period(condition.period)}"
            case Under():
                return self._under(condition, at)
            case Exists():
                return self._exists(condition)
            case AnyOf():
                return f"({' or '.join(self.condition(c, at) for c in condition.conditions)})"
            case AllOf():
                return f"({' and '.join(self.condition(c, at) for c in condition.conditions)})"
            case Negation():
                return f"not ({self.condition(condition.condition, at)})"

    def _comparison(self, comparison: Comparison, at: str) -> str:
        field = self.shown_as(comparison.field)
        values = " or ".join(quantity(value, field) for value in comparison.values)
        return f"{self.value(comparison.field, at)} {OPERATORS[comparison.operator]} {values}".rstrip()

    def shown_as(self, value: Value) -> Field | None:
        ref = value.field if isinstance(value, Related) and value.function not in ("count", "distinct") else value
        return self.model.dataset(ref.dataset).field(ref.field) if isinstance(ref, FieldRef) else None

    def _named(self, named: Named, at: str) -> str:
        no = "not " if named.negated else ""
        if not self.names.roles(named.path):
            rows = self.names.rows(named.dataset)
            return f"{no}{named.filter} {rows}{self.names.detour(at, named.dataset, named.path)}"
        return f"{self.thing(named.path, named.dataset, at)} {no}{named.filter}"

    def _role(self, role: RoleHolds, at: str) -> str:
        relationship = self.graph.relationships[role.relationship]
        noun = relationship.role or role.relationship.replace("_", " ")
        rows = self.names.rows(role.dataset)
        if role.path:
            rows = f"{self.thing(role.path, role.dataset, at)}"
        return f"{rows} that make a {noun}" if role.member else f"{rows} with a {noun}"

    def _under(self, under: Under, at: str) -> str:
        field = self.field(FieldRef(under.path, under.dataset, under.field), at)
        trees = [r for r in self.graph.relationships.values() if r.source == r.target == under.dataset]
        along = f" (by {under.relationship.replace('_', ' ')})" if len(trees) > 1 else ""
        return f"{field} is {shown(under.value)} or anything below it{along}"

    def _exists(self, exists: Exists) -> str:
        role = self.graph.relationships[exists.path[0].removeprefix("-")]
        is_one = (RoleHolds((), role.source, role.name, member=True),)
        if role.role and exists == Exists((f"-{role.name}",), role.source, is_one, exists.negated):
            return f"{'not ' if exists.negated else ''}being a {role.role}"
        count = f"{_COUNTS[exists.operator]} {exists.count} " if (exists.operator, exists.count) != (">=", 1) else ""
        with_ = "without" if exists.negated else "with"
        rows = self.rows_beyond(exists.path, exists.dataset)
        return f"{with_} {count}{rows}{self.narrowed(exists.conditions, exists.dataset)}"


def shown(value: str) -> str:
    """As it stands where nothing in it could be taken for other words of the sentence, else between marks."""
    return value if _PLAIN.fullmatch(value) else f"“{value}”"


def quantity(value: str, shown_as: Field | Metric | None) -> str:
    """A number with its unit: 500 EUR; a share as percent."""
    if shown_as is None or not (isinstance(shown_as, Metric) or shown_as.datatype.is_number):
        return shown(value)
    try:
        number = Decimal(value)
    except InvalidOperation:
        return shown(value)
    if not number.is_finite():
        return shown(value)
    if shown_as.format == "percent":
        return f"{(number * 100).normalize():f}%"
    return f"{value} {shown_as.unit}" if shown_as.unit else shown(value)
