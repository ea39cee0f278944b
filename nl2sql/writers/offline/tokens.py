"""Text → tokens: words in lower case and singular, numbers with their size, nothing lost.

Hyphens separate ("like-new" = "like new"), contractions are spelled out ("don't" = "do not"), possessives go, what
stands in quotation marks stays one token, numbers in words are counted together, and British spelling is American.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import lru_cache
from itertools import pairwise

_CONTRACTIONS = (
    (re.compile(r"\bcan['’]t\b", re.I), "can not"),
    (re.compile(r"\bwon['’]t\b", re.I), "will not"),
    (re.compile(r"n['’]t\b", re.I), " not"),
    (re.compile(r"\b(what|who|where|when|how|that|there|here|it|let)['’]s\b", re.I), r"\1 is"),
    (re.compile(r"['’](re|ve|ll|m|d)\b", re.I), ""),
    (re.compile(r"['’]s\b|(?<=s)['’]", re.I), ""),
)
# Longer texts in quotation marks are no title that somebody looks for.
_QUOTED = re.compile(
    r"""(?<!\w)(?: "([^"]{1,80})" | “([^”]{1,80})” | '([^']{1,80})' | ‘([^’]{1,80})’ )(?!\w)""",
    re.X,
)
_TOKEN = re.compile(
    r"""
    (?P<date>\d{4}-\d{2}(?:-\d{2})?(?!\d))
  | (?P<unclear>\d+,\d{1,2}(?![\d,]) | (?!0\.)\d{1,3}(?:\.\d{3})+(?:,\d+)?(?![\d.]*\d))
  | (?P<range>(?<=\d)\s?[-–—]\s?(?=[€$£]?\d))
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
} | {
    "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90, "hundred": 100,
    "dozen": 12, "thousand": 1_000, "million": 1_000_000, "billion": 10**9,
}  # fmt: skip
# What multiplies the number before it: "two hundred", "a dozen", "half a million".
_MULTIPLIERS = frozenset("hundred dozen thousand million billion".split())
# Marks that carry no meaning between words. Any other mark stays and must be understood.
_SILENT = frozenset(".?!,;:\"'’“”()-–/&…")
# What ends a sentence for sure; a full stop may stand behind an abbreviation.
_ENDS = frozenset("?!;")


@dataclass(frozen=True, slots=True)
class Token:
    """`text` as typed, `norm` for matching; `number` is set for numbers, `unit` to "EUR" or "%" when written; `opens`:
    a sentence ended right before."""

    text: str
    norm: str
    number: Decimal | None = None
    unit: str = ""
    quoted: bool = False
    opens: bool = False


def tokenize(text: str) -> tuple[Token, ...]:
    tokens: list[Token] = []
    at = 0
    for match in _QUOTED.finditer(text):
        tokens += _plain(text[at : match.start()])
        inside = next(group for group in match.groups() if group is not None)
        tokens.append(Token(inside, inside.lower(), quoted=True))
        at = match.end()
    tokens += _plain(text[at:])
    return tuple(_counted_together(tokens))


def _plain(text: str) -> list[Token]:
    for pattern, spelled in _CONTRACTIONS:
        text = pattern.sub(spelled, text)
    tokens: list[Token] = []
    ended = -1
    for match in _TOKEN.finditer(text):
        kind, found = match.lastgroup, match.group().strip()
        if kind == "number":
            tokens.append(_number(found))
        elif kind == "word":
            tokens.append(_word(found))
        elif kind == "range":
            tokens.append(Token(found, "to"))
        elif kind in ("date", "unclear") or found == "," or found not in _SILENT:
            tokens.append(Token(found, found))
        elif found in _ENDS:
            ended = len(tokens)
        if tokens and ended == len(tokens) - 1:
            tokens[-1] = replace(tokens[-1], opens=True)
    return tokens


def _counted_together(tokens: list[Token]) -> list[Token]:
    """ "two hundred and fifty" is one number, and so is "half a million"."""
    merged: list[Token] = []
    at = 0
    while at < len(tokens):
        between = bool(merged) and merged[-1].norm == "between"
        length, value = _number_in_words(tokens[at : at + 10], between=between)
        if length > 1:
            text = " ".join(token.text for token in tokens[at : at + length])
            merged.append(Token(text, f"{value.normalize():f}", value))
        else:
            merged.append(tokens[at])
        at += max(length, 1)
    return merged


def _number_in_words(tokens: list[Token], *, between: bool) -> tuple[int, Decimal]:
    """How many tokens spell one number, and that. "between one hundred and fifty …" joins nothing by "and"."""
    norms = [token.norm for token in tokens]
    if norms[0] == "half" and norms[1:2] == ["a"] and norms[2:3] and norms[2] in _MULTIPLIERS:
        return 3, Decimal(_NUMBER_WORDS[norms[2]]) / 2
    if tokens[0].number is None or tokens[0].unit or (norms[0] not in _NUMBER_WORDS and norms[1:2] == []):
        return 0, Decimal(0)
    if norms[0] not in _NUMBER_WORDS and norms[1] not in _MULTIPLIERS:
        return 0, Decimal(0)
    total, part, length = Decimal(0), tokens[0].number, 1
    for index in range(1, len(tokens)):
        norm, before = norms[index], norms[index - 1]
        value = Decimal(_NUMBER_WORDS.get(norm, 0))
        following = norms[index + 1] if index + 1 < len(norms) else ""
        if norm in _MULTIPLIERS:
            if value >= 1_000:
                total, part = total + part * value, Decimal(0)
            else:
                part *= value
        elif (
            norm == "and" and before in _MULTIPLIERS and not between and _adds(following, norms[index + 2 : index + 3])
        ):
            continue
        elif norm in _NUMBER_WORDS and (before in _MULTIPLIERS or before == "and" or _is_tens(before, norm)):
            part += value
        else:
            break
        length = index + 1
    return length, total + part


def _adds(word: str, following: list[str]) -> bool:
    return word in _NUMBER_WORDS and word not in _MULTIPLIERS and not (following and following[0] in _MULTIPLIERS)


def _is_tens(before: str, word: str) -> bool:
    tens = _NUMBER_WORDS.get(before, 0)
    return tens in range(20, 100, 10) and 0 < _NUMBER_WORDS.get(word, 0) < 10


def normalize(phrase: str) -> tuple[str, ...]:
    """The phrase as the tuple of `norm`s that its tokens would have, commas left out."""
    words = phrase.lower().split(" ")
    if _are_plain(words):  # as most of tens of thousands of stored values are
        return tuple(str(int(word)) if word.isdigit() else _form(word) for word in words)
    return tuple(token.norm for token in tokenize(phrase) if token.norm != ",")


def _are_plain(words: list[str]) -> bool:
    """Letters or digits alone, and no two of them one number: neither "two hundred" nor "1 000" nor "5 k"."""
    digits = [word.isdigit() for word in words]
    if any(first and second for first, second in pairwise(digits)) or (
        any(digits) and not _SIZES.keys().isdisjoint(words)
    ):
        return False
    return all(
        w.isascii() and (d or w.isalpha()) and w not in _NUMBER_WORDS for w, d in zip(words, digits, strict=True)
    )


def _word(found: str) -> Token:
    lower = found.lower()
    if lower in _NUMBER_WORDS:
        return Token(found, lower, Decimal(_NUMBER_WORDS[lower]))
    return Token(found, _form(lower))


@lru_cache(maxsize=65_536)
def _form(word: str) -> str:
    return _american(singular(word))


# British → American spelling, by rules that hurt no word: both sides of every comparison go through them.
_SPELLINGS = (
    (re.compile(r"(?<!^f)our(?=\w*$)"), "or", 6), (re.compile(r"ellery$"), "elry", 9), (re.compile(r"ogue$"), "og", 8),
    (re.compile(r"(?<=[aeiou])ll(?=(?:ed|ing|er)$)"), "l", 8), (re.compile(r"is(?=(?:e|ed|ing|ation)$)"), "iz", 7),
    (re.compile(r"tre$"), "ter", 6), (re.compile(r"mme$"), "m", 7), (re.compile(r"^grey$"), "gray", 4),
)  # fmt: skip


def _american(word: str) -> str:
    for pattern, replacement, letters in _SPELLINGS:
        if len(word) >= letters:
            word = pattern.sub(replacement, word)
    return word


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
    "houses": "house", "ups": "up", "ids": "id", "purchases": "purchase", "prices": "price", "shoes": "shoe",
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
