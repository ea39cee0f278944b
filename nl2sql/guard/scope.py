"""What names mean at one place of a statement: the sources of a SELECT and the columns each offers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from sqlglot import exp


@dataclass(frozen=True, slots=True)
class ScopeColumn:
    """`identifier` is how the definition spells it; references copy it. `physical` is "table.column" or "".

    `masked` columns are shown and nothing else; `smallest_group` is for columns that are only aggregated, else 0.
    `growth` says how many stored values long its values may be.
    """

    identifier: exp.Identifier
    physical: str = ""
    hidden: bool = False
    masked: bool = False
    smallest_group: int = 0
    growth: float = 1.0

    @property
    def is_open(self) -> bool:
        """Whether it may be compared as well as shown."""
        return not (self.hidden or self.masked or self.smallest_group)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a query gives to the query around it. `repeated` are names that occur more than once; `key` are the
    columns that identify a row of a physical table.

    `rows` is a proven upper bound or None; `scans` counts the base tables read, WITH queries each time they are used.
    """

    columns: dict[str, ScopeColumn]
    repeated: frozenset[str] = frozenset()
    rows: int | None = None
    scans: int = 0
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NamedQuery:
    """A WITH query: `identifier` is the name it is printed under, which no table of the catalog has."""

    identifier: exp.Identifier
    shape: Shape


@dataclass(frozen=True, slots=True)
class Source:
    identifier: exp.Identifier
    shape: Shape

    @property
    def alias(self) -> str:
        return str(self.identifier.this).lower()


@dataclass(slots=True)
class Scope:
    """`ctes` are the WITH queries that can be named here.

    `merged` maps a column joined by USING or NATURAL to the expression it stands for.

    `aliases` maps output names to their bound Alias nodes, None for a name given twice.
    `reached` collects the aliases of enclosing scopes that were read from inside.
    """

    outer: Scope | None = None
    ctes: Mapping[str, NamedQuery] = field(default_factory=dict)
    sources: list[Source] = field(default_factory=list)
    merged: dict[str, exp.Expr] = field(default_factory=dict)
    aliases: dict[str, exp.Alias | None] = field(default_factory=dict)
    grouped: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)

    def chain(self) -> Iterator[Scope]:
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.outer

    def source(self, alias: str) -> Source | None:
        return next((source for source in self.sources if source.alias == alias), None)

    def offering(self, name: str) -> list[Source]:
        return [source for source in self.sources if name in source.shape.columns]

    def visible_names(self) -> list[str]:
        return [
            str(column.identifier.this)
            for scope in self.chain()
            for source in scope.sources
            for column in source.shape.columns.values()
            if not column.hidden
        ]


NOTHING: Final = ScopeColumn(exp.to_identifier("nothing"))  # a value with nothing special about it


def of_either(left: dict[str, ScopeColumn], right: dict[str, ScopeColumn]) -> dict[str, ScopeColumn]:
    """The columns of a set operation: what is so of either part is so of both together."""
    pairs = zip(left.items(), right.values(), strict=False)
    return left | {
        name: replace(one, masked=one.masked or other.masked, growth=max(one.growth, other.growth))
        for (name, one), other in pairs
        if other.masked > one.masked or other.growth > one.growth
    }
