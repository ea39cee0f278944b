"""When things happen: growth, seasons, weekends, evenings and one bad month, as a rate for every hour.

A moment is drawn by inverting the rate's running sum, so any window can be sampled and keeps the daily rhythm.
"""

import numpy as np

from auction_core.seed.columns import BoolArray, FloatArray, IntArray
from auction_core.seed.scale import DAY, HOUR, SECOND, History

# Three times as many listings end in the last month as in the first one, season aside.
GROWTH = 3.0
MONTHS = (0.95, 0.90, 0.95, 0.95, 0.92, 0.88, 0.80, 0.78, 0.95, 1.05, 1.30, 1.50)
WEEKDAYS = (0.85, 0.82, 0.82, 0.86, 0.95, 1.30, 1.60)
HOURS = (4, 2, 1, 1, 1, 2, 4, 6, 8, 9, 10, 10, 11, 11, 12, 13, 15, 18, 23, 28, 29, 24, 15, 8)
BAD_MONTH = 0.50


class Rhythm:
    def __init__(self, history: History) -> None:
        self.origin = history.launch
        # Listings end, and drafts are planned, up to some weeks after the history.
        hours = (history.now - history.launch) // HOUR + 1 + 40 * 24
        self.grid: FloatArray = np.arange(hours + 1, dtype=np.float64) * HOUR
        rates = _rates(history, hours)
        self.load: FloatArray = np.concatenate(([0.0], np.cumsum(rates)))

    def draw(self, rng: np.random.Generator, start: IntArray | int, stop: IntArray | int, n: int) -> IntArray:
        return self.place(rng.random(n), np.asarray(start, np.int64), np.asarray(stop, np.int64))

    def place(self, share: FloatArray, start: IntArray, stop: IntArray) -> IntArray:
        """The moments that split each window's activity at `share` (0 = its start, 1 = its stop)."""
        low = np.interp(start - self.origin, self.grid, self.load)
        high = np.interp(stop - self.origin, self.grid, self.load)
        moments = np.interp(low + share * (high - low), self.load, self.grid)
        return np.clip(moments.astype(np.int64) + self.origin, start, stop)


def off_the_second(moments: IntArray) -> IntArray:
    """Keep the fraction of a second within 1 µs to 0.998 999 s.

    Never a whole second: SQLite then agrees with the other engines on comparisons with any literal. Never above .999:
    SQLite's date functions round to milliseconds, and would carry such a time into the next second or day.
    """
    fraction = moments % SECOND
    return moments - fraction + np.clip(fraction, 1, 998_999)


def month_mask(moments: IntArray, month: np.datetime64) -> BoolArray:
    mask: BoolArray = moments.astype("datetime64[us]").astype("datetime64[M]") == month
    return mask


def _rates(history: History, hours: int) -> FloatArray:
    moments = history.launch + np.arange(hours, dtype=np.int64) * HOUR
    months = moments.astype("datetime64[us]").astype("datetime64[M]")
    days = moments // DAY
    # 1970-01-01 was a Thursday; Monday is 0.
    weekday = np.array(WEEKDAYS)[(days + 3) % 7]
    season = np.array(MONTHS)[months.astype(np.int64) % 12]
    hour = np.array(HOURS, dtype=np.float64)[(moments // HOUR) % 24]
    age = (moments - history.launch) / (history.now - history.launch)
    bad = np.where(months == np.datetime64(history.bad_month, "M"), BAD_MONTH, 1.0)
    rates: FloatArray = season * weekday * hour * bad * GROWTH**age
    return rates
