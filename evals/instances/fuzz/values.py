"""Values for a column that could stand in it: like those of the base, and near the literals that gold queries name."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import inf, isfinite
from random import Random

from evals.instances.fuzz.moments import Form, form_of

Value = object  # None, int, float, str or bytes: what SQLite stores

# A column with at most so many different texts, each twice as often or more, is an enumeration: nothing new is made up.
ENUM_VALUES, ENUM_REPEATS = 24, 2.0
# Of so many values, what none of them is would be a surprise. A number that is one of few is a flag or a
# code, and a few days are enough to tell that none lies ahead.
ENOUGH_VALUES, FEW = 5, 3
# How often a value is one that a gold query asks for, or is at the edge of what it asks for.
PLANTED_SHARE = 0.15
LEAST_NULLS = 0.05
# Steps back from today at which questions put their edges: days, weeks, months, quarters, years.
RECENT_DAYS = (0, 1, 2, 6, 7, 8, 13, 14, 15, 21, 29, 30, 31, 32, 45, 59, 60, 61, 75, 89, 90, 91, 92, 120, 150, 180, 181,
               182, 184, 270, 364, 365, 366, 500, 730, 731)  # fmt: skip
_WORDS = re.compile(r"([^\W_]+)")


@dataclass(slots=True)
class Draw:
    """Of one column. `declared` is its type; `stored` are the base's values, with repeats and without NULLs, and
    `null_share` is the base's."""

    declared: str
    nullable: bool
    stored: Sequence[Value]
    null_share: float
    today: date
    planted: list[Value] = field(default_factory=list)
    distinct: list[Value] = field(init=False)
    form: Form | None = field(init=False)
    moments: list[datetime] = field(init=False)
    numbers: list[int | float] = field(init=False)
    places: int = field(init=False)
    classes: frozenset[type] = field(init=False)
    capitals: frozenset[str] = field(init=False)
    is_past: bool = field(init=False)

    def __post_init__(self) -> None:
        """`moments` are the values read by the form, `numbers` those that are finite; both in order."""
        self.distinct = _unique(self.stored)
        self.form = form = form_of(self.distinct) if self.stored else _declared_form(self.declared)
        read = [form.read(str(each)) for each in self.distinct] if form is not None else []
        self.moments = sorted(each for each in read if each is not None)
        self.numbers = sorted(each for each in self.distinct if isinstance(each, int | float) and isfinite(each))
        self.places = _decimal_places(self.numbers)
        self.classes = frozenset(map(type, self.distinct))
        self.capitals = frozenset(_capitals(each) for each in self.distinct if isinstance(each, str))
        has_days = form is not None and form.has_date and len(self.moments) >= FEW
        self.is_past = has_days and self.moments[-1] <= self.now

    @property
    def is_enumeration(self) -> bool:
        few = 0 < len(self.distinct) <= ENUM_VALUES and len(self.stored) >= ENUM_REPEATS * len(self.distinct)
        return few and self.classes != {float}

    def could_hold(self, value: Value) -> bool:
        """Whether a value that the base does not have would be no surprise: none below zero among numbers that never
        are, no day to come among days that all are past, no further word of an enumeration, no other capitals."""
        if self.form is not None and self.is_past:
            moment = self.form.read(str(value))
            return moment is None or moment <= self.now
        if value is None or self.form is not None or len(self.stored) < ENOUGH_VALUES:
            return True
        if isinstance(value, int | float) and self.numbers:
            if self.is_enumeration and len(self.distinct) <= FEW:
                return value in self.distinct
            low, high = (self.numbers[0], self.numbers[-1]) if self.is_enumeration else (min(0, self.numbers[0]), inf)
            return low <= value <= high
        if isinstance(value, str) and str in self.classes:
            return value in self.distinct or (not self.is_enumeration and _capitals(value) in self.capitals)
        return True

    @property
    def now(self) -> datetime:
        return datetime.combine(self.today, time(23, 59, 59))

    def never_null(self) -> Draw:
        other = copy(self)
        other.nullable = False
        return other

    def nulls(self) -> float:
        return max(self.null_share, LEAST_NULLS) if self.nullable else 0.0

    def draw(self, random: Random) -> Value:
        if random.random() < self.nulls():
            return None
        if self.planted and random.random() < PLANTED_SHARE:
            return random.choice(self.planted)
        return self.fresh(random)

    def fresh(self, random: Random) -> Value:
        """Never NULL."""
        if self.form is not None:
            return self.said(self._moment(random, self.form))
        if not self.distinct:
            return _of_type(self.declared, random)
        if self.is_enumeration:
            return random.choice(self.distinct)
        one = random.choice(self.stored)
        if isinstance(one, int) and self.classes == {int}:
            return self._whole(one, random)
        if isinstance(one, int | float) and isfinite(one) and self.classes <= {int, float}:
            return self._number(one, random)
        if isinstance(one, str) and self.classes == {str}:
            return self._text(one, random)
        return one

    def said(self, moment: datetime) -> Value:
        """In the form of a column of moments; no later than now where all are past."""
        if self.form is None:
            return None
        return self.form.write(min(moment, self.now) if self.is_past else moment)

    def _moment(self, random: Random, form: Form) -> datetime:
        known, choice = self.moments, random.random()
        if form.has_date and (choice < 0.35 or not known):
            day = self.today - timedelta(days=random.choice(RECENT_DAYS))
            return datetime.combine(day, time(random.randrange(24), random.randrange(60), random.randrange(60)))
        if not known:
            return datetime.combine(self.today, time(random.randrange(24), random.randrange(60), random.randrange(60)))
        if choice < 0.65:
            return random.choice(known)
        low, high = known[0], known[-1]
        moment = low + (high - low) * random.random()
        if not form.has_time:
            return moment + timedelta(days=random.choice((-1, 0, 1))) if low.year > 1 and high.year < 9999 else moment
        return moment

    def _whole(self, one: int, random: Random) -> int:
        low, high = int(self.numbers[0]), int(self.numbers[-1])
        choice = random.random()
        if choice < 0.5:
            return one
        if choice < 0.7:
            return min(high, max(low, one + random.choice((-1, 1))))
        return random.randint(low, high)

    def _number(self, one: float, random: Random) -> float:
        places = self.places
        low, high = self.numbers[0], self.numbers[-1]
        choice = random.random()
        step = 10.0**-places
        if choice < 0.4:
            return float(one)
        if choice < 0.55:
            return round(min(high, max(low, one + random.choice((-step, step)))), places)
        return round(low + (high - low) * random.random(), places)

    def _text(self, one: str, random: Random) -> str:
        """A word swapped for that of another value at the same place: what looks like an address still does."""
        if random.random() < 0.5 or _is_structured(one):
            return one
        mine, others = _WORDS.split(one), _WORDS.split(str(random.choice(self.distinct)))
        if len(mine) != len(others) or len(mine) < 3:
            return one
        place = random.randrange(1, len(mine), 2)
        mine[place] = others[place]
        return "".join(mine)


def _capitals(text: str) -> str:
    if text.upper() == text.lower():
        return "none"
    return "all" if text.isupper() else "none" if text.islower() else "some"


def _decimal_places(numbers: Sequence[int | float]) -> int:
    """Of a few of them. At most 6: what has more is computed, and finer steps would be lost in rounding."""
    found = 0
    for each in numbers[:: max(1, len(numbers) // 50)]:
        exponent = Decimal(str(each)).normalize().as_tuple().exponent
        found = max(found, -exponent if isinstance(exponent, int) else 0)
    return min(found, 6)


def _by_class(values: Sequence[Value]) -> list[tuple[type, Value]]:
    return [(type(each), each) for each in values]


def _unique(values: Sequence[Value]) -> list[Value]:
    """In the order of first sight; 1 and 1.0 are two values."""
    return [value for _, value in dict.fromkeys(_by_class(values))]


def _is_structured(text: str) -> bool:
    """JSON, in which swapped words would no longer be."""
    if text[:1] not in "[{":
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _declared_form(type_: str) -> Form | None:
    """Of a column without a value: what its type says."""
    kind = type_.upper()
    if "DATETIME" in kind or "TIMESTAMP" in kind:
        return Form("%Y-%m-%d %H:%M:%S")
    return Form("%Y-%m-%d") if "DATE" in kind else None


def _of_type(type_: str, random: Random) -> Value:
    """By SQLite's rules of affinity (https://sqlite.org/datatype3.html)."""
    kind = type_.upper()
    if "INT" in kind or "BOOL" in kind:
        return random.randint(0, 1) if "BOOL" in kind else random.randint(0, 100)
    if any(word in kind for word in ("CHAR", "CLOB", "TEXT")):
        return random.choice(("alpha", "beta", "gamma", "delta")) + random.choice(("", " one", " two"))
    if "BLOB" in kind:
        return bytes([random.randrange(256)])
    if kind == "ANY" or not kind:
        return random.randint(0, 100)
    return round(random.random() * 100, 2)
