"""Where the reading of a question stands: what was read, what is announced, and what comes next."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.frame import FilterAsk, Frame, MeasureAsk, NotUnderstood, Noun, Restrictor
from nl2sql.writers.offline.plan import Operator
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    RoleSense,
    ValueSense,
    VerbSense,
    WordSense,
)


@dataclass(slots=True)
class Pending:
    """What earlier words announced and a later noun, field or number must take up."""

    count: bool = False
    agg: str = ""
    also: list[str] = field(default_factory=list)  # further functions of the same thing: "lowest and highest"
    extreme: str = ""
    extreme_words: str = ""
    ranked: str = ""  # "highest average …": the direction, while the function is announced
    most: str = ""
    by: bool = False
    sort: bool = False
    negated: bool = False
    with_: bool = False
    number: Decimal | None = None
    compare: tuple[Operator, Decimal, str] | None = None
    before: list[Restrictor] = field(default_factory=list)  # adjectives waiting for their noun


class Reading:
    """Chunks, a place in them, and the frame that grows. Made anew for each question."""

    def __init__(self, model: SemanticModel, graph: JoinGraph, chunks: tuple[Chunk, ...], text: str) -> None:
        self.model = model
        self.graph = graph
        self.chunks = chunks
        self.at = 0
        self.frame = Frame(text=text)
        self.pending = Pending()
        self.noun: Noun | None = None  # the last one mentioned: what follows describes it
        self.noun_at = 0  # where the last noun was placed
        self.compared: MeasureAsk | tuple[tuple[FieldSense, ...], str] | None = None  # what a bound would bound
        self.expected: FilterAsk | None = None  # "sold", waiting for the noun it was done to
        self.split = self.share_split()

    def peek(self, ahead: int = 1) -> Chunk | None:
        """The next chunk that is not filler."""
        index = self.at
        while ahead and index + 1 < len(self.chunks):
            index += 1
            if not self.is_filler(self.chunks[index]):
                ahead -= 1
        return self.chunks[index] if ahead == 0 else None

    def is_filler(self, chunk: Chunk) -> bool:
        return all(isinstance(s, WordSense) and s.kind == "filler" for s in chunk.senses)

    def previous(self) -> Chunk | None:
        """The chunk before this one that is not filler."""
        return self._before(self.at)

    def skip_to_next(self) -> None:
        """Move to the chunk `_peek` showed."""
        self.at += 1
        while self.at < len(self.chunks) and self.is_filler(self.chunks[self.at]):
            self.at += 1

    def stuck(self, chunk: Chunk, why: str = "") -> NotUnderstood:
        return NotUnderstood(why or f"I could not fit “{chunk.words}” into the question.", (chunk.words,))

    def restrict(self, ask: Restrictor, noun: Noun | None = None, *, everything: bool = False) -> None:
        if self.in_part() and not everything:
            self.frame.part.append(ask)
            return
        target = noun or self.noun
        if target is None:
            self.frame.loose.append(ask)
        else:
            target.restrictors.append(ask)

    def in_part(self) -> bool:
        return self.at > self.split

    def share_split(self) -> int:
        """Where a share's whole ends and its part begins; past the end when there is no share.

        The part is the last thing said of the whole: "users who joined in 2025 | bought something".
        """
        marks = [i for i, c in enumerate(self.chunks) if c.word("share")]
        nouns = [
            i
            for i, c in enumerate(self.chunks)
            if marks and i > marks[0] and c.has(DatasetSense, RoleSense, MetricSense)
        ]
        if not nouns:
            return len(self.chunks)
        starts = [i for i in range(nouns[0] + 1, len(self.chunks)) if self._begins_a_clause(i)]
        alone = [i for i in starts if not self._is_joined(i) and self._says_something_after(i - 1)]
        return alone[-1] - 1 if alone else nouns[0]

    def _begins_a_clause(self, index: int) -> bool:
        """A word that says something of the subject, and does not continue a clause that has begun."""
        chunk, before = self.chunks[index], self._before(index)
        opens = chunk.word("is") or chunk.word("that") or chunk.word("not") or chunk.has(FilterSense, VerbSense)
        dates = any(self.is_time(f) for f in chunk.of(FieldSense))
        kinds = ("is", "that", "not", "with", "preposition", "count", "compare")
        return bool(opens or dates) and not (before and any(before.word(kind) for kind in kinds))

    def _is_joined(self, index: int) -> bool:
        before = self._before(index)
        return before is not None and bool(before.word("and") or before.word("but") or before.word("comma"))

    def _before(self, index: int) -> Chunk | None:
        return next((c for c in reversed(self.chunks[:index]) if not self.is_filler(c)), None)

    def _says_something_after(self, index: int) -> bool:
        kinds = (ValueSense, FilterSense, DatasetSense, RoleSense, VerbSense, FieldSense)
        return any(chunk.has(*kinds) for chunk in self.chunks[index + 1 :])

    def is_time(self, sense: FieldSense) -> bool:
        return self.model.dataset(sense.dataset).field(sense.field).is_time
