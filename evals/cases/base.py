"""What a suite holds: cases, each a question with what is right for it.

A suite may be written short: one statement as text, no tags, no kind. What is given on the suite holds for every case
that does not say otherwise. Keys without a value count as not given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import (
    AliasChoices,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    field_validator,
    model_validator,
)

from nl2sql.question import FIRST_DAY, LAST_DAY

Kind = Literal["answerable", "ambiguous", "unanswerable", "unsafe", "sensitive"]
Grain = Literal["day", "week", "month", "quarter", "year"]
Dialect = Literal["sqlite", "mysql", "postgres", "duckdb", "bigquery"]
RowsAs = Literal["bag", "set"]
Ties = Literal["any", "reject"]

# Kinds for which no SQL may run: where it did, safety is broken.
SAFETY_KINDS: frozenset[Kind] = frozenset({"unsafe", "sensitive"})
# What keys were called before; they are read for as long as there are suites.
FORMER_NAMES = MappingProxyType({"required_columns": "columns", "order_by": "order"})
# Of a suite, but known from where it was read: no file can set them.
NOT_IN_A_FILE = frozenset({"path", "fingerprint"})


def _as_text(value: Any) -> Any:
    """YAML reads 17 and 2024 as numbers where somebody means a name."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _as_list(value: Any) -> Any:
    """One thing where a list may stand is a list of it."""
    return (value,) if isinstance(value, str | int | float) else value


Name = Annotated[
    str,
    BeforeValidator(_as_text),
    StringConstraints(pattern=r"^[A-Za-z0-9]+([-_.][A-Za-z0-9]+)*$", max_length=120),
]
Tag = Annotated[str, BeforeValidator(_as_text), StringConstraints(pattern=r"\S", max_length=80)]
Value = Annotated[str, BeforeValidator(_as_text)]
Text = Annotated[str, StringConstraints(pattern=r"\S")]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_as_list)]
Tags = Annotated[tuple[Tag, ...], BeforeValidator(_as_list)]
Decimals = Annotated[int, Field(strict=True, ge=0, le=12)]
Factor = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Factors = Annotated[tuple[Factor, ...], BeforeValidator(_as_list)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def drop_empty_keys(cls, value: Any) -> Any:
        if isinstance(value, dict) and None in value.values():
            return {key: each for key, each in value.items() if each is not None}
        return value


class GoldQuery(Strict):
    """One accepted query. `dialect` None: the suite's. `required_columns` empty: the case's, else all it has."""

    sql: Text
    dialect: Dialect | None = None
    required_columns: Texts = ()


class Case(Strict):
    """One question and what is right for it.

    `sql` holds all accepted queries; in YAML also one text, or a mapping from dialect to text. `required_columns` are
    the gold columns that an answer must hold (empty: all). `order_by`: () where no order was asked for, ("gold",) for
    the gold's own ORDER BY, else the gold columns that rows must be ordered by. `family` names cases that ask the same
    in other words. `turns` are earlier questions of the conversation, asked first. `model` and `database` stand in
    place of the suite's. `twin`, of a case that must be declined, is the id of one in nearly the same words that has
    an answer.
    """

    id: Name
    question: Text
    kind: Kind = "answerable"
    tags: Tags = ()
    sql: tuple[GoldQuery, ...] = ()
    required_columns: Texts = Field(
        default=(), validation_alias=AliasChoices("required_columns", FORMER_NAMES["required_columns"])
    )
    order_by: tuple[Text, ...] = Field(default=(), validation_alias=AliasChoices("order_by", FORMER_NAMES["order_by"]))
    rows: RowsAs = "bag"
    decimals: Decimals | None = None
    ties: Ties = "any"
    accept_scale: Factors = ()
    time_grain: Grain | None = None
    must_pass: Annotated[bool, Field(strict=True)] = False
    family: Name | None = None
    turns: Texts = ()
    role: Text | None = None
    attributes: Mapping[str, Value] = Field(default_factory=lambda: MappingProxyType({}))
    as_of: date | None = None
    model: Text | None = None
    database: Text | None = None
    twin: Name | None = None
    comment: Text | None = None

    @field_validator("sql", mode="before")
    @classmethod
    def read_golds(cls, value: Any) -> Any:
        """A text, a mapping from dialect to text or texts, or a list of texts and of {sql, dialect, …}."""
        return tuple(_golds(value))

    @field_validator("order_by", mode="before")
    @classmethod
    def read_order(cls, value: Any) -> Any:
        """`order: true` and `order_by: gold` mean the gold's own; false means none."""
        if isinstance(value, bool):
            return ("gold",) if value else ()
        return _as_list(value)

    @field_validator("as_of", mode="before")
    @classmethod
    def read_day(cls, value: Any) -> Any:
        return as_day(value)

    @property
    def must_be_declined(self) -> bool:
        return self.kind != "answerable"

    @property
    def group(self) -> str:
        """What cases are grouped by where they are no independent trials: the family, else the case itself."""
        return self.family or self.id


class Suite(Strict):
    """`as_of` is the day called “today” (None: the setting's); `model` a folder under schema/ or a model file,
    `database` a URL or a file (None: the setting's); paths are relative to the suite. `path` is where it was read."""

    name: Name
    description: str = ""
    model: Text | None = None
    database: Text | None = None
    as_of: date | None = None
    dialect: Dialect = "sqlite"
    decimals: Decimals | None = None
    role: Text | None = None
    attributes: Mapping[str, Value] = Field(default_factory=lambda: MappingProxyType({}))
    cases: tuple[Case, ...]
    path: Path = Path()
    fingerprint: str = ""

    @field_validator("as_of", mode="before")
    @classmethod
    def read_day(cls, value: Any) -> Any:
        return as_day(value)

    @field_validator("cases", mode="after")
    @classmethod
    def require_a_case(cls, value: tuple[Case, ...]) -> tuple[Case, ...]:
        if not value:
            raise ValueError("a suite needs a case")
        return value

    @field_validator("decimals", mode="before")
    @classmethod
    def read_decimals(cls, value: Any) -> Any:
        """A number, or {default: 2, note: why}."""
        if isinstance(value, Mapping):
            if "default" not in value or not set(value) <= {"default", "note"}:
                raise ValueError("decimals must be a number, or have the keys default and note")
            return value["default"]
        return value


def as_day(value: Any) -> date | None:
    """Quoted, as the schema for editors wants it; unquoted, YAML has made it a date already."""
    if isinstance(value, str):
        try:
            value = date.fromisoformat(value)
        except ValueError:
            raise ValueError("as_of must be a day like “2026-06-30”") from None
    if value is None:
        return value
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError("as_of must be a day like “2026-06-30”")
    if not FIRST_DAY <= value <= LAST_DAY:
        raise ValueError(f"as_of must lie between {FIRST_DAY} and {LAST_DAY}")
    return value


def _golds(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping) and "sql" not in value:
        for dialect, texts in value.items():
            for text in texts if isinstance(texts, list | tuple) else (texts,):
                yield {"sql": text, "dialect": dialect}
    elif isinstance(value, list | tuple):
        yield from ({"sql": each} if isinstance(each, str) else each for each in value)
    else:
        yield {"sql": value} if not isinstance(value, Mapping | GoldQuery) else value
