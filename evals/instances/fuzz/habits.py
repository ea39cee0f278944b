"""What every row of the base keeps to, although no constraint says so: one date is never before another, a city lies in
one state, a total is the product of two columns, a moment is there only in some states.

A right answer may rely on any of these. Only what would rarely be so by chance is taken for a habit: within one table,
or of a row and the one it links to. A condition of a gold query over two columns of a row says that they are free.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, permutations, product
from math import inf, isclose, isfinite

from evals.instances.fuzz.relations import ENOUGH_ROWS
from evals.instances.fuzz.sample import Sample
from evals.instances.fuzz.schema import Link, Table
from evals.instances.fuzz.values import Draw, Value

# What holds in all rows is a habit if chance would make it so in fewer than one of a hundred tables like this.
CHANCE = 0.01
# Rows of the base that are looked at: pairs and threes of columns are many.
LOOKED_AT = 300
# Wider tables have more pairs than any question is about.
MOST_COLUMNS = 60
# Of numbers that are the product or the sum of others.
MOST_NUMBERS = 12
# Of two days in a row one is mostly the later one by what they mean, so that a few rows are enough to tell which.
FEWEST_DAYS, DAYS_CHANCE = 3, inf

# Moments are counted from it.
BEGINNING = datetime(1, 1, 1)  # noqa: DTZ001 - texts without zone

Cells = dict[str, Value]
Draws = Mapping[tuple[str, str], Draw]
COMBINED: Mapping[str, Callable[[float, float], float]] = {"*": lambda a, b: a * b, "+": lambda a, b: a + b}


@dataclass(frozen=True, slots=True)
class Ordered:
    """`first` is never after, or more than, `second`. `gaps` are what lies between them in the base: seconds between
    moments."""

    first: str
    second: str
    gaps: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Follows:
    """`result` is the same wherever `cause` is."""

    cause: str
    result: str
    known: Mapping[Value, Value]


@dataclass(frozen=True, slots=True)
class Present:
    """Whether `column` has a value is settled by `cause`: `values` of it, or else `empty` ones."""

    cause: str
    column: str
    values: frozenset[Value]
    empty: frozenset[Value]


@dataclass(frozen=True, slots=True)
class Combined:
    """`result` is one of the `parts` `by` the other: "*" or "+"."""

    result: str
    parts: tuple[str, str]
    by: str


@dataclass(frozen=True, slots=True)
class Linked:
    """Of a row and the one that `link` leads to. `copied`: a column of the row has the value of one of the other.
    `later`: the first, of the other, is never after the second, of the row."""

    link: Link
    copied: tuple[tuple[str, str], ...]
    later: tuple[Ordered, ...]


@dataclass(frozen=True, slots=True)
class Habits:
    """Of one table. `settled` are keys, links, copies and what is generated: they are as they are."""

    table: str
    ordered: tuple[Ordered, ...] = ()
    follows: tuple[Follows, ...] = ()
    present: tuple[Present, ...] = ()
    combined: tuple[Combined, ...] = ()
    linked: tuple[Linked, ...] = ()
    settled: frozenset[str] = frozenset()


def habits_of(table: Table, sample: Sample, draws: Draws, free: Collection[frozenset[str]]) -> Habits:
    """`free` are pairs of columns that gold queries compare."""
    names = [column.name for column in table.columns][:MOST_COLUMNS]
    rows = sample.rows[table.name][:LOOKED_AT]
    if table.is_virtual or len(rows) < FEWEST_DAYS:
        return Habits(table.name)
    settled = {name for key in table.keys for name in key} | {name for link in table.links for name in link.columns}
    settled |= {column.name for column in table.columns if column.is_generated}
    linked = tuple(_linked(table, link, sample, draws) for link in table.links if not link.has_orphans)
    settled |= {name for each in linked for name, _ in each.copied}
    columns = {name: [row[place] for row in rows] for place, name in enumerate(names)}
    causes = [
        name
        for name in names
        if not table.is_single_key(name) and _is_cause(columns[name]) and not _has_time(draws[table.name, name])
    ]
    results = [name for name in names if name not in settled]
    combined = tuple(_combined({name: columns[name] for name in results}, free))
    made = {each.result for each in combined}
    return Habits(
        table.name,
        tuple(_all_ordered({name: columns[name] for name in results}, table.name, draws, free)),
        tuple(
            Follows(cause, result, known)
            for cause in causes
            for result in results
            if cause != result and result not in made and frozenset((cause, result)) not in free
            if (known := _known(columns[cause], columns[result])) is not None
        ),
        tuple(found for cause in causes for name in results if (found := _presence(cause, name, columns)) is not None),
        combined,
        linked,
        frozenset(settled),
    )


def _has_time(draw: Draw) -> bool:
    return draw.form is not None and draw.form.has_time


def _is_cause(cells: Sequence[Value]) -> bool:
    kinds = set(map(type, cells))
    return kinds in ({str}, {int}) and 1 < len(set(cells)) < len(cells)


def _known(causes: Sequence[Value], results: Sequence[Value]) -> dict[Value, Value] | None:
    """What each cause leads to; None where it leads to several, or could do so by chance."""
    known: dict[Value, Value] = {}
    for cause, result in zip(causes, results, strict=True):
        if known.setdefault(cause, result) != result:
            return None
    shares = Counter(map(repr, results)).values()
    same_by_chance = sum((count / len(results)) ** 2 for count in shares)
    return known if same_by_chance ** (len(causes) - len(known)) < CHANCE else None


def _presence(cause: str, name: str, columns: Mapping[str, Sequence[Value]]) -> Present | None:
    if cause == name or None not in columns[name]:
        return None
    known = _known(columns[cause], [cell is None for cell in columns[name]])
    if known is None:
        return None
    empty = frozenset(value for value, is_empty in known.items() if is_empty)
    return Present(cause, name, frozenset(known) - empty, empty)


def _all_ordered(
    columns: Mapping[str, Sequence[Value]], table: str, draws: Draws, free: Collection[frozenset[str]]
) -> Iterator[Ordered]:
    sizes = {name: [size(cell, draws[table, name]) for cell in cells] for name, cells in columns.items()}
    for one, other in permutations(columns, 2):
        are_days = draws[table, one].form is not None
        if are_days is (draws[table, other].form is not None) and frozenset((one, other)) not in free:
            # Pairs of numbers are so many that some are in order by chance.
            chance = DAYS_CHANCE if are_days else CHANCE / len(columns) ** 2
            gaps = _gaps(sizes[one], sizes[other], FEWEST_DAYS if are_days else ENOUGH_ROWS // 2, chance)
            if gaps:
                yield Ordered(one, other, gaps)


def _gaps(
    ones: Sequence[float | None], others: Sequence[float | None], fewest: int, chance: float
) -> tuple[float, ...]:
    """Empty where they are not in order, or may be so by chance."""
    pairs = [(a, b) for a, b in zip(ones, others, strict=True) if a is not None and b is not None]
    if len(pairs) < fewest or any(a > b for a, b in pairs):
        return ()
    seconds = sorted(b for _, b in pairs)
    share = sum(len(pairs) - bisect_left(seconds, a) for a, _ in pairs) / len(pairs) ** 2
    return tuple(b - a for a, b in pairs) if share ** len(pairs) < chance else ()


def size(cell: Value, draw: Draw) -> float | None:
    """Of a number, or of a moment: its seconds."""
    if draw.form is not None:
        moment = draw.form.read(str(cell)) if cell is not None and draw.form.has_date else None
        return None if moment is None else (moment - BEGINNING).total_seconds()
    return float(cell) if isinstance(cell, int | float) and isfinite(cell) else None


def _linked(table: Table, link: Link, sample: Sample, draws: Draws) -> Linked:
    """Only of rows whose other one is in the sample too."""
    parent = sample.schema.table(link.parent)
    if parent is None or parent.name == table.name:
        return Linked(link, (), ())
    names, others = [each.name for each in table.columns], [each.name for each in parent.columns]
    by_key = {tuple(row[others.index(name)] for name in link.parent_columns): row for row in sample.rows[parent.name]}
    pairs = [
        (row, by_key[key])
        for row in sample.rows[table.name][:LOOKED_AT]
        if (key := tuple(row[names.index(name)] for name in link.columns)) in by_key
    ]
    keys = {name for key in table.keys for name in key} | {each.name for each in table.columns if each.is_generated}
    copied, later = [], []
    for (place, name), (there, other) in product(enumerate(names), enumerate(others)):
        if name in keys or name in link.columns or other in link.parent_columns or len(pairs) < FEWEST_DAYS:
            continue
        mine, theirs = [row[place] for row, _ in pairs], [row[there] for _, row in pairs]
        draw, beside = draws[table.name, name], draws[parent.name, other]
        if _are_copies(mine, theirs):
            copied.append((name, other))
        elif draw.form is not None and beside.form is not None:
            sizes = [size(cell, beside) for cell in theirs], [size(cell, draw) for cell in mine]
            if gaps := _gaps(*sizes, FEWEST_DAYS, DAYS_CHANCE):
                later.append(Ordered(other, name, gaps))
    return Linked(link, tuple(copied), tuple(later))


def _are_copies(ones: Sequence[Value], others: Sequence[Value]) -> bool:
    if len(ones) < ENOUGH_ROWS or ones != others or set(ones) == {None}:
        return False
    there = Counter(ones)
    return sum((count / len(ones)) ** 2 for count in there.values()) ** len(ones) < CHANCE


def _combined(columns: Mapping[str, Sequence[Value]], free: Collection[frozenset[str]]) -> Iterator[Combined]:
    """Products and sums; a difference is a sum said otherwise. A column is made of others once."""
    numbers = {name: cells for name, cells in columns.items() if _are_numbers(cells)}
    names, made = list(numbers)[:MOST_NUMBERS], set[str]()
    for result in names:
        for one, other in combinations([name for name in names if name != result and name not in made], 2):
            by = next((by for by in COMBINED if _holds(numbers[result], numbers[one], numbers[other], by)), None)
            if by is not None and result not in made and not any({result, part} in free for part in (one, other)):
                made.add(result)
                yield Combined(result, (one, other), by)


def _are_numbers(cells: Sequence[Value]) -> bool:
    found = {cell for cell in cells if cell is not None}
    return len(found) > 2 and all(isinstance(cell, int | float) and isfinite(cell) for cell in found)


def _holds(results: Sequence[Value], ones: Sequence[Value], others: Sequence[Value], by: str) -> bool:
    combine, rows = COMBINED[by], 0
    for result, one, other in zip(results, ones, others, strict=True):
        if isinstance(result, int | float) and isinstance(one, int | float) and isinstance(other, int | float):
            if not isclose(result, combine(one, other), rel_tol=1e-6, abs_tol=0.006):
                return False
            rows += 1
    return rows >= ENOUGH_ROWS // 2
