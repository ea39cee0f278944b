"""How one role's policy reads the tables of one model on one kind of database: the source of every TableView."""

from __future__ import annotations

from collections.abc import Iterable, Set
from threading import Lock
from typing import Final

from sqlglot import exp, parse_one
from sqlglot.errors import SqlglotError

from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.dialects import GuardDialect
from nl2sql.guard.fences import FENCES
from nl2sql.guard.masks import masked
from nl2sql.guard.memo import BoundedMemo
from nl2sql.guard.names import written
from nl2sql.guard.physical import PhysicalTable, physical_tables
from nl2sql.guard.policy import Policy, hidden_columns
from nl2sql.guard.row_filters import bound_predicate
from nl2sql.guard.statement import Catalogue
from nl2sql.guard.table_view import Fragment, TableView

_KEPT_VIEWS: Final = 2_000  # a table is read with a few different sets of columns; some 2 kB each: 4 MB
_KEPT_ROLES: Final = 64  # roles, and people with row filters, that one model is asked by at a time


class Views:
    """Makes each view when a statement first needs it, and keeps it. Safe to use from several threads."""

    def __init__(self, model: SemanticModel, policy: Policy, dialect: GuardDialect) -> None:
        self._model = model
        self._policy = policy
        self._dialect = dialect
        self._views: BoundedMemo[TableView] = BoundedMemo(_KEPT_VIEWS)
        self._fragments: dict[str, Fragment] = {}
        self.catalogue = _catalogue(model, policy)

    def reading(self, tables: Iterable[str], columns: Iterable[str], fenced: Set[str]) -> dict[str, TableView]:
        """By table: the view that offers just these columns ("table.column"), with a fence where the table is among the
        `fenced`. Raises PolicyInvalid."""
        used: dict[str, list[str]] = {table: [] for table in tables}
        for name in sorted(columns):
            table, _, column = name.rpartition(".")
            used[table].append(column)
        return {table: self._view(table, tuple(names), table in fenced) for table, names in used.items()}

    def _view(self, table: str, columns: tuple[str, ...], fenced: bool) -> TableView:
        key = (table, columns, fenced)
        return self._views.get(key) or self._views.put(key, self._made(table, columns, fenced))

    def _made(self, table: str, columns: tuple[str, ...], fenced: bool) -> TableView:
        physical = self.catalogue.tables[table]
        outputs = [self._output(physical, column) for column in columns or self._any_column(physical)]
        name = ".".join(self._name(part) for part in physical.path)
        source = Fragment(name, self._parsed(f"FROM {name}").args["from_"].this)
        rows = self._rows(table) if table in self._policy.rows else None
        fence = Fragment(text := FENCES[self._dialect.name], self._parsed(f"FROM t {text}")) if fenced else None
        return TableView(source, tuple(outputs) or (self._fragment("1 AS nothing"),), rows, fence)

    def _any_column(self, physical: PhysicalTable) -> tuple[str, ...]:
        """COUNT(*) and EXISTS read rows without any column; a key is the cheapest to name."""
        name = physical.name.lower()
        kept = self.catalogue.hidden | self.catalogue.masked | self.catalogue.aggregate_only.keys()
        return tuple(each for each in physical.key if f"{name}.{each}" not in kept)[:1]

    def _output(self, physical: PhysicalTable, column: str) -> Fragment:
        full = f"{physical.name.lower()}.{column}"
        own = self._name(physical.columns[column].name)
        text = f"{self._name(physical.name)}.{own}"
        mask = self._policy.masks.get(full)
        if mask is not None:
            key = exp.Literal.string(self._policy.mask_key).sql(self._dialect.grammar)
            text = f"{masked(mask, self._dialect.name, text, key)} AS {own}"
        return self._fragment(text)

    def _fragment(self, output: str) -> Fragment:
        known = self._fragments.get(output)
        if known is None:
            tree = self._parsed(f"SELECT {output}").expressions[0]
            known = self._fragments[output] = Fragment(output, tree)
        return known

    def _rows(self, table: str) -> Fragment:
        predicate = bound_predicate(self._model, self._policy, table, self._dialect)
        return Fragment(predicate, self._parsed(f"FROM t WHERE {predicate}").args["where"].this)

    def _name(self, part: str) -> str:
        return written(part, self._dialect, exactly=True).sql(self._dialect.grammar)

    def _parsed(self, text: str) -> exp.Expr:
        """What a piece of text is read as after SELECT, or FROM."""
        try:
            select = text if text.startswith("SELECT") else f"SELECT 1 {text}"
            return parse_one(select, read=self._dialect.grammar)
        except SqlglotError as error:
            raise PolicyInvalid("The policy of this role cannot be written for this database.") from error


def _catalogue(model: SemanticModel, policy: Policy) -> Catalogue:
    known = tables = physical_tables(model)
    if policy.tables is not None:
        tables = {name: table for name, table in known.items() if name in policy.tables}
    hidden = hidden_columns(model, policy)
    groups = {name: group for name, group in policy.aggregate_only.items() if name not in hidden}
    return Catalogue(tables, hidden, policy.masks.keys() - hidden, groups, known.keys())


_lock = Lock()


def views_of(model: SemanticModel, policy: Policy, dialect: GuardDialect) -> Views:
    """Kept with the model: what a policy makes of 1,000 tables is worked out once."""
    kept: BoundedMemo[Views] | None = model.__dict__.get("_policy_views")
    if kept is None:
        with _lock:
            kept = model.__dict__.setdefault("_policy_views", BoundedMemo(_KEPT_ROLES))
    key = (policy.fingerprint, dialect.name)
    return kept.get(key) or kept.put(key, Views(model, policy, dialect))
