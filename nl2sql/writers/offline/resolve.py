"""Frame → QueryPlan: every mention finds its place in the join graph, or the question is not answered.

A mention with two places of equal distance (the country of the seller or of the buyer) is asked back, not guessed.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import (
    Derived,
    Dimension,
    During,
    FieldRef,
    Having,
    Measure,
    QueryPlan,
    RoleHolds,
)
from nl2sql.plan.periods import Period
from nl2sql.plan.walk import first_field, paths_of, walked_by
from nl2sql.writers.offline.frame import (
    FilterAsk,
    Frame,
    NotUnderstood,
    Noun,
    SeveralReadings,
)
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.settling import Settling


def share_name(measure: str) -> str:
    return f"share_of_{measure.removeprefix('number_of_')}"


def resolve(frame: Frame, model: SemanticModel, graph: JoinGraph) -> QueryPlan:
    return _Resolver(frame, model, graph).plan()


class _Resolver(Settling):
    def plan(self) -> QueryPlan:
        frame = self.frame
        self._settle_kind()
        self._settle_bounds()
        having_noun = self._threshold()
        base = self._base(having_noun)
        self.scope = Scope(base, ())
        ranked_field = self._ranked_field(base)
        measures = () if ranked_field else self._measures(base, having_noun)
        if measures and frame.shown:
            words = ", ".join(ask.words for ask in frame.shown)
            raise NotUnderstood(f"I can show {words} only beside a list.", tuple(ask.words for ask in frame.shown))
        dimensions = self._dimensions(base, measures, having_noun)
        self._conditions(base, having_noun)
        derived: tuple[Derived, ...] = ()
        if frame.share:
            measures, derived = self._share(measures, dimensions)
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
            derived=derived,
            columns=self._columns(base, ranked_field or (first_field(order.field) if order and frame.when else None))
            if not measures
            else (),
            distinct=bool(frame.columns) and not frame.shown and not measures and order is None,
            assumptions=tuple(dict.fromkeys([*self.binder.assumptions, *self.assumptions])),
        )

    def _threshold(self) -> Noun | None:
        """ "sellers with more than 10 sales": the noun that is counted for each of what is listed."""
        frame = self.frame
        counts = [n for n in frame.nouns if n.link == "count"]
        listing = frame.head is not None and not frame.counted and not frame.measures and not self.bounds
        listing = listing and not frame.shown and not (frame.columns and not frame.of_columns)
        if (
            listing
            and len(counts) == 1
            and counts[0].operator in (">", ">=", "=")
            and counts[0].count > 0
            and counts[0].up_to is None
        ):
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
        for each in self.bounds:
            self.conditions.extend(self._bound_metric(*each))
        self.conditions.extend(self.binder.nouns([*nouns, *grouped], whole, self._own_noun(base, having_noun)))

    def _deeds(self, base: str, dimensions: tuple[Dimension, ...]) -> None:
        """A verb that led nowhere ("items bought") at least says that its condition holds; else it was not read."""
        walked = {name for d in dimensions for path in paths_of(d.field) for name in path} | walked_by(self.conditions)
        walked |= self.binder.led_through
        for words, verbs in self.frame.deeds:
            holding = [r for v in verbs if (r := self.graph.relationships[v]).source == base and r.condition]
            if not holding and walked & set(verbs):
                continue
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

    def _share(
        self, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]
    ) -> tuple[tuple[Measure, ...], tuple[Derived, ...]]:
        frame = self.frame
        if len(measures) != 1:
            raise NotUnderstood("I can take a share of one thing at a time.")
        if not frame.part and not frame.part_nouns:
            if len(dimensions) > 1:
                raise NotUnderstood("I can take a share of the total by one thing at a time.")
            self._refuse_share_of_few()
            if not dimensions:
                raise NotUnderstood("A share of what, exactly? I could not tell the part from the whole.")
            return measures, (Derived(share_name(measures[0].name), "share", measures[0].name),)
        ref = first_field(measures[0].field)
        whole = Scope(ref.dataset if ref else self.scope.dataset, (), self.time_ref)
        part = [*self.binder.bind_all(frame.part, whole), *self.binder.nouns(frame.part_nouns, whole, None)]
        if not part:
            raise NotUnderstood("A share of what, exactly? I could not tell the part from the whole.")
        whole_measure = replace(measures[0], hidden=True)
        part_measure = replace(whole_measure, name=f"part_of_{measures[0].name}", conditions=tuple(part))
        share = Derived(share_name(measures[0].name), "ratio", part_measure.name, whole_measure.name)
        return (part_measure, whole_measure), (share,)

    def _refuse_share_of_few(self) -> None:
        """ "share of late orders by shop": late ones among the shop's orders, or the shop's among all late ones?"""
        for noun in self.frame.nouns:
            for ask in noun.restrictors:
                said = f"{ask.words} {noun.words}" if isinstance(ask, FilterAsk) else ""
                if said and said in self.frame.text:
                    rate = self.frame.text.replace(said, f"{noun.words} that are {ask.words}")
                    raise SeveralReadings(f"“{said}”: a share of which whole?", (rate,))

    def _having(self, having_noun: Noun | None) -> tuple[Having, ...]:
        if having_noun is not None:
            return (Having(having_noun.operator, str(having_noun.count)),)
        if self.frame.having is None:
            return ()
        operator, value, unit = self.frame.having
        if len(self.frame.measures) != 1 and not (self.frame.counted and not self.frame.measures):
            raise NotUnderstood("I could not tell which of the measures is to be compared.")
        if not (self.frame.groups or self.frame.head):
            raise NotUnderstood("I could not tell for what that bound holds.")
        if unit == "%":
            value = value / Decimal(100)
        lower = Having(operator, f"{value:f}")
        if self.frame.having_to is None:
            return (lower,)
        to = self.frame.having_to / Decimal(100) if unit == "%" else self.frame.having_to
        return (lower, Having("<=", f"{to:f}"))

    # -- in which order ----------------------------------------------------------------------------------------------
