"""How much to generate, over which span of time, and the independent random streams it is drawn from."""

from dataclasses import dataclass
from datetime import date
from zlib import crc32

import numpy as np

from auction_core.errors import Refused

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LAUNCH = date(2023, 7, 1)
DEFAULT_AS_OF = date(2026, 6, 30)
# The stories need a year to compare with and the bad month lies fifteen months back.
EARLIEST_AS_OF = date(2025, 1, 31)


@dataclass(frozen=True, slots=True)
class Scale:
    name: str
    users: int
    listings: int
    bids: int


SCALES: dict[str, Scale] = {
    scale.name: scale
    for scale in (
        Scale("tiny", 200, 500, 5_000),
        Scale("small", 2_000, 5_000, 60_000),
        Scale("medium", 25_000, 80_000, 1_000_000),
        Scale("large", 200_000, 800_000, 10_000_000),
    )
}


@dataclass(frozen=True, slots=True)
class History:
    """From the launch at midnight to the last second of the as-of day, in microseconds since 1970."""

    as_of: date

    def __post_init__(self) -> None:
        if self.as_of < EARLIEST_AS_OF:
            raise Refused(f"The as-of day must be {EARLIEST_AS_OF} or later: history starts on {LAUNCH}.")

    @property
    def launch(self) -> int:
        return _midnight(LAUNCH)

    @property
    def now(self) -> int:
        return _midnight(self.as_of) + DAY - SECOND

    @property
    def bad_month(self) -> date:
        """The first day of the month fifteen months before the as-of month: March 2025 by default."""
        months = self.as_of.year * 12 + self.as_of.month - 1 - 15
        return date(months // 12, months % 12 + 1, 1)


def _midnight(day: date) -> int:
    return (day - date(1970, 1, 1)).days * DAY


@dataclass(frozen=True, slots=True)
class Streams:
    """One random stream for each area, so that a change in one leaves the others' draws alone."""

    scale: Scale
    seed: int

    def of(self, area: str) -> np.random.Generator:
        key = (self.seed, crc32(self.scale.name.encode()), crc32(area.encode()))
        return np.random.Generator(np.random.PCG64(np.random.SeedSequence(key)))
