"""What people may see of the auction: read views over an open connection, with public columns only.

    with open_for_reading(parse_url(url)).connect() as connection:
        found = search(connection, q="watch", sort="price_up")
        page = listing_page(connection, 42, viewer_id=7)

Each view is a frozen value with Decimal euros and aware UTC times. No view has a password hash or another's
reserve price, and but for a user's own account none has an e-mail address or a full name; who bids is told by a masked
name, except to the bidder. Lists come in pages: `next_cursor` of one is the `cursor` of the next. A value that no view
can take raises InvalidRequest.
"""

from auction_core.reading.catalogue import SORTS, STATUSES, categories, search
from auction_core.reading.engine import open_for_reading
from auction_core.reading.listing import bids_on, changes_since, listing_page
from auction_core.reading.mine import bids_of, payments_of, sales_of, watchlist_of
from auction_core.reading.people import account, profile, viewer_of
from auction_core.reading.views import (
    Account,
    BidLine,
    CategoryNode,
    CommentLine,
    ListingCard,
    ListingChanges,
    ListingPage,
    MyBid,
    MyPayment,
    MySale,
    MyWatch,
    Page,
    Profile,
    Rating,
    ReviewLine,
    Seller,
    Viewer,
)

__all__ = [
    "SORTS",
    "STATUSES",
    "Account",
    "BidLine",
    "CategoryNode",
    "CommentLine",
    "ListingCard",
    "ListingChanges",
    "ListingPage",
    "MyBid",
    "MyPayment",
    "MySale",
    "MyWatch",
    "Page",
    "Profile",
    "Rating",
    "ReviewLine",
    "Seller",
    "Viewer",
    "account",
    "bids_of",
    "bids_on",
    "categories",
    "changes_since",
    "listing_page",
    "open_for_reading",
    "payments_of",
    "profile",
    "sales_of",
    "search",
    "viewer_of",
    "watchlist_of",
]
