"""What is exported of each table, and how its changes are found. Pure: knows neither source nor target."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Column, Table

from auction_core.errors import Refused
from auction_core.tables import INTERNAL, SENSITIVE, Base

# Rows become visible when they are committed, not in the order of their ids or times. A write of the backend is given
# up after some seconds of waiting for locks; ten minutes leave room for what is done by hand.
OVERLAP = timedelta(minutes=10)
# No account is worth the risk of hashes in a warehouse.
NEVER = frozenset({"password_hash"})


class Mode(Enum):
    APPENDED = "new rows"  # a row never changes
    CHANGED = "new and changed rows"
    REPLACED = "all rows"  # rows go away, or there are few


_MODES = {
    "users": Mode.CHANGED,
    "categories": Mode.REPLACED,
    "listings": Mode.CHANGED,
    "bids": Mode.APPENDED,
    "comments": Mode.APPENDED,
    "watchlist": Mode.REPLACED,
    "payments": Mode.CHANGED,
    "reviews": Mode.APPENDED,
}
# A row that was written since some moment has at least one of these times since then.
_MARKS: dict[str, tuple[str, ...]] = {
    "users": ("updated_at", "created_at", "last_seen_at"),
    "listings": ("updated_at", "created_at", "closed_at"),
    "bids": ("placed_at",),
    "comments": ("created_at",),
    "payments": ("updated_at", "created_at", "paid_at"),
    "reviews": ("created_at",),
}
# The time that a row keeps for ever and whose day it is filed under.
_DAYS = {"bids": "placed_at", "payments": "created_at"}


@dataclass(frozen=True, slots=True)
class Since:
    """What was exported before: ids up to `highest_id`, and all that was written before `cutoff` (naive UTC)."""

    cutoff: datetime
    highest_id: int


@dataclass(frozen=True, slots=True)
class Exported:
    """`day` is the column of the daily partitions, `cluster` the one that rows are sorted by; None for neither."""

    table: Table
    mode: Mode
    columns: tuple[Column[object], ...]
    marks: tuple[str, ...]
    day: str | None
    cluster: str | None

    @property
    def name(self) -> str:
        return self.table.name

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.table.primary_key.columns)

    @property
    def day_folder(self) -> str:
        """placed_at → placed_day"""
        return f"{str(self.day).removesuffix('_at')}_day"


def plan_tables(names: Sequence[str] = (), *, with_sensitive: bool = False) -> tuple[Exported, ...]:
    """All tables but the backend's own, or those named. Raises Refused for a name that is none."""
    every = {t.name: _plan(t, with_sensitive) for t in Base.metadata.sorted_tables if t.info != INTERNAL}
    unknown = sorted(set(names) - set(every))
    if unknown:
        raise Refused(f"'{unknown[0]}' is not a table to export: choose from {', '.join(every)}.")
    return tuple(exported for name, exported in every.items() if not names or name in names)


def _plan(table: Table, with_sensitive: bool) -> Exported:
    columns = tuple(
        column for column in table.columns if column.name not in NEVER and (with_sensitive or column.info != SENSITIVE)
    )
    name = table.name
    cluster = "listing_id" if "listing_id" in table.columns else None
    return Exported(table, _MODES[name], columns, _MARKS.get(name, ()), _DAYS.get(name), cluster)
