"""What is exported and what never is; exact conversions; addresses."""

import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from auction_core.errors import LoadFailed, Refused
from auction_core.export import plan
from auction_core.export.arrow import MONEY, TIME, to_batch
from auction_core.export.bigquery_client import parse_place
from auction_core.export.plan import Mode, plan_tables
from auction_core.export.state import TableState, since
from auction_core.tables import INTERNAL, SENSITIVE, Base

MOMENT = datetime(2026, 6, 30, 12, tzinfo=UTC).replace(tzinfo=None)
OVERLAP = timedelta(minutes=10)
BIDS = plan_tables(["bids"])[0]
CENTS = st.none() | st.integers(-(10**12) + 1, 10**12 - 1)


def test_every_table_but_the_backends_own_has_a_way_to_be_exported() -> None:
    exported = {each.name for each in plan_tables()}
    assert exported == {t.name for t in Base.metadata.sorted_tables if t.info != INTERNAL}
    assert set(plan._MODES) == exported
    assert "event_outbox" not in exported


def test_the_times_that_mark_a_change_are_exported_columns() -> None:
    for each in plan_tables():
        assert set(each.marks) <= set(each.column_names)
        assert bool(each.marks) == (each.mode is not Mode.REPLACED)
        if each.mode is Mode.CHANGED:
            assert {"updated_at", "created_at"} <= set(each.marks)


def test_sensitive_columns_are_left_out_and_hashes_always_are() -> None:
    for each in plan_tables():
        assert [column.name for column in each.columns if column.info == SENSITIVE] == []
    names = {name for each in plan_tables(with_sensitive=True) for name in each.column_names}
    assert {"email", "full_name", "reserve_price"} <= names
    assert "password_hash" not in names


def test_an_unknown_table_is_refused() -> None:
    with pytest.raises(Refused, match="event_outbox"):
        plan_tables(["event_outbox"])


def test_all_rows_are_read_when_nothing_is_known_or_the_columns_are_others() -> None:
    state = TableState(MOMENT, 7, BIDS.column_names)
    assert since(None, BIDS, MOMENT, OVERLAP) is None
    assert since(replace(state, columns=("id",)), BIDS, MOMENT, OVERLAP) is None
    assert since(state, plan_tables(["watchlist"])[0], MOMENT, OVERLAP) is None


def test_the_overlap_is_before_the_watermark_or_before_a_clock_that_was_put_back() -> None:
    state = TableState(MOMENT, 7, BIDS.column_names)
    later, earlier = MOMENT + timedelta(hours=1), MOMENT - timedelta(hours=1)
    for taken_at, base in ((later, MOMENT), (earlier, earlier)):
        found = since(state, BIDS, taken_at, OVERLAP)
        assert found is not None
        assert (found.cutoff, found.highest_id) == (base - OVERLAP, 7)


def test_a_state_comes_back_as_it_was_kept() -> None:
    state = TableState(MOMENT.replace(microsecond=1), None, ("id", "name"))
    assert TableState.from_text(state.to_text()) == state


@given(st.lists(CENTS, max_size=40))
def test_money_of_sqlite_is_exact(cents: list[int | None]) -> None:
    exact = [None if amount is None else Decimal(amount).scaleb(-2) for amount in cents]
    rows = [(None if amount is None else float(amount),) for amount in exact]
    batch = to_batch(rows, pa.schema([pa.field("amount", MONEY)]), texts=True)
    batch.validate(full=True)
    assert batch.column(0).to_pylist() == exact


@given(st.lists(st.datetimes(datetime(1970, 1, 1), datetime(2262, 1, 1)), max_size=20))  # noqa: DTZ001 - naive UTC
def test_times_of_sqlite_are_exact(moments: list[datetime]) -> None:
    rows = [(moment.isoformat(" ", "microseconds"),) for moment in moments]
    batch = to_batch(rows, pa.schema([pa.field("at", TIME)]), texts=True)
    assert batch.column(0).to_pylist() == [moment.replace(tzinfo=UTC) for moment in moments]


@pytest.mark.parametrize("value", [float("nan"), 1e10, float("inf"), "12"])
def test_what_is_no_amount_is_refused(value: object) -> None:
    with pytest.raises(LoadFailed, match="amount"):
        to_batch([(value if value != "12" else "twelve",)], pa.schema([pa.field("amount", MONEY)]), texts=True)


def test_places_in_bigquery() -> None:
    place = parse_place("my-project.auction")
    assert (place.project, place.dataset, place.endpoint, place.is_local) == ("my-project", "auction", "", False)
    assert parse_place("example.com:old.auction").project == "example.com:old"
    assert parse_place("p.d?endpoint=http://127.0.0.1:9050").is_local
    assert not parse_place("p.d?endpoint=https://bigquery.example.org").is_local
    for wrong in (
        "p",
        "p.",
        ".d",
        "p.d-e",
        "p.d`; DROP",
        "p.d?endpoint=http://example.org",
        "p.d?endpoint=https://user:word@example.org",
        "p.d?endpoint=ftp://127.0.0.1",
        "p.d?credentials=x",
    ):
        with pytest.raises(Refused):
            parse_place(wrong)


def test_the_command_loads_nothing_heavy_before_it_is_used() -> None:
    heavy = ("pyarrow", "duckdb", "google.cloud.bigquery", "numpy")
    program = f"import sys, auction_core.cli; print([m for m in {heavy!r} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
