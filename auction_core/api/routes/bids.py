"""Bidding, and what follows a sale."""

from fastapi import Request

from auction_core.api import examples
from auction_core.api.auth import OPTIONAL_TOKEN, CurrentUser, CurrentViewer
from auction_core.api.documentation import READING, WITH_TOKEN, WRITING, answered, documented
from auction_core.api.inputs import Cursor, IdempotencyKey, Limit, ListingId, NewBid, NewPayment, NewReview
from auction_core.api.routes import new_router
from auction_core.api.state import carry_out, reading_of, store_of
from auction_core.reading import BidLine, Page, bids_on
from auction_core.results import LeftReview, PlacedBid, RecordedPayment

router = new_router()
_USERS = (*WRITING, *WITH_TOKEN, "user_inactive", "user_not_found", "listing_not_found")
_OPEN = ("listing_closed", "listing_not_open", "seller_cannot_bid")


@router.post(
    "/listings/{listing_id}/bids",
    status_code=201,
    tags=["bids"],
    summary="Place a bid",
    responses=documented(*_USERS, *_OPEN, "malformed_json", "bid_too_low", "bid_above_buy_now")
    | answered(201, examples.PLACED),
)
def place_bid(
    request: Request, listing_id: ListingId, user_id: CurrentUser, new: NewBid, key: IdempotencyKey
) -> PlacedBid:
    """A bid stays; there is no way to take it back. A bid of exactly the buy-now price wins at once."""
    place = store_of(request).place_bid
    return carry_out(request, "place_bid", place, bidder_id=user_id, listing_id=listing_id, amount=new.amount, key=key)


@router.post(
    "/listings/{listing_id}/buy-now",
    status_code=201,
    tags=["bids"],
    summary="Buy at the buy-now price",
    responses=documented(*_USERS, *_OPEN, "buy_now_unavailable") | answered(201, examples.BOUGHT),
)
def buy_now(request: Request, listing_id: ListingId, user_id: CurrentUser, key: IdempotencyKey) -> PlacedBid:
    """The listing is closed as sold, and a payment is due."""
    return carry_out(request, "buy_now", store_of(request).buy_now, buyer_id=user_id, listing_id=listing_id, key=key)


@router.get(
    "/listings/{listing_id}/bids",
    tags=["bids"],
    summary="All bids on a listing",
    openapi_extra=OPTIONAL_TOKEN,
    responses=documented(*READING, "token_invalid", "invalid_request", "listing_not_found")
    | answered(200, examples.page(examples.BID_LINE)),
)
def list_bids(
    request: Request, listing_id: ListingId, viewer_id: CurrentViewer, cursor: Cursor = None, limit: Limit = 24
) -> Page[BidLine]:
    """Newest first. Who bid is told by a masked name, except to the bidder."""
    with reading_of(request) as connection:
        return bids_on(connection, listing_id, viewer_id, cursor, limit=limit)


@router.post(
    "/listings/{listing_id}/payment",
    status_code=201,
    tags=["after the sale"],
    summary="Pay for what I won, or give the money back",
    responses=documented(
        *_USERS, "malformed_json", "payment_not_found", "not_your_payment", "not_your_listing", "payment_settled"
    )
    | answered(201, examples.PAID),
)
def record_payment(
    request: Request, listing_id: ListingId, user_id: CurrentUser, new: NewPayment, key: IdempotencyKey
) -> RecordedPayment:
    """The winner pays, the seller refunds. It records what became of the payment; no money moves here."""
    pay = store_of(request).record_payment
    return carry_out(
        request, "record_payment", pay, user_id=user_id, listing_id=listing_id, **new.model_dump(), key=key
    )


@router.post(
    "/listings/{listing_id}/reviews",
    status_code=201,
    tags=["after the sale"],
    summary="Review the other side of a sale",
    responses=documented(*_USERS, "malformed_json", "not_your_sale", "listing_not_sold", "already_reviewed")
    | answered(201, examples.REVIEWED),
)
def leave_review(
    request: Request, listing_id: ListingId, user_id: CurrentUser, new: NewReview, key: IdempotencyKey
) -> LeftReview:
    """The seller and the winner review each other, once each."""
    review = store_of(request).leave_review
    values = {"reviewer_id": user_id, "listing_id": listing_id, "rating": new.rating, "body": new.body}
    return carry_out(request, "leave_review", review, **values, key=key)
