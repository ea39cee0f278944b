"""What every warehouse must do."""

from collections.abc import Callable, Mapping
from typing import Protocol

from auction_core.export.plan import Exported, Since
from auction_core.export.source import Snapshot
from auction_core.export.state import TableState

# Rows written so far of the table at hand.
Advance = Callable[[int], None]


class Target(Protocol):
    """Opened as a context; what is not committed is undone or of no effect, also when the process is killed."""

    def states(self) -> Mapping[str, TableState]:
        """By table. Raises ForeignDatabase for a place that holds something else."""

    def write(self, exported: Exported, snapshot: Snapshot, since: Since | None, advance: Advance) -> int:
        """Merges the rows since then by primary key, or replaces all; returns how many the table has then.

        May be called again for the same table: the last call counts.
        """

    def commit(self, states: Mapping[str, TableState]) -> None:
        """Keeps all that was written, and `states` with it."""
