"""What differs between two results, in a sentence with the first row that does."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime
from decimal import Decimal

from evals.matching.mapping import MapSearch
from evals.matching.pairing import Row
from evals.matching.reading import readings
from evals.matching.rules import Gold, Table, positions
from evals.matching.tolerance import as_double
from evals.matching.values import Cell, NotFinite, as_number

# Longer texts and wider rows are cut: a reason is one line.
SHOWN_CHARACTERS = 40
SHOWN_CELLS = 6
# So many given rows are looked at to find the one that was meant by a missing row.
LOOKED_AT = 50


def count_of(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def row_counts(gold: Gold, answer: Table) -> str:
    """For another number of rows; with an example where names or places say which columns to look at."""
    said = f"{count_of(len(gold.table.rows), 'row')} expected, {len(answer.rows):,} given"
    indexes = _named_or_placed(gold, answer)
    if indexes is None or not gold.table.rows or not answer.rows:
        return said
    expected = {_comparable(row): row for row in _project(gold.table, gold.places)}
    given = {_comparable(row): row for row in _project(answer, indexes)}
    unexpected = next((row for key, row in given.items() if key not in expected), None)
    missing = next((row for key, row in expected.items() if key not in given), None)
    if len(answer.rows) < len(gold.table.rows):
        return f"{said}; missing is {_shown(missing)}" if missing is not None else said
    if unexpected is not None:
        return f"{said}; not expected is {_shown(unexpected)}"
    return f"{said}; some rows are there too often" if missing is None else said


def rows_apart(search: MapSearch) -> str:
    """How many rows differ and the first that does, under the likeliest map of columns; "" where none is likely."""
    pair = _read_alike(search)
    if pair is None:
        return ""
    expected, given = pair
    missing, surplus = _left_over(expected, given, search)
    if not missing:
        return ""
    first = missing[0]
    nearest = max(surplus[:LOOKED_AT], key=lambda row: _equal_cells(row, first, search), default=None)
    instead = f", {_shown(nearest)} given" if nearest is not None else ""
    verb = "differs" if len(missing) == 1 else "differ"
    return f": {len(missing):,} of {count_of(len(expected), 'row')} {verb}, first {_shown(first)} expected{instead}"


def first_out_of_order(search: MapSearch) -> str:
    pair = _read_alike(search)
    for place, (expected, given) in enumerate(zip(*pair, strict=False) if pair else ()):
        if _equal_cells(expected, given, search) < len(expected):
            return f": row {place + 1:,} should be {_shown(expected)}, is {_shown(given)}"
    return ""


def _read_alike(search: MapSearch) -> tuple[list[Row], list[Row]] | None:
    """The rows of both sides with the required columns only; without rows that may stand in."""
    chosen = _likeliest(search)
    if chosen is None:
        return None
    gold, given = [], []
    for place, index in enumerate(chosen):
        how = next(readings(search.gold[place], search.given[index], search.rules))
        gold.append(search.gold[place].read(how.of_gold).cells[: search.row_count])
        given.append(search.given[index].read(how).cells)
    return list(zip(*gold, strict=True)), list(zip(*given, strict=True))


def _likeliest(search: MapSearch) -> list[int] | None:
    """Columns by their values, else by name, else at the same place or the first of the same kind."""
    chosen: list[int | None] = [None] * len(search.gold)
    for place, candidates in enumerate(search.candidates):
        chosen[place] = next((each.index for each in candidates if each.index not in chosen), None)
    names = positions(tuple(column.name for column in search.given))
    for place, column in enumerate(search.gold):
        if chosen[place] is not None:
            continue
        like = [i for i, given in enumerate(search.given) if given.has_numbers == column.has_numbers]
        guesses = [names.get(column.name.lower()), place if place in like else None, *like]
        chosen[place] = next((i for i in guesses if i is not None and i not in chosen), None)
    return [index for index in chosen if index is not None] if None not in chosen else None


def _left_over(expected: list[Row], given: list[Row], search: MapSearch) -> tuple[list[Row], list[Row]]:
    """Rows without an equal one on the other side; of many that are nearly equal, some may be told in vain."""
    missing, surplus = _without(expected, given), _without(given, expected)
    for row in missing[:LOOKED_AT]:
        equal = next((other for other in surplus[:LOOKED_AT] if _equal_cells(row, other, search) == len(row)), None)
        if equal is not None:
            missing.remove(row)
            surplus.remove(equal)
    return missing, surplus


def _without(rows: list[Row], others: list[Row]) -> list[Row]:
    there = Counter(map(_comparable, others))
    left = []
    for row in rows:
        key = _comparable(row)
        if there[key]:
            there[key] -= 1
        else:
            left.append(row)
    return left


def _equal_cells(one: Row, other: Row, search: MapSearch) -> int:
    return sum(_is_equal(a, b, search) for a, b in zip(one, other, strict=True))


def _is_equal(one: Cell, other: Cell, search: MapSearch) -> bool:
    if isinstance(one, int | float | Decimal) and isinstance(other, int | float | Decimal):
        return search.tolerance.close(one, other)
    return type(one) is type(other) and one == other


def _named_or_placed(gold: Gold, answer: Table) -> tuple[int, ...] | None:
    """The answer's columns for the required ones: by name, or by place where there are as many."""
    names = positions(answer.columns)
    found = [names.get(name.lower()) for name in gold.required]
    if None not in found:
        return tuple(index for index in found if index is not None)
    return tuple(range(len(found))) if len(found) == len(answer.columns) else None


def _project(table: Table, places: tuple[int, ...]) -> list[Row]:
    return [tuple(row[place] for place in places) for row in table.rows]


def _comparable(row: Row) -> Row:
    """For counting only: numbers to six digits."""
    read = map(as_number, row)
    return tuple(float(f"{as_double(cell):.6g}") if isinstance(cell, int | float | Decimal) else cell for cell in read)


def _shown(row: Row) -> str:
    cells = [_cell(cell) for cell in row[:SHOWN_CELLS]]
    return f"({', '.join(cells)}{', …' if len(row) > SHOWN_CELLS else ''})"


def _cell(cell: Cell) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, datetime) and not (cell.hour or cell.minute or cell.second or cell.microsecond):
        return cell.date().isoformat()
    if isinstance(cell, NotFinite):
        return cell.name
    is_text = not isinstance(cell, int | float | Decimal | date)
    text = " ".join(str(cell).split()) if is_text else str(cell)
    short = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return f"'{short}'" if is_text else short
