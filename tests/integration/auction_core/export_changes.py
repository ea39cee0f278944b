"""Random changes to a small auction, and the rows of a source and of a warehouse in one form to compare."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pyarrow.parquet as pq
from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from auction_core.export.plan import Exported, plan_tables
from auction_core.tables import Bid, Comment, Listing, Payment, Review, User, Watch
from tests.integration.auction_core.world import BUYERS, CATEGORY, SELLER

Rows = list[tuple[Any, ...]]
PLAN = plan_tables()


def now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def dice(seed: int) -> Random:
    return Random(seed)  # noqa: S311


def fill(engine: Engine, rng: Random, *, listings: int = 40, bids: int = 800, days: int = 12) -> None:
    """Some weeks of trade."""
    with engine.begin() as connection:
        connection.execute(insert(Listing), [_listing(number, rng, days) for number in range(1, listings + 1)])
        ids = range(1, bids + 1)
        connection.execute(insert(Bid), [_bid(i, rng, listings, timedelta(days=rng.uniform(0.1, days))) for i in ids])
        connection.execute(insert(Payment), [_payment(i, rng, days) for i in range(1, listings // 2)])
        connection.execute(insert(Comment), [_comment(i, rng, listings) for i in range(1, 60)])
        connection.execute(
            insert(Watch), [{"user_id": u, "listing_id": u % listings + 1, "created_at": now()} for u in BUYERS]
        )


def change(engine: Engine, rng: Random) -> None:
    """What a few minutes bring: new rows, also with ids that were passed over, changed rows, rows that go away."""
    with engine.begin() as connection:
        listings = _highest(connection, Listing)
        connection.execute(insert(Listing).values(_listing(listings + 1, rng, 0)))
        taken = set(connection.execute(select(Bid.id)).scalars())
        free = [i for i in range(1, max(taken) + 60) if i not in taken]
        wanted = rng.sample(free, rng.randint(5, min(40, len(free))))
        connection.execute(insert(Bid), [_bid(i, rng, listings, timedelta(minutes=rng.uniform(0, 5))) for i in wanted])
        connection.execute(insert(Comment).values(_comment(_highest(connection, Comment) + 1, rng, listings)))
        _touch(connection, Listing, rng, {"current_bid": _amount(rng), "bid_count": rng.randint(1, 99)})
        _touch(connection, Payment, rng, {"status": rng.choice(["paid", "refunded", "failed"]), "paid_at": now()})
        _touch(connection, User, rng, {"is_active": rng.random() < 0.5})
        seen = update(User).where(User.id == rng.choice(BUYERS)).values(last_seen_at=now())
        connection.execute(seen)
        connection.execute(delete(Watch).where(Watch.user_id == rng.choice(BUYERS)))
        paid = _highest(connection, Payment)
        connection.execute(insert(Payment).values(_payment(paid + 1, rng, 0)))
        review = {"id": _highest(connection, Review) + 1, "listing_id": listings, "reviewer_id": SELLER}
        connection.execute(
            insert(Review).values(reviewee_id=2, rating=rng.randint(1, 5), body="Schön 👍", created_at=now(), **review)
        )


def bid(number: int, placed_at: datetime, amount: str = "12.34") -> dict[str, Any]:
    return {"id": number, "listing_id": 1, "bidder_id": 2, "amount": Decimal(amount), "placed_at": placed_at}


def source_rows(engine: Engine, exported: Exported) -> Rows:
    keys = [exported.table.c[name] for name in exported.key]
    with engine.connect() as connection:
        found = connection.execute(select(*exported.columns).order_by(*keys)).fetchall()
        connection.rollback()
    return [tuple(row) for row in found]


def warehouse_rows(to: str, exported: Exported) -> Rows:
    """As a reader finds them who knows nothing of exports: a table of the file, or all files of the folder."""
    kind, _, place = to.partition(":")
    if kind == "duckdb":
        columns, keys = ", ".join(exported.column_names), ", ".join(exported.key)
        with duckdb.connect(place, read_only=True) as connection:
            return connection.execute(f"SELECT {columns} FROM {exported.name} ORDER BY {keys}").fetchall()
    return folder_rows(Path(place), exported)


def folder_rows(folder: Path, exported: Exported) -> Rows:
    rows: Rows = []
    for file in (folder / exported.name).rglob("*.parquet"):
        found = pq.ParquetFile(file).read()
        rows += [tuple(_plain(row[name]) for name in exported.column_names) for row in found.to_pylist()]
    places = [exported.column_names.index(name) for name in exported.key]
    return sorted(rows, key=lambda row: [row[place] for place in places])


def assert_equal(engine: Engine, to: str, plan: Sequence[Exported] = PLAN) -> None:
    for exported in plan:
        assert warehouse_rows(to, exported) == source_rows(engine, exported), exported.name


def _plain(value: Any) -> Any:
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value


def _touch(connection: Connection, entity: Any, rng: Random, values: dict[str, Any]) -> None:
    number = rng.randint(1, _highest(connection, entity))
    connection.execute(update(entity).where(entity.id == number).values(updated_at=now(), **values))


def _highest(connection: Connection, entity: Any) -> int:
    return int(connection.execute(select(func.coalesce(func.max(entity.id), 0))).scalar_one())


def _amount(rng: Random) -> Decimal:
    return Decimal(rng.choice([rng.randint(1, 10**6), rng.randint(1, 10**12 - 1)])).scaleb(-2)


def _listing(number: int, rng: Random, days: int) -> dict[str, Any]:
    created = now() - timedelta(days=days)
    return {
        "id": number,
        "seller_id": SELLER,
        "category_id": CATEGORY,
        "title": f"Watch № {number} 'steel' ⌚",
        "description": "Läuft.\nWell.",
        "item_condition": "good",
        "starting_price": Decimal("10.00"),
        "reserve_price": Decimal("20.00") if number % 2 else None,
        "buy_now_price": _amount(rng) + 10 if number % 3 else None,
        "current_bid": None,
        "highest_bidder_id": None,
        "bid_count": 0,
        "status": "active",
        "created_at": created,
        "starts_at": created,
        "ends_at": now() + timedelta(days=1),
        "closed_at": None,
        "updated_at": None,
    }


def _bid(number: int, rng: Random, listings: int, age: timedelta) -> dict[str, Any]:
    return {
        "id": number,
        "listing_id": rng.randint(1, listings),
        "bidder_id": rng.choice(BUYERS),
        "amount": _amount(rng),
        "placed_at": now() - age,
    }


def _payment(number: int, rng: Random, days: int) -> dict[str, Any]:
    return {
        "id": number,
        "listing_id": number,
        "buyer_id": rng.choice(BUYERS),
        "amount": Decimal("100.10"),
        "fee": Decimal("0.07"),
        "method": "card",
        "status": "pending",
        "created_at": now() - timedelta(days=rng.uniform(0, days)),
        "paid_at": None,
        "updated_at": None,
    }


def _comment(number: int, rng: Random, listings: int) -> dict[str, Any]:
    return {
        "id": number,
        "listing_id": rng.randint(1, listings),
        "user_id": rng.choice(BUYERS),
        "body": rng.choice(["Still there?", "שלום", "🙂", "a\tb"]),
        "created_at": now(),
    }
