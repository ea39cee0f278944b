"""All rows of a database that is to be: planted ones first, then as many others as the base has, more or less.

Each row starts as one of the base's, so that columns which belong together mostly still do; then keys are new, links
lead to rows that are there, and many cells are drawn again. Nothing is written here: `rows_of` gives rows with the
cells that other rows rely on, and `Row.again` draws the rest anew when the database refuses a row.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random

from evals.instances.fuzz.keeping import Keeper
from evals.instances.fuzz.keys import new_keys
from evals.instances.fuzz.plants import Draws, Plant
from evals.instances.fuzz.sample import Sample
from evals.instances.fuzz.schema import Link, Names, Table
from evals.instances.fuzz.values import Value

# A table of five rows can hide a missing filter; one of thousands costs time with every query of every case.
LEAST_ROWS, MOST_ROWS = 30, 1_000
# Parents that get children at all: the others tell LEFT JOIN from JOIN.
WITH_CHILDREN = 0.75
# Rows that break a link which rows of the base break too.
ORPHANS = 0.08
TIED_TOPS = 0.3
PATIENCE = 40


@dataclass(slots=True)
class Row:
    """`settled` are the cells that other rows rely on: keys and links. `planted`: those of a plant.
    `floors`: seconds or numbers that its parents say a column is not below."""

    cells: dict[str, Value]
    settled: frozenset[str]
    planted: frozenset[str] = frozenset()
    floors: Mapping[str, float] = field(default_factory=dict)


class Crowd:
    """The rows of one database, in memory. Deterministic: the same sample, plants and seed make the same rows."""

    def __init__(self, sample: Sample, draws: Draws, keepers: Mapping[str, Keeper], seed: str, share: float) -> None:
        """`share` of the cells is drawn again, of rows that come from the base."""
        self._sample = sample
        self._share = share
        self._draws = draws
        self._keepers = keepers
        self._seed = seed
        self._random = Random(seed)  # noqa: S311 - to be repeated, not to be secret
        self._fresh: dict[tuple[str, str], Iterator[Value]] = {}
        self._used: dict[tuple[str, Names], set[tuple[Value, ...]]] = {}
        self._by_key: dict[tuple[str, Names], dict[tuple[Value, ...], Row]] = {}
        self._parents: dict[tuple[str, Names], list[tuple[Value, ...]]] = {}
        self._later: set[tuple[str, str]] = set()
        self.rows: dict[str, list[Row]] = {each.name: [] for each in sample.schema.tables}

    def new_key(self, table: str, column: str) -> Value:
        """Not given out before, and not in a row."""
        source = self._fresh.get((table, column))
        if source is None:
            random = Random(f"{self._seed}/{table}/{column}")  # noqa: S311
            source = self._fresh[table, column] = new_keys(self._draws[table, column], random)
        used = self._used.get((table, (column,)), set())
        return next(each for each in source if (each,) not in used)

    def size(self, table: Table) -> int:
        count = self._sample.counts[table.name]
        wanted = round(min(count, MOST_ROWS) * self._random.uniform(0.5, 2))
        return min(MOST_ROWS, max(LEAST_ROWS, wanted))

    def add_plant(self, plant: Plant) -> None:
        """Left out where another row has its key already."""
        table = self._sample.schema.table(plant.table)
        if table is not None:
            self._add(table, plant.cells)

    def fill(self, table: Table) -> None:
        missed = 0
        wanted = self.size(table)
        while len(self.rows[table.name]) < wanted and missed < PATIENCE:
            missed = 0 if self._add(table, {}) else missed + 1

    def again(self, table: Table, row: Row, attempt: int) -> Row:
        """Other values for what no other row relies on; the third time, and later, those of a row of the base."""
        kept = row.settled | (row.planted if attempt < 2 else frozenset())
        share = self._share / 2 if attempt < 2 else 0.0
        cells = {**self._start(table, share), **{name: row.cells[name] for name in kept}}
        self._keepers[table.name].keep(cells, kept, row.floors)
        return Row(cells, row.settled, row.planted, row.floors)

    def finish(self, tables: Sequence[Table]) -> None:
        """When all are filled: links that go in a circle, and ties at the top."""
        for table in tables:
            for link in table.links:
                if (table.name, link.parent) in self._later and not link.has_orphans:
                    self._tie(table, link)
            self._tie_tops(table)

    def _tie(self, table: Table, link: Link) -> None:
        """Rows that were made before any they could link to. The first of a tree links to itself if it must."""
        if any(set(key) & set(link.columns) for key in table.keys):
            return
        there = set(self._parent_cells(link))
        for row in self.rows[table.name]:
            is_open = any(row.cells[name] is None for name in link.columns)
            if is_open and (link.parent == table.name or self._random.random() > WITH_CHILDREN):
                continue
            if is_open or tuple(row.cells[name] for name in link.columns) not in there:
                own = tuple(row.cells[name] for name in link.parent_columns) if link.parent == table.name else None
                chosen = own or self._parent_of(table, link, {})
                row.cells.update(zip(link.columns, chosen or (), strict=bool(chosen)))

    def _tie_tops(self, table: Table) -> None:
        """A second row with the highest number: who answers “the top five” must not count on there being one order."""
        rows = self.rows[table.name]
        for column in table.columns:
            if self._random.random() > TIED_TOPS or any(column.name in row.settled for row in rows[:1]):
                continue
            numbers = [n for row in rows if isinstance(n := row.cells.get(column.name), int | float)]
            other = self._random.choice(rows) if rows else None
            if numbers and other is not None and column.name not in other.planted:
                other.cells[column.name] = max(numbers)
                self._keepers[table.name].keep(other.cells, {column.name, *other.planted}, other.floors)

    def _add(self, table: Table, fixed: Mapping[str, Value]) -> bool:
        for _ in range(PATIENCE if not fixed else 3):
            cells = {**self._start(table, self._share), **fixed}
            floors: dict[str, float] = {}
            if self._link(table, cells, fixed, floors) and self._identify(table, cells, fixed):
                keeper = self._keepers[table.name]
                keeper.keep(cells, fixed, floors)
                settled = {name for key in table.keys for name in key} | keeper.settled
                settled |= {name for link in table.links for name in link.columns}
                self._keep(table, Row(cells, frozenset(settled), frozenset(fixed), floors))
                return True
        return False

    def _keep(self, table: Table, row: Row) -> None:
        self.rows[table.name].append(row)
        for key in table.keys:
            cells = tuple(row.cells[name] for name in key)
            if None not in cells:
                self._used.setdefault((table.name, key), set()).add(cells)
                self._by_key.setdefault((table.name, key), {})[cells] = row
        for (name, columns), known in self._parents.items():
            if name == table.name:
                known.append(tuple(row.cells[column] for column in columns))

    def _start(self, table: Table, share: float) -> dict[str, Value]:
        """A row of the base with a share of its cells drawn again; all of them where the base has no row."""
        stored = self._sample.rows[table.name]
        one = self._random.choice(stored) if stored else None
        cells: dict[str, Value] = {}
        for place, column in enumerate(table.columns):
            if column.is_generated:
                continue
            draw = self._draws[table.name, column.name]
            if one is None or self._random.random() < share:
                cells[column.name] = draw.draw(self._random)
            else:
                cells[column.name] = one[place]
        return cells

    def _link(
        self, table: Table, cells: dict[str, Value], fixed: Mapping[str, Value], floors: dict[str, float]
    ) -> bool:
        bound = {name: value for name, value in fixed.items() if any(name in link.columns for link in table.links)}
        for link in table.links:
            if link.has_orphans and self._random.random() < ORPHANS and not set(link.columns) & set(bound):
                continue
            if any(name in bound and bound[name] is None for name in link.columns):
                continue
            can_be_null = [name for name in link.columns if self._draws[table.name, name].nullable]
            nulls = max((self._draws[table.name, name].nulls() for name in can_be_null), default=0.0)
            wants_null = bool(can_be_null) and self._random.random() < nulls and not set(can_be_null) & set(bound)
            chosen = None if wants_null else self._parent_of(table, link, bound)
            if chosen is None and all(name in bound for name in link.columns) and not link.has_orphans:
                chosen = self._made_parent(link, bound)
            if chosen is not None:
                cells.update(zip(link.columns, chosen, strict=True))
                bound.update(zip(link.columns, chosen, strict=True))
                if parent := self._row_at(link, chosen):
                    copied = self._keepers[table.name].keep_to_parent(link, cells, parent.cells, floors)
                    bound.update((name, cells[name]) for name in copied)
            elif can_be_null and not set(can_be_null) <= set(fixed):
                cells.update(dict.fromkeys((name for name in can_be_null if name not in fixed), None))
            elif (table.name, link.parent) not in self._later and not link.has_orphans:
                return False
        return True

    def _parent_of(self, table: Table, link: Link, bound: Mapping[str, Value]) -> tuple[Value, ...] | None:
        known = self._parent_cells(link)
        at = {place: bound[name] for place, name in enumerate(link.columns) if name in bound}
        fitting = [each for each in known if all(each[place] == value for place, value in at.items())] if at else known
        if not fitting:
            if not known:
                self._later.add((table.name, link.parent))
            return None
        # The first have the most children, and the last have none: but for what is bound, and for the first few.
        among = len(fitting) if at else max(1, round(len(fitting) * WITH_CHILDREN))
        chosen = fitting[int(among * self._random.random() ** 1.5)]
        return None if None in chosen else chosen

    def _parent_cells(self, link: Link) -> list[tuple[Value, ...]]:
        key = (link.parent, link.parent_columns)
        if key not in self._parents:
            rows = self.rows[link.parent]
            self._parents[key] = [tuple(row.cells[name] for name in link.parent_columns) for row in rows]
        return self._parents[key]

    def _row_at(self, link: Link, key: tuple[Value, ...]) -> Row | None:
        """The parent, where its columns are a key."""
        return self._by_key.get((link.parent, link.parent_columns), {}).get(key)

    def _made_parent(self, link: Link, bound: Mapping[str, Value]) -> tuple[Value, ...] | None:
        """A parent with the key that a plant asks for."""
        parent = self._sample.schema.table(link.parent)
        wanted = tuple(bound[name] for name in link.columns)
        if parent is None or not self._add(parent, dict(zip(link.parent_columns, wanted, strict=True))):
            return None
        return wanted

    def _identify(self, table: Table, cells: dict[str, Value], fixed: Mapping[str, Value]) -> bool:
        """Gives each key values that no row has; False where what is fixed or linked leaves none."""
        linked = {name for link in table.links for name in link.columns}
        for key in table.keys:
            free = [name for name in key if name not in linked and name not in fixed]
            if len(key) == 1 and free:
                draw = self._draws[table.name, key[0]]
                optional = draw.nullable and self._random.random() < draw.null_share
                cells[key[0]] = None if optional else self.new_key(table.name, key[0])
                continue
            used = self._used.get((table.name, key), set())
            for _ in range(PATIENCE if free else 1):
                values = tuple(cells[name] for name in key)
                if None in values or values not in used:
                    break
                name = self._random.choice(free) if free else ""
                if name:
                    cells[name] = self._draws[table.name, name].fresh(self._random)
            else:
                return False
        return True
