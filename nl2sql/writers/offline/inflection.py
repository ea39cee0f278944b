"""One verb in several forms: "signed up", "signing up" and "sign up" are the same words of a model.

Light stemming, for words that have no reading as they stand: wrong for rare words, but equally so on both sides.
"""

from __future__ import annotations

# A stem of fewer letters belongs to too many words.
_SHORTEST_STEM = 3


def stem(word: str) -> str:
    """Without -ing, -ed, -ied, a doubled consonant before them, and a silent e."""
    for ending, instead in (("ying", "y"), ("ied", "y"), ("ing", ""), ("ed", "")):
        if word.endswith(ending) and len(word) - len(ending) + len(instead) >= _SHORTEST_STEM:
            word = word[: -len(ending)] + instead
            if len(word) > _SHORTEST_STEM and word[-1] == word[-2] and word[-1] not in "aeiouls":
                word = word[:-1]
            break
    return word[:-1] if word.endswith("e") and len(word) > _SHORTEST_STEM else word


def stems(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(stem(word) for word in words)
