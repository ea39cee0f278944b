"""A small auction to write into: migrated, with some users and one category, and listings as a test wants them."""

import tempfile
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, delete, insert
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from auction_core.database import open_for_writing, parse_url
from auction_core.migrations.stamp import write_stamp
from auction_core.routines import create_routines
from auction_core.tables import Base, Category, Listing, User

SELLER = 1
BUYERS = range(2, 42)
CATEGORY = 2
JOINED = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)


@dataclass(frozen=True, slots=True)
class World:
    url: str
    engine: Engine

    def listing(self, **values: Any) -> int:
        """The id of a new listing, open from an hour ago until in an hour, from 10 euros."""
        now = datetime.now(UTC).replace(tzinfo=None)
        row = {
            "seller_id": SELLER,
            "category_id": CATEGORY,
            "title": "Vintage steel watch",
            "description": "Runs well.",
            "item_condition": "good",
            "starting_price": Decimal("10.00"),
            "bid_count": 0,
            "status": "active",
            "created_at": now - timedelta(hours=2),
            "starts_at": now - timedelta(hours=1),
            "ends_at": now + timedelta(hours=1),
        }
        with self.engine.begin() as connection:
            return int(connection.execute(insert(Listing).values(row | values)).inserted_primary_key[0])


def make_world(url: str, *, clients: int = 16) -> World:
    """In an empty database. User 1 sells, users 2 to 41 bid."""
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite" and not Path(str(parsed.database)).exists():
        Path(str(parsed.database)).write_bytes(_sqlite_file())
    else:
        _build(url)
    return World(url, open_for_writing(parsed, clients=clients))


def open_emptied_world(url: str) -> World:
    """As `make_world`, on a server's database that `make_world` made before. Ids begin at 1 again."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        _end_other_sessions(connection)
        _empty(connection)
        _fill(connection)
        connection.commit()
    return World(url, open_for_writing(parse_url(url), clients=16))


@cache
def _sqlite_file() -> bytes:
    """The file of a small auction: writing it out is faster than making its tables anew."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "auction.db"
        _build(f"sqlite:///{path}")
        return path.read_bytes()


def _build(url: str) -> None:
    engine = open_for_writing(parse_url(url), clients=1)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        create_routines(connection)
        write_stamp(connection)
        _fill(connection)
    engine.dispose()


def _end_other_sessions(connection: Connection) -> None:
    """A test that failed may have left a transaction open."""
    if connection.dialect.name == "postgresql":
        others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) {others}")
        return
    others = "FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()"
    for session in connection.exec_driver_sql(f"SELECT id {others}").scalars().all():
        with suppress(OperationalError):  # it went by itself
            connection.exec_driver_sql(f"KILL {session}")


def _empty(connection: Connection) -> None:
    """Deleting the few rows of a test takes a tenth of the time that new tables take."""
    on_mysql = connection.dialect.name != "postgresql"
    if on_mysql:  # categories refer to categories, and it looks at each row by itself
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 0")
    used = [table for table in reversed(Base.metadata.sorted_tables) if connection.execute(delete(table)).rowcount]
    if on_mysql:
        for table in used:
            if table.autoincrement_column is not None:
                connection.exec_driver_sql(f"ALTER TABLE {table.name} AUTO_INCREMENT = 1")
        connection.exec_driver_sql("SET SESSION foreign_key_checks = 1")
    else:
        connection.exec_driver_sql("SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'")


def _fill(connection: Connection) -> None:
    connection.execute(insert(Category), [{"id": 1, "name": "Jewelry & Watches", "parent_id": None}])
    connection.execute(insert(Category), [{"id": CATEGORY, "name": "Watches", "parent_id": 1}])
    connection.execute(insert(User), [_user(number) for number in (SELLER, *BUYERS)])
    if connection.dialect.name == "postgresql":  # its sequences know nothing of ids that were given
        for table in ("users", "categories"):
            connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), 1000)")


def _user(number: int) -> dict[str, Any]:
    return {
        "id": number,
        "username": f"user{number}",
        "email": f"user{number}@example.org",
        "password_hash": "!",
        "full_name": f"User {number}",
        "country": "DE",
        "created_at": JOINED,
        "last_seen_at": JOINED,
        "is_active": True,
    }
