"""Constructs: what English builds around or into a plain question – growth, ranks within groups, averages of counts.

A construct sees the question as chunks, before anything else reads them. It either leaves the question alone (None),
or takes out what it understands, has the rest read by `inner` (other constructs, then the plain reader), and finishes
the plan. It may call `inner` several times, and it may put chunks with made senses where its words stood.

Every chunk is read by somebody: what a construct takes out it must express in the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import QueryPlan
from nl2sql.writers.offline.senses import Chunk, WordSense


@dataclass(frozen=True, slots=True)
class Linked:
    """A question as chunks. `text` is the whole question as typed; `as_of` the day called "today". `settled` collects
    words that a construct took out because others say the same: they need leave no trace of their own in the plan."""

    chunks: tuple[Chunk, ...]
    text: str
    as_of: date
    model: SemanticModel
    graph: JoinGraph
    settled: list[Chunk] = field(default_factory=list, compare=False)

    def with_chunks(self, chunks: tuple[Chunk, ...]) -> Linked:
        return replace(self, chunks=chunks)

    def settle(self, kept: tuple[Chunk, ...]) -> None:
        """Everything but what is kept was accounted for: called once the rest was read."""
        left = {id(chunk) for chunk in kept}
        self.settled.extend(chunk for chunk in self.chunks if id(chunk) not in left)


Inner = Callable[[tuple[Chunk, ...]], QueryPlan]
Read = Callable[[Linked, Inner], QueryPlan | None]


@dataclass(frozen=True, slots=True)
class Construct:
    """`phrases` are its own function words, as in `nl2sql.writers.offline.language`: (kind, argument) → phrases with
    " | " between. `read` raises NotUnderstood or SeveralReadings when the question is its own and cannot be read."""

    name: str
    read: Read
    phrases: Mapping[tuple[str, str], str] = field(default_factory=dict)


def word(text: str, kind: str, argument: str = "") -> Chunk:
    """A function word that a construct puts in: word("by", "by")."""
    return Chunk(text, (WordSense(kind, argument),))
