"""What restricts rows: values, business adjectives, bounds and periods become conditions."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from nl2sql.plan.base import (
    AllOf,
    Comparison,
    Condition,
    During,
    FieldRef,
    Named,
    Negation,
    Operator,
)
from nl2sql.writers.offline.frame import (
    CompareAsk,
    EitherAsk,
    FilterAsk,
    MadeAsk,
    NotUnderstood,
    PeriodAsk,
    Restrictor,
    ValueAsk,
)
from nl2sql.writers.offline.places import Places
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import FieldSense


class Restricting(Places):
    def bind_all(self, asks: Sequence[Restrictor], scope: Scope) -> list[Condition]:
        return [condition for ask in asks for condition in self.bind(ask, scope)]

    def bind(self, ask: Restrictor, scope: Scope) -> list[Condition]:
        match ask:
            case ValueAsk():
                return self._value(ask, scope)
            case FilterAsk():
                return [self._filter(ask, scope)]
            case CompareAsk():
                return [self._compare(ask, scope)]
            case PeriodAsk():
                return [self._period(ask, scope)]
            case MadeAsk():
                made = ask.sense.bind(self, scope)
                return [Negation(AllOf(tuple(made)))] if ask.negated else made
            case EitherAsk():
                raise NotUnderstood("I could not tell what “or” joins.", ("or",))

    def _value(self, ask: ValueAsk, scope: Scope) -> list[Condition]:
        fields = tuple(FieldSense(s.dataset, s.field) for s in ask.senses)
        ref = self.place(fields, scope, ask.words, value=True, said=ask.said if self._is_name(ask) else "")
        sense = next(s for s in ask.senses if (s.dataset, s.field) == (ref.dataset, ref.field))
        values = (sense.value, *ask.values[1:]) if len(ask.values) > 1 else (sense.value,)
        several = len(values) > 1
        operator: Operator = ("not in" if several else "<>") if ask.negated else ("in" if several else "=")
        return [*self.role_conditions(ref.path, scope.dataset), Comparison(ref, operator, values)]

    def _is_name(self, ask: ValueAsk) -> bool:
        """The name of somebody, rather than something said of somebody ("Germany")."""
        return all(self.model.dataset(s.dataset).label_field == s.field for s in ask.senses)

    def _filter(self, ask: FilterAsk, scope: Scope) -> Condition:
        for sense in ask.senses:
            paths = self.graph.paths(scope.dataset, sense.dataset)
            if paths:
                return Named((*scope.path, *paths[0]), sense.dataset, sense.filter, ask.negated)
        label = self.model.dataset(scope.dataset).label or scope.dataset
        raise NotUnderstood(f"I do not know what “{ask.words}” means for {label}.", (ask.words,))

    def filter_time(self, ask: FilterAsk, base: str) -> str:
        for sense in ask.senses:
            if sense.dataset == base:
                named = next(f for f in self.model.dataset(base).filters if f.name == sense.filter)
                return named.time_field
        return ""

    def _compare(self, ask: CompareAsk, scope: Scope) -> Condition:
        fields = ask.fields
        if not fields:
            amount = self.model.dataset(scope.dataset).amount_field
            if not amount:
                raise NotUnderstood(f"I do not know what “{ask.words}” refers to.", (ask.words,))
            fields = (FieldSense(scope.dataset, amount),)
        ref = self.place(fields, scope, ask.words, ask.role)
        field = self.model.dataset(ref.dataset).field(ref.field)
        if ask.values and not field.datatype.is_number:
            raise NotUnderstood(f"{field.label or field.name} is not a number.", (ask.words,))
        if ask.unit in ("USD", "GBP"):
            raise NotUnderstood("All amounts here are in EUR; please give the number in EUR.", (ask.words,))
        scale = Decimal(100) if ask.unit == "%" else Decimal(1)
        return Comparison(ref, ask.operator, tuple(f"{value / scale:f}" for value in ask.values))

    def _period(self, ask: PeriodAsk, scope: Scope) -> Condition:
        found = [(p, s) for s in ask.fields for p in self.graph.paths(scope.dataset, s.dataset)]
        if found:
            path, sense = min(found, key=lambda each: len(each[0]))
            return During(FieldRef((*scope.path, *path), sense.dataset, sense.field), ask.period)
        if ask.words:
            raise NotUnderstood(f"I do not know what “{ask.words} {ask.period.words}” dates here.", (ask.words,))
        if scope.time is None:
            raise NotUnderstood(f"I do not know which date “{ask.period.words}” refers to.")
        return During(scope.time(), ask.period)
