"""What the mutation of gold queries speaks of: mutants, operators, and what is known of the columns.

A mutant is a gold query with one mistake in it. A suite is as good as the mistakes that it catches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from sqlglot import exp

Kind = Literal["number", "text", "day", "flag", "other"]


@dataclass(frozen=True, slots=True)
class KnownColumn:
    """A column of the database. `values` are some of the texts that it holds."""

    name: str
    kind: Kind
    values: tuple[str, ...] = ()


# Table name → its columns in their order; names of tables in small letters.
Catalog = Mapping[str, tuple[KnownColumn, ...]]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`where` shows the change as SQL: `a < 5 → a <= 5`."""

    sql: str
    operator: str
    where: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What an operator may know besides the node. `ordered`: the case declares an order."""

    catalog: Catalog
    dialect: str
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """`new` stands where the node stood; None: nothing does. `note` is for changes too big to be shown whole."""

    new: exp.Expr | None
    note: str = ""


# What could stand in place of this node. It must not touch the node, which belongs to the tree of the gold.
Operator = Callable[[exp.Expr, Scene], Iterator[Change]]
