"""Rows for a gold query to choose from: some that pass all its conditions together, across its joins, and some that
miss one of them by a little, lack a partner, or stand there twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from evals.instances.fuzz.schema import Schema
from evals.instances.fuzz.solving import Solver
from evals.instances.fuzz.statements import Atom, Demand, Place
from evals.instances.fuzz.values import Draw, Value

# For each query and database, besides scenes that miss one of its conditions each: a wrong query differs from a right
# one at one edge at a time. Of a long query not all conditions are missed in each database.
MODES = ("all", "absent", "all", "null")
MOST_MISSED, MOST_COUNTS = 8, 2
# How often rows that a NOT asks to be missing are missing, and how often the condition of a CASE is met.
DENIED_SHARE, TOLD_SHARE = 0.6, 0.5
# Draws for a condition over several columns, of which the best is kept.
TRIES = 12
# How often a value is the literal itself, or the one of it that fits; one of the few beside it; any. The first tells <
# from <=, the last a filter from none.
EDGES, REACHES = 4, (4, 3, 3)
# Columns that are joined or grouped by and are no keys: a value that no other row has, or one that many have.
NEW_SHARE = 0.5
# Columns that are compared with each other hold the same value so often: the edge between < and <=.
SAME_SHARE = 0.3

Draws = Mapping[tuple[str, str], Draw]
NewKey = Callable[[str, str], Value]


@dataclass(frozen=True, slots=True)
class Plant:
    """A row to be made, of which some cells are settled."""

    table: str
    cells: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Scene:
    """`missed`: the place of the condition that is not met. `at_edge`: by a literal itself and not by what is near it.
    `rows`: of one of the tables."""

    mode: str
    missed: int | None = None
    at_edge: bool = False
    rows: int = 1


@dataclass(frozen=True, slots=True)
class _Wanted:
    atoms: tuple[Atom, ...]
    missed: Atom | None
    at_edge: bool


class Planter:
    def __init__(self, schema: Schema, draws: Draws, solver: Solver, new_key: NewKey) -> None:
        self._schema = schema
        self._draws = draws
        self._solver = solver
        self._new_key = new_key

    def plants(self, demand: Demand, random: Random) -> list[Plant]:
        found: list[Plant] = []
        for mode in MODES:
            found += self._scene(demand, Scene(mode), random)
        for number in sorted({max(1, each + step) for each in demand.copies[:MOST_COUNTS] for step in (-1, 0, 1)}):
            found += self._scene(demand, Scene("all", rows=number), random)
        places = range(len(demand.wanted))
        for place in random.sample(places, min(MOST_MISSED, len(places))):
            found += self._scene(demand, Scene("all", place, at_edge=True), random)
            found += self._scene(demand, Scene("all", place), random)
        return found

    def _scene(self, demand: Demand, scene: Scene, random: Random) -> list[Plant]:
        present = set(range(len(demand.tables)))
        if demand.denied and random.random() < DENIED_SHARE:
            present -= demand.denied
        if scene.mode == "absent" and len(present) > 1:
            present.discard(random.choice(sorted(present)))
        chosen = [random.choice(choice) for choice in demand.wanted]
        atoms = [each for option in chosen for each in option if _is_among(each, present)]
        told = [each for each in demand.told_apart if _is_among(each, present) and random.random() < TOLD_SHARE]
        missed = random.choice(chosen[scene.missed]) if scene.missed is not None else None
        values = self._assign(demand, present, _Wanted((*atoms, *told), missed, scene.at_edge), random)
        if scene.mode == "null":
            self._empty_one(demand, values, random)
        rows = [
            Plant(demand.tables[number], {p.column: v for p, v in values.items() if p.occurrence == number})
            for number in sorted(present)
        ]
        return rows + self._copies(rows, scene.rows - 1, random)

    def _assign(self, demand: Demand, present: set[int], wanted: _Wanted, random: Random) -> dict[Place, Value]:
        """Values for all columns that a condition or a join names."""
        groups = _groups(demand.same, present, [*demand.grouped, *(p for atom in wanted.atoms for p in atom.places)])
        single = [each for each in wanted.atoms if len(each.places) == 1]
        several = [each for each in wanted.atoms if len(each.places) > 1]
        values: dict[Place, Value] = {}
        for group in groups:
            here = [each for each in single if each.places[0] in group]
            found = self._common(demand, here, wanted, random) if here else None
            value = found[0] if found else self._of_group(demand, group, random)
            values.update(dict.fromkeys(group, value))
        if several:
            settled = {place for each in single for place in each.places}
            return self._best(demand, groups, replace(wanted, atoms=tuple(several)), values, settled, random)
        return values

    def _common(self, demand: Demand, atoms: Sequence[Atom], wanted: _Wanted, random: Random) -> tuple[Value] | None:
        """A value that meets all of the conditions but the missed one; None where there is none."""
        allowed: list[Value] | None = None
        for atom in sorted(atoms, key=lambda each: each is wanted.missed, reverse=True):
            place = atom.places[0]
            key = (demand.tables[place.occurrence], place.column)
            solution = self._solver.solve(key, atom, self._draws[key])
            values = solution.misses if atom is wanted.missed else solution.meets
            allowed = list(values) if allowed is None else [each for each in allowed if each in values] or allowed
        if not allowed:
            return None
        reach = 1 if wanted.at_edge else random.choices((1, EDGES, len(allowed)), REACHES)[0]
        return (random.choice(allowed[:reach]),)

    def _of_group(self, demand: Demand, group: Sequence[Place], random: Random) -> Value:
        """A key that is new, so that only the rows of this scene meet; else what the column may hold."""
        for place in group:
            table = self._schema.table(demand.tables[place.occurrence])
            if table is not None and table.is_single_key(place.column):
                return self._new_key(table.name, place.column)
        place = random.choice(group)
        parent = self._parent(demand.tables[place.occurrence], place.column)
        if parent is not None and random.random() < NEW_SHARE:
            return self._new_key(*parent)
        if len({(demand.tables[each.occurrence], each.column) for each in group}) > 1 and random.random() < NEW_SHARE:
            return self._new_key(demand.tables[place.occurrence], place.column)
        return self._draws[demand.tables[place.occurrence], place.column].fresh(random)

    def _parent(self, name: str, column: str) -> tuple[str, str] | None:
        table = self._schema.table(name)
        links = table.links if table is not None else ()
        return next(((each.parent, each.parent_columns[0]) for each in links if each.columns == (column,)), None)

    def _best(
        self,
        demand: Demand,
        groups: Sequence[Sequence[Place]],
        wanted: _Wanted,
        values: dict[Place, Value],
        settled: set[Place],
        random: Random,
    ) -> dict[Place, Value]:
        """Draws again what only conditions over several columns name, and keeps what meets most of these."""
        named = list(dict.fromkeys(place for each in wanted.atoms for place in each.places))
        free = [group for group in groups if set(named) & set(group) and not settled & set(group)]
        best, most = values, -1
        for _ in range(TRIES):
            met = sum(self._solver.holds(each, values) is (each is not wanted.missed) for each in wanted.atoms)
            if met > most:
                best, most = dict(values), met
            if met == len(wanted.atoms):
                break
            for group in free:
                beside = [values[place] for place in named if place in values and place not in group]
                is_edge = bool(beside) and random.random() < SAME_SHARE
                value = random.choice(beside) if is_edge else self._of_group(demand, group, random)
                values.update(dict.fromkeys(group, value))
        return best

    def _empty_one(self, demand: Demand, values: dict[Place, Value], random: Random) -> None:
        can_be = [place for place in values if self._draws[demand.tables[place.occurrence], place.column].nullable]
        if can_be:
            values[random.choice(can_be)] = None

    def _copies(self, rows: Sequence[Plant], count: int, random: Random) -> list[Plant]:
        """More of one of the rows, of a table whose key is not settled by the scene."""
        free = []
        for row in rows if count else ():
            table = self._schema.table(row.table)
            if table is not None and not any(table.is_single_key(column) for column in row.cells):
                free.append(row)
        return [random.choice(free)] * count if free else []


def _is_among(atom: Atom, present: set[int]) -> bool:
    return all(place.occurrence in present for place in atom.places)


def _groups(same: Sequence[tuple[Place, Place]], present: set[int], others: Sequence[Place]) -> list[tuple[Place, ...]]:
    """Places that share a value; each of the others that shares it with none is a group too."""
    groups: dict[Place, list[Place]] = {}
    for one, other in same:
        if one.occurrence in present and other.occurrence in present:
            left, right = groups.setdefault(one, [one]), groups.setdefault(other, [other])
            if left is not right:
                left += right
                for place in right:
                    groups[place] = left
    for each in others:
        if each.occurrence in present:
            groups.setdefault(each, [each])
    return list({id(group): tuple(group) for group in groups.values()}.values())
