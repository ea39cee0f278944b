"""What seller and winner of a sale say about each other, once each."""

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from auction_core.clock import aware
from auction_core.errors import AlreadyReviewed, InvalidRequest, ListingNotSold, NotYourSale
from auction_core.events import ReviewLeft
from auction_core.results import LeftReview
from auction_core.tables import Review
from auction_core.writes.locks import LockedListing, share_listing
from auction_core.writes.rows import insert_row
from auction_core.writes.transaction import Transaction

LONGEST_REVIEW = 2_000


def check_rating(rating: object) -> int:
    """Raises InvalidRequest."""
    if type(rating) is not int or not 1 <= rating <= 5:
        raise InvalidRequest("rating", "must be a whole number from 1 to 5")
    return rating


def leave_review(tx: Transaction, reviewer_id: int, listing_id: int, rating: int, body: str) -> LeftReview:
    """`rating` and `body` are checked. Raises NotYourSale, ListingNotSold, AlreadyReviewed, ListingNotFound."""
    listing = share_listing(tx.connection, listing_id)
    if listing.status != "sold":
        raise ListingNotSold
    reviewee_id = _other_party(listing, reviewer_id)
    if reviewee_id is None:
        raise NotYourSale
    if _has_reviewed(tx.connection, reviewer_id, listing_id):
        raise AlreadyReviewed
    now = tx.now()
    row = {
        "listing_id": listing_id,
        "reviewer_id": reviewer_id,
        "reviewee_id": reviewee_id,
        "rating": rating,
        "body": body,
        "created_at": now,
    }
    try:
        review_id = insert_row(tx.connection, Review, row)
    except IntegrityError:  # the same user's other request was faster; all else that it could be was looked up
        raise AlreadyReviewed from None
    left = LeftReview(
        review_id=review_id, listing_id=listing_id, reviewee_id=reviewee_id, rating=rating, created_at=aware(now)
    )
    tx.append(ReviewLeft(reviewer_id=reviewer_id, **left.model_dump()), now)
    return left


def _other_party(listing: LockedListing, user_id: int) -> int | None:
    if user_id == listing.seller_id:
        return listing.highest_bidder_id
    return listing.seller_id if user_id == listing.highest_bidder_id else None


def _has_reviewed(connection: Connection, reviewer_id: int, listing_id: int) -> bool:
    mine = (Review.listing_id == listing_id, Review.reviewer_id == reviewer_id)
    return connection.execute(select(Review.id).where(*mine)).one_or_none() is not None
