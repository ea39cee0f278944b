"""Finds for each mention its place in the join graph, seen from a scope, and makes conditions of it."""

from __future__ import annotations

from collections.abc import Sequence

from nl2sql.catalog.model import Relationship
from nl2sql.writers.offline.frame import (
    CompareAsk,
    FilterAsk,
    NotUnderstood,
    Noun,
    PeriodAsk,
    Restrictor,
    SeveralReadings,
    ValueAsk,
)
from nl2sql.writers.offline.places import Scope
from nl2sql.writers.offline.plan import (
    Comparison,
    Condition,
    Exists,
    FieldRef,
    Path,
)
from nl2sql.writers.offline.restricting import Restricting


class Binder(Restricting):
    # -- places ------------------------------------------------------------------------------------------------------

    # -- nouns -------------------------------------------------------------------------------------------------------

    def nouns(self, nouns: list[Noun], whole: Scope, own: Noun | None) -> list[Condition]:
        """Conditions of every noun, each seen from the base or, behind a deed, from what the deed was done to."""
        conditions: list[Condition] = []
        inner: list[tuple[Noun, list[Condition], Scope]] = []
        for noun in nouns:
            if own is not None and noun is not own and self._repeats(noun, own):
                raise NotUnderstood(f"I do not know why “{noun.words}” is said twice.", (noun.words,))
            if noun is own:
                conditions += self._own(noun, whole, [n for n in nouns if self._says_which_role(n, own)])
            elif own is not None and self._says_which_role(noun, own):
                continue
            elif inner and self.graph.paths(inner[-1][0].dataset, noun.dataset) and noun.link in ("plain",):
                conditions_in, scope = inner[-1][1], inner[-1][2]
                conditions_in += self._forward(noun, scope)
            elif noun.link in ("plain", "with") and self._forward_paths(noun, whole.dataset):
                conditions += self._forward(noun, whole)
            else:
                if inner and not noun.apart and self.graph.paths(noun.dataset, inner[-1][0].dataset):
                    before = inner[-1][0].words
                    raise NotUnderstood(
                        f"I cannot tell whose “{noun.words}” is meant, beside “{before}”.", (noun.words,)
                    )
                scope = self._inner_scope(noun)
                inner.append((noun, self._inside(noun, scope), scope))
        for noun, found, _ in inner:
            conditions.append(self._exists(noun, whole, found))
        return conditions

    def _repeats(self, noun: Noun, own: Noun) -> bool:
        bare = not noun.restrictors and noun.key is None and not noun.role and noun.link == "plain"
        grouped = any(g.noun is noun for g in self.frame.groups)
        return bare and not grouped and noun.dataset == own.dataset and not own.role and not noun.verbs

    def _says_which_role(self, noun: Noun, own: Noun | None) -> bool:
        """ "the seller of listing 42", "bidders of active listings": the noun narrows the rows that make the role."""
        if own is None or noun is own or not own.role or noun.role or noun.link != "plain" or noun.verbs:
            return False
        relationship = self.graph.relationships[own.role]
        if relationship.target != own.dataset or not (noun.key is not None or noun.restrictors):
            return False
        return bool(self.graph.paths(relationship.source, noun.dataset))

    def _inside(self, noun: Noun, scope: Scope) -> list[Condition]:
        """What restricts the rows of a noun that is asked by existence."""
        for ask in noun.restrictors:
            if isinstance(ask, ValueAsk) and ask.joint and not ask.negated:
                choice = self.frame.text.replace(ask.joint, ask.words)
                raise SeveralReadings(f"“{ask.joint}”: I can read this as either of them.", (choice,))
        key = [self._key(noun, scope.path)] if noun.key is not None else []
        return key + self.bind_all(noun.restrictors, scope)

    def _own(self, noun: Noun, whole: Scope, told: Sequence[Noun] = ()) -> list[Condition]:
        conditions: list[Condition] = []
        if noun.key is not None:
            conditions.append(self._key(noun, whole.path))
        if noun.role and noun.dataset == whole.dataset:
            periods = [r for r in noun.restrictors if isinstance(r, PeriodAsk) and not r.fields]
            rest = [r for r in noun.restrictors if r not in periods]
            relationship = self.graph.relationships[noun.role]
            inside: list[Condition] = list(self.raw(relationship, relationship.source))
            scope = self._role_scope(relationship)
            inside += self.bind_all(periods, scope)
            for each in told:
                inside += self._inside(each, scope) if each.dataset == scope.dataset else self._forward(each, scope)
            for ask in rest:
                try:
                    conditions += self.bind(ask, whole)
                except NotUnderstood:  # "buyers in Art": said of what they bought
                    if isinstance(ask, CompareAsk):
                        raise
                    inside += self.bind(ask, scope)
            conditions.append(Exists((f"-{noun.role}",), relationship.source, tuple(inside), count=noun.at_least))
            return conditions
        return conditions + self.bind_all(noun.restrictors, whole)

    def _role_scope(self, relationship: Relationship) -> Scope:
        name = relationship.time_field or self.model.dataset(relationship.source).time_field
        return Scope(relationship.source, (), lambda: FieldRef((), relationship.source, name))

    def _key(self, noun: Noun, path: Path) -> Condition:
        dataset = self.model.dataset(noun.dataset)
        if len(dataset.primary_key) != 1 or noun.key is None or noun.key != int(noun.key):
            raise NotUnderstood(f"I do not know which {noun.words} is meant.", (noun.words,))
        return Comparison(FieldRef(path, noun.dataset, dataset.primary_key[0]), "=", (str(int(noun.key)),))

    def _forward(self, noun: Noun, scope: Scope) -> list[Condition]:
        """A noun on the one side: what restricts it restricts the rows that point to it."""
        bare = not noun.restrictors and noun.key is None and not noun.role
        if noun.link == "with" and not noun.restrictors and noun.key is None:
            raise NotUnderstood(f"Each has {noun.words} here; I do not know what “with” is to say.", (noun.words,))
        if bare:
            return []
        path = self.path_to(noun, scope.dataset, noun.words)
        self._refuse_far_role(noun, path, scope.dataset)
        conditions = self.role_conditions(path, scope.dataset)
        there = Scope(noun.dataset, (*scope.path, *path), scope.time)
        if noun.key is not None:
            conditions.append(self._key(noun, there.path))
        for ask in noun.restrictors:
            near = scope if isinstance(ask, PeriodAsk) and not ask.fields else there
            conditions += self._bind_near(ask, near, scope)
        return conditions

    def _refuse_far_role(self, noun: Noun, path: Path, start: str) -> None:
        """ "comments of sellers": did sellers write them, or were they written below what sellers offer?"""
        direct = [r for r in self.graph.relationships.values() if r.source == start and r.target == noun.dataset]
        between = [self.graph.relationships[name].target for name in path[:-1]]
        mentioned = {n.dataset for n in self.frame.nouns}
        if noun.role and between and direct and not set(between) & mentioned and not self.measures_a_metric:
            label = self.model.dataset(start).label or start
            raise NotUnderstood(f"I do not know how “{noun.words}” belong to {label} here.", (noun.words,))

    def _bind_near(self, ask: Restrictor, near: Scope, fallback: Scope) -> list[Condition]:
        try:
            return self.bind(ask, near)
        except NotUnderstood:
            if near is fallback or (isinstance(ask, CompareAsk) and not ask.fields):
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
        if not paths or paths == [()]:
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
        roles = [role.role for p in paths if (role := self.graph.role_of(p))]
        choices = [self.frame.text.replace(noun.words, f"{noun.words} as {role}") for role in dict.fromkeys(roles)]
        raise SeveralReadings(f"“{noun.words}”: as what?", tuple(choices))

    # -- restrictors -------------------------------------------------------------------------------------------------
