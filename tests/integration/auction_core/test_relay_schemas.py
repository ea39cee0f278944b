"""Whatever the store writes is published in the form that its schema promises."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import jsonschema

from auction_core.event_schemas.schemas import read_schema
from auction_core.events import EVENTS, Event
from auction_core.publishers.base import Message
from auction_core.publishers.memory import MemoryPublisher
from auction_core.relay.relay import Relay
from auction_core.store import Store
from tests.integration.auction_core.world import CATEGORY, SELLER, World

CLASSES: dict[str, type[Event]] = {event_class.event_type: event_class for event_class in EVENTS}


def key() -> str:
    return str(uuid4())


def live_a_little(store: Store) -> None:
    """Every write once at least, and the kinds of an event that differ in what is null."""
    moment = datetime.now(UTC)

    def open_listing(title: str, **values: object) -> int:
        return store.open_listing(
            seller_id=SELLER,
            category_id=CATEGORY,
            title=title,
            description="Runs well.",
            item_condition="good",
            starting_price=Decimal("10.00"),
            ends_at=moment + timedelta(hours=2),
            key=key(),
            **values,  # type: ignore[arg-type]
        ).listing_id

    watch = open_listing('Vintage Omega Seamaster 1968, "steel" – wie neu 🪙')
    coin = open_listing("Coin", buy_now_price=Decimal("1234567.89"))
    for bidder, amount in ((2, "10.00"), (3, "1000.50")):
        store.place_bid(bidder_id=bidder, listing_id=watch, amount=Decimal(amount), key=key())
    store.place_bid(bidder_id=5, listing_id=coin, amount=Decimal("1234567.89"), key=key())
    lamp = open_listing("Lamp", buy_now_price=Decimal("99.00"))
    store.buy_now(buyer_id=4, listing_id=lamp, key=key())
    store.cancel_listing(seller_id=SELLER, listing_id=open_listing("Cancelled"), key=key())
    open_listing("Unsold")
    store.add_comment(user_id=2, listing_id=watch, body="Does it run?", key=key())
    store.watch(user_id=2, listing_id=watch, key=key())
    store.unwatch(user_id=2, listing_id=watch, key=key())
    later = Store(store.engine, clock=lambda: datetime.now(UTC) + timedelta(hours=3))
    assert {one.status for one in later.close_due_listings()} == {"sold", "unsold"}
    store.record_payment(user_id=4, listing_id=lamp, method="card", status="failed", key=key())
    store.record_payment(user_id=4, listing_id=lamp, method="card", key=key())
    store.leave_review(reviewer_id=4, listing_id=lamp, rating=5, body="Fine.", key=key())
    store.register_user(
        username="new_one", email="new@example.org", password="correct horse battery", full_name="N", country="FR",
        key=key(),
    )  # fmt: skip


def check(message: Message) -> None:
    payload = json.loads(message.payload)
    jsonschema.validate(payload, read_schema(message.event_type, message.version))
    event_class = CLASSES[message.event_type]
    assert payload.keys() == event_class.model_fields.keys()
    event = event_class.model_validate_json(message.payload)
    assert (event.aggregate_type, event.aggregate_id) == (message.aggregate_type, message.aggregate_id)
    assert json.loads(event.model_dump_json()) == payload


def test_every_event_that_the_store_writes_keeps_its_schema(world: World) -> None:
    live_a_little(Store(world.engine))
    publisher = MemoryPublisher()
    Relay(world.engine, publisher).run_once()
    assert {message.event_type for message in publisher.messages} == set(CLASSES)
    for message in publisher.messages:
        check(message)
    for listing_id in {message.aggregate_id for message in publisher.messages if message.aggregate_type == "listing"}:
        kinds = [m.event_type for m in publisher.messages if m.ordering_key == f"listing-{listing_id}"]
        assert kinds[0] == "listing_opened"
        closing = [kind for kind in kinds if kind in {"listing_closed", "listing_cancelled"}]
        assert len(closing) == 1
        assert "bid_placed" not in kinds[kinds.index(closing[0]) :]
