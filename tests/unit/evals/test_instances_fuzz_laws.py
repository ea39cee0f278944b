"""Whatever the schema: what a base's constraints say holds in each database that is made beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evals.instances.fuzz.make import Fuzzer, read_recipe
from evals.instances.fuzz.schema import quoted

TODAY = date(2026, 6, 30)
NAMES = ("t", "select", "two words", 'a"quote', "größe", "T_5")
CELLS: dict[str, Sequence[object]] = {
    "INTEGER": (-1, 0, 1, 5, 5, 90, None),
    "REAL": (-1.5, 0.0, 2.25, 9.99, None),
    "TEXT": ("new", "used", "used", "Ann Lee", "", None),
    "DATE": ("2026-06-01", "2025-12-31", None),
    "BLOB": (b"\x00\xff", b"x", None),
    "": (1, "1", 2.5, None),
}


@dataclass(frozen=True)
class Shape:
    """A table to be. `columns`: type, NOT NULL, UNIQUE. `parents`: number of a table (its own as well), NOT NULL."""

    columns: tuple[tuple[str, bool, bool], ...]
    parents: tuple[tuple[int, bool], ...]
    composite_key: bool
    without_rowid: bool
    count: int


_columns = st.tuples(st.sampled_from(sorted(CELLS)), st.booleans(), st.booleans())
_shapes = st.lists(
    st.builds(
        Shape,
        columns=st.lists(_columns, max_size=3).map(tuple),
        parents=st.lists(st.tuples(st.integers(0, 3), st.booleans()), max_size=2).map(tuple),
        composite_key=st.booleans(),
        without_rowid=st.booleans(),
        count=st.integers(0, 12),
    ),
    min_size=1,
    max_size=4,
)


def _ddl(shapes: Sequence[Shape], number: int) -> str:
    shape = shapes[number]
    parts = ["id INTEGER NOT NULL", "part INTEGER NOT NULL"]
    for place, (type_, not_null, unique) in enumerate(shape.columns):
        extra = (" NOT NULL" if not_null else "") + (" UNIQUE" if unique else "")
        parts.append(f"c{place} {type_}{extra}")
    for place, (parent, not_null) in enumerate(shape.parents):
        target = quoted(NAMES[parent % len(shapes)])
        if shapes[parent % len(shapes)].composite_key:
            parts.append(f"p{place} INTEGER, q{place} INTEGER")
        else:
            # A row that must link to one of its own table could never be the first.
            parts.append(f"p{place} INTEGER" + (" NOT NULL" if not_null and parent % len(shapes) < number else ""))
        columns, key = _link(shapes, place, parent)
        parts.append(f"CHECK (c{place} IS NULL OR c{place} <> 90)" if place < len(shape.columns) else "CHECK (1)")
        parts.append(f"FOREIGN KEY ({columns}) REFERENCES {target} ({key})")
    parts.append("PRIMARY KEY (id, part)" if shape.composite_key else "PRIMARY KEY (id)")
    # SQLite wants table constraints after all columns.
    ordered = sorted(parts, key=lambda part: part.startswith(("FOREIGN", "PRIMARY", "CHECK")))
    return f"CREATE TABLE {quoted(NAMES[number])} ({', '.join(ordered)})" + (" WITHOUT ROWID" * shape.without_rowid)


def _link(shapes: Sequence[Shape], place: int, parent: int) -> tuple[str, str]:
    if shapes[parent % len(shapes)].composite_key:
        return f"p{place}, q{place}", "id, part"
    return f"p{place}", "id"


def _build(path: Path, shapes: Sequence[Shape]) -> None:
    """What a constraint refuses is left out, so that the base is sound."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for number in range(len(shapes)):
            connection.execute(_ddl(shapes, number))
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("BEGIN")
        for number, shape in enumerate(shapes):
            for row in range(shape.count):
                cells: dict[str, object] = {"id": row, "part": row % 3}
                for place, (type_, _, _) in enumerate(shape.columns):
                    cells[f"c{place}"] = CELLS[type_][(row + place) % len(CELLS[type_])]
                for place, (parent, _) in enumerate(shape.parents):
                    cells[f"p{place}"] = row // 2
                    if shapes[parent % len(shapes)].composite_key:
                        cells[f"q{place}"] = row // 2 % 3
                names = ", ".join(cells)
                try:
                    connection.execute(
                        f"INSERT INTO {quoted(NAMES[number])} ({names}) VALUES ({', '.join('?' * len(cells))})",
                        tuple(cells.values()),
                    )
                except sqlite3.IntegrityError:
                    continue
        connection.execute("COMMIT")


def _made(path: Path, seed: int, golds: Sequence[str] = ()) -> Iterator[sqlite3.Connection]:
    fuzzer = Fuzzer(read_recipe(path, golds, None, TODAY))
    try:
        target = path.with_name(f"fuzz-{seed}.db")
        fuzzer.make(target, seed)
        with closing(sqlite3.connect(target)) as connection:
            yield connection
    finally:
        fuzzer.close()


@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(shapes=_shapes, seed=st.integers(0, 1_000))
def test_constraints_hold_in_what_is_made(shapes: list[Shape], seed: int) -> None:
    with TemporaryDirectory() as folder:
        base = Path(folder) / "base.db"
        _build(base, shapes)
        golds = [f"SELECT COUNT(*) FROM {quoted(name)} WHERE id > 3" for name in NAMES[: len(shapes)]]
        for made in _made(base, seed, golds):
            # It tests NOT NULL, UNIQUE, CHECK and STRICT too (https://sqlite.org/pragma.html#pragma_integrity_check).
            assert made.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert made.execute("PRAGMA foreign_key_check").fetchall() == []
            assert [made.execute(gold).fetchone() is not None for gold in golds] == [True] * len(golds)


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(shapes=_shapes)
def test_a_database_without_links_has_rows_in_every_table(shapes: list[Shape]) -> None:
    free = [Shape(each.columns, (), each.composite_key, each.without_rowid, each.count) for each in shapes]
    with TemporaryDirectory() as folder:
        base = Path(folder) / "base.db"
        _build(base, free)
        for made in _made(base, 1):
            for number in range(len(free)):
                (count,) = made.execute(f"SELECT COUNT(*) FROM {quoted(NAMES[number])}").fetchone()
                assert count > 0


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_seed_makes_the_same_bytes(tmp_path: Path, seed: int) -> None:
    base = tmp_path / "base.db"
    _build(base, [Shape((("TEXT", False, False), ("DATE", False, False)), ((0, False),), False, False, 9)])
    recipe = read_recipe(base, ["SELECT id FROM t WHERE c0 = 'new' AND c1 < '2026-01-01'"], None, TODAY)
    made = []
    for name in ("one.db", "two.db"):
        fuzzer = Fuzzer(recipe)
        fuzzer.make(tmp_path / name, seed)
        fuzzer.close()
        made.append((tmp_path / name).read_bytes())
    assert made[0] == made[1]


def test_another_seed_makes_other_rows(tmp_path: Path) -> None:
    base = tmp_path / "base.db"
    _build(base, [Shape((("TEXT", False, False), ("DATE", False, False)), (), False, False, 9)])
    rows = [made.execute("SELECT * FROM t").fetchall() for seed in (1, 2) for made in _made(base, seed)]
    assert rows[0] != rows[1]
