"""What is found most often, or has most of a number: "most popular payment method", "highest revenue category"."""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import following, is_joint, mentions, places, said
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    RoleSense,
)

_PHRASES = {
    ("popular", "max"): (
        "most popular | most common | most commonly used | most frequent | most frequently used | most used | most "
        "often used | commonest"
    ),
    ("popular", "min"): "least popular | least common | least used | least frequent | rarest | least often used",
}
_KINDS = frozenset(("popular", "extreme"))


def _read(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if not mentions(chunks, _KINDS):
        return None
    found = places(chunks, "popular")
    if len(found) == 1:
        return _popular(question, inner, found[0])
    extremes = places(chunks, "extreme")
    if len(extremes) == 1:
        return _by_its_number(question, inner, extremes[0]) or _best_selling(question, inner, extremes[0])
    return None


def _popular(question: Linked, inner: Inner, at: int) -> QueryPlan | None:
    """A field's values, by how many rows of its dataset have each; of things in themselves it says nothing."""
    chunks = question.chunks
    thing = following(chunks, at)
    if thing < len(chunks) and chunks[thing].has(NumberSense):
        thing = following(chunks, thing)
    if thing >= len(chunks) or not _is_plain_field(chunks[thing]):
        thing = _subject(chunks, at)
    mark = said(chunks[at], "popular")
    if mark is None or thing < 0:
        return None
    datasets = {f.dataset for f in chunks[thing].of(FieldSense)}
    if len(datasets) != 1:
        return None
    dataset = datasets.pop()
    most = word("most", "most", mark.argument)
    rest = list(chunks[thing + 1 :]) if thing > at else [c for c in chunks[thing + 1 :] if c is not chunks[at]]
    before = chunks[:at] + chunks[at + 1 : thing + 1] if thing > at else chunks[: thing + 1]
    people = {question.graph.relationships[r.relationship].target for c in rest for r in c.of(RoleSense)}
    named = {d.dataset for c in rest for d in c.of(DatasetSense)}
    if dataset in people | named:  # "most common condition of sold items", "most common country among bidders"
        while rest and said(rest[0], "preposition", "filler", "is"):
            rest.pop(0)
        return inner(_asking((*before, most, *rest)))
    label = question.model.dataset(dataset).label or dataset
    return inner(_asking((*before, most, Chunk(label, (DatasetSense(dataset),)), *rest)))


def _is_plain_field(chunk: Chunk) -> bool:
    return chunk.has(FieldSense) and not chunk.has(DatasetSense, RoleSense)


def _subject(chunks: tuple[Chunk, ...], at: int) -> int:
    """ "which method is the most used": the field before; −1 where there is none."""
    index = at - 1
    while index >= 0 and is_joint(chunks[index]):
        index -= 1
    return index if index >= 0 and _is_plain_field(chunks[index]) else -1


def _by_its_number(question: Linked, inner: Inner, at: int) -> QueryPlan | None:
    """ "highest revenue category": the top category by revenue."""
    chunks = question.chunks
    number, mark = following(chunks, at), said(chunks[at], "extreme")
    thing = following(chunks, number) if number < len(chunks) else len(chunks)
    if mark is None or thing >= len(chunks) or not chunks[number].has(MetricSense):
        return None
    if not chunks[thing].has(DatasetSense, RoleSense) or chunks[thing].has(MetricSense, FilterSense):
        return None
    top = word("top", "extreme", mark.argument)
    return inner((*chunks[:at], top, chunks[thing], word("by", "by"), chunks[number], *chunks[thing + 1 :]))


def _best_selling(question: Linked, inner: Inner, at: int) -> QueryPlan | None:
    """ "best-selling category": the one with the most sales, by their number."""
    chunks = question.chunks
    deed, thing = at + 1, following(chunks, at + 1)
    if thing >= len(chunks) or not chunks[deed].has(FilterSense) or not chunks[deed].words.lower().endswith("ing"):
        return None
    if chunks[thing].has(MetricSense) or not chunks[thing].has(DatasetSense, FieldSense, RoleSense):
        return None
    filters = chunks[deed].of(FilterSense)
    if any(d.dataset == filters[0].dataset for d in chunks[thing].of(DatasetSense)):
        return None
    mark = said(chunks[at], "extreme")
    by = following(chunks, thing)
    if by + 1 < len(chunks) and chunks[by].word("by") and chunks[by + 1].has(MetricSense):
        return inner((*chunks[:deed], *chunks[thing:]))  # "best-selling category by GMV": by that, and not by number
    counted = Chunk(f"{filters[0].filter} ones", filters)
    put = (word("most", "most", mark.argument if mark else "max"), counted)
    return inner(_asking((*chunks[:at], chunks[thing], *put, *chunks[thing + 1 :])))


def _asking(chunks: tuple[Chunk, ...]) -> tuple[Chunk, ...]:
    """As a question for rows, which a ranking by a number needs."""
    return chunks if any(c.word("list") for c in chunks) else (word("which", "list"), *chunks)


POPULAR = Construct("what is found most often", _read, _PHRASES)
