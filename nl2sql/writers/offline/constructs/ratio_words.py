"""Which two numbers a question sets against each other: the chunks of either, with what is said of both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from nl2sql.writers.offline.constructs.base import word
from nl2sql.writers.offline.constructs.pieces import following, is_joint, preceding, said
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    MetricSense,
    PeriodSense,
    RoleSense,
    ValueSense,
    is_filler,
)

Kind = Literal["ratio", "difference", "beside"]


@dataclass(frozen=True, slots=True)
class Two:
    """The chunks of two questions for a number; `words` name the two."""

    kind: Kind
    first: tuple[Chunk, ...]
    second: tuple[Chunk, ...]
    words: tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What stands before both, the first with what is said of it alone, the second, and what is said of both."""

    lead: tuple[Chunk, ...]
    core: tuple[Chunk, ...]
    extra: tuple[Chunk, ...]
    second: tuple[Chunk, ...]
    tail: tuple[Chunk, ...]


def split(chunks: tuple[Chunk, ...], mark: int) -> Two | tuple[Chunk, ...] | None:
    """A tuple of chunks is another question that says the same, as a share of a whole. None where there are no two
    numbers: "difference between 2024 and 2025"."""
    found = said(chunks[mark], "pair", "infix", "behind", "more", "versus")
    parts = _parts(chunks, mark, found.kind) if found else None
    if found is None or parts is None:
        return None
    kind: Kind = "beside" if found.kind == "versus" else "difference" if found.kind == "more" else _kind(found.argument)
    if kind == "ratio" and found.kind == "infix" and (whole := _part_of_whole(parts)):
        return whole
    core, second = parts.core, parts.second
    noun = () if any(_is_thing(c) for c in core) else second[-1:]  # "unsold to sold listings"
    if not core or not (noun or _core_end(core, 0, len(core)) == len(core)) or (noun and not _describes(core)):
        return None
    words = " ".join(c.words for c in core), " ".join(c.words for c in second)
    first = (*parts.lead, *core, *noun, *parts.extra, *parts.tail)
    return Two(kind, first, (*parts.lead, *second, *parts.extra, *parts.tail), words)


def _kind(argument: str) -> Kind:
    return "ratio" if argument == "ratio" else "difference"


def _parts(chunks: tuple[Chunk, ...], mark: int, kind: str) -> _Parts | None:
    lead: tuple[Chunk, ...] = ()
    extra: tuple[Chunk, ...] = ()
    if kind in ("infix", "versus"):
        end = _core_end(chunks, 0, mark)
        start = _core_start(chunks, end) if end else 0
        lead, core, extra, behind, stop = chunks[:start], chunks[start:end], chunks[end:mark], mark + 1, len(chunks)
        if not end:
            core = tuple(c for c in chunks[:mark] if not is_joint(c))
    else:
        joints = ("than",) if kind == "more" else ("to", "and")
        begin, stop = (0, mark) if kind == "behind" else (mark + 1, len(chunks))
        joint = next((i for i in range(begin, stop) if chunks[i].words.lower() in joints), 0)
        if not joint:
            return None
        core, behind = chunks[begin:joint], joint + 1
        core = tuple(c for c in core if not is_filler(c) and not said(c, "is", "list"))
        lead = chunks[:mark] if kind in ("pair", "more") else ()
    last = _core_end(chunks, behind, stop)
    if not core or not last:
        return None
    after = chunks[last:stop] + (chunks[mark + 1 :] if kind == "behind" else ())
    return _Parts(lead, core, extra, chunks[behind:last], after)


def _part_of_whole(parts: _Parts) -> tuple[Chunk, ...] | None:
    """ "Art as a percentage of GMV", "GMV of Art as a share of GMV"."""
    whole = parts.second[-1]
    only_values = all(c.has(ValueSense) and not _is_thing(c) for c in parts.core)
    same = bool(parts.extra) and whole.has(MetricSense) and whole.of(MetricSense) == parts.core[-1].of(MetricSense)
    narrows = any(c.has(ValueSense, FilterSense) for c in parts.extra)
    if not only_values and not (same and narrows):
        return None
    part = parts.core if only_values else parts.extra
    return (*parts.lead, word("share of", "share"), whole, *part, *parts.tail)


def _is_thing(chunk: Chunk) -> bool:
    return chunk.has(MetricSense, MeasureSense, DatasetSense, RoleSense) or (
        chunk.has(FieldSense) and not chunk.has(ValueSense, FilterSense)
    )


def _describes(core: tuple[Chunk, ...]) -> bool:
    return any(chunk.has(FilterSense, ValueSense) for chunk in core)


def _core_end(chunks: tuple[Chunk, ...], start: int, end: int) -> int:
    """Behind the first thing that can be counted or computed; 0 for none, or where something else comes first."""
    for index in range(start, end):
        chunk = chunks[index]
        if _is_thing(chunk):
            if index + 1 < end and chunk.has(RoleSense, DatasetSense) and _is_thing(chunks[index + 1]):
                continue  # "listing views"
            return index + 1
        leads = is_filler(chunk) or said(chunk, "count", "agg", "list", "is", "distinct", "preposition", "extreme")
        if not leads and not chunk.has(FilterSense, ValueSense):
            return 0
    return 0


def _core_start(chunks: tuple[Chunk, ...], end: int) -> int:
    """Where the words begin that belong to the number which ends there."""
    start = end - 1
    while start > 0:
        before = chunks[start - 1]
        belongs = said(before, "count", "agg", "distinct", "extreme") or before.has(FilterSense, ValueSense)
        if not belongs and not is_filler(before) and not before.has(RoleSense, DatasetSense):
            break
        start -= 1
    return start


def sets_numbers_against(chunks: tuple[Chunk, ...], mark: int) -> bool:
    """ "GMV versus revenue": a number on either side, and no period or value."""
    before, after = preceding(chunks, mark), following(chunks, mark)
    while after < len(chunks) and (is_joint(chunks[after]) or said(chunks[after], "count", "agg")):
        after = following(chunks, after)
    while before >= 0 and is_joint(chunks[before]):
        before = preceding(chunks, before)
    if before < 0 or after >= len(chunks) or chunks[after].has(PeriodSense, ValueSense):
        return False
    return _is_thing(chunks[before]) and _is_thing(chunks[after])
