"""Frame → QueryPlan: every mention finds its place in the join graph, or the question is not answered.

A mention with two places of equal distance (the country of the seller or of the buyer) is asked back, not guessed.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.writers.offline.frame import (
    FilterAsk,
    Frame,
    GroupAsk,
    NotUnderstood,
    Noun,
    SeveralReadings,
)
from nl2sql.writers.offline.periods import Period
from nl2sql.writers.offline.places import Scope
from nl2sql.writers.offline.plan import (
    Comparison,
    Condition,
    Dimension,
    During,
    Exists,
    FieldRef,
    Having,
    Measure,
    QueryPlan,
    RoleHolds,
)
from nl2sql.writers.offline.ranking import Ranking


def resolve(frame: Frame, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    return _Resolver(frame, model, graph).plan()


def walked_by(conditions: Iterable[Condition]) -> set[str]:
    """The relationships that the conditions walk, in either direction."""
    walked: set[str] = set()
    for condition in conditions:
        path = condition.field.path if isinstance(condition, Comparison | During) else condition.path
        walked |= {name.removeprefix("-") for name in path}
        if isinstance(condition, Exists):
            walked |= walked_by(condition.conditions)
    return walked


class _Resolver(Ranking):
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
        self._not_empty_moments(measures, dimensions)
        return QueryPlan(
            base=base,
            measures=measures,
            dimensions=dimensions,
            conditions=tuple(dict.fromkeys(self.conditions)),
            having=self._having(having_noun),
            order=order,
            limit=limit,
            share=("of_total" if not (frame.part or frame.part_nouns) else "part") if frame.share else "",
            columns=self._columns(base, ranked_field or (order.field if order and frame.when else None))
            if not measures
            else (),
            distinct=bool(frame.columns) and not measures and order is None,
            assumptions=tuple(dict.fromkeys([*self.binder.assumptions, *self.assumptions])),
        )

    # -- what is asked for -------------------------------------------------------------------------------------------

    def _settle_kind(self) -> None:
        frame = self.frame
        if frame.head is None and not frame.measures:
            if frame.nouns and frame.nouns[0].link == "plain":
                frame.head = frame.nouns[0]
            elif frame.columns:
                frame.head = Noun(frame.columns[0][0].dataset, frame.columns[0][0].field)
                frame.nouns.append(frame.head)
            else:
                raise NotUnderstood("I could not tell what you want to see.")
        if not frame.measures and frame.head and (frame.groups or frame.share):
            if frame.rank is not None and frame.rank.by == "measure" and not frame.rank.all:
                raise self._by_what()  # "top sellers by country": that is no measure
            frame.counted = True
        if frame.counted and frame.columns:
            raise NotUnderstood("I can either count or list, not both at once.")
        if frame.measures and frame.columns:  # "which country has the most users"
            if frame.rank is None and frame.having is None:
                words = ", ".join(m.words for m in frame.measures)
                raise NotUnderstood(f"I can either list columns or compute {words}, not both at once.")
            frame.groups = [*(GroupAsk(f[0].field, f) for f in frame.columns), *frame.groups]
            frame.columns = []
        if frame.measures and frame.when:
            raise NotUnderstood("I cannot tell the moment of a number.", ("when",))
        if len([g for g in frame.groups if g.grain]) > 1:
            raise NotUnderstood("I can only use one length of time at once.", tuple(g.words for g in frame.groups))
        self._settle_people()

    def _settle_people(self) -> None:
        """ "who" must have led to somebody."""
        frame = self.frame
        people = {r.target for r in self.model.relationships if r.role}
        is_thing = frame.head is not None and frame.head.dataset not in people
        if frame.people and (is_thing or (frame.head is None and frame.measures)):
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

    # -- by what -----------------------------------------------------------------------------------------------------

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
            self._refuse_share_of_few()
            if not dimensions:
                raise NotUnderstood("A share of what, exactly? I could not tell the part from the whole.")
            return measures
        whole = Scope(measures[0].field.dataset if measures[0].field else self.scope.dataset, (), self.time_ref)
        part = [*self.binder.bind_all(frame.part, whole), *self.binder.nouns(frame.part_nouns, whole, None)]
        first = measures[0]
        return (Measure(first.kind, first.name, first.function, first.field, first.metric, tuple(part)),)

    def _refuse_share_of_few(self) -> None:
        """ "share of late orders by shop": late ones among the shop's orders, or the shop's among all late ones?"""
        for noun in self.frame.nouns:
            for ask in noun.restrictors:
                said = f"{ask.words} {noun.words}" if isinstance(ask, FilterAsk) else ""
                if said and said in self.frame.text:
                    rate = self.frame.text.replace(said, f"{noun.words} that are {ask.words}")
                    raise SeveralReadings(f"“{said}”: a share of which whole?", (rate,))

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
