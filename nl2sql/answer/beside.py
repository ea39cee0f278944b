"""Numbers of several steps side by side: steps joined over the groups that any of them has, or one row each."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from nl2sql.answer.sources import Source, conjuncts, is_scalar
from nl2sql.answer.speech import Speaker


@dataclass(frozen=True, slots=True)
class Beside:
    """`keys`: the columns that the steps are matched by, as the step `over` names them; none for one row each."""

    parts: tuple[str, ...]
    keys: tuple[str, ...] = ()
    over: str = ""


def beside_of(select: exp.Select, speaker: Speaker) -> Beside | None:
    joins = select.args.get("joins") or []
    sources = list(speaker.scope.sources.values())
    if not joins or len(sources) != len(joins) + 1 or any(each.query is None for each in sources):
        return None
    if all(is_scalar(each.query) for each in sources if each.query is not None):
        is_plain = all(join.args.get("on") is None and not join.args.get("using") for join in joins)
        return Beside(tuple(each.alias for each in sources)) if is_plain else None
    return _over_every_group(sources, joins)


def _over_every_group(sources: list[Source], joins: list[exp.Join]) -> Beside | None:
    """FROM the UNION of the keys of all steps, each of which is left-joined to it by them."""
    over, parts = sources[0], sources[1:]
    columns = _union_of_keys(over.query)
    if columns is None or any(join.side != "LEFT" for join in joins):
        return None
    keys, steps = columns
    if sorted(steps) != sorted(_step_name(join.this) for join in joins):
        return None
    for part, join in zip(parts, joins, strict=True):
        matched = [_matched(each, part.alias, over.alias) for each in conjuncts(join.args.get("on"))]
        if not matched or any(name not in keys for name in matched):
            return None
    return Beside(tuple(part.alias for part in parts), keys, over.alias)


def _union_of_keys(query: exp.Expr | None) -> tuple[tuple[str, ...], list[str]] | None:
    """The column names and the steps of `SELECT keys FROM a UNION SELECT keys FROM b`."""
    if not isinstance(query, exp.Union) or query.args.get("distinct") is False:
        return None
    names: tuple[str, ...] = ()
    steps: list[str] = []
    pending: list[exp.Expr] = [query]
    while pending:
        part = pending.pop(0)
        if isinstance(part, exp.Union):
            if part.args.get("distinct") is False or part.args.get("order") or part.args.get("limit"):
                return None
            pending = [part.this, part.expression, *pending]
            continue
        if not isinstance(part, exp.Select) or {k for k, v in part.args.items() if v} != {"expressions", "from_"}:
            return None
        mine = tuple(each.alias_or_name for each in part.selects)
        if (names and mine != names) or not all(isinstance(e.unalias(), exp.Column) for e in part.selects):
            return None
        names = mine
        steps.append(_step_name(part.args["from_"].this))
    return names, steps


def _step_name(entry: exp.Expr) -> str:
    return entry.name if isinstance(entry, exp.Table) else ""


def _matched(part: exp.Expr, mine: str, over: str) -> str:
    """The key of `mine.key = over.key`, also where both may be empty; "" for anything else."""
    part = part.unnest()
    if isinstance(part, exp.Or):  # a = b OR (a IS NULL AND b IS NULL)
        nulls = [each for each in conjuncts(part.expression) if isinstance(each, exp.Is)]
        sides = {each.this.sql() for each in nulls if isinstance(each.expression, exp.Null)}
        equal = part.this.unnest()
        both = isinstance(equal, exp.EQ) and sides == {equal.this.sql(), equal.expression.sql()}
        return _matched(equal, mine, over) if both else ""
    if not isinstance(part, exp.EQ | exp.NullSafeEQ | exp.Is):
        return ""
    left, right = part.this, part.expression
    if not isinstance(left, exp.Column) or not isinstance(right, exp.Column) or left.name != right.name:
        return ""
    return left.name if {left.table, right.table} == {mine, over} else ""
