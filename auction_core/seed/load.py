"""What loading rows into any engine has in common: the contract of a target, progress and the guard against loss."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Protocol

from auction_core.errors import DatabaseNotEmpty
from auction_core.seed.columns import Cell, Encoder, Kind, TableRows, encode

# Table, rows written so far, rows in all. Called after every chunk.
Progress = Callable[[str, int, int], None]


class Target(Protocol):
    def refuse_loss(self, force: bool) -> None:
        """Raises DatabaseNotEmpty or ForeignDatabase before anything is generated."""

    def load(self, tables: Iterable[TableRows], progress: Progress) -> None:
        """Write all rows or none. Raises LoadFailed."""


def chunks(
    rows: TableRows, size: int, encoders: dict[Kind, Encoder], progress: Progress
) -> Iterator[Iterable[Sequence[Cell]]]:
    """Rows in chunks; progress is told after the reader has taken each of them."""
    for start in range(0, rows.count, size):
        stop = min(start + size, rows.count)
        yield zip(*(encode(column, start, stop, encoders) for column in rows.columns), strict=True)
        progress(rows.table, stop, rows.count)


def refuse_non_empty(where: str) -> DatabaseNotEmpty:
    return DatabaseNotEmpty(
        f"There is data in {where} already: give --force to replace it, or choose another database."
    )
