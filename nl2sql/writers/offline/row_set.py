"""The rows that a plan counted or listed, as conditions on a dataset: what "those" stands for behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    During,
    Exists,
    FieldRef,
    Measure,
    Named,
    Negation,
    Path,
    QueryPlan,
    RoleHolds,
    Under,
)
from nl2sql.plan.compile.expressions import parsed
from nl2sql.plan.followup import Change
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, FieldSense

_BOUNDS = (">", ">=", "=")


@dataclass(frozen=True, slots=True)
class RowSet:
    dataset: str
    conditions: tuple[Condition, ...]

    def counted(self, model: SemanticModel) -> QueryPlan:
        label = model.dataset(self.dataset).label or self.dataset
        name = f"number_of_{label}".replace(" ", "_")
        return QueryPlan(self.dataset, (Measure("count", name),), conditions=self.conditions)


def rows_of(plan: QueryPlan, graph: JoinGraph) -> RowSet | None:
    """None where the plan shows no rows of one dataset: groups, sums, shares, or only the first few of a list."""
    if plan.beside or plan.derived or plan.fold or plan.limit is not None or plan.distinct:
        return None
    if not plan.measures:
        return RowSet(plan.base, plan.conditions)
    measure = plan.measures[0]
    if len(plan.measures) > 1 or measure.conditions or measure.hidden:
        return None
    if measure.kind == "count" and not plan.having:
        return RowSet(plan.base, plan.conditions) if not plan.dimensions else None
    if measure.kind == "count":
        return _of_bounded_groups(plan)
    if measure.kind == "distinct" and not plan.having and not plan.dimensions and isinstance(measure.field, FieldRef):
        leaving = [r for r in graph.relationships.values() if r.source == plan.base]
        ends = [r for r in leaving if measure.field == FieldRef((), plan.base, r.source_columns[0])]
        if len(ends) == 1:
            return RowSet(ends[0].target, (Exists((f"-{ends[0].name}",), plan.base, plan.conditions),))
    return None


def _of_bounded_groups(plan: QueryPlan) -> RowSet | None:
    """ "sellers who sold more than 10 items" are listings by seller; as rows, they are those sellers."""
    if len(plan.dimensions) != 1 or len(plan.having) != 1:
        return None
    (dimension,), (bound,) = plan.dimensions, plan.having
    whole = dimension.entity and isinstance(dimension.field, FieldRef) and len(dimension.field.path) == 1
    if not whole or bound.column or bound.operator not in _BOUNDS or not bound.value.isdigit():
        return None
    path = dimension.field.path if isinstance(dimension.field, FieldRef) else ()
    target = dimension.field.dataset if isinstance(dimension.field, FieldRef) else ""
    many = Exists((f"-{path[0]}",), plan.base, plan.conditions, False, bound.operator, int(bound.value))
    return RowSet(target, (many,))


def narrowed(plan: QueryPlan, rows: RowSet, verbs: set[str], model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    """The plan over those rows alone. `verbs` are the relationships that the words of the question name.

    Raises NotUnderstood where the plan reads others than those rows, or says the opposite of them.
    """
    if plan.beside:
        raise NotUnderstood("I cannot narrow several tables to what was shown before; please ask the whole question.")
    if plan.base != rows.dataset and (done := _did_them(plan, rows)) is not None:
        return done
    kept = rows.conditions if plan.base == rows.dataset else _from_afar(plan.base, rows, verbs, graph)
    conditions = tuple(dict.fromkeys((*kept, *plan.conditions)))
    if any(_exclude(one, other, model) for one, other in combinations(conditions, 2)):
        raise NotUnderstood("This says the opposite of the question before; please ask the whole question.")
    return replace(plan, conditions=conditions)


def dated_alike(
    plan: QueryPlan, rows: RowSet, chunks: tuple[Chunk, ...], model: SemanticModel, graph: JoinGraph
) -> QueryPlan:
    """ "how many of them in 2025?" of what was sold: sold in 2025. A date that is named stays what it is."""
    own = FieldRef((), rows.dataset, model.dataset(rows.dataset).time_field)
    usual = [c for c in plan.conditions if isinstance(c, During) and c.field == own]
    by_it = [d for d in plan.dimensions if d.field == own]
    named = any((s.dataset, s.field) == (own.dataset, own.field) for c in chunks for s in c.of(FieldSense))
    if plan.base != rows.dataset or named or not (usual or by_it):
        return plan
    dates = {c.field for c in rows.conditions if isinstance(c, During)}
    dates = dates or {Change(model, graph).time_of(rows.counted(model))}
    if len(dates) != 1:
        raise NotUnderstood("I cannot tell which date is meant; please ask the whole question.")
    date = dates.pop()
    conditions = tuple(During(date, c.period) if isinstance(c, During) and c in usual else c for c in plan.conditions)
    return replace(
        plan,
        conditions=conditions,
        dimensions=tuple(replace(d, field=date) if d in by_it else d for d in plan.dimensions),
    )


def _did_them(plan: QueryPlan, rows: RowSet) -> QueryPlan | None:
    """ "who placed them?": those who have at least one of the rows. None where the rows are not asked for like that."""
    of = [c for c in plan.conditions if isinstance(c, Exists) and c.dataset == rows.dataset and not c.negated]
    if len(of) != 1 or plan.measures or (of[0].operator, of[0].count) != (">=", 1):
        return None
    inner = replace(of[0], conditions=tuple(dict.fromkeys((*rows.conditions, *of[0].conditions))))
    return replace(plan, conditions=tuple(inner if c == of[0] else c for c in plan.conditions))


def _from_afar(base: str, rows: RowSet, verbs: set[str], graph: JoinGraph) -> tuple[Condition, ...]:
    paths = graph.paths(base, rows.dataset)
    if len(paths) > 1:
        paths = [path for path in paths if path[0] in verbs and len(path) == 1]
    if len(paths) != 1:
        raise NotUnderstood(f"I cannot tell how this belongs to the {rows.dataset} of the question before.")
    roles = [
        RoleHolds(paths[0][:index], graph.relationships[step].source, step)
        for index, step in enumerate(paths[0])
        if graph.relationships[step].condition
    ]
    return (*roles, *(_lifted(condition, paths[0]) for condition in rows.conditions))


def _lifted(condition: Condition, path: Path) -> Condition:
    """The condition as seen from where the path begins."""
    match condition:
        case Comparison(field=FieldRef() as ref) | During(field=ref):
            return replace(condition, field=replace(ref, path=(*path, *ref.path)))
        case Named() | RoleHolds() | Under():
            return replace(condition, path=(*path, *condition.path))
        case AnyOf() | AllOf():
            return replace(condition, conditions=tuple(_lifted(each, path) for each in condition.conditions))
        case Negation():
            return replace(condition, condition=_lifted(condition.condition, path))
        case _:
            raise NotUnderstood("I cannot carry over the question before to this one; please ask it as a whole.")


# -- opposites -------------------------------------------------------------------------------------------------------


def _exclude(one: Condition, other: Condition, model: SemanticModel) -> bool:
    """Whether both never hold for one row. Only what can be told at a glance: states, values, periods."""
    if isinstance(one, During) and isinstance(other, During):
        return one.field == other.field and not one.period.overlaps(other.period)
    values = dict(_values(one, model))
    return any(place in values and not values[place] & said for place, said in _values(other, model))


def _values(condition: Condition, model: SemanticModel) -> Iterator[tuple[tuple[Path, str], frozenset[str]]]:
    """The column whose values the condition allows, and these values."""
    if isinstance(condition, Comparison) and isinstance(condition.field, FieldRef):
        if condition.operator in ("=", "in"):
            yield (
                (condition.field.path, f"{condition.field.dataset}.{condition.field.field}"),
                frozenset(condition.values),
            )
    elif isinstance(condition, Named) and not condition.negated:
        named = next(f for f in model.dataset(condition.dataset).filters if f.name == condition.filter)
        for part in parsed(named.expression).flatten() if _is_and(named.expression) else (parsed(named.expression),):
            literals = [e.this for e in part.find_all(exp.Literal)]
            column = part.this if isinstance(part, exp.EQ | exp.In) else None
            if isinstance(column, exp.Column) and literals:
                yield (condition.path, column.sql()), frozenset(literals)


def _is_and(expression: str) -> bool:
    return isinstance(parsed(expression), exp.And)
