"""English for labels: singular and plural, lists, and words in mid-sentence. Knows nothing of SQL."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SAME_IN_PLURAL = {"data", "series", "news", "media", "status", "watchlist"}
_ARTICLE_AN = re.compile(r"^(?:[aeio]|un(?!i)|u[^nst])", re.IGNORECASE)


def pretty(name: str) -> str:
    """A physical name as words: "closed_at" → "closed at", "bidder_id" → "bidder ID"."""
    words = " ".join(name.replace("_", " ").split())
    return re.sub(r"\bid\b", "ID", words, flags=re.IGNORECASE)


def mid(label: str) -> str:
    """A label as it stands inside a sentence: "Current bid" → "current bid", but "GMV" stays."""
    first = label.split(" ", 1)[0]
    if len(first) > 1 and first[1:] != first[1:].lower():
        return label
    return label[:1].lower() + label[1:]


def opening(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def singular(noun: str) -> str:
    head, _, last = noun.rpartition(" ")
    lower = last.lower()
    if lower in _SAME_IN_PLURAL or not lower.endswith("s") or lower.endswith(("ss", "us", "is")):
        return noun
    if lower.endswith("ies") and len(lower) > 4:
        last = last[:-3] + "y"
    elif lower.endswith(("sses", "xes", "ches", "shes", "zes")):
        last = last[:-2]
    else:
        last = last[:-1]
    return f"{head} {last}".strip()


def plural(noun: str) -> str:
    head, _, last = noun.rpartition(" ")
    lower = last.lower()
    if lower in _SAME_IN_PLURAL or (lower.endswith("s") and not lower.endswith(("ss", "us", "is"))):
        return noun
    if lower.endswith("y") and lower[-2:-1] not in tuple("aeiou"):
        last = last[:-1] + "ies"
    elif lower.endswith(("s", "x", "ch", "sh", "z")):
        last += "es"
    else:
        last += "s"
    return f"{head} {last}".strip()


def article(noun: str) -> str:
    return f"{'an' if _ARTICLE_AN.match(noun) else 'a'} {noun}"


def counted(count: int, noun: str) -> str:
    """`noun` in either number: "1 row", "1,000 rows"."""
    return f"{count:,} {singular(noun) if count == 1 else plural(noun)}"


def listed(items: Sequence[str], last: str = "and") -> str:
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"
