"""After the hammer: when listings closed, who pays, how late, and what buyer and seller write about each other."""

from dataclasses import dataclass

import numpy as np

from auction_core.seed.accounts import Accounts
from auction_core.seed.bids import Bids
from auction_core.seed.columns import NULL, BoolArray, FloatArray, IntArray
from auction_core.seed.offers import Offers, Outcome, section_rates
from auction_core.seed.people import COUNTRIES, LATE_COUNTRIES, USUAL_PAYMENT_HOURS
from auction_core.seed.prices import Prices
from auction_core.seed.rhythm import month_mask, off_the_second
from auction_core.seed.scale import DAY, HOUR, MINUTE, SECOND, History, Streams
from auction_core.tables import PAYMENT_METHODS, PAYMENT_STATUSES

CODES = tuple(code for code, _ in COUNTRIES)
PENDING, PAID, REFUNDED, FAILED = (PAYMENT_STATUSES.index(s) for s in ("pending", "paid", "refunded", "failed"))
NO_PAYMENT, NEVER_PAID, IS_REFUNDED, FAILS, FAILS_IN_BAD_MONTH = 0.02, 0.02, 0.03, 0.03, 0.22
METHOD_SHARES = (0.50, 0.30, 0.12, 0.08)
TRANSFER_SHARES = (0.30, 0.26, 0.38, 0.06)
TRANSFER_COUNTRIES = ("DE", "AT", "NL", "CH", "PL")


@dataclass(frozen=True, slots=True)
class Closings:
    """By listing: when it closed and the index of the account with the highest bid, or NULL."""

    closed_at: IntArray
    highest_bidder: IntArray
    sold: BoolArray


@dataclass(frozen=True, slots=True)
class Payments:
    listing: IntArray
    buyer: IntArray
    amount: IntArray
    fee: IntArray
    method: IntArray
    status: IntArray
    created_at: IntArray
    paid_at: IntArray


@dataclass(frozen=True, slots=True)
class Reviews:
    listing: IntArray
    reviewer: IntArray
    reviewee: IntArray
    rating: IntArray
    created_at: IntArray


def make_closings(streams: Streams, offers: Offers, prices: Prices, bids: Bids) -> Closings:
    rng, n = streams.of("closings"), prices.count.size
    has_bids = prices.count > 0
    last = np.minimum(prices.first + prices.count, bids.placed_at.size) - 1
    length = offers.ends_at - offers.starts_at
    # The sweep that closes listings runs once a minute.
    after_end = offers.ends_at + rng.integers(SECOND // 5, 55 * SECOND, n)
    closed = np.select(
        [
            np.isin(offers.outcome, (Outcome.DRAFT, Outcome.ACTIVE)),
            offers.outcome == Outcome.BOUGHT_NOW,
            offers.outcome == Outcome.CANCELLED,
        ],
        [NULL, bids.placed_at[last], offers.starts_at + (length * rng.uniform(0.02, 0.95, n)).astype(np.int64)],
        after_end,
    )
    # A promptly closed listing must not slip before its end when the fraction is trimmed: see off_the_second.
    closed = np.where(closed == NULL, NULL, np.where(closed == bids.placed_at[last], closed, off_the_second(closed)))
    sold: BoolArray = np.isin(offers.outcome, (Outcome.SOLD, Outcome.BOUGHT_NOW))
    return Closings(closed, np.where(has_bids, bids.bidder[last], NULL), sold)


def make_payments(
    streams: Streams, history: History, accounts: Accounts, offers: Offers, prices: Prices, closings: Closings
) -> Payments:
    rng = streams.of("payments")
    listing = np.flatnonzero(closings.sold)
    invoice_delay = np.minimum(np.exp(rng.normal(np.log(8.0), 1.0, listing.size)), 600.0) * MINUTE
    created = off_the_second(closings.closed_at[listing] + SECOND + invoice_delay.astype(np.int64))
    kept = (rng.random(listing.size) >= NO_PAYMENT) & (created <= history.now)
    listing, created = listing[kept], created[kept]
    order = np.argsort(created, kind="stable")
    listing, created = listing[order], created[order]
    buyer, amount = closings.highest_bidder[listing], prices.current[listing]
    paid = off_the_second(created + (_payment_hours(rng, accounts.country[buyer]) * HOUR).astype(np.int64))
    status = _payment_status(rng, history, closings.closed_at[listing], paid)
    paid = np.where((status == PAID) | (status == REFUNDED), paid, NULL)
    fee = np.round(amount * section_rates("fee")[offers.section[listing]]).astype(np.int64)
    return Payments(listing, buyer, amount, fee, _methods(rng, accounts.country[buyer]), status, created, paid)


def _payment_hours(rng: np.random.Generator, country: IntArray) -> FloatArray:
    median = np.array([LATE_COUNTRIES.get(code, USUAL_PAYMENT_HOURS) for code in CODES])[country]
    hours: FloatArray = np.maximum(median * np.exp(rng.normal(0.0, 0.7, country.size)), 0.02)
    return hours


def _payment_status(rng: np.random.Generator, history: History, closed: IntArray, paid: IntArray) -> IntArray:
    bad = month_mask(closed, np.datetime64(history.bad_month, "M"))
    draw = rng.random(closed.size)
    fails = np.where(bad, FAILS_IN_BAD_MONTH, FAILS)
    status = np.select(
        [draw < fails, draw < fails + NEVER_PAID, draw < fails + NEVER_PAID + IS_REFUNDED],
        [FAILED, PENDING, REFUNDED],
        PAID,
    )
    return np.where((status != FAILED) & (paid > history.now), PENDING, status).astype(np.int64)


def _methods(rng: np.random.Generator, country: IntArray) -> IntArray:
    transfers = np.isin(country, [CODES.index(code) for code in TRANSFER_COUNTRIES])
    usual = rng.choice(len(PAYMENT_METHODS), country.size, p=METHOD_SHARES)
    by_transfer = rng.choice(len(PAYMENT_METHODS), country.size, p=TRANSFER_SHARES)
    return np.where(transfers, by_transfer, usual).astype(np.int64)


def make_reviews(streams: Streams, history: History, accounts: Accounts, offers: Offers, payments: Payments) -> Reviews:
    """Buyers review what they paid for, refunded or not; sellers review buyers, and like late ones less."""
    rng = streams.of("reviews")
    settled = payments.paid_at != NULL
    listing, buyer, paid_at = payments.listing[settled], payments.buyer[settled], payments.paid_at[settled]
    refunded = payments.status[settled] == REFUNDED
    seller, n = offers.seller[listing], listing.size
    days_to_pay = (paid_at - payments.created_at[settled]) / DAY
    quality = rng.normal(0.0, 0.45, accounts.country.size)
    of_seller = _ratings(rng, 4.75 + quality[seller] - 2.2 * refunded)
    of_buyer = _ratings(rng, 4.9 - np.minimum(days_to_pay / 6.0, 2.0))
    by_buyer, by_seller = rng.random(n) < 0.55, rng.random(n) < 0.38
    received = paid_at + (rng.uniform(2.0, 12.0, n) * DAY).astype(np.int64)
    answered = paid_at + (rng.uniform(0.2, 9.0, n) * DAY).astype(np.int64)
    both = (
        np.concatenate((listing[by_buyer], listing[by_seller])),
        np.concatenate((buyer[by_buyer], seller[by_seller])),
        np.concatenate((seller[by_buyer], buyer[by_seller])),
        np.concatenate((of_seller[by_buyer], of_buyer[by_seller])),
        off_the_second(np.concatenate((received[by_buyer], answered[by_seller]))),
    )
    order = np.argsort(both[4], kind="stable")
    order = order[both[4][order] <= history.now]
    return Reviews(*(column[order] for column in both))


def _ratings(rng: np.random.Generator, mean: FloatArray) -> IntArray:
    return np.clip(np.round(mean + rng.normal(0.0, 0.7, mean.size)), 1, 5).astype(np.int64)
