"""What could be asked next: changes of an answer's plan that are valid, compile, and say something else than before.

Each is a whole plan, so that asking for one guesses nothing. An answer without a plan suggests nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from typing import Final, Literal

from nl2sql.answer.base import Answer
from nl2sql.answer.groupings import GROUPS_AT_MOST, Groupings
from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.engines.base import ResultTable
from nl2sql.plan import edit
from nl2sql.plan.base import Derived, Dimension, During, FieldRef, Grain, Measure, QueryPlan
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.followup import Change
from nl2sql.plan.periods import Period, period_of, shift
from nl2sql.plan.validate import read_plan, validate
from nl2sql.plan.words import Wording

Step = Literal["compare", "time", "split", "drill", "top", "count"]
MOST: Final = 4
# A line for each group: more are a tangle.
_LINES_AT_MOST = 6
_TOP = 5
_ROWS = 10  # of a breakdown whose groups may be thousands


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` is a few words for a button; `question` is the plan in words, as the next answer will be headed."""

    step: Step
    text: str
    question: str
    plan: QueryPlan


def follow_ups(
    answer: Answer,
    model: SemanticModel,
    graph: JoinGraph,
    today: date,
    dialect: str,
    asked: Collection[str] = (),
) -> tuple[Suggestion, ...]:
    """At most MOST, of different kinds where there are. `model` is as the asker's role may see it; `asked` are
    questions of the same conversation, none of which is suggested again."""
    if answer.outcome != "answered" or not answer.plan or answer.table is None or not answer.table.row_count:
        return ()
    try:
        plan = read_plan(answer.plan, model, graph)
    except PlanInvalid:
        return ()
    wording = Wording(model, graph)
    seen = {wording.of(plan), answer.question.text, *asked}
    found: dict[Step, list[Suggestion]] = {}
    for step, text, changed in _Next(plan, answer.table, model, graph, today, wording).all():
        if changed is None or len(found.get(step, ())) > 1:
            continue
        question = wording.of(changed)
        if question not in seen and _is_sound(changed, model, graph, dialect):
            seen.add(question)
            found.setdefault(step, []).append(Suggestion(step, text, question, changed))
    return _diverse(found)


def _diverse(found: dict[Step, list[Suggestion]]) -> tuple[Suggestion, ...]:
    """The first of each kind, then the second ones."""
    firsts = [each[0] for each in found.values()]
    seconds = [each[1] for each in found.values() if len(each) > 1]
    return tuple([*firsts, *seconds][:MOST])


def _is_sound(plan: QueryPlan, model: SemanticModel, graph: JoinGraph, dialect: str) -> bool:
    try:
        return not validate(plan, model, graph) and bool(compile_plan(plan, model, graph, dialect))
    except PlanInvalid:
        return False


class _Next:
    """Changes with their words, the most useful first; None where a change makes no sense for the plan."""

    def __init__(
        self,
        plan: QueryPlan,
        result: ResultTable,
        model: SemanticModel,
        graph: JoinGraph,
        today: date,
        wording: Wording,
    ) -> None:
        self.plan = plan
        self.result = result
        self.model = model
        self.graph = graph
        self.today = today
        self.wording = wording
        self.change = Change(model, graph)
        self.groupings = Groupings(model, graph)
        self.is_plain = not (plan.beside or plan.fold or plan.derived)

    def all(self) -> Iterator[tuple[Step, str, QueryPlan | None]]:
        if not self.plan.measures:
            yield from self._of_a_list()
            return
        yield from self._compared()
        yield from self._over_time()
        yield from self._drilled()
        yield from self._split()
        yield from self._top()

    # -- against the period before -----------------------------------------------------------------------------------

    def _compared(self) -> Iterator[tuple[Step, str, QueryPlan | None]]:
        plan = self.plan
        dated = [each for each in plan.conditions if isinstance(each, During)]
        if len(dated) != 1 or not self.is_plain or len(plan.measures) != 1 or self._time_dimension() or plan.having:
            return
        before = _before(dated[0].period)
        end = dated[0].period.end
        if before is None or end is None or end > self.today + timedelta(days=1):
            return  # what is not over is not compared with what is
        yield "compare", f"Compare with {_bare(before)}", self._side_by_side(plan.measures[0], dated[0], before)

    def _side_by_side(self, measure: Measure, during: During, before: Period) -> QueryPlan:
        now, then = (
            replace(measure, name=f"{measure.name}_{_tag(each)}", hidden=False) for each in (during.period, before)
        )
        earlier = edit.with_period(self.plan, during, before)
        earlier = replace(earlier, measures=(then,), order=None, limit=None, within=(), ties=False)
        growth = Derived("growth", "growth", now.name, then.name)
        order = replace(self.plan.order, column="") if self.plan.order else None
        return replace(self.plan, measures=(now,), beside=(earlier,), derived=(growth,), order=order, assumptions=())

    # -- along the calendar ------------------------------------------------------------------------------------------

    def _over_time(self) -> Iterator[tuple[Step, str, QueryPlan | None]]:
        plan = self.plan
        dimension = self._time_dimension()
        if not self.is_plain or plan.having:
            return
        if dimension is not None and dimension.grain is not None:
            other = _other_grain(dimension.grain, self.result.row_count)
            if other is not None:
                yield "time", f"By {other}", edit.with_grain(plan, dimension.name, other)
        elif len(plan.dimensions) < 2:
            grain = self._fitting_grain()
            unlimited = replace(plan, limit=None, ties=False, within=(), order=None)
            yield "time", f"By {grain}", self._try(lambda: self.change.grain(unlimited, grain, instead=True))

    def _fitting_grain(self) -> Grain:
        """Some ten to thirty points."""
        period = next((c.period for c in self.plan.conditions if isinstance(c, During)), None)
        if period is None or period.start is None or period.end is None:
            return "month" if period is not None and period.start is not None else "year"
        days = (period.end - period.start).days
        return "day" if days <= 31 else "week" if days <= 92 else "month" if days <= 1_100 else "year"

    # -- parts of it -------------------------------------------------------------------------------------------------

    def _split(self) -> Iterator[tuple[Step, str, QueryPlan | None]]:
        plan = self.plan
        if not self.is_plain or plan.limit is not None or plan.having or len(plan.dimensions) > 1:
            return
        for grouped in self.groupings.of(plan):
            words, groups = self.wording.dimension(grouped.dimensions[-1], plan.base), self.groupings.count(grouped)
            if plan.dimensions:
                if groups is not None and groups <= _LINES_AT_MOST:
                    yield "split", f"Also by {words}", grouped
            elif groups is None:
                yield "split", f"By {words}, the top {_ROWS}", self._try(partial(self.change.top, grouped, _ROWS, True))
            elif groups <= GROUPS_AT_MOST:
                yield "split", f"By {words}", grouped

    # -- into the largest group --------------------------------------------------------------------------------------

    def _drilled(self) -> Iterator[tuple[Step, str, QueryPlan | None]]:
        plan = self.plan
        dimension = plan.dimensions[0] if len(plan.dimensions) == 1 else None
        if dimension is None or dimension.grain or dimension.width or not self.is_plain or plan.having:
            return
        ref, value = dimension.field, self._largest(dimension)
        if not isinstance(ref, FieldRef) or value is None or self.result.row_count < 2:
            return
        inside = self._try(
            lambda: self.change.value(edit.remove_dimension(plan, dimension.name), ref, (value,), negated=False)
        )
        if inside is None:
            return
        shown = self._shown(ref, value)
        grain = self._fitting_grain()
        yield "drill", f"Only {shown}, by {grain}", self._try(lambda: self.change.grain(inside, grain))
        for each in self.groupings.of(inside)[:1]:
            words = self.wording.dimension(each.dimensions[-1], plan.base)
            yield "drill", f"Only {shown}, by {words}", each

    def _largest(self, dimension: Dimension) -> str | None:
        """The stored value of the group with the highest first number."""
        table = self.result.table
        names = [name for name in table.column_names if name.lower() == _output_name(dimension.name)]
        if len(names) != 1 or table.num_columns < 2:
            return None
        numbers = table.column(table.num_columns - len(self._visible())).to_pylist()
        pairs = zip(numbers, table.column(names[0]).to_pylist(), strict=True)
        known = [(float(number), group) for number, group in pairs if isinstance(number, int | float | Decimal)]
        best = max(known, key=lambda pair: pair[0], default=(0.0, None))[1]
        return best if isinstance(best, str) and best else None

    def _visible(self) -> list[Measure]:
        return [each for each in self.plan.measures if not each.hidden]

    def _shown(self, ref: FieldRef, value: str) -> str:
        values = self.model.dataset(ref.dataset).field(ref.field).values
        return next((v.synonyms[0] for v in values if v.value == value and v.synonyms), value)

    def _top(self) -> Iterator[tuple[Step, str, QueryPlan | None]]:
        plan = self.plan
        if len(self._visible()) < len(plan.measures):
            return  # the first number, which ranks the rows, is not shown
        if plan.dimensions and not self._time_dimension() and plan.limit is None and self.result.row_count > _TOP + 1:
            yield "top", f"Only the top {_TOP}", self._try(lambda: self.change.top(plan, _TOP, True))
        elif plan.limit is not None and plan.limit > 1 and self.result.row_count > 1:
            yield "top", "Only the first one", edit.with_limit(plan, 1)

    # -- of rows -----------------------------------------------------------------------------------------------------

    def _of_a_list(self) -> Iterator[tuple[Step, str, QueryPlan | None]]:
        plan = self.plan
        count = Measure("count", f"number_of_{plan.base}")
        counted = replace(
            plan, measures=(count,), columns=(), distinct=False, order=None, limit=None, within=(), ties=False,
            assumptions=(),
        )  # fmt: skip
        if self.result.row_count > 1 and plan.limit is None and not plan.distinct:
            yield "count", "How many are there?", counted
            self.plan, self.is_plain = counted, True
            yield from self._split()

    # -- what it is made of ------------------------------------------------------------------------------------------

    def _time_dimension(self) -> Dimension | None:
        return next((each for each in self.plan.dimensions if each.grain), None)

    def _try(self, change: Callable[[], QueryPlan]) -> QueryPlan | None:
        try:
            return change()
        except PlanInvalid:
            return None


def _output_name(name: str) -> str:
    return "_".join(name.lower().replace("-", " ").split())


def _before(period: Period) -> Period | None:
    """The calendar unit before one; for whole months, the same ones a year before; else as many days."""
    start, end = period.start, period.end
    if start is None or end is None:
        return None
    for unit in ("day", "week", "month", "quarter", "year"):
        if period.is_one(unit):
            return period_of(shift(start, unit, -1), start)
    if start.day == end.day == 1 and end <= shift(start, "year", 1):
        return period_of(shift(start, "year", -1), shift(end, "year", -1))
    return period_of(start - (end - start), start)


def _bare(period: Period) -> str:
    return period.words.removeprefix("in ").removeprefix("on ").removeprefix("from ")


def _tag(period: Period) -> str:
    """For the name of a column: 2025, 2025_q1, 2025_03, or the first day."""
    start = period.start or date.min
    if period.is_one("year"):
        return f"{start:%Y}"
    if period.is_one("quarter"):
        return f"{start.year}_q{(start.month + 2) // 3}"
    if period.is_one("month"):
        return f"{start:%Y_%m}"
    return f"from_{start:%Y_%m_%d}"


def _other_grain(grain: Grain, points: int) -> Grain | None:
    """Coarser where there are many points, finer where there are few."""
    grains: tuple[Grain, ...] = ("day", "week", "month", "quarter", "year")
    place = grains.index(grain)
    if points > 24 and place + 1 < len(grains):
        return grains[place + 1]
    return grains[place - 1] if points <= 4 and place else None
