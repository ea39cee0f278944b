"""What a frame asks for: rows, a number, columns; and of whom or what."""

from __future__ import annotations

from decimal import Decimal

from nl2sql.plan.base import Comparison, Condition, Operator
from nl2sql.plan.names import metric_base
from nl2sql.writers.offline.frame import (
    CompareAsk,
    FilterAsk,
    GroupAsk,
    NotUnderstood,
    Noun,
    PeriodAsk,
    Restrictor,
    ValueAsk,
)
from nl2sql.writers.offline.placing import kind_of_thing
from nl2sql.writers.offline.ranking import Ranking
from nl2sql.writers.offline.senses import FieldSense


class Settling(Ranking):
    def _settle_kind(self) -> None:
        frame = self.frame
        if frame.head is None and not frame.measures:
            if frame.nouns and frame.nouns[0].link == "plain":
                frame.head = frame.nouns[0]
            elif self._counts_by_column():
                pass
            elif frame.columns:
                frame.head, frame.of_columns = self._whose_columns(), True
                frame.nouns.append(frame.head)
            elif (kind := self._kind_of_thing()) is not None:
                frame.head, frame.loose = kind, []
                frame.nouns.insert(0, kind)
            elif (named := self._one_person()) is not None:
                frame.head, frame.loose = named, []
                frame.nouns.append(named)
            else:
                raise NotUnderstood("I could not tell what you want to see.")
        self._turn_round()
        if not frame.measures and frame.head and (frame.groups or frame.share):
            if frame.rank is not None and frame.rank.by == "measure" and not frame.rank.all:
                raise self._by_what()  # "top sellers by country": that is no measure
            frame.counted = True
        self._settle_columns()
        if frame.measures and frame.when:
            raise NotUnderstood("I cannot tell the moment of a number.", ("when",))
        if len([g for g in frame.groups if g.grain]) > 1:
            raise NotUnderstood("I can only use one length of time at once.", tuple(g.words for g in frame.groups))
        self._settle_people()

    def _counts_by_column(self) -> bool:
        """ "countries with more than 10 sellers": how many there are of each, and the bound on that."""
        frame = self.frame
        counts = [n for n in frame.nouns if n.link == "count"]
        if len(counts) != 1 or len(frame.nouns) != 1 or len(frame.columns) != 1 or counts[0].up_to is not None:
            return False
        noun, fields = counts[0], frame.columns[0]
        own = not noun.role and not noun.restrictors and all(f.dataset == noun.dataset for f in fields)
        if noun.at_least > 1 or noun.each_once or (noun.operator in ("<", "<=", "=") and not own):
            raise NotUnderstood(f"I cannot count {noun.words} where there may be none.", (noun.words,))
        frame.having = (noun.operator, Decimal(noun.count), "")
        noun.link, frame.head, frame.counted, frame.columns = "plain", noun, True, []
        frame.groups = [GroupAsk(fields[0].field, fields)]
        return True

    def _settle_columns(self) -> None:
        """Rows are listed with columns, or measures are computed by groups; not both."""
        frame = self.frame
        asked = [ask for ask in frame.shown if ask.fields and ask.role and not ask.counted]
        if frame.measures and asked and asked == frame.shown and frame.head is None and frame.rank is not None:
            frame.groups = [*(GroupAsk(a.words, a.fields, role=a.role) for a in asked), *frame.groups]
            frame.shown = []  # "which buyer country has the most revenue"
        if frame.shown and (frame.counted or frame.measures or frame.groups):
            words = ", ".join(ask.words for ask in frame.shown)
            raise NotUnderstood(f"I can show {words} only beside a list.", tuple(ask.words for ask in frame.shown))
        if frame.counted and frame.columns:
            raise NotUnderstood("I can either count or list, not both at once.")
        if frame.measures and frame.columns:  # "which country has the most users"
            if frame.rank is None and frame.having is None:
                words = ", ".join(m.words for m in frame.measures)
                raise NotUnderstood(f"I can either list columns or compute {words}, not both at once.")
            frame.groups = [*(GroupAsk(f[0].field, f) for f in frame.columns), *frame.groups]
            frame.columns = []

    def _whose_columns(self) -> Noun:
        """ "which category do stamps belong to": the rows of what is named, where those lead to what is shown."""
        field = self.frame.columns[0][0]
        named = {s.dataset for ask in self.frame.loose if isinstance(ask, ValueAsk) for s in ask.senses}
        if len(named) == 1:
            dataset = named.pop()
            if not self.graph.paths(field.dataset, dataset) and self.graph.paths(dataset, field.dataset):
                return Noun(dataset, dataset)
        return Noun(field.dataset, field.field)

    def _turn_round(self) -> None:
        """ "which category do stamps belong to": rows of what is named, and of each what it belongs to."""
        frame, head = self.frame, self.frame.head
        if head is None or len(head.restrictors) != 1 or frame.counted or frame.measures or frame.columns:
            return
        if frame.groups or frame.shown or frame.rank or len(frame.nouns) > 1:
            return
        ask, label = head.restrictors[0], self.model.dataset(head.dataset).label_field
        if not isinstance(ask, ValueAsk) or not label:
            return
        (named, *others) = {s.dataset for s in ask.senses}
        if not others and not self.graph.paths(head.dataset, named) and self.graph.paths(named, head.dataset):
            frame.columns = [(FieldSense(head.dataset, label),)]
            frame.head = Noun(named, ask.words, restrictors=[ask])
            frame.nouns = [frame.head]

    def _kind_of_thing(self) -> Noun | None:
        """ "which cameras were never bid on": the name of a kind stands for the rows that are of it."""
        frame = self.frame
        if not (frame.listed or frame.nouns or len(frame.loose) > 1) or frame.people or frame.when:
            return None
        return kind_of_thing(self.model, self.graph, frame.loose)

    def _one_person(self) -> Noun | None:
        """ "anna_k", "who is anna_k": the name alone asks for the one who has it."""
        people = {r.target for r in self.model.relationships if r.role}
        if len(self.frame.loose) != 1 or not isinstance(ask := self.frame.loose[0], ValueAsk) or ask.negated:
            return None
        sense = ask.senses[0]
        named = len(ask.senses) == 1 and self.model.dataset(sense.dataset).label_field == sense.field
        return Noun(sense.dataset, ask.words, restrictors=[ask]) if named and sense.dataset in people else None

    def _settle_people(self) -> None:
        """ "who" must have led to somebody."""
        frame = self.frame
        people = {r.target for r in self.model.relationships if r.role}
        is_thing = frame.head is not None and frame.head.dataset not in people
        if frame.people and (is_thing or (frame.head is None and frame.measures)):
            raise NotUnderstood("I could not tell who is meant.", ("who",))

    def _settle_bounds(self) -> None:
        """ "how many sellers have GMV over 5,000": a bound on a metric is said of each of them, like any other."""
        frame, head = self.frame, self.frame.head
        counts = any(n.link in ("count", "with", "without") for n in frame.nouns)
        if frame.having is None or head is None or len(frame.measures) != 1 or not (frame.counted or counts):
            return
        ask = frame.measures[0]
        if frame.groups or frame.share or frame.rank is not None or not ask.metric:
            return
        inside = [r for r in (*frame.loose, *head.restrictors) if not self._is_of(r, head.dataset)]
        frame.loose = [r for r in frame.loose if r not in inside]
        head.restrictors = [r for r in head.restrictors if r not in inside]
        self.bounds.append((ask.metric, frame.having, inside))
        frame.measures, frame.having = [], None

    def _is_of(self, ask: Restrictor, dataset: str) -> bool:
        """Whether it is said of the one in question, rather than of what is measured."""
        match ask:
            case PeriodAsk():
                return bool(ask.fields)
            case ValueAsk() | FilterAsk():
                return any(self.graph.paths(dataset, s.dataset) for s in ask.senses)
            case CompareAsk():
                return any(self.graph.paths(dataset, s.dataset) for s in ask.fields)
            case _:
                return True

    def _bound_metric(
        self, name: str, bound: tuple[Operator, Decimal, str], inside: list[Restrictor]
    ) -> list[Condition]:
        operator, value, unit = bound
        head = self.frame.head
        if head is None:
            raise NotUnderstood("I could not tell for what that bound holds.")
        metric = self.model.metric_by_name[self._role_metric(name)]
        related = self.binder.related_metric(head, metric, metric_base(metric, self.model), inside)
        scale = Decimal(100) if unit == "%" else Decimal(1)
        found: list[Condition] = [Comparison(related, operator, (f"{value / scale:f}",))]
        if self.frame.having_to is not None:
            found.append(Comparison(related, "<=", (f"{self.frame.having_to / scale:f}",)))
        return found
