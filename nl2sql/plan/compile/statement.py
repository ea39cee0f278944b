"""What all parts of one statement share: the model, the dialect, and the WITH queries made on the way."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.compile.expressions import Expressions

Query = exp.Select | exp.Union


class Statement:
    def __init__(self, model: SemanticModel, graph: JoinGraph, dialect: str) -> None:
        self.model = model
        self.graph = graph
        self.dialect = dialect
        self.expressions = Expressions(model)
        self.related: dict[object, object] = {}  # what is aggregated before joining, by what it is made of
        self._queries: list[tuple[str, Query | Callable[[], Query]]] = []
        self._names = set(model.names_of_tables)

    def named(self, stem: str) -> str:
        """A name that no table, dataset or other WITH query has."""
        name, number = stem, 2
        while name in self._names:
            name, number = f"{stem}_{number}", number + 1
        self._names.add(name)
        return name

    def add(self, name: str, query: Query | Callable[[], Query]) -> None:
        """A WITH query, or how to make it once the whole statement is known; what it reads was added before it."""
        self._queries.append((name, query))

    def whole(self, query: Query) -> Query:
        if self._queries:
            made = [(name, each if isinstance(each, exp.Query) else each()) for name, each in self._queries]
            ctes = [exp.CTE(this=each, alias=exp.TableAlias(this=exp.to_identifier(name))) for name, each in made]
            query.set("with_", exp.With(expressions=ctes))
        return query
