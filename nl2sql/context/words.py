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


_IRREGULAR = {"people": "person", "children": "child", "men": "man", "women": "woman", "analyses": "analysis"}


def stem(word: str) -> str:
    """English plurals and nothing more: cities → city, boxes → box, bids → bid."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 5 and word.endswith("uses") and word[-5] not in "ao":
        return word[:-2]  # statuses and bonuses, not houses and clauses
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


# The commonest endings by which English makes nouns, verbs and participles of each other, the longest first.
_ENDINGS = tuple(
    "ations ation ating ments ment ated ions ants ates ator ing ion ant ive ate ers ors ed er or al es e".split()
)
_LEAST_ROOT = 3


def root(word: str) -> str:
    """What participated, participation and participants have in common. Too rough to find a thing by, good enough to
    rank by."""
    ending = next((each for each in _ENDINGS if word.endswith(each) and len(word) - len(each) >= _LEAST_ROOT), "")
    found = word[: len(word) - len(ending)] if ending else word
    # enrolled, shipped
    return found[:-1] if found[-1] == found[-2:-1] and ending in ("ed", "ing", "er", "ers", "ment", "ments") else found
