"""Days and times as texts: which form a column keeps them in, and other moments in that form."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

# The forms that SQLite's own functions read come first; then those that people type.
_FORMS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M:%S.%f",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%dT%H:%M:%S.%f",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m",
    "%m/%d/%Y",
    "%d/%m/%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%H:%M:%S",
    "%H:%M",
)
# Python reads "2024-1-5" too, which no comparison of texts would sort: only full-length parts count as a form.
_LOOKS = re.compile(
    r"\d{4}-\d\d(-\d\d([ T]\d\d:\d\d(:\d\d(\.\d{1,6})?)?)?)?|\d{4}/\d\d/\d\d|\d\d[/.]\d\d[/.]\d{4}|\d\d:\d\d(:\d\d)?"
)
_ZONE = re.compile(r"(Z|[+-]\d\d(:?\d\d)?)$")


@dataclass(frozen=True, slots=True)
class Form:
    """How a column writes moments: a pattern of strftime, digits after the second, and what follows ("Z")."""

    pattern: str
    digits: int = 0
    zone: str = ""

    @property
    def has_day(self) -> bool:
        return "%d" in self.pattern

    @property
    def has_date(self) -> bool:
        return "%Y" in self.pattern

    @property
    def has_time(self) -> bool:
        return "%H" in self.pattern

    def write(self, moment: datetime) -> str:
        text = moment.strftime(self.pattern)
        if moment.year < 1000 and "%Y" in self.pattern:  # strftime does not pad years on every platform
            text = text.replace(str(moment.year), f"{moment.year:04}", 1)
        return (text[: len(text) - 6 + self.digits] if self.digits else text) + self.zone

    def read(self, text: str) -> datetime | None:
        try:
            return datetime.strptime(text.removesuffix(self.zone), self.pattern)  # noqa: DTZ007 - texts without zone
        except ValueError:
            return None


def form_of(values: Sequence[object]) -> Form | None:
    """The one form in which all values are moments, else None."""
    texts = [each for each in values if isinstance(each, str)]
    if not texts or len(texts) != len(values):
        return None
    zone = _zone(texts[0])
    bare = [each.removesuffix(zone) for each in texts]
    if not all(each.endswith(zone) for each in texts) or not all(_LOOKS.fullmatch(each) for each in bare):
        return None
    digits = len(bare[0].partition(".")[2]) if "%" not in bare[0] and ":" in bare[0] else 0
    for pattern in _FORMS:
        form = Form(pattern, digits if pattern.endswith("%f") else 0, zone)
        if all(form.read(each) is not None for each in texts):
            return form
    return None


def _zone(text: str) -> str:
    """Only behind a time: "2024-05-01" ends with no zone."""
    found = _ZONE.search(text)
    return found[0] if found and ":" in text[: found.start()] else ""
