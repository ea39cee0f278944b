"""Words that stand for something said before: those, them, their, such. In a question behind another they stand for the
rows of that one, unless the question itself names what they can stand for."""

from __future__ import annotations

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.constructs.base import word
from nl2sql.writers.offline.constructs.pieces import MODEL_SENSES, said
from nl2sql.writers.offline.follow_up import OF_THEM
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.row_set import RowSet
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    MetricSense,
    NumberSense,
    RoleSense,
    ValueSense,
    VerbSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)
_POINTING = frozenset("those these such".split())
_PRONOUNS = frozenset("they them he she him".split())
_SINGLE = frozenset("he she him".split())
_SUBJECTS = frozenset("they he she".split())
_THINGS = frozenset("it its".split())
OWNED = frozenset("their its his her".split())
_ONES = frozenset(("ones", "one"))
_WORDS = OF_THEM | _POINTING | _PRONOUNS | _THINGS | OWNED | _ONES


def references(chunks: Chunks, behind: bool) -> list[int]:
    """Where something is pointed at that this question does not name. `behind` another question even a named thing
    need not be what is meant: "how many bids did they place?"."""
    return [i for i, c in enumerate(chunks) if c.words.lower() in _WORDS and _points_back(chunks, i, behind)]


def _points_back(chunks: Chunks, at: int, behind: bool) -> bool:
    words = chunks[at].words.lower()
    following = chunks[at + 1] if at + 1 < len(chunks) else None
    named = [i for i, c in enumerate(chunks[:at]) if c.has(*_NOUNS, ValueSense)]
    if words in _ONES:
        asked = chunks[at - 1].words.lower() if at else ""
        return behind and not named and asked in ("which", "what") and not chunks[at].has(NumberSense)
    if words in _POINTING or (words in OF_THEM and words != "of them"):
        if following is not None and following.has(*_NOUNS):
            again = {s for i in named for s in chunks[i].of(DatasetSense)} & set(following.of(DatasetSense))
            described = any(c.words.lower() in ("who", "that", "which", "with") for c in chunks[at + 2 : at + 3])
            return not again and (behind or not described)
        if following is not None and following.words.lower() in ("who", "that", "which", "with"):
            return False
    if words in _THINGS:
        return not any(c.has(*MODEL_SENSES) for c in chunks[:at])
    if named and behind and words in _PRONOUNS:
        return not any(_joins(c) for c in chunks[named[-1] + 1 : at])
    acted = words in _SUBJECTS | OWNED and any(_acts(c) for c in chunks[:at])
    return not named and not acted


def _joins(chunk: Chunk) -> bool:
    return bool(chunk.word("that") or chunk.word("and") or chunk.word("comma") or chunk.word("but"))


def _acts(chunk: Chunk) -> bool:
    """ "who sold more than they bought": whoever acted is named by that."""
    return chunk.has(VerbSense) and not said(chunk, "list")


def stood_for(chunks: Chunks, at: int, rows: RowSet, model: SemanticModel, graph: JoinGraph) -> Chunks:
    """The question with the rows named instead of pointed at. Raises NotUnderstood where they cannot be meant."""
    pointer, words = chunks[at], chunks[at].words.lower()
    noun = Chunk(model.dataset(rows.dataset).label or rows.dataset, (DatasetSense(rows.dataset),))
    lead, rest = chunks[:at], chunks[at + 1 :]
    if words in OWNED:
        if not _is_a_number(rest):
            raise unclear(pointer)
        return (*(c for c in lead if not c.word("and")), *rest, word("of", "preposition"), noun)
    people = {r.target for r in graph.relationships.values() if r.verbs}
    if words in _SINGLE or (words in _SUBJECTS and rest and rest[0].has(VerbSense)):
        acted = {graph.relationships[s.relationship].target for c in rest[:1] for s in c.of(VerbSense)} or people
        if rows.dataset not in acted & people or words in _SINGLE:
            raise unclear(pointer)
    if rest and rest[0].has(*_NOUNS) and (words in _POINTING or words in OF_THEM):
        ends = {s.dataset for s in rest[0].of(DatasetSense)}
        ends |= {graph.relationships[s.relationship].target for s in rest[0].of(RoleSense)}
        if rows.dataset not in ends:
            raise unclear(pointer)
        noun, rest = rest[0], rest[1:]
    if any(_names(c, rows, graph) for c in (*lead, *rest)):
        raise unclear(pointer)
    if words in OF_THEM or (lead and lead[-1].words.lower() == "of"):
        lead = lead if words in OF_THEM else lead[:-1]
        before = next((c for c in reversed(lead) if not is_filler(c)), None)
        if before is not None and not _asks_for(before):
            lead = (*lead, word("of", "preposition"))
    return (*lead, noun, *rest)


def _is_a_number(chunks: Chunks) -> bool:
    """ "their average rating": what is computed of each field, and nothing else."""
    fields = [c for c in chunks if c.has(FieldSense, MetricSense)]
    computed = any(c.has(MetricSense) for c in fields) or any(c.word("agg") for c in chunks)
    rest = [c for c in chunks if c not in fields]
    return len(fields) == 1 and computed and all(c.word("agg") or c.word("extreme") or is_filler(c) for c in rest)


def unclear(pointer: Chunk) -> NotUnderstood:
    message = f"I cannot tell what “{pointer.words}” stands for here; please ask the whole question."
    return NotUnderstood(message, (pointer.words,))


def _asks_for(chunk: Chunk) -> bool:
    """ "how many", "which", "the ten newest": rows are named right behind."""
    return chunk.has(NumberSense) or bool(said(chunk, "count", "list", "extreme", "recent", "most", "dear", "not"))


def _names(chunk: Chunk, rows: RowSet, graph: JoinGraph) -> bool:
    """Whether others of the same kind are spoken of: "which sellers did they buy from"."""
    roles = {graph.relationships[s.relationship].target for s in chunk.of(RoleSense)}
    return rows.dataset in roles | {s.dataset for s in chunk.of(DatasetSense)}
