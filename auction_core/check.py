"""Runs every invariant against a live database, one query each."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError

from auction_core.database import describe, open_existing, parse_url
from auction_core.errors import DatabaseUnreachable
from auction_core.invariants import INVARIANTS, Invariant
from auction_core.tables import TABLE_NAMES

SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Finding:
    invariant: Invariant
    violations: int
    samples: tuple[int, ...]


def check_database(url: str) -> Iterator[Finding]:
    """A finding for each invariant in turn, kept ones included. Raises DatabaseUnreachable."""
    parsed = parse_url(url)
    engine = open_existing(parsed)
    try:
        with engine.connect() as connection:
            require_tables(connection)
            for invariant in INVARIANTS:
                yield find_violations(connection, invariant)
    except DBAPIError as error:
        kind = type(error.orig).__name__
        raise DatabaseUnreachable(f"Reading the {describe(parsed)} broke off ({kind}).") from None


def require_tables(connection: Connection) -> None:
    """Raises DatabaseUnreachable when one of the auction's is not there."""
    missing = sorted(set(TABLE_NAMES) - set(inspect(connection).get_table_names()))
    if missing:
        where = f"the {describe(connection.engine.url)}: {', '.join(missing[:3])}"
        raise DatabaseUnreachable(
            f"Tables are missing in {where}. Run 'auction-core migrate' or 'auction-core seed' first."
        )


def find_violations(connection: Connection, invariant: Invariant) -> Finding:
    query = (
        f"WITH broken AS ({invariant.broken}) "  # noqa: S608 - the invariants are constants of this package
        f"SELECT id, COUNT(*) OVER () AS violations FROM broken ORDER BY id LIMIT {SAMPLES}"
    )
    rows = connection.execute(text(query)).all()
    return Finding(invariant, rows[0].violations if rows else 0, tuple(row.id for row in rows))
