"""Which cells of two shown results differ, so that a page can mark them.

Columns are matched by their values, then by name, as the comparison does; rows are matched whole, then by the first
matched column. This decides nothing: the verdict is the comparison's, on all rows, where at most SHOWN_ROWS are here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from evals.log.records import JsonCell, Shown

Cell = tuple[str, str]
# Cells of a row that stands on one side alone, where there is no cell to differ.
WHOLE_ROW = -1


@dataclass(frozen=True, slots=True)
class Marks:
    """By row: () for one that the other side has too, (WHOLE_ROW,) for one that it has not, else the indexes of the
    cells that differ from the row with the same key. `unmatched` are columns that the other side does not have."""

    rows: tuple[tuple[int, ...], ...]
    unmatched: tuple[int, ...]


def mark_differences(answer: Shown, gold: Shown, required: Sequence[str] = ()) -> tuple[Marks, Marks]:
    """Of the answer and of the gold. `required` empty: all gold columns; others are not looked at."""
    needed = [i for i, name in enumerate(gold.columns) if not required or name in required]
    pairs = _matched_columns(answer, gold, needed)
    given_rows = [tuple(_cell(row[given]) for given, _ in pairs) for row in answer.rows]
    wanted_rows = [tuple(_cell(row[wanted]) for _, wanted in pairs) for row in gold.rows]
    given_marks: list[tuple[int, ...]] = _found(given_rows, wanted_rows)
    wanted_marks: list[tuple[int, ...]] = _found(wanted_rows, given_rows)
    if pairs:
        _pair_by_key(pairs, given_rows, wanted_rows, given_marks, wanted_marks)
    lost = tuple(i for i in needed if i not in {wanted for _, wanted in pairs})
    extra = tuple(i for i in range(len(answer.columns)) if i not in {given for given, _ in pairs})
    return Marks(tuple(given_marks), extra), Marks(tuple(wanted_marks), lost)


def _matched_columns(answer: Shown, gold: Shown, needed: Sequence[int]) -> list[tuple[int, int]]:
    """Pairs of answer and gold column, those that share most values first; in the order of the gold's columns."""
    scores = []
    for wanted in needed:
        cells = Counter(_cell(row[wanted]) for row in gold.rows)
        for given, name in enumerate(answer.columns):
            shared = sum((cells & Counter(_cell(row[given]) for row in answer.rows)).values())
            is_namesake = name.lower() == gold.columns[wanted].lower()
            if shared or is_namesake:
                scores.append((shared + 0.5 * is_namesake, -abs(given - wanted), given, wanted))
    chosen: dict[int, int] = {}
    for _, _, given, wanted in sorted(scores, reverse=True):
        if wanted not in chosen and given not in chosen.values():
            chosen[wanted] = given
    if len(needed) == len(answer.columns) == 1:
        chosen = {needed[0]: 0}
    return [(given, wanted) for wanted, given in sorted(chosen.items())]


def _found(rows: Sequence[tuple[Cell, ...]], others: Sequence[tuple[Cell, ...]]) -> list[tuple[int, ...]]:
    left = Counter(others)
    marks: list[tuple[int, ...]] = []
    for row in rows:
        marks.append(() if left[row] > 0 else (WHOLE_ROW,))
        left[row] -= 1
    return marks


def _pair_by_key(
    pairs: Sequence[tuple[int, int]],
    given: Sequence[tuple[Cell, ...]],
    wanted: Sequence[tuple[Cell, ...]],
    given_marks: list[tuple[int, ...]],
    wanted_marks: list[tuple[int, ...]],
) -> None:
    """Rows that are on one side alone, and agree in the first column: their other cells are marked one by one."""
    alone = [j for j, mark in enumerate(wanted_marks) if mark]
    lonely = [i for i, mark in enumerate(given_marks) if mark]
    if len(pairs) == 1:
        return
    for i in lonely:
        j = next((j for j in alone if wanted[j][0] == given[i][0]), None)
        if j is None:
            continue
        alone.remove(j)
        places = [place for place in range(len(pairs)) if given[i][place] != wanted[j][place]]
        given_marks[i] = tuple(pairs[place][0] for place in places)
        wanted_marks[j] = tuple(pairs[place][1] for place in places)


def _cell(value: JsonCell) -> Cell:
    """With its type; numbers, also as texts, to two places, as most suites compare them; a midnight is its day."""
    if value is None or isinstance(value, bool):
        return type(value).__name__, str(value)
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        text = str(value)
        return "text", text[:10] if text[10:] in (" 00:00:00", "T00:00:00", "T00:00:00+00:00") else text
    if not number.is_finite():
        return "text", str(value)
    return "number", f"{number:.2f}" if abs(number) >= 1 or not number else f"{number:.2e}"
