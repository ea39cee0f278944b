"""What plans mean, said a second time in plain Python over lists of rows: slow, and without any SQL."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from nl2sql.catalog.joins import JoinGraph
from nl2sql.plan.base import (
    Against,
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Derived,
    Dimension,
    During,
    Exists,
    FieldRef,
    Measure,
    Named,
    Negation,
    Order,
    Part,
    Path,
    QueryPlan,
    Related,
    RoleHolds,
    Span,
    Under,
    Value,
)
from nl2sql.plan.periods import floor, shift

Row = dict[str, Any]
Group = dict[str, Any]
Truth = bool | None
_UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    "contains": lambda a, b: b.lower() in a.lower(),
    "not contains": lambda a, b: b.lower() not in a.lower(),
    "starts with": lambda a, b: a.lower().startswith(b.lower()),
    "ends with": lambda a, b: a.lower().endswith(b.lower()),
}


class Reference:
    """`filters`, `fields` and `metrics` say in Python what the model says in SQL."""

    def __init__(
        self,
        rows: dict[str, list[Row]],
        graph: JoinGraph,
        filters: dict[str, Callable[[Row], Truth]],
        fields: dict[str, Callable[[Row], Any]],
        metrics: dict[str, Callable[[list[Row]], Any]],
    ) -> None:
        self.rows = rows
        self.graph = graph
        self.filters = filters
        self.fields = fields
        self.metrics = metrics

    def answer(self, plan: QueryPlan) -> list[tuple[Any, ...]]:
        if not plan.measures:
            return self._listed(plan)
        groups = self._bounded(plan, self._groups(plan))
        shown = _shown(plan)
        if plan.limit and plan.dimensions:
            groups = _first(plan, groups, plan.order or Order(descending=True), shown[0])
        dimensions = [d.name for d in plan.dimensions]
        if plan.fold is None:
            return [tuple(group[name] for name in (*dimensions, *shown)) for group in groups]
        keep = plan.fold.keep
        kept: dict[tuple[Any, ...], list[Group]] = {}
        for group in groups:
            kept.setdefault(tuple(group[_key(plan, name)] for name in keep), []).append(group)
        if not keep and not kept:
            kept[()] = []
        folded = []
        for members in kept.values():
            values = [group[plan.fold.of] for group in members]
            value = len(values) if plan.fold.function == "count" else aggregated(plan.fold.function, values)
            folded.append((*(members[0][name] for name in keep), value))
        return folded

    # -- rows --------------------------------------------------------------------------------------------------------

    def follow(self, row: Row | None, path: Path) -> Row | None:
        for step in path:
            relationship = self.graph.relationships[step]
            if row is None:
                return None
            sought = [row[c] for c in relationship.source_columns]
            row = next(
                (r for r in self.rows[relationship.target] if [r[c] for c in relationship.target_columns] == sought),
                None,
            )
        return row

    def related(self, row: Row, path: Path) -> list[Row]:
        found = [row]
        for step in path:
            if not step.startswith("-"):
                found = [r for r in (self.follow(each, (step,)) for each in found) if r is not None]
                continue
            relationship = self.graph.relationships[step[1:]]
            pairs = list(zip(relationship.source_columns, relationship.target_columns, strict=True))
            many = self.rows[relationship.source]
            found = [r for each in found for r in many if all(r[s] == each[t] for s, t in pairs)]
        return found

    def value(self, row: Row, value: Value) -> Any:
        match value:
            case FieldRef():
                end = self.follow(row, value.path)
                if end is None:
                    return None
                own = self.fields.get(f"{value.dataset}.{value.field}")
                return own(end) if own else end[value.field]
            case Part():
                moment = self.value(row, value.field)
                return None if moment is None else part_of(moment, value.part)
            case Span():
                start, end_ = self.value(row, value.start), self.value(row, value.end)
                return None if start is None or end_ is None else (end_ - start).total_seconds() / _UNITS[value.unit]
            case Related():
                found = [r for r in self.related(row, value.path) if self.holds(r, value.conditions)]
                if value.function == "count":
                    return len(found)
                if value.function == "metric":
                    return self.metrics[value.metric](found)
                assert value.field is not None
                return aggregated(value.function, [self.value(r, value.field) for r in found])

    def holds(self, row: Row, conditions: Iterable[Condition]) -> bool:
        return all(self.truth(row, c) is True for c in conditions)

    def truth(self, row: Row, condition: Condition) -> Truth:  # noqa: C901 - one case for each kind of condition
        match condition:
            case Comparison():
                return self._compared(row, condition)
            case Against():
                left, right = self.value(row, condition.left), self.value(row, condition.right)
                return None if left is None or right is None else _COMPARE[condition.operator](left, right)
            case Named():
                end = self.follow(row, condition.path)
                found = None if end is None else self.filters[f"{condition.dataset}.{condition.filter}"](end)
                return (None if found is None else not found) if condition.negated else found
            case RoleHolds():
                return True
            case During():
                moment, period = self.value(row, condition.field), condition.period
                if moment is None:
                    return None
                early = period.start is not None and moment.date() < period.start
                late = period.end is not None and moment.date() >= period.end
                return not early and not late
            case Under():
                end = self.follow(row, condition.path)
                while end is not None and end[condition.field] != condition.value:
                    end = self.follow(end, (condition.relationship,))
                return end is not None
            case Exists():
                count = sum(self.holds(r, condition.conditions) for r in self.related(row, condition.path))
                return _COMPARE[condition.operator](count, condition.count) != condition.negated
            case AnyOf():
                return _any([self.truth(row, c) for c in condition.conditions])
            case AllOf():
                opposite = _any([_opposite(self.truth(row, c)) for c in condition.conditions])
                return _opposite(opposite)
            case Negation():
                return self.truth(row, condition.condition) is not True

    def _compared(self, row: Row, comparison: Comparison) -> Truth:
        value = self.value(row, comparison.field)
        if comparison.operator in ("is null", "is not null"):
            return (value is None) == (comparison.operator == "is null")
        if value is None:
            return None
        values: list[Any] = [float(v) if isinstance(value, int | float) else v for v in comparison.values]
        if comparison.operator in ("in", "not in"):
            return (value in values) == (comparison.operator == "in")
        return _COMPARE[comparison.operator](value, values[0])

    # -- groups ------------------------------------------------------------------------------------------------------

    def _groups(self, plan: QueryPlan) -> list[Group]:
        """Each with its dimensions, the key of each entity ("<name> key"), and every measure and derived column."""
        groups = self._own_groups(plan)
        zeros = _zeros(plan)
        for beside in plan.beside:
            others = self._bounded(beside, self._groups(beside))
            groups = self._joined(plan, groups, others, zeros, beside)
            zeros |= _zeros(beside)
        for derived in plan.derived:
            for group, value in zip(groups, [_derived(derived, g, groups, plan) for g in groups], strict=True):
                group[derived.name] = value
        return groups

    def _own_groups(self, plan: QueryPlan) -> list[Group]:
        found: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.rows[plan.base]:
            reached = all(self.follow(row, _path(d.field)) is not None for d in plan.dimensions)
            if reached and self.holds(row, plan.conditions):
                found.setdefault(tuple(self._cut(row, d) for d in plan.dimensions), []).append(row)
        if not plan.dimensions:
            found = {(): next(iter(found.values()), [])}
        groups = []
        for cuts, rows in found.items():
            group: Group = {}
            for dimension, (key, shown) in zip(plan.dimensions, cuts, strict=True):
                group |= {dimension.name: shown, f"{dimension.name} key": key}
            groups.append(group | {m.name: self._measured(m, rows) for m in plan.measures})
        return groups

    def _cut(self, row: Row, dimension: Dimension) -> tuple[Any, Any]:
        value = self.value(row, dimension.field)
        if dimension.entity:
            end = self.follow(row, _path(dimension.field))
            return (end or {})["id"], value
        if value is not None and dimension.grain:
            value = bucket(value, dimension.grain)
        if value is not None and isinstance(dimension.field, Part) and dimension.field.part == "weekday":
            value = calendar.day_name[value - 1]
        if value is not None and dimension.width is not None:
            value = float(math.floor(Decimal(str(value)) / dimension.width) * dimension.width)
        return value, value

    def _measured(self, measure: Measure, rows: list[Row]) -> Any:
        rows = [row for row in rows if self.holds(row, measure.conditions)]
        if measure.kind == "count":
            return len(rows)
        if measure.kind == "metric":
            return self.metrics[measure.metric](rows)
        assert measure.field is not None
        values = [self.value(row, measure.field) for row in rows]
        if measure.kind == "distinct":
            return aggregated("distinct", values)
        return aggregated(measure.function, values, float(measure.percentile or 0.5))

    def _joined(
        self, plan: QueryPlan, left: list[Group], right: list[Group], zeros: dict[str, int], beside: QueryPlan
    ) -> list[Group]:
        names = [f"{d.name} key" for d in plan.dimensions]
        lefts, rights = ({tuple(g[n] for n in names): g for g in side} for side in (left, right))
        empty = dict.fromkeys((name for side in (left, right) for g in side for name in g), None)
        nothing: Group = {**empty, **zeros, **_zeros(beside)}
        joined = []
        for key in {**rights, **lefts}:
            shown = {n: v for n, v in (lefts.get(key) or rights[key]).items() if n in names or f"{n} key" in names}
            joined.append({**nothing, **lefts.get(key, {}), **rights.get(key, {}), **shown})
        return joined

    def _bounded(self, plan: QueryPlan, groups: list[Group]) -> list[Group]:
        first = _shown(plan)[0] if _shown(plan) else ""
        for having in plan.having:
            name, bound = having.column or first, float(having.value or 0)
            if having.operator in ("is null", "is not null"):
                groups = [g for g in groups if (g[name] is None) == (having.operator == "is null")]
            else:
                compare = _COMPARE[having.operator]
                groups = [g for g in groups if g[name] is not None and compare(g[name], bound)]
        return groups

    # -- lists -------------------------------------------------------------------------------------------------------

    def _listed(self, plan: QueryPlan) -> list[tuple[Any, ...]]:
        rows = [row for row in self.rows[plan.base] if self.holds(row, plan.conditions)]
        listed = []
        for row in rows:
            entry = {c.name: self.value(row, c.value) for c in plan.columns} | {"row": row["id"]}
            if plan.order and plan.order.field:
                entry["order"] = self.value(row, plan.order.field)
                if entry["order"] is None:
                    continue
            listed.append(entry)
        if plan.limit:
            listed = _first(plan, listed, plan.order or Order(descending=False), "order" if plan.order else "row")
        shown = [tuple(entry[c.name] for c in plan.columns) for entry in listed]
        return list(dict.fromkeys(shown)) if plan.distinct else shown


# -- laws --------------------------------------------------------------------------------------------------------------


def aggregated(function: str, values: Sequence[Any], share: float = 0.5) -> Any:
    present = [float(v) if isinstance(v, int | float | Decimal) else v for v in values if v is not None]
    if function == "distinct":
        return len(set(present))
    if not present:
        return None
    match function:
        case "sum":
            return sum(present)
        case "avg":
            return sum(present) / len(present)
        case "min":
            return min(present)
        case "max":
            return max(present)
        case _:
            present.sort()
            place = (0.5 if function == "median" else share) * (len(present) - 1)
            low = math.floor(place)
            high = min(low + 1, len(present) - 1)
            return present[low] + (present[high] - present[low]) * (place - low)


def bucket(moment: datetime, grain: str) -> str:
    day = floor(moment.date(), grain)
    formats = {"day": "%Y-%m-%d", "week": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}
    return f"{day.year}-Q{(day.month + 2) // 3}" if grain == "quarter" else day.strftime(formats[grain])


def part_of(moment: datetime, part: str) -> int:
    if part == "weekday":
        return moment.isoweekday()
    return (moment.month + 2) // 3 if part == "quarter" else int(getattr(moment, part))


def _earlier(text: str, grain: str, steps: int) -> str:
    if grain == "year":
        return str(int(text) - steps)
    if "Q" in text:
        first = date(int(text[:4]), 3 * int(text[-1]) - 2, 1)
    else:
        first = date.fromisoformat(text if len(text) == len("2025-01-01") else f"{text}-01")
    day = shift(first, grain, -steps)
    return bucket(datetime.combine(day, datetime.min.time()), grain)


def _derived(derived: Derived, group: Group, groups: list[Group], plan: QueryPlan) -> Any:
    of = group[derived.of]
    if derived.kind in ("ratio", "difference", "growth") and derived.by:
        return _two(derived.kind, of, group[derived.by])
    if derived.kind in ("share", "rank"):
        names = [_key(plan, name) for name in derived.within]
        peers = [g[derived.of] for g in groups if all(g[n] == group[n] for n in names)]
        present = [v for v in peers if v is not None]
        if derived.kind == "share":
            return _two("ratio", of, sum(present) if present else None)
        better = (v > of if derived.descending else v < of for v in present if of is not None)
        return 1 + (sum(better) if of is not None else len(present))
    along = next(d for d in plan.dimensions if (d.name == derived.along if derived.along else d.grain))
    others = [_key(plan, d.name) for d in plan.dimensions if d is not along]
    series = sorted(
        (g for g in groups if all(g[n] == group[n] for n in others)),
        key=lambda g: (g[along.name] is not None, g[along.name]),
    )
    place = series.index(group)
    if derived.kind == "running_total":
        return aggregated("sum", [g[derived.of] for g in series[: place + 1]])
    if derived.kind == "moving_average":
        return aggregated("avg", [g[derived.of] for g in series[max(0, place - derived.periods + 1) : place + 1]])
    here = group[along.name]
    sought = _earlier(here, along.grain or "", derived.periods) if along.grain else here - derived.periods
    before = next((g[derived.of] for g in series if g[along.name] == sought), None)
    return before if derived.kind == "previous" else _two(derived.kind, of, before)


def _two(kind: str, of: Any, by: Any) -> Any:
    if of is None or by is None or (kind != "difference" and by == 0):
        return None
    if kind == "difference":
        return of - by
    return of / by - (kind == "growth")


def _first(plan: QueryPlan, groups: list[Group], order: Order, first: str) -> list[Group]:
    """The first of each part, ties broken by the other columns in the order of their dimensions."""
    name = order.column or first
    sign = -1 if order.descending else 1
    with_value = [g for g in groups if g[name] is not None]
    without = [g for g in groups if g[name] is None] if order.descending else []
    names = [n for d in plan.dimensions for n in (d.name, f"{d.name} key")] or ["row"]
    with_value.sort(key=lambda g: tuple((g[n] is not None, g[n]) for n in names))
    with_value.sort(key=lambda g: g[name], reverse=sign < 0)
    kept: list[Group] = []
    parts: dict[tuple[Any, ...], list[Group]] = {}
    for group in [*with_value, *without]:
        parts.setdefault(tuple(group[_key(plan, n)] for n in plan.within), []).append(group)
    for members in parts.values():
        limit = plan.limit or len(members)
        last = members[min(limit, len(members)) - 1][name]
        kept += members[:limit]
        kept += [g for g in members[limit:] if plan.ties and g[name] == last]
    return kept


def _shown(plan: QueryPlan) -> list[str]:
    names = [m.name for m in plan.measures if not m.hidden]
    for beside in plan.beside:
        names += _shown(beside)
    return names + [d.name for d in plan.derived if not d.hidden]


def _zeros(plan: QueryPlan) -> dict[str, int]:
    return {m.name: 0 for m in plan.measures if m.kind in ("count", "distinct")}


def _key(plan: QueryPlan, name: str) -> str:
    return f"{name} key" if any(d.name == name for d in plan.dimensions) else name


def _path(value: Value) -> Path:
    match value:
        case FieldRef():
            return value.path
        case Part():
            return value.field.path
        case _:
            return ()


def _any(truths: list[Truth]) -> Truth:
    if True in truths:
        return True
    return None if None in truths else False


def _opposite(truth: Truth) -> Truth:
    return None if truth is None else not truth


def same_rows(left: Iterable[Sequence[Any]], right: Iterable[Sequence[Any]]) -> bool:
    """In any order; numbers to four digits after the point, as MySQL divides."""
    one, other = (sorted((tuple(map(plain, row)) for row in rows), key=_place) for rows in (left, right))
    return len(one) == len(other) and all(
        len(a) == len(b) and all(_near(x, y) for x, y in zip(a, b, strict=True))
        for a, b in zip(one, other, strict=True)
    )


def _place(row: Sequence[Any]) -> str:
    return repr([round(value, 2) if isinstance(value, float) else value for value in row])


def _near(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1.1e-4)
    return bool(one == other)


def plain(value: Any) -> Any:
    if isinstance(value, bool | int | float | Decimal):
        return float(value) + 0.0
    return value.isoformat(sep=" ", timespec="milliseconds") if isinstance(value, datetime) else value
