"""How an SQL expression becomes words: one handler for each node type, and SQL itself for what has none.

A handler names every argument it puts into words. A node with any other argument set (a frame, a collation, a
negation the handler does not know) is shown as its SQL: nothing is left out because nobody thought of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from sqlglot import exp

from nl2sql.answer.base import ColumnLabel, Labels
from nl2sql.answer.grains import grain_of
from nl2sql.answer.grammar import listed, mid, plural, pretty, singular
from nl2sql.answer.printing import sql_of
from nl2sql.answer.sources import AS_WRITTEN, Scope, Source, conjuncts

# Names that say nothing without their table.
_GENERIC = {"id", "name", "title", "label", "status", "type", "date", "amount", "body", "description", "created_at"}


@dataclass(frozen=True, slots=True)
class Handler:
    """`reads` are the arguments that `say` puts into words, or that change nothing a person would notice."""

    say: Callable[[Any, Speaker], str]
    reads: frozenset[str]


def handler(say: Callable[[Any, Speaker], str], reads: str = "this") -> Handler:
    return Handler(say, frozenset(reads.split()))


@dataclass(frozen=True, slots=True)
class Speaker:
    """Everything a phrase depends on: the model's words, the dialect, and the SELECT it stands in."""

    labels: Labels
    as_of: date
    dialect: str
    handlers: Mapping[type[exp.Expr], Handler]
    scope: Scope
    names: Mapping[exp.Expr, str] = field(default_factory=dict)  # calculations of the SELECT that have a name already

    def inside(self, select: exp.Select) -> Speaker:
        return replace(self, scope=Scope(select, self.scope), names={})

    def within(self, scope: Scope) -> Speaker:
        return replace(self, scope=scope, names={})

    def naming(self, names: Mapping[exp.Expr, str]) -> Speaker:
        return replace(self, names=names)

    def say(self, node: exp.Expr) -> str:
        if self.names and not isinstance(node, exp.Column | exp.Literal) and node in self.names:
            return self.names[node]
        found = self.handlers.get(type(node))
        if found is None or any(value and name not in found.reads for name, value in node.args.items()):
            return self.as_sql(node)
        return found.say(node, self)

    def as_sql(self, node: exp.Expr) -> str:
        return f"SQL `{self.sql(node)}`"

    def sql(self, node: exp.Expr) -> str:
        """The fragment as a person would write it: without the quotes that qualifying adds."""
        written: exp.Expr = node.meta.get(AS_WRITTEN, node)
        if any(_is_quoted_in_vain(each) for each in written.find_all(exp.Identifier)):
            written = written.copy()
            for identifier in written.find_all(exp.Identifier):
                if _is_quoted_in_vain(identifier):
                    identifier.set("quoted", False)
        return sql_of(written, self.dialect)

    def plural(self, table: str) -> str:
        label = self.labels.tables.get(table)
        return plural(mid(label.label)) if label else plural(pretty(table))

    def tables(self, names: tuple[str, ...]) -> str:
        return listed([self.plural(name) for name in names])

    def singular(self, table: str) -> str:
        return singular(self.plural(table))

    def label(self, node: exp.Expr) -> ColumnLabel | None:
        """The label of a column, also of one that an inner query hands on."""
        return self.labels.columns.get(self.scope.key(node)) if isinstance(node, exp.Column) else None

    def column(self, node: exp.Column) -> str:
        """ "current bid", or "listing current bid" where several tables could have one."""
        source = self.scope.find(node.table)
        if source is None or not source.table:
            return self._from_query(node)
        label = self.label(node)
        words = mid(label.label) if label and label.label else pretty(node.name)
        if not self._is_ambiguous(node):
            return words
        noun = self.noun(source)
        if words.startswith(noun) or noun.endswith(f" {words}"):
            return max(words, noun, key=len)
        kind, _, rest = words.partition(" ")
        if rest and noun.endswith(f" {kind}"):
            return f"{noun} {rest}"  # "parent category" and "category ID": the word stands once
        return f"{noun} {words}"

    def noun(self, source: Source, *, many: bool = False) -> str:
        """ "category", or "parent category" when the same table stands twice and a foreign key tells them apart."""
        noun = self.plural(source.table) if many else self.singular(source.table)
        same = [s for s in self.scope.sources.values() if s.table == source.table]
        if len(same) < 2:
            return noun
        roles = [_role(each, self.scope) for each in same]
        if len(set(roles)) < len(roles):
            return f"{noun} “{source.alias}”"
        role = roles[same.index(source)]
        return noun if role in ("", self.singular(source.table)) else f"{role} {noun}"

    def _from_query(self, node: exp.Column) -> str:
        behind = self.scope.origin(node)
        if behind is not None and isinstance(behind[0], exp.Column):
            return self.within(behind[1]).column(behind[0])
        grain = grain_of(behind[0]) if behind is not None else None
        if grain is not None:
            return grain.unit
        metric = self.labels.metrics.get(node.name.lower()) if behind is not None else None
        if metric is not None and behind is not None and behind[0].find(exp.AggFunc):
            return mid(metric.label)
        return f"“{pretty(node.name)}”"

    def _is_ambiguous(self, node: exp.Column) -> bool:
        """Inner columns of one table speak for themselves; of several, those whose name another one has, or anyone."""
        mine = self.scope.find(node.table)
        others = [s for s in self.scope.sources.values() if s.alias != node.table]
        if node.table not in self.scope.sources:
            return True
        name, label = node.name.lower(), self.label(node)
        if mine is None or not others:
            return False
        if label is None or name in _GENERIC or any(s.table == mine.table for s in others):
            return True
        known = _known_by_table(self.labels)
        theirs = [known[s.table] for s in others if s.table in known]
        return any(name in names or label.label.lower() in labels for names, labels in theirs)


def _is_quoted_in_vain(identifier: exp.Identifier) -> bool:
    return bool(identifier.args.get("quoted")) and identifier.name.isidentifier()


@lru_cache(maxsize=16)
def _known_by_table(labels: Labels) -> Mapping[str, tuple[set[str], set[str]]]:
    """By table: the names of its columns, and their labels, both in lower case."""
    known: dict[str, tuple[set[str], set[str]]] = {}
    for key, label in labels.columns.items():
        table, _, column = key.rpartition(".")
        names, said = known.setdefault(table, (set(), set()))
        names.add(column)
        said.add(label.label.lower())
    return known


def _role(source: Source, scope: Scope) -> str:
    """What the foreign key that a source was joined by calls it: "parent", "seller"; "" for the first one."""
    for join in scope.select.args.get("joins") or []:
        if join.this.alias_or_name != source.alias:
            continue
        for part in conjuncts(join.args.get("on")):
            names = {column.table: column.name.lower() for column in part.find_all(exp.Column) if column.name != "id"}
            others = [name for alias, name in names.items() if alias != source.alias and name.endswith("_id")]
            if len(others) == 1 and isinstance(part, exp.EQ):
                return others[0].removesuffix("_id").replace("_", " ")
    return ""
