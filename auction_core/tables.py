"""Every table of the auction, portable to SQLite, MySQL/MariaDB and PostgreSQL.

Owns column types, constraints and indexes; knows nothing of bidding rules or of how rows get there.

Times are naive UTC. On SQLite a time is text in the one form 'YYYY-MM-DD HH:MM:SS.ffffff' (26 characters, always six
decimals), which is what SQLAlchemy writes: comparing texts then compares times, a shorter literal such as '2025-01-01'
or '2025-01-01 00:00:00' sorts just before that very instant, and strftime() reads it. The one difference from the
other engines is a row at exactly the literal's instant under `=`, `>` or `<=`; the seed data has no time on a whole
second.

`updated_at` is the moment of the last change by the backend, NULL before the first. It never goes back, whatever the
clocks do, and a bid's `placed_at` is the `updated_at` that it left: so bids are in the same order by time as by amount.
"""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    REAL,
    BigInteger,
    CheckConstraint,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Numeric,
    SmallInteger,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator, TypeEngine

CONDITIONS = ("new", "like_new", "good", "fair")
LISTING_STATUSES = ("draft", "active", "sold", "unsold", "cancelled")
PAYMENT_METHODS = ("card", "paypal", "bank_transfer", "wallet")
PAYMENT_STATUSES = ("pending", "paid", "refunded", "failed")

# Of the INTEGER that ids are, but for bids and events.
LARGEST_ID = 2**31 - 1

# `info` of a column that no analyst may read.
SENSITIVE = {"sensitive": True}
# Of a table that is the backend's own business: no analyst may read any of it.
INTERNAL = {"internal": True}


class Money(TypeDecorator[Decimal]):
    """DECIMAL(12,2); on SQLite a REAL column.

    REAL and not NUMERIC affinity: NUMERIC keeps 15.00 as the integer 15, and 15 / 10 would then be 1. A double holds
    every amount of twelve digits, so reading back to two decimals is exact; a SUM may differ past the 15th digit.
    """

    impl = Numeric(12, 2)
    cache_ok = True

    @property
    def python_type(self) -> type[Decimal]:
        return Decimal

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(REAL())
        return dialect.type_descriptor(Numeric(12, 2))

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> Any:
        return float(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:
        if value is None or isinstance(value, Decimal):
            return value
        return Decimal(f"{value:.2f}")


_MICROSECONDS = mysql.DATETIME(fsp=6)
UtcTime = DateTime().with_variant(_MICROSECONDS, "mysql", "mariadb")
# SQLite gives out row ids only for a column declared INTEGER.
BigId = BigInteger().with_variant(Integer(), "sqlite")
# Compared byte by byte everywhere; MySQL's usual texts ignore case.
ExactText = String(64).with_variant(mysql.VARCHAR(64, charset="ascii", collation="ascii_bin"), "mysql", "mariadb")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcTime, Decimal: Money}  # noqa: RUF012 - read by SQLAlchemy under this name


_SERVER = {
    f"{server}_{option}": value
    for server in ("mysql", "mariadb")
    for option, value in (("engine", "InnoDB"), ("charset", "utf8mb4"))
}


class User(Base):
    __tablename__ = "users"
    __table_args__ = (Index(None, "country"), Index(None, "created_at"), _SERVER)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    username: Mapped[str] = mapped_column(String(40), unique=True)
    email: Mapped[str] = mapped_column(String(120), unique=True, info=SENSITIVE)
    password_hash: Mapped[str] = mapped_column(String(120), info=SENSITIVE)
    full_name: Mapped[str] = mapped_column(String(80), info=SENSITIVE)
    country: Mapped[str] = mapped_column(String(2))
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    is_active: Mapped[bool] = mapped_column(default=True)
    updated_at: Mapped[datetime | None]


class Category(Base):
    __tablename__ = "categories"
    __table_args__ = (Index(None, "parent_id"), _SERVER)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("categories.id"))


class Listing(Base):
    __tablename__ = "listings"
    __table_args__ = (
        CheckConstraint(_one_of("item_condition", CONDITIONS), name="item_condition"),
        CheckConstraint(_one_of("status", LISTING_STATUSES), name="status"),
        CheckConstraint("starting_price > 0", name="starting_price"),
        CheckConstraint("reserve_price >= starting_price", name="reserve_price"),
        CheckConstraint("buy_now_price >= starting_price", name="buy_now_price"),
        CheckConstraint("bid_count >= 0", name="bid_count"),
        CheckConstraint("ends_at > starts_at", name="ends_after_start"),
        Index(None, "status", "closed_at"),
        Index(None, "status", "ends_at"),
        Index(None, "category_id"),
        Index(None, "seller_id"),
        Index(None, "highest_bidder_id"),
        Index(None, "created_at"),
        _SERVER,
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    seller_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    category_id: Mapped[int] = mapped_column(ForeignKey("categories.id"))
    title: Mapped[str] = mapped_column(String(120))
    description: Mapped[str] = mapped_column(Text)
    item_condition: Mapped[str] = mapped_column(String(10))
    starting_price: Mapped[Decimal]
    reserve_price: Mapped[Decimal | None] = mapped_column(info=SENSITIVE)
    buy_now_price: Mapped[Decimal | None]
    current_bid: Mapped[Decimal | None]
    highest_bidder_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    bid_count: Mapped[int] = mapped_column(Integer, default=0)
    status: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]


class Bid(Base):
    __tablename__ = "bids"
    __table_args__ = (
        CheckConstraint("amount > 0", name="amount"),
        Index(None, "listing_id", "amount"),
        Index(None, "bidder_id", "placed_at"),
        Index(None, "placed_at"),
        _SERVER,
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    bidder_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[Decimal]
    placed_at: Mapped[datetime]


class Comment(Base):
    __tablename__ = "comments"
    __table_args__ = (Index(None, "listing_id"), Index(None, "user_id"), _SERVER)

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class Watch(Base):
    __tablename__ = "watchlist"
    __table_args__ = (Index(None, "listing_id"), {"sqlite_with_rowid": False, **_SERVER})

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), primary_key=True)
    created_at: Mapped[datetime]


class Payment(Base):
    __tablename__ = "payments"
    __table_args__ = (
        CheckConstraint(_one_of("method", PAYMENT_METHODS), name="method"),
        CheckConstraint(_one_of("status", PAYMENT_STATUSES), name="status"),
        CheckConstraint("amount > 0", name="amount"),
        CheckConstraint("fee >= 0 AND fee <= amount", name="fee"),
        Index(None, "status", "paid_at"),
        Index(None, "buyer_id"),
        Index(None, "created_at"),
        _SERVER,
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"), unique=True)
    buyer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    amount: Mapped[Decimal]
    fee: Mapped[Decimal]
    method: Mapped[str] = mapped_column(String(16))
    status: Mapped[str] = mapped_column(String(10))
    created_at: Mapped[datetime]
    paid_at: Mapped[datetime | None]
    updated_at: Mapped[datetime | None]


class Review(Base):
    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("listing_id", "reviewer_id"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        Index(None, "reviewee_id"),
        Index(None, "reviewer_id"),
        _SERVER,
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    listing_id: Mapped[int] = mapped_column(ForeignKey("listings.id"))
    reviewer_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    reviewee_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    rating: Mapped[int] = mapped_column(SmallInteger)
    body: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


class OutboxEvent(Base):
    """Written with what it tells of, published later. Its lane is `aggregate_id % LANES`."""

    __tablename__ = "event_outbox"
    __table_args__ = (Index(None, "published_at", "lane", "id"), {"info": INTERNAL, **_SERVER})

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    aggregate_type: Mapped[str] = mapped_column(String(40))
    aggregate_id: Mapped[int] = mapped_column(BigInteger)
    lane: Mapped[int] = mapped_column(SmallInteger)
    event_type: Mapped[str] = mapped_column(String(60))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    occurred_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class OutboxLane(Base):
    """One relay at a time publishes the events of a lane: that keeps the order within an aggregate."""

    __tablename__ = "outbox_lanes"
    __table_args__ = ({"info": INTERNAL, **_SERVER},)

    lane: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    relay: Mapped[str | None] = mapped_column(String(64))
    leased_until: Mapped[datetime | None]


class IdempotencyKey(Base):
    """What a write answered, so that the same request is not carried out twice. Actor 0 is nobody (registering)."""

    __tablename__ = "idempotency_keys"
    __table_args__ = (Index(None, "created_at"), {"info": INTERNAL, "sqlite_with_rowid": False, **_SERVER})

    actor_id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    idempotency_key: Mapped[str] = mapped_column(ExactText, primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    result: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]


TABLE_NAMES: tuple[str, ...] = tuple(table.name for table in Base.metadata.sorted_tables)
