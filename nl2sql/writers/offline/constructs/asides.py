"""Asides that say again what is meant anyway: "3-month moving average (the month itself and the two before it)",
"average number of bids per listing (no bids counts as 0)", "with their rank, 1 being the highest".

The question is read without the aside. Then what the aside says is compared with the plan: where it says something else,
the question is declined.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from nl2sql.plan.base import Dimension, Measure, Part, QueryPlan, Related
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.gradable import direction_of
from nl2sql.writers.offline.constructs.reaching_back import reaching_back
from nl2sql.writers.offline.constructs.spans import inside, parentheses, spans
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.senses import Chunk, DatasetSense, FilterSense, ValueSense

_NUMBERS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_UNITS = r"(?P<unit>day|week|month|quarter|year)s?"
_COUNT = r"(?P<count>\d{1,3}|[a-z]+)"
Check = Callable[[QueryPlan, "re.Match[str]"], QueryPlan]


@dataclass(frozen=True, slots=True)
class _Aside:
    """`pattern` is looked for in the text; `check` compares the plan of the rest with it."""

    pattern: re.Pattern[str]
    check: Check


def _differs(found: re.Match[str]) -> NotUnderstood:
    said = found.group().strip(" ,;()")
    return NotUnderstood(f"“{said}” does not fit the rest as I read it.", (said,))


def _window(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """So many steps before each belong to its average: those before the period too."""
    said = found["count"].lower()
    steps = int(said) if said.isdigit() else _NUMBERS.get(said, 0)
    moving = [d for d in plan.derived if d.kind == "moving_average"]
    along = [d for d in plan.dimensions if moving and d.name == moving[0].along]
    if not along or along[0].grain != found["unit"].lower() or any(d.periods != steps + 1 for d in moving):
        raise _differs(found)
    wider = reaching_back(replace(plan, derived=()), along[0], steps)
    notes = tuple(note for note in plan.assumptions if not note.startswith("The first "))
    return replace(wider, derived=plan.derived, assumptions=notes)


def _none_is_zero(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    if not any(note.endswith("count as 0.") for note in plan.assumptions):
        raise _differs(found)
    return plan


def _first_rank(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """Whether 1 is the highest or the lowest."""
    ranks = [d for d in plan.derived if d.kind == "rank"]
    end = found["end"].lower()
    highest = end in ("highest", "largest", "biggest", "best", "dearest", "most", "top", "greatest", "most expensive")
    lowest = end in ("lowest", "smallest", "cheapest", "fewest", "least") or direction_of(end) == "min"
    if len(ranks) != 1 or not (highest or lowest or direction_of(end)):
        raise _differs(found)
    turned = replace(ranks[0], descending=not lowest)
    order = plan.order and replace(plan.order, descending=not lowest)
    return replace(plan, derived=tuple(turned if d is ranks[0] else d for d in plan.derived), order=order)


def _all_hours(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    if not any(isinstance(d.field, Part) and d.field.part == "hour" for d in plan.dimensions):
        raise _differs(found)
    return plan


def _bucket_columns(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """A step is named by its lower end, and counted beside it."""
    steps = [d for d in plan.dimensions if d.width is not None]
    counts = [m for m in plan.measures if m.kind == "count" and not m.hidden]
    if len(steps) != 1 or len(counts) != 1:
        raise _differs(found)
    return plan


def _ties(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """All that equal the last one shown. Where no number of rows was said, those at the top are meant."""
    if plan.limit is None or not plan.measures:
        raise _differs(found)
    notes = tuple(note for note in plan.assumptions if "as no number was given" not in note)
    limit = plan.limit if notes == plan.assumptions else 1
    return replace(plan, ties=True, limit=limit, assumptions=notes)


def _enumerated(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    if not any(_is_count(d) for d in plan.dimensions):
        raise _differs(found)
    return plan


def _is_count(dimension: Dimension) -> bool:
    return isinstance(dimension.field, Related) and dimension.field.function == "count"


def _says_what_counts(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """ "Count the bids placed in that year": what is counted, and its period, are what was read."""
    counts = [m for m in plan.measures if m.kind == "count" and not m.hidden]
    thing = found["thing"].lower().rstrip("s")
    if len(counts) != 1 or not _names(counts[0], plan, thing) or len(plan.measures) != 1:
        raise _differs(found)
    return plan


def _names(measure: Measure, plan: QueryPlan, thing: str) -> bool:
    return measure.name.removeprefix("number_of_").rstrip("s") == thing and not measure.conditions and bool(plan.base)


_TIE = (
    r"(?:name|show|list|give(?: me)?|include|return)\s+(?:all|everyone|everybody|every one|each)(?:\s+of them)?\s+"
    r"(?:that|who|which)\s+ties?\b"
    r"|(?:or\s+\w+\s+|all(?:\s+of\s+them)?\s+)?(?:if|in case|when|where)\s+(?:several|some|more than one|there are)\s+ties?"
    r"|(?:include|including|with|counting)\s+(?:all\s+|any\s+)?ties(?:\s+included)?|ties\s+included"
)
_ASIDES = (
    _Aside(
        re.compile(
            rf"\(?\b(?:each\s+)?(?:the\s+)?(?:{_UNITS}\s+(?:itself\s+)?(?:and|with|plus)\s+(?:the|its)\s+{_COUNT}\s+"
            rf"(?:\w+\s+)?before(?:\s+it)?)\b\)?",
            re.I,
        ),
        _window,
    ),
    _Aside(
        re.compile(
            rf"\(?\b(?:each\s+)?(?:with|and|plus)\s+(?:the|its)\s+{_COUNT}\s+(?:preceding|previous|prior)\s+{_UNITS}\b\)?",
            re.I,
        ),
        _window,
    ),
    _Aside(
        re.compile(
            r"\(\s*(?:those\s+|listings\s+|\w+\s+)?(?:no|without|none|zero|no\s+\w+|without\s+\w+)(?:\s+\w+)?\s+"
            r"counts?\s+as\s+(?:0|zero)\s*\)",
            re.I,
        ),
        _none_is_zero,
    ),
    _Aside(
        re.compile(
            r"\b1\s+(?:being|is|=|for|meaning)\s+(?:the\s+)?(?P<end>most expensive|\w+)\b(?!\s+\w+\s+\w+)", re.I
        ),
        _first_rank,
    ),
    _Aside(re.compile(r"\(?(?:from\s+)?\b0\s*(?:to|through|-|–)\s*23\b\)?", re.I), _all_hours),
    _Aside(
        re.compile(
            r"(?:\(|\bwith\s+|\bshow(?:ing)?\s+)(?:(?:each|every|the|its|their)\s+)*(?:\w+?(?:['’]s)\s+)?lower\s+(?:bound|edge|end|limit)"
            r"(?:\s+of\s+(?:each|every)\s+\w+)?\s+and\s+(?:the\s+|its\s+)?(?:count|number)(?:\s+of\s+\w+)?\s*\)?",
            re.I,
        ),
        _bucket_columns,
    ),
    _Aside(re.compile(_TIE, re.I), _ties),
    _Aside(
        re.compile(
            r"(?<=[.?!]\s)count\s+(?:only\s+)?(?:the\s+)?(?P<thing>\w+)(?:\s+\w+)?\s+in\s+that\s+(?:year|month|quarter|period|week)",
            re.I,
        ),
        _says_what_counts,
    ),
)
_MAY = re.compile(r"\(|before|preceding|previous|prior|\b1\b|\b0\b|\bties?\b|lower|that", re.I)


def read_asides(question: Linked, inner: Inner) -> QueryPlan | None:
    if not _MAY.search(question.text):
        return None
    for aside in _ASIDES:
        found = aside.pattern.search(question.text)
        if found is None:
            continue
        places = spans(question)
        if places is None:
            return None
        taken = set(inside(places, found.start(), found.end()))
        if not taken:
            continue
        return aside.check(inner(_without(question, taken)), found)
    return _moved(question, inner)


def _without(question: Linked, taken: set[int]) -> tuple[Chunk, ...]:
    """The other chunks, and no comma that led to the aside alone."""
    kept = [i for i in range(len(question.chunks)) if i not in taken]
    before = [i for i in kept if i < min(taken)]
    after = [i for i in kept if i > max(taken)]
    while before and question.chunks[before[-1]].word("comma"):
        before.pop()
    while not before and after and question.chunks[after[0]].word("comma"):
        after.pop(0)
    return tuple(question.chunks[i] for i in (*before, *after))


def _moved(question: Linked, inner: Inner) -> QueryPlan | None:
    """ "auctions that closed in 2025 (sold or unsold)": adjectives, said behind, of the thing named before."""
    for begin, end in parentheses(question.text):
        places = spans(question)
        if places is None:
            return None
        within = inside(places, begin, end)
        chunks = question.chunks
        said = [chunks[i] for i in within]
        plain = bool(said) and all(c.has(FilterSense, ValueSense) or c.word("or") for c in said)
        nouns = [i for i in range(within.start) if chunks[i].has(DatasetSense)] if plain else []
        if not nouns or not said[0].has(FilterSense):
            continue
        of = {s.dataset for s in chunks[nouns[-1]].of(DatasetSense)}
        if not all({s.dataset for s in c.of(FilterSense)} & of for c in said if not c.word("or")):
            continue
        return inner(
            (
                *chunks[: nouns[-1]],
                *said,
                *chunks[nouns[-1] : within.start],
                *chunks[within.stop :],
            )
        )
    return None


ASIDES = Construct("asides", read_asides)
