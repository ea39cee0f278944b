"""What of a question left no trace in its plan: the last look before an answer, whoever read the question.

Readers and constructs take words up one by one; what one of them takes out and does not express would be lost in
silence. Here every word that means something of the model, and every number, period, negation and average, must be
found again in the plan, or in an expression of the model that the plan uses ("sold" in the GMV).

That a word is found does not say that it is in its right place; that it is not found says that it was passed over.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

import sqlglot
from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import NamedFilter, SemanticModel
from nl2sql.plan.base import (
    Comparison,
    Derived,
    Dimension,
    During,
    Exists,
    FieldRef,
    Fold,
    Having,
    Measure,
    Named,
    Negation,
    Order,
    QueryPlan,
    Related,
    RoleHolds,
    Span,
    Under,
)
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.language import LIGHT_VERBS, NEWLY
from nl2sql.writers.offline.senses import (
    Chunk,
    DatasetSense,
    FieldSense,
    FilterSense,
    MetricSense,
    NumberSense,
    PeriodSense,
    RoleSense,
    Sense,
    ValueSense,
    VerbSense,
    WordSense,
)

# How a plan may say "not": turned conditions, and bounds turned round ("not over 100").
_NEGATIVE = ("<>", "not in", "not contains", "is null", "is not null", "<", "<=")
_MODEL_SENSES = (DatasetSense, FieldSense, FilterSense, MetricSense, RoleSense, ValueSense, VerbSense)


class Traces:
    """Everything that a plan speaks of."""

    def __init__(self, plan: QueryPlan, model: SemanticModel, graph: JoinGraph) -> None:
        self._model = model
        self._graph = graph
        self.names: set[str] = set()  # datasets, "dataset.field", relationships, metrics, "dataset.filter"
        self.values: set[str] = set()
        self.numbers: set[Decimal] = set()
        self.periods: list[Period] = []
        self.functions: set[str] = set()
        self.negated = self.grouped = self.bounded = self.unequal = self.ordered = False
        self._take(plan)

    def _take(self, part: object) -> None:
        self._mark(part)
        self._take_numbers(part)
        self._take_names(part)
        for each in _parts(part):
            self._take(each)

    def _take_numbers(self, part: object) -> None:
        match part:
            case Period():
                self.periods.append(part)
            case bool():
                pass
            case int() | Decimal():
                self.numbers.add(Decimal(part))
            case Comparison(values=values):
                self._compared(values)
            case Having(value=value):
                self._compared((value,))
            case _:
                pass

    def _take_names(self, part: object) -> None:
        match part:
            case FieldRef(path=path, dataset=dataset, field=name):
                self._follow(path)
                self._use_field(dataset, name)
            case Named(path=path, dataset=dataset, filter=name):
                self._follow(path)
                self._use_filter(dataset, name)
            case RoleHolds(path=path, relationship=name):
                self._follow((*path, name))
            case Exists(path=path, dataset=dataset) | Related(path=path, dataset=dataset):
                self._follow(path)
                self.names.add(dataset)
            case Under(path=path, dataset=dataset, relationship=name, field=field, value=value):
                self._follow((*path, name))
                self._use_field(dataset, field)
                self.values.add(value)
            case QueryPlan(base=base):
                self.names.add(base)
            case _:
                pass
        if isinstance(part, Measure | Related) and part.metric:
            self._use_metric(part.metric)
        if isinstance(part, Measure | Related | Fold) and part.function:
            self.functions.add(part.function)
        if isinstance(part, Derived):
            self.functions.add(part.kind)

    def _mark(self, part: object) -> None:
        """What function words come to."""
        operator = getattr(part, "operator", "")
        turned = isinstance(part, Negation) or (isinstance(part, Named | Exists) and part.negated)
        before = isinstance(part, During) and part.period.start is None  # "not seen since May"
        known = isinstance(part, During | Span | Under)
        self.unequal |= known or operator in ("<", "<=", ">", ">=")
        self.bounded |= known or bool(operator)
        self.negated |= turned or before or operator in _NEGATIVE
        self.grouped |= isinstance(part, Dimension | Fold | Related)
        if isinstance(part, QueryPlan):  # one number for each band, side by side
            self.grouped |= sum(bool(m.conditions) and not m.hidden for m in part.measures) > 1
        self.ordered |= isinstance(part, Order | Span) or getattr(part, "function", "") in ("min", "max")

    def _compared(self, values: Iterable[str]) -> None:
        for value in values:
            self.values.add(value)
            try:
                self.numbers.add(Decimal(value))
            except InvalidOperation:
                continue

    def _follow(self, path: Iterable[str]) -> None:
        for step in path:
            relationship = self._graph.relationships[step.removeprefix("-")]
            self.names |= {relationship.name, relationship.source, relationship.target}
            self._use(relationship.condition, relationship.source)
            self._use(relationship.membership, relationship.source)
            self.names |= {f"{relationship.source}.{c}" for c in relationship.source_columns}

    def _use_field(self, dataset: str, name: str) -> None:
        self.names |= {dataset, f"{dataset}.{name}"}
        self._use(self._model.dataset(dataset).field(name).expression, dataset)
        for each in self._model.relationships:  # a key stands for what it points to
            if each.source == dataset and name in each.source_columns:
                self._follow((each.name,))

    def _use_filter(self, dataset: str, name: str) -> None:
        used = self._filter(dataset, name)
        self.names |= {dataset, f"{dataset}.{name}"}
        self._use(used.expression, dataset)
        if used.time_field:
            self.names.add(f"{dataset}.{used.time_field}")

    def _filter(self, dataset: str, name: str) -> NamedFilter:
        return next(f for f in self._model.dataset(dataset).filters if f.name == name)

    def _use_metric(self, name: str) -> None:
        metric = next(m for m in self._model.metrics if m.name == name)
        self.names |= {name, metric.time_field}
        self._use(metric.expression, "")
        self.functions |= {word for word in ("avg",) if word in metric.expression.lower()}
        self.functions |= {"ratio"} if "/" in metric.expression else set()

    def _use(self, expression: str, dataset: str) -> None:
        if not expression:
            return
        columns, values = _spoken_of(expression)
        self.values |= set(values)
        for table, column in columns:
            self.names |= {table or dataset, f"{table or dataset}.{column}"}


def _parts(part: object) -> Iterator[object]:
    if isinstance(part, tuple):
        yield from part
    elif is_dataclass(part):
        for each in fields(part):
            if each.name != "assumptions":
                yield getattr(part, each.name)


@lru_cache(maxsize=2_000)  # expressions of models, of which there are some hundreds
def _spoken_of(expression: str) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    tree = sqlglot.parse_one(expression)
    columns = tuple((c.table, c.name) for c in tree.find_all(exp.Column))
    return columns, tuple(v.this for v in tree.find_all(exp.Literal))


def untraced(
    chunks: tuple[Chunk, ...],
    plan: QueryPlan,
    model: SemanticModel,
    graph: JoinGraph,
    traces: Traces | None = None,
) -> tuple[str, ...]:
    """The words of the question that the plan does not speak of, as typed. `traces` are those of the plan, where they
    are there already."""
    traces = traces or Traces(plan, model, graph)
    behind = (*chunks[1:], None)[: len(chunks)]
    return tuple(
        chunk.words
        for chunk, following in zip(chunks, behind, strict=True)
        if not _only_joins(chunk, following) and not _is_traced(chunk, traces, model, graph)
    )


def _only_joins(chunk: Chunk, following: Chunk | None) -> bool:
    """ "user reviews", "listings get bids", "where": the noun beside it says all there is."""
    words = chunk.words.lower()
    if words == "where" or words in LIGHT_VERBS or words.removesuffix("s") in LIGHT_VERBS:
        return True
    return chunk.has(DatasetSense) and following is not None and following.has(DatasetSense)


def _is_traced(chunk: Chunk, traces: Traces, model: SemanticModel, graph: JoinGraph) -> bool:
    if chunk.has(WordSense):
        return _word_is_traced(chunk, traces)
    if chunk.words.lower() in NEWLY and (traces.periods or traces.grouped):
        return True
    return not chunk.senses or any(_speaks_of(s, traces, model, graph) for s in chunk.senses)


def _word_is_traced(chunk: Chunk, traces: Traces) -> bool:
    """Of function words, those that change an answer whatever stands beside them."""
    kinds = {s.kind: s.argument for s in chunk.of(WordSense)}
    if chunk.has(*_MODEL_SENSES, NumberSense, PeriodSense):
        return True
    if "not" in kinds or "except" in kinds:
        return traces.negated
    if kinds.get("agg") in ("avg", "median"):
        return bool(traces.functions & {"avg", "median", "ratio", "growth", "moving_average"})
    if "share" in kinds and "histogram" not in kinds:
        return bool(traces.functions & {"ratio", "share", "growth"})
    if chunk.words.lower() in _FOR_EACH:
        return traces.grouped
    if kinds.get("compare") in ("<", "<=", ">", ">="):
        return traces.unequal or "moving_average" in traces.functions
    if "between" in kinds or "compare" in kinds:
        return traces.bounded or "moving_average" in traces.functions
    if "extreme" in kinds or "most" in kinds or "dear" in kinds or "recent" in kinds or "edge" in kinds:
        return traces.ordered
    return True


def _speaks_of(sense: Sense, traces: Traces, model: SemanticModel, graph: JoinGraph) -> bool:
    match sense:
        case DatasetSense(dataset):
            return dataset in traces.names
        case FieldSense(dataset, field):
            return f"{dataset}.{field}" in traces.names or _is_spelled_out(dataset, field, traces, model)
        case FilterSense(dataset, name):
            if f"{dataset}.{name}" in traces.names:
                return True
            values = _spoken_of(next(f for f in model.dataset(dataset).filters if f.name == name).expression)[1]
            return bool(values) and all(v in traces.values for v in values)
        case MetricSense(name):
            columns = _spoken_of(next(m for m in model.metrics if m.name == name).expression)[0]
            return name in traces.names or all(f"{table}.{column}" in traces.names for table, column in columns)
        case RoleSense(relationship):
            return relationship in traces.names
        case VerbSense(relationship):
            return relationship in traces.names or graph.relationships[relationship].source in traces.names
        case ValueSense(_, _, value):
            return value in traces.values
        case NumberSense(number):
            return _has_number(number, traces)
        case PeriodSense(period):
            return _has_period(period, traces)
    return True


def _is_spelled_out(dataset: str, field: str, traces: Traces, model: SemanticModel) -> bool:
    """A computed field, of which the plan has all parts: the final price as the current bid of what was sold."""
    columns, values = _spoken_of(model.dataset(dataset).field(field).expression or field)
    named = {f"{table or dataset}.{column}" for table, column in columns}
    return len(named) > 1 and named <= traces.names and set(values) <= traces.values


# Words that only group; "by" also names who did something.
_FOR_EACH = frozenset(("per", "for each", "for every", "in each", "of each", "each", "grouped by", "broken down by"))
# What a number may become on its way: steps back, percents, minutes, hours, days and weeks in smaller units.
_HALF = 50
_FACTORS = (1, 60, 24, 7, 1440, 3600, 86400, 168, 100, 1000)


def _has_number(number: Decimal, traces: Traces) -> bool:
    if number in (0, 1) or (number == _HALF and "median" in traces.functions):
        return True
    if any(hour in traces.numbers for hour in (number + 12, number - 12)):  # of the clock
        return True
    return any(number * f in traces.numbers or number / f in traces.numbers for f in _FACTORS)


def _has_period(period: Period, traces: Traces) -> bool:
    if traces.functions & {"growth", "previous"}:
        return True
    edges = {edge for each in traces.periods for edge in (each.start, each.end) if edge}
    days = {(edge.month, edge.day) for edge in edges}  # "2025, starting in March": the year is said elsewhere
    start = period.start
    return bool(edges & {start, period.end}) or (start is not None and (start.month, start.day) in days)
