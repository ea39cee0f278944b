"""A question behind another that is no change of its plan: about what was shown, or the end of a question that began
before. What points back keeps the rows of the question before, or is declined; it is never read by itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.validate import validate
from nl2sql.writers.offline.counted_fragment import counted, counts_only, opens_an_end
from nl2sql.writers.offline.follow_up import OF_THEM, SAID, follow_up
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.more_columns import only_columns, wants_more, with_columns
from nl2sql.writers.offline.references import references, stood_for, unclear
from nl2sql.writers.offline.row_set import RowSet, dated_alike, narrowed, rows_of
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
    is_filler,
)
from nl2sql.writers.offline.tokens import singular

Chunks = tuple[Chunk, ...]
Whole = Callable[[Chunks], QueryPlan]
_ASKS = ("count", "list", "agg", "extreme", "most", "share", "when", "dear", "recent")
_TIES = frozenset("and but also then only same instead".split())
# Where a question has one of these, it is a whole sentence.
_HELPERS = frozenset("do does did is are was were has have had can".split())
_WHICH = Chunk("which", (WordSense("list"),))
UNTOLD = "I cannot tell how this changes the question before; please ask it as a whole."


class Conversation:
    """`whole` reads a question by itself, and raises NotUnderstood and SeveralReadings."""

    def __init__(self, previous: QueryPlan, model: SemanticModel, graph: JoinGraph, whole: Whole) -> None:
        self.previous = previous
        self.model = model
        self.graph = graph
        self.whole = whole

    def read(self, chunks: Chunks) -> QueryPlan | None:
        """None for a question of its own. Raises NotUnderstood where it leans on the one before in a way unknown."""
        if not chunks:
            return None  # punctuation alone
        try:
            changed = follow_up(chunks, self.previous, self.model, self.graph)
        except NotUnderstood:
            if not references(chunks, behind=True):
                raise
            changed = None
        return self._behind(chunks) if changed is None else changed

    def _behind(self, chunks: Chunks) -> QueryPlan | None:
        pointed = references(chunks, behind=True)
        more = wants_more(chunks)
        if (pointed or more) and (fields := only_columns(chunks, pointed, self.model)):
            return self._sound(with_columns(self.previous, fields, self.model, self.graph))
        if _counts_the_rows(chunks):
            return self._sound(self._rows(chunks[0]).counted(self.model))
        if len(pointed) > 1:
            raise unclear(chunks[pointed[1]])
        chunks, pointed = _of_those_first(chunks, pointed)
        if pointed:
            return self._about(chunks, pointed[0])
        if (noun := counts_only(chunks)) and self._says_something() and not more:
            return self._sound(counted(self.previous, noun, self.model, self.graph))
        if self._says_something() and (role := _counts_a_role(chunks, self.previous.base, self.graph)):
            choices = (f"How many different {role}?", f"How many {role} do we have in total?")
            raise SeveralReadings(f"“{role}”: those of the question before, or all there are?", choices)
        if _counts_without_a_noun(chunks):
            return self._of_what_was_counted(chunks)
        if more or _is_a_fragment(chunks):
            raise NotUnderstood(UNTOLD)
        if self._says_something() and (noun := _names_things_only(chunks)):
            return self._which(noun)
        if self._says_something() and (noun := _shows_the(chunks)) and self._are_those(noun):
            choices = ("Show them", f"Show all {noun.words}")
            raise SeveralReadings(f"“the {noun.words}”: those of the question before, or all there are?", choices)
        return None

    def _rows(self, pointer: Chunk) -> RowSet:
        rows = rows_of(self.previous, self.graph)
        if rows is None:
            raise unclear(pointer)
        return rows

    def _says_something(self) -> bool:
        return bool(self.previous.conditions or self.previous.having or self.previous.limit)

    def _about(self, chunks: Chunks, at: int) -> QueryPlan:
        """ "how many of those …": the same question of the rows of the one before."""
        rows = self._rows(chunks[at])
        named = stood_for(chunks, at, rows, self.model, self.graph)
        verbs = {s.relationship for c in chunks for s in c.of(VerbSense)}
        plan = self.whole(named)
        if not plan.measures and plan.base == rows.dataset and _asks_what_they_did(chunks, at):
            raise unclear(chunks[at])
        read = dated_alike(plan, rows, chunks, self.model, self.graph)
        return self._sound(narrowed(read, rows, verbs, self.model, self.graph))

    def _are_those(self, noun: Chunk) -> bool:
        rows = rows_of(self.previous, self.graph)
        return rows is not None and rows.dataset in {s.dataset for s in noun.of(DatasetSense)}

    def _which(self, noun: Chunk) -> QueryPlan:
        """ "which listings?": those that were counted. Others are not pointed at clearly enough."""
        rows = self._rows(noun)
        if rows.dataset not in {s.dataset for s in noun.of(DatasetSense)}:
            raise unclear(noun)
        return self._sound(narrowed(self.whole((_WHICH, noun)), rows, set(), self.model, self.graph))

    def _of_what_was_counted(self, chunks: Chunks) -> QueryPlan:
        """ "how many were sold?": of the rows that were counted or listed before."""
        count = next(i for i, c in enumerate(chunks) if c.word("count"))
        rows = self._rows(chunks[count])
        base = rows.counted(self.model)
        rest = (Chunk("and", (WordSense("and"),)), *chunks[count + 1 :])
        try:
            changed = follow_up(rest, base, self.model, self.graph)
        except NotUnderstood:
            changed = None
        if changed is not None:
            return changed
        if any(s.dataset != rows.dataset for c in chunks for s in c.of(FilterSense)):
            raise NotUnderstood(UNTOLD)
        pointer = Chunk("of those", (WordSense("them"),))
        return self._about((*chunks[: count + 1], pointer, *chunks[count + 1 :]), count + 1)

    def _sound(self, plan: QueryPlan) -> QueryPlan:
        if validate(plan, self.model, self.graph):
            raise NotUnderstood("I could not change the question before in this way; please ask the whole question.")
        return replace(plan, assumptions=tuple(dict.fromkeys((*plan.assumptions, SAID))))


def _asks_what_they_did(chunks: Chunks, at: int) -> bool:
    """ "what did they buy?" asks for things, and not for them."""
    return at == 2 and chunks[0].words.lower() == "what" and chunks[1].words.lower() in ("did", "do", "does", "have")


def _of_those_first(chunks: Chunks, pointed: list[int]) -> tuple[Chunks, list[int]]:
    """ "of those, how many …": how many of those."""
    if not pointed or any(not c.word("and") for c in chunks[: pointed[0]]):
        return chunks, pointed
    at = pointed[0]
    if chunks[at].words.lower() not in OF_THEM or len(chunks) < at + 3:
        return chunks, pointed
    rest = chunks[at + 1 :]
    rest = rest[1:] if rest[0].word("comma") else rest
    if not rest[0].word("count"):
        return chunks, pointed
    return (rest[0], chunks[at], *rest[1:]), [1]


def _names_things_only(chunks: Chunks) -> Chunk | None:
    """The noun of "which listings?", "and which users?"."""
    said = [c for c in chunks if not c.word("and") and not c.word("but")]
    which = len(said) == 2 and said[0].words.lower() in ("which", "what", "which of the", "whose")
    return said[1] if which and said[1].has(DatasetSense, RoleSense) else None


def _shows_the(chunks: Chunks) -> Chunk | None:
    """The noun of "show the listings", "list the users please"."""
    said = [c for c in chunks if not is_filler(c)]
    the = len(said) == 2 and said[0].word("list") is not None and any(c.words.lower() == "the" for c in chunks)
    return said[1] if the and said[1].has(DatasetSense) else None


def dangling(chunks: Chunks) -> NotUnderstood | None:
    """Why a question cannot be read that points at something where nothing was said before."""
    pointed = references(chunks, behind=False)
    return unclear(chunks[pointed[0]]) if pointed else None


def _counts_the_rows(chunks: Chunks) -> bool:
    """ "how many are there?", "how many are they?"."""
    said = [c for c in chunks if not is_filler(c) and not c.word("is") and not c.word("them") and not c.word("and")]
    leans = [c for c in chunks if c.word("is") or c.word("them") or c.words.lower() in ("they", "those", "these")]
    return len(said) == 1 and said[0].word("count") is not None and bool(leans)


def _counts_a_role(chunks: Chunks, base: str, graph: JoinGraph) -> str:
    """ "how many bidders are there?" behind a question about bids: of these, perhaps. The words of the role."""
    said = [c for c in chunks if not is_filler(c) and not c.word("distinct")]
    if len(said) != 3 or not said[0].word("count") or said[2].words.lower() not in ("are there", "were there"):
        return ""
    roles = {graph.relationships[s.relationship].source for s in said[1].of(RoleSense)}
    return said[1].words if base in roles else ""


def _counts_without_a_noun(chunks: Chunks) -> bool:
    """ "how many were sold?", "how many in Germany?"; a noun would stand right behind "how many"."""
    said = [c for c in chunks if not is_filler(c) and not c.word("and") and not c.word("but")]
    if len(said) < 2 or said[0].words.lower() != "how many":
        return False
    behind = said[1]
    words = behind.words.lower()
    if behind.has(VerbSense) and singular(words) == words and not behind.has(DatasetSense, RoleSense, MetricSense):
        return len(said) == 2 or not said[2].has(DatasetSense, RoleSense, ValueSense)
    joins = (
        behind.word("is") or behind.word("not") or behind.word("them") or (behind.word("preposition") and words != "of")
    )
    return bool(joins) and not behind.has(DatasetSense, RoleSense, MetricSense, FieldSense, ValueSense)


def _is_a_fragment(chunks: Chunks) -> bool:
    """ "and …", "what about …", "from sellers in Germany?": nothing that stands by itself."""
    words = [c.words.lower() for c in chunks[:2]]
    if words[0] in _TIES or words in (["what", "about"], ["how", "about"]) or words[0] in ("what about", "how about"):
        return True
    if not opens_an_end(chunks[0]) or chunks[0].has(DatasetSense, RoleSense, FieldSense):
        return False
    if len(chunks) > 1 and (chunks[1].word("count") or chunks[1].word("list")):
        return not any(_HELPERS & set(c.words.lower().split()) for c in chunks)
    return not any(c.word(kind) for c in chunks for kind in _ASKS) and not any(c.has(MetricSense) for c in chunks)
