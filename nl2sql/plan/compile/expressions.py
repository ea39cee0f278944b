"""The model's SQL expressions, put in place: dataset names become the aliases of the query at hand."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import sqlglot
from sqlglot import exp

from nl2sql.catalog.model import SemanticModel


@lru_cache(maxsize=4096)
def parsed(text: str) -> exp.Expr:
    """Shared: read it, never change it."""
    return sqlglot.parse_one(text)


class Expressions:
    def __init__(self, model: SemanticModel) -> None:
        self._model = model

    def parse(self, text: str) -> exp.Expr:
        """A copy to change freely; the parse itself is remembered."""
        return parsed(text).copy()

    def predicate(self, text: str, aliases: Mapping[str, str]) -> exp.Expr:
        found = self.placed(self.parse(text), aliases)
        return exp.paren(found) if isinstance(found, exp.Or) else found

    def datasets_of(self, tree: exp.Expr) -> list[str]:
        """Datasets named outside of the expression's own subqueries."""
        return list(dict.fromkeys(c.table for c in tree.find_all(exp.Column) if c.table and c.table not in _own(c)))

    def placed(self, tree: exp.Expr, aliases: Mapping[str, str], default: str = "") -> exp.Expr:
        """Columns get the aliases of the query; tables of subqueries get their physical names."""
        for column in list(tree.find_all(exp.Column)):
            if not column.table:
                if default:
                    column.set("table", exp.to_identifier(default))
            elif column.table not in _own(column) and column.table in aliases:
                column.set("table", exp.to_identifier(aliases[column.table]))
        for table in list(tree.find_all(exp.Table)):
            dataset = self._model.dataset_by_name.get(table.name)
            if dataset and dataset.table != table.name:
                alias = table.alias or table.name
                table.replace(exp.alias_(exp.to_table(dataset.table), alias, table=True))
        return tree


def _own(column: exp.Column) -> set[str]:
    """Names that the subqueries around the column define themselves."""
    names: set[str] = set()
    select = column.find_ancestor(exp.Select)
    while select is not None:
        names |= {table.alias_or_name for table in select.find_all(exp.Table)}
        select = select.find_ancestor(exp.Select)
    return names
