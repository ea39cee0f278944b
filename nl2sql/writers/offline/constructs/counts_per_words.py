"""Where a question asks for an average (a median, the most) of a count or a sum per something."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Function
from nl2sql.writers.offline.constructs.counted import COUNTS_DIFFERENT
from nl2sql.writers.offline.constructs.pieces import said, word_kinds
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

UNIT_PHRASES: Mapping[tuple[str, str], str] = {("single", ""): "single | individual | given"}
_ARTICLES = ("a", "an", "one")
_FUNCTIONS: dict[str, Function] = {"avg": "avg", "median": "median"}
_NOUNS = (DatasetSense, RoleSense)


@dataclass(frozen=True, slots=True)
class Average:
    """`function` over the count (`counts`) or the sum of `rows` for each `unit` (adjectives, then its noun).

    `before` and `after` are the other words of the question, `verbs` relationships that its verbs name.
    """

    function: Function
    counts: bool
    rows: tuple[Chunk, ...]
    unit: tuple[Chunk, ...]
    before: tuple[Chunk, ...]
    after: tuple[Chunk, ...]
    verbs: frozenset[str]
    words: str


def find_average(chunks: tuple[Chunk, ...], model: SemanticModel) -> Average | None:
    found = _function(chunks) if word_kinds(chunks) & {"agg", "most", "extreme"} else None
    if found is None:
        return None
    function, at = found
    return _Finder(chunks, model, function, at).find()


def _function(chunks: tuple[Chunk, ...]) -> tuple[Function, int] | None:
    """The function and its place. Highest and lowest are one only where nothing is listed by them."""
    lists = any(chunk.word("list") and not chunk.word("filler") for chunk in chunks[:2])
    for index, chunk in enumerate(chunks):
        agg = said(chunk, "agg")
        if agg and agg.argument in _FUNCTIONS:
            return _FUNCTIONS[agg.argument], index
    for index, chunk in enumerate(chunks):
        extreme = said(chunk, "most") or said(chunk, "extreme")
        if extreme and not lists and not any(c.has(*_NOUNS, FieldSense) for c in chunks[:index]):
            counted = chunk.word("most") or (index + 1 < len(chunks) and said(chunks[index + 1], "count"))
            return ("max" if extreme.argument == "max" else "min", index) if counted else None
    return None


class _Finder:
    def __init__(self, chunks: tuple[Chunk, ...], model: SemanticModel, function: Function, at: int) -> None:
        self.chunks = chunks
        self.model = model
        self.function = function
        self.at = at
        self.adverb = -1  # where "daily" stands, as in "average daily number of bids"
        self.count = next((i for i, c in enumerate(chunks) if said(c, "count")), -1)

    def find(self) -> Average | None:
        start = self._rows_start()
        if start is None:
            return None
        if self.adverb >= 0:
            return self._average(start, len(self.chunks), (self.adverb, self.adverb + 1))
        for index in range(start + 1, len(self.chunks)):
            if (unit := self._unit(index, start)) is not None:
                return self._average(start, index, unit)
        return None

    def _rows_start(self) -> int | None:
        """Where the words for what is counted or summed begin."""
        start = self.at + 1
        while start < len(self.chunks) and (is_filler(self.chunks[start]) or said(self.chunks[start], "preposition")):
            start += 1
        if start < len(self.chunks) and self._is_adverb(start):
            self.adverb = start
            start += 1
        if self.count >= 0:
            return self.count + 1
        return start if start < len(self.chunks) and self._starts_rows(start) else None

    def _is_adverb(self, index: int) -> bool:
        """ "average daily …": the unit stands before."""
        grain = said(self.chunks[index], "grain")
        return grain is not None and self.chunks[index].words.lower().endswith(("ly", "ual"))

    def _starts_rows(self, start: int) -> bool:
        """Without "number of": a metric, a sum, or things in the plural ("average bids per listing")."""
        chunk = self.chunks[start]
        if chunk.has(MetricSense):
            return not chunk.has(FieldSense)  # "average fee per …" is that of the field
        if (agg := said(chunk, "agg")) and agg.argument == "sum":
            return True
        if self._is_most():
            return chunk.has(DatasetSense, RoleSense, FilterSense)
        return self._is_plural(self._noun_from(start))

    def _is_most(self) -> bool:
        return self.chunks[self.at].word("most") is not None

    def _noun_from(self, start: int) -> int:
        """The first noun from there, behind adjectives; −1 when there is none."""
        for index in range(start, len(self.chunks)):
            chunk = self.chunks[index]
            if chunk.has(*_NOUNS) or (chunk.has(FilterSense) and self._is_plural(index)):
                return index
            if not (chunk.has(FilterSense, ValueSense) or is_filler(chunk)):
                return -1
        return -1

    def _is_plural(self, index: int) -> bool:
        if index < 0:
            return False
        last = self.chunks[index].words.lower().split()[-1]
        return singular(last) != last

    # -- the unit ----------------------------------------------------------------------------------------------------

    def _unit(self, index: int, start: int) -> tuple[int, int] | None:
        """From where to where the unit stands, if its words begin at `index`."""
        chunk, words = self.chunks[index], self.chunks[index].words.lower()
        if said(chunk, "by") and words == "per":
            return self._noun_phrase(index + 1)
        behind = self.chunks[index + 1].words.lower() if index + 1 < len(self.chunks) else ""
        one = behind in _ARTICLES or (behind and said(self.chunks[index + 1], "single"))
        if said(chunk, "preposition") or words in ("do", "does", "did", "has", "have", "is", "are", "was"):
            if one or self._says_each(index + 1):
                return self._noun_phrase(index + 1)
            if words in ("do", "does", "did") or (words in ("on", "for", "of", "by", "among") and self.count >= 0):
                return self._noun_phrase(index + 1, plural=True)
        if words in _ARTICLES and is_filler(chunk):
            return self._noun_phrase(index + 1)
        return None

    def _says_each(self, index: int) -> bool:
        chunk = self.chunks[index] if index < len(self.chunks) else None
        if chunk is None:
            return False
        if is_filler(chunk) and chunk.words.lower() == "the":
            return self._says_each(index + 1)
        return index == self.at or chunk.words.lower() in ("each", "every")

    def _noun_phrase(self, index: int, *, plural: bool = False) -> tuple[int, int] | None:
        """Adjectives and a noun, a field or a length of time."""
        start = index
        while index < len(self.chunks):
            chunk = self.chunks[index]
            skipped = is_filler(chunk) or said(chunk, "single") or chunk.words.lower() in ("each", "every")
            if skipped or index == self.at:
                index += 1
                start = start + 1 if start == index - 1 else start
                continue
            if chunk.has(*_NOUNS) or self._people(chunk):
                return (start, index + 1) if not plural or self._is_plural(index) else None
            if not plural and (said(chunk, "grain") or self._names(chunk)):
                return (start, index + 1)
            if not chunk.has(FilterSense, ValueSense):
                return None
            index += 1
        return None

    def _people(self, chunk: Chunk) -> RoleSense | None:
        """A metric that counts who has a role names those people: an active bidder is a bidder."""
        for sense in chunk.of(MetricSense):
            found = COUNTS_DIFFERENT.match(self.model.metric_by_name[sense.metric].expression)
            for each in self.model.relationships if found else ():
                if found and each.role and (each.source, each.source_columns) == (found[1], (found[2],)):
                    return RoleSense(each.name)
        return None

    def _names(self, chunk: Chunk) -> bool:
        fields = [self.model.dataset(f.dataset).field(f.field) for f in chunk.of(FieldSense)]
        return bool(fields) and not any(f.datatype.is_number or f.is_time for f in fields)

    # -- all of it ---------------------------------------------------------------------------------------------------

    def _average(self, start: int, marker: int, unit: tuple[int, int]) -> Average | None:
        taken = {self.at, self.count}
        rest = unit[1]
        if marker == len(self.chunks):
            rest = marker = max(self._noun_from(start), start) + 1
            taken.add(unit[0])
        rows = [c for i, c in enumerate(self.chunks[start:marker], start) if i not in taken]
        verbs = frozenset(v.relationship for c in self.chunks[rest:] for v in c.of(VerbSense) if not c.has(*_NOUNS))
        if marker < len(self.chunks) and self.chunks[marker].words.lower() in (
            "do",
            "does",
            "did",
            "has",
            "have",
            *_ARTICLES,
        ):
            rest, deeds = self._clause(rest)
            rows += deeds
        rows = self._stripped(rows)
        if not any(c.has(*_NOUNS, MetricSense, FilterSense, FieldSense) or self._is_deed(c) for c in rows):
            return None
        counts = self.count >= 0 or not any(c.has(MetricSense) or said(c, "agg") for c in rows)
        before = tuple(c for i, c in enumerate(self.chunks[:start]) if i not in taken)
        after = tuple(c for i, c in enumerate(self.chunks) if i >= rest and i not in taken)
        words = " ".join(c.words for c in self.chunks[min(i for i in taken if i >= 0) : max(unit[1], marker)])
        noun = self.chunks[unit[0] : unit[1]]
        if people := self._people(noun[-1]):
            noun = (*noun[:-1], Chunk(noun[-1].words, (people,)))
        return Average(self.function, counts, tuple(rows), noun, before, after, verbs, words)

    @staticmethod
    def _is_deed(chunk: Chunk) -> bool:
        """A deed as a thing, in the plural: "purchases"."""
        return chunk.has(VerbSense) and singular(chunk.words.lower()) != chunk.words.lower()

    def _stripped(self, rows: list[Chunk]) -> list[Chunk]:
        """Without words at the ends that say nothing of the rows: "bids do we get"."""
        while rows and (is_filler(rows[-1]) or self._says_little(rows[-1])):
            rows.pop()
        while rows and is_filler(rows[0]):
            del rows[0]
        return rows

    def _clause(self, rest: int) -> tuple[int, list[Chunk]]:
        """ "… does a seller sell": the deed says something of what is counted; "get" and "have" say nothing."""
        deeds: list[Chunk] = []
        while rest < len(self.chunks):
            chunk = self.chunks[rest]
            if not (is_filler(chunk) or chunk.has(VerbSense) or self._says_little(chunk)):
                break
            if chunk.has(VerbSense) and not self._says_little(chunk) and not is_filler(chunk):
                deeds.append(chunk)
            rest += 1
        return rest, deeds

    @staticmethod
    def _says_little(chunk: Chunk) -> bool:
        words = chunk.words.lower()
        light = words in LIGHT_VERBS or singular(words) in LIGHT_VERBS
        return light or (chunk.word("is") is not None and not chunk.has(*_NOUNS))
