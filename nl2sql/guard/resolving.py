"""From a column reference to the one source it belongs to, or to a violation that says why there is none."""

from __future__ import annotations

from typing import Final, Literal

from rapidfuzz import fuzz, process
from sqlglot import exp

from nl2sql.guard.names import same
from nl2sql.guard.scope import Scope, ScopeColumn, Source
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

Clause = Literal["select", "where", "on", "group", "having", "qualify", "order", "window"]

_MAX_VIOLATIONS: Final = 5
# Names that a hint lists: enough to see what a table is about.
_MAX_NAMED = 10
# References to output names copy their expressions: A + A AS B, B + B AS C … doubles with every step.
_MAX_COPIED_NODES: Final = 4_000
_ALIAS_CLAUSES: Final = frozenset({"group", "having", "qualify", "order"})


class TooLarge(Exception):
    """Writing out output names or stars would make the statement explode."""


def _named(words: str, names: list[str]) -> str:
    """“ Did you mean: a, b.” Names are of what the asker may see; nothing where there are none."""
    known = list(dict.fromkeys(names))
    shown = ", ".join(name[:60] for name in known[:_MAX_NAMED])
    return f" {words}: {shown}{', …' if len(known) > _MAX_NAMED else ''}." if known else ""


class Resolver:
    """Rewrites column references in place so that each names its source; collects what cannot be resolved."""

    def __init__(self, statement: Statement) -> None:
        self.statement = statement
        self.violations: list[Violation] = []
        self._copied = 0

    def refuse(self, code: str, node: exp.Expr | str, message: str, hint: str = "") -> None:
        violation = Violation(code, self.statement.fragment(node), message, hint or message)
        if len(self.violations) < _MAX_VIOLATIONS and violation not in self.violations:
            self.violations.append(violation)

    def copy_of(self, expression: exp.Expr) -> exp.Expr:
        self._copied += sum(1 for _ in expression.walk())
        if self._copied > _MAX_COPIED_NODES:
            raise TooLarge
        copied: exp.Expr = expression.copy()
        return copied

    def reference(self, source: Source, column: ScopeColumn) -> exp.Column:
        """A new reference, spelled as the definitions are; counts against the same budget as copies."""
        self._copied += 3
        if self._copied > _MAX_COPIED_NODES:
            raise TooLarge
        self._record(column)
        return exp.Column(this=same(column.identifier), table=same(source.identifier))

    def _record(self, column: ScopeColumn) -> None:
        if column.physical:
            self.statement.columns.add(column.physical)

    def resolve(self, column: exp.Column, scope: Scope, clause: Clause) -> None:
        name = column.name.lower()
        if isinstance(column.this, exp.Star):
            self.refuse("star", column, "A star may only stand alone in a select list.", "List the columns by name.")
        elif column.args.get("db") or column.args.get("catalog"):
            self.refuse(
                "unknown_column",
                column,
                f"“{column.sql()}” is not a column; write alias.column.",
                "Write alias.column.",
            )
        elif column.table:
            self._resolve_qualified(column, scope, name)
        elif not self._resolve_plain(column, scope, clause, name):
            self._refuse_unknown(column, scope, name)

    def _bind(self, node: exp.Column, scope: Scope, owner: Scope, source: Source, column: ScopeColumn) -> None:
        if column.hidden:
            self.statement.sensitive.append(node)
        if owner is not scope:
            owner.reached.add(source.alias)
        node.set("this", same(column.identifier))
        node.set("table", same(source.identifier))
        self._record(column)

    def _resolve_qualified(self, node: exp.Column, scope: Scope, name: str) -> None:
        alias = node.table.lower()
        for owner in scope.chain():
            source = owner.source(alias)
            if source is None:
                continue
            column = source.shape.columns.get(name)
            if column is None:
                self._refuse_unknown(node, scope, name, source)
            elif name in source.shape.repeated:
                self._refuse_ambiguous(node, [source])
            else:
                self._bind(node, scope, owner, source, column)
            return
        self.refuse(
            "unknown_table",
            node,
            f"“{node.table}” is not a table of this query.",
            f"Every column must belong to a table or alias in FROM; {node.table[:60]} is not one."
            f"{_named('Those are', [source.alias for owner in scope.chain() for source in owner.sources])}",
        )

    def _resolve_plain(self, node: exp.Column, scope: Scope, clause: Clause, name: str) -> bool:
        for owner in scope.chain():
            found = owner.offering(name)
            hidden = next((source for source in found if source.shape.columns[name].hidden), None)
            if hidden is not None:
                self._bind(node, scope, owner, hidden, hidden.shape.columns[name])
                return True
            if owner is scope and self._prefers_alias(node, owner, clause, name) and self._expand(node, owner, name):
                return True
            if name in owner.merged:
                node.replace(self.copy_of(owner.merged[name]))
                return True
            if len(found) > 1 or (found and name in found[0].shape.repeated):
                self._refuse_ambiguous(node, found)
                return True
            if found:
                self._bind(node, scope, owner, found[0], found[0].shape.columns[name])
                return True
            if owner is scope and self._allows_alias(clause) and self._expand(node, owner, name):
                return True
        return False

    def _allows_alias(self, clause: Clause) -> bool:
        dialect = self.statement.dialect
        return (
            clause in _ALIAS_CLAUSES
            or (clause == "where" and dialect.alias_in_where)
            or (clause == "select" and dialect.alias_in_select)
        )

    def _prefers_alias(self, node: exp.Column, scope: Scope, clause: Clause, name: str) -> bool:
        """MySQL's HAVING means the output column, except inside an aggregate and for what is grouped by."""
        if clause != "having" or not self.statement.dialect.having_prefers_alias or name in scope.grouped:
            return False
        return node.find_ancestor(exp.AggFunc, exp.Select).__class__ is exp.Select

    def _expand(self, node: exp.Column, scope: Scope, name: str) -> bool:
        """Write an output name out as its expression, so that no database can read it as something else."""
        if name not in scope.aliases:
            return False
        alias = scope.aliases[name]
        if alias is None:
            self.refuse(
                "ambiguous_column",
                node,
                f"Two output columns are called “{name}”.",
                "Give every output column a name of its own.",
            )
            return True
        expression = self.copy_of(alias.this)
        plain = isinstance(
            expression, exp.Column | exp.Literal | exp.Func | exp.Paren | exp.Bracket
        ) and not isinstance(expression, exp.And | exp.Or)
        node.replace(expression if plain else exp.Paren(this=expression))
        return True

    def _refuse_ambiguous(self, node: exp.Column, sources: list[Source]) -> None:
        choices = ", ".join(f"{source.alias}.{node.name}" for source in sources[:4])
        self.refuse(
            "ambiguous_column", node, f"“{node.name}” could belong to more than one table.", f"Write one of: {choices}."
        )

    def _refuse_unknown(self, node: exp.Column, scope: Scope, name: str, source: Source | None = None) -> None:
        if not node.table and any(owner.source(name) for owner in scope.chain()):
            self.refuse(
                "whole_row",
                node,
                f"“{node.name}” is a table; name its columns instead.",
                "Name columns, not whole rows.",
            )
            return
        if source is None:
            names = scope.visible_names()
        else:
            names = [str(c.identifier.this) for c in source.shape.columns.values() if not c.hidden]
        near = process.extract(node.name, list(dict.fromkeys(names)), scorer=fuzz.WRatio, limit=3, score_cutoff=60)
        where = f" in {source.alias}" if source else ""
        choices = _named("Did you mean", [match[0] for match in near]) or _named("There are", names)
        hint = f"There is no column {node.name[:60]}{where}.{choices}"
        self.refuse("unknown_column", node, f"There is no column “{node.name}”{where}.", hint)
