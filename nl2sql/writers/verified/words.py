"""Questions and templates as words that can be compared one by one.

The words are those of the offline writer, without the few that carry no meaning and without polite openings. Nothing
else is left out: a word that only one side has makes two questions.
"""

from __future__ import annotations

import re

from nl2sql.writers.offline.tokens import Token, tokenize

# They add nothing wherever they stand.
_EMPTY = frozenset("the a an please kindly".split())
# Openings that ask for an answer without saying for which.
_OPENINGS = tuple(
    tuple(phrase.split())
    for phrase in (
        "i would like to see, i would like to know, i want to see, i want to know, i need to know, i like to see, "
        "can you, could you, would you, show me, show us, give me, give us, tell me, tell us, get me, list me, "
        "what is, what are, what was, what were, who are, who were, which are, which were, "
        "show, display, give, list, hi, hello"
    ).split(", ")
)
# A mark before a word can mean "not" or "minus", and so can a sign that the words above do not have.
_SUSPICIOUS = re.compile(r"(?<![^\s(\"'“‘])[-–—!_/~]+\s?(?=\w)|\d_|__")


def words_of(text: str) -> tuple[Token, ...]:
    """Without empty words; commas stay, since dates have them."""
    found = tokenize(text.replace("&", " and "))
    return tuple(token for token in found if token.norm not in _EMPTY)


def question_words(text: str) -> tuple[Token, ...] | None:
    """Also without openings. None where a mark could turn the meaning of what follows it."""
    return None if _SUSPICIOUS.search(text) else without_openings(words_of(text))


def without_openings(tokens: tuple[Token, ...]) -> tuple[Token, ...]:
    norms = tuple(token.norm for token in tokens)
    start = 0
    while opening := next((each for each in _OPENINGS if norms[start : start + len(each)] == each), None):
        start += len(opening)
        while norms[start : start + 1] == (",",):
            start += 1
    return tokens[start:]


def written(token: Token) -> str:
    """As words of questions are compared: "the top seller" is one, "the top sellers" are several."""
    return token.norm if token.number is not None else token.text.lower()


def comparable(tokens: tuple[Token, ...]) -> tuple[str, ...]:
    """As words of values are compared: "watch" finds "Watches"."""
    return tuple(token.norm for token in tokens if token.norm != ",")
