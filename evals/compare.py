"""Right or wrong: does an answer hold what the gold result holds?

Required gold columns are mapped one to one into the answer's columns, by values and not by name; an answer may have
more columns. Whole rows are compared under that map, as bags, and in order only where the question asks for one; rows
that tie in it are free. NULL, 0 and '' are three things.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from evals.cases import Grain
from evals.pairing import can_pair
from evals.values import Cell, Read, as_moment, as_number, holds_periods, is_number, period, scaled

# Each try compares rows once. Past this, many columns hold the same values in different rows: a table of flags.
MAX_TRIES = 2_000

Column = tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class Table:
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def column(self, index: int) -> Column:
        return tuple(row[index] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Gold:
    """The gold result. `ranks` has a number for each row, equal for rows that tie in the order of the gold query.

    `tied` are rows that its LIMIT cut away although they tie with the last row: each may stand in for one of those.
    """

    table: Table
    required: tuple[str, ...]
    ranks: tuple[int, ...] | None = None
    tied: tuple[tuple[Cell, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """`decimals`: numbers at most half a unit of this decimal apart are equal. `accept_scale`: factors of ratios."""

    decimals: int = 2
    order: bool = False
    accept_scale: tuple[Decimal, ...] = (Decimal(1),)
    time_grain: Grain | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is empty when equal."""

    equal: bool
    reason: str = ""


def compare(gold: Gold, answer: Table, rules: Rules) -> Verdict:
    if len(answer.columns) < len(gold.required):
        return Verdict(False, f"{_count(len(gold.required), 'column')} needed, {len(answer.columns)} given")
    if len(answer.rows) != len(gold.table.rows):
        return Verdict(False, f"{_count(len(gold.table.rows), 'row')} expected, {len(answer.rows)} given")
    if not answer.rows:
        return Verdict(True)
    search = _Search(gold, answer, rules)
    for name, candidates in zip(gold.required, search.candidates, strict=True):
        if not candidates:
            return Verdict(False, f"no column holds the values of “{name}”")
    if search.finds_a_map(ordered=rules.order):
        return Verdict(True)
    if search.gave_up:
        return Verdict(False, "too many columns hold the same values to tell which is which")
    if rules.order and search.finds_a_map(ordered=False):
        return Verdict(False, "the rows are right, their order is not")
    return Verdict(False, "each column is there, but the rows pair their values differently")


@dataclass(frozen=True, slots=True)
class _Candidate:
    """An answer column that holds the values of a gold column, both read alike."""

    index: int
    gold: Column
    given: Column


class _Search:
    """Looks for the map of columns: fewest candidates first, comparing rows each time a column is added."""

    def __init__(self, gold: Gold, answer: Table, rules: Rules) -> None:
        self._shape = _Shape(gold)
        self._decimals = rules.decimals
        self._given = [answer.column(i) for i in range(len(answer.columns))]
        everything = Table(gold.table.columns, gold.table.rows + gold.tied)
        self.candidates = [
            list(self._candidates(name, everything.column(gold.table.columns.index(name)), answer.columns, rules))
            for name in gold.required
        ]
        self._order = sorted(range(len(gold.required)), key=lambda i: len(self.candidates[i]))
        self._tries = 0

    @property
    def gave_up(self) -> bool:
        return self._tries >= MAX_TRIES

    def finds_a_map(self, *, ordered: bool) -> bool:
        self._tries = 0
        return self._extend([], ordered)

    def _extend(self, chosen: list[_Candidate], ordered: bool) -> bool:
        if len(chosen) == len(self._order):
            return True
        used = {each.index for each in chosen}
        seen: set[tuple[Column, Column]] = set()
        for each in self.candidates[self._order[len(chosen)]]:
            if each.index in used or (each.gold, each.given) in seen:
                continue
            seen.add((each.gold, each.given))  # a column with the same cells would end the same way
            if self.gave_up:
                return False
            self._tries += 1
            longer = [*chosen, each]
            if self._rows_agree(longer, ordered) and self._extend(longer, ordered):
                return True
        return False

    def _rows_agree(self, chosen: Sequence[_Candidate], ordered: bool) -> bool:
        gold = list(zip(*(each.gold for each in chosen), strict=True))
        given = list(zip(*(each.given for each in chosen), strict=True))
        return self._shape.agrees(gold, given, self._decimals, ordered=ordered)

    def _candidates(self, name: str, gold: Column, names: Sequence[str], rules: Rules) -> Iterator[_Candidate]:
        by_name = sorted(range(len(self._given)), key=lambda i: names[i].lower() != name.lower())
        for index in by_name:
            for read_gold, read_given in _readings(gold, self._given[index], rules):
                expected = tuple(map(read_gold, gold))
                given = tuple(map(read_given, self._given[index]))
                candidate = _Candidate(index, expected, given)
                if self._rows_agree([candidate], ordered=False):
                    yield candidate


class _Shape:
    """Which rows of the gold may stand where."""

    def __init__(self, gold: Gold) -> None:
        count = len(gold.table.rows)
        self._ranks = gold.ranks or tuple(range(count))
        self._tied = len(gold.tied)

    def agrees(self, gold: list[Column], given: list[Column], decimals: int, *, ordered: bool) -> bool:
        """`gold` has the tied rows at its end."""
        count = len(given)
        last = self._ranks.index(self._ranks[-1])
        if not ordered:
            # Every given row needs a partner, and every row that no tie can replace must be one: a matching for each
            # side makes one for both (Mendelsohn and Dulmage, 1958).
            return can_pair(given, gold, decimals) and (not self._tied or can_pair(gold[:last], given, decimals))
        start = 0
        while start < count:
            stop = start + self._ranks[start:].count(self._ranks[start])
            pool = gold[start:stop] + (gold[count:] if start == last else [])
            if not can_pair(given[start:stop], pool, decimals):
                return False
            start = stop
        return True


def _readings(gold: Column, given: Column, rules: Rules) -> Iterator[tuple[Read, Read]]:
    """How the two columns may be read: as periods, as numbers (a ratio by any accepted factor), or as they are."""
    if rules.time_grain is not None and holds_periods(gold, rules.time_grain):
        yield period(rules.time_grain), period(rules.time_grain)
    elif any(map(is_number, gold)) or any(map(is_number, given)):
        # A count is no ratio: only columns with a fraction may be scaled.
        is_ratio = any(isinstance(value, float | Decimal) for value in gold)
        for factor in rules.accept_scale if is_ratio else (Decimal(1),):
            yield as_number, scaled(factor)
    else:
        yield as_moment, as_moment


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
