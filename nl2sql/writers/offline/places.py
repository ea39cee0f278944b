"""Where a mention stands in the join graph, seen from a scope."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Relationship, SemanticModel
from nl2sql.plan.base import (
    Condition,
    FieldRef,
    Path,
    RoleHolds,
)
from nl2sql.plan.compile.aggregates import split_condition
from nl2sql.plan.compile.expressions import parsed
from nl2sql.writers.offline.frame import (
    FilterAsk,
    Frame,
    NotUnderstood,
    Noun,
    SeveralReadings,
)
from nl2sql.writers.offline.language import ABOUT, BEFALLS, MAKES
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import FieldSense
from nl2sql.writers.offline.tokens import singular


class Places:
    def __init__(self, frame: Frame, model: SemanticModel, graph: JoinGraph) -> None:
        self.frame = frame
        self.model = model
        self.graph = graph
        self.assumptions: list[str] = []
        self.led_through: set[str] = set()  # relationships whose ends are counted
        self.measures_a_metric = any(m.metric for m in frame.measures)

    def choose_field(self, fields: tuple[FieldSense, ...], words: str) -> FieldSense:
        """A word that names fields of several datasets means that of a dataset also mentioned."""
        if len(fields) == 1:
            return fields[0]
        mentioned = [n.dataset for n in self.frame.nouns]
        fitting = [f for f in fields if f.dataset in mentioned]
        # "price" beside "sold" is the price that only sold listings have
        implied = [f for f in fields if self._condition_of(f) in self.filters_said()]
        for narrowed in (fitting, implied):
            if len(narrowed) == 1:
                return narrowed[0]
        raise self._which(words, [self.model.dataset(f.dataset).field(f.field).label or f.field for f in fields])

    def _condition_of(self, sense: FieldSense) -> exp.Expr | None:
        expression = self.model.dataset(sense.dataset).field(sense.field).expression
        return split_condition(parsed(expression))[0]

    def filters_said(self) -> list[exp.Expr]:
        asks = [*self.frame.loose, *(r for n in self.frame.nouns for r in n.restrictors)]
        said = [s for ask in asks if isinstance(ask, FilterAsk) and not ask.negated for s in ask.senses]
        filters = [(s, f) for s in said for f in self.model.dataset(s.dataset).filters if f.name == s.filter]
        return [parsed(f.expression) for _, f in filters]

    def _which(self, words: str, readings: list[str]) -> SeveralReadings:
        text = self.frame.text.rstrip("?. ")
        choices = tuple(text.replace(words, reading) for reading in dict.fromkeys(readings))
        return SeveralReadings(f"“{words}” can mean several things here. Which one?", choices)

    def place(
        self,
        fields: tuple[FieldSense, ...],
        scope: Scope,
        words: str,
        role: str = "",
        *,
        value: bool = False,
        said: str = "",
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
        self._tell_nearest(nearest, len(found), scope, words)
        if len(nearest) == 1 and said in ("to", "for") and self._verbs(nearest[0]) - BEFALLS:
            raise NotUnderstood(f"I do not know what “{said} {words}” means here.", (words,))  # "payments to marco77"
        if len(nearest) == 1:
            return nearest[0]
        return self._hinted(nearest, words, scope.spent, value=value, said=said)

    def _tell_nearest(self, nearest: list[FieldRef], count: int, scope: Scope, words: str) -> None:
        """A role that was chosen for being the nearest is said."""
        ref = nearest[0]
        role = self.graph.role_of(ref.path)
        others = [r for r in self.graph.relationships.values() if r.role and r.target == ref.dataset]
        reached = [r for r in others if self.graph.via(scope.dataset, r.name)]
        if len(nearest) == 1 and count >= 1 and role and len(reached) > 1 and ref.dataset == role.target:
            said = {n.role for n in self.frame.nouns} | {g.role for g in self.frame.groups} | set(self.frame.verbs)
            if role.name not in said:
                self.assumptions.append(f"“{words}” read as that of the {role.role}.")

    def _role_paths(self, start: str, role: str) -> list[Path]:
        return self.graph.via(start, role)

    def _hinted(
        self,
        refs: list[FieldRef],
        words: str,
        spent: frozenset[str] = frozenset(),
        *,
        value: bool = False,
        noun: bool = False,
        said: str = "",
    ) -> FieldRef:
        """Roles and verbs elsewhere in the question settle which of the equally near places is meant."""
        hints = {*(n.role for n in self.frame.nouns if n.role), *self.frame.verbs} - spent
        fitting = [ref for ref in refs if hints & set(ref.path)]
        done = {*self.frame.verbs, *spent}
        others = [ref for ref in refs if not done & set(ref.path)]
        if said in ("from", "to", "for", "object", *ABOUT) and len(others) == 1 < len(
            refs
        ):  # "bought from marco77": he is not the one who bought
            return others[0]
        if len(fitting) == 1:
            return fitting[0]
        if said and (told := self._told_by(said, refs, words)):
            return told
        if len({(ref.dataset, ref.field) for ref in refs}) > 1:
            labels = [self.model.dataset(r.dataset).field(r.field).label or r.field for r in refs]
            raise self._which(words, [f"the {label} {words}" for label in labels] if value else labels)
        roles = [role.role for ref in refs if (role := self.graph.role_of(ref.path))]
        if noun:
            raise self._which(
                words, [f"{role}s" if singular(words.lower()) != words.lower() else role for role in roles]
            )
        readings = [f"{words} ({role})" if value else f"{role} {words}" for role in roles]
        raise self._which(words, readings)

    def _told_by(self, said: str, refs: list[FieldRef], words: str) -> FieldRef | None:
        """ "listings by anna_k" are those she made, "reviews about anna_k" those she got; "of" may be either."""
        datasets = {self.graph.relationships[name].source for ref in refs for name in ref.path[-1:]}
        if not datasets & {n.dataset for n in self.frame.nouns}:
            return None
        made = [ref for ref in refs if self._verbs(ref) & MAKES]
        got = [ref for ref in refs if self._verbs(ref) & BEFALLS]
        fitting = (
            made
            if said == "by" or (said == "from" and got) or (said == "of" and not got)
            else got
            if said in ABOUT
            else []
        )
        if len(fitting) != 1:
            return None
        if role := self.graph.role_of(fitting[0].path):
            self.assumptions.append(f"“{words}” read as the {role.role}.")
        return fitting[0]

    def _verbs(self, ref: FieldRef) -> set[str]:
        return set(self.graph.relationships[ref.path[-1]].verbs) if ref.path else set()

    def path_to(self, noun: Noun, base: str, words: str) -> Path:
        """The path to a noun on the one side. Raises NotUnderstood for a group of a role ("repeat buyers"): a path
        knows who has the role, and not how often."""
        if noun.at_least > 1:
            raise NotUnderstood(f"I can count or list {words}, and not yet use them to narrow something.", (words,))
        paths = self._forward_paths(noun, base)
        if not paths:
            label = self.model.dataset(base).label or base
            raise NotUnderstood(f"I see no way to break {label} down by {words} without counting twice.", (words,))
        if len(paths) == 1:
            return paths[0]
        refs = [FieldRef(path, noun.dataset, "") for path in paths]
        return self._hinted(refs, words, noun=True, said=noun.said).path

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

    def _forward_paths(self, noun: Noun, start: str) -> list[Path]:
        return self.graph.via(start, noun.role) if noun.role else self.graph.paths(start, noun.dataset)
