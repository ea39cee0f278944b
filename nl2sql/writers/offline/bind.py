"""Finds for each mention its place in the join graph, seen from a scope, and makes conditions of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Relationship, SemanticModel
from nl2sql.writers.offline.aggregates import split_condition
from nl2sql.writers.offline.expressions import parsed
from nl2sql.writers.offline.frame import (
    CompareAsk,
    FilterAsk,
    Frame,
    NotUnderstood,
    Noun,
    PeriodAsk,
    Restrictor,
    SeveralReadings,
    ValueAsk,
)
from nl2sql.writers.offline.plan import (
    Comparison,
    Condition,
    During,
    Exists,
    FieldRef,
    Named,
    Operator,
    Path,
    RoleHolds,
)
from nl2sql.writers.offline.senses import FieldSense


@dataclass(slots=True)
class Scope:
    """A dataset, where it stands as seen from the plan's base (or the inside of an Exists), and what dates it.

    `spent` are the verbs that led here: they say who did it, and no longer whom a further name means.
    """

    dataset: str
    path: Path
    time: Callable[[], FieldRef] | None = None
    spent: frozenset[str] = frozenset()


class Binder:
    def __init__(self, frame: Frame, model: SemanticModel, graph: JoinGraph) -> None:
        self.frame = frame
        self.model = model
        self.graph = graph
        self.assumptions: list[str] = []

    # -- places ------------------------------------------------------------------------------------------------------

    def choose_field(self, fields: tuple[FieldSense, ...], words: str) -> FieldSense:
        """A word that names fields of several datasets means that of a dataset also mentioned."""
        if len(fields) == 1:
            return fields[0]
        mentioned = [n.dataset for n in self.frame.nouns]
        fitting = [f for f in fields if f.dataset in mentioned]
        # "price" beside "sold" is the price that only sold listings have
        implied = [f for f in fields if self._condition_of(f) in self._filters_said()]
        for narrowed in (fitting, implied):
            if len(narrowed) == 1:
                return narrowed[0]
        raise self._which(words, [self.model.dataset(f.dataset).field(f.field).label or f.field for f in fields])

    def _condition_of(self, sense: FieldSense) -> exp.Expr | None:
        expression = self.model.dataset(sense.dataset).field(sense.field).expression
        return split_condition(parsed(expression))[0]

    def _filters_said(self) -> list[exp.Expr]:
        asks = [*self.frame.loose, *(r for n in self.frame.nouns for r in n.restrictors)]
        said = [s for ask in asks if isinstance(ask, FilterAsk) and not ask.negated for s in ask.senses]
        filters = [(s, f) for s in said for f in self.model.dataset(s.dataset).filters if f.name == s.filter]
        return [parsed(f.expression) for _, f in filters]

    def _which(self, words: str, readings: list[str]) -> SeveralReadings:
        text = self.frame.text.rstrip("?. ")
        choices = tuple(text.replace(words, reading) for reading in dict.fromkeys(readings))
        return SeveralReadings(f"“{words}” can mean several things here. Which one?", choices)

    def place(
        self, fields: tuple[FieldSense, ...], scope: Scope, words: str, role: str = "", *, value: bool = False
    ) -> FieldRef:
        """The field nearest to the scope. Raises SeveralReadings when two are equally near."""
        found: list[FieldRef] = []
        for sense in fields:
            paths = self._role_paths(scope.dataset, role) if role else self.graph.paths(scope.dataset, sense.dataset)
            found += [FieldRef((*scope.path, *path), sense.dataset, sense.field) for path in paths]
        if not found:
            label = self.model.dataset(scope.dataset).label or scope.dataset
            raise NotUnderstood(f"“{words}” is not recorded for {label}.", (words,))
        shortest = min(len(ref.path) for ref in found)
        nearest = [ref for ref in found if len(ref.path) == shortest]
        return nearest[0] if len(nearest) == 1 else self._hinted(nearest, words, scope.spent, value=value)

    def _role_paths(self, start: str, role: str) -> list[Path]:
        return self.graph.via(start, role)

    def _hinted(
        self, refs: list[FieldRef], words: str, spent: frozenset[str] = frozenset(), *, value: bool = False
    ) -> FieldRef:
        """Roles and verbs elsewhere in the question settle which of the equally near places is meant."""
        hints = {*(n.role for n in self.frame.nouns if n.role), *self.frame.verbs} - spent
        fitting = [ref for ref in refs if hints & set(ref.path)]
        if len(fitting) == 1:
            return fitting[0]
        if len({(ref.dataset, ref.field) for ref in refs}) > 1:
            raise self._which(words, [self.model.dataset(r.dataset).field(r.field).label or r.field for r in refs])
        roles = [role.role for ref in refs if (role := self.graph.role_of(ref.path))]
        readings = [f"{words} ({role})" if value else f"{role} {words}" for role in roles]
        raise self._which(words, readings)

    def path_to(self, noun: Noun, base: str, words: str) -> Path:
        paths = self._forward_paths(noun, base)
        if not paths:
            label = self.model.dataset(base).label or base
            raise NotUnderstood(f"I see no way to break {label} down by {words} without counting twice.", (words,))
        if len(paths) == 1:
            return paths[0]
        refs = [FieldRef(path, noun.dataset, "") for path in paths]
        return self._hinted(refs, words).path

    def role_conditions(self, path: Path, base: str) -> list[Condition]:
        """What must hold for the ends of the path to have their roles (a buyer: the listing is sold)."""
        conditions: list[Condition] = []
        for index, name in enumerate(path):
            relationship = self.graph.relationships[name]
            if relationship.condition:
                conditions.append(RoleHolds(path[:index], relationship.source, name))
        return conditions

    def raw(self, relationship: Relationship, base: str) -> list[Condition]:
        return [RoleHolds((), base, relationship.name, member=True)] if relationship.membership else []

    # -- nouns -------------------------------------------------------------------------------------------------------

    def nouns(self, nouns: list[Noun], whole: Scope, own: Noun | None) -> list[Condition]:
        """Conditions of every noun, each seen from the base or, behind a deed, from what the deed was done to."""
        conditions: list[Condition] = []
        inner: list[tuple[Noun, list[Condition], Scope]] = []
        for noun in nouns:
            if noun is own:
                conditions += self._own(noun, whole)
            elif inner and self.graph.paths(inner[-1][0].dataset, noun.dataset) and noun.link in ("plain",):
                conditions_in, scope = inner[-1][1], inner[-1][2]
                conditions_in += self._forward(noun, scope)
            elif noun.link in ("plain", "with") and self._forward_paths(noun, whole.dataset):
                conditions += self._forward(noun, whole)
            else:
                scope = self._inner_scope(noun)
                inner.append((noun, self.bind_all(noun.restrictors, scope), scope))
        for noun, found, _ in inner:
            conditions.append(self._exists(noun, whole, found))
        return conditions

    def _own(self, noun: Noun, whole: Scope) -> list[Condition]:
        conditions: list[Condition] = []
        if noun.key is not None:
            conditions.append(self._key(noun, whole.path))
        if noun.role and noun.dataset == whole.dataset:
            periods = [r for r in noun.restrictors if isinstance(r, PeriodAsk) and not r.fields]
            rest = [r for r in noun.restrictors if r not in periods]
            relationship = self.graph.relationships[noun.role]
            inside: list[Condition] = list(self.raw(relationship, relationship.source))
            inside += self.bind_all(periods, self._role_scope(relationship))
            conditions.append(Exists((f"-{noun.role}",), relationship.source, tuple(inside), count=noun.at_least))
            return conditions + self.bind_all(rest, whole)
        return conditions + self.bind_all(noun.restrictors, whole)

    def _role_scope(self, relationship: Relationship) -> Scope:
        name = relationship.time_field or self.model.dataset(relationship.source).time_field
        return Scope(relationship.source, (), lambda: FieldRef((), relationship.source, name))

    def _key(self, noun: Noun, path: Path) -> Condition:
        dataset = self.model.dataset(noun.dataset)
        if len(dataset.primary_key) != 1 or noun.key is None or noun.key != int(noun.key):
            raise NotUnderstood(f"I do not know which {noun.words} is meant.", (noun.words,))
        return Comparison(FieldRef(path, noun.dataset, dataset.primary_key[0]), "=", (str(int(noun.key)),))

    def _forward_paths(self, noun: Noun, start: str) -> list[Path]:
        return self.graph.via(start, noun.role) if noun.role else self.graph.paths(start, noun.dataset)

    def _forward(self, noun: Noun, scope: Scope) -> list[Condition]:
        """A noun on the one side: what restricts it restricts the rows that point to it."""
        bare = not noun.restrictors and noun.key is None and not noun.role
        if bare:
            return []
        path = self.path_to(noun, scope.dataset, noun.words)
        conditions = self.role_conditions(path, scope.dataset)
        there = Scope(noun.dataset, (*scope.path, *path), scope.time)
        if noun.key is not None:
            conditions.append(self._key(noun, there.path))
        for ask in noun.restrictors:
            near = scope if isinstance(ask, PeriodAsk) and not ask.fields else there
            conditions += self._bind_near(ask, near, scope)
        return conditions

    def _bind_near(self, ask: Restrictor, near: Scope, fallback: Scope) -> list[Condition]:
        try:
            return self.bind(ask, near)
        except NotUnderstood:
            if near is fallback:
                raise
            return self.bind(ask, fallback)

    def _inner_scope(self, noun: Noun) -> Scope:
        dataset = self.model.dataset(noun.dataset)
        dated = [t for r in noun.restrictors if isinstance(r, FilterAsk) and (t := self.filter_time(r, noun.dataset))]
        roles = [t for v in noun.verbs if (t := self._verb_time(v, noun.dataset))]
        name = (dated or roles or [dataset.time_field])[0]

        def time() -> FieldRef:
            if not name:
                raise NotUnderstood(f"There is no date on {dataset.label or dataset.name}.", (noun.words,))
            return FieldRef((), noun.dataset, name)

        return Scope(noun.dataset, (), time, frozenset(noun.verbs))

    def _verb_time(self, verb: str, dataset: str) -> str:
        relationship = self.graph.relationships[verb]
        return relationship.time_field if relationship.source == dataset else ""

    def _exists(self, noun: Noun, whole: Scope, inside: list[Condition]) -> Exists:
        """A noun on the many side: asked by existence, so that nothing is multiplied."""
        if noun.role:
            raise NotUnderstood(f"I do not know how “{noun.words}” belongs to the rest.", (noun.words,))
        paths = self.graph.paths(noun.dataset, whole.dataset)
        if not paths:
            label = self.model.dataset(whole.dataset).label or whole.dataset
            raise NotUnderstood(f"I do not know how {noun.words} belong to {label}.", (noun.words,))
        path = self._relation(noun, paths, whole.dataset)
        conditions = [*self.role_conditions(path, noun.dataset), *inside]
        negated, operator, count = noun.link == "without", noun.operator, noun.count
        if noun.link == "count" and (operator in ("<", "<=") or (operator == "=" and count == 0)):
            # "fewer than 5" includes none at all: the opposite is what can be asked by existence
            negated, operator, count = True, ">=" if operator == "<" else ">", count
            operator, count = (">=", 1) if noun.operator == "=" else (operator, count)
        backwards = tuple(f"-{name}" for name in reversed(path))
        return Exists(backwards, noun.dataset, tuple(conditions), negated, operator, count)

    def _relation(self, noun: Noun, paths: list[Path], base: str) -> Path:
        """Of several ways to belong, the one a verb names; else the model's first, and it is said."""
        verbs = {*noun.verbs, *self.frame.verbs}
        named = [p for p in paths if verbs & set(p)]
        if len(named) == 1 or len(paths) == 1:
            return (named or paths)[0]
        head = self.frame.head
        if head is not None and head.role:
            own = [p for p in paths if head.role in p]
            if len(own) == 1:
                return own[0]
        role = self.graph.role_of(paths[0])
        self.assumptions.append(f"“{noun.words}” counted for the {role.role if role else base}.")
        return paths[0]

    # -- restrictors -------------------------------------------------------------------------------------------------

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

    def _value(self, ask: ValueAsk, scope: Scope) -> list[Condition]:
        fields = tuple(FieldSense(s.dataset, s.field) for s in ask.senses)
        ref = self.place(fields, scope, ask.words, value=True)
        sense = next(s for s in ask.senses if (s.dataset, s.field) == (ref.dataset, ref.field))
        values = (sense.value, *ask.values[1:]) if len(ask.values) > 1 else (sense.value,)
        several = len(values) > 1
        operator: Operator = ("not in" if several else "<>") if ask.negated else ("in" if several else "=")
        return [*self.role_conditions(ref.path, scope.dataset), Comparison(ref, operator, values)]

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
        for sense in ask.fields:
            paths = self.graph.paths(scope.dataset, sense.dataset)
            if paths:
                return During(FieldRef((*scope.path, *paths[0]), sense.dataset, sense.field), ask.period)
        if scope.time is None:
            raise NotUnderstood(f"I do not know which date “{ask.period.words}” refers to.")
        return During(scope.time(), ask.period)
