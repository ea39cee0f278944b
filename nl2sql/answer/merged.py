"""A chain of steps (WITH, derived tables) as the one SELECT that says the same: filters after groups as HAVING, filters
after windows as QUALIFY. For reading only: what runs is the statement as it was checked.

A step is merged where that changes no row: it is the only source of the query that reads it, nothing else reads it, and
neither removes nor orders rows by a clause that the one SELECT could not have in the same place. All else stays a step.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from nl2sql.answer.percentiles import INNER, percentiles_as_aggregates
from nl2sql.answer.sources import AS_WRITTEN, conjuncts, ctes_of

_STEPS_AT_MOST = 16  # deeper chains are left as they are
_KEPT = {"expressions", "from_", "joins", "where", "group", "having"}


def merged(tree: exp.Expr) -> exp.Expr:
    """A new tree where something was merged, else the same one."""
    if not isinstance(tree, exp.Select):
        return tree
    for _ in range(_STEPS_AT_MOST):
        further = _one_step(tree)
        if further is None:
            break
        tree = further
    return tree


def _one_step(tree: exp.Select) -> exp.Select | None:
    """The first query of the statement, from outside in, whose only source can be merged into it."""
    for number, select in enumerate(_selects(tree)):
        if _sole_source(select, tree) is not None:
            copied = tree.copy()
            outer = _selects(copied)[number]
            inner = _sole_source(outer, copied)
            if inner is not None and _merge(outer, inner):
                return copied
    return None


def _selects(tree: exp.Select) -> list[exp.Select]:
    """The query itself and its steps, in the order written."""
    with_ = tree.args.get("with_")
    steps = [cte.this for cte in with_.expressions] if with_ and not with_.args.get("recursive") else []
    return [tree, *(step for step in steps if isinstance(step, exp.Select))]


def _sole_source(outer: exp.Select, tree: exp.Select) -> exp.Select | None:
    """The query behind the only entry of FROM, when nothing else reads it and both are of the plain kind."""
    from_ = outer.args.get("from_")
    if from_ is None or outer.args.get("joins") or (outer is not tree and outer.args.get("with_")):
        return None
    entry = from_.this
    if isinstance(entry, exp.Subquery):
        inner = entry.this if set(k for k, v in entry.args.items() if v) <= {"this", "alias"} else None
    elif (
        isinstance(entry, exp.Table)
        and not entry.db
        and set(k for k, v in entry.args.items() if v)
        <= {
            "this",
            "alias",
        }
    ):
        inner = ctes_of(outer).get(entry.name)
        readers = [table for table in tree.find_all(exp.Table) if not table.db and table.name == entry.name]
        inner = inner if len(readers) == 1 else None
    else:
        return None
    if not isinstance(inner, exp.Select) or any(v and k not in _KEPT for k, v in inner.args.items()):
        return None
    alias = entry.alias_or_name
    inside = [node for node in outer.find_all(exp.Query) if node is not outer and node is not inner]
    steps = outer.args.get("with_")
    around = set(map(id, steps.find_all(exp.Query))) if steps else set()
    within = set(map(id, inner.find_all(exp.Query)))
    if any(id(node) not in around | within and not isinstance(node, exp.Subquery) for node in inside):
        return None
    columns = _columns(outer, inner)
    names = {each.alias_or_name for each in inner.selects}
    known = all((c.table == alias and c.name in names) or not c.table for c in columns)
    return inner if known and not any(isinstance(p.unalias(), exp.Star) for p in outer.selects) else None


def _columns(outer: exp.Select, inner: exp.Select) -> list[exp.Column]:
    """The columns of the outer query itself: not of its steps, not of the query it reads."""

    def foreign(node: exp.Expr) -> bool:
        return node is inner or isinstance(node, exp.With)

    return [node for node in outer.walk(prune=foreign) if isinstance(node, exp.Column)]


def _merge(outer: exp.Select, inner: exp.Select) -> bool:
    """Whether the outer query now says both."""
    percentiles_as_aggregates(outer, inner)
    behind = {each.alias_or_name: each.unalias() for each in inner.selects}
    _keep_as_written(outer, behind)
    columns = [c for c in _columns(outer, inner) if c.table and not c.meta.get(INNER)]
    used = [behind[name] for name in dict.fromkeys(c.name for c in columns)]
    is_windowed = any(value.find(exp.Window) for value in used)
    is_grouped = bool(inner.args.get("group") or inner.args.get("having") or any(map(_aggregates, behind.values())))
    clause = _clause_for(outer, grouped=is_grouped, windowed=is_windowed)
    if not clause or (is_grouped and not inner.args.get("group")):
        return False
    for column in columns:
        value = behind[column.name].copy()
        is_operand = isinstance(value, exp.Binary | exp.Not) and isinstance(column.parent, exp.Binary | exp.Unary)
        if column.parent is outer and column.arg_key == "expressions":
            value = exp.alias_(value, column.name)
        column.replace(exp.paren(value, copy=False) if is_operand else value)
    _take_over(outer, inner, clause)
    return True


def _keep_as_written(outer: exp.Select, behind: Mapping[str, exp.Expr]) -> None:
    """Conditions keep the text that people see in the statement beside them, unless there is a condition behind it."""
    where = outer.args.get("where")
    for part in conjuncts(where.this) if where is not None else []:
        for node in [part, *(node for node in part.walk() if isinstance(node, exp.Predicate | exp.Escape))]:
            node.meta.setdefault(AS_WRITTEN, node.copy())
    for node in outer.walk():
        if AS_WRITTEN in node.meta and any(
            column.name in behind and behind[column.name].find(exp.Predicate) for column in node.find_all(exp.Column)
        ):
            del node.meta[AS_WRITTEN]


def _aggregates(value: exp.Expr) -> bool:
    """Aggregates outside of windows: inside of one, SUM(x) OVER () groups no rows."""
    return any(not isinstance(node.parent, exp.Window) for node in value.find_all(exp.AggFunc)) and not (
        isinstance(value, exp.Window) and not any(a is not value.this for a in value.find_all(exp.AggFunc))
    )


def _clause_for(outer: exp.Select, *, grouped: bool, windowed: bool) -> str:
    """What the outer WHERE becomes; "" where no clause comes at the same moment."""
    own = [each.unalias() for each in outer.selects]
    outer_grouped = bool(outer.args.get("group") or outer.args.get("having") or any(map(_aggregates, own)))
    outer_windowed = any(value.find(exp.Window) for value in own) or bool(outer.args.get("qualify"))
    if windowed:
        return "" if outer_grouped or outer_windowed else "qualify"
    if grouped:
        return "" if outer_grouped else "having"
    return "where"


def _take_over(outer: exp.Select, inner: exp.Select, clause: str) -> None:
    """FROM, joins, conditions and groups of the inner query, with the outer WHERE as `clause`."""
    where = outer.args.get("where")
    outer.set("where", None)
    entry = outer.args["from_"].this
    if isinstance(entry, exp.Table):
        _forget(entry.name, outer)
    for name in ("from_", "joins", "where", "group", "having"):
        theirs = inner.args.get(name)
        if theirs:
            outer.set(name, theirs if isinstance(theirs, list) else theirs.copy())
    if where is None:
        return
    kind = {"where": exp.Where, "having": exp.Having, "qualify": exp.Qualify}[clause]
    before = outer.args.get(clause)
    outer.set(clause, kind(this=exp.and_(before.this, where.this) if before else where.this))


def _forget(name: str, reader: exp.Select) -> None:
    """Takes the step that nothing reads any more out of the WITH it is defined in."""
    at: exp.Expr | None = reader
    while at is not None:
        with_ = at.args.get("with_")
        if with_ is not None and any(cte.alias == name for cte in with_.expressions):
            kept = [cte for cte in with_.expressions if cte.alias != name]
            at.set("with_", exp.With(expressions=kept) if kept else None)
            return
        at = at.parent
