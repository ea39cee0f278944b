"""In which order, how many, and which columns."""

from __future__ import annotations

from nl2sql.plan.base import (
    Column,
    Dimension,
    FieldRef,
    Measure,
    Order,
    Part,
)
from nl2sql.plan.compile.expressions import parsed
from nl2sql.plan.names import metric_base
from nl2sql.writers.offline.frame import (
    ColumnAsk,
    FilterAsk,
    NotUnderstood,
    Noun,
    SeveralReadings,
)
from nl2sql.writers.offline.grouping import Grouping
from nl2sql.writers.offline.read_columns import refuse_hidden_rows
from nl2sql.writers.offline.scope import Scope
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
        if self.frame.order_by is not None and self.frame.order_by.noun is not None:
            counted = self.binder.related_count(self.frame.order_by.noun, Scope(base, ()))
            return Order(rank.descending, counted), None
        if self.frame.sorted_by:
            return Order(rank.descending, FieldRef((), base, self.frame.sorted_by[0].field)), None
        if rank.by in ("amount", "time") and not measures:
            name = dataset.amount_field if rank.by == "amount" else self._time_name(base, ())
            if not name:
                raise NotUnderstood(f"I do not know by what to order {head.words if head else base}.")
            ranked = FieldRef((), base, name)
            if rank.by == "amount" and not rank.dear:
                self.assumptions.append(f"Ranked by {dataset.field(name).label or name}.")
        if ranked is None and not measures and rank.all and dataset.amount_field:
            ranked = FieldRef((), base, dataset.amount_field)  # "bids, highest first"
            self.assumptions.append(f"Ordered by {dataset.field(dataset.amount_field).label or dataset.amount_field}.")
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
        words = (head.words if head else self.frame.ranked_words).lower().split()[-1:] or [""]
        if not words[0] or (singular(words[0]) == words[0] and words[0] != "people"):
            return 1
        self.assumptions.append(f"Top {DEFAULT_TOP}, as no number was given.")
        return DEFAULT_TOP

    @staticmethod
    def _is_series(dimensions: tuple[Dimension, ...]) -> bool:
        return any(d.grain or d.width is not None or isinstance(d.field, Part) for d in dimensions)

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

    def _columns(self, base: str, ranked: FieldRef | None) -> tuple[Column, ...]:
        dataset = self.model.dataset(base)
        if self.frame.when and not self.frame.columns and ranked is None:
            ranked = self._moment_of_state(base)
        if self.frame.when and not self.frame.columns:
            if ranked is None or not dataset.field(ranked.field).is_time:
                raise NotUnderstood("I could not tell which moment is meant.", ("when",))
            return self._named_columns((ranked,))
        if self.frame.shown:
            return self._shown(base, ranked)
        if self.frame.columns:
            scope = Scope(base, ())
            asked = [self.binder.place(fields, scope, fields[0].field, "") for fields in self.frame.columns]
            return self._named_columns(tuple(dict.fromkeys([*asked, *([ranked] if ranked else [])])))
        names = list(dataset.list_fields) or [f.name for f in dataset.fields if not f.sensitive]
        extra = [ranked.field] if ranked and ranked.field not in names else []
        return self._named_columns(tuple(FieldRef((), base, name) for name in [*names, *extra]))

    def _moment_of_state(self, base: str) -> FieldRef | None:
        """ "when was listing 42 sold": the date of being sold."""
        asks = [ask for ask in self._all_restrictors() if isinstance(ask, FilterAsk) and not ask.negated]
        dated = {name for ask in asks if (name := self.binder.filter_time(ask, base))}
        return FieldRef((), base, dated.pop()) if len(dated) == 1 else None

    def _shown(self, base: str, ranked: FieldRef | None) -> tuple[Column, ...]:
        """What names each row, then what was asked for beside it, then what orders them."""
        dataset, scope = self.model.dataset(base), Scope(base, ())
        own = [self.binder.place(fields, scope, fields[0].field) for fields in self.frame.columns]
        label = [name for name in (dataset.label_field or dataset.amount_field,) if name]
        names = list(dict.fromkeys([*dataset.primary_key, *label]))
        columns = list(self._named_columns(tuple(own or (FieldRef((), base, name) for name in names))))
        for ask in self.frame.shown:
            columns.append(self._beside(ask, base, scope))
        columns += self._named_columns((ranked,)) if ranked else ()
        by_value = {column.value: column for column in reversed(columns)}
        return tuple(column for column in columns if by_value[column.value] is column)

    def _beside(self, ask: ColumnAsk, base: str, scope: Scope) -> Column:
        if ask.counted and ask.noun is not None:
            name = "_".join(["number", "of", *ask.words.lower().replace("-", " ").split()])
            return Column(name, self.binder.related_count(ask.noun, scope))
        if ask.noun is None:
            own = tuple(f for f in ask.fields if f.dataset == base) or ask.fields
            fields = (
                (self.binder.choose_field(own, ask.words),)
                if not ask.role and len({f.dataset for f in own}) == 1
                else own
            )
            ref = self.binder.place(fields, scope, ask.words, ask.role)
            return self._named_columns((ref,))[0]
        path = self.binder.path_to(ask.noun, base, ask.words)
        label = self.model.dataset(ask.noun.dataset).label_field
        held = {parsed(r.condition) for r in (self.graph.relationships[name] for name in path) if r.condition}
        refuse_hidden_rows(ask, held <= set(self.binder.filters_said()))
        if not label:
            raise NotUnderstood(f"I do not know how to name single {ask.words}.", (ask.words,))
        return Column("_".join(singular(ask.words.lower()).split()), FieldRef(path, ask.noun.dataset, label))

    def _named_columns(self, refs: tuple[FieldRef, ...]) -> tuple[Column, ...]:
        """A field of the base keeps its name; one further away is named by its role or dataset as well."""
        return tuple(Column(ref.field if not ref.path else f"{self._stem(ref)}_{ref.field}", ref) for ref in refs)

    def _stem(self, ref: FieldRef) -> str:
        last = self.graph.relationships[ref.path[-1]]
        return "_".join(last.role.split()) or last.target
