"""The catalogue: the tree of categories, and the search over public listings."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, get_args

from sqlalchemy import ColumnElement, Connection, Select, or_, select

from auction_core.clock import naive
from auction_core.errors import InvalidRequest
from auction_core.money import LARGEST
from auction_core.reading.cursor import after, check_limit, decode, encode, is_id
from auction_core.reading.rows import PRICE, card_of, cards, now_of
from auction_core.reading.views import CategoryNode, ListingCard, Page
from auction_core.tables import Category, Listing

Sort = Literal["ending_soon", "newest", "price_up", "price_down", "most_bids"]
Status = Literal["active", "sold", "unsold", "cancelled"]
SORTS: tuple[str, ...] = get_args(Sort)
STATUSES: tuple[str, ...] = get_args(Status)
LONGEST_QUERY = 100
# Each word is another pass over the titles.
MOST_WORDS = 8


@dataclass(frozen=True, slots=True)
class _Order:
    key: ColumnElement[Any]
    field: str
    falling: bool


_ORDERS = {
    "ending_soon": _Order(Listing.ends_at.expression, "ends_at", False),
    "newest": _Order(Listing.created_at.expression, "created_at", True),
    "price_up": _Order(PRICE, "price", False),
    "price_down": _Order(PRICE, "price", True),
    "most_bids": _Order(Listing.bid_count.expression, "bid_count", True),
}


def categories(connection: Connection) -> tuple[CategoryNode, ...]:
    """The top-level categories with their children, by name."""
    rows = connection.execute(select(Category.id, Category.name, Category.parent_id).order_by(Category.name)).all()
    children: dict[int | None, list[CategoryNode]] = {}
    for row in rows:
        children.setdefault(row.parent_id, []).append(CategoryNode(id=row.id, name=row.name))
    return tuple(top.model_copy(update={"children": tuple(children.get(top.id, ()))}) for top in children.get(None, ()))


def search(
    connection: Connection,
    *,
    q: str | None = None,
    category_id: int | None = None,
    status: str | None = "active",
    price_from: Decimal | None = None,
    price_to: Decimal | None = None,
    sort: str | None = None,
    cursor: str | None = None,
    limit: int = 24,
    now: datetime | None = None,
) -> Page[ListingCard]:
    """Public listings, a page at a time.

    Each word of `q` must be in the title, in whatever case (on SQLite that holds for a–z only). A top-level category
    includes its children. "active" are those that have not run out at `now`; None is every status but draft. Without
    `sort`, active listings come by their end, others newest first. Raises InvalidRequest.
    """
    check_limit(limit)
    order = _order(sort or ("ending_soon" if status == "active" else "newest"))
    query = _within_prices(_of_status(select(Listing.id), status, connection, now), price_from, price_to)
    words = _words(q)
    for word in words:
        query = query.where(Listing.title.icontains(word, autoescape=True))
    if category_id is not None:
        if not is_id(category_id):
            return Page(items=())
        inside = select(Category.id).where(or_(Category.id == category_id, Category.parent_id == category_id))
        query = query.where(Listing.category_id.in_(inside))
    asked = repr((order.field, order.falling, words, category_id, status, price_from, price_to))
    if cursor is not None:
        query = query.where(after(order.key, Listing.id.expression, decode(asked, cursor), falling=order.falling))
    keys = [key.desc() if order.falling else key.asc() for key in (order.key, Listing.id.expression)]
    # First which, then what: sorting ids is half the work of sorting whole rows.
    page = query.order_by(*keys).limit(limit + 1).subquery("page")
    rows = connection.execute(cards().join(page, page.c.id == Listing.id).order_by(*keys)).all()
    shown = rows[:limit]
    more = encode(asked, getattr(shown[-1], order.field), shown[-1].id) if len(rows) > limit else None
    return Page(items=tuple(card_of(row) for row in shown), next_cursor=more)


def _order(sort: str) -> _Order:
    if sort not in _ORDERS:
        raise InvalidRequest("sort", f"must be one of {', '.join(SORTS)}")
    return _ORDERS[sort]


def _of_status(query: Select[Any], status: str | None, connection: Connection, now: datetime | None) -> Select[Any]:
    if status is None:
        return query.where(Listing.status != "draft")
    if status not in STATUSES:
        raise InvalidRequest("status", f"must be one of {', '.join(STATUSES)}")
    query = query.where(Listing.status == status)
    return query.where(Listing.ends_at > naive(now_of(connection, now))) if status == "active" else query


def _within_prices(query: Select[Any], low: Decimal | None, high: Decimal | None) -> Select[Any]:
    for field, price in (("price_from", low), ("price_to", high)):
        if price is not None and not (price.is_finite() and 0 <= price <= LARGEST):
            raise InvalidRequest(field, f"must be 0 to {LARGEST}")
    if low is not None:
        query = query.where(low <= PRICE)
    return query if high is None else query.where(high >= PRICE)


def _words(q: str | None) -> tuple[str, ...]:
    text = (q or "").strip()
    if len(text) > LONGEST_QUERY:
        raise InvalidRequest("q", f"must be at most {LONGEST_QUERY} characters")
    if not all(character.isprintable() or character.isspace() for character in text):
        raise InvalidRequest("q", "must be printable text")
    words = tuple(text.split())
    if len(words) > MOST_WORDS:
        raise InvalidRequest("q", f"must be at most {MOST_WORDS} words")
    return words
