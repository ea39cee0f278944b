"""The tables of one SELECT: aliases at the ends of paths, joins to them, and the conditions on their rows."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Relationship, SemanticModel
from nl2sql.writers.offline.aggregates import allowed_values
from nl2sql.writers.offline.expressions import Expressions
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.plan import (
    FieldRef,
    Path,
)


class Joined:
    """Knows the alias at the end of every path it has joined."""

    def __init__(
        self, model: SemanticModel, graph: JoinGraph, dialect: str, base: str, taken: Iterable[str] = ()
    ) -> None:
        self.model = model
        self.graph = graph
        self.dialect = dialect
        self.base = base
        self.expressions = Expressions(model)
        self.taken = set(taken)
        self.aliases: dict[Path, str] = {}
        self.joins: list[exp.Join] = []
        self.where: list[exp.Expr] = []
        self.aliases[()] = self._alias(base)
        rows = model.dataset(base).rows
        if rows:
            self._require(self.expressions.predicate(rows, {base: self.aliases[()]}))

    def _field(self, ref: FieldRef) -> exp.Expr:
        field = self.model.dataset(ref.dataset).field(ref.field)
        alias = self._at(ref.path)
        return self.expressions.placed(self.expressions.parse(field.expression), {ref.dataset: alias}, default=alias)

    def _at(self, path: Path) -> str:
        """The alias at the end of a forward path, joining what is not joined yet."""
        if path not in self.aliases:
            before = self._at(path[:-1])
            relationship = self.graph.relationships[path[-1]]
            alias = self._alias(relationship.target, relationship.role)
            self.aliases[path] = alias
            self._join(relationship.target, alias, _matched(relationship, before, alias), "")
        return self.aliases[path]

    def _left_joined(self, relationship: Relationship) -> str:
        path = (f"-{relationship.name}",)
        if path not in self.aliases:
            alias = self._alias(relationship.source)
            self.aliases[path] = alias
            self._join(relationship.source, alias, _matched(relationship, alias, self.aliases[()]), "LEFT")
        return self.aliases[path]

    def _join(self, dataset: str, alias: str, on: exp.Expr, side: str) -> None:
        self.joins.append(exp.Join(this=self._table(dataset, alias), on=on, side=side or None))

    def _table(self, dataset: str, alias: str) -> exp.Expr:
        table = self.model.dataset(dataset).table
        return exp.to_table(table) if table == alias else exp.alias_(exp.to_table(table), alias, table=True)

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
            elif plain not in self.where:
                self.where.append(plain)
                self._refuse_contradiction(plain)

    def _refuse_contradiction(self, added: exp.Expr) -> None:
        """A column that must equal two things at once: the question was misread, or has no answer to give."""
        column, allowed = allowed_values(added)
        for other in self.where:
            same, before = allowed_values(other)
            if column is not None and same == column and not allowed & before:
                both = " and ".join(sorted(allowed | before))
                raise NotUnderstood(f"Nothing can be {both} at the same time, so I must have misread something.")

    def _reach(self, dataset: str) -> str:
        """The alias of a dataset that a metric names: forward, or backwards where that multiplies nothing."""
        paths = self.graph.paths(self.base, dataset)
        if paths:
            return self._at(paths[0])
        for relationship in self.graph.relationships.values():
            backwards = relationship.source == dataset and relationship.target == self.base
            if backwards and self.graph.is_one_to_one(relationship):
                return self._left_joined(relationship)
        raise NotUnderstood(f"I see no safe way from {self.base} to {dataset}.")


def _matched(relationship: Relationship, many: str, one: str) -> exp.Expr:
    pairs = zip(relationship.source_columns, relationship.target_columns, strict=True)
    return exp.and_(*[exp.EQ(this=exp.column(s, many), expression=exp.column(t, one)) for s, t in pairs])
