"""Whether the tables that a database without a stamp holds are the auction's."""

from sqlalchemy import Connection, inspect

from auction_core.database import describe
from auction_core.errors import ForeignDatabase
from auction_core.migrations.stamp import HEAD, REVISIONS
from auction_core.tables import Base

# The columns of revision 0001. Databases of that time were never stamped.
_FIRST = {
    "users": "id username email password_hash full_name country created_at last_seen_at is_active",
    "categories": "id name parent_id",
    "listings": "id seller_id category_id title description item_condition starting_price reserve_price buy_now_price "
    "current_bid highest_bidder_id bid_count status created_at starts_at ends_at closed_at",
    "bids": "id listing_id bidder_id amount placed_at",
    "comments": "id listing_id user_id body created_at",
    "watchlist": "user_id listing_id created_at",
    "payments": "id listing_id buyer_id amount fee method status created_at paid_at",
    "reviews": "id listing_id reviewer_id reviewee_id rating body created_at",
    "event_outbox": "id aggregate_type aggregate_id event_type payload occurred_at published_at",
}
FIRST_TABLES = tuple(_FIRST)


def recognise(connection: Connection) -> str | None:
    """The revision that the tables are at: the newest when nothing is missing, else the first; None without tables.

    Between the two is what a migration left that MySQL committed by halves. Raises ForeignDatabase for other tables of
    the same names.
    """
    inspector = inspect(connection)
    present = set(inspector.get_table_names())
    is_newest, is_first = True, False
    for table in Base.metadata.sorted_tables:
        if table.name not in present:
            is_newest = False
            continue
        newest = set(table.columns.keys())
        first = set(_FIRST[table.name].split()) if table.name in _FIRST else newest
        columns = {column["name"] for column in inspector.get_columns(table.name)}
        if not first <= columns <= newest:
            where = f"the {describe(connection.engine.url)}"
            raise ForeignDatabase(
                f"Table {table.name} in {where} is not the auction's: it has other columns. Choose another database."
            )
        is_newest = is_newest and columns == newest
        is_first = True
    return HEAD if is_newest else REVISIONS[0] if is_first else None
