"""One spelling for words that differ in case, accents, punctuation or number only: "São-Paulos" and "sao paulo"."""

from __future__ import annotations

import re
import unicodedata

_BETWEEN = re.compile(r"[\W_]+")
_POSSESSIVE = re.compile(r"['’]s?(?!\w)")
# Letters that are not a base letter with a mark, and how they are typed where a keyboard has none.
_LETTERS = str.maketrans({"ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "đ": "d", "ð": "d", "ł": "l", "þ": "th", "ı": "i"})
# Singular words that end as plurals do.
_SINGULAR = frozenset(
    "address analysis basis bias bonus bus business campus chaos class corpus crisis cross gas glass gps lens loss mass"
    " news pass plus press process progress series sms species status success tennis this thus virus yes".split()
)
_IRREGULAR = {
    "people": "person",
    "men": "man",
    "women": "woman",
    "children": "child",
    "indices": "index",
    "criteria": "criterion",
    "analyses": "analysis",
    "bases": "basis",
    "movies": "movie",
    "cookies": "cookie",
}


def normalised(text: str) -> str:
    """Lower case, no accents, one space where other characters stood, every word in the singular."""
    return " ".join(singular(word) for word in folded(text).split())


def folded(text: str) -> str:
    """As `normalised`, with the number of words as it is."""
    apart = unicodedata.normalize("NFKD", _POSSESSIVE.sub("", text.casefold()).translate(_LETTERS))
    plain = "".join(letter for letter in apart if not unicodedata.combining(letter))
    return _BETWEEN.sub(" ", plain).strip()


def singular(word: str) -> str:
    """Of an English word in lower case, by its ending. Wrong for some words, and the same for each of them always."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) < 4 or not word.endswith("s") or word in _SINGULAR or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "zes", "ches", "shes")) or word in ("statuses", "buses", "aliases"):
        return word[:-2]
    return word[:-1]


def plural(word: str) -> str:
    """Of an English phrase: its last word's."""
    head, space, last = word.rpartition(" ")
    for many, one in _IRREGULAR.items():
        if last in (one, many):
            return head + space + many
    if last.endswith("s") and last not in _SINGULAR and singular(last) != last:
        return word
    if last.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if last.endswith("y") and len(last) > 1 and last[-2] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"
