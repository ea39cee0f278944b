"""Seeding a DuckDB file: the rows of the same seed elsewhere, all of them or none."""

import sqlite3
from pathlib import Path

import duckdb
import pytest

from auction_core.errors import DatabaseNotEmpty, ForeignDatabase, LoadFailed, Refused
from auction_core.seed import duckdb_target
from auction_core.seed.run import seed_database
from auction_core.tables import TABLE_NAMES

# The copy for reading has no tables of the backend that a seeding leaves empty.
COPIED = tuple(name for name in TABLE_NAMES if name not in {"outbox_lanes", "idempotency_keys"})
TYPES = {"BIGINT", "BOOLEAN", "DECIMAL(12,2)", "TIMESTAMP", "VARCHAR"}


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("duckdb") / "var" / "auction.duckdb"
    written = seed_database(f"duckdb:///{path}", "tiny")
    assert set(written) == set(COPIED)
    return path


def test_every_cell_is_that_of_the_sqlite_file(seeded: Path, tiny_db: Path) -> None:
    with duckdb.connect(str(seeded), read_only=True) as copy:
        kinds = {
            kind for (kind,) in copy.execute("SELECT data_type FROM duckdb_columns() WHERE NOT internal").fetchall()
        }
        assert kinds == TYPES
        original = sqlite3.connect(f"file:{tiny_db}?mode=ro", uri=True)
        for table in COPIED:
            names = [name for (name,) in original.execute(f"SELECT name FROM pragma_table_info('{table}')")]
            listed = ", ".join(names)
            order = ", ".join(str(n + 1) for n in range(min(2, len(names))))
            rows = copy.execute(f"SELECT {listed} FROM {table} ORDER BY {order}").fetchall()
            assert [tuple(map(plain, row)) for row in rows] == [
                tuple(map(plain, row)) for row in original.execute(f"SELECT {listed} FROM {table} ORDER BY {order}")
            ], table
        original.close()


def plain(value: object) -> str:
    """Money to the cent, times to the microsecond, flags as 0 and 1."""
    if isinstance(value, bool):
        return str(int(value))
    if hasattr(value, "isoformat"):
        return value.isoformat(sep=" ", timespec="microseconds")
    return f"{value:.2f}" if isinstance(value, float) else str(value)


def test_data_that_is_there_is_replaced_only_by_force(seeded: Path, tmp_path: Path) -> None:
    path = tmp_path / "auction.duckdb"
    path.write_bytes(seeded.read_bytes())
    with pytest.raises(DatabaseNotEmpty, match="--force"):
        seed_database(f"duckdb:///{path}", "tiny")
    seed_database(f"duckdb:///{path}", "tiny", 8, force=True)
    assert path.read_bytes() != seeded.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["auction.duckdb"]


def test_what_is_not_an_auction_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "text.duckdb").write_text("not a database")
    with pytest.raises(ForeignDatabase, match="not a DuckDB database"):
        seed_database(f"duckdb:///{tmp_path}/text.duckdb", "tiny", force=True)
    with duckdb.connect(str(tmp_path / "other.duckdb")) as other:
        other.execute("CREATE TABLE wages(id INTEGER)")
    with pytest.raises(ForeignDatabase, match="wages"):
        seed_database(f"duckdb:///{tmp_path}/other.duckdb", "tiny", force=True)
    for address in ("duckdb:///", "duckdb:///:memory:", f"duckdb:///{tmp_path}"):
        with pytest.raises(Refused):
            seed_database(address, "tiny")


def test_a_seeding_that_breaks_off_leaves_what_was_there(
    seeded: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "auction.duckdb"
    path.write_bytes(seeded.read_bytes())

    def broken(*arguments: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(duckdb_target, "_array", broken)
    with pytest.raises(LoadFailed, match="what was there before is untouched"):
        seed_database(f"duckdb:///{path}", "tiny", force=True)
    assert path.read_bytes() == seeded.read_bytes()
    assert [each.name for each in tmp_path.iterdir()] == ["auction.duckdb"]
