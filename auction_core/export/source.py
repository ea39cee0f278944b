"""One consistent snapshot of the auction, read in pages of bounded memory, without hindering writers.

Pages go by keyset: each asks for the rows after the last one of the page before. No cursor stays open on a server
while a target takes its time.

- SQLite: a read transaction. In WAL mode, which the store switches on, writers go on.
- MySQL/MariaDB: START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY.
- PostgreSQL: REPEATABLE READ, READ ONLY.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal

from sqlalchemy import (
    REAL,
    URL,
    ColumnElement,
    Connection,
    Date,
    DateTime,
    Integer,
    String,
    and_,
    cast,
    func,
    or_,
    select,
    text,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.pool import NullPool
from sqlalchemy.types import Boolean

from auction_core.clock import read_clock
from auction_core.database import describe, make_engine, open_existing, parse_url
from auction_core.errors import DatabaseUnreachable
from auction_core.export.arrow import schema_of, to_batch
from auction_core.export.plan import Exported, Mode, Since
from auction_core.tables import Money

# Rows; of listings, the widest, some 20 MB while they are Python objects.
PAGE = 20_000
# Ids; a changed row rewrites a file of at most so many rows.
BUCKET = 65_536
# A page is answered in well under a second; a scan for changes on a large table takes longer.
ANSWER_SECONDS = 600
_ARGUMENTS: dict[str, dict[str, Any]] = {
    "sqlite": {"timeout": 30, "isolation_level": None},
    "mysql": {
        "charset": "utf8mb4",
        "connect_timeout": 5,
        "read_timeout": ANSWER_SECONDS,
        "init_command": "SET SESSION time_zone = '+00:00'",
    },
    # A target may need minutes between two pages.
    "postgresql": {
        "connect_timeout": 5,
        "options": "-c timezone=UTC -c idle_in_transaction_session_timeout=0",
    },
}
_BEGIN = {
    "sqlite": ("PRAGMA query_only = ON", "BEGIN", "SELECT name FROM sqlite_master LIMIT 1"),
    "mysql": (
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ",
        "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
    ),
    "postgresql": ("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY",),
}
# The driver begins no transaction: the statements above do.
_NONE_BY_ITSELF: Literal["AUTOCOMMIT"] = "AUTOCOMMIT"
# No such table, no such column.
_ABSENT_CODES = frozenset({1146, 1054})
_ABSENT_STATES = frozenset({"42P01", "42703"})

# The day a row is filed under, or the number of its bucket of ids.
Part = date | int


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`taken_at` is by the database's clock, naive UTC."""

    connection: Connection
    taken_at: datetime

    def highest_id(self, exported: Exported) -> int | None:
        if exported.mode is Mode.REPLACED:
            return None
        found: int | None = self.connection.execute(select(func.max(exported.table.c.id))).scalar_one()
        return found

    def count(self, exported: Exported, since: Since | None = None) -> int:
        """Rows that `batches` gives."""
        wanted = select(func.count()).select_from(exported.table)
        return sum(self.connection.execute(_where(wanted, c)).scalar_one() for c, _ in _passes(exported, since))

    def batches(self, exported: Exported, since: Since | None) -> Iterator[Any]:
        """pyarrow.RecordBatches of all rows, or of those that are new or may have changed; each row once."""
        for condition, order in _passes(exported, since):
            yield from self._pages(exported, condition, order)

    def parts(self, exported: Exported, since: Since | None) -> dict[Part, int]:
        """The parts that `batches` has rows in, and how many. Parts are days or buckets of ids."""
        part = self._part_expression(exported)
        found: dict[Part, int] = {}
        for condition, _ in _passes(exported, since):
            counted = _where(select(part, func.count()).select_from(exported.table), condition).group_by(part)
            for written, count in self.connection.execute(counted):
                number: Part = date.fromisoformat(str(written)) if exported.day else int(written)
                found[number] = found.get(number, 0) + count
        return dict(sorted(found.items()))

    def part(self, exported: Exported, part: Part) -> Iterator[Any]:
        """pyarrow.RecordBatches of all the rows of a part."""
        if isinstance(part, date):
            column = exported.table.c[str(exported.day)]
            start = datetime.combine(part, datetime.min.time())
            condition = and_(column >= start, column < start + timedelta(days=1))
            yield from self._pages(exported, condition, (column.name, *exported.key))
        else:
            column = exported.table.c[exported.key[0]]
            condition = and_(column >= part * BUCKET, column < (part + 1) * BUCKET)
            yield from self._pages(exported, condition, exported.key)

    def _pages(self, exported: Exported, condition: ColumnElement[bool] | None, order: Sequence[str]) -> Iterator[Any]:
        texts = self.connection.dialect.name == "sqlite"
        columns = {column.name: _raw(column) if texts else column for column in exported.columns}
        keys = [columns[name] for name in order]
        places = [list(columns).index(name) for name in order]
        schema = schema_of(exported.columns)
        page = _where(select(*columns.values()), condition).order_by(*keys).limit(PAGE)
        statement = page
        while True:
            rows = self.connection.execute(statement).fetchall()
            if rows:
                yield to_batch(rows, schema, texts=texts)
            if len(rows) < PAGE:
                return
            statement = page.where(_after(keys, [rows[-1][place] for place in places]))

    def _part_expression(self, exported: Exported) -> ColumnElement[Any]:
        if exported.day is None:
            return exported.table.c[exported.key[0]] // BUCKET
        column = exported.table.c[exported.day]
        if self.connection.dialect.name == "sqlite":
            return func.substr(type_coerce(column, String()), 1, 10)
        return cast(column, Date)


@contextmanager
def open_snapshot(address: str) -> Iterator[Snapshot]:
    """Raises DatabaseUnreachable, also when the database goes away while it is read."""
    url = parse_url(address)
    open_existing(url).dispose()
    engine = make_engine(
        url, poolclass=NullPool, connect_args=_ARGUMENTS[_family(url)], isolation_level=_NONE_BY_ITSELF
    )
    try:
        with engine.connect() as connection:
            # Before the snapshot is taken: what is committed in between is read again by the next export.
            taken_at = read_clock(connection)
            for statement in _BEGIN[_family(url)]:
                connection.execute(text(statement)).close()
            yield Snapshot(connection, taken_at)
            connection.execute(text("ROLLBACK"))
    except (OperationalError, ProgrammingError) as error:
        raise _unreadable(url, error) from None
    except DBAPIError:
        raise DatabaseUnreachable(f"The {describe(url)} broke off while it was read; nothing was changed.") from None
    finally:
        engine.dispose()


def _family(url: URL) -> str:
    return url.get_backend_name().replace("mariadb", "mysql")


def _unreadable(url: URL, error: DBAPIError) -> DatabaseUnreachable:
    code = error.orig.args[0] if error.orig is not None and error.orig.args else None
    state = getattr(error.orig, "sqlstate", None)
    missing = (
        code in _ABSENT_CODES or state in _ABSENT_STATES or str(code).startswith(("no such table", "no such column"))
    )
    if missing:
        return DatabaseUnreachable(
            f"The {describe(url)} lacks tables or columns of the auction: run 'auction-core migrate' first."
        )
    return DatabaseUnreachable(f"The {describe(url)} broke off while it was read; nothing was changed.")


def _passes(exported: Exported, since: Since | None) -> list[tuple[ColumnElement[bool] | None, Sequence[str]]]:
    """Conditions that share no row, each with the order that an index gives it in.

    First the ids that did not exist at the last export, whatever their times; then, of those before, what has a time
    since the cutoff.
    """
    if since is None:
        return [(None, exported.key)]
    number = exported.table.c.id
    marked = or_(*(exported.table.c[mark] >= since.cutoff for mark in exported.marks))
    order = (exported.marks[0], "id") if exported.mode is Mode.APPENDED else ("id",)
    return [(number > since.highest_id, ("id",)), (and_(marked, number <= since.highest_id), order)]


def _where(statement: Any, condition: ColumnElement[bool] | None) -> Any:
    return statement if condition is None else statement.where(condition)


def _after(keys: Sequence[ColumnElement[Any]], last: Sequence[Any]) -> ColumnElement[bool]:
    """Rows that sort behind `last`; the first term alone lets an index jump there."""
    later: ColumnElement[bool] = keys[0] > last[0]
    if len(keys) == 1:
        return later
    tie = and_(keys[0] == last[0], _after(keys[1:], last[1:]))
    return and_(keys[0] >= last[0], or_(later, tie))


def _raw(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """As SQLite keeps it: `auction_core.export.arrow` converts whole columns, many times faster than cell by cell."""
    if isinstance(column.type, Money):
        return type_coerce(column, REAL())
    if isinstance(column.type, DateTime):
        return type_coerce(column, String())
    return type_coerce(column, Integer()) if isinstance(column.type, Boolean) else column
