"""The guard's working value: one statement on its way through the rules. Nothing outside the guard sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass, field
from typing import Final

from sqlglot import exp
from sqlglot.tokenizer_core import Token

from nl2sql.guard.dialects import GuardDialect
from nl2sql.guard.physical import PhysicalTable
from nl2sql.guard.policy import Limits
from nl2sql.guard.scope import Source
from nl2sql.guard.table_view import TableView
from nl2sql.guard.violation import Violation

_FRAGMENT_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The physical tables a role may ask about and how it sees their columns ("table.column"), all in lower case.

    `names` are those of all tables of the model. No WITH query may have one of them: the predicates of a policy read
    tables that its role may not ask about, and would read the WITH query instead.
    """

    tables: Mapping[str, PhysicalTable]
    hidden: frozenset[str]
    masked: Set[str] = frozenset()
    aggregate_only: Mapping[str, int] = field(default_factory=dict)  # and the smallest group
    names: Set[str] = frozenset()

    def is_table(self, name: str) -> bool:
        return name.lower() in self.names or name.lower() in self.tables


@dataclass(frozen=True, slots=True)
class Relation:
    """One source of a SELECT and what is known of its size. `rows` is a proven upper bound, None when there is none.

    `correlated` holds the sibling aliases a LATERAL subquery reads.
    """

    alias: str
    rows: int | None
    correlated: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BoundSelect:
    select: exp.Select
    relations: tuple[Relation, ...]
    sources: tuple[Source, ...]


@dataclass(slots=True)
class Statement:
    """Filled in by the rules in their order; `tree` is rewritten in place, `rendered` is printed from it.

    `executed` is the text that would run for `text`, with each table as one of `views`; when it is there, it is what
    the tree is read from.
    """

    text: str
    dialect: GuardDialect
    catalogue: Catalogue
    limits: Limits
    executed: str = ""
    views: Mapping[str, TableView] = field(default_factory=dict)
    tokens: list[Token] = field(default_factory=list)
    tree: exp.Expr = field(default_factory=exp.Null)
    tables: set[str] = field(default_factory=set)
    columns: set[str] = field(default_factory=set)
    sensitive: list[exp.Expr] = field(default_factory=list)
    selects: list[BoundSelect] = field(default_factory=list)
    limit_added: bool = False
    rendered: str = ""

    def fragment(self, node: exp.Expr | str) -> str:
        """The offending SQL, cut to what a person can read; never fails, whatever the tree looks like."""
        if isinstance(node, str):
            return cut(node)
        try:
            return cut(node.sql(dialect=self.dialect.grammar, comments=False))
        except Exception:  # noqa: BLE001 - a refusal must not depend on a tree being printable
            return cut(type(node).__name__)


def cut(text: str) -> str:
    text = " ".join("".join(c if c.isprintable() else " " for c in text[: _FRAGMENT_CHARS * 4]).split())
    return text if len(text) <= _FRAGMENT_CHARS else text[: _FRAGMENT_CHARS - 1] + "…"


Rule = Callable[[Statement], list[Violation]]
