"""Periods laid out beside each other: "2024 next to 2025", "in 2024 and in 2025, side by side", "one row each", "which
categories sold fewer items in 2025 than in 2024". They are said as growth or as a series, which others read."""

from __future__ import annotations

from nl2sql.plan.base import QueryPlan
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import mentions, places, said
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, DatasetSense, MetricSense, PeriodSense, VerbSense, WordSense, is_filler

Chunks = tuple[Chunk, ...]
_PHRASES = {
    ("versus", ""): "next to | alongside | side by side with | set against",
    ("laid out", "columns"): (
        "side by side | in two columns | in columns | next to each other | beside each other | as columns | "
        "in separate columns | one column each | a column each | in a column each"
    ),
    ("laid out", "rows"): (
        "one row each | a row each | in separate rows | one line each | a line each | as rows | one row per year"
    ),
    ("than", ""): "than",
}
_KINDS = frozenset(("laid out",))
# Alone they are not understood, and are told so: only a comparison of two periods gives them their meaning.
_WAYS = {"fewer": "down", "less": "down", "more": "up"}
_UNITS = ("year", "quarter", "month", "week", "day")


def read_laid_out(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    found = None
    if any(not c.senses and c.words.lower() in _WAYS for c in chunks):
        found = _fewer(chunks)
    if found is None and mentions(chunks, _KINDS):
        found = _laid_out(chunks)
    if found is None:
        return None
    plan = inner(found)
    question.settle(found)
    return plan


def _pair(chunks: Chunks) -> tuple[int, int] | None:
    """The places of two periods joined by "and"; None where there are others."""
    marks = [i for i, c in enumerate(chunks) if c.has(PeriodSense)]
    if len(marks) != 2:
        return None
    between = chunks[marks[0] + 1 : marks[1]]
    joins = [c for c in between if c.word("and")]
    rest = [c for c in between if not c.word("and") and not is_filler(c) and not c.word("preposition")]
    return (marks[0], marks[1]) if len(joins) == 1 and not rest else None


def _laid_out(chunks: Chunks) -> Chunks | None:
    marks = places(chunks, "laid out")
    if not marks:
        return None
    kind = chunks[marks[0]].word("laid out")
    rest = tuple(c for i, c in enumerate(chunks) if i not in marks)
    rest = _without_loose_commas(rest)
    pair = _pair(rest)
    if pair is None or kind is None:
        return rest  # "GMV and revenue by month, side by side": columns stand so anyway
    if kind.argument == "columns":
        return (*rest[: pair[0] + 1], word("versus", "versus"), *rest[pair[1] :])
    return _as_rows(rest, pair)


def _without_loose_commas(chunks: Chunks) -> Chunks:
    """No comma at the end, and none twice."""
    kept: list[Chunk] = []
    for chunk in chunks:
        if chunk.word("comma") and (not kept or kept[-1].word("comma")):
            continue
        kept.append(chunk)
    while kept and kept[-1].word("comma"):
        kept.pop()
    return tuple(kept)


def _as_rows(chunks: Chunks, pair: tuple[int, int]) -> Chunks:
    """A series by the unit that both are one of; they follow each other."""
    first, second = (chunks[i].of(PeriodSense)[0].period for i in pair)
    unit = next((u for u in _UNITS if first.is_one(u) and second.is_one(u)), "")
    if not unit or first.end != second.start or first.start is None or second.end is None:
        raise NotUnderstood("I can lay out in rows only periods of one length that follow each other.")
    both = Period(first.start, second.end, f"{first.words} and {second.words}")
    said_both = " ".join(c.words for c in chunks[pair[0] : pair[1] + 1])
    rest = [c for i, c in enumerate(chunks) if not pair[0] <= i <= pair[1] and not said(c, "contrast")]
    while rest and (rest[0].word("comma") or is_filler(rest[0])):
        del rest[0]
    return (
        *rest,
        word("by", "by"),
        word(unit, "grain", unit),
        Chunk(said_both, (PeriodSense(both),)),
    )


def _fewer(chunks: Chunks) -> Chunks | None:
    """ "which categories sold fewer items in 2025 than in 2024": in which did their number fall."""
    marks = [i for i, c in enumerate(chunks) if not c.senses and c.words.lower() in _WAYS]
    thans = places(chunks, "than")
    periods = [i for i, c in enumerate(chunks) if c.has(PeriodSense)]
    if len(marks) != 1 or len(thans) != 1 or len(periods) != 2:
        return None
    at, than = marks[0], thans[0]
    if not at < periods[0] < than < periods[1] or periods[1] != len(chunks) - 1:
        return None
    way = _WAYS[chunks[at].words.lower()]
    lead = [c for c in chunks[:at] if not is_filler(c)]
    thing = [c for c in chunks[at + 1 : periods[0]] if not is_filler(c)]
    between = [c for c in chunks[periods[0] + 1 : periods[1]] if c is not chunks[than]]
    if len(lead) < 2 or not thing or not lead[0].word("list"):
        return None
    if not all(is_filler(c) or c.word("preposition") or c.word("is") for c in between):
        return None
    deeds = [c for c in lead[2:] if not (c.word("is") and not c.has(VerbSense))]
    if lead[1].has(MetricSense) or not lead[1].senses:
        return None
    counted = thing if thing[0].has(MetricSense) else [word("number of", "count"), *thing]
    if not (thing[0].has(MetricSense) or any(c.has(DatasetSense) for c in thing)):
        return None
    verb = "grow" if way == "up" else "fall"
    direction = "change up verb" if way == "up" else "change down verb"
    return (
        word("in", "preposition"),
        lead[0],
        lead[1],
        word("did", "is"),
        *counted,
        *deeds,
        Chunk(verb, (WordSense("grow", direction),)),
        chunks[periods[0]],
        word("compared to", "versus"),
        chunks[periods[1]],
    )


LAID_OUT = Construct("periods laid out", read_laid_out, _PHRASES)
