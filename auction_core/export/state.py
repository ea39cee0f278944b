"""What a target remembers of the last export of a table. It is kept in the target, together with the rows."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from auction_core.export.plan import Exported, Mode, Since


@dataclass(frozen=True, slots=True)
class TableState:
    """`watermark` is when the rows were read, by the clock of their database, naive UTC."""

    watermark: datetime
    highest_id: int | None
    columns: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "watermark": self.watermark.isoformat(timespec="microseconds"),
            "highest_id": self.highest_id,
            "columns": list(self.columns),
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError for what `to_json` did not make."""
        highest = kept["highest_id"]
        watermark = datetime.fromisoformat(kept["watermark"])
        return cls(watermark, None if highest is None else int(highest), tuple(map(str, kept["columns"])))

    def to_text(self) -> str:
        return json.dumps(self.to_json())

    @classmethod
    def from_text(cls, text: str) -> Self:
        return cls.from_json(json.loads(text))


def since(state: TableState | None, exported: Exported, taken_at: datetime, overlap: timedelta) -> Since | None:
    """None: all rows are to be read, because nothing is known of the table or its columns are others now."""
    if state is None or exported.mode is Mode.REPLACED or state.columns != exported.column_names:
        return None
    # A clock that was put back would else hide what is written until it has caught up.
    return Since(min(state.watermark, taken_at) - overlap, state.highest_id or 0)
