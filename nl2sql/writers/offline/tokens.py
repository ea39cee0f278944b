"""Text → tokens: words in lower case and singular, numbers with their size, nothing lost.

Hyphens separate ("like-new" = "like new"), contractions are spelled out ("don't" = "do not"), possessives go.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

_CONTRACTIONS = (
    (re.compile(r"\bcan['’]t\b", re.I), "can not"),
    (re.compile(r"\bwon['’]t\b", re.I), "will not"),
    (re.compile(r"n['’]t\b", re.I), " not"),
    (re.compile(r"\b(what|who|where|when|how|that|there|here|it|let)['’]s\b", re.I), r"\1 is"),
    (re.compile(r"['’](re|ve|ll|m|d)\b", re.I), ""),
    (re.compile(r"['’]s\b|(?<=s)['’]", re.I), ""),
)
_TOKEN = re.compile(
    r"""
    (?P<date>\d{4}-\d{2}(?:-\d{2})?(?!\d))
  | (?P<number>(?:[€$£]\s?)?\d+(?:[,\s]\d{3})*(?:\.\d+)?
      (?:\s?(?:million|billion|thousand|bn|k|m)\b)?(?:st|nd|rd|th)?\s?[€%$£]?)
  | (?P<word>[^\W\d_](?:[\w.]*\w)?)
  | (?P<mark>[^\s\w])
    """,
    re.X | re.I,
)
_SIZES = {"thousand": 1_000, "k": 1_000, "million": 1_000_000, "m": 1_000_000, "billion": 10**9, "bn": 10**9}
_NUMBER_WORDS = {
    word: value
    for value, word in enumerate(
        (
            "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
            "sixteen seventeen eighteen nineteen twenty"
        ).split()
    )
} | {"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "hundred": 100, "dozen": 12}
# Marks that carry no meaning between words. Any other mark stays and must be understood.
_SILENT = frozenset(".?!,;:\"'’“”()-–/&…")


@dataclass(frozen=True, slots=True)
class Token:
    """`text` as typed, `norm` for matching; `number` is set for numbers, `unit` to "EUR" or "%" when written."""

    text: str
    norm: str
    number: Decimal | None = None
    unit: str = ""


def tokenize(text: str) -> tuple[Token, ...]:
    for pattern, spelled in _CONTRACTIONS:
        text = pattern.sub(spelled, text)
    tokens = []
    for match in _TOKEN.finditer(text):
        kind, found = match.lastgroup, match.group().strip()
        if kind == "number":
            tokens.append(_number(found))
        elif kind == "word":
            tokens.extend(_words(found))
        elif kind == "date" or found == "," or found not in _SILENT:
            tokens.append(Token(found, found))
    return tuple(tokens)


def normalize(phrase: str) -> tuple[str, ...]:
    """The phrase as the tuple of `norm`s that its tokens would have, commas left out."""
    return tuple(token.norm for token in tokenize(phrase) if token.norm != ",")


def _words(found: str) -> list[Token]:
    lower = found.lower()
    if lower in _NUMBER_WORDS:
        return [Token(found, lower, Decimal(_NUMBER_WORDS[lower]))]
    return [Token(found, singular(lower))]


def _number(found: str) -> Token:
    lower = found.lower()
    unit = "EUR" if "€" in lower else "%" if "%" in lower else "USD" if "$" in lower else "GBP" if "£" in lower else ""
    digits = re.sub(r"[€$£%\s,]", "", lower)
    size = re.search(r"(million|billion|thousand|bn|k|m)$", digits)
    ordinal = re.search(r"(st|nd|rd|th)$", digits)
    value = Decimal(re.sub(r"[a-z]+$", "", digits))
    if size and not ordinal:
        value *= _SIZES[size.group()]
    return Token(found, f"{value.normalize():f}", value, unit)


# Plurals that the rules below would spoil, and words that only look like plurals.
_IRREGULAR = {
    "people": "people", "persons": "person", "men": "man", "women": "woman", "children": "child", "series": "series",
    "always": "always", "this": "this", "is": "is", "was": "was", "has": "has", "does": "does", "us": "us",
    "its": "its", "news": "news", "plus": "plus", "less": "less", "yes": "yes", "as": "as", "status": "status",
    "statuses": "status", "various": "various", "previous": "previous", "versus": "versus", "vs": "vs",
    "across": "across", "movies": "movie", "ties": "tie", "cookies": "cookie", "axes": "axis", "buses": "bus",
    "houses": "house", "purchases": "purchase", "prices": "price", "shoes": "shoe",
}  # fmt: skip


def singular(word: str) -> str:
    """English plural → singular by rule; wrong for rare words, but equally so on both sides of a comparison."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses", "zes")):
        return word[:-2]
    return word[:-1]
