"""Titles, descriptions and review texts, composed when they are written rather than kept."""

from collections.abc import Sequence

import numpy as np

from auction_core.seed.catalogue import CHILDREN
from auction_core.seed.columns import IntArray
from auction_core.seed.offers import Offers
from auction_core.seed.scale import Streams

LEADS = ("", "", "", "Rare ", "Original ", "Beautiful ")
CONDITION_SENTENCES = (
    "Unused and complete.",
    "Hardly used, no marks worth naming.",
    "Used with care; normal signs of wear.",
    "Clearly used; please look at the photos.",
)
SHIPPING_SENTENCES = (
    "Shipped insured within two days.",
    "Pick-up welcome, shipping possible.",
    "From a smoke-free home.",
    "Sold privately, no returns.",
    "Questions are answered the same day.",
    "Combined shipping on request.",
)
REVIEW_TEXTS: dict[int, tuple[str, ...]] = {
    5: ("Perfect, thank you!", "Fast and friendly.", "Exactly as described.", "A pleasure, any time again."),
    4: ("All good, a little slow.", "Good deal, small flaw.", "Friendly contact."),
    3: ("Acceptable.", "Took its time.", "Not quite as expected."),
    2: ("Several reminders were needed.", "Worse than described."),
    1: ("Never again.", "Nothing was as agreed."),
}


class ListingTexts:
    def __init__(self, streams: Streams, offers: Offers) -> None:
        rng, n = streams.of("wording"), offers.child.size
        self._child, self._condition = offers.child, offers.condition
        self._item = rng.integers(0, 1 << 20, n)
        self._detail = rng.integers(0, 1 << 20, n)
        self._year = rng.random(n)
        self._lead = rng.integers(0, len(LEADS), n)
        self._shipping = rng.integers(0, len(SHIPPING_SENTENCES), n)

    def titles(self, start: int, stop: int) -> list[str]:
        span = slice(start, stop)
        parts = (self._child, self._item, self._detail, self._year, self._lead)
        return [_title(*row) for row in zip(*(part[span].tolist() for part in parts), strict=True)]

    def descriptions(self, start: int, stop: int) -> list[str]:
        span = slice(start, stop)
        ends = zip(self._condition[span].tolist(), self._shipping[span].tolist(), strict=True)
        return [
            f"{title}. {CONDITION_SENTENCES[condition]} {SHIPPING_SENTENCES[shipping]}"
            for title, (condition, shipping) in zip(self.titles(start, stop), ends, strict=True)
        ]


def _title(child_index: int, item: int, detail: int, year_share: float, lead: int) -> str:
    child = CHILDREN[child_index]
    noun, tail = child.items[item % len(child.items)], child.details[detail % len(child.details)]
    if child.years is None:
        return f"{noun}, {tail}"
    first, last = child.years
    year = first + int(year_share * (last - first + 1))
    opening = "Vintage " if year < 1985 and lead < 4 else LEADS[lead]
    return f"{opening}{noun} {year}, {tail}"


def review_texts(streams: Streams, rating: IntArray) -> Sequence[str]:
    draw = streams.of("review texts").integers(0, 1 << 20, rating.size)
    texts = [REVIEW_TEXTS[r] for r in np.arange(1, 6).tolist()]
    return [texts[r - 1][d % len(texts[r - 1])] for r, d in zip(rating.tolist(), draw.tolist(), strict=True)]
