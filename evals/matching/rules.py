"""What is compared with what, and how strictly: results as columns and rows, and the rules of a case."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from evals.cases.base import Case, Grain, RowsAs, Suite, Ties
from evals.matching.values import Cell

Column = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as a driver gives them."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, index: int) -> Column:
        return tuple(row[index] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold result. `ranks` has a number for each row, equal for rows that tie in the order that was asked for.

    `tied` are rows that its LIMIT cut away although they tie with the last row: each may stand in for one of those.
    """

    table: Table
    required: tuple[str, ...]
    ranks: tuple[int, ...] | None = None
    tied: tuple[tuple[Cell, ...], ...] = ()

    @property
    def places(self) -> tuple[int, ...]:
        """Of the required columns; a name that is required twice means the first and the second of that name."""
        found: list[int] = []
        for name in self.required:
            found.append(next(i for i, there in enumerate(self.table.columns) if there == name and i not in found))
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Rules:
    """`decimals`: numbers at most half a unit of this decimal apart are equal; None: see evals.matching.tolerance.

    `order`: rows must come in the gold's order. `accept_scale`: factors of ratios, 1 is always among them. `rows`: each
    row as often as it occurs (bag), or once (set). `ties`: whether rows that tie with the gold's last may stand in.
    """

    decimals: int | None = None
    order: bool = False
    accept_scale: tuple[Decimal, ...] = (Decimal(1),)
    time_grain: Grain | None = None
    rows: RowsAs = "bag"
    ties: Ties = "any"


def rules_of(case: Case, suite: Suite) -> Rules:
    """What the case says stands above what the suite says."""
    return Rules(
        decimals=suite.decimals if case.decimals is None else case.decimals,
        order=bool(case.order_by),
        accept_scale=tuple(Decimal(repr(factor)) for factor in case.accept_scale) or (Decimal(1),),
        time_grain=case.time_grain,
        rows=case.rows,
        ties=case.ties,
    )


def positions(names: tuple[str, ...]) -> Mapping[str, int]:
    """Where the names are that occur once; capitals do not count."""
    lower = [name.lower() for name in names]
    return {name: index for index, name in enumerate(lower) if lower.count(name) == 1}
