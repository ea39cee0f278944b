"""The words of a text as questions and names are compared: lower case, English plurals in the singular."""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_]+")
STOP = frozenset(
    WORD.findall(
        "a an and are as at by did do does each every for from had has have how i in is it its last many me much my "
        "of on or our per show than that the their them there they this to us was we were what when where which who "
        "whose with"
    )
)
# orderLine and OrderLine are two words, as order_line is.
_INSIDE = re.compile(r"(?<=[a-z])(?=[A-Z])")


def stem(word: str) -> str:
    """English plurals and nothing more: cities → city, boxes → box, bids → bid."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 4 and word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def stems(text: str) -> list[str]:
    return [stem(word) for word in WORD.findall(text.lower())]


def name_stems(name: str) -> list[str]:
    """As `stems`, with the parts of a name in camel case apart."""
    return stems(_INSIDE.sub(" ", name))
