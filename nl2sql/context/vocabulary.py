"""The words of a model, and which of them a word that it does not know stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence

from rapidfuzz import fuzz, process

from nl2sql.context.words import STOP, root, stems

# A slip of the finger in a word of seven letters leaves 0.85 of it; below, other words are as near ("shipping" is 0.8
# of "sniping"). Nobody misspells more than a few.
LEAST_ALIKE, LEAST_LETTERS, MAX_MENDED = 85, 5, 5
# "Ended" is a form of "end"; of two letters many words are.
LEAST_KIN = 3

# Quoted, or with a capital in the middle of a sentence.
_NAMES = re.compile(r"[“\"‘][^“”\"‘’]{2,60}[”\"’]|(?<![\w'])'[^']{2,60}'(?!\w)|(?<=[\w,] )[A-Z]\w+")


class Vocabulary:
    """Made of a model's words as `stems` gives them."""

    def __init__(self, words: Iterable[str]) -> None:
        known = sorted({word for word in words if len(word) >= LEAST_KIN})
        self._familiar = STOP.union(known)
        self._by_root = _grouped(known, root)
        self._by_letter = _grouped((word for word in known if len(word) >= LEAST_LETTERS - 1), lambda word: word[0])

    def mended(self, text: str) -> dict[str, str]:
        """Word of the text that the model does not know → the known one that it is likely another form of, or a
        misspelling of. None for what is quoted or looks like a name."""
        said = dict.fromkeys(stems(_NAMES.sub(" ", text)))
        unknown = [w for w in said if len(w) >= LEAST_LETTERS and w.isalpha() and w not in self._familiar]
        found: dict[str, str] = {}
        for word in unknown[: 2 * MAX_MENDED]:
            near = self._akin(word) or self._alike(word)
            if near and len(found) < MAX_MENDED:
                found[word] = near
        return found

    def _akin(self, word: str) -> str:
        near = process.extractOne(word, self._by_root.get(root(word), ()), scorer=fuzz.ratio)
        return near[0] if near else ""

    def _alike(self, word: str) -> str:
        """Hardly anyone slips on the first letter, and "mount" is no amount."""
        alike = self._by_letter.get(word[0], ())
        near = process.extractOne(word, alike, scorer=fuzz.ratio, score_cutoff=LEAST_ALIKE)
        return near[0] if near else ""


def _grouped(words: Iterable[str], by: Callable[[str], str]) -> Mapping[str, Sequence[str]]:
    found: dict[str, list[str]] = {}
    for word in words:
        found.setdefault(by(word), []).append(word)
    return found
