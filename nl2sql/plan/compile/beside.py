"""Several plans side by side: each a WITH query at the grain of the dimensions, joined over the keys that any has."""

from __future__ import annotations

from dataclasses import replace

from sqlglot import exp

from nl2sql.plan.base import QueryPlan
from nl2sql.plan.compile.grouped import Grouping
from nl2sql.plan.compile.joined import table_named
from nl2sql.plan.compile.layers import Layer, query_of
from nl2sql.plan.compile.statement import Statement


def merged(plan: QueryPlan) -> QueryPlan:
    """Plans over the same rows and groups as the first need no query of their own."""
    if plan.having:
        return plan
    kept: list[QueryPlan] = []
    for each in plan.beside:
        same = (each.base, each.conditions, each.dimensions) == (plan.base, plan.conditions, plan.dimensions)
        if same and not each.having and not kept:
            plan = replace(plan, measures=plan.measures + each.measures, derived=each.derived + plan.derived)
        else:
            kept.append(each)
    return replace(plan, beside=tuple(kept))


def joined(statement: Statement, parts: list[Layer], groupings: list[Grouping]) -> Layer:
    """`parts` are layers that read one WITH query each."""
    keys = groupings[0].keys
    if keys:
        first, joins = _every_group(statement, parts, groupings)
    else:
        first, joins = parts[0].source, [exp.Join(this=table_named(p.source), kind="CROSS") for p in parts[1:]]
    values: dict[str, exp.Expr] = {key.name: exp.column(key.name, first) for key in keys}
    for part in parts:
        for name in part.values:
            if name not in values:
                column = exp.column(name, part.source)
                zero = name in part.counts and bool(keys)
                values[name] = exp.Coalesce(this=column, expressions=[exp.Literal.number(0)]) if zero else column
    frame = exp.Select(from_=exp.From(this=table_named(first)), joins=joins)
    counts = frozenset[str]().union(*(part.counts for part in parts))
    return Layer(statement, "together", frame, values, False, set(), counts)


def _every_group(statement: Statement, parts: list[Layer], groupings: list[Grouping]) -> tuple[str, list[exp.Join]]:
    keys = groupings[0].keys
    title = statement.named(f"every_{'_'.join(groupings[0].shown)}")
    union = query_of(
        [
            exp.Select(expressions=[exp.column(k.name) for k in keys], from_=exp.From(this=table_named(part.source)))
            for part in parts
        ]
    )
    statement.add(title, union)
    # An entity's key decides its label.
    apart = {key.name for columns in groupings[0].keys_of.values() for key in columns[:-1] or columns}
    everywhere = zip(*(grouping.keys for grouping in groupings), strict=True)
    never_null = [all(key.never_null for key in same) for same in everywhere]
    joins = []
    for part in parts:
        pairs = [
            _same(exp.column(key.name, part.source), exp.column(key.name, title), statement.dialect, never_null=known)
            for key, known in zip(keys, never_null, strict=True)
            if key.name in apart
        ]
        joins.append(exp.Join(this=table_named(part.source), on=exp.and_(*pairs, copy=False), side="LEFT"))
    return title, joins


def _same(left: exp.Expr, right: exp.Expr, dialect: str, *, never_null: bool) -> exp.Expr:
    """Equal, or both NULL. BigQuery joins outwards by equalities only, and knows this one for such."""
    equal = exp.EQ(this=left, expression=right)
    if never_null:
        return equal
    if dialect != "bigquery":
        return exp.NullSafeEQ(this=left, expression=right)
    null = [exp.Is(this=side.copy(), expression=exp.Null()) for side in (left, right)]
    return exp.paren(exp.or_(equal, exp.and_(*null)), copy=False)
