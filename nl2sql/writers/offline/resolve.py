"""Frame → QueryPlan: every mention finds its place in the join graph, or the question is not answered.

A mention with two places of equal distance (the country of the seller or of the buyer) is asked back, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

import sqlglot
from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Metric, SemanticModel
from nl2sql.writers.offline.bind import Binder, Scope
from nl2sql.writers.offline.dates import Period
from nl2sql.writers.offline.frame import (
    FilterAsk,
    Frame,
    GroupAsk,
    MeasureAsk,
    NotUnderstood,
    Noun,
    Restrictor,
    SeveralReadings,
)
from nl2sql.writers.offline.plan import (
    Comparison,
    Condition,
    Dimension,
    During,
    Exists,
    FieldRef,
    Having,
    Measure,
    Order,
    QueryPlan,
    RoleHolds,
)
from nl2sql.writers.offline.tokens import singular

DEFAULT_TOP = 10
FUNCTION_WORDS = {"sum": "total", "avg": "average", "min": "lowest", "max": "highest"}


def resolve(frame: Frame, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    return _Resolver(frame, model, graph).plan()


def metric_base(metric: Metric, model: SemanticModel) -> str:
    """The dataset whose rows the metric aggregates: the one that dates it, else the only one it names."""
    tree = sqlglot.parse_one(metric.expression)
    named = list(dict.fromkeys(c.table for c in tree.find_all(exp.Column) if c.table))
    dated = metric.time_field.partition(".")[0]
    if dated in named or not named:
        return dated or model.datasets[0].name
    return named[0]


def walked_by(conditions: Iterable[Condition]) -> set[str]:
    """The relationships that the conditions walk, in either direction."""
    walked: set[str] = set()
    for condition in conditions:
        path = condition.field.path if isinstance(condition, Comparison | During) else condition.path
        walked |= {name.removeprefix("-") for name in path}
        if isinstance(condition, Exists):
            walked |= walked_by(condition.conditions)
    return walked


class _Resolver:
    def __init__(self, frame: Frame, model: SemanticModel, graph: JoinGraph) -> None:
        self.frame = frame
        self.model = model
        self.graph = graph
        self.binder = Binder(frame, model, graph)
        self.conditions: list[Condition] = []
        self.assumptions: list[str] = []

    def plan(self) -> QueryPlan:
        frame = self.frame
        self._settle_kind()
        having_noun = self._threshold()
        base = self._base(having_noun)
        self.scope = Scope(base, ())
        ranked_field = self._ranked_field(base)
        measures = () if ranked_field else self._measures(base, having_noun)
        dimensions = self._dimensions(base, measures, having_noun)
        self._conditions(base, having_noun)
        if frame.share:
            measures = self._share(measures, dimensions)
        order, limit = self._order(base, measures, dimensions, ranked_field)
        self._deeds(base, dimensions)
        self._one_period()
        return QueryPlan(
            base=base,
            measures=measures,
            dimensions=dimensions,
            conditions=tuple(dict.fromkeys(self.conditions)),
            having=self._having(having_noun),
            order=order,
            limit=limit,
            share=("of_total" if not (frame.part or frame.part_nouns) else "part") if frame.share else "",
            columns=self._columns(base, ranked_field) if not measures else (),
            distinct=bool(frame.columns) and not measures and not ranked_field,
            assumptions=tuple(dict.fromkeys([*self.binder.assumptions, *self.assumptions])),
        )

    # -- what is asked for -------------------------------------------------------------------------------------------

    def _settle_kind(self) -> None:
        frame = self.frame
        if frame.head is None and not frame.measures:
            if frame.nouns:
                frame.head = frame.nouns[0]
            elif frame.columns:
                frame.head = Noun(frame.columns[0][0].dataset, frame.columns[0][0].field)
                frame.nouns.append(frame.head)
            else:
                raise NotUnderstood("I could not tell what you want to see.")
        if not frame.measures and frame.head and (frame.groups or frame.share):
            frame.counted = True
        if frame.counted and frame.columns:
            raise NotUnderstood("I can either count or list, not both at once.")
        if frame.measures and frame.columns:  # "which country has the most users"
            frame.groups = [*(GroupAsk(f[0].field, f) for f in frame.columns), *frame.groups]
            frame.columns = []
        if frame.people and frame.head is None and frame.measures:
            raise NotUnderstood("I could not tell who is meant.", ("who",))

    def _threshold(self) -> Noun | None:
        """ "sellers with more than 10 sales": the noun that is counted for each of what is listed."""
        frame = self.frame
        counts = [n for n in frame.nouns if n.link == "count"]
        listing = frame.head is not None and not frame.counted and not frame.measures
        if listing and len(counts) == 1 and counts[0].operator in (">", ">=", "=") and counts[0].count > 0:
            reaches = self.graph.paths(counts[0].dataset, frame.head.dataset) if frame.head else []
            others = [n for n in frame.nouns if n is not counts[0] and n is not frame.head]
            if reaches and not others:
                return counts[0]
        return None

    def _base(self, having_noun: Noun | None) -> str:
        frame = self.frame
        if having_noun is not None:
            return having_noun.dataset
        if frame.measures:
            bases = {self._measure_base(m) for m in frame.measures}
            if frame.counted and frame.head:
                bases.add(frame.head.dataset)
            if len(bases) > 1:
                raise NotUnderstood("I cannot yet put measures of different tables into one answer.")
            return bases.pop()
        head = frame.head
        if head is None:
            raise NotUnderstood("I could not tell what you want to see.")
        if head.role and frame.groups and not self._groups_on(head.dataset):
            return self.graph.relationships[head.role].source
        return head.dataset

    def _groups_on(self, dataset: str) -> bool:
        return all(any(f.dataset == dataset for f in g.fields) and not g.noun for g in self.frame.groups)

    def _measure_base(self, ask: MeasureAsk) -> str:
        if ask.metric:
            return metric_base(self.model.metric_by_name[ask.metric], self.model)
        if ask.noun is not None:
            return self.graph.relationships[ask.noun.role].source if ask.noun.role else ask.noun.dataset
        return self.binder.choose_field(ask.fields, ask.words).dataset

    def _ranked_field(self, base: str) -> FieldRef | None:
        """ "which listing has the highest starting price": rows are listed in the order of their own field."""
        frame = self.frame
        if (
            frame.head
            and frame.head.dataset == base
            and not frame.head.role
            and frame.rank
            and len(frame.measures) == 1
        ):
            ask = frame.measures[0]
            if ask.kind == "agg" and ask.function in ("max", "min") and not frame.counted:
                return FieldRef((), base, self.binder.choose_field(ask.fields, ask.words).field)
        return None

    def _measures(self, base: str, having_noun: Noun | None) -> tuple[Measure, ...]:
        frame = self.frame
        if having_noun is not None:
            return (self._count(having_noun, base),)
        if frame.measures:
            counted = (self._count(frame.head, base),) if frame.counted and frame.head else ()
            return (*counted, *(self._measure(ask, base) for ask in frame.measures))
        if frame.counted and frame.head:
            return (self._count(frame.head, base),)
        return ()

    def _measure(self, ask: MeasureAsk, base: str) -> Measure:
        if ask.metric:
            name = self._role_metric(ask.metric)
            return Measure("metric", name, metric=name)
        if ask.noun is not None:
            return self._count(ask.noun, base)
        field = self.binder.choose_field(ask.fields, ask.words)
        if ask.function == "distinct":
            return Measure("distinct", f"number_of_{field.field}", field=FieldRef((), field.dataset, field.field))
        datatype = self.model.dataset(field.dataset).field(field.field).datatype
        if not datatype.is_number and not (datatype.is_temporal and ask.function in ("min", "max")):
            raise NotUnderstood(f"“{ask.words}” is not a number.", (ask.words,))
        if ask.function == "median":
            raise NotUnderstood("I cannot compute a median yet.", ("median",))
        label = self.model.dataset(field.dataset).field(field.field).label or field.field
        name = "_".join(f"{FUNCTION_WORDS[ask.function]} {label}".replace("-", " ").split())
        return Measure("agg", name, ask.function, FieldRef((), field.dataset, field.field))

    def _role_metric(self, name: str) -> str:
        """ "average rating" of sellers is the metric "average seller rating" where the model has one."""
        label = self.model.metric_by_name[name].label
        nouns = [*self.frame.nouns, *(g.noun for g in self.frame.groups if g.noun)]
        for noun in nouns:
            if noun.role:
                words = {*label.split(), self.graph.relationships[noun.role].role}
                special = [m.name for m in self.model.metrics if set(m.label.split()) == words]
                if special:
                    return special[0]
        return name

    def _count(self, noun: Noun, base: str) -> Measure:
        if noun.role and base == self.graph.relationships[noun.role].source:
            relationship = self.graph.relationships[noun.role]
            if noun.at_least > 1:
                raise NotUnderstood(f"I can count {noun.words} as a whole, not by group.", (noun.words,))
            column = relationship.source_columns[0]
            self.conditions.extend(self.binder.raw(relationship, base))
            return Measure(
                "distinct", f"number_of_{relationship.role.replace(' ', '_')}s", field=FieldRef((), base, column)
            )
        label = self.model.dataset(noun.dataset).label or noun.dataset
        name = (noun.role and self.graph.relationships[noun.role].role + "s") or label
        return Measure("count", f"number_of_{name}".replace(" ", "_"))

    # -- by what -----------------------------------------------------------------------------------------------------

    def _dimensions(self, base: str, measures: tuple[Measure, ...], having_noun: Noun | None) -> tuple[Dimension, ...]:
        frame = self.frame
        dimensions = [self._dimension(ask, base, measures) for ask in frame.groups]
        head = frame.head
        is_grouped = head is not None and bool(measures) and not frame.counted
        if head is not None and is_grouped and not (head.dataset == base and not head.role):
            dimensions.insert(0, self._entity(head, base, head.words))
        elif head is not None and is_grouped and having_noun is None and head.dataset == base:
            ask = frame.measures[0]
            if frame.rank is not None:
                raise NotUnderstood(f"I cannot rank {head.words} by “{ask.words}”.", (ask.words,))
        return tuple(dimensions)

    def _dimension(self, ask: GroupAsk, base: str, measures: tuple[Measure, ...]) -> Dimension:
        if ask.grain and ask.fields:
            return Dimension(ask.grain, self.binder.place(ask.fields, Scope(base, ()), ask.words), ask.grain)
        if ask.grain:
            return Dimension(ask.grain, self._time(base, measures), ask.grain)
        if ask.noun is not None and (ask.noun.role or self.model.dataset(ask.noun.dataset).label_field):
            return self._entity(ask.noun, base, ask.words)
        if not ask.fields:
            raise NotUnderstood(f"I do not know how to group by {ask.words}.", (ask.words,))
        ref = self.binder.place(ask.fields, Scope(base, ()), ask.words, ask.role)
        field = self.model.dataset(ref.dataset).field(ref.field)
        role = self.graph.role_of(ref.path)
        label = field.label or field.name
        name = f"{role.role} {label}" if role and ref.dataset == role.target else label
        return Dimension(name, ref, "day" if field.is_time else None)

    def _entity(self, noun: Noun, base: str, words: str) -> Dimension:
        path = self.binder.path_to(noun, base, words)
        dataset = self.model.dataset(noun.dataset)
        if not dataset.label_field:
            raise NotUnderstood(f"I do not know how to name single {words}.", (words,))
        last = self.graph.relationships[noun.role or path[-1]] if noun.role or path else None
        role = last.role if last and (noun.role or noun.words == "who") else ""
        self.conditions.extend(self.binder.role_conditions(path, base))
        name = role or singular(words.lower().split()[-1] if noun.words else dataset.name)
        return Dimension(name, FieldRef(path, noun.dataset, dataset.label_field), entity=True)

    def _time(self, base: str, measures: tuple[Measure, ...]) -> FieldRef:
        """What dates the measure: its own time field, the filter's, the dataset's."""
        name = self._time_name(base, measures)
        if not name:
            raise NotUnderstood(f"There is no date on {self.model.dataset(base).label or base}.")
        dataset, _, field = name.rpartition(".")
        paths = self.graph.paths(base, dataset or base)
        return FieldRef(paths[0], dataset or base, field)

    def _time_name(self, base: str, measures: tuple[Measure, ...]) -> str:
        for measure in measures:
            if measure.metric:
                return self.model.metric_by_name[measure.metric].time_field
            if measure.kind == "agg" and measure.field:
                dated = self.model.dataset(measure.field.dataset).field(measure.field.field).time_field
                if dated:
                    return dated
        for ask in self._all_restrictors():
            if isinstance(ask, FilterAsk) and not ask.negated:
                dated = self.binder.filter_time(ask, base)
                if dated:
                    return dated
        roles = [n.role for n in self.frame.nouns if n.role]
        verbs = [v for v in self.frame.verbs if self.graph.relationships[v].time_field]
        for name in [*roles, *verbs]:
            relationship = self.graph.relationships[name]
            if relationship.source == base and relationship.time_field:
                return relationship.time_field
        return self.model.dataset(base).time_field

    def _all_restrictors(self) -> list[Restrictor]:
        return [*self.frame.loose, *self.frame.part, *(r for n in self.frame.nouns for r in n.restrictors)]

    # -- under which conditions --------------------------------------------------------------------------------------

    def _conditions(self, base: str, having_noun: Noun | None) -> None:
        frame = self.frame
        measures = self._measures(base, having_noun)
        self.time_ref = lambda: self._time(base, measures)
        whole = Scope(base, (), self.time_ref)
        self.conditions.extend(self.binder.bind_all(frame.loose, whole))
        nouns = [n for n in frame.nouns if not any(g.noun is n for g in frame.groups)]
        grouped = [g.noun for g in frame.groups if g.noun is not None]
        self.conditions.extend(self.binder.nouns([*nouns, *grouped], whole, self._own_noun(base, having_noun)))

    def _deeds(self, base: str, dimensions: tuple[Dimension, ...]) -> None:
        """A verb that led nowhere ("items bought") at least says that its condition holds; else it was not read."""
        walked = {name for d in dimensions for name in d.field.path} | walked_by(self.conditions)
        for words, verbs in self.frame.deeds:
            if walked & set(verbs):
                continue
            holding = [r for v in verbs if (r := self.graph.relationships[v]).source == base and r.condition]
            if not holding:
                raise NotUnderstood(f"I could not tell what “{words}” refers to.", (words,))
            self.conditions.append(RoleHolds((), base, holding[0].name))

    def _own_noun(self, base: str, having_noun: Noun | None) -> Noun | None:
        """The noun that is the base itself."""
        if having_noun is not None:
            return having_noun
        counted = [m.noun for m in self.frame.measures if m.noun is not None]
        if counted:
            return counted[0]
        head = self.frame.head
        return head if head is not None and (head.dataset == base or head.role) and not self.frame.measures else None

    def _one_period(self) -> None:
        """Two periods of one date that do not overlap are a misreading, not a question with an empty answer."""
        dated: dict[FieldRef, Period] = {}
        for condition in self.conditions:
            if isinstance(condition, During):
                other = dated.setdefault(condition.field, condition.period)
                if not other.overlaps(condition.period):
                    raise NotUnderstood("I could not tell what each of the periods refers to.")

    def _share(self, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]) -> tuple[Measure, ...]:
        frame = self.frame
        if len(measures) != 1:
            raise NotUnderstood("I can take a share of one thing at a time.")
        if not frame.part and not frame.part_nouns:
            if len(dimensions) > 1:
                raise NotUnderstood("I can take a share of the total by one thing at a time.")
            if not dimensions:
                raise NotUnderstood("A share of what, exactly? I could not tell the part from the whole.")
            return measures
        whole = Scope(measures[0].field.dataset if measures[0].field else self.scope.dataset, (), self.time_ref)
        part = [*self.binder.bind_all(frame.part, whole), *self.binder.nouns(frame.part_nouns, whole, None)]
        first = measures[0]
        return (Measure(first.kind, first.name, first.function, first.field, first.metric, tuple(part)),)

    def _having(self, having_noun: Noun | None) -> Having | None:
        if having_noun is not None:
            return Having(having_noun.operator, str(having_noun.count))
        if self.frame.having is None:
            return None
        operator, value, unit = self.frame.having
        if len(self.frame.measures) != 1:
            raise NotUnderstood("I could not tell which of the measures is to be compared.")
        if not (self.frame.groups or self.frame.head):
            raise NotUnderstood("I could not tell for what that bound holds.")
        if unit == "%":
            value = value / Decimal(100)
        return Having(operator, f"{value:f}")

    # -- in which order ----------------------------------------------------------------------------------------------

    def _order(
        self, base: str, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...], ranked: FieldRef | None
    ) -> tuple[Order | None, int | None]:
        rank, head = self.frame.rank, self.frame.head
        if rank is None:
            return (
                Order(descending=True) if measures and dimensions and not self._is_series(dimensions) else None
            ), None
        dataset = self.model.dataset(base)
        if rank.by in ("amount", "time") and not measures:
            name = dataset.amount_field if rank.by == "amount" else self._time_name(base, ())
            if not name:
                raise NotUnderstood(f"I do not know by what to order {head.words if head else base}.")
            ranked = FieldRef((), base, name)
        if ranked is None and not measures:
            raise self._by_what()
        if measures and (not dimensions or rank.by != "measure"):
            raise NotUnderstood("I could not tell what is to be ranked.")
        if len(dimensions) > 1:
            raise NotUnderstood("I cannot yet rank within groups.")
        return Order(rank.descending, ranked), self._limit(rank.number, head)

    def _limit(self, number: int | None, head: Noun | None) -> int:
        if number is not None:
            if not 0 < number <= 1_000_000:
                raise NotUnderstood(f"I cannot show the top {number}.")
            return number
        words = head.words.lower().split()[-1] if head else ""
        if not head or (singular(words) == words and words != "people"):
            return 1
        self.assumptions.append(f"Top {DEFAULT_TOP}, as no number was given.")
        return DEFAULT_TOP

    @staticmethod
    def _is_series(dimensions: tuple[Dimension, ...]) -> bool:
        return any(d.grain for d in dimensions)

    def _by_what(self) -> SeveralReadings | NotUnderstood:
        """ "top sellers": by which of the metrics that can be counted for them?"""
        head = self.frame.head
        fitting = []
        for metric in self.model.metrics:
            if head and metric.additive:
                try:
                    self.binder.path_to(head, metric_base(metric, self.model), head.words)
                except (NotUnderstood, SeveralReadings):
                    continue
                fitting.append(metric.label or metric.name)
        text = self.frame.text.rstrip("?. ")
        if fitting:
            return SeveralReadings("Ranked by what?", tuple(f"{text} by {label}" for label in fitting[:3]))
        return NotUnderstood("I could not tell by what to rank.")

    def _columns(self, base: str, ranked: FieldRef | None) -> tuple[FieldRef, ...]:
        dataset = self.model.dataset(base)
        if self.frame.columns:
            scope = Scope(base, ())
            asked = [self.binder.place(fields, scope, fields[0].field, "") for fields in self.frame.columns]
            return tuple(dict.fromkeys([*asked, *([ranked] if ranked else [])]))
        names = list(dataset.list_fields) or [f.name for f in dataset.fields if not f.sensitive]
        extra = [ranked.field] if ranked and ranked.field not in names else []
        return tuple(FieldRef((), base, name) for name in [*names, *extra])
