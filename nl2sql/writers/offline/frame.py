"""What was said, before it is fitted to the model: nouns with what restricts them, measures, groupings, an order."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from nl2sql.plan.base import Grain, Operator
from nl2sql.plan.periods import Period
from nl2sql.writers.offline.senses import (
    ConditionSense,
    DimensionSense,
    FieldSense,
    FilterSense,
    MeasureSense,
    ValueSense,
)


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
    both: bool = False  # "both A and B"
    said: str = ""  # the preposition before it


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


@dataclass(slots=True)
class MadeAsk:
    """What a construct made of its words."""

    sense: ConditionSense
    words: str
    negated: bool = False


@dataclass(slots=True)
class EitherAsk:
    """One of these holds: things said of a noun, or nouns related to it."""

    options: list[Restrictor | Noun]
    words: str


RankBy = Literal["measure", "amount", "time"]
Restrictor = ValueAsk | FilterAsk | CompareAsk | PeriodAsk | MadeAsk | EitherAsk


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
    each_once: bool = False  # "3 different listings"
    up_to: int | None = None  # between so many and so many
    verbs: tuple[str, ...] = ()
    key: Decimal | None = None
    keys: list[Decimal] = field(default_factory=list)  # further ones: "listings 42 and 43"
    said: str = ""  # the preposition before it
    apart: bool = True  # a joint ("and", "who") stands between it and the noun before
    restrictors: list[Restrictor] = field(default_factory=list)


@dataclass(slots=True)
class MeasureAsk:
    """`kind`: metric, agg (`function`, or distinct, over `fields`), count (of `noun`), made (by a construct)."""

    kind: Literal["metric", "agg", "count", "made"]
    words: str
    metric: str = ""
    function: str = ""
    fields: tuple[FieldSense, ...] = ()
    noun: Noun | None = None
    made: MeasureSense | None = None


@dataclass(slots=True)
class GroupAsk:
    """By a field, by a noun, by a time grain, or by what a construct made."""

    words: str
    fields: tuple[FieldSense, ...] = ()
    noun: Noun | None = None
    grain: Grain | None = None
    role: str = ""
    made: DimensionSense | None = None


@dataclass(slots=True)
class ColumnAsk:
    """To be shown with each row: a field (perhaps of the one who has a role), the name of what it belongs to, or how
    many of something it has (`counted`)."""

    words: str
    fields: tuple[FieldSense, ...] = ()
    role: str = ""
    noun: Noun | None = None
    counted: bool = False


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
    shown: list[ColumnAsk] = field(default_factory=list)  # beside what names the row
    loose: list[Restrictor] = field(default_factory=list)
    part: list[Restrictor] = field(default_factory=list)
    part_nouns: list[Noun] = field(default_factory=list)
    rank: RankAsk | None = None
    ranked_words: str = ""  # "top countries": the values that are ranked, where no rows are
    having: tuple[Operator, Decimal, str] | None = None
    of_columns: bool = False  # no rows were named, only what is to be shown of them
    order_by: ColumnAsk | None = None  # one of `shown`, by which all rows are sorted
    sorted_by: tuple[FieldSense, ...] = ()  # names in the order of the alphabet
    having_to: Decimal | None = None  # the upper end of such a bound
    share: bool = False
    counted: bool = False
    listed: bool = False
    distinct: bool = False
    people: bool = False
    when: bool = False  # a moment is asked for
    verbs: list[str] = field(default_factory=list)
    how_much: bool = False  # "how much": of one row its amount, of many what the field means for many
    deeds: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)  # verbs that must find their place
    corrected: list[tuple[str, str]] = field(default_factory=list)
