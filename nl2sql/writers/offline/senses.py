"""What a stretch of the question may mean: something of the model, a value, a number, a period, or a function word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, TypeVar

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.base import Condition, Dimension, FieldRef, Measure
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.scope import Scope


@dataclass(frozen=True, slots=True)
class DatasetSense:
    dataset: str


@dataclass(frozen=True, slots=True)
class RoleSense:
    """`at_least` is 1 for a role itself, more for one of its groups."""

    relationship: str
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class FieldSense:
    dataset: str
    field: str


@dataclass(frozen=True, slots=True)
class MetricSense:
    metric: str


@dataclass(frozen=True, slots=True)
class ValueSense:
    dataset: str
    field: str
    value: str


@dataclass(frozen=True, slots=True)
class FilterSense:
    dataset: str
    filter: str


@dataclass(frozen=True, slots=True)
class VerbSense:
    relationship: str


@dataclass(frozen=True, slots=True)
class WordSense:
    """A function word: its kind and argument, as `nl2sql.writers.offline.language` lists them."""

    kind: str
    argument: str = ""


@dataclass(frozen=True, slots=True)
class NumberSense:
    value: Decimal
    unit: str = ""


@dataclass(frozen=True, slots=True)
class PeriodSense:
    period: Period


@dataclass(frozen=True, slots=True)
class TextSense:
    """Words in quotation marks: to be looked for as they stand."""

    text: str


class Placer(Protocol):
    """Finds places in the join graph: what made senses are bound with. See `nl2sql.writers.offline.places`."""

    model: SemanticModel
    graph: JoinGraph
    assumptions: list[str]

    def place(
        self, fields: tuple[FieldSense, ...], scope: Scope, words: str, role: str = "", *, value: bool = False
    ) -> FieldRef: ...


@dataclass(frozen=True, slots=True, eq=False)
class ConditionSense:
    """Made by a construct: something said of the noun before it, or, as an `adjective`, of the one behind it.
    `bind` gives its conditions, as seen from the scope."""

    bind: Callable[[Placer, Scope], list[Condition]]
    adjective: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class DimensionSense:
    """Made by a construct: what rows are grouped by. The scope is the base, its `time` dates the measure."""

    bind: Callable[[Placer, Scope], Dimension]


@dataclass(frozen=True, slots=True, eq=False)
class MeasureSense:
    """Made by a construct: what is computed over the rows of `dataset`. `time` names the field that dates it, as
    dataset.field; else the dataset's own does."""

    dataset: str
    bind: Callable[[Placer, Scope], Measure]
    time: str = ""


MadeSense = ConditionSense | DimensionSense | MeasureSense
ModelSense = DatasetSense | RoleSense | FieldSense | MetricSense | ValueSense | FilterSense | VerbSense
Sense = ModelSense | WordSense | NumberSense | PeriodSense | TextSense | MadeSense


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Chunk:
    """`words` as typed; every possible sense. No senses: the words are not understood.

    `corrected` is the model's spelling when the typed one was one letter off.
    """

    words: str
    senses: tuple[Sense, ...]
    corrected: str = ""

    # Asked hundreds of times for each question: loops take half the time of generators.

    def of(self, kind: type[S]) -> tuple[S, ...]:
        return tuple([s for s in self.senses if isinstance(s, kind)])

    def has(self, *kinds: type[Sense]) -> bool:
        for sense in self.senses:  # noqa: SIM110 - see above
            if isinstance(sense, kinds):
                return True
        return False

    def word(self, kind: str) -> WordSense | None:
        for sense in self.senses:
            if isinstance(sense, WordSense) and sense.kind == kind:
                return sense
        return None


def is_filler(chunk: Chunk) -> bool:
    """Whether the chunk says nothing of its own."""
    return bool(chunk.senses) and all(isinstance(s, WordSense) and s.kind == "filler" for s in chunk.senses)
