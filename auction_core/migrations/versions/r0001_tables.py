"""The tables of an auction that was seeded and read, before the backend wrote to it."""

import sqlalchemy as sa

from auction_core.migrations.steps import (
    BIG_ID,
    MONEY,
    TIME,
    create_table,
    drop_table,
    primary_key,
    reference,
    rule,
    unique,
)

revision = "0001"
down_revision = None

TABLES = (
    "categories",
    "event_outbox",
    "users",
    "listings",
    "bids",
    "comments",
    "payments",
    "reviews",
    "watchlist",
)


def upgrade() -> None:
    create_table(
        "categories",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("parent_id", sa.Integer()),
        primary_key("categories", "id"),
        reference("categories", "parent_id", "categories.id"),
        indexes=(("parent_id",),),
    )
    create_table(
        "event_outbox",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("aggregate_type", sa.String(40), nullable=False),
        sa.Column("aggregate_id", sa.BigInteger(), nullable=False),
        sa.Column("event_type", sa.String(60), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("occurred_at", TIME, nullable=False),
        sa.Column("published_at", TIME),
        primary_key("event_outbox", "id"),
        indexes=(("published_at", "id"),),
    )
    create_table(
        "users",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(40), nullable=False),
        sa.Column("email", sa.String(120), nullable=False),
        sa.Column("password_hash", sa.String(120), nullable=False),
        sa.Column("full_name", sa.String(80), nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("last_seen_at", TIME, nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        primary_key("users", "id"),
        unique("users", "email"),
        unique("users", "username"),
        indexes=(("country",), ("created_at",)),
    )
    create_table(
        "listings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seller_id", sa.Integer(), nullable=False),
        sa.Column("category_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("item_condition", sa.String(10), nullable=False),
        sa.Column("starting_price", MONEY, nullable=False),
        sa.Column("reserve_price", MONEY),
        sa.Column("buy_now_price", MONEY),
        sa.Column("current_bid", MONEY),
        sa.Column("highest_bidder_id", sa.Integer()),
        sa.Column("bid_count", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("starts_at", TIME, nullable=False),
        sa.Column("ends_at", TIME, nullable=False),
        sa.Column("closed_at", TIME),
        primary_key("listings", "id"),
        rule("listings", "bid_count", "bid_count >= 0"),
        rule("listings", "buy_now_price", "buy_now_price >= starting_price"),
        rule("listings", "ends_after_start", "ends_at > starts_at"),
        rule("listings", "item_condition", "item_condition IN ('new', 'like_new', 'good', 'fair')"),
        rule("listings", "reserve_price", "reserve_price >= starting_price"),
        rule("listings", "starting_price", "starting_price > 0"),
        rule("listings", "status", "status IN ('draft', 'active', 'sold', 'unsold', 'cancelled')"),
        reference("listings", "category_id", "categories.id"),
        reference("listings", "highest_bidder_id", "users.id"),
        reference("listings", "seller_id", "users.id"),
        indexes=(
            ("category_id",),
            ("created_at",),
            ("highest_bidder_id",),
            ("seller_id",),
            ("status", "closed_at"),
            ("status", "ends_at"),
        ),
    )
    create_table(
        "bids",
        sa.Column("id", BIG_ID, nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("bidder_id", sa.Integer(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("placed_at", TIME, nullable=False),
        primary_key("bids", "id"),
        rule("bids", "amount", "amount > 0"),
        reference("bids", "bidder_id", "users.id"),
        reference("bids", "listing_id", "listings.id"),
        indexes=(("bidder_id", "placed_at"), ("listing_id", "amount"), ("placed_at",)),
    )
    create_table(
        "comments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        primary_key("comments", "id"),
        reference("comments", "listing_id", "listings.id"),
        reference("comments", "user_id", "users.id"),
        indexes=(("listing_id",), ("user_id",)),
    )
    create_table(
        "payments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("buyer_id", sa.Integer(), nullable=False),
        sa.Column("amount", MONEY, nullable=False),
        sa.Column("fee", MONEY, nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("status", sa.String(10), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        sa.Column("paid_at", TIME),
        primary_key("payments", "id"),
        rule("payments", "amount", "amount > 0"),
        rule("payments", "fee", "fee >= 0 AND fee <= amount"),
        rule("payments", "method", "method IN ('card', 'paypal', 'bank_transfer', 'wallet')"),
        rule("payments", "status", "status IN ('pending', 'paid', 'refunded', 'failed')"),
        reference("payments", "buyer_id", "users.id"),
        reference("payments", "listing_id", "listings.id"),
        unique("payments", "listing_id"),
        indexes=(("buyer_id",), ("created_at",), ("status", "paid_at")),
    )
    create_table(
        "reviews",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("reviewer_id", sa.Integer(), nullable=False),
        sa.Column("reviewee_id", sa.Integer(), nullable=False),
        sa.Column("rating", sa.SmallInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        primary_key("reviews", "id"),
        rule("reviews", "rating", "rating BETWEEN 1 AND 5"),
        reference("reviews", "listing_id", "listings.id"),
        reference("reviews", "reviewee_id", "users.id"),
        reference("reviews", "reviewer_id", "users.id"),
        unique("reviews", "listing_id", "reviewer_id"),
        indexes=(("reviewee_id",), ("reviewer_id",)),
    )
    create_table(
        "watchlist",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("listing_id", sa.Integer(), nullable=False),
        sa.Column("created_at", TIME, nullable=False),
        primary_key("watchlist", "user_id", "listing_id"),
        reference("watchlist", "listing_id", "listings.id"),
        reference("watchlist", "user_id", "users.id"),
        indexes=(("listing_id",),),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    for table in reversed(TABLES):
        drop_table(table)
