"""Makes the rows of one database keep to the habits of the base."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import timedelta
from math import inf
from random import Random
from types import MappingProxyType

from evals.instances.fuzz.habits import (
    BEGINNING,
    COMBINED,
    Cells,
    Combined,
    Draws,
    Follows,
    Habits,
    Ordered,
    Present,
    size,
)
from evals.instances.fuzz.schema import Link
from evals.instances.fuzz.values import Draw, Value

NO_FLOORS: Mapping[str, float] = MappingProxyType({})


class Keeper:
    """Of one table. What is new to a cause is remembered for the rows after."""

    def __init__(self, habits: Habits, draws: Draws, random: Random) -> None:
        self._habits = habits
        self._draws = draws
        self._random = random
        self._known = [dict(each.known) for each in habits.follows]
        self._causes = [_by_result(each.known) for each in habits.follows]

    def keep_to_parent(
        self, link: Link, cells: Cells, parent: Mapping[str, Value], floors: dict[str, float]
    ) -> list[str]:
        """Gives the columns that are now as the parent has them; `floors` gets what others may not be less than."""
        linked = next((each for each in self._habits.linked if each.link == link), None)
        if linked is None:
            return []
        for name, source in linked.copied:
            cells[name] = parent[source]
        for rule in linked.later:
            least = size(parent[rule.first], self._draws[link.parent, rule.first])
            if least is not None:
                floors[rule.second] = max(least + min(rule.gaps), floors.get(rule.second, least))
        return [name for name, _ in linked.copied]

    def keep(self, cells: Cells, fixed: Collection[str], floors: Mapping[str, float] = NO_FLOORS) -> None:
        """`fixed` are cells of a plant, which give way only where they contradict each other or the row's parents."""
        fixed = set(fixed) | self._habits.settled
        changed: set[str] = set()
        for number, rule in enumerate(self._habits.follows):
            self._follow(number, rule, cells, fixed, changed)
        for present in self._habits.present:
            self._fill_or_empty(present, cells, fixed)
        for ordered in self._habits.ordered:
            self._order(ordered, cells, fixed)
        for name, least in floors.items():
            self._lift(name, least, cells)
        for _ in range(2):  # what one moves on, another moves on too, plants as well
            for ordered in self._habits.ordered:
                self._order(ordered, cells, set())
        for combined in self._habits.combined:
            self._combine(combined, cells)

    def _follow(self, number: int, rule: Follows, cells: Cells, fixed: set[str], changed: set[str]) -> None:
        known, causes = self._known[number], self._causes[number]
        cause, result = rule.cause, rule.result
        if result in fixed and cause not in fixed and cells[result] in causes:
            if known.get(cells[cause]) != cells[result]:
                cells[cause] = self._random.choice(causes[cells[result]])
                changed.add(cause)
            return
        led_to = known.setdefault(cells[cause], cells[result])
        if result not in changed:
            cells[result] = led_to
        changed.add(result)

    def _fill_or_empty(self, rule: Present, cells: Cells, fixed: set[str]) -> None:
        is_empty = cells[rule.column] is None
        if cells[rule.cause] not in (rule.values if is_empty else rule.empty):
            return
        if rule.column not in fixed:
            cells[rule.column] = self._draw(rule.column).fresh(self._random) if is_empty else None
        elif rule.cause not in fixed:
            allowed = sorted(rule.empty if is_empty else rule.values, key=repr)
            cells[rule.cause] = self._random.choice(allowed) if allowed else cells[rule.cause]

    def _lift(self, name: str, least: float, cells: Cells) -> None:
        draw = self._draw(name)
        given = size(cells[name], draw)
        if given is not None and given < least:
            cells[name] = self._at(least, draw, cells[name])

    def _order(self, rule: Ordered, cells: Cells, fixed: set[str]) -> None:
        first, second = self._draw(rule.first), self._draw(rule.second)
        one, other = size(cells[rule.first], first), size(cells[rule.second], second)
        if one is None or other is None:
            return
        least = min(rule.gaps)
        last = _end(second) - least
        if one > last and rule.first not in fixed:  # or the second could not be later
            cells[rule.first] = self._at(last, first, cells[rule.first])
            one = last
        if one < other or (one == other and not least):
            return
        gap = self._random.choice(rule.gaps)
        if rule.second in fixed and rule.first not in fixed:
            cells[rule.first] = self._at(other - gap, first, cells[rule.first])
        else:
            cells[rule.second] = self._at(one + gap, second, cells[rule.second])

    def _at(self, place: float, draw: Draw, instead: Value) -> Value:
        """A number or a moment as the column holds them."""
        if draw.form is None:
            return round(place) if draw.classes == {int} else round(place, draw.places)
        try:
            return draw.said(BEGINNING + timedelta(seconds=round(place, 3)))
        except (OverflowError, ValueError):  # past the ends of the calendar
            return instead

    def _combine(self, rule: Combined, cells: Cells) -> None:
        one, other = (cells[part] for part in rule.parts)
        if cells[rule.result] is None or not isinstance(one, int | float) or not isinstance(other, int | float):
            return
        made = COMBINED[rule.by](one, other)
        cells[rule.result] = made if isinstance(made, int) else round(made, max(2, self._draw(rule.result).places))

    @property
    def settled(self) -> frozenset[str]:
        return self._habits.settled

    def _draw(self, column: str) -> Draw:
        return self._draws[self._habits.table, column]


def _end(draw: Draw) -> float:
    """The last that a column holds; without an end where days to come are among the base's."""
    return (draw.now - BEGINNING).total_seconds() if draw.is_past else inf


def _by_result(known: Mapping[Value, Value]) -> Mapping[Value, list[Value]]:
    found: dict[Value, list[Value]] = defaultdict(list)
    for cause, result in known.items():
        found[result].append(cause)
    return dict(found)
