"""The query plan: what a question was read as, before any SQL. Small, typed, equal by content.

A *path* is the chain of relationship names that leads from the plan's base dataset to another; "-name" walks a
relationship backwards (from its one side to its many side). Only `Exists` and `Related` begin with backward steps:
everything else goes forward, so that no row is ever multiplied.

A plan is computed in this order: rows of the base that satisfy the conditions → groups by the dimensions → measures →
`beside` plans joined on the dimensions → derived columns → bounds → order, ranks within groups, limit → fold.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from nl2sql.plan.periods import Period

Operator = Literal[
    "=", "<>", ">", ">=", "<", "<=", "in", "not in", "is null", "is not null",
    "contains", "not contains", "starts with", "ends with",
]  # fmt: skip
Grain = Literal["day", "week", "month", "quarter", "year"]
# weekday: 1 is Monday, 7 Sunday; hour: 0 to 23.
DatePart = Literal["hour", "weekday", "day", "month", "quarter", "year"]
Function = Literal["", "sum", "avg", "min", "max", "median", "percentile"]
DurationUnit = Literal["seconds", "minutes", "hours", "days"]
Path = tuple[str, ...]


# -- values of a row -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldRef:
    """A field at the end of a path from the base."""

    path: Path
    dataset: str
    field: str


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a moment, as an integer: its hour, its weekday …"""

    field: FieldRef
    part: DatePart


@dataclass(frozen=True, slots=True)
class Related:
    """One value for each row of the base, aggregated over rows related to it. `path` begins with a backward step and
    leads to `dataset`; `field` and `conditions` are relative to that dataset.

    count of none is 0; every other function of none is NULL. With `metric`, that metric over those rows.
    """

    path: Path
    dataset: str
    function: Literal["count", "distinct", "sum", "avg", "min", "max", "metric"]
    field: FieldRef | None = None
    conditions: tuple[Condition, ...] = ()
    metric: str = ""


@dataclass(frozen=True, slots=True)
class Span:
    """How long from one moment to another, in `unit` with a fraction; negative where the second comes first."""

    start: FieldRef | Related
    end: FieldRef | Related
    unit: DurationUnit


Value = FieldRef | Part | Related | Span


# -- conditions ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Comparison:
    """`values` are texts of literals; numbers are written plainly. One value, several for in / not in,
    none for is null / is not null. The text operators ignore case and take % and _ as they stand."""

    field: Value
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Against:
    """One value of a row against another of it: sold above the starting price; `right` is taken `factor` times."""

    left: Value
    operator: Literal["=", "<>", ">", ">=", "<", "<="]
    right: Value
    factor: Decimal = Decimal(1)


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
class Under:
    """In a tree: the row of `dataset` at the end of the path is the one whose `field` has the value, or lies below it.

    `relationship` leads from the dataset to itself (from the child to its parent).
    """

    path: Path
    dataset: str
    relationship: str
    field: str
    value: str


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


@dataclass(frozen=True, slots=True)
class AnyOf:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Negation:
    """Rows for which the condition does not hold; an unknown one does not hold either."""

    condition: Condition


Condition = Comparison | Against | Named | RoleHolds | During | Under | Exists | AnyOf | AllOf | Negation


# -- what is computed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Measure:
    """`kind`: count (rows), distinct (values of `field`), agg (`function` of `field`), metric (`metric`).

    `conditions` narrow this measure alone (a share's numerator); those of the plan narrow everything. `percentile` is
    a share (0.9), interpolated between neighbours. A hidden measure is computed for others and not shown.
    `name` is the column's, unique in the answer.
    """

    kind: Literal["count", "distinct", "agg", "metric"]
    name: str
    function: Function = ""
    field: Value | None = None
    metric: str = ""
    conditions: tuple[Condition, ...] = ()
    percentile: Decimal | None = None
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Dimension:
    """What rows are grouped by: a value, a time field cut to a `grain`, a number cut to buckets of `width` (named by
    their lower edge), or a whole `entity` (key and label)."""

    name: str
    field: Value
    grain: Grain | None = None
    entity: bool = False
    width: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """A column computed from the columns `of` and `by` after grouping.

    ratio: of / by. difference: of − by. growth: of / by − 1. Without `by`, difference and growth compare with the row
    `periods` steps earlier along the time dimension `along` (a calendar step of its grain: a missing one gives NULL),
    and previous is that earlier value itself. share: of / its sum. rank: 1 for the largest (`descending`) or smallest;
    equal values share a rank. running_total and moving_average (over `periods` rows, fewer at the start) go along
    `along`. `within` names the dimensions inside whose groups all of that happens.
    """

    name: str
    kind: Literal["ratio", "difference", "growth", "previous", "share", "rank", "running_total", "moving_average"]
    of: str
    by: str = ""
    within: tuple[str, ...] = ()
    along: str = ""
    periods: int = 1
    descending: bool = True
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Having:
    """A bound on a column: the first measure where none is named."""

    operator: Operator
    value: str
    column: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """By `field` when rows are listed; otherwise by `column`, the first measure where none is named."""

    descending: bool
    field: Value | None = None
    column: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """What is shown when rows are listed."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class Fold:
    """One more aggregation, over the rows of the answer so far: the average of monthly totals. `keep` names the
    dimensions that stay; `name` is the new column, `of` the folded one."""

    name: str
    function: Literal["avg", "min", "max", "sum", "median", "count"]
    of: str
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """`base` is the dataset whose rows are counted, summed or listed. Without measures, rows are listed.

    `beside`: plans over the same or other datasets, with dimensions of the same names in the same order; a group that
    only one of them has is kept, counts of it are 0 in the others and everything else NULL. Their orders, limits and
    own `beside` are empty. `within`: the limit holds for each group of these dimensions; `ties`: what equals the last
    row that the limit keeps is kept too.
    """

    base: str
    measures: tuple[Measure, ...] = ()
    dimensions: tuple[Dimension, ...] = ()
    conditions: tuple[Condition, ...] = ()
    having: tuple[Having, ...] = ()
    order: Order | None = None
    limit: int | None = None
    within: tuple[str, ...] = ()
    ties: bool = False
    columns: tuple[Column, ...] = ()
    distinct: bool = False
    beside: tuple[QueryPlan, ...] = ()
    derived: tuple[Derived, ...] = ()
    fold: Fold | None = None
    assumptions: tuple[str, ...] = field(default=())
