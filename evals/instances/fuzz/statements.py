"""What the rows must be like for a gold query to have something to choose from, read off its tree.

Every table that it names, in whatever part, is a place for one row (an occurrence). Columns that it equals share their
value; every other condition over columns of tables is an atom, to be met or missed. Columns of subqueries and WITH
are followed to the table's. Of aggregates only small numbers that they are compared with are kept: so many rows.
What cannot be followed (a window, a scalar subquery, a second part of a UNION) is left out: a plant is a favour.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.optimizer.scope import Scope, traverse_scope

from evals.instances.fuzz.schema import Column, Schema

# A group of more rows than this is not planted for one HAVING.
MOST_COPIES = 12


@dataclass(frozen=True, slots=True)
class Place:
    """A column of the row that stands for one occurrence of a table."""

    occurrence: int
    column: str


@dataclass(frozen=True, slots=True)
class Atom:
    """`sql` is a condition for SQLite in which `:p0` is the value at `places[0]`. `literals` are those in it."""

    sql: str
    places: tuple[Place, ...]
    literals: tuple[str | int | float, ...] = ()


# One of these sets of atoms must hold: what an OR stands for.
Choice = tuple[tuple[Atom, ...], ...]


@dataclass(slots=True)
class Demand:
    """`tables` by occurrence. `wanted` are conditions that rows pass to be in the result, `told_apart` those of CASE
    and FILTER. `denied`: occurrences below a NOT. `grouped`: columns that make groups;
    `labels`: of a table, those that do so beside its key, or alone for the rows of other tables. `copies`: numbers that
    counts are compared with."""

    tables: list[str] = field(default_factory=list)
    same: list[tuple[Place, Place]] = field(default_factory=list)
    wanted: list[Choice] = field(default_factory=list)
    told_apart: list[Atom] = field(default_factory=list)
    denied: set[int] = field(default_factory=set)
    grouped: list[Place] = field(default_factory=list)
    labels: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    copies: list[int] = field(default_factory=list)


class _NotFollowed(Exception):
    """An expression is no function of columns of tables alone."""


def demand_of(sql: str, schema: Schema, today: date) -> Demand | None:
    """None for what is no query that can be read."""
    try:
        tree = sqlglot.parse_one(sql, dialect="sqlite")
        if not isinstance(tree, exp.Query):
            return None
        return _Reader(tree, schema, today).read()
    except (SqlglotError, RecursionError):
        return None


class _Reader:
    def __init__(self, tree: exp.Query, schema: Schema, today: date) -> None:
        self._schema = schema
        self._today = today.isoformat()
        self._scopes = traverse_scope(tree)
        self._by_tree = {id(each.expression): each for each in self._scopes}
        self._occurrences: dict[tuple[int, str], int] = {}
        self._demand = Demand()

    def read(self) -> Demand:
        for scope in self._scopes:
            for alias, (_, source) in scope.selected_sources.items():
                table = self._schema.table(source.name) if isinstance(source, exp.Table) else None
                if table is not None:
                    self._occurrences[id(scope), alias.lower()] = len(self._demand.tables)
                    self._demand.tables.append(table.name)
        for scope in self._scopes:
            if isinstance(scope.expression, exp.Select):
                self._read_select(scope.expression, scope)
        return self._demand

    def _read_select(self, select: exp.Select, scope: Scope) -> None:
        for join in select.args.get("joins") or ():
            for name in join.args.get("using") or ():
                self._read_using(name.name, scope)
            if join.args.get("on"):
                self._read_condition(join.args["on"], scope)
        if select.args.get("where"):
            self._read_condition(select.args["where"].this, scope)
        if select.args.get("having"):
            self._read_having(select.args["having"].this, scope)
        self._read_groups(select, scope)
        for projection in (*select.expressions, *(select.args.get("order") or exp.Order(expressions=[])).expressions):
            for test in (*projection.find_all(exp.If), *projection.find_all(exp.Filter)):
                condition = test.expression.this if isinstance(test, exp.Filter) else test.this
                for each in _conjuncts(condition):
                    self._demand.told_apart += self._atom(each, scope)

    def _read_using(self, name: str, scope: Scope) -> None:
        places = [
            Place(occurrence, column.name)
            for alias in scope.selected_sources
            if (occurrence := self._occurrences.get((id(scope), alias.lower()))) is not None
            and (column := self._column(occurrence, name)) is not None
        ]
        self._demand.same += [(places[0], each) for each in places[1:]]

    def _read_groups(self, select: exp.Select, scope: Scope) -> None:
        columns: dict[int, list[str]] = {}
        for each in (select.args.get("group") or exp.Group(expressions=[])).expressions:
            before = len(self._demand.grouped)
            with suppress(_NotFollowed):
                self._ground(each, scope, self._demand.grouped)
            if isinstance(each.unnest(), exp.Column):
                for place in self._demand.grouped[before:]:
                    columns.setdefault(place.occurrence, []).append(place.column)
        for occurrence, names in columns.items():
            table = self._schema.table(self._demand.tables[occurrence])
            others = tuple(name for name in names if table is not None and not table.is_single_key(name))
            if others and (len(others) < len(names) or (len(names) == 1 and len(scope.selected_sources) > 1)):
                self._demand.labels.append((self._demand.tables[occurrence], others))

    def _read_having(self, condition: exp.Expr, scope: Scope) -> None:
        for each in _conjuncts(condition):
            if each.find(exp.AggFunc):
                numbers = [int(one.name) for one in each.find_all(exp.Literal) if one.is_int]
                self._demand.copies += [number for number in numbers if 0 < number <= MOST_COPIES]
            else:
                self._read_condition(each, scope)

    def _read_condition(self, condition: exp.Expr, scope: Scope) -> None:
        for each in _conjuncts(condition):
            if self._read_subquery(each, scope) or self._read_equality(each, scope):
                continue
            each = each.unnest()
            options = list(each.flatten()) if isinstance(each, exp.Or) else [each]
            whole = self._atom(each, scope)
            if whole and (len(options) == 1 or len(whole[0].places) == 1):
                self._demand.wanted.append((tuple(whole),))
                continue
            choice = [tuple(a for part in _conjuncts(o) for a in self._atom(part, scope)) for o in options]
            if any(choice):
                self._demand.wanted.append(tuple(each for each in choice if each))

    def _read_equality(self, condition: exp.Expr, scope: Scope) -> bool:
        plain = condition.unnest()
        return isinstance(plain, exp.EQ) and self._equal(plain.left, scope, plain.right, scope)

    def _equal(self, left: exp.Expr, left_scope: Scope, right: exp.Expr, right_scope: Scope) -> bool:
        try:
            one, other = self._place(left, left_scope), self._place(right, right_scope)
        except _NotFollowed:
            return False
        if one is None or other is None:
            return False
        self._demand.same.append((one, other))
        return True

    def _read_subquery(self, condition: exp.Expr, scope: Scope) -> bool:
        """IN and EXISTS: their rows go with the others'; below a NOT they are those that must be missing."""
        plain = condition.unnest()
        denies = isinstance(plain, exp.Not)
        plain = plain.this.unnest() if denies else plain
        if isinstance(plain, exp.In) and plain.args.get("query") is not None:
            inner: exp.Expr = plain.args["query"].unnest()
        elif isinstance(plain, exp.Exists):
            inner = plain.this.unnest()
        else:
            return False
        below = self._by_tree.get(id(inner))
        if below is not None and isinstance(plain, exp.In) and isinstance(inner, exp.Select):
            self._equal(plain.this, scope, inner.selects[0].unalias(), below)
        if below is not None and denies:
            within = {id(each) for each in below.traverse()}
            self._demand.denied |= {number for (owner, _), number in self._occurrences.items() if owner in within}
        return True

    def _atom(self, condition: exp.Expr, scope: Scope) -> list[Atom]:
        """The condition over columns of tables, or nothing where it cannot be followed to them."""
        try:
            places: list[Place] = []
            grounded = self._ground(condition, scope, places)
        except _NotFollowed:
            return []
        if not places:
            return []
        grounded = _with_today(grounded, self._today)
        return [Atom(grounded.sql(dialect="sqlite"), tuple(places), tuple(_literals(grounded)))]

    def _place(self, expression: exp.Expr, scope: Scope) -> Place | None:
        places: list[Place] = []
        grounded = self._ground(expression, scope, places)
        return places[0] if isinstance(grounded.unnest(), exp.Placeholder) else None

    def _ground(self, expression: exp.Expr, scope: Scope, places: list[Place]) -> exp.Expr:
        """A copy with placeholders for columns, whose places are added to `places`. Raises _NotFollowed."""
        if expression.find(exp.AggFunc, exp.Window, exp.Query, exp.Star):
            raise _NotFollowed
        if isinstance(expression, exp.Column):
            return self._grounded_column(expression, scope, places)
        copy = expression.copy()
        for column in list(copy.find_all(exp.Column)):
            column.replace(self._grounded_column(column, scope, places))
        return copy

    def _grounded_column(self, column: exp.Column, scope: Scope, places: list[Place]) -> exp.Expr:
        at: Scope | None = scope
        while at is not None:
            for alias, (_, source) in at.selected_sources.items():
                if column.table and column.table.lower() != alias.lower():
                    continue
                found = self._of_source(at, alias, source, column.name, places)
                if found is not None:
                    return found
            at = at.parent
        raise _NotFollowed

    def _of_source(
        self, scope: Scope, alias: str, source: exp.Table | Scope, name: str, places: list[Place]
    ) -> exp.Expr | None:
        if isinstance(source, Scope):
            tree = source.expression
            for projection in tree.selects if isinstance(tree, exp.Select) else ():
                if projection.alias_or_name.lower() == name.lower():
                    return exp.Paren(this=self._ground(projection.unalias(), source, places))
            return None
        occurrence = self._occurrences.get((id(scope), alias.lower()))
        column = None if occurrence is None else self._column(occurrence, name)
        if occurrence is None or column is None:
            return None
        place = Place(occurrence, column.name)
        if place not in places:
            places.append(place)
        return exp.Placeholder(this=f"p{places.index(place)}")

    def _column(self, occurrence: int, name: str) -> Column | None:
        table = self._schema.table(self._demand.tables[occurrence])
        return table.column(name) if table is not None else None


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    plain = condition.unnest()
    if isinstance(plain, exp.And):
        for each in plain.flatten():
            yield from _conjuncts(each)
    else:
        yield plain


def _with_today(expression: exp.Expr, today: str) -> exp.Expr:
    """“now” is the end of the as-of day."""

    def at(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.CurrentDate):
            return exp.Literal.string(today)
        if isinstance(node, exp.CurrentTimestamp | exp.CurrentTime):
            return exp.Literal.string(f"{today} 23:59:59")
        if isinstance(node, exp.Literal) and node.is_string and node.name.lower() == "now":
            return exp.Literal.string(f"{today} 23:59:59")
        return node

    return expression.transform(at)


def _literals(expression: exp.Expr) -> Iterator[str | int | float]:
    for each in expression.find_all(exp.Literal):
        sign = -1 if isinstance(each.parent, exp.Neg) else 1
        if each.is_string:
            yield each.name
        elif each.is_int:
            yield sign * int(each.name)
        else:
            yield sign * float(each.name)
