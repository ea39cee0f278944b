"""Right or wrong: does an answer hold what the gold result holds?

Required gold columns are mapped one to one into the answer's columns (evals.matching.mapping); an answer may have more
columns, which is right, though not strictly. Whole rows are compared under that map, as bags or as sets, and in order
only where the question asks for one; rows that tie in it are free. NULL, 0 and '' are three things.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from evals.matching.difference import count_of, first_out_of_order, row_counts, rows_apart
from evals.matching.mapping import MapSearch
from evals.matching.pairing import TooManyPairs
from evals.matching.reading import with_joined_periods
from evals.matching.rules import Gold, Rules, Table, positions, rules_of

__all__ = ["Difference", "Gold", "Rules", "Table", "Verdict", "compare", "equals", "rules_of"]

Difference = Literal["", "columns", "rows", "order"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` and `difference` are empty when equal. `is_strict`: equal, and no column more than required.

    `difference`: a required column is not there or bears another's name, rows have other values or another number, or
    the order alone is another.
    """

    equal: bool
    reason: str = ""
    difference: Difference = ""
    is_strict: bool = False


def compare(gold: Gold, answer: Table, rules: Rules) -> Verdict:
    """Takes a fifth of a millisecond for equal results of some dozen rows, and a second for 100,000 rows of six
    columns; what cannot be decided within seconds, or a dozen for 200,000 rows, is wrong, and says so."""
    verdict = _compared(gold, answer, rules)
    if verdict.equal or verdict.difference == "order":
        return verdict
    joined = with_joined_periods(answer, rules.time_grain)
    if joined is not None and _is_equal(gold, joined, rules):
        return Verdict(True)
    return verdict


def _compared(gold: Gold, answer: Table, rules: Rules) -> Verdict:
    if len(answer.columns) < len(gold.required):
        needed = count_of(len(gold.required), "column")
        return Verdict(False, f"{needed} needed, {len(answer.columns)} given", "columns")
    right = Verdict(True, is_strict=len(answer.columns) == len(gold.required))
    expected, given = len(gold.table.rows), len(answer.rows)
    if given != expected and (rules.rows == "bag" or not given or not expected):
        return Verdict(False, row_counts(gold, answer), "rows")
    if not answer.rows or _is_the_same(gold, answer, rules):
        return right
    search = MapSearch(gold, answer, rules)
    try:
        return _searched(search, rules, right)
    except TooManyPairs:
        return Verdict(False, "too many rows lie too near to each other to tell which is which", "rows")


def equals(gold: Gold, answer: Table, rules: Rules) -> bool:
    """As `compare`, without saying why not: that takes most of the time where two results differ."""
    if _is_equal(gold, answer, rules):
        return True
    joined = with_joined_periods(answer, rules.time_grain)
    return joined is not None and _is_equal(gold, joined, rules)


def _is_equal(gold: Gold, answer: Table, rules: Rules) -> bool:
    expected, given = len(gold.table.rows), len(answer.rows)
    if len(answer.columns) < len(gold.required):
        return False
    if given != expected and (rules.rows == "bag" or not given or not expected):
        return False
    if not answer.rows or _is_the_same(gold, answer, rules):
        return True
    search = MapSearch(gold, answer, rules)
    try:
        if search.fits_by_name(ordered=rules.order):
            return True
        if search.is_too_wide:
            return False
        search.find_candidates()
        return all(search.candidates) and search.finds(ordered=rules.order)
    except TooManyPairs:
        return False


def _searched(search: MapSearch, rules: Rules, right: Verdict) -> Verdict:
    if search.fits_by_name(ordered=rules.order):
        return right
    if search.is_too_wide:
        return Verdict(False, "too many columns to tell which is which but by name", "columns")
    search.find_candidates()
    for place, candidates in enumerate(search.candidates):
        if not candidates:
            return _without_column(search, place)
    if search.finds(ordered=rules.order):
        return right
    if search.gave_up:
        return Verdict(False, "too many columns hold the same values to tell which is which", "rows")
    if rules.order and search.finds(ordered=False):
        return Verdict(False, f"the rows are right, their order is not{first_out_of_order(search)}", "order")
    for place in range(len(search.candidates)):
        if not search.holds_alone(place):
            return _without_column(search, place)
    if not search.has_one_for_each():
        return Verdict(False, "one column would have to stand for two of the required ones", "columns")
    apart = rows_apart(search)
    return Verdict(False, f"each column is there, but the rows pair their values differently{apart}", "rows")


def _without_column(search: MapSearch, place: int) -> Verdict:
    """“columns” where the answer has no column that this one could be meant by."""
    name = search.gold[place].name
    holders = [search.given[index].name for index in search.holders(place)]
    if holders:
        reason = f"“{name}” has other values than required, although those of “{holders[0]}” happen to fit"
        return Verdict(False, reason + rows_apart(search), "columns")
    reason = f"no column holds the values of “{name}”{rows_apart(search)}"
    is_meant = any(given.name.lower() == name.lower() for given in search.given)
    alike = [given for given in search.given if given.is_like(search.gold[place])]
    needed = [column for column in search.gold if column.is_like(search.gold[place])]
    return Verdict(False, reason, "rows" if is_meant or len(alike) >= len(needed) else "columns")


def _is_the_same(gold: Gold, answer: Table, rules: Rules) -> bool:
    """Whether the cells are the same by Python's own comparison, which makes nothing equal that is not equal here.

    Under the same names; or at the same places, where the answer has no column more and no name in common.
    """
    places = gold.places
    named = positions(answer.columns)
    wanted = [name.lower() for name in gold.required]
    if all(name in named for name in wanted) and len(set(wanted)) == len(wanted):
        indexes = tuple(named[name] for name in wanted)
    elif len(answer.columns) == len(wanted) and not named.keys() & set(wanted):
        indexes = tuple(range(len(wanted)))
    else:
        return False
    expected, given = _project(gold.table, places), _project(answer, indexes)
    try:
        if expected == given:
            return True
        if rules.order:
            return False
        return set(expected) == set(given) if rules.rows == "set" else Counter(expected) == Counter(given)
    except (TypeError, ArithmeticError):  # lists and mappings, which are read as texts; numbers that signal
        return False


def _project(table: Table, places: tuple[int, ...]) -> list[tuple[object, ...]]:
    if places == tuple(range(len(table.columns))):
        return list(table.rows)
    return [tuple(row[place] for place in places) for row in table.rows]
