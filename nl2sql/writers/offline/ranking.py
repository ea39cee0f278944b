"""In which order, how many, and which columns."""

from __future__ import annotations

from nl2sql.writers.offline.frame import (
    NotUnderstood,
    Noun,
    SeveralReadings,
)
from nl2sql.writers.offline.grouping import Grouping
from nl2sql.writers.offline.measuring import metric_base
from nl2sql.writers.offline.places import Scope
from nl2sql.writers.offline.plan import (
    Dimension,
    FieldRef,
    Measure,
    Order,
)
from nl2sql.writers.offline.tokens import singular

# People who ask for "the top sellers" look at one screen.
DEFAULT_TOP = 10


class Ranking(Grouping):
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
            if rank.by == "amount" and not rank.dear:
                self.assumptions.append(f"Ranked by {dataset.field(name).label or name}.")
        if ranked is None and not measures:
            raise self._by_what()
        if measures and (not dimensions or rank.by != "measure"):
            raise NotUnderstood("I could not tell what is to be ranked.")
        if len(dimensions) > 1:
            raise NotUnderstood("I cannot yet rank within groups.")
        return Order(rank.descending, ranked), None if rank.all else self._limit(rank.number, head)

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
        if self.frame.when and not self.frame.columns:
            if ranked is None or not dataset.field(ranked.field).is_time:
                raise NotUnderstood("I could not tell which moment is meant.", ("when",))
            return (ranked,)
        if self.frame.columns:
            scope = Scope(base, ())
            asked = [self.binder.place(fields, scope, fields[0].field, "") for fields in self.frame.columns]
            return tuple(dict.fromkeys([*asked, *([ranked] if ranked else [])]))
        names = list(dataset.list_fields) or [f.name for f in dataset.fields if not f.sensitive]
        extra = [ranked.field] if ranked and ranked.field not in names else []
        return tuple(FieldRef((), base, name) for name in [*names, *extra])
