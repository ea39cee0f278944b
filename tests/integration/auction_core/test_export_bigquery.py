"""Exports into BigQuery: Google's own client against a stand-in that checks and keeps the calls."""

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from auction_core.errors import AuctionError, DatabaseNotEmpty, DatabaseUnreachable, LoadFailed, Refused
from auction_core.export import bigquery_client
from auction_core.export.bigquery_target import STAGE, STATE
from auction_core.export.run import Options, export_database
from auction_core.tables import Bid
from tests.integration.auction_core.export_changes import PLAN, bid, change, dice, fill, now, source_rows
from tests.integration.auction_core.world import World, make_world

if os.environ.get("CI") != "true":  # where tests must be complete, an absence is a failure
    pytest.importorskip("google.cloud.bigquery", reason="google-cloud-bigquery is not installed")

from tests.integration.auction_core.bigquery_stand_in import Fault, StandIn, running


@pytest.fixture
def bigquery() -> Iterator[StandIn]:
    with running() as made:
        yield made


@pytest.fixture
def source(tmp_path: Path) -> Iterator[World]:
    made = make_world(f"sqlite:///{tmp_path}/auction.db")
    fill(made.engine, dice(1), bids=200)
    yield made
    made.engine.dispose()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two tries of a request."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def assert_same(source: World, bigquery: StandIn) -> None:
    for exported in PLAN:
        columns, keys = ", ".join(exported.column_names), ", ".join(exported.key)
        found = bigquery.rows.execute(f"SELECT {columns} FROM {exported.name} ORDER BY {keys}").fetchall()
        assert found == source_rows(source.engine, exported), exported.name


def jobs(bigquery: StandIn, kind: str) -> list[dict[str, Any]]:
    return [job for job in bigquery.jobs.values() if kind in job["configuration"]]


def test_tables_get_types_partitions_and_clusters(source: World, bigquery: StandIn) -> None:
    export_database(source.url, bigquery.to, Options(location="EU"))
    assert set(bigquery.tables) == {exported.name for exported in PLAN} | {STATE}
    for name, day in (("bids", "placed_at"), ("payments", "created_at")):
        assert bigquery.tables[name]["timePartitioning"] == {"type": "DAY", "field": day}
        assert bigquery.tables[name]["clustering"] == {"fields": ["listing_id"]}
    assert "timePartitioning" not in bigquery.tables["users"]
    fields = {field["name"]: field for field in bigquery.tables["listings"]["schema"]["fields"]}
    assert (fields["id"]["type"], fields["id"]["mode"]) == ("INTEGER", "REQUIRED")
    assert (fields["current_bid"]["type"], fields["current_bid"]["mode"]) == ("NUMERIC", "NULLABLE")
    assert (fields["current_bid"]["precision"], fields["current_bid"]["scale"]) == (12, 2)
    assert fields["created_at"]["type"] == "TIMESTAMP"
    assert "reserve_price" not in fields
    assert_same(source, bigquery)


def test_every_job_is_labelled_placed_and_loads_parquet_into_a_table_of_its_run(
    source: World, bigquery: StandIn
) -> None:
    export_database(source.url, bigquery.to)
    assert len(jobs(bigquery, "load")) == len(PLAN)
    for job in bigquery.jobs.values():
        assert job["configuration"]["labels"] == bigquery_client.LABELS
        assert job["jobReference"]["location"] == "EU"
        assert job["jobReference"]["jobId"].startswith("auction-export-")
    for job in jobs(bigquery, "load"):
        load = job["configuration"]["load"]
        assert load["destinationTable"]["tableId"].startswith(STAGE)
        assert (load["sourceFormat"], load["writeDisposition"]) == ("PARQUET", "WRITE_TRUNCATE")


def test_later_exports_merge_what_changed_and_read_only_its_days(source: World, bigquery: StandIn) -> None:
    export_database(source.url, bigquery.to)
    rng = dice(3)
    for _ in range(3):
        change(source.engine, rng)
        bigquery.queries.clear()
        export_database(source.url, bigquery.to)
        assert_same(source, bigquery)
        (merge,) = [sql for sql in bigquery.queries if sql.startswith("MERGE") and ".bids`" in sql]
        assert "T.id = S.id AND T.placed_at = S.placed_at AND T.placed_at >= @oldest" in merge
        assert "ON FALSE" not in merge
    assert [name for name in bigquery.tables if name.startswith(STAGE)] == []


@pytest.mark.parametrize(
    ("wanted", "does", "status"),
    [
        ("POST /upload", "refuse", 403),
        ("POST .*/jobs$", "refuse", 403),
        ("POST .*/tables$", "refuse", 403),
        ("DELETE .*/tables/", "refuse", 403),
        ("POST /upload", "fail", 503),
        ("POST .*/jobs$", "fail", 503),
    ],
)
def test_an_export_that_broke_off_anywhere_is_made_good_by_the_next(
    source: World, bigquery: StandIn, wanted: str, does: str, status: int
) -> None:
    """Each time at another table, from the first call to the last."""
    rng = dice(5)
    for before in (0, 4):
        change(source.engine, rng)
        letting_pass = Fault(wanted, "nothing", before)
        bigquery.faults[:] = [letting_pass, Fault(wanted, does, bigquery_client.ATTEMPTS, status)]
        try:
            export_database(source.url, bigquery.to)
        except (DatabaseUnreachable, LoadFailed) as error:
            assert "secret" not in str(error)
        bigquery.faults.clear()
        export_database(source.url, bigquery.to)
        assert_same(source, bigquery)
        assert [name for name in bigquery.tables if name.startswith(STAGE)] == []


@pytest.mark.parametrize("does", ["refuse", "lose"])
@pytest.mark.parametrize("wanted", ["POST /upload", "POST .*/jobs$", "GET .*/queries/", "GET .*/datasets/auction$"])
def test_a_passing_failure_is_tried_again_and_nothing_is_done_twice(
    source: World, bigquery: StandIn, wanted: str, does: str
) -> None:
    bigquery.faults[:] = [Fault(wanted, "nothing", 1), Fault(wanted, does, 2)]
    if wanted.startswith("GET .*/d"):
        bigquery.faults[:] = [Fault(wanted, does, 2)]
    export_database(source.url, bigquery.to)
    assert bigquery.faults[-1].times == 0
    assert len(jobs(bigquery, "load")) == len(PLAN)
    assert_same(source, bigquery)


def test_a_job_that_fails_at_bigquery_is_started_again_under_another_id(source: World, bigquery: StandIn) -> None:
    bigquery.faults[:] = [Fault("POST /upload", "fail"), Fault("POST .*/jobs$", "fail")]
    export_database(source.url, bigquery.to)
    assert [name for name in bigquery.jobs if name.endswith("-2")]
    assert_same(source, bigquery)


def test_what_a_killed_export_left_is_removed_before_anything_is_merged(source: World, bigquery: StandIn) -> None:
    reference = {"projectId": "stand-in-project", "datasetId": "auction", "tableId": f"{STAGE}bids_0"}
    bigquery.insert_table({"tableReference": reference, "schema": {"fields": [{"name": "id", "type": "INTEGER"}]}})
    export_database(source.url, bigquery.to)
    assert bigquery.calls.index(next(c for c in bigquery.calls if c.startswith("DELETE"))) < bigquery.calls.index(
        next(c for c in bigquery.calls if c.startswith("POST"))
    )
    assert f"{STAGE}bids_0" not in bigquery.tables


def test_a_large_table_is_uploaded_in_pieces(source: World, bigquery: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("google.cloud.bigquery.client._MAX_MULTIPART_SIZE", 1000)
    export_database(source.url, bigquery.to)
    assert [call for call in bigquery.calls if call.startswith("PUT /upload")]
    assert_same(source, bigquery)


def test_other_columns_make_the_table_anew(source: World, bigquery: StandIn) -> None:
    export_database(source.url, bigquery.to, Options(with_sensitive=True))
    assert bigquery.rows.execute("SELECT email FROM users WHERE id = 2").fetchall() == [("user2@example.org",)]
    export_database(source.url, bigquery.to)
    assert "email" not in {field["name"] for field in bigquery.tables["users"]["schema"]["fields"]}
    assert_same(source, bigquery)


def test_a_table_that_no_export_made_is_replaced_only_by_full(source: World, bigquery: StandIn) -> None:
    reference = {"projectId": "stand-in-project", "datasetId": "auction", "tableId": "bids"}
    bigquery.insert_table({"tableReference": reference, "schema": {"fields": [{"name": "id", "type": "INTEGER"}]}})
    with pytest.raises(DatabaseNotEmpty, match="--full"):
        export_database(source.url, bigquery.to)
    export_database(source.url, bigquery.to, Options(full=True))
    assert_same(source, bigquery)


def test_a_late_row_is_merged(source: World, bigquery: StandIn) -> None:
    export_database(source.url, bigquery.to)
    with source.engine.begin() as connection:
        connection.execute(insert(Bid).values(bid(9001, datetime(2024, 5, 1, 12, tzinfo=UTC).replace(tzinfo=None))))
        connection.execute(insert(Bid).values(bid(9000, now())))
    export_database(source.url, bigquery.to)
    assert_same(source, bigquery)


def test_the_wrong_place_is_a_sentence(source: World, bigquery: StandIn) -> None:
    with pytest.raises(Refused, match="is in EU, not in US"):
        export_database(source.url, bigquery.to, Options(location="US"))
    with pytest.raises(DatabaseUnreachable, match="no BigQuery dataset"):
        export_database(source.url, bigquery.to.replace(".auction", ".other"))
    for place in ("bigquery:project", "bigquery:a.b?endpoint=http://example.org", "bigquery:a.b?key=x", "bigquery:"):
        with pytest.raises(Refused):
            export_database(source.url, place)
    with pytest.raises(Refused, match="--location"):
        export_database(source.url, "duckdb:x", Options(location="EU"))


def test_missing_credentials_or_client_are_a_sentence(
    source: World, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    key = tmp_path / "key.json"
    key.write_text('{"type": "service_account", "private_key": "top-secret"}')
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    with pytest.raises(DatabaseUnreachable, match="no credentials") as told:
        export_database(source.url, "bigquery:project.auction")
    assert "top-secret" not in str(told.value)
    monkeypatch.setitem(sys.modules, "google.cloud.bigquery", None)
    monkeypatch.delattr("google.cloud.bigquery", raising=False)
    with pytest.raises(DatabaseUnreachable, match="nl2sql\\[bigquery\\]"):
        export_database(source.url, "bigquery:project.auction")


def test_no_credentials_and_no_values_leave_this_machine_in_clear(source: World, bigquery: StandIn) -> None:
    export_database(source.url, bigquery.to)
    assert all("authorization" not in headers for headers in bigquery.headers)
    bigquery.faults[:] = [Fault("POST .*/jobs$", "refuse", 99, 400)]
    with pytest.raises(AuctionError) as told:
        export_database(source.url, bigquery.to)
    assert "secret row value" not in str(told.value)
