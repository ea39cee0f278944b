"""Words that are like other words: by letters (a slip of the finger), and by words in another order."""

from __future__ import annotations

from collections.abc import Iterable

from rapidfuzz import fuzz, process

# More candidates than anyone is shown, so that several values with the same words do not crowd out others.
_CANDIDATES = 50
# Longer than a question may be, and long enough to be slow: what is asked for is cut there.
_MAX_ASKED = 200


class NearWords:
    """Words are compared as they are given: normalise them first. 100,000 of them are searched in some 30 ms."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = list(words)
        # Words in the order of the alphabet: "Rio de Janeiro" and "Janeiro de Rio" are then the same letters.
        self._sorted = [" ".join(sorted(each.split())) for each in self._words]

    def to(self, asked: str, least: float) -> list[tuple[str, float]]:
        """With their scores from `least` to 1, the most alike first, then in the order they were given."""
        asked = asked[:_MAX_ASKED]
        if not asked:
            return []
        best: dict[int, float] = {}
        for choices, text in ((self._words, asked), (self._sorted, " ".join(sorted(asked.split())))):
            found = process.extract(text, choices, scorer=fuzz.ratio, limit=_CANDIDATES, score_cutoff=least * 100)
            for _, score, place in found:
                best[place] = max(best.get(place, 0.0), score / 100)
        ranked = sorted(best.items(), key=lambda item: (-item[1], item[0]))
        return [(self._words[place], score) for place, score in ranked]
