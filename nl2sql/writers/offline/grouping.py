"""By what rows are grouped, and which date places them in time."""

from __future__ import annotations

from nl2sql.plan.base import (
    Comparison,
    Dimension,
    During,
    FieldRef,
    Measure,
    Part,
)
from nl2sql.plan.compile.aggregates import split_condition
from nl2sql.plan.compile.expressions import parsed
from nl2sql.plan.walk import first_field
from nl2sql.writers.offline.frame import (
    CompareAsk,
    FilterAsk,
    GroupAsk,
    NotUnderstood,
    Noun,
    Restrictor,
    ValueAsk,
)
from nl2sql.writers.offline.measuring import Measuring
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.tokens import singular


class Grouping(Measuring):
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
        if ask.made is not None:
            return ask.made.bind(self.binder, Scope(base, (), lambda: self._time(base, measures)))
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
        name = self._time_name(base, measures) or self._calendar_day(base)
        if not name:
            raise NotUnderstood(f"There is no date on {self.model.dataset(base).label or base}.")
        dataset, _, field = name.rpartition(".")
        paths = self.graph.paths(base, dataset or base)
        return FieldRef(paths[0], dataset or base, field)

    def _calendar_day(self, base: str) -> str:
        """The day in the calendar that the rows point to, where they point to one day only."""
        ends = {r.target for r in self.graph.relationships.values() if r.source == base}
        days = [d for d in map(self.model.dataset, ends) if d.is_calendar and len(self.graph.paths(base, d.name)) == 1]
        return f"{days[0].name}.{days[0].time_field}" if len(days) == 1 and days[0].time_field else ""

    def _time_name(self, base: str, measures: tuple[Measure, ...]) -> str:
        for made in (ask.made for ask in self.frame.measures if ask.made):
            if made.time:
                return made.time
        for measure in measures:
            if measure.metric and (dated := self.model.metric_by_name[measure.metric].time_field):
                return dated
            if measure.kind == "agg" and (ref := first_field(measure.field)):
                dated = self.model.dataset(ref.dataset).field(ref.field).time_field
                if dated:
                    return dated
        if dated := self._said_time(base):
            return dated
        grouped = [g.noun for g in self.frame.groups if g.noun is not None]
        roles = [n.role for n in (*self.frame.nouns, *grouped) if n.role]
        verbs = [v for v in self.frame.verbs if self.graph.relationships[v].time_field]
        for name in [*roles, *verbs]:
            relationship = self.graph.relationships[name]
            if relationship.source == base and relationship.time_field:
                return relationship.time_field
        return self.model.dataset(base).time_field

    def _said_time(self, base: str) -> str:
        """What a business adjective dates ("sold"), or a value that only such rows have ("for over 500")."""
        for ask in self._all_restrictors():
            if isinstance(ask, FilterAsk) and not ask.negated and (dated := self.binder.filter_time(ask, base)):
                return dated
        for ask in self._all_restrictors():
            if isinstance(ask, ValueAsk) and not ask.negated and (dated := self._time_of_states(ask, base)):
                return dated
        for ask in self._all_restrictors():
            if not isinstance(ask, CompareAsk) or len(ask.fields) != 1 or ask.fields[0].dataset != base:
                continue
            if dated := self.model.dataset(base).field(ask.fields[0].field).time_field:
                return dated
        return ""

    def _time_of_states(self, ask: ValueAsk, base: str) -> str:
        """ "sold or cancelled listings": both are dated by the same moment."""
        filters = {word: f for f in self.model.dataset(base).filters for word in (f.name, *f.synonyms)}
        named = [filters.get(word.strip().lower()) for word in ask.words.split(" or ")]
        times = {f.time_field if f else "" for f in named}
        return times.pop() if len(named) > 1 and len(times) == 1 else ""

    def _all_restrictors(self) -> list[Restrictor]:
        return [*self.frame.loose, *self.frame.part, *(r for n in self.frame.nouns for r in n.restrictors)]

    def _not_empty_moments(self, measures: tuple[Measure, ...], dimensions: tuple[Dimension, ...]) -> None:
        """Rows that the asked moment has not come for yet (no closing date) are in no month."""
        dated = {c.field for c in self.conditions if isinstance(c, During)}
        metrics = [self.model.metric_by_name[m.metric] for m in measures if m.metric]
        if metrics and all(split_condition(parsed(m.expression))[0] is not None for m in metrics):
            return
        for ask in self._all_restrictors():
            if isinstance(ask, FilterAsk) and not ask.negated:
                dated |= {FieldRef((), s.dataset, self.binder.filter_time(ask, s.dataset)) for s in ask.senses}
        for each in dimensions:
            ref = first_field(each.field)
            if ref is None or not (each.grain or isinstance(each.field, Part)):
                continue
            own = self.model.dataset(ref.dataset).time_field == ref.field
            if not own and ref not in dated:
                self.conditions.append(Comparison(ref, "is not null", ()))
