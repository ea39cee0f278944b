"""How many there were at the end of each step of time: "how many users had signed up by the end of each month of 2024".

Everything since the beginning counts, and only the steps of the period are shown.
"""

from __future__ import annotations

import re
from dataclasses import replace

from nl2sql.plan.base import Derived, During, Having, Measure, Named, QueryPlan
from nl2sql.plan.periods import Period, say_day
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked, word
from nl2sql.writers.offline.constructs.pieces import measured, said, shown_measures, time_dimension, together
from nl2sql.writers.offline.constructs.spans import inside, spans
from nl2sql.writers.offline.frame import NotUnderstood

_BY_THE_END = re.compile(
    r"\b(?:by|at|as of|until|up to)\s+(?:the\s+)?(?:very\s+)?end\s+of\s+(?:each|every)\s+"
    r"(?P<unit>day|week|month|quarter|year)\b",
    re.I,
)
_IN_TOTAL = ("in total", "altogether", "overall", "total", "in all")
_INSIDE = "rows_of_the_period"


def read_up_to_each(question: Linked, inner: Inner) -> QueryPlan | None:
    found = _BY_THE_END.search(question.text)
    if found is None:
        return None
    places = spans(question)
    taken = inside(places, found.start(), found.end()) if places else range(0)
    if not any("end" in question.chunks[i].words.lower().split() for i in taken):
        return None
    unit = found["unit"].lower()
    by = (word("by", "by"), word(unit, "grain", unit))
    kept = [
        (i, c)
        for i, c in enumerate(question.chunks)
        if i not in taken and not (said(c, "agg") and c.words.lower() in _IN_TOTAL) and c.words.lower() != "had"
    ]
    before = tuple(c for i, c in kept if i < taken.start)
    after = tuple(c for i, c in kept if i >= taken.stop)
    plan = _since_the_beginning(measured((*before, *by, *after), inner), question)
    question.settle((*before, *after))
    return plan


def _since_the_beginning(plan: QueryPlan, question: Linked) -> QueryPlan:
    dimension, shown = time_dimension(plan), shown_measures(plan)
    odd = plan.having or plan.limit is not None or plan.derived or plan.beside or plan.fold or len(plan.dimensions) != 1
    if dimension is None or odd or len(shown) != 1 or shown[0].kind != "count":
        raise NotUnderstood("I cannot say how many there were at the end of each of these.")
    for each in plan.conditions:
        if isinstance(each, Named) and not _is_dated(each, question):
            raise NotUnderstood(f"I know which are {each.filter} today, and not which were so back then.")
    dated = [c for c in plan.conditions if isinstance(c, During) and c.field == dimension.field]
    total = Derived("running_total", "running_total", shown[0].name, along=dimension.name)
    note = f"All since the beginning; a {dimension.grain} without any has no row."
    if len(dated) == 1:
        end = dated[0].period.end
        until = Period(None, end, f"before {say_day(end)}" if end else "at any time")
        rest = tuple(c for c in plan.conditions if c is not dated[0])
        conditions = (*rest, During(dated[0].field, until)) if end else rest
        hidden = Measure("count", _INSIDE, conditions=(dated[0],), hidden=True)
        plan = replace(
            plan,
            conditions=conditions,
            measures=(*plan.measures, hidden),
            having=(Having(">", "0", _INSIDE),),
        )
    return replace(plan, order=None, derived=(total,), assumptions=together(plan.assumptions, (note,)))


def _is_dated(named: Named, question: Linked) -> bool:
    filters = question.model.dataset(named.dataset).filters
    return any(f.name == named.filter and f.time_field for f in filters)


UP_TO_EACH = Construct("how many there were at the end of each", read_up_to_each)
