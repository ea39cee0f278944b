"""What a statement reads and computes, clause by clause, in one spelling.

Aliases are replaced by what they stand for: a table's by its name, a column of a CTE or a derived table by its
expression, a select alias and an ordinal by the output they name. `a BETWEEN 1 AND 2` is two conditions, an inner
join's condition one of the WHERE. What no spelling can tell stays different: strftime('%Y', day) = '2025' is not read
as the range of a year.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from evals.report.spelling import conditions, spelled

# A column of a derived table of a derived table …: deeper nesting is left as it is written.
MAX_DEPTH = 6
# “= users.id”, “= categories (2).id”: the other side of a condition that links two tables.
LINK = re.compile(r"= ([\w ()]+\.\w+)")


@dataclass(slots=True)
class Facts:
    """Bags of canonical texts. `joins` has the kind of join by table, `tables_of` the tables a column was named with.
    `order` and `limit` are those of the whole statement; inner limits are in `inner_limits`."""

    tables: Counter[str] = field(default_factory=Counter)
    joins: dict[str, str] = field(default_factory=dict)
    filters: Counter[tuple[str, str]] = field(default_factory=Counter)
    group_filters: Counter[tuple[str, str]] = field(default_factory=Counter)
    outputs: list[str] = field(default_factory=list)
    groups: Counter[str] = field(default_factory=Counter)
    order: list[tuple[str, bool]] = field(default_factory=list)
    limit: str = ""
    inner_limits: Counter[str] = field(default_factory=Counter)
    is_distinct: bool = False
    set_operations: Counter[str] = field(default_factory=Counter)
    tables_of: dict[str, set[str]] = field(default_factory=dict)


def parse(sql: str, dialect: str) -> exp.Expr | None:
    """None for what is no query, or none that can be read."""
    try:
        tree = parse_one(sql, read=dialect or None)
    except (SqlglotError, RecursionError, ValueError):
        return None
    return tree if isinstance(tree, exp.Query) else None


def named_tables(tree: exp.Expr) -> dict[str, set[str]]:
    """Tables by the column that is qualified with them, over all scopes."""
    found: dict[str, set[str]] = {}
    for scope in traverse_scope(tree):
        for column in scope.columns:
            source = _source(scope, column.table.lower()) if column.table else None
            if isinstance(source, exp.Table):
                found.setdefault(column.name.lower(), set()).add(source.name.lower())
    return found


def facts_of(tree: exp.Expr, dialect: str, known: Mapping[str, set[str]], *, reverse: bool = False) -> Facts:
    """`known` says to which tables a column may belong that stands alone. Where a table is read twice in one FROM, its
    second reading is called “name (2)”; `reverse` counts from the last."""
    return _Reading(tree, dialect, known, reverse).facts()


class _Reading:
    def __init__(self, tree: exp.Expr, dialect: str, known: Mapping[str, set[str]], reverse: bool) -> None:
        self._tree = tree
        self._dialect = dialect
        self._known = known
        self._reverse = reverse
        self._facts = Facts(tables_of={name: set(tables) for name, tables in known.items()})

    def facts(self) -> Facts:
        scopes = traverse_scope(self._tree)
        for scope in scopes:
            if isinstance(scope.expression, exp.SetOperation):
                self._facts.set_operations[_set_operation(scope.expression)] += 1
            elif isinstance(scope.expression, exp.Select):
                self._read_select(scope, scope.expression)
        self._read_outside(scopes[-1])
        return self._facts

    def _read_select(self, scope: Scope, select: exp.Select) -> None:
        for source in _sources(scope).values():
            if isinstance(source, exp.Table):
                self._facts.tables[source.name.lower()] += 1
        for join in select.args.get("joins") or ():
            self._read_join(scope, join)
        if where := select.args.get("where"):
            self._add(self._facts.filters, where.this, scope)
        if having := select.args.get("having"):
            self._add(self._facts.group_filters, having.this, scope)
        if group := select.args.get("group"):
            for key in group.expressions:
                self._facts.groups[self._text(self._named(key, select), scope)] += 1
        if select.args.get("distinct"):
            self._facts.is_distinct = True
        if limit := select.args.get("limit"):
            if scope.is_root:
                self._facts.limit = spelled(limit.expression, self._dialect)
            else:
                self._facts.inner_limits[spelled(limit.expression, self._dialect)] += 1

    def _read_join(self, scope: Scope, join: exp.Join) -> None:
        side = " ".join(part for part in (join.side, join.kind) if part and part not in ("INNER", "OUTER", "CROSS"))
        if isinstance(join.this, exp.Table):
            self._facts.joins[join.this.name.lower()] = f"{side} JOIN".strip()
        if condition := join.args.get("on"):
            self._add(self._facts.filters, condition, scope, where=" in the outer join’s condition" if side else "")

    def _add(self, bag: Counter[tuple[str, str]], condition: exp.Expr, scope: Scope, where: str = "") -> None:
        select = scope.expression
        resolved = self._resolved(self._named(condition, select), scope)
        for subject, rest in conditions(resolved, self._dialect):
            bag[subject, rest if LINK.fullmatch(rest) else rest + where] += 1

    def _read_outside(self, root: Scope) -> None:
        """What the statement gives out, and in which order; of a UNION, what its first part does."""
        tree = root.expression
        scope = root
        while isinstance(scope.expression, exp.SetOperation) and scope.set_operation_scopes:
            scope = scope.set_operation_scopes[0]
        first = scope.expression
        self._facts.outputs = [
            self._text(each.unalias(), scope) for each in (first.selects if isinstance(first, exp.Query) else ())
        ]
        if limit := tree.args.get("limit"):
            self._facts.limit = spelled(limit.expression, self._dialect)
        if order := tree.args.get("order"):
            for each in order.expressions:
                key = self._text(self._named(each.this, first), scope)
                self._facts.order.append((key, bool(each.args.get("desc"))))

    def _named(self, expression: exp.Expr, select: exp.Expr) -> exp.Expr:
        """Select aliases and ordinals as the outputs that they name."""
        outputs = select.selects if isinstance(select, exp.Select) else []
        if isinstance(expression, exp.Literal) and expression.is_int:
            index = int(expression.this) - 1
            return outputs[index].unalias() if 0 <= index < len(outputs) else expression
        by_alias = {each.alias.lower(): each.this for each in outputs if isinstance(each, exp.Alias)}

        def replace(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Column) and not node.table:
                named = by_alias.get(node.name.lower())
                return node if named is None or named == node else named.copy()
            return node

        return expression.copy().transform(replace)

    def _text(self, expression: exp.Expr, scope: Scope) -> str:
        return spelled(self._resolved(expression, scope), self._dialect)

    def _resolved(self, expression: exp.Expr, scope: Scope, depth: int = 0) -> exp.Expr:
        """With each column under its table's name. Subqueries have facts of their own and become (…)."""

        def replace(node: exp.Expr) -> exp.Expr:
            if isinstance(node, exp.Subquery | exp.Select):
                return exp.Var(this="…" if isinstance(node.parent, exp.Exists) else "(…)")
            return self._column(node, scope, depth) if isinstance(node, exp.Column) else node

        return expression.copy().transform(replace)

    def _column(self, column: exp.Column, scope: Scope, depth: int) -> exp.Expr:
        name = column.name.lower()
        owner = column.table.lower() or self._owner(name, scope)
        source = _source(scope, owner)
        if isinstance(source, Scope) and depth < MAX_DEPTH:
            for output in _outputs(source):
                if output.alias_or_name.lower() == name and output.unalias() != column:
                    return self._resolved(output.unalias(), _innermost(source), depth + 1)
        if isinstance(source, exp.Table):
            self._facts.tables_of.setdefault(name, set()).add(source.name.lower())
            return exp.column(name, table=exp.Identifier(this=self._numbered(owner, source, scope), quoted=False))
        return exp.column(name)

    def _owner(self, name: str, scope: Scope) -> str:
        """The source that a column without a table belongs to, "" where that cannot be told."""
        sources = _sources(scope)
        if len(sources) == 1:
            return next(iter(sources)).lower()
        for alias, source in sources.items():
            if isinstance(source, Scope) and name in (each.alias_or_name.lower() for each in _outputs(source)):
                return alias.lower()
        tables = self._known.get(name, set())
        fitting = [a for a, s in sources.items() if isinstance(s, exp.Table) and s.name.lower() in tables]
        return fitting[0].lower() if len(fitting) == 1 else ""

    def _numbered(self, alias: str, table: exp.Table, scope: Scope) -> str:
        name = table.name.lower()
        holder: Scope | None = scope
        while holder is not None and alias not in (each.lower() for each in _sources(holder)):
            holder = holder.parent
        if holder is None:
            return name
        twins = [a.lower() for a, s in _sources(holder).items() if isinstance(s, exp.Table) and s.name.lower() == name]
        place = (twins[::-1] if self._reverse else twins).index(alias) + 1
        return name if place == 1 else f"{name} ({place})"


def _sources(scope: Scope) -> dict[str, exp.Table | Scope]:
    """By alias, those of FROM and JOIN alone: not every CTE that could be read."""
    return {alias: source for alias, (_, source) in scope.selected_sources.items()}


def _source(scope: Scope | None, name: str) -> exp.Table | Scope | None:
    """A correlated subquery sees the sources around it."""
    while scope is not None and name:
        for alias, source in _sources(scope).items():
            if alias.lower() == name:
                return source
        scope = scope.parent
    return None


def _innermost(scope: Scope) -> Scope:
    while isinstance(scope.expression, exp.SetOperation) and scope.set_operation_scopes:
        scope = scope.set_operation_scopes[0]
    return scope


def _outputs(scope: Scope) -> Iterator[exp.Expr]:
    expression = _innermost(scope).expression
    if isinstance(expression, exp.Select):
        yield from expression.selects


def _set_operation(node: exp.SetOperation) -> str:
    return f"{node.key.upper()}{'' if node.args.get('distinct') else ' ALL'}"
