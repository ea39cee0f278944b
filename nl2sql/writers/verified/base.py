"""A verified query: a question that somebody answers for, with the SQL that answers it.

Frozen values; `nl2sql.writers.verified.load` makes them from YAML, and nothing here knows of files or databases.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal, get_args

from nl2sql.plan.base import Grain

ParameterType = Literal["text", "integer", "number", "date", "period", "grain"]
_SEPARATOR = " · "
GRAINS: tuple[Grain, ...] = get_args(Grain)


@dataclass(frozen=True, slots=True)
class Parameter:
    """`default` and `example` are words, as a person would say them ("last year", "Germany"); "" is none.

    A text has a `field` ("users.country"), whose vocabulary and stored values are all it can be. `unit` ("EUR") may
    be written with a number. Bounds are inclusive.
    """

    name: str
    type: ParameterType
    label: str = ""
    field: str = ""
    unit: str = ""
    minimum: Decimal | None = None
    maximum: Decimal | None = None
    default: str = ""
    example: str = ""

    @property
    def spoken(self) -> str:
        return self.label or self.name.replace("_", " ")

    @property
    def words(self) -> str:
        """What stands for it where nobody named it, or where the query is tried."""
        return self.default or self.example


@dataclass(frozen=True, slots=True)
class Slot:
    """The place of a parameter in a question."""

    name: str


@dataclass(frozen=True, slots=True)
class Template:
    """A question with slots. `parts` are the words as they are compared, without those that carry no meaning."""

    text: str
    parts: tuple[str | Slot, ...]

    @property
    def literals(self) -> frozenset[str]:
        return frozenset(part for part in self.parts if isinstance(part, str))

    @property
    def slots(self) -> tuple[str, ...]:
        return tuple(part.name for part in self.parts if isinstance(part, Slot))


@dataclass(frozen=True, slots=True)
class VerifiedQuery:
    """`templates` are the question, which names every parameter, and its paraphrases. `sql` reads as the generic
    grammar of sqlglot, "" where there is none; `dialects` holds other texts for single grammars. `file` is its path."""

    id: str
    templates: tuple[Template, ...]
    parameters: tuple[Parameter, ...]
    sql: str
    dialects: Mapping[str, str]
    guidance: str
    verified_by: str
    verified_at: date
    onboarding: bool
    file: str

    @property
    def question(self) -> Template:
        return self.templates[0]

    @property
    def detail(self) -> str:
        """What its drafts say of their origin: see `verification_of`."""
        return _SEPARATOR.join((self.id, self.verified_by, self.verified_at.isoformat()))


def verification_of(detail: str) -> tuple[str, str, date] | None:
    """ID, who verified it and when, of a query's `detail`; None for any other text."""
    name, _, rest = detail.partition(_SEPARATOR)
    by, _, day = rest.rpartition(_SEPARATOR)
    try:
        return (name, by, date.fromisoformat(day)) if by else None
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class VerifiedQueries:
    """All of one folder, in the order of their IDs. `fingerprint` changes with every change of a file."""

    queries: tuple[VerifiedQuery, ...] = ()
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The first day of a period, and the first day after it."""

    start: date
    end: date


Value = str | int | Decimal | date | Bounds


@dataclass(frozen=True, slots=True)
class Filled:
    """What a parameter was given: the value, the words for it as typed, and as they are said back (a period then
    brings its preposition: "in 2025")."""

    value: Value
    words: str
    said: str
