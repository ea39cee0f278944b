"""The whole store against a model of it: any sequence of writes, under a clock that moves and jumps, on SQLite.

`AUCTION_MACHINE_EXAMPLES=1000` looks for longer, at other sequences each time.
"""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from auction_core.bidding import SnipeGuard
from auction_core.errors import IdempotencyConflict, WriteRefused
from auction_core.invariants import INVARIANTS
from auction_core.money import to_euros
from auction_core.results import Result
from auction_core.store import Store
from auction_core.writes.transaction import Rules
from tests.integration.auction_core.auction_model import EXTENSION, WINDOW, Model, Refusal
from tests.integration.auction_core.world import CATEGORY, JOINED, make_world

STEPS = 2_000
USUAL_EXAMPLES = 55
EXAMPLES = int(os.environ.get("AUCTION_MACHINE_EXAMPLES", USUAL_EXAMPLES))
START = datetime(2026, 3, 29, 0, 59, 30, tzinfo=UTC)  # clocks in Europe are about to change, which must not matter
INACTIVE = 5
NOBODY = 999
BUYERS = (2, 3, 4)
USERS = st.sampled_from([*BUYERS, *BUYERS, *BUYERS, 1, INACTIVE, NOBODY])
SELLERS = st.sampled_from([1, 1, 1, 1, 2, INACTIVE])
CENTS = st.sampled_from([1, 99, 100, 499, 1000, 2499, 9_999, 50_000, 999_999])
JUMPS = st.sampled_from([1, 30, 30, 60, 60, 300, 3_600, 0.000001, -1, -60, -3_600, -86_400, 86_400, 864_000])
TIMES_THE_PRICE = st.sampled_from([None, None, 1, 2, 5, 0.5])
ANY_BROKEN = " UNION ALL ".join(f"SELECT '{each.name}' AS rule, id FROM ({each.broken})" for each in INVARIANTS)


class AuctionMachine(RuleBasedStateMachine):
    template: ClassVar[Path]
    steps: ClassVar[int] = 0

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="auction-machine-"))
        file = self.folder / "auction.db"
        shutil.copy(self.template, file)
        self.now = START
        self.store = Store.open(
            f"sqlite:///{file}", clients=1, rules=Rules(sniping=SnipeGuard(WINDOW, EXTENSION)), clock=lambda: self.now
        )
        self.reader = sqlite3.connect(file, isolation_level=None)
        users = {number: (JOINED.replace(tzinfo=UTC), number != INACTIVE) for number in range(1, 42)}
        self.model = Model(users, lambda: self.now)
        self.told = 0
        self.keys = 0
        # What was asked under which key, and the answer.
        self.answered: list[tuple[Callable[..., Result], str, str]] = []
        self.refused: list[tuple[Callable[..., Result], str, Callable[[], dict[str, Any]]]] = []
        self.open_listing(1, 1000, None, None, None, 10_000)
        self.open_listing(1, 1000, 2, 2, None, 60)

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.reader.close()
            self.store.close()
            shutil.rmtree(self.folder)

    @rule(seconds=JUMPS)
    def move_the_clock(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @precondition(lambda self: self.model.lots)
    @rule(data=st.data(), seconds=st.sampled_from([-60, -0.000001, 0, 0.000001]))
    def go_to_the_end_of_a_listing(self, data: st.DataObject, seconds: float) -> None:
        """Forwards or back."""
        lot = self.model.lots[data.draw(st.sampled_from(sorted(self.model.lots)))]
        self.now = lot.ends + timedelta(seconds=seconds)

    @rule(
        seller=SELLERS,
        cents=CENTS,
        reserve_times=TIMES_THE_PRICE,
        buy_now_times=TIMES_THE_PRICE,
        starts=st.sampled_from([None, None, -59, 0, 3_600]),
        minutes=st.sampled_from([5, 60, 10_000, 10_000, 129_600, 0.5]),
    )
    def open_listing(
        self,
        seller: int,
        cents: int,
        reserve_times: float | None,
        buy_now_times: float | None,
        starts: int | None,
        minutes: float,
    ) -> None:
        reserve = reserve_times and max(1, int(cents * reserve_times))
        buy_now = buy_now_times and max(1, int(cents * buy_now_times * (reserve_times or 1)))
        starts_at = None if starts is None else self.now + timedelta(seconds=starts)
        ends_at = (starts_at or self.now) + timedelta(minutes=minutes)
        write = partial(
            self.store.open_listing,
            seller_id=seller,
            category_id=CATEGORY,
            title="Vintage steel watch",
            description="",
            item_condition="good",
            starting_price=to_euros(cents),
            reserve_price=None if reserve is None else to_euros(reserve),
            buy_now_price=None if buy_now is None else to_euros(buy_now),
            starts_at=starts_at,
            ends_at=ends_at,
        )
        number = len(self.model.lots) + 1
        self._do(write, partial(self.model.open_listing, seller, cents, reserve, buy_now, starts_at, ends_at, number))

    @rule(data=st.data(), bidder=USERS, jump=st.sampled_from([-1, 0, 0, 0, 1, 1_000, 1_000_000]))
    def bid(self, data: st.DataObject, bidder: int, jump: int) -> None:
        listing = self._any_listing(data)
        lot = self.model.lots.get(listing)
        cents = max(1, (lot.minimum if lot else 100) + jump)
        write = partial(self.store.place_bid, bidder_id=bidder, listing_id=listing, amount=to_euros(cents))
        self._do(write, partial(self.model.place_bid, bidder, listing, cents))

    @rule(data=st.data(), bidders=st.lists(st.sampled_from(BUYERS), min_size=1, max_size=5), pause=JUMPS)
    def bid_against_each_other(self, data: st.DataObject, bidders: list[int], pause: float) -> None:
        listing = self._any_listing(data)
        for bidder in bidders:
            cents = self.model.lots[listing].minimum if listing in self.model.lots else 100
            write = partial(self.store.place_bid, bidder_id=bidder, listing_id=listing, amount=to_euros(cents))
            self._do(write, partial(self.model.place_bid, bidder, listing, cents))
            self.now += timedelta(seconds=min(abs(pause), 60))

    @precondition(lambda self: any(lot.buy_now for lot in self.model.lots.values()))
    @rule(data=st.data(), bidder=USERS, over=st.sampled_from([0, 0, 1]))
    def bid_the_buy_now_price(self, data: st.DataObject, bidder: int, over: int) -> None:
        wanted = {number: lot.buy_now for number, lot in self.model.lots.items() if lot.buy_now}
        listing = data.draw(st.sampled_from(sorted(wanted)))
        cents = wanted[listing] + over
        write = partial(self.store.place_bid, bidder_id=bidder, listing_id=listing, amount=to_euros(cents))
        self._do(write, partial(self.model.place_bid, bidder, listing, cents))

    @rule(data=st.data(), buyer=USERS)
    def buy_now(self, data: st.DataObject, buyer: int) -> None:
        listing = self._any_listing(data)
        write = partial(self.store.buy_now, buyer_id=buyer, listing_id=listing)
        self._do(write, partial(self.model.buy_now, buyer, listing))

    @rule(data=st.data(), seller=SELLERS)
    def cancel_listing(self, data: st.DataObject, seller: int) -> None:
        listing = self._any_listing(data)
        write = partial(self.store.cancel_listing, seller_id=seller, listing_id=listing)
        self._do(write, partial(self.model.cancel_listing, seller, listing))

    @rule(limit=st.sampled_from([1, 100]))
    def close_due_listings(self, limit: int) -> None:
        due = self.model.due()
        closed = self.store.close_due_listings(limit=limit)
        assert len(closed) == min(limit, len(due))
        assert {each.listing_id for each in closed} <= due
        for each in closed:
            _matches(each, self.model.close(each.listing_id))

    @rule(
        data=st.data(),
        user=USERS,
        method=st.sampled_from(["card", "paypal"]),
        status=st.sampled_from(["paid", "paid", "failed", "refunded"]),
        by_the_right_one=st.booleans(),
    )
    def record_payment(self, data: st.DataObject, user: int, method: str, status: str, by_the_right_one: bool) -> None:
        listing = self._any_sold_listing(data)
        lot = self.model.lots.get(listing)
        if by_the_right_one and lot is not None and lot.payment is not None:
            user = lot.seller if status == "refunded" else lot.payment.buyer
        write = partial(self.store.record_payment, user_id=user, listing_id=listing, method=method, status=status)
        self._do(write, partial(self.model.record_payment, user, listing, method, status))

    @rule(data=st.data(), user=USERS)
    def add_comment(self, data: st.DataObject, user: int) -> None:
        listing = self._any_listing(data)
        write = partial(self.store.add_comment, user_id=user, listing_id=listing, body="Is it still there?")
        self._do(write, partial(self.model.add_comment, user, listing, "Is it still there?"))

    @rule(data=st.data(), user=USERS, on=st.booleans())
    def watch(self, data: st.DataObject, user: int, on: bool) -> None:
        listing = self._any_listing(data)
        store, model = (self.store.watch, self.model.watch) if on else (self.store.unwatch, self.model.unwatch)
        self._do(partial(store, user_id=user, listing_id=listing), partial(model, user, listing))

    @rule(data=st.data(), user=USERS, rating=st.integers(1, 5), by_a_party=st.booleans())
    def leave_review(self, data: st.DataObject, user: int, rating: int, by_a_party: bool) -> None:
        listing = self._any_sold_listing(data)
        lot = self.model.lots.get(listing)
        if by_a_party and lot is not None and lot.leader is not None:
            user = data.draw(st.sampled_from([lot.seller, lot.leader]))
        write = partial(self.store.leave_review, reviewer_id=user, listing_id=listing, rating=rating, body="Fine.")
        self._do(write, partial(self.model.leave_review, user, listing, rating))

    @precondition(lambda self: len(self.model.users) == 41)  # hashing a password is slow on purpose
    @rule()
    def register_user(self) -> None:
        registered = self.store.register_user(
            username="newcomer",
            email="newcomer@example.org",
            password="a long enough Passw0rd",
            full_name="New Comer",
            country="DE",
            key=self._new_key(),
        )
        self.model.register_user(registered.user_id)

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def repeat_a_request_that_was_answered(self, data: st.DataObject) -> None:
        write, key, answer = data.draw(st.sampled_from(self.answered[-10:]))
        assert write(key=key).model_dump_json() == answer

    @precondition(lambda self: self.refused)
    @rule(data=st.data())
    def repeat_a_request_that_was_refused(self, data: st.DataObject) -> None:
        """It may be accepted now: a refusal is not kept."""
        write, key, model = data.draw(st.sampled_from(self.refused[-10:]))
        if not any(key == used for _, used, _ in self.answered) and "open_listing" not in str(write.func):
            self._do(write, model, key)

    @precondition(lambda self: self.answered)
    @rule(data=st.data())
    def use_a_key_for_another_request(self, data: st.DataObject) -> None:
        write, key, _ = data.draw(st.sampled_from(self.answered[-10:]))
        with pytest.raises(IdempotencyConflict):
            write(key=key, **{"listing_id": NOBODY} if "listing_id" in write.keywords else {"title": "Another"})

    @invariant()
    def the_database_keeps_every_rule(self) -> None:
        type(self).steps += 1
        assert self.reader.execute(ANY_BROKEN).fetchall() == []

    @invariant()
    def the_database_says_what_the_model_says(self) -> None:
        kept = self.reader.execute(
            "SELECT id, status, current_bid, highest_bidder_id, bid_count, ends_at, closed_at FROM listings ORDER BY id"
        ).fetchall()
        assert kept == [
            (
                number,
                lot.status,
                None if lot.current is None else float(to_euros(lot.current)),
                lot.leader,
                len(lot.bids),
                _text(lot.ends),
                lot.closed and _text(lot.closed),
            )
            for number, lot in self.model.lots.items()
        ]
        payments = self.reader.execute("SELECT listing_id, buyer_id, method, status FROM payments").fetchall()
        assert sorted(payments) == [
            (number, lot.payment.buyer, lot.payment.method, lot.payment.status)
            for number, lot in self.model.lots.items()
            if lot.payment is not None
        ]
        assert set(self.reader.execute("SELECT user_id, listing_id FROM watchlist")) == self.model.watching
        events = self.reader.execute(
            "SELECT event_type, aggregate_id FROM event_outbox ORDER BY id LIMIT -1 OFFSET ?", (self.told,)
        )
        assert events.fetchall() == self.model.events[self.told :]
        self.told = len(self.model.events)

    @invariant()
    def every_bid_is_kept_as_it_was_placed(self) -> None:
        kept = self.reader.execute("SELECT listing_id, bidder_id, amount, placed_at FROM bids ORDER BY listing_id, id")
        assert kept.fetchall() == [
            (number, bidder, float(to_euros(cents)), _text(at))
            for number, lot in self.model.lots.items()
            for bidder, cents, at in lot.bids
        ]

    def _do(self, write: Any, model: Callable[[], dict[str, Any]], key: str | None = None) -> None:
        """The store and the model answer alike."""
        key = key or self._new_key()
        try:
            result = write(key=key)
        except WriteRefused as refusal:
            with pytest.raises(Refusal) as expected:
                model()
            assert refusal.code == expected.value.code
            self.refused.append((write, key, model))
            return
        _matches(result, model())
        self.answered.append((write, key, result.model_dump_json()))

    def _any_listing(self, data: st.DataObject) -> int:
        """Mostly one that is open, seldom none at all."""
        lots = self.model.lots
        is_open = [
            number for number, lot in lots.items() if lot.status == "active" and lot.starts <= self.now < lot.ends
        ]
        return data.draw(st.sampled_from([*is_open, *is_open, *is_open, *sorted(lots)[-2:], NOBODY]))

    def _any_sold_listing(self, data: st.DataObject) -> int:
        sold = [number for number, lot in self.model.lots.items() if lot.status == "sold"]
        return data.draw(st.sampled_from(sold)) if sold else self._any_listing(data)

    def _new_key(self) -> str:
        self.keys += 1
        return f"key-{self.keys}"


def test_no_sequence_of_writes_breaks_a_rule(tmp_path: Path) -> None:
    world = make_world(f"sqlite:///{tmp_path}/template.db")
    with world.engine.begin() as connection:
        connection.exec_driver_sql(f"UPDATE users SET is_active = 0 WHERE id = {INACTIVE}")
    world.engine.dispose()  # with its last connection the write-ahead log goes into the file
    AuctionMachine.template = tmp_path / "template.db"
    AuctionMachine.steps = 0
    run_state_machine_as_test(
        AuctionMachine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=50,
            derandomize=EXAMPLES == USUAL_EXAMPLES,
            deadline=None,
            database=None,
            # Making a failure shorter takes minutes: that is for who looks for longer.
            phases=[Phase.generate] if EXAMPLES == USUAL_EXAMPLES else list(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )
    assert EXAMPLES < USUAL_EXAMPLES or AuctionMachine.steps >= STEPS


def _matches(result: Result, expected: dict[str, Any]) -> None:
    assert {name: getattr(result, name) for name in expected} == expected


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
