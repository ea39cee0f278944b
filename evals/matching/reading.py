"""Columns, and the ways in which two of them may be read alike: as numbers, as moments, as periods."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from math import isfinite

from evals.cases.base import Grain
from evals.matching.pairing import fits
from evals.matching.rules import Column, Rules, Table
from evals.matching.tolerance import DOUBLES_END, Tolerance, as_double
from evals.matching.values import YEARS, Cell, Read, as_moment, as_number, holds_periods, period, scaled

ONE = Decimal(1)

# Of a period that is said in two columns, the second: a month from 1 to 12, a quarter from 1 to 4, also as Q1. Weeks
# are numbered in several ways.
_PARTS: dict[Grain | None, tuple[int, str]] = {"month": (12, "{}-{:02}"), "quarter": (4, "{}-Q{}")}
# Answers have a year and a month; more columns that could be either are none.
MOST_JOINED, LONGEST_PART = 4, 4


@dataclass(frozen=True, slots=True)
class Reading:
    """Without a grain and a factor: as moments, which leaves other texts as they are. The factor is the answer's."""

    factor: Decimal | None = None
    grain: Grain | None = None

    @property
    def of_gold(self) -> Reading:
        return self if self.factor is None else AS_NUMBERS

    @property
    def read(self) -> Read:
        if self.grain is not None:
            return period(self.grain)
        if self.factor is None:
            return as_moment
        return as_number if self.factor == ONE else scaled(self.factor)


AS_MOMENTS = Reading()
AS_NUMBERS = Reading(factor=ONE)


class ReadColumn:
    """Cells as they are compared."""

    def __init__(self, cells: Column) -> None:
        self.cells = cells

    @cached_property
    def numbers(self) -> list[float]:
        """Sorted, as doubles: to look for near ones, not to tell whether two are equal."""
        kinds = set(map(type, self.cells))
        if kinds <= {float}:
            return sorted(self.cells)  # type: ignore[arg-type]
        found = [cell for cell in self.cells if isinstance(cell, int | float | Decimal)]
        if kinds <= {int, type(None)} and all(-DOUBLES_END < number < DOUBLES_END for number in found):
            return sorted(found)  # type: ignore[arg-type]
        return sorted(map(as_double, found))

    @cached_property
    def others(self) -> Counter[Cell]:
        if not self.numbers:
            return Counter(self.cells)
        return Counter(cell for cell in self.cells if not isinstance(cell, int | float | Decimal))


class SourceColumn:
    """A column as the driver gave it, read once in each way that it is compared in."""

    def __init__(self, name: str, cells: Column) -> None:
        self.name = name
        self.cells = cells
        self._kinds = set(map(type, cells))
        self._read: dict[Reading, ReadColumn] = {}

    def read(self, how: Reading) -> ReadColumn:
        if how not in self._read:
            self._read[how] = ReadColumn(self._cells(how))
        return self._read[how]

    def _cells(self, how: Reading) -> Column:
        """Numbers that are read as numbers are what they are, and the same texts are read once."""
        if how == AS_NUMBERS and self._kinds <= {int, type(None)}:
            return self.cells
        if how == AS_NUMBERS and self._kinds <= {float} and all(map(isfinite, self.cells)):  # type: ignore[arg-type]
            return self.cells
        if self._kinds <= {str, type(None)}:
            texts = {cell: how.read(cell) for cell in set(self.cells)}
            return tuple(map(texts.__getitem__, self.cells))
        return tuple(map(how.read, self.cells))

    @cached_property
    def has_numbers(self) -> bool:
        return any(issubclass(kind, int | float | Decimal) for kind in self._kinds)

    @cached_property
    def is_ratio(self) -> bool:
        """A count is no ratio: only a column with a double or a fraction may be scaled."""
        return float in self._kinds or any(
            isinstance(cell, Decimal) and cell.is_finite() and cell != cell.to_integral_value() for cell in self.cells
        )

    def is_like(self, other: SourceColumn) -> bool:
        """Whether both hold numbers or both hold none; a column of NULL is like any."""
        nothing = {type(None)}
        return self.has_numbers == other.has_numbers or self._kinds <= nothing or other._kinds <= nothing

    def holds_periods(self, grain: Grain) -> bool:
        return holds_periods(self.cells, grain)


def readings(gold: SourceColumn, given: SourceColumn, rules: Rules) -> Iterator[Reading]:
    """How the two may be read: as periods, as numbers (a ratio by any accepted factor), or as moments and texts."""
    if rules.time_grain is not None and gold.holds_periods(rules.time_grain):
        yield Reading(grain=rules.time_grain)
    elif gold.has_numbers or given.has_numbers:
        yield AS_NUMBERS
        if gold.is_ratio:
            yield from (Reading(factor=factor) for factor in rules.accept_scale if factor != ONE)
    else:
        yield AS_MOMENTS


def with_joined_periods(answer: Table, grain: Grain | None) -> Table | None:
    """With one column more for each year that stands beside a month, or a quarter; None where there is no such pair."""
    if grain not in _PARTS or not answer.rows:
        return None
    last, form = _PARTS[grain]
    columns = list(zip(*answer.rows, strict=True))
    years = [found for cells in columns if (found := _whole(cells, YEARS)) is not None]
    parts = [found for cells in columns if (found := _whole(cells, range(1, last + 1))) is not None]
    joined = [
        tuple(None if a is None or b is None else form.format(a, b) for a, b in zip(year, part, strict=True))
        for year in years
        for part in parts
    ]
    if not 0 < len(joined) <= MOST_JOINED:
        return None
    return Table((*answer.columns, *("" for _ in joined)), tuple(zip(*columns, *joined, strict=True)))


def _whole(cells: Column, among: range) -> list[int | None] | None:
    """Numbers, or texts like 2025, 07 and Q3; None where one is no number or not among them."""
    found: list[int | None] = []
    for cell in cells:
        text = (
            cell.upper().removeprefix("Q").lstrip("0") if isinstance(cell, str) and len(cell) <= LONGEST_PART else cell
        )
        number = as_number(text)
        if cell is not None and not (isinstance(number, int | float | Decimal) and number in among):
            return None
        found.append(int(number) if isinstance(number, int | float | Decimal) else None)
    return found if set(found) != {None} else None


def may_be_equal(gold: ReadColumn, given: ReadColumn, rules: Rules, tolerance: Tolerance) -> bool:
    """False only where no rows with these columns can be paired; costs little once a column's cells are sorted."""
    if gold.cells == given.cells:
        return True
    if rules.rows == "set":
        is_alike = given.others.keys() <= gold.others.keys()
        return is_alike and bool(given.numbers) <= bool(gold.numbers)
    is_alike = not given.others - gold.others
    return is_alike and fits(given.numbers, gold.numbers, tolerance.reach)
