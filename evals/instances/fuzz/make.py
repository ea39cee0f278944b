"""A database like the base, with other rows: from a sample of the base, what gold queries ask for, and a seed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from itertools import combinations
from pathlib import Path
from random import Random

from evals.errors import InstanceImpossible
from evals.instances.fuzz.crowd import Crowd
from evals.instances.fuzz.habits import habits_of
from evals.instances.fuzz.keeping import Keeper
from evals.instances.fuzz.plants import Planter
from evals.instances.fuzz.relations import End, parents_first, with_complete, with_joins, with_model
from evals.instances.fuzz.sample import Sample, open_base, take_sample, with_orphans
from evals.instances.fuzz.solving import Solver
from evals.instances.fuzz.statements import Demand, demand_of
from evals.instances.fuzz.values import Draw, Value
from evals.instances.fuzz.write import write_database
from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.sqlite_connection import open_read_only

# SQLite's instructions, a second of them: counted and not timed, so that the same database is made on any machine.
GOLD_STEPS = 20_000_000
# How much of a row is drawn anew; at last rows are the base's own, in other numbers and links.
DARING = (0.5, 0.2, 0.0)
# Databases in which a column has NULLs, where the base has none.
WITH_NULLS = 0.6


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that a made database depends on, but for its seed and this code. `repr` tells two apart."""

    sample: Sample
    joins: tuple[tuple[End, End], ...]
    golds: tuple[str, ...]
    today: date


def read_recipe(base: Path, golds: Sequence[str], model: SemanticModel | None, today: date) -> Recipe:
    """Raises sqlite3.Error when the base cannot be read."""
    with open_base(base) as connection:
        sample = take_sample(connection)
        schema = with_model(sample.schema, model)
        demands = [each for sql in golds if (each := demand_of(sql, schema, today)) is not None]
        joins = tuple(dict.fromkeys(pair for demand in demands for pair in _joined(demand)))
        schema = with_orphans(connection, with_joins(schema, joins, lambda end: _is_distinct(sample, *end)))
        schema = with_complete(schema, sample, [label for demand in demands for label in demand.labels])
    with closing(open_read_only(base)) as connection:
        runs = tuple(sql for sql in dict.fromkeys(golds) if _runs(connection, sql))
    return Recipe(replace(sample, schema=schema), joins, runs, today)


class Fuzzer:
    """Of one recipe; `close` it. What the gold queries ask for is found out once, for all seeds."""

    def __init__(self, recipe: Recipe) -> None:
        self._recipe = recipe
        self._schema = recipe.sample.schema
        self._demands = [d for sql in recipe.golds if (d := demand_of(sql, self._schema, recipe.today)) is not None]
        self._draws = _draws(recipe)
        free = {pair for demand in self._demands for pair in _compared(demand)}
        self._habits = [habits_of(each, recipe.sample, self._draws, free) for each in self._schema.tables]
        self._solver = Solver()
        for demand in self._demands:
            self._plant_literals(demand)

    def close(self) -> None:
        self._solver.close()

    def make(self, path: Path, seed: int) -> None:
        """Writes a new file. Raises InstanceImpossible where the schema cannot be made again, or a gold query that
        runs on the base runs on none of what was tried."""
        for share in DARING:
            path.unlink(missing_ok=True)
            self._write(path, seed, share)
            broken = self._broken_gold(path)
            if not broken:
                return
        raise InstanceImpossible(f"No database like this one runs this gold query: {broken[:200]}")

    def _write(self, path: Path, seed: int, share: float) -> None:
        random = Random(f"{seed}/{share}/plants")  # noqa: S311 - to be repeated, not to be secret
        draws = {end: _for_one(draw, random) for end, draw in self._draws.items()}
        keepers = {each.table: Keeper(each, draws, random) for each in self._habits}
        crowd = Crowd(self._recipe.sample, draws, keepers, f"{seed}/{share}", share)
        planter = Planter(self._schema, draws, self._solver, crowd.new_key)
        plants = [plant for demand in self._demands for plant in planter.plants(demand, random)] if share else []
        tables = parents_first(self._schema)
        for table in tables:
            if not table.is_virtual:
                for plant in plants:
                    if plant.table == table.name:
                        crowd.add_plant(plant)
                crowd.fill(table)
        crowd.finish(tables)
        write_database(path, self._recipe.sample, tables, crowd)

    def _broken_gold(self, path: Path) -> str:
        with closing(open_read_only(path)) as connection:
            return next((sql for sql in self._recipe.golds if not _runs(connection, sql)), "")

    def _plant_literals(self, demand: Demand) -> None:
        """What a condition asks for, and what is beside it, may turn up in any row."""
        choices = [each for choice in demand.wanted for option in choice for each in option]
        for atom in (*choices, *demand.told_apart):
            if len(atom.places) == 1:
                key = (demand.tables[atom.places[0].occurrence], atom.places[0].column)
                solution = self._solver.solve(key, atom, self._draws[key])
                edges = (*solution.meets[:3], *solution.misses[:2])
                planted = self._draws[key].planted
                planted += [each for each in edges if each is not None and each not in planted]


def _draws(recipe: Recipe) -> dict[tuple[str, str], Draw]:
    """By table and column. Columns that gold queries equal, and that no link ties, may hold each other's values."""
    sample = recipe.sample
    stored: dict[End, list[Value]] = {
        (table.name, column.name): [each for each in sample.values(table.name, column.name) if each is not None]
        for table in sample.schema.tables
        for column in table.columns
    }
    linked = {(table.name, name) for table in sample.schema.tables for link in table.links for name in link.columns}
    shared: dict[End, list[Value]] = {}
    for pair in recipe.joins:
        for one, other in (pair, pair[::-1]):
            if one not in linked and set(map(type, stored[one])) == set(map(type, stored[other])):
                shared.setdefault(one, []).extend(stored[other])
    draws = {}
    for table in sample.schema.tables:
        for column in table.columns:
            end = (table.name, column.name)
            rows = sample.rows[table.name]
            nulls = 1 - len(stored[end]) / len(rows) if rows else 0.0
            nullable = column.nullable and not (table.keys and column.name in table.keys[0])
            values = stored[end] + shared.get(end, [])
            draws[end] = Draw(column.type, nullable, values, nulls, recipe.today)
    return draws


def _for_one(draw: Draw, random: Random) -> Draw:
    """A column that could be NULL and is not in the base is not in every database: NOT IN finds nothing beside NULL."""
    if draw.nullable and not draw.null_share and random.random() > WITH_NULLS:
        return draw.never_null()
    return draw


def _is_distinct(sample: Sample, table: str, column: str) -> bool:
    values = sample.values(table, column)
    return len(values) > 1 and None not in values and len(set(values)) == len(values)


def _joined(demand: Demand) -> Iterable[tuple[End, End]]:
    for one, other in demand.same:
        yield (demand.tables[one.occurrence], one.column), (demand.tables[other.occurrence], other.column)


def _compared(demand: Demand) -> Iterable[frozenset[str]]:
    """Columns of one row that a condition compares with each other."""
    atoms = [each for choice in demand.wanted for option in choice for each in option]
    for atom in (*atoms, *demand.told_apart):
        for one, other in combinations(atom.places, 2):
            if one.occurrence == other.occurrence:
                yield frozenset((one.column, other.column))


def _runs(connection: sqlite3.Connection, sql: str) -> bool:
    left = GOLD_STEPS

    def tick() -> int:
        nonlocal left
        left -= 10_000
        return int(left < 0)

    connection.set_progress_handler(tick, 10_000)
    try:
        with closing(connection.execute(sql)) as cursor:
            for _ in cursor:
                pass
    except (sqlite3.Error, sqlite3.Warning, ValueError):
        return False
    finally:
        connection.set_progress_handler(None, 0)
    return True
