"""What was said, before it is fitted to the model: nouns with what restricts them, measures, groupings, an order."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from nl2sql.writers.offline.periods import Period
from nl2sql.writers.offline.plan import Grain, Operator
from nl2sql.writers.offline.senses import FieldSense, FilterSense, ValueSense


class NotUnderstood(Exception):
    """The question cannot be read in full. `words` are those that stood in the way; `message` says why."""

    def __init__(self, message: str, words: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.words = words


class SeveralReadings(Exception):
    """The question has several readings; each of `choices` is a whole question that has one."""

    def __init__(self, message: str, choices: tuple[str, ...]) -> None:
        super().__init__(message)
        self.message = message
        self.choices = choices


@dataclass(slots=True)
class ValueAsk:
    """A field's value is (not) one of these. `fields` are the readings that are possible for the word."""

    senses: tuple[ValueSense, ...]
    values: tuple[str, ...]
    words: str
    negated: bool = False
    joint: str = ""  # "A and B" as typed: of rows either will do, of what someone did perhaps both are meant


@dataclass(slots=True)
class FilterAsk:
    senses: tuple[FilterSense, ...]
    words: str
    negated: bool = False


@dataclass(slots=True)
class CompareAsk:
    """A number against a field, or against the noun's own amount where no field was named."""

    fields: tuple[FieldSense, ...]
    operator: Operator
    values: tuple[Decimal, ...]
    unit: str
    words: str
    role: str = ""


@dataclass(slots=True)
class PeriodAsk:
    """`words` named the `fields` that date it; empty when nothing did, or a verb that dates whatever is there."""

    period: Period
    fields: tuple[FieldSense, ...] = ()
    words: str = ""


RankBy = Literal["measure", "amount", "time"]
Restrictor = ValueAsk | FilterAsk | CompareAsk | PeriodAsk


@dataclass(slots=True)
class Noun:
    """A dataset, or the people a role names, as mentioned. `link` is how it stands to the thing asked for."""

    dataset: str
    words: str
    role: str = ""
    at_least: int = 1
    link: Literal["plain", "with", "without", "count"] = "plain"
    operator: Operator = ">="
    count: int = 1
    verbs: tuple[str, ...] = ()
    key: Decimal | None = None
    apart: bool = True  # a joint ("and", "who") stands between it and the noun before
    restrictors: list[Restrictor] = field(default_factory=list)


@dataclass(slots=True)
class MeasureAsk:
    """`kind`: metric (candidates in `metrics`), agg (`function` over `fields`), count (of `noun`)."""

    kind: Literal["metric", "agg", "count"]
    words: str
    metric: str = ""
    function: str = ""
    fields: tuple[FieldSense, ...] = ()
    noun: Noun | None = None


@dataclass(slots=True)
class GroupAsk:
    """By a field, by a noun, or by a time grain."""

    words: str
    fields: tuple[FieldSense, ...] = ()
    noun: Noun | None = None
    grain: Grain | None = None
    role: str = ""


@dataclass(slots=True)
class RankAsk:
    """`number` None: not said. `by` "amount" and "time" order by the head's own amount or time."""

    descending: bool
    number: int | None = None
    by: RankBy = "measure"
    words: str = ""
    dear: bool = False  # "most expensive": the amount was named
    all: bool = False  # an order of everything: nothing is cut off


@dataclass(slots=True)
class Frame:
    """`text` is the question. `loose` restrictors stood before any noun; `part` ones belong to a share's
    numerator alone."""

    text: str = ""
    head: Noun | None = None
    nouns: list[Noun] = field(default_factory=list)
    measures: list[MeasureAsk] = field(default_factory=list)
    groups: list[GroupAsk] = field(default_factory=list)
    columns: list[tuple[FieldSense, ...]] = field(default_factory=list)
    loose: list[Restrictor] = field(default_factory=list)
    part: list[Restrictor] = field(default_factory=list)
    part_nouns: list[Noun] = field(default_factory=list)
    rank: RankAsk | None = None
    having: tuple[Operator, Decimal, str] | None = None
    share: bool = False
    counted: bool = False
    listed: bool = False
    distinct: bool = False
    people: bool = False
    when: bool = False  # a moment is asked for
    verbs: list[str] = field(default_factory=list)
    deeds: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # verbs that must find their place
    corrected: list[tuple[str, str]] = field(default_factory=list)
