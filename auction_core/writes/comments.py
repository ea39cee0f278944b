"""What users say about a listing, before and after it closed."""

from auction_core.clock import aware
from auction_core.errors import ListingNotFound
from auction_core.events import CommentAdded
from auction_core.results import AddedComment
from auction_core.tables import Comment
from auction_core.writes.locks import require_active_user, share_listing
from auction_core.writes.rows import insert_row
from auction_core.writes.transaction import Transaction

LONGEST_COMMENT = 2_000


def add_comment(tx: Transaction, user_id: int, listing_id: int, body: str) -> AddedComment:
    """`body` is checked. Only the seller sees a draft. Raises ListingNotFound, UserNotFound, UserInactive."""
    listing = share_listing(tx.connection, listing_id)
    require_active_user(tx.connection, user_id)
    if listing.status == "draft" and listing.seller_id != user_id:
        raise ListingNotFound
    now = tx.now()
    row = {"listing_id": listing_id, "user_id": user_id, "body": body, "created_at": now}
    comment_id = insert_row(tx.connection, Comment, row)
    event = CommentAdded(comment_id=comment_id, listing_id=listing_id, user_id=user_id, created_at=aware(now))
    tx.append(event, now)
    return AddedComment(comment_id=comment_id, listing_id=listing_id, created_at=aware(now))
