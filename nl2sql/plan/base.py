"""The query plan: what a question was read as, before any SQL. Small, typed, equal by content.

A *path* is the chain of relationship names that leads from the plan's base dataset to another; "-name" walks a
relationship backwards (from its one side to its many side).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from nl2sql.writers.offline.periods import Period

Operator = Literal["=", "<>", ">", ">=", "<", "<=", "in", "not in", "is null", "is not null"]
Grain = Literal["day", "week", "month", "quarter", "year"]
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field at the end of a path from the base."""

    path: Path
    dataset: str
    field: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`values` are texts of literals; numbers are written plainly. One value, several for in / not in,
    none for is null / is not null."""

    field: FieldRef
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A named filter of the dataset at the end of the path; `negated` turns it round."""

    path: Path
    dataset: str
    filter: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class RoleHolds:
    """The condition (or, for a `member`, the membership) of a relationship, seen from the dataset at its many side."""

    path: Path
    dataset: str
    relationship: str
    member: bool = False


@dataclass(frozen=True, slots=True)
class During:
    """A time field within a period."""

    field: FieldRef
    period: Period


@dataclass(frozen=True, slots=True)
class Exists:
    """Rows related to the base: at least one, none (`negated`), or a count that `operator` and `count` bound.

    `path` leads from the base to the related dataset and begins with a backward step; inner conditions are relative
    to the related dataset.
    """

    path: Path
    dataset: str
    conditions: tuple[Condition, ...] = ()
    negated: bool = False
    operator: Operator = ">="
    count: int = 1


Condition = Comparison | Named | RoleHolds | During | Exists


@dataclass(frozen=True, slots=True)
class Measure:
    """`kind`: count (rows), distinct (values of `field`), agg (`function` of `field`), metric (`metric`).

    `conditions` narrow this measure alone (a share's numerator); those of the plan narrow everything.
    """

    kind: Literal["count", "distinct", "agg", "metric"]
    name: str
    function: str = ""
    field: FieldRef | None = None
    metric: str = ""
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are grouped by: a field, or a time field cut to a `grain`, or a whole `entity` (key and label)."""

    name: str
    field: FieldRef
    grain: Grain | None = None
    entity: bool = False


@dataclass(frozen=True, slots=True)
class Having:
    """A bound on the plan's only measure."""

    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class Order:
    """By the first measure, or by `field` when rows are listed."""

    descending: bool
    field: FieldRef | None = None


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """`base` is the dataset whose rows are counted, summed or listed. Without measures, rows are listed.

    `share`: "of_total" divides each group by the sum over all groups; "part" divides the measure under its own
    conditions by the measure without them.
    """

    base: str
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    conditions: tuple[Condition, ...] = ()
    having: Having | None = None
    order: Order | None = None
    limit: int | None = None
    share: Literal["", "of_total", "part"] = ""
    columns: tuple[FieldRef, ...] = ()
    distinct: bool = False
    assumptions: tuple[str, ...] = field(default=())
