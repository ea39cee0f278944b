"""After each export the warehouse has the rows of the source, whatever happened in between."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from sqlalchemy import delete, insert, update

from auction_core.errors import DatabaseNotEmpty, DatabaseUnreachable, ForeignDatabase, LoadFailed, Refused
from auction_core.export.plan import plan_tables
from auction_core.export.run import Options, Read, export_database, preview
from auction_core.tables import Bid, Listing
from tests.integration.auction_core.export_changes import (
    PLAN,
    assert_equal,
    bid,
    change,
    dice,
    fill,
    now,
    source_rows,
    warehouse_rows,
)
from tests.integration.auction_core.world import World, make_world

BIDS = next(exported for exported in PLAN if exported.name == "bids")


@pytest.fixture
def filled(world: World) -> World:
    fill(world.engine, dice(1))
    return world


@pytest.fixture
def file(tmp_path: Path) -> Iterator[World]:
    """An SQLite source, for what has nothing to do with the engine."""
    made = make_world(f"sqlite:///{tmp_path}/auction.db")
    fill(made.engine, dice(1))
    yield made
    made.engine.dispose()


# What a source gives to a target is in one form: each kind of source needs one kind of target, and the tests of a file
# have SQLite with both.
each_source = pytest.mark.parametrize(
    ("world", "to"), [("sqlite", "duckdb"), ("mysql", "parquet"), ("postgres", "duckdb")], indirect=True
)


@pytest.fixture(params=["duckdb", "parquet"])
def to(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return f"{request.param}:{tmp_path}/warehouse"


def by_table(reads: list[Read]) -> dict[str, Read]:
    return {read.table: read for read in reads}


@each_source
def test_the_warehouse_equals_the_source_after_each_round(filled: World, to: str) -> None:
    rng = dice(2)
    export_database(filled.url, to)
    assert_equal(filled.engine, to)
    for _ in range(3):
        for _ in range(rng.randint(1, 3)):
            change(filled.engine, rng)
        read = by_table(export_database(filled.url, to))
        assert_equal(filled.engine, to)
        assert 0 < read["bids"].rows < 800
        assert read["bids"].cutoff is not None


def test_what_is_not_new_is_not_read_again(file: World, to: str) -> None:
    export_database(file.url, to)
    read = by_table(export_database(file.url, to))
    assert read["bids"].rows == 0
    assert read["watchlist"].cutoff is None


def test_a_row_that_is_committed_late_with_an_older_time_is_not_lost(request: pytest.FixtureRequest, to: str) -> None:
    """On both servers: SQLite has one writer at a time."""
    for server in ("mysql_world", "postgres_world"):
        made: World = request.getfixturevalue(server)
        where = f"{to}_{server}"
        fill(made.engine, dice(1), bids=20)
        with made.engine.connect() as late:
            late.execute(insert(Bid).values(bid(1001, now())))
            with made.engine.begin() as early:
                early.execute(insert(Bid).values(bid(1002, now())))
            export_database(made.url, where)
            assert [row[0] for row in warehouse_rows(where, BIDS)][-1] == 1002
            late.commit()
        assert by_table(export_database(made.url, where))["bids"].cutoff is not None  # not by reading all rows
        assert [row[0] for row in warehouse_rows(where, BIDS)][-2:] == [1001, 1002]
        assert_equal(made.engine, where)


def test_new_ids_are_found_whatever_their_times(file: World, to: str) -> None:
    export_database(file.url, to)
    with file.engine.begin() as connection:
        connection.execute(insert(Bid).values(bid(5000, now() - timedelta(days=400))))
    export_database(file.url, to)
    assert_equal(file.engine, to)


def test_rows_that_vanished_or_came_in_unseen_are_noticed_by_their_number(file: World, to: str) -> None:
    with file.engine.begin() as connection:
        connection.execute(delete(Bid).where(Bid.id == 17))
    export_database(file.url, to)
    with file.engine.begin() as connection:
        connection.execute(insert(Bid).values(bid(17, now() - timedelta(days=2))))  # an old id and an old time
    assert by_table(export_database(file.url, to))["bids"].cutoff is None
    assert_equal(file.engine, to)
    with file.engine.begin() as connection:
        connection.execute(delete(Bid).where(Bid.id.in_([18, 19])))
    export_database(file.url, to)
    assert_equal(file.engine, to)


@each_source
def test_an_export_reads_one_moment(filled: World, to: str) -> None:
    """Trade goes on while the tables are read one after the other, and waits for nothing."""
    before = {exported.name: source_rows(filled.engine, exported) for exported in PLAN}
    if filled.engine.dialect.name == "sqlite":
        with filled.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
            connection.rollback()
    rng = dice(3)

    def trade(table: str, done: int, total: int) -> None:
        if done == total:
            change(filled.engine, rng)

    export_database(filled.url, to, progress=trade)
    assert {exported.name: warehouse_rows(to, exported) for exported in PLAN} == before
    export_database(filled.url, to)
    assert_equal(filled.engine, to)


@each_source
def test_pages_lose_no_row_at_their_edges(filled: World, to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auction_core.export.source.PAGE", 7)
    monkeypatch.setattr("auction_core.export.source.BUCKET", 16)
    moment = now()
    export_database(filled.url, to)
    with filled.engine.begin() as connection:
        connection.execute(delete(Bid).where(Bid.id > 780))
        connection.execute(insert(Bid), [bid(number, moment) for number in range(801, 840)])
    export_database(filled.url, to)
    with filled.engine.begin() as connection:  # the same time for many rows, below the highest id
        connection.execute(insert(Bid), [bid(number, moment) for number in range(781, 801)])
    export_database(filled.url, to)
    assert_equal(filled.engine, to)


def test_sensitive_columns_come_only_on_demand_and_go_again(file: World, to: str) -> None:
    export_database(file.url, to)
    everything = plan_tables(with_sensitive=True)
    export_database(file.url, to, Options(with_sensitive=True))
    assert_equal(file.engine, to, everything)
    export_database(file.url, to)
    assert_equal(file.engine, to)
    if to.startswith("duckdb:"):
        with duckdb.connect(to.partition(":")[2], read_only=True) as connection:
            names = {name for (name,) in connection.execute("SELECT column_name FROM duckdb_columns()").fetchall()}
        assert not names & {"email", "full_name", "reserve_price", "password_hash"}


def test_chosen_tables_leave_the_others_as_they_are(file: World, to: str) -> None:
    export_database(file.url, to)
    held = warehouse_rows(to, BIDS)
    change(file.engine, dice(4))
    assert list(by_table(export_database(file.url, to, Options(tables=["users", "payments"])))) == [
        "users",
        "payments",
    ]
    assert warehouse_rows(to, BIDS) == held
    export_database(file.url, to)
    assert_equal(file.engine, to)


def test_full_reads_all_rows_again(file: World, to: str) -> None:
    export_database(file.url, to)
    with file.engine.begin() as connection:  # by hand, without updated_at: an increment cannot see it
        connection.execute(update(Listing).where(Listing.id == 3).values(title="Corrected by hand"))
    export_database(file.url, to)
    with pytest.raises(AssertionError):
        assert_equal(file.engine, to)
    export_database(file.url, to, Options(full=True))
    assert_equal(file.engine, to)


def test_a_dry_run_tells_and_writes_nothing(file: World, to: str, tmp_path: Path) -> None:
    told = by_table(preview(file.url, to))
    assert told["bids"].rows == 800
    assert list(tmp_path.glob("warehouse*")) == []
    export_database(file.url, to)
    change(file.engine, dice(5))
    told = by_table(preview(file.url, to))
    done = by_table(export_database(file.url, to))
    assert [(r.table, r.rows) for r in told.values()] == [(r.table, r.rows) for r in done.values()]


def test_a_database_without_the_auctions_tables_is_a_sentence(empty_url: str, to: str, tmp_path: Path) -> None:
    if empty_url.startswith("sqlite"):
        Path(empty_url.removeprefix("sqlite:///")).touch()
    with pytest.raises(DatabaseUnreachable, match="auction-core migrate"):
        export_database(empty_url, to)
    assert list(tmp_path.glob("*warehouse*")) == []


def test_the_folder_is_partitioned_by_day_and_sorted_by_listing(mysql_world: World, tmp_path: Path) -> None:
    fill(mysql_world.engine, dice(1))
    export_database(mysql_world.url, f"parquet:{tmp_path}/w")
    files = sorted((tmp_path / "w" / "bids").rglob("*.parquet"))
    assert len(files) >= 12
    for path in files:
        file = pq.ParquetFile(path)
        assert str(file.schema_arrow.field("amount").type) == "decimal128(12, 2)"
        assert str(file.schema_arrow.field("placed_at").type) == "timestamp[us, tz=UTC]"
        assert file.metadata.row_group(0).column(0).compression == "ZSTD"
        rows = file.read()
        assert {f"placed_day={moment.date()}" for moment in rows["placed_at"].to_pylist()} == {path.parent.name}
        listings = rows["listing_id"].to_pylist()
        assert listings == sorted(listings)
    with duckdb.connect() as reader:
        query = f"SELECT COUNT(*), COUNT(DISTINCT placed_day) FROM read_parquet('{tmp_path}/w/bids/*/*.parquet')"
        assert reader.execute(query).fetchone() == (800, len(files))


def test_a_place_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/auction.db"
    make_world(url).engine.dispose()
    (tmp_path / "text").write_text("not a database")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    with duckdb.connect(str(tmp_path / "other")) as other:
        other.execute("CREATE TABLE wages(id INTEGER)")
    with duckdb.connect(str(tmp_path / "seeded")) as seeded:
        seeded.execute("CREATE TABLE bids(id INTEGER)")
    for place, error in (
        ("duckdb:{}/text", ForeignDatabase),
        ("duckdb:{}/other", ForeignDatabase),
        ("duckdb:{}/folder", Refused),
        ("parquet:{}/folder", ForeignDatabase),
        ("parquet:{}/text", Refused),
        ("duckdb:", Refused),
        ("csv:{}/x", Refused),
    ):
        with pytest.raises(error):
            export_database(url, place.format(tmp_path), Options(full="seeded" not in place))
    with pytest.raises(DatabaseNotEmpty, match="--full"):
        export_database(url, f"duckdb:{tmp_path}/seeded")
    export_database(url, f"duckdb:{tmp_path}/seeded", Options(full=True))
    assert len(warehouse_rows(f"duckdb:{tmp_path}/seeded", PLAN[1])) == 41
    assert (tmp_path / "folder" / "mine.txt").read_text() == "mine"


def test_a_value_that_is_no_time_is_a_sentence(tmp_path: Path) -> None:
    made = make_world(f"sqlite:///{tmp_path}/auction.db")
    with made.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE users SET created_at = 'yesterday' WHERE id = 2")
    with pytest.raises(LoadFailed, match="created_at"):
        export_database(made.url, f"duckdb:{tmp_path}/w")
    made.engine.dispose()
