"""What a winner owes: the payment that a sale demands, and what became of it.

A payment changes only under the lock of its listing, so its events keep their order with the listing's own.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select, update

from auction_core import events
from auction_core.clock import aware
from auction_core.errors import InvalidRequest, NotYourListing, NotYourPayment, PaymentNotFound, PaymentSettled
from auction_core.fees import fee_of
from auction_core.results import RecordedPayment
from auction_core.tables import PAYMENT_METHODS, Payment
from auction_core.writes.locks import lock_listing, time_of_change
from auction_core.writes.rows import insert_row
from auction_core.writes.transaction import Transaction
from auction_core.writes.validation import choice

# By what is recorded: what the payment may have been before.
BEFORE = {"paid": ("pending", "failed"), "failed": ("pending",), "refunded": ("paid",)}
# Until the buyer chooses.
USUAL_METHOD = "card"


def demand_payment(
    tx: Transaction, listing_id: int, section: str, buyer_id: int, amount: Decimal, closed_at: datetime
) -> int:
    """The id of the pending payment for a listing that is being sold; the caller holds the listing's lock.

    `section` is the name of the top-level category, which the fee depends on; `closed_at` is naive UTC.
    """
    row = {
        "listing_id": listing_id,
        "buyer_id": buyer_id,
        "amount": amount,
        "fee": fee_of(amount, section),
        "method": USUAL_METHOD,
        "status": "pending",
        "created_at": closed_at,
        "updated_at": closed_at,
    }
    payment_id = insert_row(tx.connection, Payment, row)
    event = events.PaymentDue(
        listing_id=listing_id, payment_id=payment_id, buyer_id=buyer_id, amount=amount, created_at=aware(closed_at)
    )
    tx.append(event, closed_at)
    return payment_id


def check_payment(method: object, status: object) -> None:
    """Raises InvalidRequest."""
    choice(status, "status", tuple(BEFORE))
    if method is not None:
        choice(method, "method", PAYMENT_METHODS)


def record_payment(tx: Transaction, user_id: int, listing_id: int, method: str | None, status: str) -> RecordedPayment:
    """The winner's payment was paid or failed; the seller's was refunded. `method` None keeps the one there is.

    Raises ListingNotFound, PaymentNotFound, NotYourPayment, NotYourListing, PaymentSettled, InvalidRequest.
    """
    listing = lock_listing(tx.connection, listing_id)
    columns = (
        Payment.id,
        Payment.buyer_id,
        Payment.amount,
        Payment.fee,
        Payment.method,
        Payment.status,
        Payment.created_at,
        Payment.paid_at,
        Payment.updated_at,
    )
    payment = tx.connection.execute(select(*columns).where(Payment.listing_id == listing_id)).one_or_none()
    if payment is None:
        raise PaymentNotFound
    is_refund = status == "refunded"
    if is_refund and user_id != listing.seller_id:
        raise NotYourListing
    if not is_refund and user_id != payment.buyer_id:
        raise NotYourPayment
    if payment.status not in BEFORE[status]:
        raise PaymentSettled(payment.status)
    if is_refund and method not in {None, payment.method}:
        raise InvalidRequest("method", "cannot change with a refund")
    now = max(time_of_change(tx.now(), payment.updated_at), payment.created_at)
    paid_at = now if status == "paid" else payment.paid_at
    method = method or payment.method
    changed = {"method": method, "status": status, "paid_at": paid_at, "updated_at": now}
    tx.connection.execute(update(Payment).where(Payment.id == payment.id).values(changed))
    recorded = RecordedPayment(
        payment_id=payment.id,
        listing_id=listing_id,
        amount=payment.amount,
        fee=payment.fee,
        method=method,
        status=status,
        paid_at=None if paid_at is None else aware(paid_at),
    )
    tx.append(events.PaymentRecorded(buyer_id=payment.buyer_id, **recorded.model_dump()), now)
    return recorded
