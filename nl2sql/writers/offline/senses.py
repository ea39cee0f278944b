"""What a stretch of the question may mean: something of the model, a value, a number, a period, or a function word."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from nl2sql.writers.offline.periods import Period


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


ModelSense = DatasetSense | RoleSense | FieldSense | MetricSense | ValueSense | FilterSense | VerbSense
Sense = ModelSense | WordSense | NumberSense | PeriodSense


S = TypeVar("S")


@dataclass(frozen=True, slots=True)
class Chunk:
    """`words` as typed; every possible sense. No senses: the words are not understood.

    `corrected` is the model's spelling when the typed one was one letter off.
    """

    words: str
    senses: tuple[Sense, ...]
    corrected: str = ""

    def of(self, kind: type[S]) -> tuple[S, ...]:
        return tuple(s for s in self.senses if isinstance(s, kind))

    def has(self, *kinds: type[Sense]) -> bool:
        return any(isinstance(s, kinds) for s in self.senses)

    def word(self, kind: str) -> WordSense | None:
        return next((s for s in self.senses if isinstance(s, WordSense) and s.kind == kind), None)
