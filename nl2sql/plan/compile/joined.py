"""The tables of one SELECT: aliases at the ends of paths, joins to them, and the conditions on their rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import reduce

from sqlglot import exp

from nl2sql.catalog.model import Relationship
from nl2sql.plan.base import (
    FieldRef,
    Path,
)
from nl2sql.plan.compile.aggregates import allowed_values
from nl2sql.plan.compile.statement import Statement
from nl2sql.plan.errors import PlanInvalid

_TRUE = exp.true()


class Joined:
    """Knows the alias at the end of every path it has joined. Paths begin at the end of `root`."""

    def __init__(self, statement: Statement, base: str, taken: Iterable[str] = (), root: Path = ()) -> None:
        self.statement = statement
        self.model = statement.model
        self.graph = statement.graph
        self.dialect = statement.dialect
        self.expressions = statement.expressions
        self.base = base
        self.root = root
        self.taken = set(taken)
        self.aliases: dict[Path, str] = {}
        self.joins: list[exp.Join] = []
        self.where: list[exp.Expr] = []
        self._join_of: dict[Path, exp.Join] = {}
        self._may_be_missing = False
        self.aliases[()] = self._alias(base)
        rows = self.model.dataset(base).rows
        if rows:
            self._require(self.expressions.predicate(rows, {base: self.aliases[()]}))

    def select(self, columns: list[exp.Expr]) -> exp.Select:
        """These columns of the rows that satisfy the conditions."""
        query = exp.Select(expressions=columns, from_=exp.From(this=self._table(self.base, self.aliases[()])))
        if self.joins:
            query.set("joins", self.joins)
        if self.where:
            all_of_them = reduce(lambda left, right: exp.And(this=left, expression=right), self.where)
            query.set("where", exp.Where(this=all_of_them))
        return query

    def _field(self, ref: FieldRef) -> exp.Expr:
        field = self.model.dataset(ref.dataset).field(ref.field)
        alias = self._at(ref.path)
        return self.expressions.placed(self.expressions.parse(field.expression), {ref.dataset: alias}, default=alias)

    def _at(self, path: Path) -> str:
        """The alias at the end of a forward path, joining what is not joined yet."""
        return self._alias_at((*self.root, *path))

    @contextmanager
    def _keeping_rows(self) -> Iterator[None]:
        """Joins made meanwhile keep the rows that they find no partner for: one branch of an OR does not decide."""
        before, self._may_be_missing = self._may_be_missing, True
        yield
        self._may_be_missing = before

    def _alias_at(self, path: Path) -> str:
        if path not in self.aliases:
            before = self._alias_at(path[:-1])
            relationship = self.graph.relationships.get(path[-1])
            if relationship is None:
                raise PlanInvalid(f"I see no safe way from {self.base} along {path[-1].removeprefix('-')}.")
            alias = self._alias(relationship.target, relationship.role)
            self.aliases[path] = alias
            side = "LEFT" if self._may_be_missing else ""
            self._join_of[path] = self._join(relationship.target, alias, _matched(relationship, before, alias), side)
        elif not self._may_be_missing:
            for end in range(1, len(path) + 1):
                self._join_of[path[:end]].set("side", None)
        return self.aliases[path]

    def _left_joined(self, relationship: Relationship) -> str:
        path = (f"-{relationship.name}",)
        if path not in self.aliases:
            alias = self._alias(relationship.source)
            self.aliases[path] = alias
            self._join(relationship.source, alias, _matched(relationship, alias, self.aliases[()]), "LEFT")
        return self.aliases[path]

    def _join(self, dataset: str, alias: str, on: exp.Expr, side: str) -> exp.Join:
        join = exp.Join(this=self._table(dataset, alias), on=on, side=side or None)
        self.joins.append(join)
        return join

    def _table(self, dataset: str, alias: str) -> exp.Expr:
        return table_named(self.model.dataset(dataset).table, alias)

    def _alias(self, dataset: str, role: str = "") -> str:
        stem = "_".join(role.split()) or dataset
        name, number = stem, 2
        while name in self.taken:
            name, number = f"{stem}_{number}", number + 1
        self.taken.add(name)
        return name

    def _require(self, condition: exp.Expr) -> None:
        for each in condition.flatten() if isinstance(condition, exp.And) else [condition]:
            plain = each.unnest() if isinstance(each, exp.Paren) and not isinstance(each.this, exp.Or) else each
            if isinstance(plain, exp.And):
                self._require(plain)
            elif isinstance(plain, exp.Or):
                self._require(exp.paren(plain, copy=False))
            elif plain != _TRUE and plain not in self.where:
                self.where.append(plain)
                self._refuse_contradiction(plain)

    def _refuse_contradiction(self, added: exp.Expr) -> None:
        """A column that must equal two things at once: the question was misread, or has no answer to give."""
        column, allowed = allowed_values(added)
        for other in self.where:
            same, before = allowed_values(other)
            if column is not None and same == column and not allowed & before:
                both = " and ".join(sorted(allowed | before))
                raise PlanInvalid(f"Nothing can be {both} at the same time, so I must have misread something.")

    def _reach(self, dataset: str) -> str:
        """The alias of a dataset that a metric names: forward, or backwards where that multiplies nothing."""
        paths = self.graph.paths(self.base, dataset)
        if paths:
            return self._alias_at(paths[0])
        for relationship in self.graph.relationships.values():
            backwards = relationship.source == dataset and relationship.target == self.base
            if backwards and self.graph.is_one_to_one(relationship):
                return self._left_joined(relationship)
        raise PlanInvalid(f"I see no safe way from {self.base} to {dataset}.")


def table_named(name: str, alias: str = "") -> exp.Table:
    table = exp.Table(this=exp.to_identifier(name))
    if alias and alias != name:
        table.set("alias", exp.TableAlias(this=exp.to_identifier(alias)))
    return table


def _matched(relationship: Relationship, many: str, one: str) -> exp.Expr:
    pairs = zip(relationship.source_columns, relationship.target_columns, strict=True)
    return exp.and_(*[exp.EQ(this=exp.column(s, many), expression=exp.column(t, one)) for s, t in pairs])
