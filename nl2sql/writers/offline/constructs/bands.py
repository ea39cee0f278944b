"""Bands with edges of their own: "sold listings by final price: below 50, 50 to under 100, 100 and above – how many in
each". One number for each band, side by side; the bands must meet without a gap and without an overlap."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal

from nl2sql.plan.base import Comparison, Condition, FieldRef, Measure, QueryPlan
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.spans import inside, spans
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, FieldSense, RoleSense, WordSense, is_filler

Chunks = tuple[Chunk, ...]


def _number(name: str) -> str:
    return rf"[€$]?\s?(?P<{name}>(?:\d[\d,]*\d|\d)(?:\.\d+)?k?)(?:\s?(?:€|\$|eur\b|euros?\b))?"


_LOW = rf"(?P<low>below|under|less than|fewer than|up to|at most)\s+{_number('top')}"
_MIDDLE = (
    rf"(?:from\s+|between\s+)?{_number('begin')}\s*(?:up\s+to|to|and|-|–)\s*(?P<under>(?:under|below|less than)\s+)?"
    rf"{_number('end')}"
)
_HIGH = (
    rf"(?:(?P<over>over|above|more than|at least)\s+{_number('above')}"
    rf"|{_number('least')}\s+(?:and|or)\s+(?:above|more|over|up|higher))"
)
_JOINT = r"\s*(?:,\s*and|,\s*or|,|;|/|\band\b|\bor\b)\s*"
_NAMELESS = re.compile(r"\?P<\w+>")
_PLAIN_LOW, _PLAIN_MIDDLE, _PLAIN_HIGH = (_NAMELESS.sub("?:", each) for each in (_LOW, _MIDDLE, _HIGH))
_LIST = re.compile(rf"\b{_PLAIN_LOW}(?:{_JOINT}{_PLAIN_MIDDLE})*{_JOINT}{_PLAIN_HIGH}", re.I)
_ONE = re.compile(rf"(?:(?P<first>{_LOW})|(?P<last>{_HIGH})|(?P<middle>{_MIDDLE}))(?={_JOINT}|$)", re.I)
_EACH = r"\s+each(?:\s+(?:one|band|bucket|range|group|bracket))?"
_TAIL = re.compile(
    r"\s*[,–—:;.-]*\s*(?:(?:and\s+)?(?:tell me\s+|say\s+|show\s+)?how many(?:\s+\w+)?"
    rf"(?:\s+(?:are|are there|fall|fell))?\s+(?:in|into){_EACH}|(?:and\s+)?count\s+(?:them|each)"
    rf"|with (?:the )?(?:number|count)(?:\s+of\s+\w+)?(?:\s+in)?(?:{_EACH})?)\s*[.?!]*$",
    re.I,
)
_AGAIN = re.compile(
    r"\s*,?\s*(?:and|with)\s+(?:the\s+)?(?:number|count)\s+of\s+(?P<thing>\w+)\s+in\s+each"
    r"(?:\s+(?:one|band|bucket|range|group|bracket|step|bin))?",
    re.I,
)
_OPENERS = frozenset(
    "group split bucket break divide sort count how many number of show the into in bands band".split()
)
_STEPS = frozenset(
    "bands band buckets bucket ranges range brackets bracket groups group these the into in with".split()
)


@dataclass(frozen=True, slots=True)
class _Band:
    """`lower_in`, `upper_in`: whether the edge itself belongs to it; None where that was not said."""

    lower: Decimal | None
    upper: Decimal | None
    lower_in: bool | None = None
    upper_in: bool | None = None


def read_bands(question: Linked, inner: Inner) -> QueryPlan | None:
    found = _LIST.search(question.text)
    if found is None:
        return _said_again(question, inner)
    places = spans(question)
    taken = inside(places, found.start(), found.end()) if places is not None else range(0)
    if places is None or not taken:
        return None
    tail = _TAIL.search(question.text, found.end())
    behind = question.chunks[taken.stop :]
    if tail is not None and tail.start() == found.end():
        behind = question.chunks[inside(places, tail.start(), tail.end()).stop :] if behind else ()
    bands = _bands(found.group())
    before = question.chunks[: taken.start]
    at = _field_at(before, question)
    asked = tail is not None or any(c.word("count") for c in before)
    either = len(bands) == 2 and re.search(r"\bor\b(?!\s+(?:more|over|above|up|higher))", found.group(), re.I)
    if at < 0 or not asked or either:  # "how many bids are under 5 or over 5,000"
        return None
    rows = _rows(before, at)
    average = Chunk("average", (WordSense("agg", "avg"),))
    field = Chunk(before[at].words, before[at].of(FieldSense))
    plan = inner((average, field, word("of", "preposition"), *rows, *behind))
    return _counted(plan, _meeting(bands))


def _said_again(question: Linked, inner: Inner) -> QueryPlan | None:
    """ "in bands of 250, with the number of listings in each band": which is what bands show anyway."""
    found = _AGAIN.search(question.text)
    places = spans(question) if found is not None else None
    if found is None or places is None or not any(c.word("steps") for c in question.chunks):
        return None
    taken = inside(places, found.start(), found.end())
    if not taken:
        return None  # it was taken out before
    head = question.chunks[: taken.start]
    while head and (head[-1].word("comma") or head[-1].word("and")):
        head = head[:-1]
    plan = inner((*head, *question.chunks[taken.stop :]))
    counts = [m.name for m in plan.measures if m.kind == "count" and not m.hidden]
    if counts != [f"number_of_{found['thing'].lower()}"] or not any(d.width is not None for d in plan.dimensions):
        raise NotUnderstood(f"“{found.group().strip(' ,')}” does not fit the rest as I read it.")
    return plan


def _field_at(chunks: Chunks, question: Linked) -> int:
    """The number that is banded: the last one named before the bands."""
    for at in range(len(chunks) - 1, -1, -1):
        chunk = chunks[at]
        numbers = [
            f for f in chunk.of(FieldSense) if question.model.dataset(f.dataset).field(f.field).datatype.is_number
        ]
        if numbers and not chunk.has(RoleSense):
            return at
        if not is_filler(chunk) and not chunk.word("is") and chunk.words.lower() not in _STEPS:
            return -1
    return -1


def _rows(chunks: Chunks, at: int) -> Chunks:
    """What is counted, without the words that only lead to it or to the number."""
    begin, end = 0, at
    while begin < end and (is_filler(chunks[begin]) or set(chunks[begin].words.lower().split()) <= _OPENERS):
        begin += 1
    while end > begin and (
        is_filler(chunks[end - 1]) or any(chunks[end - 1].word(kind) for kind in ("by", "with", "is", "that"))
    ):
        end -= 1
    if begin >= end:
        raise NotUnderstood("I could not tell what is to be counted in each band.")
    return chunks[begin:end]


def _bands(text: str) -> list[_Band]:
    bands, at = [], 0
    while found := _ONE.search(text, at):
        at = found.end()
        if found["first"]:
            bands.append(_Band(None, _value(found["top"]), None, found["low"].lower() in ("up to", "at most")))
        elif found["last"]:
            reached = found["least"] or found["above"]
            inside_too = bool(found["least"]) or found["over"].lower() == "at least"
            bands.append(_Band(_value(reached), None, inside_too, None))
        else:
            under = False if found["under"] else None
            bands.append(_Band(_value(found["begin"]), _value(found["end"]), None, under))
    return bands


def _value(text: str) -> Decimal:
    plain = text.lower().replace(",", "")
    return Decimal(plain[:-1]) * 1000 if plain.endswith("k") else Decimal(plain)


def _meeting(bands: list[_Band]) -> list[_Band]:
    """Each edge belongs to one band; where it was not said to which, to the upper one."""
    met = bands[:1]
    for band in bands[1:]:
        before = met[-1]
        below, above = before.upper_in, band.lower_in
        if before.upper is None or before.upper != band.lower or (below is not None and below == above):
            raise NotUnderstood("These bands do not meet: there is a gap or an overlap between two of them.")
        edge_above = above if above is not None else not below
        met[-1] = replace(before, upper_in=not edge_above)
        met.append(replace(band, lower_in=edge_above))
    return met


def _counted(plan: QueryPlan, bands: list[_Band]) -> QueryPlan:
    first = plan.measures[0] if len(plan.measures) == 1 else None
    odd = plan.dimensions or plan.derived or plan.having or plan.fold or plan.beside or plan.limit is not None
    if first is None or odd or first.function != "avg" or not isinstance(first.field, FieldRef) or first.conditions:
        raise NotUnderstood("I can only count the rows in such bands.")
    ref = first.field
    measures = tuple(Measure("count", _name(band), conditions=_conditions(ref, band)) for band in bands)
    return replace(plan, measures=measures, order=None)


def _conditions(ref: FieldRef, band: _Band) -> tuple[Condition, ...]:
    edges: list[Condition] = []
    if band.lower is not None:
        edges.append(Comparison(ref, ">=" if band.lower_in else ">", (f"{band.lower:f}",)))
    if band.upper is not None:
        edges.append(Comparison(ref, "<=" if band.upper_in else "<", (f"{band.upper:f}",)))
    return tuple(edges)


def _name(band: _Band) -> str:
    low = None if band.lower is None else f"{band.lower:f}".replace(".", "_")
    high = None if band.upper is None else f"{band.upper:f}".replace(".", "_")
    if low is None:
        return f"{'up_to' if band.upper_in else 'below'}_{high}"
    if high is None:
        return f"{'from' if band.lower_in else 'above'}_{low}"
    opened: Literal["from", "above"] = "from" if band.lower_in else "above"
    return f"{opened}_{low}_{'to' if band.upper_in else 'to_below'}_{high}"


BANDS = Construct("bands with edges of their own", read_bands)
