"""What happened within so long of something else: "sold within 7 days of being listed", "bids in the first hour"."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import cast

from nl2sql.plan.base import Comparison, Condition, DurationUnit, FieldRef, Operator, Span
from nl2sql.writers.offline.constructs.moments import LINKS, Moment, Moments, duration_unit, leads_to_event, placed
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.language import LIGHT_VERBS
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import Chunk, ConditionSense, DatasetSense, FilterSense, NumberSense, Placer

_AFTER = ("after", "of", "from", "since", "following")
_BEFORE = ("before", "prior", "ahead")
_DURING = ("in", "during", "within", "the", "its", "their")


@dataclass(frozen=True, slots=True)
class _Bound:
    """So many units, and how they bound: ("<=", 7 days)."""

    operator: Operator
    count: Decimal
    unit: DurationUnit

    def value(self) -> str:
        return f"{self.count.normalize():f}"


class Within(Moments):
    def bounds(self) -> bool:
        """within 3 days of closing · more than 2 hours after the start · in the first day · lasting over a week"""
        return self._within() or self._edge_stretch() or self._lasted()

    def _within(self) -> bool:
        lead, at = self._lead(self.at)
        counted = self._count(at)
        if counted is None:
            return False
        count, unit, at = counted
        joint = self.chunks[at].words.lower() if at < len(self.chunks) else ""
        direction = "after" if joint in _AFTER else "before" if joint in _BEFORE else ""
        found = self.moment(at + 1) if direction else None
        if found is None and not (lead == "<=" and not direction and self._names_an_event()):
            return False
        moment, stop = found or (None, at)
        operator: Operator = lead or "="
        if operator == "=":
            return False  # "3 days after": exactly so long is never what people mean
        bound = _Bound(operator, count, unit)
        self._condition(moment, bound, backwards=direction == "before", stop=stop)
        return True

    def _names_an_event(self) -> bool:
        """ "got their first bid within an hour": of what it belongs to, which has a start."""
        named = [c for c in self.done if c.words.lower() not in LINKS][-2:]
        return len(named) == 2 and named[0].word("edge") is not None and named[1].has(DatasetSense)

    def _lead(self, at: int) -> tuple[Operator | None, int]:
        chunk = self.chunks[at]
        if chunk.word("within"):
            return "<=", at + 1
        if chunk.word("compare"):
            said = chunk.word("compare")
            return (cast(Operator, said.argument) if said else None), at + 1
        if chunk.words.lower() in ("later than", "longer than"):
            return ">", at + 1
        if chunk.words.lower() in ("in",) and self._count(at + 1) is not None:
            return "<=", at + 1
        return None, at

    def _count(self, at: int) -> tuple[Decimal, DurationUnit, int] | None:
        """7 days · a week · an hour · one minute"""
        number = Decimal(1)
        said_number = False
        while at < len(self.chunks) and self.chunks[at].words.lower() in ("the", "a", "an"):
            said_number = said_number or self.chunks[at].words.lower() != "the"
            at += 1
        if at < len(self.chunks) and self.chunks[at].has(NumberSense):
            number, said_number, at = self.chunks[at].of(NumberSense)[0].value, True, at + 1
        if at >= len(self.chunks) or not said_number:
            return None
        unit = duration_unit(self.chunks[at])
        return (number * unit[1], unit[0], at + 1) if unit else None

    def _edge_stretch(self) -> bool:
        """in the first day · in the last 10 minutes (before the end)"""
        at = self.at
        while self.words_at(at) in _DURING:
            at += 1
        if at >= len(self.chunks) or at == self.at:
            return False
        edge = self.chunks[at].words.lower()
        if edge not in ("first", "last", "final"):
            return False
        count = self._count(at + 1) or self._bare_unit(at + 1)
        if count is None:
            return False
        number, unit, stop = count
        joint = self.chunks[stop].words.lower() if stop < len(self.chunks) else ""
        wanted = _AFTER if edge == "first" else (*_BEFORE, "of")
        moment = None
        if joint in wanted:
            found = self.moment(stop + 1)
            if found is not None and not self._names_a_row(stop + 1, found[1]):
                moment, stop = found
            elif found is not None:
                stop = found[1]
        if edge != "first" and moment is None and stop == count[2]:
            said = " ".join(c.words for c in self.chunks[self.at : stop])
            raise NotUnderstood(f"“{said}”: before what? Please say it, like “before the end”.", (said,))
        self._condition(moment, _Bound("<=", number, unit), backwards=edge != "first", stop=stop)
        return True

    def _names_a_row(self, begin: int, end: int) -> bool:
        """ "the first hour of the auction": a noun, whose start or end is meant."""
        chunks = [c for c in self.chunks[begin:end] if c.words.lower() not in LINKS]
        return len(chunks) == 1 and any(self.model.dataset(d.dataset).start_field for d in chunks[0].of(DatasetSense))

    def _bare_unit(self, at: int) -> tuple[Decimal, DurationUnit, int] | None:
        unit = duration_unit(self.chunks[at]) if at < len(self.chunks) else None
        return (Decimal(unit[1]), unit[0], at + 1) if unit else None

    def _lasted(self) -> bool:
        """that ran for more than 10 days · lasting at least a week"""
        if not self.chunks[self.at].word("lasts"):
            return False
        at = self.at + 1
        if at < len(self.chunks) and self.chunks[at].words.lower() == "for":
            at += 1
        if at >= len(self.chunks):
            return False
        lead, at = self._lead(at)
        counted = self._count(at)
        if counted is None:
            return False
        count, unit, stop = counted
        nouns = [d.dataset for c in reversed(self.done) for d in c.of(DatasetSense)]
        lifetime = next((found for n in nouns if (found := self.lifetime(n))), None)
        if lifetime is None:
            return False
        while self.done and self.done[-1].words.lower() in ("that", "which", "who"):
            self.done.pop()
        self._span_condition(*lifetime, _Bound(lead or "=", count, unit), stop)
        return True

    def _condition(self, moment: Moment | None, bound: _Bound, *, backwards: bool, stop: int) -> None:
        """The row's own moment against the one that was named, or against the start or end of what it belongs to."""
        event = self._event_before()
        words = " ".join(c.words for c in self.chunks[self.at : stop])

        def bind(placer: Placer, scope: Scope) -> list[Condition]:
            own = placed(event, placer, scope) if event else _own_moment(scope, words)
            other = placed(moment, placer, scope) if moment else self._nearest_edge(placer, scope, backwards)
            if own == other:
                raise NotUnderstood(f"I could not tell what happened “{words}”.", (words,))
            first, second = (own, other) if backwards else (other, own)
            return _bounded(Span(first, second, bound.unit), bound)

        self.done.append(Chunk(words, (ConditionSense(bind),)))
        self.at = stop
        self.changed = True

    def _span_condition(self, start: Moment, end: Moment, bound: _Bound, stop: int) -> None:
        words = " ".join(c.words for c in self.chunks[self.at : stop])

        def bind(placer: Placer, scope: Scope) -> list[Condition]:
            span = Span(placed(start, placer, scope), placed(end, placer, scope), bound.unit)
            return [Comparison(span, bound.operator, (bound.value(),))]

        self.done.append(Chunk(words, (ConditionSense(bind),)))
        self.at = stop
        self.changed = True

    def _event_before(self) -> Moment | None:
        """ "placed within an hour", "got their first bid within a day": the moment named just before."""
        end = len(self.done)
        begin = end
        while begin and self.done[begin - 1].words.lower() in LINKS:
            begin -= 1
        if not begin:
            return None
        last = self.done[begin - 1]
        times = self.times(last)
        nouns = [d.dataset for c in self.done for d in c.of(DatasetSense)]
        own = tuple(f for f in times if f.dataset in nouns)
        if times and not last.has(DatasetSense, FilterSense) and (own or last.words.lower() in LIGHT_VERBS):
            del self.done[begin - 1 :]
            return Moment(last.words, own) if own else None
        if last.has(DatasetSense) and begin >= 2:
            edge = self.done[begin - 2]
            said = edge.word("edge") or edge.word("recent")
            if said and said.argument in ("min", "max"):
                moment = self.row_moment(last, "min" if edge.words.lower() == "first" else said.argument)
                if moment is not None:
                    del self.done[begin - 2 :]
                    while self.done and leads_to_event(self.done[-1]):
                        self.done.pop()
                    return moment
        return None

    def _nearest_edge(self, placer: Placer, scope: Scope, backwards: bool) -> FieldRef:
        """The start or end of what the rows belong to, the nearest that lasts."""
        reached = []
        for dataset in self.model.datasets:
            name = dataset.end_field if backwards else dataset.start_field
            for path in placer.graph.paths(scope.dataset, dataset.name) if name else []:
                reached.append(FieldRef((*scope.path, *path), dataset.name, name))
        if not reached:
            raise NotUnderstood("I could not tell from when on the time is counted.")
        return min(reached, key=lambda ref: len(ref.path))


def _own_moment(scope: Scope, words: str) -> FieldRef:
    if scope.time is None:
        raise NotUnderstood(f"I could not tell what happened “{words}”.", (words,))
    return scope.time()


def _bounded(span: Span, bound: _Bound) -> list[Condition]:
    """Within so long after: not before it either."""
    conditions: list[Condition] = [Comparison(span, bound.operator, (bound.value(),))]
    if bound.operator in ("<", "<="):
        conditions.insert(0, Comparison(span, ">=", ("0",)))
    return conditions
