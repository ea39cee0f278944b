"""A user as others may see them, and as the user does."""

from sqlalchemy import Connection, func, select

from auction_core.clock import aware
from auction_core.errors import UserNotFound
from auction_core.reading.cursor import is_id
from auction_core.reading.rows import rating_of
from auction_core.reading.views import Account, Profile, ReviewLine, Viewer
from auction_core.tables import Listing, Review, User

MOST_REVIEWS = 20


def profile(connection: Connection, user_id: int) -> Profile:
    """Raises UserNotFound, also for an account that is closed."""
    row = None
    if is_id(user_id):
        columns = (User.id, User.username, User.country, User.created_at, User.is_active)
        row = connection.execute(select(*columns).where(User.id == user_id)).one_or_none()
    if row is None or not row.is_active:
        raise UserNotFound
    query = select(Listing.status, func.count()).where(Listing.seller_id == user_id).group_by(Listing.status)
    counts = {status: count for status, count in connection.execute(query)}
    return Profile(
        id=row.id,
        username=row.username,
        country=row.country,
        member_since=aware(row.created_at),
        rating=rating_of(connection, user_id),
        active_listings=counts.get("active", 0),
        sold_listings=counts.get("sold", 0),
        reviews=_reviews(connection, user_id),
    )


def _reviews(connection: Connection, seller_id: int) -> tuple[ReviewLine, ...]:
    rows = connection.execute(
        select(User.username, Review.rating, Review.body, Review.created_at)
        .select_from(Review)
        .join(Listing, Listing.id == Review.listing_id)
        .join(User, User.id == Review.reviewer_id)
        .where(Review.reviewee_id == seller_id, Listing.seller_id == seller_id)
        .order_by(Review.created_at.desc(), Review.id.desc())
        .limit(MOST_REVIEWS)
    )
    return tuple(
        ReviewLine(reviewer=name, rating=rating, body=body, created_at=aware(created_at))
        for name, rating, body, created_at in rows
    )


def account(connection: Connection, user_id: int) -> Account:
    """For this user's own eyes. Raises UserNotFound, also for an account that is closed."""
    columns = (User.id, User.username, User.email, User.full_name, User.country, User.created_at)
    query = select(*columns).where(User.id == user_id, User.is_active)
    row = connection.execute(query).one_or_none() if is_id(user_id) else None
    if row is None:
        raise UserNotFound
    return Account(**(row._asdict() | {"created_at": aware(row.created_at)}))


def viewer_of(connection: Connection, user_id: int) -> Viewer | None:
    """Who is signed in; None when the account is closed or gone."""
    query = select(User.id, User.username).where(User.id == user_id, User.is_active)
    row = connection.execute(query).one_or_none() if is_id(user_id) else None
    return None if row is None else Viewer(id=row.id, username=row.username)
