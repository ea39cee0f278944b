"""Values of a row: fields, parts of moments, time between moments, and what is aggregated over related rows.

Related rows are aggregated in a WITH query of their own, one row for each key, before they are joined: the join
multiplies nothing, and the many side is read once.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from sqlglot import exp

from nl2sql.plan.base import Condition, FieldRef, Part, Path, Related, Span, Value
from nl2sql.plan.compile.joined import Joined, table_named
from nl2sql.plan.compile.moments import part_of, span
from nl2sql.plan.errors import PlanInvalid

_FUNCTIONS: dict[str, tuple[type[exp.AggFunc], str]] = {
    "sum": (exp.Sum, "total"),
    "avg": (exp.Avg, "average"),
    "min": (exp.Min, "lowest"),
    "max": (exp.Max, "highest"),
}


@dataclass(frozen=True, slots=True)
class Way:
    """A path to a many side: forward to one row (`head`), against relationships (`back`, in the order walked), and
    forward again (`tail`)."""

    head: Path
    back: tuple[str, ...]
    tail: Path


def way_of(path: Path) -> Way:
    first = next((i for i, step in enumerate(path) if step.startswith("-")), len(path))
    last = next((i for i in range(first, len(path)) if not path[i].startswith("-")), len(path))
    back, tail = tuple(step.removeprefix("-") for step in path[first:last]), path[last:]
    if not back or any(step.startswith("-") for step in tail):
        raise PlanInvalid("I cannot follow that chain of tables without counting rows twice.")
    return Way(path[:first], back, tail)


@dataclass(slots=True)
class _Aggregated:
    """A WITH query over a many side, grouped by the keys of the one side. More columns may be asked of it."""

    name: str
    rows: Values
    keys: list[exp.Expr]
    columns: dict[str, exp.Expr] = field(default_factory=dict)

    def query(self) -> exp.Select:
        columns = [*self.keys, *(exp.alias_(value, name, copy=False) for name, value in self.columns.items())]
        query = self.rows.select(columns)
        query.set("group", exp.Group(expressions=[key.copy() for key in self.keys]))
        return query


class Values(Joined):
    def _value(self, value: Value) -> exp.Expr:
        match value:
            case FieldRef():
                return self._field(value)
            case Part():
                return part_of(self._field(value.field), value.part, self.dialect)
            case Span():
                return span(self._value(value.start), self._value(value.end), value.unit, self.dialect)
            case Related():
                return self._related(value)

    def _is_number(self, value: Value) -> bool:
        match value:
            case FieldRef():
                return self.model.dataset(value.dataset).field(value.field).datatype.is_number
            case Related(function="min" | "max", field=FieldRef() as inner):
                return self._is_number(inner)
            case _:
                return True

    # -- related rows ------------------------------------------------------------------------------------------------

    def _related(self, related: Related) -> exp.Expr:
        way = way_of(related.path)
        made = self._aggregated(related, way)
        name, value = made.rows._aggregate(related)
        while name in made.columns and made.columns[name] != value:
            name += "_2"
        made.columns.setdefault(name, value)
        column = exp.column(name, self._joined_to(made, way))
        counts = related.function in ("count", "distinct")
        return exp.Coalesce(this=column, expressions=[exp.Literal.number(0)]) if counts else column

    def _aggregated(self, related: Related, way: Way) -> _Aggregated:
        place = (way.back, way.tail, related.dataset, related.conditions)
        known = self.statement.related.get(place)
        if isinstance(known, _Aggregated):
            return known
        rows, many = self._many_side(way, related.conditions, ())
        keys: list[exp.Expr] = [exp.column(c, many) for c in self.graph.relationships[way.back[0]].source_columns]
        for key in keys:
            rows._require(exp.Not(this=exp.Is(this=key.copy(), expression=exp.Null())))
        stem = f"{related.dataset}_by_{'_'.join(key.name for key in keys)}"
        made = _Aggregated(self.statement.named(stem), rows, keys)
        self.statement.related[place] = made
        self.statement.add(made.name, made.query)
        return made

    def _many_side(self, way: Way, conditions: tuple[Condition, ...], taken: tuple[str, ...]) -> tuple[Self, str]:
        """Rows of the many side under these conditions, and the alias that has the keys of the one side."""
        rows = type(self)(self.statement, self.graph.relationships[way.back[-1]].source, taken, way.tail)
        rows._conditions(conditions)
        return rows, rows._alias_at(tuple(reversed(way.back[1:])))

    def _joined_to(self, made: _Aggregated, way: Way) -> str:
        path = (*self.root, *way.head, f"-{made.name}")
        if path not in self.aliases:
            head = self._at(way.head)
            alias = self._alias(made.name)
            self.aliases[path] = alias
            targets = self.graph.relationships[way.back[0]].target_columns
            pairs = zip(made.keys, targets, strict=True)
            on = [exp.EQ(this=exp.column(k.name, alias), expression=exp.column(t, head)) for k, t in pairs]
            self.joins.append(exp.Join(this=table_named(made.name, alias), on=exp.and_(*on), side="LEFT"))
        return self.aliases[path]

    def _aggregate(self, related: Related) -> tuple[str, exp.Expr]:
        """Name and value of the aggregate, over the rows of this SELECT."""
        if related.function == "count":
            return f"number_of_{related.dataset}", exp.Count(this=exp.Star())
        if related.function == "metric":
            return related.metric, self._metric(related.metric)
        if related.field is None:
            raise PlanInvalid("I could not tell which column to compute.")
        value = self._field(related.field)
        if related.function == "distinct":
            return f"number_of_{related.field.field}", exp.Count(this=exp.Distinct(expressions=[value]))
        function, word = _FUNCTIONS[related.function]
        return f"{word}_{related.field.field}", function(this=value)

    def _metric(self, name: str) -> exp.Expr:
        tree = self.expressions.parse(self.model.metric_by_name[name].expression)
        aliases = {dataset: self._reach(dataset) for dataset in self.expressions.datasets_of(tree)}
        return self.expressions.placed(tree, aliases)

    def _conditions(self, conditions: tuple[Condition, ...]) -> None:
        raise NotImplementedError
