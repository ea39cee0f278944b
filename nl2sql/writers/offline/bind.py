"""Finds for each mention its place in the join graph, seen from a scope, and makes conditions of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nl2sql.catalog.model import Metric, Relationship
from nl2sql.plan.base import (
    AllOf,
    AnyOf,
    Comparison,
    Condition,
    Exists,
    FieldRef,
    Path,
    Related,
)
from nl2sql.writers.offline.frame import (
    CompareAsk,
    EitherAsk,
    FilterAsk,
    NotUnderstood,
    Noun,
    PeriodAsk,
    Restrictor,
    SeveralReadings,
    ValueAsk,
)
from nl2sql.writers.offline.restricting import Restricting
from nl2sql.writers.offline.scope import Scope


def backwards(path: Path) -> Path:
    return tuple(f"-{name}" for name in reversed(path))


def replace_path(scope: Scope, dataset: str, path: Path) -> Scope:
    """What a step leads to; a period still dates what it starts from."""
    return Scope(dataset, (*scope.path, *path), scope.time, scope.spent)


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
            elif own is not None and own.dataset == whole.dataset and self._says_which_role(noun, own):
                continue
            elif noun.link == "count" and (found := self._through(noun, whole, inner)):
                conditions += found
            elif noun.each_once:
                raise NotUnderstood(f"I cannot tell which {noun.words} are to be counted once each.", (noun.words,))
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
                for each in self._one_by_one(noun):
                    scope = self._inner_scope(each)
                    inner.append((each, self._inside(each, scope), scope))
        for noun, found, _ in inner:
            conditions += self._exists(noun, whole, found)
        return conditions

    def bind(self, ask: Restrictor, scope: Scope) -> list[Condition]:
        if not isinstance(ask, EitherAsk):
            return super().bind(ask, scope)
        options: list[Condition] = []
        for each in ask.options:
            found = self.nouns([each], scope, None) if isinstance(each, Noun) else super().bind(each, scope)
            if not found:
                raise NotUnderstood("I could not tell what “or” joins.", ("or",))
            options.append(found[0] if len(found) == 1 else AllOf(tuple(found)))
        return [AnyOf(tuple(options))]

    def _one_by_one(self, noun: Noun) -> list[Noun]:
        """ "bought both phones and laptops": once for each of them."""
        both = [r for r in noun.restrictors if isinstance(r, ValueAsk) and r.both and r.joint]
        if len(both) != 1 or noun.link not in ("with", "plain") or both[0].negated:
            return [noun]
        rest = [r for r in noun.restrictors if r is not both[0]]
        senses = both[0].senses
        single = [
            ValueAsk(tuple(replace(s, value=value) for s in senses), (value,), both[0].words)
            for value in both[0].values
        ]
        return [replace(noun, restrictors=[*rest, each]) for each in single]

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
        named = [r for r in noun.restrictors if isinstance(r, ValueAsk)]
        if turned := [r for r in named if r.negated and not all(each.negated for each in named)]:
            raise NotUnderstood(
                f"I cannot tell whether “{turned[0].words}” is of the same {noun.words}.", (noun.words,)
            )
        for ask in noun.restrictors:
            if isinstance(ask, ValueAsk) and ask.joint and not ask.negated:
                text = self.frame.text
                choices = (text.replace(ask.joint, ask.words), text.replace(ask.joint, f"both {ask.joint}"))
                raise SeveralReadings(f"“{ask.joint}”: either of them, or both?", choices)
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
        column = FieldRef(path, noun.dataset, dataset.primary_key[0])
        keys = tuple(str(int(key)) for key in (noun.key, *noun.keys))
        return Comparison(column, "in" if noun.keys else "=", keys)

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

    def _exists(self, noun: Noun, whole: Scope, inside: list[Condition]) -> list[Condition]:
        """A noun on the many side: asked by existence, so that nothing is multiplied."""
        path = self._way_back(noun, whole)
        conditions = [*self.role_conditions(path, noun.dataset), *inside]
        negated, operator, count = noun.link == "without", noun.operator, noun.count
        if noun.link == "count" and (operator in ("<", "<=") or (operator == "=" and count == 0)):
            # "fewer than 5" includes none at all: the opposite is what can be asked by existence
            negated, operator, count = True, ">=" if operator == "<" else ">", count
            operator, count = (">=", 1) if noun.operator == "=" else (operator, count)
        way = backwards(path)
        found: list[Condition] = [Exists(way, noun.dataset, tuple(conditions), negated, operator, count)]
        if noun.up_to is not None:
            found.append(Exists(way, noun.dataset, tuple(conditions), True, ">", noun.up_to))
        return found

    def _through(self, noun: Noun, whole: Scope, inner: list[tuple[Noun, list[Condition], Scope]]) -> list[Condition]:
        """How many different ones, where rows of a third kind lead there: "bid on more than 3 listings", "watched by
        at least 5 users", "with over 4 bidders"."""
        if inner and inner[-1][0].link in ("plain", "with") and not noun.apart and not noun.role:
            steps = [p for p in self.graph.paths(inner[-1][0].dataset, noun.dataset) if len(p) == 1]
            if len(steps) == 1:
                link, conditions, scope = inner.pop()
                said = [*conditions, *self.bind_all(noun.restrictors, replace_path(scope, noun.dataset, steps[0]))]
                way = self._way_back(link, whole)
                self.led_through.add(steps[0][0])
                return self._bounded(
                    noun, link.dataset, way, steps[0][0], [*self.role_conditions(way, link.dataset), *said]
                )
        verbs = (
            [noun.role] if noun.role else [v for v in noun.verbs if self.graph.relationships[v].target == noun.dataset]
        )
        for name in verbs:
            relationship = self.graph.relationships[name]
            ways = self.graph.paths(relationship.source, whole.dataset)
            if relationship.source == whole.dataset or len(ways) != 1:
                continue
            scope = self._inner_scope(Noun(relationship.source, noun.words))
            there = replace_path(scope, noun.dataset, (name,))
            conditions = [*self.raw(relationship, relationship.source), *self.bind_all(noun.restrictors, there)]
            self.led_through.add(name)
            return self._bounded(noun, relationship.source, ways[0], name, conditions)
        return []

    def _bounded(self, noun: Noun, link: str, way: Path, step: str, conditions: list[Condition]) -> list[Condition]:
        column = FieldRef((), link, self.graph.relationships[step].source_columns[0])
        counted = Related(backwards(way), link, "distinct", column, tuple(conditions))
        found: list[Condition] = [Comparison(counted, noun.operator, (str(noun.count),))]
        if noun.up_to is not None:
            found.append(Comparison(counted, "<=", (str(noun.up_to),)))
        return found

    def related_metric(self, head: Noun, metric: Metric, base: str, inside: list[Restrictor]) -> Related:
        """The metric over what belongs to each row of the head."""
        path = self.path_to(replace(head, at_least=1), base, head.words)
        dataset, _, name = (metric.time_field or f"{base}.{self.model.dataset(base).time_field}").rpartition(".")
        ways = self.graph.paths(base, dataset)

        def time() -> FieldRef:
            if not name or not ways:
                raise NotUnderstood(f"There is no date on {metric.label or metric.name}.")
            return FieldRef(ways[0], dataset, name)

        scope = Scope(base, (), time, frozenset(path))
        conditions = [*self.role_conditions(path, base), *self.bind_all(inside, scope)]
        return Related(backwards(path), base, "metric", None, tuple(conditions), metric.name)

    def related_count(self, noun: Noun, whole: Scope) -> Related:
        """How many rows of the noun, or different people of a role, each row of the base has."""
        if noun.role:
            relationship = self.graph.relationships[noun.role]
            ways = self.graph.paths(relationship.source, whole.dataset)
            if len(ways) != 1 or ways == [()] or noun.restrictors or noun.at_least > 1:
                raise NotUnderstood(f"I do not know how “{noun.words}” belongs to the rest.", (noun.words,))
            column = FieldRef((), relationship.source, relationship.source_columns[0])
            members = tuple(self.raw(relationship, relationship.source))
            return Related(backwards(ways[0]), relationship.source, "distinct", column, members)
        path = self._way_back(noun, whole)
        scope = self._inner_scope(noun)
        conditions = [*self.role_conditions(path, noun.dataset), *self._inside(noun, scope)]
        return Related(backwards(path), noun.dataset, "count", None, tuple(conditions))

    def _way_back(self, noun: Noun, whole: Scope) -> Path:
        if noun.role:
            raise NotUnderstood(f"I do not know how “{noun.words}” belongs to the rest.", (noun.words,))
        paths = self.graph.paths(noun.dataset, whole.dataset)
        if not paths or paths == [()]:
            label = self.model.dataset(whole.dataset).label or whole.dataset
            raise NotUnderstood(f"I do not know how {noun.words} belong to {label}.", (noun.words,))
        return self._relation(noun, paths, whole.dataset)

    def _relation(self, noun: Noun, paths: list[Path], base: str) -> Path:
        """Of several ways to belong, the one a verb names; else the model's first, and it is said."""
        own = [p for p in paths if set(noun.verbs) & set(p)]
        named = own if len(own) == 1 else [p for p in paths if {*noun.verbs, *self.frame.verbs} & set(p)]
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
