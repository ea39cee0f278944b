"""What asides say, and how each is compared with the plan of the question without it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from nl2sql.plan.base import During, Measure, Part, QueryPlan
from nl2sql.plan.periods import shift
from nl2sql.writers.offline.constructs.gradable import direction_of
from nl2sql.writers.offline.constructs.reaching_back import reaching_back
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.points import MONTHS

_NUMBERS = {w: n for n, w in enumerate("zero one two three four five six seven eight nine ten eleven twelve".split())}
_UNITS = r"(?P<unit>day|week|month|quarter|year)s?"
_COUNT = r"(?P<count>\d{1,3}|[a-z]+)"
_MONTH = "|".join(sorted((m for m in MONTHS if len(m) > 3 or m == "may"), key=len, reverse=True))
Check = Callable[[QueryPlan, "re.Match[str]"], QueryPlan]


@dataclass(frozen=True, slots=True)
class Aside:
    """`pattern` is looked for in the text; `check` compares the plan of the rest with it. Where it may be no aside at
    all (not `sure`), the question is left as it is when they do not fit."""

    pattern: re.Pattern[str]
    check: Check
    sure: bool = True


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


def _names_of_days(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """Weekdays are shown by their names."""
    if not any(isinstance(d.field, Part) and d.field.part == "weekday" for d in plan.dimensions):
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


def _starting(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """ "in 2025, starting in January": the running total begins with the period."""
    running = [d for d in plan.derived if d.kind == "running_total"]
    along = [d for d in plan.dimensions if running and d.name == running[0].along]
    dated = [c for c in plan.conditions if along and isinstance(c, During) and c.field == along[0].field]
    if len(dated) != 1:
        raise _differs(found)
    month, start = MONTHS[found["month"].lower()], dated[0].period.start
    said = int(found["year"]) if found["year"] else None
    if start is not None and (start.month, start.day) == (month, 1) and said in (None, start.year):
        return plan
    raise _differs(found)


def _first_against(plan: QueryPlan, found: re.Match[str]) -> QueryPlan:
    """ "January against December 2024": the first step of a series is compared with the one before."""
    growth = [d for d in plan.derived if d.kind in ("growth", "difference") and d.periods == 1]
    along = [d for d in plan.dimensions if growth and d.name == growth[0].along and d.grain == "month"]
    inside = [c.period for m in plan.measures if m.hidden for c in m.conditions if isinstance(c, During)]
    start = inside[0].start if along and len(inside) == 1 else None
    if start is None:
        raise _differs(found)
    before = shift(start, "month", -1)
    named = (MONTHS[found["before"].lower()], int(found["year"] or before.year))
    if MONTHS[found["month"].lower()] != start.month or named != (before.month, before.year):
        raise _differs(found)
    return plan


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
    r"|(?:or\s+\w+\s+|all(?:\s+of\s+them)?\s+)?(?:if|in case|when|where)\s+"
    r"(?:several|some|more than one|there are)\s+ties?"
    r"|(?:include|including|with|counting)\s+(?:all\s+|any\s+)?ties(?:\s+included)?|ties\s+included"
)
ASIDES = (
    Aside(
        re.compile(
            rf"\(?\b(?:each\s+)?(?:the\s+)?(?:{_UNITS}\s+(?:itself\s+)?(?:and|with|plus)\s+(?:the|its)\s+{_COUNT}\s+"
            rf"(?:\w+\s+)?before(?:\s+it)?)\b\)?",
            re.I,
        ),
        _window,
    ),
    Aside(
        re.compile(
            rf"\(?\b(?:each\s+)?(?:with|and|plus)\s+(?:the|its)\s+{_COUNT}\s+(?:preceding|previous|prior)\s+{_UNITS}\b\)?",
            re.I,
        ),
        _window,
    ),
    Aside(
        re.compile(
            r"\(\s*(?:those\s+|\w+\s+)?(?:no|without|none|zero|no\s+\w+|without\s+\w+)(?:\s+\w+)?\s+"
            r"counts?\s+as\s+(?:0|zero)\s*\)",
            re.I,
        ),
        _none_is_zero,
    ),
    Aside(
        re.compile(
            r"\b1\s+(?:being|is|=|for|meaning)\s+(?:the\s+)?(?P<end>most expensive|\w+)\b(?!\s+\w+\s+\w+)", re.I
        ),
        _first_rank,
    ),
    Aside(re.compile(r",?\s*\bwith\s+(?:the\s+)?names?\s+of\s+(?:the|each)\s+(?:week)?days?\b", re.I), _names_of_days),
    Aside(re.compile(r"\(?(?:from\s+)?\b0\s*(?:to|through|-|–)\s*23\b\)?", re.I), _all_hours),
    Aside(
        re.compile(
            r"(?:\(|\bwith\s+|\bshow(?:ing)?\s+)(?:(?:each|every|the|its|their)\s+)*(?:\w+?(?:['’]s)\s+)?lower\s+(?:bound|edge|end|limit)"
            r"(?:\s+of\s+(?:each|every)\s+\w+)?\s+and\s+(?:the\s+|its\s+)?(?:count|number)(?:\s+of\s+\w+)?\s*\)?",
            re.I,
        ),
        _bucket_columns,
    ),
    Aside(re.compile(_TIE, re.I), _ties),
    Aside(
        re.compile(
            r"(?<=[.?!]\s)count\s+(?:only\s+)?(?:the\s+)?(?P<thing>\w+)(?:\s+\w+)?\s+in\s+that\s+(?:year|month|quarter|period|week)",
            re.I,
        ),
        _says_what_counts,
    ),
    Aside(
        re.compile(
            rf",?\s*\(?\b(?:starting|beginning)\s+(?:in|from|with)\s+(?P<month>{_MONTH})(?:\s+(?P<year>\d{{4}}))?\b\)?",
            re.I,
        ),
        _starting,
        sure=False,
    ),
    Aside(
        re.compile(
            rf"[,(]\s*(?P<month>{_MONTH})\s+(?:against|versus|vs\.?|compared\s+(?:to|with)|over)\s+(?P<before>{_MONTH})"
            rf"(?:\s+(?P<year>\d{{4}}))?\b\)?",
            re.I,
        ),
        _first_against,
        sure=False,
    ),
)
