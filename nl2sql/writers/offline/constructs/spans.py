"""Where chunks stand in the text as typed: what parentheses and sentence ends, which are no chunks, say of them."""

from __future__ import annotations

import re

from nl2sql.writers.offline.constructs.base import Linked
from nl2sql.writers.offline.senses import Chunk

# A contraction spelled out ("n't" → "not") stands nowhere in the text; farther than this no chunk follows another.
_NEAR = 40
_SENTENCE_END = re.compile(r"[.?!;](?=\s+\S)")


def spans(question: Linked) -> list[tuple[int, int]] | None:
    """Begin and end of each chunk in the text; None where the chunks are not those of the text, in its order."""
    text, at = question.text.lower(), 0
    found: list[tuple[int, int]] = []
    for chunk in question.chunks:
        begin, end = -1, at
        for part in chunk.words.lower().split():
            place = text.find(part, end, end + len(part) + _NEAR)
            if place < 0:
                if part == "not":
                    continue
                return None
            begin = place if begin < 0 else begin
            end = place + len(part)
        found.append((begin if begin >= 0 else at, end))
        at = end
    return found


def inside(places: list[tuple[int, int]], begin: int, end: int) -> range:
    """The chunks that stand wholly between two places of the text."""
    within = [i for i, (start, stop) in enumerate(places) if begin <= start and stop <= end]
    return range(within[0], within[-1] + 1) if within else range(0)


def parentheses(text: str) -> list[tuple[int, int]]:
    """Begin and end of what stands in round brackets that hold no others."""
    return [(m.start(), m.end()) for m in re.finditer(r"\([^()]*\)", text)]


def sentences(question: Linked, places: list[tuple[int, int]]) -> list[tuple[Chunk, ...]]:
    """The chunks of each sentence."""
    ends = [m.start() for m in _SENTENCE_END.finditer(question.text)]
    cut: list[list[Chunk]] = [[]]
    for chunk, (begin, _) in zip(question.chunks, places, strict=True):
        while ends and begin > ends[0]:
            ends.pop(0)
            if cut[-1]:
                cut.append([])
        cut[-1].append(chunk)
    return [tuple(each) for each in cut if each]
