"""A short question behind another, read as a change of its plan: "and by country?", "only 2025", "as a share".

Recognised only where it says nothing that stands by itself: what is computed or listed comes from the question before,
unless a word ("instead", "and") says that it takes another's place. Every word has to be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Dimension, FieldRef, Grain, Measure, Named, Path, QueryPlan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.followup import Aggregate, Change
from nl2sql.plan.names import metric_base
from nl2sql.plan.validate import read_plan, validate
from nl2sql.plan.walk import paths_of, walked_by
from nl2sql.plan.words import Wording
from nl2sql.question import Turn
from nl2sql.writers.offline.follow_up_periods import period_before, refuse_relative
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    ValueSense,
)

SAID = "Read as a follow-up to the question before."

# Words that only tie the question to the one before, beside those that carry no meaning anywhere.
_TIES = frozenset(
    "and but only just also then now instead same rather again why how what about for in of as to".split()
)
_MARKS = frozenset("instead same rather".split())
_SILENT = (
    "filler", "comma", "and", "is", "only", "but", "preposition", "list", "both", "break", "down", "that", "them",
)  # fmt: skip
# Each points at all that was shown before.
OF_THEM = frozenset(("of them", "of those", "of these"))
_SORTS = frozenset("sort sorted order ordered".split())
# "top 5": more rows than a page of a person's attention are asked for in full.
_MOST_ROWS = 1_000_000


def previous_plan(history: Sequence[Turn], model: SemanticModel, graph: JoinGraph) -> QueryPlan | None:
    """The plan of the last turn, as `model` (what the asker may see) allows it; None where there is none."""
    if not history or not history[-1].plan:
        return None
    try:
        return read_plan(history[-1].plan, model, graph)
    except PlanInvalid:
        return None


def follow_up(
    chunks: tuple[Chunk, ...], previous: QueryPlan, model: SemanticModel, graph: JoinGraph
) -> QueryPlan | None:
    """The previous plan, changed; None where the question is none that follows up.

    Raises NotUnderstood for a change that the previous plan cannot take, and SeveralReadings, whose choices are
    follow-ups too.
    """
    reader = _Reader(chunks, previous, model, graph)
    try:
        plan = reader.read()
    except PlanInvalid as error:
        raise NotUnderstood(error.message) from error
    if plan is None or plan == previous:
        return None
    problems = validate(plan, model, graph)
    if problems:
        raise NotUnderstood("I could not change the question before in this way; please ask the whole question.")
    return replace(plan, assumptions=(SAID,))


class _Reader:
    """Reads from left to right; what a chunk announces ("by", "without", "top") the next one takes up."""

    def __init__(self, chunks: Sequence[Chunk], previous: QueryPlan, model: SemanticModel, graph: JoinGraph) -> None:
        self.chunks = list(chunks)
        self.plan = previous
        self.previous = previous
        self.model = model
        self.graph = graph
        self.change = Change(model, graph)
        words = [chunk.words.lower() for chunk in chunks]
        self.marked = bool(_MARKS & set(words))
        self.opened = bool(words) and (words[0] in ("and", "but", "what", "how", "why") or self.marked)
        self.by = False
        self.negated = False
        self.top: bool | str | None = ""  # the direction that a number waits for; "" when none does
        self.role = ""

    def read(self) -> QueryPlan | None:
        self._drop_why_not()
        self._drop_no()
        if not self.chunks:
            return None
        index = 0
        while index < len(self.chunks):
            taken = self._take(index)
            if not taken:
                return None
            index += taken
        if self.top != "" or self.role or self.negated:
            return None
        return self.plan

    def _drop_why_not(self) -> None:
        """ "why not the sold ones?" proposes them."""
        words = [chunk.words.lower() for chunk in self.chunks[:2]]
        if words == ["why", "not"]:
            self.chunks = self.chunks[2:]

    def _drop_no(self) -> None:
        """ "no, per month instead": that the answer before was another than the one meant."""
        if len(self.chunks) > 1 and self.chunks[0].words.lower() == "no" and self.chunks[1].word("comma"):
            self.chunks = self.chunks[2:]

    def _take(self, index: int) -> int:
        """How many chunks were read; 0 when this is no follow-up."""
        chunk = self.chunks[index]
        word = chunk.words.lower()
        if self.top != "":
            return self._number(chunk)
        if chunk.word("by"):
            self.by = True
            return 1
        if chunk.word("not") or chunk.word("except"):
            self.negated, self.by = True, False
            return 1
        if self.by and (taken := self._dimension(chunk)):
            return taken
        for read in (self._time, self._order, self._share, self._aggregate, self._restriction, self._measure):
            if taken := read(chunk, index):
                return taken
        silent = any(chunk.word(kind) for kind in _SILENT) or word in _TIES or word in _SORTS
        return int(silent and not (chunk.word("list") and len(self.chunks) > index + 1 and not self.opened))

    # -- single clauses ----------------------------------------------------------------------------------------------

    def _time(self, chunk: Chunk, index: int) -> int:
        if chunk.of(PeriodSense):
            if self.negated:
                return 0
            refuse_relative(chunk, self.previous)
            self.plan = self.change.period(self.plan, chunk.of(PeriodSense)[0].period)
            self.by = False
            return 1
        if (earlier := chunk.word("earlier")) and earlier.argument and not self.negated:
            self.plan = self.change.period(self.plan, period_before(earlier.argument, chunk, self.previous))
            return 1
        if (grain := chunk.word("grain")) and (self.by or self.opened or len(self.chunks) == 1):
            self.plan = self.change.grain(self.plan, cast(Grain, grain.argument), instead=self.marked)
            return 1
        return 0

    def _order(self, chunk: Chunk, index: int) -> int:
        if order := chunk.word("order"):
            self.plan = self.change.order(self.plan, descending=order.argument == "desc")
            return 1
        following = self.chunks[index + 1] if index + 1 < len(self.chunks) else None
        if following is None or not following.of(NumberSense):
            return 0
        if extreme := chunk.word("extreme"):
            self.top = extreme.argument == "max"
        elif chunk.word("edge") and chunk.words.lower() == "first":
            self.top = None
        else:
            return 0
        return 1

    def _number(self, chunk: Chunk) -> int:
        number = chunk.of(NumberSense)[0].value
        if number != number.to_integral_value() or not 0 < number <= _MOST_ROWS:
            raise NotUnderstood(f"I cannot show the top {number}.", (chunk.words,))
        self.plan = self.change.top(self.plan, int(number), self.top if isinstance(self.top, bool) else None)
        self.top = ""
        return 1

    def _share(self, chunk: Chunk, index: int) -> int:
        if not (chunk.word("of_total") or chunk.word("share")):
            return 0
        if index + 1 < len(self.chunks) and self.chunks[index + 1].words.lower() in OF_THEM:
            return 0  # "what share of those were sold?": what was counted before is the whole
        self.plan = self.change.share(self.plan)
        return 1

    def _aggregate(self, chunk: Chunk, index: int) -> int:
        """ "and the average?": only where nothing follows that it could be of."""
        word = chunk.word("agg") or (chunk.word("extreme") if self.opened else None)
        if word is None or index + 1 < len([c for c in self.chunks if c.words.lower() not in _TIES | _SORTS]):
            return 0
        also = self.chunks[0].word("and") is not None and not self.marked
        self.plan = self.change.function(self.plan, cast(Aggregate, word.argument), also=also)
        return 1

    # -- by what -----------------------------------------------------------------------------------------------------

    def _dimension(self, chunk: Chunk) -> int:
        if grain := chunk.word("grain"):
            self.plan = self.change.grain(self.plan, cast(Grain, grain.argument), instead=self.marked)
            return 1
        if chunk.of(RoleSense) and not self.role:
            self.role = chunk.of(RoleSense)[0].relationship
            following = self.chunks[self.chunks.index(chunk) + 1 :][:1]
            if following and following[0].of(FieldSense):
                return 1
            return self._group(self._entity_of_role(), chunk)
        if chunk.of(DatasetSense) and (whole := self._entity(chunk)):
            return self._group(whole, chunk)
        if chunk.of(FieldSense):
            ref = self._place(chunk.of(FieldSense), chunk)
            return self._group(Dimension("", ref, "day" if self._is_time(ref) else None), chunk)
        return 0

    def _group(self, dimension: Dimension | None, chunk: Chunk) -> int:
        if dimension is None:
            raise NotUnderstood(f"I do not know how to group by “{chunk.words}” here.", (chunk.words,))
        words = Wording(self.model, self.graph).dimension(dimension, self.plan.base)
        self.plan = self.change.group(self.plan, replace(dimension, name=words), instead=self.marked)
        self.role = ""
        return 1

    def _entity_of_role(self) -> Dimension | None:
        relationship = self.graph.relationships[self.role]
        paths = self.graph.via(self.plan.base, self.role)
        label = self.model.dataset(relationship.target).label_field
        return Dimension("", FieldRef(paths[0], relationship.target, label), entity=True) if paths and label else None

    def _entity(self, chunk: Chunk) -> Dimension | None:
        for sense in chunk.of(DatasetSense):
            label = self.model.dataset(sense.dataset).label_field
            paths = self.graph.paths(self.plan.base, sense.dataset)
            if label and paths and len(paths) == 1:
                return Dimension("", FieldRef(paths[0], sense.dataset, label), entity=True)
        return None

    def _is_time(self, ref: FieldRef) -> bool:
        return self.model.dataset(ref.dataset).field(ref.field).is_time

    # -- under which conditions --------------------------------------------------------------------------------------

    def _restriction(self, chunk: Chunk, index: int) -> int:
        if chunk.of(FilterSense):
            return self._filter(chunk)
        if not chunk.of(ValueSense):
            return 0
        senses = chunk.of(ValueSense)
        ref = self._place(tuple(FieldSense(s.dataset, s.field) for s in senses), chunk)
        values, taken = [next(s.value for s in senses if (s.dataset, s.field) == (ref.dataset, ref.field))], 1
        while more := self._another(index + taken, ref):
            values.append(more)
            taken += 2
        self.plan = self.change.value(self.plan, ref, tuple(values), negated=self.negated)
        self.negated, self.by = False, False
        return taken

    def _another(self, index: int, ref: FieldRef) -> str:
        """The value behind "and" or "or", where it is one of the same field."""
        if index + 1 >= len(self.chunks) or not any(self.chunks[index].word(k) for k in ("and", "or", "comma")):
            return ""
        senses = self.chunks[index + 1].of(ValueSense)
        return next((s.value for s in senses if (s.dataset, s.field) == (ref.dataset, ref.field)), "")

    def _filter(self, chunk: Chunk) -> int:
        for sense in chunk.of(FilterSense):
            paths = self.graph.paths(self.plan.base, sense.dataset)
            if paths:
                named = Named(paths[0], sense.dataset, sense.filter, self.negated)
                self.plan = self.change.named(self.plan, named, instead=self.opened)
                self.negated, self.by = False, False
                return 1
        raise NotUnderstood(f"I do not know what “{chunk.words}” means for {self.plan.base}.", (chunk.words,))

    # -- what is computed --------------------------------------------------------------------------------------------

    def _measure(self, chunk: Chunk, index: int) -> int:
        """Only where it is said to take another's place: else it is a question of its own."""
        if not self.marked or self.by or self.negated:
            return 0
        if chunk.of(MetricSense):
            metric = chunk.of(MetricSense)[0].metric
            if metric_base(self.model.metric_by_name[metric], self.model) != self.plan.base:
                raise NotUnderstood(
                    f"“{chunk.words}” is about other rows; please ask the whole question.", (chunk.words,)
                )
            self.plan = self.change.measure(self.plan, Measure("metric", metric, metric=metric))
            return 1
        return 0

    # -- places ------------------------------------------------------------------------------------------------------

    def _place(self, fields: tuple[FieldSense, ...], chunk: Chunk) -> FieldRef:
        """The nearest; of several equally near the one whose way the plan already takes."""
        found = [FieldRef(path, s.dataset, s.field) for s in fields for path in self._paths(s.dataset)]
        if not found:
            raise NotUnderstood(f"“{chunk.words}” is not recorded for {self.plan.base}.", (chunk.words,))
        shortest = min(len(ref.path) for ref in found)
        nearest = [ref for ref in found if len(ref.path) == shortest]
        if len(nearest) > 1:
            walked = self._walked()
            nearest = [ref for ref in nearest if set(ref.path) & walked] or nearest
        if len({ref.path for ref in nearest}) > 1:
            wording = Wording(self.model, self.graph)
            said = [wording.dimension(Dimension("", ref), self.plan.base) for ref in nearest]
            opener = "by " if self.by else "without " if self.negated else "only "
            values = "" if self.by else f" {chunk.words}"
            choices = tuple(f"{opener}{each}{values}" for each in said)
            raise SeveralReadings(f"“{chunk.words}” can mean several things here. Which one?", choices)
        return nearest[0]

    def _paths(self, dataset: str) -> list[Path]:
        if not self.role:
            return self.graph.paths(self.plan.base, dataset)
        return [
            p for p in self.graph.via(self.plan.base, self.role) if self.graph.relationships[p[-1]].target == dataset
        ]

    def _walked(self) -> set[str]:
        dimensions = {step for d in self.previous.dimensions for path in paths_of(d.field) for step in path}
        return dimensions | walked_by(self.previous.conditions)
