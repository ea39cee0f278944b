"""A question beside the plan that was made of it, as the rules about misreadings see them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import NamedFilter, SemanticModel
from nl2sql.plan.base import (
    Comparison,
    Condition,
    FieldRef,
    QueryPlan,
)
from nl2sql.writers.offline.senses import (
    Chunk,
    FieldSense,
    FilterSense,
    VerbSense,
)
from nl2sql.writers.offline.traces import Traces


@dataclass(frozen=True, slots=True)
class Look:
    """A question and its plan. Chunks of filler alone are left out of `said`."""

    chunks: tuple[Chunk, ...]
    said: tuple[Chunk, ...]
    plan: QueryPlan
    model: SemanticModel
    graph: JoinGraph
    traces: Traces

    def pairs(self) -> Iterator[tuple[Chunk, Chunk]]:
        return zip(self.said, self.said[1:], strict=False)

    def triples(self) -> Iterator[tuple[Chunk, Chunk, Chunk]]:
        return zip(self.said, self.said[1:], self.said[2:], strict=False)

    def conditions(self) -> Iterator[Condition]:
        for plan in (self.plan, *self.plan.beside):
            yield from plan.conditions

    def filter(self, sense: FilterSense) -> NamedFilter:
        return next(f for f in self.model.dataset(sense.dataset).filters if f.name == sense.filter)

    def person_paths(self) -> set[str]:
        """Relationships that lead to a person of whom the plan says or shows something."""
        return {step for path in paths(self.plan) for step in path}

    def people(self) -> set[str]:
        """Those who do something."""
        return {r.target for r in self.model.relationships if r.verbs}


def does(chunk: Chunk) -> bool:
    return chunk.has(VerbSense, FilterSense)


def averages(chunk: Chunk) -> bool:
    return chunk.word("agg") is not None or chunk.words.lower().startswith("average ")


def is_time(look: Look, sense: FieldSense) -> bool:
    return look.model.dataset(sense.dataset).field(sense.field).is_time


def paths(part: object) -> Iterator[tuple[str, ...]]:
    """The path of every field that a part of a plan reads."""
    if isinstance(part, FieldRef):
        yield part.path
    for each in _parts(part):
        yield from paths(each)


def values(part: object) -> Iterator[str]:
    """Texts that a part of a plan compares with, however deep inside."""
    if isinstance(part, Comparison):
        yield from part.values
    for each in _parts(part):
        yield from values(each)


def _parts(part: object) -> Iterator[object]:
    if isinstance(part, tuple):
        yield from part
    elif is_dataclass(part):
        yield from (getattr(part, each.name) for each in fields(part))
