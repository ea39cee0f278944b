"""Which column of an answer is which required column of the gold? By its values, read alike on both sides.

Names decide only where they are a promise. A column of numbers that bears the name of a required one must hold its
values: an answer whose `revenue` is something else is wrong, although its `orders` may happen to be equal. And two
columns whose names are both asked for do not stand in for each other. Many equal texts are no coincidence, so that a
further `name` may hold anything; and a name that a database made up (`count`, `COUNT(*)`) promises nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from evals.matching.pairing import Row, can_pair, has_matching, is_covered
from evals.matching.reading import ReadColumn, SourceColumn, may_be_equal, readings
from evals.matching.rules import Gold, Rules, Table, positions
from evals.matching.tolerance import Tolerance

# Each try compares rows once. Past this, many columns hold the same values in different rows: a table of flags.
MAX_TRIES = 2_000
# Required columns times given ones, each pair looked at: about a second. Wider results are matched by name or place.
MAX_COLUMN_PAIRS = 50_000
# Of all tries together: about five seconds.
MAX_CELLS = 10_000_000

# Names that databases number columns with, in whatever order these stand.
_IS_A_PLACE = re.compile(r"_?c(ol(umn)?)?_?\d+|f\d+_|expr_?\d*")
# What databases call a column that the query gave no name, and names that say as little.
_SAYS_NOTHING = re.compile(
    r".*\W.*|[a-z]|_?c(ol(umn)?)?_?\d+|f\d+_|expr_?\d*|id|value|number|count|sum|avg|min|max|total|coalesce|case|round",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """An answer column that may be a gold column, both read alike. `gold` has the tied rows at its end."""

    index: int
    gold: ReadColumn
    given: ReadColumn


Map = tuple[Candidate, ...]


class MapSearch:
    """Looks for the map of columns. Columns that only one can be come first, and need no try of their own."""

    def __init__(self, gold: Gold, answer: Table, rules: Rules) -> None:
        self.rules = rules
        self.tolerance = Tolerance(rules.decimals)
        tied = gold.tied if rules.ties == "any" else ()
        self._shape = _Shape(gold, len(tied), rules, self.tolerance)
        self.row_count = len(gold.table.rows)
        # Columns at once: ten times as fast as one by one. There are rows on both sides.
        expected, given = list(zip(*gold.table.rows, *tied, strict=True)), list(zip(*answer.rows, strict=True))
        self.gold = [SourceColumn(gold.table.columns[place], expected[place]) for place in gold.places]
        self.given = [SourceColumn(name, cells) for name, cells in zip(answer.columns, given, strict=True)]
        self._names = positions(tuple(column.name for column in self.gold))
        self._given_names = positions(answer.columns)
        self.candidates: list[list[Candidate]] = []
        self._tries = 0
        self._cells = 0

    @property
    def gave_up(self) -> bool:
        return self._tries >= MAX_TRIES or self._cells >= MAX_CELLS

    def fits_by_name(self, *, ordered: bool) -> bool:
        """Whether the columns of the required names, or else those at the same places, are the map; most often they
        are, and no other needs to be looked at. Raises TooManyPairs."""
        names = [column.name.lower() for column in self.gold]
        if len(self._names) == len(names) and self._given_names.keys() >= set(names):
            indexes = [self._given_names[name] for name in names]
        elif len(self.given) == len(names) and not self._given_names.keys() & set(names):
            indexes = list(range(len(names)))
        else:
            return False
        found = [next(self._read(place, index)) for place, index in enumerate(indexes)]
        return self._rows_agree(tuple(found), ordered)

    @property
    def is_too_wide(self) -> bool:
        return len(self.gold) * len(self.given) > MAX_COLUMN_PAIRS

    def find_candidates(self) -> None:
        self.candidates = [list(self._candidates(place)) for place in range(len(self.gold))]

    def finds(self, *, ordered: bool) -> bool:
        """Whether there is a map. Raises TooManyPairs."""
        self._tries = self._cells = 0
        order = sorted(range(len(self.gold)), key=lambda place: len(self.candidates[place]))
        return self._extend((), [self.candidates[place] for place in order], ordered)

    def holds_alone(self, place: int) -> bool:
        """Whether a column may be the required one, looked at without the others. Raises TooManyPairs."""
        return any(self._rows_agree((each,), ordered=False) for each in self.candidates[place])

    def has_one_for_each(self) -> bool:
        """Whether there are columns enough, each looked at alone."""
        return has_matching([sorted({each.index for each in candidates}) for candidates in self.candidates])

    def claimed(self, place: int) -> int | None:
        """The answer column that bears the name of the required one and must therefore hold its values, if any."""
        index = self._namesake(place)
        if index is None or not self.gold[place].has_numbers or not self.given[index].has_numbers:
            return None
        return index

    def holders(self, place: int) -> list[int]:
        """The answer columns that may hold the values of the required one, whatever their names."""
        return [
            index
            for index in range(len(self.given))
            if any(self._rows_agree((each,), ordered=False) for each in self._readings(place, index))
        ]

    def _namesake(self, place: int) -> int | None:
        name = self.gold[place].name.lower()
        if self._names.get(name) != place or _SAYS_NOTHING.fullmatch(name):
            return None
        return self._given_names.get(name)

    def _candidates(self, place: int) -> Iterator[Candidate]:
        claimed = self.claimed(place)
        indexes: Sequence[int] = range(len(self.given)) if claimed is None else (claimed,)
        namesake = self._given_names.get(self.gold[place].name.lower())
        for index in sorted(indexes, key=lambda i: i != namesake):
            if not self._is_crossed(place, index):
                yield from self._readings(place, index)

    def _is_crossed(self, place: int, index: int) -> bool:
        """Whether the answer has a column of the required one's name, and this one bears another required name. Even of
        names that say little, one does not stand for the other: a `count` is no `sum`."""
        name = self.gold[place].name.lower()
        other = self._names.get(self.given[index].name.lower())
        if other is None or other == place or self._names.get(name) != place or name not in self._given_names:
            return False
        if self._given_names.get(self.given[index].name.lower()) != index:
            return False
        if not (self.gold[place].has_numbers and self.gold[other].has_numbers):
            return self._namesake(place) is not None and self._namesake(other) is not None
        return not _IS_A_PLACE.fullmatch(name)

    def _readings(self, place: int, index: int) -> list[Candidate]:
        found = self._read(place, index)
        return [each for each in found if may_be_equal(each.gold, each.given, self.rules, self.tolerance)]

    def _read(self, place: int, index: int) -> Iterator[Candidate]:
        gold, given = self.gold[place], self.given[index]
        for how in readings(gold, given, self.rules):
            yield Candidate(index, gold.read(how.of_gold), given.read(how))

    def _extend(self, chosen: Map, open_places: Sequence[Sequence[Candidate]], ordered: bool) -> bool:
        if not open_places:
            return self._rows_agree(chosen, ordered)
        used = {each.index for each in chosen}
        free = [each for each in open_places[0] if each.index not in used]
        seen: list[Candidate] = []
        for each in free:
            if any(each.gold is other.gold and each.given.cells == other.given.cells for other in seen):
                continue  # a column with the same cells would end the same way
            seen.append(each)
            longer = (*chosen, each)
            # Where there is no choice, a try would only be made twice.
            if len(free) > 1 and len(open_places) > 1 and not self._rows_agree(longer, ordered):
                continue
            if self._extend(longer, open_places[1:], ordered):
                return True
        return False

    def _rows_agree(self, chosen: Map, ordered: bool) -> bool:
        if self.gave_up:
            return False
        self._tries += 1
        gold = list(zip(*(each.gold.cells for each in chosen), strict=True))
        given = list(zip(*(each.given.cells for each in chosen), strict=True))
        self._cells += len(chosen) * (len(gold) + len(given))
        return self._shape.agrees(gold, given, ordered=ordered)


class _Shape:
    """Which rows of the gold may stand where."""

    def __init__(self, gold: Gold, tied: int, rules: Rules, tolerance: Tolerance) -> None:
        self._count = len(gold.table.rows)
        self._ranks = gold.ranks or tuple(range(self._count))
        self._tied = tied
        self._as_set = rules.rows == "set"
        self._tolerance = tolerance

    def agrees(self, gold: list[Row], given: list[Row], *, ordered: bool) -> bool:
        """`gold` has the tied rows at its end."""
        if ordered and self._as_set:
            return self._agrees_in_order(*self._distinct(gold), list(dict.fromkeys(given)))
        if ordered:
            return self._agrees_in_order(gold, self._ranks, given)
        first_tied = self._ranks.index(self._ranks[-1]) if self._tied else self._count
        sure = gold[:first_tied]
        if self._as_set:
            return is_covered(given, gold, self._tolerance) and is_covered(sure, given, self._tolerance)
        # Every given row needs a partner, and every row that no tie can replace must be one: a matching for each side
        # makes one for both (Mendelsohn and Dulmage, 1958).
        pairs = can_pair(given, gold, self._tolerance)
        return pairs and (not self._tied or can_pair(sure, given, self._tolerance))

    def _agrees_in_order(self, gold: list[Row], ranks: Sequence[int], given: list[Row]) -> bool:
        count = len(ranks)
        if len(given) != count:
            return False
        runs = [list(run) for _, run in groupby(range(count), key=ranks.__getitem__)]
        for run in runs:
            start, stop = run[0], run[-1] + 1
            pool = gold[start:stop]
            if pool == given[start:stop]:
                continue
            if stop == count:
                pool = pool + gold[count:]
            if not can_pair(given[start:stop], pool, self._tolerance):
                return False
        return True

    def _distinct(self, gold: list[Row]) -> tuple[list[Row], list[int]]:
        """Each row where it stands first, with its rank; tied rows that are no row of the gold stay at the end."""
        ranks: dict[Row, int] = {}
        for row, rank in zip(gold, self._ranks, strict=False):
            ranks.setdefault(row, rank)
        rest = [row for row in dict.fromkeys(gold[self._count :]) if row not in ranks]
        return [*ranks, *rest], list(ranks.values())
