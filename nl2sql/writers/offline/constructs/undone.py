"""What was not done or not got: "users who never made a failed payment", "listings that never got a comment", "users
who sold something have never bought anything"."""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import Rewrite, following, read_rewritten, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.language import BEFALLS
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FilterSense, RoleSense, ValueSense, VerbSense, is_filler

Chunks = tuple[Chunk, ...]
_NOUNS = (DatasetSense, RoleSense)
_NEAR = 5  # What somebody got stands within so many words of the verb.


def read_undone(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    _refuse_got_by_people(chunks, question)
    if not any(c.word("not") for c in chunks):
        return None
    return read_rewritten(question, inner, _REWRITES)


def _refuse_got_by_people(chunks: Chunks, question: Linked) -> None:
    """ "users who got more than 10 bids": on what they offer, surely, and not those that they placed."""
    deed = next((i for i, c in enumerate(chunks) if _befalls(c) and not c.has(*_NOUNS)), -1)
    head = next((c for c in chunks[: max(deed, 0)] if c.has(*_NOUNS)), None)
    if head is None or head.has(RoleSense):
        return
    targets = {question.graph.relationships[v.relationship].target for v in chunks[deed].of(VerbSense)}
    if not targets & {s.dataset for s in head.of(DatasetSense)}:
        return
    behind = range(deed + 1, min(deed + 1 + _NEAR, len(chunks)))
    noun = next((i for i in behind if chunks[i].has(DatasetSense) or chunks[i].word("that")), -1)
    if noun >= 0 and chunks[noun].has(DatasetSense):
        _refuse_got(chunks, deed, noun, question)


def _never_did_such(chunks: Chunks, question: Linked) -> Chunks:
    """ "never made a failed payment": it is the payments that there are not, and not their state that is turned."""
    for at, chunk in enumerate(chunks):
        if not chunk.word("not") or chunk.has(*_NOUNS):
            continue
        first = at + 1
        while first < len(chunks) and _is_deed(chunks[first]):
            first += 1
        deeds = [c for c in chunks[at + 1 : first] if c.has(VerbSense)]
        noun = first
        while noun < len(chunks) and chunks[noun].has(FilterSense, ValueSense) and not chunks[noun].has(*_NOUNS):
            noun += 1
        if not deeds or noun == first or noun >= len(chunks) or not chunks[noun].has(DatasetSense):
            continue
        of = {s.dataset for s in chunks[noun].of(DatasetSense)}
        states = [s for c in chunks[first:noun] for s in c.of(FilterSense) if s.dataset in of]
        if len(states) >= noun - first:
            return (*chunks[:first], chunks[noun], *chunks[first:noun], *chunks[noun + 1 :])
    return chunks


def _never_got(chunks: Chunks, question: Linked) -> Chunks:
    """ "listings that never got a comment": without comments. Getting is a deed of people alone, in the model."""
    head = next((c for c in chunks if c.has(*_NOUNS)), None)
    of = {s.dataset for s in head.of(DatasetSense)} if head else set()
    for at, chunk in enumerate(chunks):
        if not chunk.word("not") or not of or (head is not None and head.has(RoleSense)):
            continue
        deed = at + 1
        while (
            deed < len(chunks) and (is_filler(chunks[deed]) or chunks[deed].word("is")) and not _befalls(chunks[deed])
        ):
            deed += 1
        if deed >= len(chunks) or not _befalls(chunks[deed]) or chunks[deed].has(*_NOUNS):
            continue
        targets = {question.graph.relationships[v.relationship].target for v in chunks[deed].of(VerbSense)}
        noun = following(chunks, deed)
        while noun < len(chunks) and chunks[noun].has(FilterSense, ValueSense) and not chunks[noun].has(*_NOUNS):
            noun = following(chunks, noun)
        if noun >= len(chunks) or not chunks[noun].has(DatasetSense):
            continue
        if targets & of:
            continue
        lead = chunks[:at]
        while lead and (lead[-1].word("is") or lead[-1].word("that")) and not lead[-1].has(DatasetSense):
            lead = lead[:-1]
        return (*lead, word("without", "not"), *chunks[deed + 1 :])
    return chunks


def _refuse_got(chunks: Chunks, deed: int, noun: int, question: Linked) -> None:
    """ "users who never got a comment": below what they offer, or in reply? Only what the verb is said of is got."""
    things = {s.dataset for s in chunks[noun].of(DatasetSense)}
    sources = {question.graph.relationships[v.relationship].source for v in chunks[deed].of(VerbSense)}
    if not things & sources:
        words = f"{chunks[deed].words} {chunks[noun].words}"
        raise NotUnderstood(f"I do not know who is meant by “{words}”.", (words,))


def _befalls(chunk: Chunk) -> bool:
    return chunk.words.lower() in BEFALLS and chunk.has(VerbSense)


def _is_deed(chunk: Chunk) -> bool:
    return (
        is_filler(chunk)
        or bool(chunk.word("is"))
        or (chunk.has(VerbSense) and not chunk.has(DatasetSense, FilterSense))
    )


def _and_never(chunks: Chunks, question: Linked) -> Chunks:
    """ "users who sold something have never bought anything": both are said of them."""
    who = next((i for i, c in enumerate(chunks) if c.words.lower() in ("who", "that") and i), -1)
    if who < 1 or not chunks[who - 1].has(*_NOUNS) or not any(said(c, "count", "list") for c in chunks[: who - 1]):
        return chunks
    never = [i for i, c in enumerate(chunks) if c.words.lower() in ("never", "never had") and i > who + 1]
    if len(never) != 1 or any(c.word("and") or c.word("but") or c.word("comma") for c in chunks[who : never[0]]):
        return chunks
    end = never[0]
    while end > who and chunks[end - 1].word("is") and not chunks[end - 1].has(FilterSense):
        end -= 1
    if not any(c.has(VerbSense) for c in chunks[who + 1 : end]):
        return chunks
    return (*chunks[:end], word("and", "and"), *chunks[never[0] :])


_REWRITES: tuple[Rewrite, ...] = (_and_never, _never_got, _never_did_such)

UNDONE = Construct("what was not done", read_undone)
