"""A small auction made to catch a guard: what a policy hides holds the extremes, the errors and the secrets.

Hidden rows are the first, the last, the largest and the smallest of their tables; visible rows refer to them; and the
values that only they hold make an engine fail when it so much as tries them: 500.00 for `1 / (amount - 500)`, -1 for
a root, the smallest integer for `rating - 1`, a text for a cast, a lone backslash for a pattern. Each hidden text is
made of a canary of its own. Everything is the same at each run.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from nl2sql.catalog.load import load_model
from nl2sql.catalog.model import SemanticModel

Row = dict[str, object]
Rows = Mapping[str, list[Row]]

REPOSITORY = Path(__file__).parents[3]
# Column and kind of value; `unmentioned` is a column of the database that the semantic model does not speak of.
TABLES: Mapping[str, Mapping[str, str]] = {
    "users": dict(
        id="key", username="text", email="text", password_hash="text", full_name="text", country="text",
        created_at="time", last_seen_at="time", is_active="bool", unmentioned="text",
    ),
    "categories": dict(id="key", name="text", parent_id="integer", unmentioned="text"),
    "listings": dict(
        id="key", seller_id="integer", category_id="integer", title="text", description="text", item_condition="text",
        starting_price="money", reserve_price="money", buy_now_price="money", current_bid="money",
        highest_bidder_id="integer", bid_count="integer", status="text", created_at="time", starts_at="time",
        ends_at="time", closed_at="time", unmentioned="text",
    ),
    "bids": dict(
        id="key", listing_id="integer", bidder_id="integer", amount="money", placed_at="time", unmentioned="text"
    ),
    "comments": dict(
        id="key", listing_id="integer", user_id="integer", body="text", created_at="time", unmentioned="text"
    ),
    "watchlist": dict(user_id="integer", listing_id="integer", created_at="time", unmentioned="text"),
    "payments": dict(
        id="key", listing_id="integer", buyer_id="integer", amount="money", fee="money", method="text", status="text",
        created_at="time", paid_at="time", unmentioned="text",
    ),
    "reviews": dict(
        id="key", listing_id="integer", reviewer_id="integer", reviewee_id="integer", rating="integer", body="text",
        created_at="time", unmentioned="text",
    ),
}  # fmt: skip
UNMENTIONED = frozenset(f"{table}.unmentioned" for table in TABLES)
SENSITIVE = frozenset({"users.email", "users.password_hash", "users.full_name", "listings.reserve_price"})
SMALLEST_INTEGER = -(2**63)
LARGEST_MONEY = Decimal("9999999999.99")
_BASE32 = "ghjkmnpqrstvwxyzbcdf2345679QXZJV"  # no hexadecimal run, so that no canary looks like a number


def canary(*place: object) -> str:
    """Twelve letters that stand nowhere else."""
    digest = sha256(repr(place).encode()).digest()
    return "".join(_BASE32[byte % 32] for byte in digest[:12])


def money_canary(*place: object) -> Decimal:
    """Seven digits before the point that stand nowhere else."""
    return Decimal(7_000_000 + int.from_bytes(sha256(repr(place).encode()).digest()[:4], "big") % 2_900_000) + Decimal(
        "0.37"
    )


def _poison_text(*place: object) -> str:
    """No number, and no pattern: what it escapes at its end is not there."""
    return ("%\\", canary(*place), canary(*place) + "\\")[int(str(place[-1])) % 3]


@cache
def model() -> SemanticModel:
    return load_model(REPOSITORY / "schema" / "auction" / "model.yaml")


_DAY = datetime.fromisoformat("2025-01-06 09:30")
_day = datetime.fromisoformat
_AMOUNTS = [Decimal(text) for text in ("10.00", "25.00", "25.00", "40.50", "99.99", "120.00", "120.00", "310.10")]


class _Maker:
    """Hidden users are every country's but DE's; hidden listings are drafts or theirs, and so on down the tables."""

    def __init__(self) -> None:
        self.dice = random.Random(20250106)  # noqa: S311 - repeatable, not secret

    def pick(self, *values: object) -> object:
        return self.dice.choice(values)

    def time(self) -> datetime:
        """Few days and hours, so that many are alike."""
        return _DAY + timedelta(days=self.dice.randint(0, 75) * 7, hours=self.dice.randint(0, 3) * 5)

    def users(self) -> Iterator[Row]:
        for key in range(1, 45):
            german = key % 5 in (2, 3) and key != 43
            country = "DE" if german else self.pick("FR", "US", "NL", "FR", None)
            yield {
                "id": key,
                "username": f"user{key // 2}" if german else f"{canary('username', key)}" + "\\" * (key == 4),
                "email": f"{canary('email', key)}@example.org",
                "password_hash": canary("password", key),
                "full_name": self.pick(canary("name", key), canary("name", 0), None),
                "country": country,
                "created_at": _day("1990-01-01") if key == 1 else _day("2037-01-01") if key == 44 else self.time(),
                "last_seen_at": _day("2031-03-01") + timedelta(microseconds=137_911 + 10_007 * key),
                "is_active": self.pick(True, True, False),
            }

    def categories(self) -> Iterator[Row]:
        names = ("Electronics", "Art", "Books", "Phones", "Audio", "Paintings", "Prints", "Cameras", "Lenses", "Art")
        parents = (None, None, None, 1, 1, 2, 2, 1, 8, 3)
        for key, (name, parent) in enumerate(zip(names, parents, strict=True), 1):
            yield {"id": key, "name": name, "parent_id": parent}

    def listings(self) -> Iterator[Row]:
        states = ("sold", "sold", "active", "unsold", "cancelled", "open", "closed")
        for key in range(1, 61):
            status = "draft" if key in (1, 17, 18, 33, 60) else None if key == 26 else self.pick(*states)
            created, price = self.time(), self.dice.choice(_AMOUNTS)
            visible = status not in ("draft", None) and key % 2 == 0
            yield {
                "id": key,
                # Even listings are sold by users 2, 3, 7, 8 and so on, who are visible.
                "seller_id": self.pick(2, 3, 7, 8, 12, 13, 22, 42) if visible else self.pick(1, 4, 5, 44, 6),
                "category_id": self.pick(1, 4, 4, 5, 6, 7, 8, 9, 10),
                "title": self.pick("Vase", "Old lamp", "Camera 50%", "Vase") if visible else canary("title", key),
                "description": self.pick("1", None, "0", "1") if visible else _poison_text("text", key),
                "item_condition": self.pick("new", "good", "fair", "like_new"),
                "starting_price": price,
                "reserve_price": self.pick(money_canary("reserve", key), None),
                "buy_now_price": self.pick(money_canary("buy_now", key), None),
                "current_bid": self.pick(price * 2, price + 5, price, None) if visible else money_canary("bid", key),
                "highest_bidder_id": self.pick(1, 2, 3, 7, 44, 5, None),
                "bid_count": self.dice.randint(0, 6) if visible else SMALLEST_INTEGER,
                "status": status,
                "created_at": created,
                "starts_at": created + timedelta(hours=5),
                "ends_at": created + timedelta(days=7),
                "closed_at": self.pick(created + timedelta(days=7), None) if visible else _day("2036-06-06"),
            }

    def bids(self) -> Iterator[Row]:
        drafts = (1, 17, 18, 33, 60)
        for key in range(1, 65):
            hidden = key in (1, 9, 20, 21, 40, 64)
            amount = [Decimal(500), LARGEST_MONEY, Decimal(-1), Decimal(0)][key % 4]
            yield {
                "id": key,
                "listing_id": self.pick(*drafts) if hidden else self.pick(2, 2, 4, 6, 8, 10, 12, 3, 5, 30, 58),
                "bidder_id": self.pick(1, 2, 3, 7, 8, 44, 5, None),
                "amount": amount if hidden else self.dice.choice(_AMOUNTS),
                "placed_at": _day(f"2038-01-{key % 28 + 1:02}") if hidden else self.time(),
            }

    def comments(self) -> Iterator[Row]:
        for key in range(1, 36):
            yield {
                "id": key,
                "listing_id": self.pick(1, 2, 2, 4, 6, 17, 33),
                "user_id": self.pick(1, 2, 3, 7, 44),
                "body": self.pick("nice", "Nice", "", None, "100%", "_", "it's -- fine"),
                "created_at": self.time(),
            }

    def watchlist(self) -> Iterator[Row]:
        for user in (1, 2, 3, 7, 8, 44):
            for listing in (1, 2, 4, 6, 17):
                yield {"user_id": user, "listing_id": listing, "created_at": self.time()}

    def payments(self) -> Iterator[Row]:
        poison = [Decimal(500), LARGEST_MONEY, Decimal(-1), Decimal(0), *(money_canary("payment", n) for n in range(4))]
        for key in range(1, 46):
            visible = key not in (1, 45) and key % 3 != 0
            amount = self.dice.choice(_AMOUNTS) if visible else poison[key % len(poison)]
            yield {
                "id": key,
                "listing_id": self.pick(2, 4, 6, 8, 10, 1, 17, 3),
                "buyer_id": self.pick(2, 2, 3, 7, 8, 12) if visible else self.pick(1, 4, 5, 44, None),
                "amount": amount,
                "fee": money_canary("fee", key),
                "method": self.pick("card", "paypal", "wallet", None) if visible else canary("method", key),
                "status": self.pick("paid", "paid", "pending", "refunded", "failed") if visible else "pending",
                "created_at": self.time(),
                "paid_at": self.pick(self.time(), None) if visible else _day("1988-08-08"),
            }

    def reviews(self) -> Iterator[Row]:
        for key in range(1, 36):
            hidden = key in (1, 14, 15, 35)
            yield {
                "id": key,
                "listing_id": self.pick(2, 4, 6, 8, 1),
                "reviewer_id": self.pick(1, 2, 3, 7, 44),
                "reviewee_id": self.pick(2, 3, 7, 8, 12, 5),
                "rating": SMALLEST_INTEGER if hidden else self.dice.randint(1, 5),
                "body": _poison_text("review", key) if hidden else str(self.dice.randint(1, 40)),
                "created_at": self.time(),
            }


@cache
def everything() -> Rows:
    maker = _Maker()
    made: dict[str, list[Row]] = {table: list(getattr(maker, table)()) for table in TABLES}
    for table, rows in made.items():
        for number, row in enumerate(rows):
            row["unmentioned"] = canary("unmentioned", table, number)
    return MappingProxyType(made)


@dataclass(frozen=True)
class View:
    """What one role can see, told a second time in Python: the tables, their hidden columns and their visible rows."""

    hidden: frozenset[str]
    keeps: Mapping[str, Callable[[Row], bool]]
    tables: frozenset[str] = frozenset(TABLES)

    def columns(self, table: str) -> list[str]:
        return [each for each in TABLES[table] if f"{table}.{each}" not in self.hidden]

    def rows(self, table: str) -> list[Row]:
        keeps = self.keeps.get(table, lambda row: True)
        return [row for row in everything()[table] if keeps(row)]
