""" "Users who have bid in at least five different categories", "buyers who bought from more than 3 different sellers":
a bound on how many different things the deeds of someone lead to. Only a lower bound: "in at most two" leaves open
whether those who did nothing are meant too."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from nl2sql.plan.base import Comparison, Condition, During, FieldRef, Named, Operator, QueryPlan, Related, RoleHolds
from nl2sql.writers.offline.constructs.base import Construct, Inner, Linked
from nl2sql.writers.offline.constructs.pieces import following, preceding, word_kinds
from nl2sql.writers.offline.frame import NotUnderstood
from nl2sql.writers.offline.scope import Scope
from nl2sql.writers.offline.senses import (
    Chunk,
    ConditionSense,
    DatasetSense,
    FilterSense,
    NumberSense,
    PeriodSense,
    Placer,
    RoleSense,
    VerbSense,
    is_filler,
)

Chunks = tuple[Chunk, ...]
_LEADS = ("in", "across", "on", "from", "at")


@dataclass(frozen=True, slots=True)
class _Bound:
    """The chunks from `begin` to `end` say: `operator` `count` different ones of what `thing` names."""

    begin: int
    end: int
    operator: Operator
    count: str
    thing: Chunk


def read_different_bounds(question: Linked, inner: Inner) -> QueryPlan | None:
    chunks = question.chunks
    if "distinct" not in word_kinds(chunks):
        return None
    bound = _bound(chunks)
    deed = preceding(chunks, bound.begin) if bound else -1
    if bound is None or deed < 1 or not chunks[deed].has(VerbSense):
        return None
    who = _who(chunks, deed)
    if who < 0:
        return None
    dated = following(chunks, bound.end - 1)
    period = chunks[dated] if dated < len(chunks) and chunks[dated].has(PeriodSense) else None
    end = dated + 1 if period is not None else bound.end
    said = " ".join(c.words for c in chunks[who + 1 : end])
    made = Chunk(said, (ConditionSense(_Made(question, chunks[who], chunks[deed], bound, period).bind),))
    return inner((*chunks[: who + 1], made, *chunks[end:]))


def _bound(chunks: Chunks) -> _Bound | None:
    at = next((i for i, c in enumerate(chunks) if c.word("distinct")), -1)
    thing, before = following(chunks, at), preceding(chunks, at)
    if thing >= len(chunks) or before < 1 or not chunks[thing].has(DatasetSense, RoleSense):
        return None
    operator, number = "=", before
    if said := chunks[before].word("or_more"):
        operator, number = said.argument, preceding(chunks, before)
    lead = preceding(chunks, number)
    if number < 1 or not chunks[number].has(NumberSense):
        return None
    if compared := chunks[lead].word("compare"):
        operator, lead = compared.argument, preceding(chunks, lead)
    value = chunks[number].of(NumberSense)[0]
    if operator not in (">", ">=", "=") or value.value < 1:
        return None
    if lead < 1 or chunks[lead].words.lower() not in _LEADS or value.unit or value.value != int(value.value):
        return None
    return _Bound(lead, thing + 1, cast(Operator, operator), f"{int(value.value)}", chunks[thing])


def _who(chunks: Chunks, deed: int) -> int:
    """Those who did it, with nothing between but "who have"."""
    at = deed - 1
    while at >= 0 and (is_filler(chunks[at]) or any(chunks[at].word(kind) for kind in ("is", "that", "with"))):
        at -= 1
    return at if at >= 0 and chunks[at].has(DatasetSense, RoleSense) and not chunks[at].has(VerbSense) else -1


@dataclass(frozen=True, slots=True)
class _Made:
    question: Linked
    who: Chunk
    deed: Chunk
    bound: _Bound
    period: Chunk | None

    def bind(self, placer: Placer, scope: Scope) -> list[Condition]:
        graph, model = self.question.graph, self.question.model
        ways = [graph.relationships[v.relationship] for v in self.deed.of(VerbSense)]
        ways = [r for r in ways if r.target == scope.dataset]
        if len(ways) != 1 or scope.path:
            raise NotUnderstood(f"I could not tell who “{self.deed.words}”.", (self.deed.words,))
        way = ways[0]
        field = self._field(way.source)
        conditions: list[Condition] = [RoleHolds((), way.source, way.name)] if way.condition else []
        states = [f for f in self.deed.of(FilterSense) if f.dataset == way.source]
        conditions += [Named((), f.dataset, f.filter) for f in states]
        if self.period is not None:
            dates = [f.time_field for s in states for f in model.dataset(way.source).filters if f.name == s.filter]
            name = next((d for d in dates if d), way.time_field or model.dataset(way.source).time_field)
            conditions.append(During(FieldRef((), way.source, name), self.period.of(PeriodSense)[0].period))
        counted = Related((f"-{way.name}",), way.source, "distinct", field, tuple(conditions))
        return [Comparison(counted, self.bound.operator, (self.bound.count,))]

    def _field(self, source: str) -> FieldRef:
        """The key of what is counted once each, as seen from the deed."""
        graph, thing = self.question.graph, self.bound.thing
        ways = [graph.relationships[r.relationship] for r in thing.of(RoleSense) if r.at_least == 1]
        paths = [(*before, r.name) for r in ways for before in graph.paths(source, r.source) if r.target] or [
            path for d in thing.of(DatasetSense) for path in graph.paths(source, d.dataset)
        ]
        if len(paths) != 1 or not paths[0]:
            raise NotUnderstood(f"I cannot tell which {thing.words} are to be counted once each.", (thing.words,))
        last = graph.relationships[paths[0][-1]]
        return FieldRef(tuple(paths[0][:-1]), last.source, last.source_columns[0])


DIFFERENT_BOUNDS = Construct("bounds on different things", read_different_bounds)
