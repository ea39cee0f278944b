"""What can go wrong in the auction core, and the exit code each error ends a command with.

AuctionError                     1
├── Refused                      2  a command that would destroy something, or makes no sense
│   ├── DatabaseNotEmpty
│   └── ForeignDatabase             the target holds things that are not the auction's
├── DatabaseUnreachable          3  the server, database, schema, file or driver is not there
├── LoadFailed                   1  writing broke off; nothing of it was kept
├── MigrationFailed              1  migrating broke off: running it again carries on
├── PublishFailed                1  events did not all get to where they are published
├── WriteRefused                 2  a write that the rules forbid; nothing was written
│   ├── InvalidRequest              a value that no write could take
│   ├── NotFound                    a user, listing, category or payment that is not there
│   ├── NotAllowed                  not this user's to do
│   ├── Conflict                    against what stands now: another moment or amount could do
│   └── IdempotencyConflict         the key was used for another request
└── OutcomeUnknown               3  the database failed while writing: repeat with the same key
    └── TooBusy                     nothing was written: the write was rolled back each time it was tried

Each WriteRefused has a `code` that programs may rely on and the values that a caller needs to do better.
"""

from datetime import datetime
from decimal import Decimal


class AuctionError(Exception):
    """`user_message` is one clear sentence without secrets; it is also `str(error)`."""

    exit_code = 1

    def __init__(self, user_message: str) -> None:
        super().__init__(user_message)
        self.user_message = user_message


class Refused(AuctionError):
    exit_code = 2


class DatabaseNotEmpty(Refused):
    pass


class ForeignDatabase(Refused):
    pass


class DatabaseUnreachable(AuctionError):
    exit_code = 3


class LoadFailed(AuctionError):
    pass


class MigrationFailed(AuctionError):
    pass


class PublishFailed(AuctionError):
    """`published` has the ids of the events that did get there."""

    def __init__(self, user_message: str, published: frozenset[int] = frozenset()) -> None:
        super().__init__(user_message)
        self.published = published


class WriteRefused(AuctionError):
    exit_code = 2
    code = "refused"


class InvalidRequest(WriteRefused):
    code = "invalid_request"

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field} {problem}.")
        self.field = field
        self.problem = problem


class NotFound(WriteRefused):
    code = "not_found"


class ListingNotFound(NotFound):
    code = "listing_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such listing.")


class UserNotFound(NotFound):
    code = "user_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such user.")


class CategoryNotFound(NotFound):
    code = "category_not_found"

    def __init__(self) -> None:
        super().__init__("There is no such category to list in; top-level categories take no listings.")


class PaymentNotFound(NotFound):
    code = "payment_not_found"

    def __init__(self) -> None:
        super().__init__("There is no payment due for this listing.")


class NotAllowed(WriteRefused):
    code = "not_allowed"


class SellerCannotBid(NotAllowed):
    code = "seller_cannot_bid"

    def __init__(self) -> None:
        super().__init__("Sellers cannot bid on their own listings.")


class UserInactive(NotAllowed):
    code = "user_inactive"

    def __init__(self) -> None:
        super().__init__("This account is closed.")


class NotYourListing(NotAllowed):
    code = "not_your_listing"

    def __init__(self) -> None:
        super().__init__("Only the seller may do this.")


class NotYourPayment(NotAllowed):
    code = "not_your_payment"

    def __init__(self) -> None:
        super().__init__("Only the winner pays for a listing.")


class NotYourSale(NotAllowed):
    code = "not_your_sale"

    def __init__(self) -> None:
        super().__init__("Only the seller and the winner of a sold listing may review each other.")


class Conflict(WriteRefused):
    code = "conflict"


class BidTooLow(Conflict):
    code = "bid_too_low"

    def __init__(self, minimum: Decimal) -> None:
        super().__init__(f"The bid is too low: the least that counts now is {minimum} euros.")
        self.minimum = minimum


class BidAboveBuyNow(Conflict):
    code = "bid_above_buy_now"

    def __init__(self, buy_now_price: Decimal) -> None:
        super().__init__(f"Nobody has to pay more than the buy-now price of {buy_now_price} euros.")
        self.buy_now_price = buy_now_price


class BuyNowUnavailable(Conflict):
    code = "buy_now_unavailable"

    def __init__(self) -> None:
        super().__init__("This listing cannot be bought now (any more).")


class ListingNotOpen(Conflict):
    code = "listing_not_open"

    def __init__(self, starts_at: datetime | None) -> None:
        """`starts_at` is aware; None for a draft."""
        super().__init__("The listing is not open yet.")
        self.starts_at = starts_at


class ListingClosed(Conflict):
    code = "listing_closed"

    def __init__(self) -> None:
        super().__init__("The listing is closed.")


class ListingHasBids(Conflict):
    code = "listing_has_bids"

    def __init__(self) -> None:
        super().__init__("A listing with bids cannot be cancelled.")


class ListingNotSold(Conflict):
    code = "listing_not_sold"

    def __init__(self) -> None:
        super().__init__("The listing is not sold.")


class PaymentSettled(Conflict):
    code = "payment_settled"

    def __init__(self, status: str) -> None:
        super().__init__(f"The payment is {status}.")
        self.status = status


class AlreadyReviewed(Conflict):
    code = "already_reviewed"

    def __init__(self) -> None:
        super().__init__("This sale is already reviewed by you.")


class UsernameTaken(Conflict):
    code = "username_taken"

    def __init__(self) -> None:
        super().__init__("This user name is taken.")


class EmailTaken(Conflict):
    code = "email_taken"

    def __init__(self) -> None:
        super().__init__("This e-mail address is already registered.")


class IdempotencyConflict(WriteRefused):
    code = "idempotency_conflict"

    def __init__(self) -> None:
        super().__init__("This idempotency key was used for another request.")


class OutcomeUnknown(AuctionError):
    """The write may or may not have happened. With the same idempotency key it can be repeated safely."""

    exit_code = 3
    code = "outcome_unknown"


class TooBusy(OutcomeUnknown):
    code = "too_busy"

    def __init__(self) -> None:
        super().__init__("Too many writes at once; nothing was written. Try again.")
