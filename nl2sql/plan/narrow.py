"""Filters from outside a plan, as a board has for all its tiles: added to the whole plan, or it is said why not.

A filter that would hold for a part of what is compared, or that could mean two things, is not applied at all: a number
that looks filtered and is not is worse than one that says so. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from types import MappingProxyType
from typing import Literal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan import edit
from nl2sql.plan.base import Comparison, During, FieldRef, Named, Part, Path, QueryPlan, RoleHolds, Value
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.followup import Change
from nl2sql.plan.names import say_period
from nl2sql.plan.periods import Period
from nl2sql.plan.validate import validate
from nl2sql.plan.walk import fields_of
from nl2sql.plan.words_rows import RowWords

TIME = "time"
# no_date: nothing dates the rows. several_dates: more than one does. compared: periods are set against each other.
# inner_dates: its days belong to a condition inside. outside: it has nothing in common with the plan's own filter.
# no_way, several_ways: to the field. protected: the role may not use it. unknown: the model has no such field.
# unfit: the plan would make no sense any more.
Why = Literal[
    "no_date", "several_dates", "compared", "inner_dates", "outside", "no_way", "several_ways", "protected",
    "unknown", "unfit",
]  # fmt: skip
# These compare each row with earlier ones, which a shorter time would cut off.
_LOOKING_BACK = ("previous", "running_total", "moving_average")


@dataclass(frozen=True, slots=True)
class Filters:
    """`values` by "dataset.field": any of them. A field without values is no filter."""

    period: Period | None = None
    values: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def names(self) -> tuple[str, ...]:
        return (*([TIME] if self.period else []), *(name for name, values in self.values.items() if values))


@dataclass(frozen=True, slots=True)
class Applied:
    """`filter` is "time" or "dataset.field"; `words` say the condition as the plan has it now."""

    filter: str
    words: str


@dataclass(frozen=True, slots=True)
class NotApplied:
    """`words` name what is in the way, where that has a name: the ways there are, the plan's own filter."""

    filter: str
    why: Why
    words: str = ""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """Every filter is in exactly one of the two."""

    plan: QueryPlan
    applied: tuple[Applied, ...] = ()
    not_applied: tuple[NotApplied, ...] = ()


def narrow(plan: QueryPlan, filters: Filters, model: SemanticModel, graph: JoinGraph) -> Narrowed:
    """Of a valid plan. `model` is the one that the asker's role sees, and `graph` its joins."""
    narrower = _Narrower(model, graph)
    applied: list[Applied] = []
    not_applied: list[NotApplied] = []
    for name in filters.names:
        try:
            if name == TIME and filters.period is not None:
                plan, words = narrower.by_time(plan, filters.period)
            else:
                plan, words = narrower.by_value(plan, name, filters.values[name])
        except _CannotNarrow as reason:
            not_applied.append(NotApplied(name, reason.why, reason.words))
        else:
            applied.append(Applied(name, words))
    return Narrowed(plan, tuple(applied), tuple(not_applied))


class _CannotNarrow(Exception):
    def __init__(self, why: Why, words: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.words = words


class _Narrower:
    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self.model = model
        self.graph = graph
        self.words = RowWords(model, graph)

    def by_time(self, plan: QueryPlan, period: Period) -> tuple[QueryPlan, str]:
        _check_periods(plan)
        parts = [self._during(each, period) for each in (plan, *plan.beside)]
        words = dict.fromkeys(self.words.condition(during, part.base) for part, during in parts)
        return self._sound(replace(parts[0][0], beside=tuple(part for part, _ in parts[1:]))), "; ".join(words)

    def by_value(self, plan: QueryPlan, name: str, values: tuple[str, ...]) -> tuple[QueryPlan, str]:
        dataset, _, own = name.rpartition(".")
        known = self.model.dataset_by_name.get(dataset)
        found = next((each for each in known.fields if each.name == own), None) if known else None
        if found is None:
            raise _CannotNarrow("unknown")
        if found.sensitive:
            raise _CannotNarrow("protected")
        parts = [self._compared(each, dataset, own, values) for each in (plan, *plan.beside)]
        words = dict.fromkeys(self.words.condition(condition, part.base) for part, condition in parts)
        return self._sound(replace(parts[0][0], beside=tuple(part for part, _ in parts[1:]))), "; ".join(words)

    def _sound(self, plan: QueryPlan) -> QueryPlan:
        problems = validate(plan, self.model, self.graph)
        if problems:
            raise _CannotNarrow("unfit", problems[0])
        return plan

    # -- days --------------------------------------------------------------------------------------------------------

    def _during(self, plan: QueryPlan, period: Period) -> tuple[QueryPlan, During]:
        """One part with its own period cut to the common days."""
        ref = self._date_of(plan)
        own = [c for c in plan.conditions if isinstance(c, During)]
        common = period
        for each in own:
            if not common.overlaps(each.period):
                raise _CannotNarrow("outside", say_period(each.period))
            common = _common(each.period, common)
        during = During(ref, common)
        others = tuple(c for c in plan.conditions if c not in own)
        return replace(plan, conditions=(*others, during), assumptions=()), during

    def _date_of(self, plan: QueryPlan) -> FieldRef:
        """What dates the rows of one part: the days it is narrowed or grouped by, else the measures' or dataset's."""
        said = {c.field for c in plan.conditions if isinstance(c, During)} | set(_grouped_dates(plan))
        if not said:
            measures = plan.measures or (None,)
            said = {self._usual_date(replace(plan, measures=(each,) if each else ())) for each in measures}
        if len(said) > 1:
            names = sorted({self.words.field(ref, plan.base) for ref in said})
            raise _CannotNarrow("several_dates", " / ".join(names))
        ref = said.pop()
        if self.model.dataset(ref.dataset).field(ref.field).sensitive:
            raise _CannotNarrow("protected")
        return ref

    def _usual_date(self, plan: QueryPlan) -> FieldRef:
        try:
            ref = Change(self.model, self.graph).time_of(plan)
        except PlanInvalid as error:
            raise _CannotNarrow("no_date") from error
        return replace(ref, path=self._path(plan, ref.dataset, ref.field))

    # -- values ------------------------------------------------------------------------------------------------------

    def _compared(
        self, plan: QueryPlan, dataset: str, own: str, values: tuple[str, ...]
    ) -> tuple[QueryPlan, Comparison]:
        ref = FieldRef(self._path(plan, dataset, own), dataset, own)
        for each in plan.conditions:
            fixed = isinstance(each, Comparison) and each.field == ref and each.operator in ("=", "in")
            if fixed and isinstance(each, Comparison) and not set(each.values) & set(values):
                raise _CannotNarrow("outside", self.words.condition(each, plan.base))
        condition = Comparison(ref, "in" if len(values) > 1 else "=", values)
        changed = edit.add_condition(plan, condition)
        for index, step in enumerate(ref.path):
            relationship = self.graph.relationships[step]
            if relationship.condition:
                changed = edit.add_condition(changed, RoleHolds(ref.path[:index], relationship.source, step))
        return changed, condition

    def _path(self, plan: QueryPlan, dataset: str, own: str) -> Path:
        """The one that the plan goes already; else the only one there is. It goes forward: no row is multiplied."""
        if dataset == plan.base:
            return ()
        gone = {ref.path for ref in _mentioned(plan) if ref.dataset == dataset}
        paths = sorted(gone) or self.graph.paths(plan.base, dataset)
        if not paths:
            raise _CannotNarrow("no_way")
        if len(paths) > 1:
            ways = (self.words.field(FieldRef(path, dataset, own), plan.base) for path in paths)
            raise _CannotNarrow("several_ways", " / ".join(sorted(set(ways))))
        return paths[0]


def _check_periods(plan: QueryPlan) -> None:
    """Raises _CannotNarrow where shorter days would hold for a part of what is compared."""
    for each in plan.derived:
        if each.kind in _LOOKING_BACK or (each.kind in ("difference", "growth") and not each.by):
            raise _CannotNarrow("compared")
    for part in (plan, *plan.beside):
        if any(_dates_in(part.measures)):
            raise _CannotNarrow("compared")
        inner = [c for c in part.conditions if not isinstance(c, During)]
        if any(_dates_in((*inner, *part.dimensions, *part.columns))):
            raise _CannotNarrow("inner_dates")
    periods = {
        frozenset((c.period.start, c.period.end) for c in part.conditions if isinstance(c, During))
        for part in (plan, *plan.beside)
    }
    if len(periods) > 1:
        raise _CannotNarrow("compared")


def _dates_in(part: object) -> Iterator[bool]:
    """True for each period anywhere within a part of a plan."""
    if isinstance(part, During):
        yield True
    elif isinstance(part, tuple | list):
        for each in part:
            yield from _dates_in(each)
    elif is_dataclass(part):
        for each in fields(part):
            yield from _dates_in(getattr(part, each.name))


def _grouped_dates(plan: QueryPlan) -> Iterator[FieldRef]:
    for each in plan.dimensions:
        if isinstance(each.field, Part):
            yield each.field.field
        elif each.grain and isinstance(each.field, FieldRef):
            yield each.field


def _mentioned(plan: QueryPlan) -> Iterator[FieldRef]:
    """The fields that the plan shows, groups or narrows by, each with the way to it."""
    values: tuple[Value | None, ...] = (
        *(d.field for d in plan.dimensions),
        *(m.field for m in plan.measures),
        *(c.value for c in plan.columns),
        *(c.field for c in plan.conditions if isinstance(c, Comparison)),
    )
    for value in values:
        yield from fields_of(value)
    for condition in plan.conditions:
        if isinstance(condition, Named):
            yield FieldRef(condition.path, condition.dataset, "")


def _common(own: Period, other: Period) -> Period:
    """The days of both, in the words of the one that they are equal to."""
    start = max((each.start for each in (own, other) if each.start), default=None)
    end = min((each.end for each in (own, other) if each.end), default=None)
    for each in (own, other):
        if (each.start, each.end) == (start, end):
            return each
    return Period(start, end, say_period(Period(start, end, "")))
