"""Which values meet a condition: SQLite is asked, over values that could stand in the column.

That takes every function and operator as SQLite takes it, whatever its meaning, and knows no more of conditions than
the literals in them: candidates are the base's values, those literals, their neighbours, and days around the as-of day.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import isfinite

from evals.instances.fuzz.moments import Form, form_of
from evals.instances.fuzz.schema import quoted
from evals.instances.fuzz.statements import Atom, Place
from evals.instances.fuzz.values import RECENT_DAYS, Draw, Value

# Enough for every value of an enumeration, and few enough to be asked for each condition of each gold query.
CANDIDATES = 400
# A condition that runs longer is none to be met (a huge printf, a recursive function): some milliseconds.
STEPS = 200_000
_LEAST_YEAR, _LAST_YEAR = 1600, 2200


@dataclass(frozen=True, slots=True)
class Solution:
    """Values that meet a condition and values that miss it; those beside a literal first."""

    meets: tuple[Value, ...]
    misses: tuple[Value, ...]


class Solver:
    """Of one scratch database in memory; not for several threads."""

    def __init__(self) -> None:
        self._scratch = sqlite3.connect(":memory:", isolation_level=None)
        self._scratch.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, 1_000_000)
        self._scratch.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        self._left = STEPS
        self._scratch.set_progress_handler(self._tick, 1_000)
        self._known: dict[tuple[str, str, str], Solution] = {}

    def close(self) -> None:
        self._scratch.close()

    def solve(self, key: tuple[str, str], atom: Atom, draw: Draw) -> Solution:
        """Of a condition over one column; `key` is its table and name."""
        known = self._known.get((*key, atom.sql))
        if known is None:
            known = self._known[*key, atom.sql] = self._asked(atom, draw)
        return known

    def holds(self, atom: Atom, values: Mapping[Place, Value]) -> bool | None:
        """Of a condition over several columns; None where SQLite cannot tell."""
        try:
            self._left = STEPS
            bound = {f"p{number}": values[place] for number, place in enumerate(atom.places)}
            found = self._scratch.execute(f"SELECT {atom.sql}", bound).fetchone()[0]
        except (sqlite3.Error, KeyError, OverflowError, ValueError):
            return None
        return None if found is None else bool(found)

    def _asked(self, atom: Atom, draw: Draw) -> Solution:
        candidates = list(_candidates(atom.literals, draw))[:CANDIDATES]
        condition = atom.sql.replace(":p0", "c")
        try:
            self._left = STEPS * 10
            self._scratch.execute("DROP TABLE IF EXISTS pool")
            # With the column's type, since SQLite compares by it; a type that cannot be written gives a plain column.
            self._scratch.execute(
                f"CREATE TABLE pool (place INTEGER, c {quoted(draw.declared) if draw.declared else ''})"
            )
            self._scratch.executemany("INSERT INTO pool VALUES (?, ?)", enumerate(candidates))
            rows = self._scratch.execute(f"SELECT place, ({condition}) FROM pool ORDER BY place").fetchall()  # noqa: S608
        except (sqlite3.Error, OverflowError, ValueError):
            return Solution((), ())
        meets = tuple(candidates[place] for place, holds in rows if holds)
        return Solution(meets, tuple(candidates[place] for place, holds in rows if not holds))

    def _tick(self) -> int:
        self._left -= 1_000
        return int(self._left < 0)


def _candidates(literals: Sequence[str | int | float], draw: Draw) -> Iterator[Value]:
    seen: set[tuple[type, Value]] = set()
    form = draw.form
    beside = (each for each in _beside(literals, draw, form) if each in literals or draw.could_hold(each))
    around = filter(draw.could_hold, _around_today(draw, form))
    for value in (*beside, *draw.distinct, *around, None):
        if (type(value), value) not in seen and (value is not None or draw.nullable):
            seen.add((type(value), value))
            yield value


def _beside(literals: Iterable[str | int | float], draw: Draw, form: Form | None) -> Iterator[Value]:
    are_whole = all(isinstance(each, int) for each in draw.numbers)
    has_texts = str in draw.classes or (not draw.numbers and _keeps_texts(draw))
    for literal in literals:
        if form is not None:
            yield from _moments_beside(str(literal), form)
        elif isinstance(literal, int | float) and not has_texts:
            yield from _numbers_beside(literal, are_whole and isinstance(literal, int), draw.places)
        elif has_texts:
            yield from _texts_beside(str(literal))
        elif _is_number(str(literal)):
            yield from _numbers_beside(float(literal), are_whole, draw.places)


def _keeps_texts(draw: Draw) -> bool:
    return any(word in draw.declared.upper() for word in ("CHAR", "TEXT", "CLOB"))


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def _numbers_beside(number: float, whole: bool, places: int) -> Iterator[Value]:
    if whole:
        yield from (int(number), int(number) + 1, int(number) - 1)
        return
    step = 10.0 ** -max(places, 2)
    yield from (float(number), round(number + step, 6), round(number - step, 6), float(number) + 1, float(number) - 1)


def _texts_beside(text: str) -> Iterator[Value]:
    """Itself, in other cases, and with something before or after it; of a pattern, what its wildcards stand for."""
    plain = text.replace("%", "").replace("_", "a")
    yield plain
    if _is_number(plain) and plain.lstrip("-").isdigit():
        yield from (str(int(plain) + 1), str(int(plain) - 1))
        return
    yield from (f"{plain} x", f"x {plain}", plain.upper(), plain.lower(), plain.title(), plain[:-1] or "x")
    if "%" in text.strip("%"):
        yield from (text.strip("%").replace("%", " and "), text.strip("%").replace("%", ""))


def _moments_beside(text: str, form: Form) -> Iterator[Value]:
    moment = _read(text)
    if moment is not None:
        for step in (timedelta(0), timedelta(days=1), timedelta(days=-1)):
            for clock in (moment.time(), time(12), time(23, 59, 59)) if form.has_time else (moment.time(),):
                yield form.write(datetime.combine((moment + step).date(), clock))
    elif text.isdigit() and len(text) == 4 and _LEAST_YEAR <= int(text) <= _LAST_YEAR:
        for year in (int(text), int(text) - 1, int(text) + 1):
            for month, day in ((1, 1), (12, 31), *((month, 15) for month in range(1, 13))):
                yield form.write(datetime(year, month, day))  # noqa: DTZ001 - texts without zone


def _read(text: str) -> datetime | None:
    form = form_of([text])
    moment = form.read(text) if form is not None and form.has_date else None
    return moment if moment is not None and _LEAST_YEAR <= moment.year <= _LAST_YEAR else None


def _around_today(draw: Draw, form: Form | None) -> Iterator[Value]:
    if form is None or not form.has_date:
        return
    for days in (*RECENT_DAYS, -1, -7, -30):
        yield form.write(datetime.combine(draw.today - timedelta(days=days), time(12)))
