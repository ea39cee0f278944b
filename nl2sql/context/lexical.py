"""A lexical index: BM25 (Robertson & Zaragoza 2009) over documents whose words have weights."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from nl2sql.context.words import STOP, name_stems

# BM25's usual constants: how fast repeated words stop counting, and how much long documents are held back.
K1, B = 1.2, 0.75


class LexicalIndex:
    """Documents are words with weights; each is known by its place in `documents`."""

    def __init__(self, documents: Sequence[Mapping[str, int]]) -> None:
        lengths = [sum(document.values()) for document in documents]
        average = sum(lengths) / len(lengths) or 1.0 if lengths else 1.0
        self._size = len(documents)
        self._containing = Counter(word for document in documents for word in document)
        self._postings: dict[str, list[tuple[int, float]]] = {}
        for place, document in enumerate(documents):
            held_back = K1 * (1 - B + B * lengths[place] / average)
            for word, count in document.items():
                score = self.rarity(word) * count * (K1 + 1) / (count + held_back)
                self._postings.setdefault(word, []).append((place, score))

    def rarity(self, word: str) -> float:
        """How telling a word is: its inverse document frequency."""
        containing = self._containing[word]
        return math.log(1 + (self._size - containing + 0.5) / (containing + 0.5))

    def scores(self, words: Mapping[str, float]) -> dict[int, float]:
        """Place → score, of the documents that have any of the weighted words."""
        scores: dict[int, float] = {}
        for word, weight in words.items():
            for place, score in self._postings.get(word, ()):
                scores[place] = scores.get(place, 0.0) + weight * score
        return scores


def document(*parts: tuple[Iterable[str], int]) -> dict[str, int]:
    """Word → weight. It counts once a part: ten synonyms that share a word do not make it ten times as telling."""
    counts: Counter[str] = Counter()
    for texts, weight in parts:
        for word in {word for text in texts if text for word in name_stems(text)} - STOP:
            counts[word] += weight
    return counts
