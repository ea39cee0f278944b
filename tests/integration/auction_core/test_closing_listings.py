"""Listings that ran out are closed, each exactly once, however many workers are at it."""

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, text, update

from auction_core.bidding import SnipeGuard
from auction_core.errors import DatabaseUnreachable, InvalidRequest
from auction_core.events import ListingClosed, PaymentDue
from auction_core.results import ClosedListing
from auction_core.store import Store
from auction_core.tables import Category, Listing, Payment
from auction_core.writes.transaction import Rules
from tests.integration.auction_core.evidence import (
    assert_invariants,
    event_types,
    events_of,
    nothing_written,
    row_of,
    sqlite_world,
)
from tests.integration.auction_core.world import CATEGORY, World


def later(world: World, **by: float) -> Store:
    return Store(world.engine, clock=lambda: datetime.now(UTC) + timedelta(**by))


def bid(world: World, listing_id: int, *amounts: str) -> None:
    for number, amount in enumerate(amounts):
        Store(world.engine).place_bid(
            bidder_id=2 + number, listing_id=listing_id, amount=Decimal(amount), key=f"bid-{listing_id}-{number}"
        )


def run_out(world: World, count: int) -> list[int]:
    """Ids of listings that ended with a bid each, a minute from now."""
    ids = [world.listing(ends_at=datetime.now(UTC).replace(tzinfo=None) + timedelta(minutes=1)) for _ in range(count)]
    for listing_id in ids:
        bid(world, listing_id, "10.00")
    return ids


def test_a_listing_with_a_bid_is_sold_and_its_winner_owes_the_price(world: World) -> None:
    listing_id = world.listing()
    bid(world, listing_id, "10.00", "123.45")
    (closed,) = later(world, hours=2).close_due_listings()
    listing = row_of(world.engine, Listing, id=listing_id)
    payment = row_of(world.engine, Payment, listing_id=listing_id)
    assert (listing.status, listing.closed_at) == ("sold", listing.updated_at)
    assert listing.closed_at >= listing.ends_at
    assert (payment.buyer_id, payment.amount, payment.fee) == (3, Decimal("123.45"), Decimal("12.35"))  # 12.345, up
    assert (payment.status, payment.method, payment.paid_at) == ("pending", "card", None)
    assert payment.created_at == listing.closed_at
    at = listing.closed_at.replace(tzinfo=UTC)
    assert closed == ClosedListing(
        listing_id=listing_id,
        status="sold",
        closed_at=at,
        winner_id=3,
        final_price=Decimal("123.45"),
        payment_id=payment.id,
    )
    assert events_of(world.engine)[-2:] == [
        ListingClosed(
            listing_id=listing_id,
            status="sold",
            bought_now=False,
            winner_id=3,
            final_price=Decimal("123.45"),
            closed_at=at,
        ),
        PaymentDue(listing_id=listing_id, payment_id=payment.id, buyer_id=3, amount=Decimal("123.45"), created_at=at),
    ]
    with nothing_written(world.engine):
        assert later(world, hours=3).close_due_listings() == []
    assert_invariants(world.engine)


def test_a_listing_below_its_reserve_or_without_a_bid_is_unsold(world: World) -> None:
    quiet, cheap, met = (
        world.listing(),
        world.listing(reserve_price=Decimal("50.00")),
        world.listing(reserve_price=Decimal("50.00")),
    )
    bid(world, cheap, "49.99")
    bid(world, met, "50.00")
    closed = {one.listing_id: one for one in later(world, hours=2).close_due_listings()}
    assert {key: one.status for key, one in closed.items()} == {quiet: "unsold", cheap: "unsold", met: "sold"}
    assert (closed[cheap].winner_id, closed[cheap].final_price, closed[cheap].payment_id) == (None, None, None)
    assert event_types(world.engine).count("payment_due") == 1
    assert_invariants(world.engine)


def test_only_what_is_due_is_closed_and_the_longest_overdue_first(world: World) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    late, later_, last = (world.listing(ends_at=now - timedelta(minutes=m)) for m in (30, 20, 10))
    world.listing()  # still open
    world.listing(status="cancelled", ends_at=now - timedelta(minutes=40), closed_at=now - timedelta(minutes=50))
    world.listing(status="draft", ends_at=now - timedelta(minutes=40))
    store = Store(world.engine)
    assert [one.listing_id for one in store.close_due_listings(limit=2)] == [late, later_]
    assert [one.listing_id for one in store.close_due_listings(limit=2)] == [last]
    assert store.close_due_listings(limit=2) == []
    assert_invariants(world.engine)


def test_a_listing_is_due_at_its_end_and_not_before(tmp_path: Path) -> None:
    world = sqlite_world(tmp_path)
    ends_at = datetime(2025, 6, 1, 12, tzinfo=UTC)
    hour = timedelta(hours=1)
    listing_id = world.listing(starts_at=(ends_at - hour).replace(tzinfo=None), ends_at=ends_at.replace(tzinfo=None))
    assert Store(world.engine, clock=lambda: ends_at - timedelta(microseconds=1)).close_due_listings() == []
    (closed,) = Store(world.engine, clock=lambda: ends_at).close_due_listings()
    assert (closed.listing_id, closed.closed_at) == (listing_id, ends_at)
    assert_invariants(world.engine)


def test_a_late_bid_that_moved_the_end_keeps_the_listing_open(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bid comes between the look for due listings and the closing."""
    from auction_core.writes import closing

    end = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=5)
    listing_id = world.listing(ends_at=end.replace(tzinfo=None))
    sniper = Store(
        world.engine,
        rules=Rules(sniping=SnipeGuard(timedelta(minutes=1), timedelta(minutes=2))),
        clock=lambda: end - timedelta(seconds=1),
    )
    look = closing._due_listings

    def look_and_bid(*given: Any) -> list[int]:
        due = look(*given)
        sniper.place_bid(bidder_id=2, listing_id=listing_id, amount=Decimal("10.00"), key="snipe")
        return due

    monkeypatch.setattr(closing, "_due_listings", look_and_bid)
    assert Store(world.engine, clock=lambda: end).close_due_listings() == []
    assert row_of(world.engine, Listing, id=listing_id).status == "active"
    assert_invariants(world.engine)


def test_the_fee_depends_on_the_top_level_category(world: World) -> None:
    with world.engine.begin() as connection:
        connection.execute(update(Category).where(Category.id == 1).values(name="Vehicles"))
    cheap = world.listing()
    bid(world, cheap, "200.00")
    with world.engine.begin() as connection:
        connection.execute(update(Category).where(Category.id == CATEGORY).values(name="Art"))  # a child's counts not
    later(world, hours=2).close_due_listings()
    assert row_of(world.engine, Payment, listing_id=cheap).fee == Decimal("8.00")


def test_many_threads_close_each_listing_once(world: World) -> None:
    ids = run_out(world, 12)
    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(later(world, hours=2).close_due_listings) for _ in range(6)]
        answers = [one.listing_id for call in calls for one in call.result()]
    _assert_each_closed_once(world, ids, answers)


def test_many_processes_close_each_listing_once(world: World) -> None:
    ids = run_out(world, 8)
    moment = datetime.now(UTC) + timedelta(hours=2)
    context = multiprocessing.get_context("forkserver")
    with context.Pool(2) as pool:
        calls = [pool.apply_async(close_elsewhere, (world.url, moment)) for _ in range(2)]
        answers = [one for call in calls for one in call.get(60)]
    _assert_each_closed_once(world, ids, answers)


def close_elsewhere(url: str, moment: datetime) -> list[int]:
    with Store.open(url, clients=2, clock=lambda: moment) as store:
        return [one.listing_id for one in store.close_due_listings()]


def _assert_each_closed_once(world: World, ids: list[int], answers: list[int]) -> None:
    # What one worker was at when another looked may be left for the next call.
    answers = answers + [one.listing_id for one in later(world, hours=2).close_due_listings()]
    assert sorted(answers) == sorted(ids)
    with world.engine.begin() as connection:
        assert connection.scalar(select(func.count()).select_from(Payment)) == len(ids)
        assert connection.scalar(select(func.count()).where(Listing.status == "sold").select_from(Listing)) == len(ids)
    types = event_types(world.engine)
    assert types.count("listing_closed") == types.count("payment_due") == len(ids)
    assert_invariants(world.engine)


@pytest.mark.parametrize("server", ["mysql_world", "postgres_world"])
def test_a_listing_that_somebody_holds_does_not_keep_the_others(server: str, request: pytest.FixtureRequest) -> None:
    world: World = request.getfixturevalue(server)
    held, free = run_out(world, 2)
    with world.engine.begin() as connection:
        connection.execute(select(Listing.id).where(Listing.id == held).with_for_update())
        connection.execute(select(Category.id).with_for_update())
        assert [one.listing_id for one in later(world, hours=2).close_due_listings()] == [free]
    assert [one.listing_id for one in later(world, hours=2).close_due_listings()] == [held]
    assert row_of(world.engine, Payment, listing_id=free).fee == Decimal("1.00")
    assert_invariants(world.engine)


def test_a_closing_that_the_database_refuses_leaves_no_trace_and_the_others_closed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = run_out(world, 2)
    _fail_payment_of(first, monkeypatch, passing_error(world))
    assert [one.listing_id for one in later(world, hours=2).close_due_listings()] == [second]
    assert row_of(world.engine, Listing, id=first).status == "active"
    monkeypatch.undo()
    assert [one.listing_id for one in later(world, hours=2).close_due_listings()] == [first]
    assert_invariants(world.engine)


def test_what_was_closed_before_the_database_failed_is_answered(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = run_out(world, 2)

    def fail(connection: Any) -> None:
        connection.execute(text("SELECT no_such_column FROM listings"))

    _fail_payment_of(second, monkeypatch, fail)
    assert [one.listing_id for one in later(world, hours=2).close_due_listings()] == [first]
    assert "closing broke off after 1 listings" in caplog.text
    with nothing_written(world.engine), pytest.raises(DatabaseUnreachable):
        later(world, hours=2).close_due_listings()
    assert_invariants(world.engine)


@pytest.mark.parametrize(
    "url", ["mysql+pymysql://root@127.0.0.1:9/none", "postgresql+psycopg://postgres@127.0.0.1:9/none"]
)
def test_a_database_that_is_not_there_is_told_without_trying_each_listing(url: str) -> None:
    with Store.open(url) as store, pytest.raises(DatabaseUnreachable, match="Cannot open the"):
        store.close_due_listings()


@pytest.mark.parametrize("limit", [0, -1, 10_001, True, "5", 2.0])
def test_a_limit_is_a_whole_number(tmp_path: Path, limit: Any) -> None:
    with pytest.raises(InvalidRequest, match="limit"):
        Store(sqlite_world(tmp_path).engine).close_due_listings(limit=limit)


def _fail_payment_of(listing_id: int, monkeypatch: pytest.MonkeyPatch, fail: Callable[[Any], None]) -> None:
    from auction_core.writes import closing

    demand = closing.demand_payment

    def demand_or_fail(tx: Any, of: int, *due: Any) -> int:
        if of == listing_id:
            fail(tx.connection)
        return demand(tx, of, *due)

    monkeypatch.setattr(closing, "demand_payment", demand_or_fail)


def passing_error(world: World) -> Callable[[Any], None]:
    """Does what makes the engine say that the transaction may succeed another time."""
    from sqlalchemy.exc import OperationalError

    codes = {
        "mysql": "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213",
        "postgresql": "DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$",
    }

    def fail(connection: Any) -> None:
        if world.engine.dialect.name == "sqlite":
            import sqlite3

            busy = sqlite3.OperationalError("database is locked")
            busy.sqlite_errorcode = sqlite3.SQLITE_BUSY
            raise OperationalError("COMMIT", {}, busy)
        connection.exec_driver_sql(codes[world.engine.dialect.name])

    return fail
