"""Tables of a FROM clause: which WITH query or table of the catalog each is, written in the catalog's spelling."""

from __future__ import annotations

from itertools import zip_longest

from rapidfuzz import process
from sqlglot import exp

from nl2sql.guard.names import rewritten, same, written
from nl2sql.guard.physical import PhysicalTable
from nl2sql.guard.resolving import Resolver
from nl2sql.guard.scope import Scope, ScopeColumn, Shape, Source
from nl2sql.guard.statement import Statement


class TableBinder:
    def __init__(self, statement: Statement, resolver: Resolver) -> None:
        self._statement = statement
        self._dialect = statement.dialect
        self._resolver = resolver

    def bind(self, table: exp.Table, scope: Scope) -> Source:
        alias = table.args.get("alias")
        if alias is not None and (alias.args.get("columns") or alias.this is None):
            self._resolver.refuse(
                "column_list",
                table,
                "A table cannot be given other column names; alias the columns.",
                "Write FROM table AS alias without a list, and name columns with AS where they are selected.",
            )
        given = rewritten(alias.this, self._dialect) if alias is not None and alias.this is not None else None
        query = None if table.args.get("db") else scope.ctes.get(table.name.lower())
        if query is not None:
            if given is None and query.identifier.name.lower() != table.name.lower():
                given = rewritten(table.this, self._dialect)
            table.set("this", same(query.identifier))
            shape, own = query.shape, query.identifier
        else:
            physical = self._physical(table)
            if physical is None:
                return Source(given or rewritten(table.this, self._dialect), Shape({}))
            shape, own = self._table_shape(physical), written(physical.name, self._dialect, exactly=True)
        alias = exp.TableAlias(this=same(given)) if given is not None and given != own else None
        table.set("alias", alias)
        return Source(given or same(own), shape)

    def _physical(self, table: exp.Table) -> PhysicalTable | None:
        """The catalog's table, written into the tree in the catalog's spelling; None (and a violation) if unknown."""
        given = [str(part.this) for part in (table.args.get("catalog"), table.args.get("db"), table.this) if part]
        physical = self._statement.catalogue.tables.get(given[-1].lower())
        path = physical.path if physical else ()
        if len(path) == 1 and len(given) == 2 and given[0].lower() == self._dialect.default_schema:
            given = given[1:]  # where a table is looked for anyway when nothing is said
        if physical is None or [p.lower() for p in given] != [p.lower() for p in path[-len(given) :]]:
            self._refuse_table(table)
            return None
        parts = [written(part, self._dialect, exactly=True) for part in path]
        for key, part in zip_longest(("this", "db", "catalog"), reversed(parts)):
            table.set(key, part)
        self._statement.tables.add(physical.name.lower())
        return physical

    def _refuse_table(self, table: exp.Table) -> None:
        known = [each.name for each in self._statement.catalogue.tables.values()]
        near = process.extract(table.name, known, limit=3, score_cutoff=60)
        names = [each[0] for each in near] or sorted(known)[:10]
        hint = f"{'Did you mean' if near else 'Tables are'}: {', '.join(names)}{'?' if near else '.'}"
        name = ".".join(part.name for part in table.parts if part.name)
        self._resolver.refuse(
            "unknown_table",
            table,
            f"There is no table “{name[:80]}” to ask about.",
            f"Unknown table {name[:80]}. {hint}",
        )

    def _table_shape(self, physical: PhysicalTable) -> Shape:
        catalogue, columns = self._statement.catalogue, {}
        for name, column in physical.columns.items():
            full = f"{physical.name.lower()}.{name}"
            identifier = written(column.name, self._dialect, exactly=True)
            columns[name] = ScopeColumn(
                identifier,
                full,
                full in catalogue.hidden,
                full in catalogue.masked,
                catalogue.aggregate_only.get(full, 0),
            )
        return Shape(columns, scans=1, key=physical.key)
