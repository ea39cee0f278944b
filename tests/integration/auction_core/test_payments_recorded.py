"""What becomes of the payment of a sale."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from auction_core.errors import (
    IdempotencyConflict,
    InvalidRequest,
    ListingNotFound,
    NotYourListing,
    NotYourPayment,
    PaymentNotFound,
    PaymentSettled,
)
from auction_core.events import PaymentRecorded
from auction_core.results import RecordedPayment
from auction_core.store import Store
from auction_core.tables import PAYMENT_STATUSES, Payment
from tests.integration.auction_core.evidence import (
    assert_invariants,
    event_types,
    events_of,
    nothing_written,
    refusal,
    row_of,
    sqlite_world,
)
from tests.integration.auction_core.world import SELLER, World

WINNER = 2


def sold(world: World) -> int:
    """The id of a listing that the winner got for 10 euros."""
    listing_id = world.listing()
    Store(world.engine).place_bid(
        bidder_id=WINNER, listing_id=listing_id, amount=Decimal("10.00"), key=f"bid-{listing_id}"
    )
    later = Store(world.engine, clock=lambda: datetime.now(UTC) + timedelta(hours=2))
    assert [one.listing_id for one in later.close_due_listings()] == [listing_id]
    return listing_id


def test_the_winner_pays_once(world: World) -> None:
    listing_id = sold(world)
    due = row_of(world.engine, Payment, listing_id=listing_id)
    paid_at = datetime.now(UTC) + timedelta(hours=3)
    store = Store(world.engine, clock=lambda: paid_at)
    recorded = store.record_payment(user_id=WINNER, listing_id=listing_id, method="paypal", key="pay")
    assert recorded == RecordedPayment(
        payment_id=due.id,
        listing_id=listing_id,
        amount=Decimal("10.00"),
        fee=Decimal("1.00"),
        method="paypal",
        status="paid",
        paid_at=paid_at,
    )
    kept = row_of(world.engine, Payment, id=due.id)
    assert (kept.method, kept.status, kept.paid_at) == ("paypal", "paid", paid_at.replace(tzinfo=None))
    assert kept.updated_at == kept.paid_at
    assert kept.created_at == due.created_at
    assert events_of(world.engine)[-1] == PaymentRecorded(buyer_id=WINNER, **recorded.model_dump())
    with nothing_written(world.engine):
        assert store.record_payment(user_id=WINNER, listing_id=listing_id, method="paypal", key="pay") == recorded
    refusal(
        world.engine,
        IdempotencyConflict,
        lambda: store.record_payment(user_id=WINNER, listing_id=listing_id, method="card", key="pay"),
    )
    settled = refusal(
        world.engine,
        PaymentSettled,
        lambda: store.record_payment(user_id=WINNER, listing_id=listing_id, key="pay-again"),
    )
    assert settled.status == "paid"
    assert_invariants(world.engine)


def test_a_payment_that_failed_can_be_made_and_then_refunded_by_the_seller(world: World) -> None:
    listing_id = sold(world)
    clock = datetime.now(UTC) + timedelta(hours=3)
    store = Store(world.engine, clock=lambda: clock)

    def record(user_id: int, status: str, method: str | None = None) -> RecordedPayment:
        return store.record_payment(
            user_id=user_id, listing_id=listing_id, status=status, method=method, key=f"{status}-{user_id}"
        )

    failed = record(WINNER, "failed", "bank_transfer")
    assert (failed.status, failed.method, failed.paid_at) == ("failed", "bank_transfer", None)
    paid = record(WINNER, "paid")
    assert (paid.status, paid.method, paid.paid_at) == ("paid", "bank_transfer", clock)
    refusal(world.engine, NotYourListing, lambda: record(WINNER, "refunded"))
    refusal(world.engine, InvalidRequest, lambda: record(SELLER, "refunded", "card"))
    clock += timedelta(days=1)
    refunded = record(SELLER, "refunded")
    assert (refunded.status, refunded.method, refunded.paid_at) == ("refunded", "bank_transfer", paid.paid_at)
    for status in ("paid", "failed"):
        again = lambda status=status: store.record_payment(  # noqa: E731
            user_id=WINNER, listing_id=listing_id, status=status, key="again"
        )
        assert refusal(world.engine, PaymentSettled, again).status == "refunded"
    assert event_types(world.engine)[-3:] == ["payment_recorded"] * 3
    assert_invariants(world.engine)


def test_only_the_winner_pays_and_only_what_is_due(world: World) -> None:
    listing_id, open_ = sold(world), world.listing()
    store = Store(world.engine)
    for stranger in (SELLER, 3, 999):
        refusal(
            world.engine,
            NotYourPayment,
            lambda who=stranger: store.record_payment(user_id=who, listing_id=listing_id, key="k"),
        )
    refusal(world.engine, PaymentNotFound, lambda: store.record_payment(user_id=WINNER, listing_id=open_, key="k"))
    refusal(world.engine, ListingNotFound, lambda: store.record_payment(user_id=WINNER, listing_id=99_999, key="k"))
    pending = refusal(
        world.engine,
        PaymentSettled,
        lambda: store.record_payment(user_id=SELLER, listing_id=listing_id, status="refunded", key="k"),
    )
    assert pending.status == "pending"


@pytest.mark.parametrize("values", [{"method": "cash"}, {"method": 1}, {"status": "pending"}, {"status": None}])
def test_a_method_and_a_status_are_of_those_there_are(tmp_path: Path, values: dict[str, Any]) -> None:
    world = sqlite_world(tmp_path)
    write = lambda: Store(world.engine).record_payment(user_id=2, listing_id=1, key="k", **values)  # noqa: E731
    assert refusal(world.engine, InvalidRequest, write).field == next(iter(values))


ALLOWED = {("pending", "paid"), ("pending", "failed"), ("failed", "paid"), ("paid", "refunded")}


@pytest.mark.parametrize("before", PAYMENT_STATUSES)
@pytest.mark.parametrize("after", ["paid", "failed", "refunded"])
def test_a_payment_changes_only_forwards(tmp_path: Path, before: str, after: str) -> None:
    world = sqlite_world(tmp_path)
    listing_id = sold(world)
    paid_at = datetime.now(UTC).replace(tzinfo=None) + timedelta(hours=3) if before in ("paid", "refunded") else None
    with world.engine.begin() as connection:
        changed = Payment.__table__.update().values(status=before, paid_at=paid_at)
        connection.execute(changed)
    actor = SELLER if after == "refunded" else WINNER
    write = lambda: Store(world.engine).record_payment(  # noqa: E731
        user_id=actor, listing_id=listing_id, status=after, key="k"
    )
    if (before, after) in ALLOWED:
        assert write().status == after
    else:
        assert refusal(world.engine, PaymentSettled, write).status == before
    assert_invariants(world.engine)


def test_nothing_is_paid_before_it_was_due_whatever_the_clock_says(world: World) -> None:
    listing_id = sold(world)  # closed two hours from now
    with world.engine.begin() as connection:
        connection.execute(Payment.__table__.update().values(updated_at=None))  # as in data that was loaded
    paid = Store(world.engine).record_payment(user_id=WINNER, listing_id=listing_id, key="pay")
    with world.engine.begin() as connection:
        due = connection.scalar(select(Payment.created_at).where(Payment.listing_id == listing_id))
    assert paid.paid_at == due.replace(tzinfo=UTC)
    assert_invariants(world.engine)
