"""Binds every name of a statement to the catalog and writes the statement out in full.

This is the guard's own walk over sources, columns and output names. It trusts no other resolver: whatever it does not
know how to bind is refused, and what it binds is rewritten so that the printed text leaves a database no choice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from sqlglot import exp

from nl2sql.guard.growth import MAX_GROWTH, growth, may_grow
from nl2sql.guard.joins import expand_stars, spell_out_join
from nl2sql.guard.names import rewritten, same, written
from nl2sql.guard.ordering import (
    group_by_dependent_columns,
    settle_group_names,
    settle_outer_order,
    settle_sort_name,
    sort_keys,
    write_out_group_positions,
)
from nl2sql.guard.resolving import Clause, Resolver
from nl2sql.guard.row_bounds import rows_of_select, rows_within_limit
from nl2sql.guard.scope import NOTHING, NamedQuery, Scope, ScopeColumn, Shape, Source, of_either
from nl2sql.guard.statement import BoundSelect, Relation, Statement
from nl2sql.guard.tables import TableBinder

_QUERIES: Final = (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)
_LEAVES: Final = (*_QUERIES, exp.Column)
# Base tables read, with each WITH query counted wherever it is used: two self-joins of a WITH query of two make eight.
_MAX_SCANS: Final = 48

Ctes = Mapping[str, NamedQuery]
Outputs = tuple[dict[str, ScopeColumn], frozenset[str]]  # by lower-case name, and the names that repeat


class Binder:
    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.dialect = statement.dialect
        self.resolver = Resolver(statement)
        self.tables = TableBinder(statement, self.resolver)
        self.scans = 0
        self._grows = may_grow(statement.tree)
        self._results: dict[int, ScopeColumn] = {}  # of each query in an expression: its first column
        self._names = {str(each.this).lower() for each in statement.tree.find_all(exp.Identifier)}

    def bind_query(self, query: exp.Expr, outer: Scope | None, ctes: Ctes, *, named: bool) -> Shape:
        """`named`: the outputs are seen by name (a result, a FROM item), so each of them gets one."""
        ctes = self._bind_with(query, outer, ctes)
        before = self.scans
        if isinstance(query, exp.Select):
            shape = self._bind_select(query, outer, ctes, named=named)
        elif isinstance(query, exp.SetOperation):
            shape = self._bind_set_operation(query, outer, ctes, named=named)
        elif isinstance(query, exp.Subquery):
            shape = self.bind_query(query.this, outer, ctes, named=named)
            settle_outer_order(query, shape, self.resolver)
        else:
            shape = self._bind_values(query, outer, ctes)
        if self.scans > _MAX_SCANS:
            self.resolver.refuse(
                "too_complex",
                "",
                f"The query reads tables more than {_MAX_SCANS} times.",
                "Read each table once, and group or use CASE instead.",
            )
        rows = rows_within_limit(query, shape.rows)
        return Shape(shape.columns, shape.repeated, rows, self.scans - before)

    def _bind_with(self, query: exp.Expr, outer: Scope | None, ctes: Ctes) -> Ctes:
        clause = query.args.get("with_")
        if clause is None:
            return ctes
        if outer is not None or ctes or query is not self.statement.tree:
            self._refuse_inner_with(clause)
        known, own = dict(ctes), set()
        for cte in clause.expressions:
            name = cte.alias.lower()
            alias = cte.args["alias"]
            if not isinstance(alias.this, exp.Identifier) or name in own:
                self.resolver.refuse(
                    "duplicate_alias",
                    cte.alias or "WITH",
                    "Every WITH query needs a name of its own.",
                    "Rename one of the WITH queries.",
                )
                continue
            own.add(name)
            scans = self.scans
            shape = self._renamed(self.bind_query(cte.this, outer, known, named=True), alias)
            self.scans = scans  # counted where it is used
            alias.set("this", self._cte_name(alias.this, ctes))
            known[name] = NamedQuery(alias.this, shape)
        return known

    def _refuse_inner_with(self, clause: exp.Expr) -> None:
        """MariaDB looks for a name in an inner WITH among the tables of the database, not in the WITH around it."""
        if self.dialect.name in ("mysql", "mariadb"):
            message = "WITH can stand only at the beginning of the whole query."
            self.resolver.refuse("inner_with", clause, message, f"{message} Move all WITH queries there.")

    def _cte_name(self, identifier: exp.Identifier, around: Ctes) -> exp.Identifier:
        """A WITH query named like a table, or like one around it, gets another name: databases differ in which of the
        two they read, and SQLite takes the latter for a recursion."""
        name = str(identifier.this)
        if not self.statement.catalogue.is_table(name) and name.lower() not in around:
            return rewritten(identifier, self.dialect)
        return written(self._fresh(f"{name.lower()}_query"), self.dialect, exactly=True)

    def _fresh(self, stem: str) -> str:
        name, number = stem, 1
        while name in self._names or self.statement.catalogue.is_table(name):
            number += 1
            name = f"{stem}_{number}"
        self._names.add(name)
        return name

    def _renamed(self, shape: Shape, alias: exp.Expr | None) -> Shape:
        """The shape under a column list: AS t(a, b)."""
        names = alias.args.get("columns") if alias is not None else None
        if alias is None or not names:
            return shape
        if len(names) != len(shape.columns) or shape.repeated:
            self.resolver.refuse(
                "column_list",
                alias,
                "The list of column names does not fit the query before it.",
                "Leave the list out, and name the columns with AS inside the query.",
            )
            return shape
        identifiers = [rewritten(name, self.dialect) for name in names]
        alias.set("columns", identifiers)
        pairs = zip(identifiers, shape.columns.values(), strict=True)
        columns = {str(each.this).lower(): replace(column, identifier=each) for each, column in pairs}
        if len(columns) != len(names):
            self.resolver.refuse(
                "column_list",
                alias,
                "Two columns of the list have the same name.",
                "Give every column of the list a name of its own.",
            )
        return Shape(columns, rows=shape.rows, scans=shape.scans)

    # -- sources ---------------------------------------------------------------------------------------------------

    def _bind_sources(self, select: exp.Select, scope: Scope) -> list[Relation]:
        relations: list[Relation] = []
        from_ = select.args.get("from_")
        if from_ is not None:
            relations.append(self._add_source(from_.this, scope))
        for join in select.args.get("joins") or []:
            relations.append(self._add_source(join.this, scope))
            spell_out_join(join, scope, self.resolver)
            if join.args.get("on") is not None:
                self.bind_expression(join, "on", scope)
        return relations

    def _add_source(self, item: exp.Expr, scope: Scope) -> Relation:
        correlated: frozenset[str] = frozenset()
        if isinstance(item, exp.Table):
            source = self.tables.bind(item, scope)
            self.scans += source.shape.scans
        elif isinstance(item, exp.Lateral):
            scope.reached.clear()
            source = self._bind_derived(item, item.this, scope, scope.ctes)
            correlated = frozenset(scope.reached)
        else:
            source = self._bind_derived(item, item, scope.outer, scope.ctes)
        if scope.source(source.alias) is not None:
            self.resolver.refuse(
                "duplicate_alias",
                item,
                f"Two tables are called “{source.alias}”; give one an alias.",
                "Give every table in FROM an alias of its own.",
            )
        scope.sources.append(source)
        return Relation(source.alias, source.shape.rows, correlated)

    def _bind_derived(self, item: exp.Expr, query: exp.Expr, outer: Scope | None, ctes: Ctes) -> Source:
        if not isinstance(query, exp.Subquery | exp.Values):
            self.resolver.refuse(
                "source",
                item,
                "Only tables and subqueries can be read from.",
                "Put only tables, WITH names and bracketed SELECTs into FROM and JOIN.",
            )
            return Source(exp.to_identifier(self._fresh("q")), Shape({}))
        alias = item.args.get("alias")
        inner = query.this if isinstance(query, exp.Subquery) else query
        if not isinstance(inner, _QUERIES):
            self.resolver.refuse("source", item, "Write joins one after the other, without brackets around them.")
            return Source(exp.to_identifier(self._fresh("q")), Shape({}))
        shape = self._renamed(self.bind_query(query, outer, ctes, named=True), alias)
        if alias is None or alias.this is None:
            identifier = written(self._fresh("q1"), self.dialect, exactly=True)
            alias = alias or exp.TableAlias()
            item.set("alias", alias)
        else:
            identifier = rewritten(alias.this, self.dialect)
        alias.set("this", same(identifier))
        return Source(identifier, shape)

    # -- queries ---------------------------------------------------------------------------------------------------

    def _bind_select(self, select: exp.Select, outer: Scope | None, ctes: Ctes, *, named: bool) -> Shape:
        scope = Scope(outer, ctes)
        relations = self._bind_sources(select, scope)
        if isinstance(select.parent, exp.Exists) and any(each.is_star for each in select.expressions):
            select.set("expressions", [exp.Literal.number(1)])
        expand_stars(select, scope, self.resolver)
        columns, repeated = self._bind_outputs(select, scope, named=named)
        if select.args.get("distinct") is not None:
            self.bind_expression(select, "distinct", scope, "order")
        for key in ("where", "windows"):
            self.bind_expression(select, key, scope)
        settle_group_names(select, scope)
        self.bind_expression(select, "group", scope)
        write_out_group_positions(select, self.resolver)
        for key in ("having", "qualify"):
            self.bind_expression(select, key, scope)
        for ordered in sort_keys(select):
            if not settle_sort_name(ordered.this, scope, self.resolver):
                self.bind_expression(ordered, "this", scope, "order")
        if self.dialect.name == "postgres":
            group_by_dependent_columns(select, scope)
        self.statement.selects.append(BoundSelect(select, tuple(relations), tuple(scope.sources)))
        return Shape(columns, repeated, rows_of_select(select, relations))

    def _bind_outputs(self, select: exp.Select, scope: Scope, *, named: bool) -> Outputs:
        columns: dict[str, ScopeColumn] = {}
        repeated: set[str] = set()
        for index, output in enumerate(select.expressions):
            plain = output.this.copy() if isinstance(output, exp.Column) else None
            self._bind_nodes(output, scope, "select")
            output = select.expressions[index]
            if isinstance(output, exp.Alias):
                output.set("alias", rewritten(output.args["alias"], self.dialect))
                name = output.alias.lower()
                scope.aliases[name] = None if name in scope.aliases else output
            elif not isinstance(output, exp.Column) and (named or plain is not None):
                alias = rewritten(plain, self.dialect) if plain else self._output_name(output, index, columns)
                output = exp.Alias(this=output.copy(), alias=alias)
                select.expressions[index].replace(output)
            identifier = output.args.get("alias") or output.this
            if isinstance(identifier, exp.Identifier):
                name = str(identifier.this).lower()
                repeated |= {name} & columns.keys()
                columns.setdefault(name, self._output(identifier, output.unalias(), scope))
            else:
                identifier = exp.to_identifier(f"column_{index + 1}")
                columns[f"?{index}"] = self._output(identifier, output, scope)
        return columns, frozenset(repeated)

    def _output_name(self, output: exp.Expr, index: int, taken: dict[str, ScopeColumn]) -> exp.Identifier:
        """A readable name for an unnamed output: count, sum_amount, else column_3."""
        aggregate = output.this if isinstance(output, exp.Window | exp.Filter) else output
        stem = ""
        if isinstance(aggregate, exp.AggFunc):
            column = aggregate.find(exp.Column)
            stem = "_".join(part for part in (aggregate.key, column.name.lower() if column else "") if part)
        name = stem if stem and stem not in taken else f"column_{index + 1}"
        return written(name, self.dialect, exactly=True)

    def _bind_set_operation(self, query: exp.SetOperation, outer: Scope | None, ctes: Ctes, *, named: bool) -> Shape:
        left = self.bind_query(query.this, outer, ctes, named=named)
        right = self.bind_query(query.expression, outer, ctes, named=False)
        counts = [len(each.columns) + len(each.repeated) for each in (left, right)]
        if counts[0] != counts[1] and not (left.repeated or right.repeated):
            self.resolver.refuse(
                "set_width",
                query,
                f"The parts of the {query.key.upper()} have {counts[0]} and {counts[1]} columns.",
                "Select the same number of columns in every part.",
            )
        rows = left.rows
        if isinstance(query, exp.Union):
            rows = None if left.rows is None or right.rows is None else left.rows + right.rows
        shape = Shape(of_either(left.columns, right.columns), left.repeated, rows)
        settle_outer_order(query, shape, self.resolver)
        return shape

    def _bind_values(self, query: exp.Expr, outer: Scope | None, ctes: Ctes) -> Shape:
        scope = Scope(outer, ctes)
        rows = query.expressions
        widths = {len(row.expressions) if isinstance(row, exp.Tuple) else 1 for row in rows}
        if not isinstance(query, exp.Values) or len(widths) != 1:
            self.resolver.refuse(
                "values",
                query,
                "All rows of VALUES must have the same number of columns.",
                "Write as many values in every row.",
            )
            return Shape({})
        for row in list(rows):
            self._bind_nodes(row, scope, "select")
        stem, first = ("col", 0) if self.dialect.name == "duckdb" else ("column", 1)
        names = [f"{stem}{first + index}" for index in range(widths.pop())]
        return Shape({name: ScopeColumn(exp.to_identifier(name)) for name in names}, rows=len(rows))

    # -- expressions -----------------------------------------------------------------------------------------------

    def bind_expression(self, parent: exp.Expr, key: str, scope: Scope, clause: Clause | None = None) -> None:
        part = parent.args.get(key)
        clauses: dict[str, Clause] = {"where": "where", "on": "on", "group": "group", "having": "having"}
        clauses |= {"qualify": "qualify", "windows": "window"}
        for each in list(part) if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expr):
                self._bind_nodes(each, scope, clause or clauses[key])
        part = parent.args.get(key) if self._grows else None
        for each in part if isinstance(part, list) else [part]:
            if isinstance(each, exp.Expr):
                self._growth(each, scope)

    def _bind_nodes(self, expression: exp.Expr, scope: Scope, clause: Clause) -> None:
        found = [
            node for node in expression.walk(prune=lambda node: isinstance(node, _LEAVES)) if isinstance(node, _LEAVES)
        ]
        for node in found:
            if isinstance(node, exp.Column):
                self.resolver.resolve(node, scope, clause)
            else:
                shape = self.bind_query(node, scope, scope.ctes, named=False)
                self._results[id(node)] = next(iter(shape.columns.values()), NOTHING)

    def _output(self, identifier: exp.Identifier, output: exp.Expr, scope: Scope) -> ScopeColumn:
        """An aggregate of a column that is only aggregated is shown and nothing else, like a masked column."""
        shown_only = self._leaf(output, scope).masked or any(
            self._leaf(column, scope).smallest_group
            for column in (output.find_all(exp.Column) if self.statement.catalogue.aggregate_only else ())
        )
        return ScopeColumn(identifier, masked=shown_only, growth=self._growth(output, scope))

    def _leaf(self, node: exp.Expr, scope: Scope) -> ScopeColumn:
        """What a column reference stands for, or the result of a subquery; nothing special for anything else."""
        if not isinstance(node, exp.Column):
            return self._results.get(id(node), NOTHING)
        for owner in scope.chain():
            source = owner.source(node.table.lower())
            if source is not None:
                return source.shape.columns.get(node.name.lower(), NOTHING)
        return NOTHING

    def _growth(self, expression: exp.Expr, scope: Scope) -> float:
        if not self._grows:
            return self._leaf(expression, scope).growth
        grown = growth(expression, lambda leaf: self._leaf(leaf, scope).growth)
        if grown > MAX_GROWTH:
            message = "The query makes texts too long by joining or replacing parts of them again and again."
            self.resolver.refuse("too_large", expression, message, "Join fewer texts, and not their results again.")
        return grown
