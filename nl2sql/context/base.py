"""What of the catalog one question needs. Made by `nl2sql.context.retrieve`, read by every writer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from nl2sql.catalog.model import SemanticModel


@dataclass(frozen=True, slots=True)
class LinkedTerm:
    """Words of the question that name something of the model: kind is dataset, field, metric, value or filter.

    A value whose text must not be told has its field as target.
    """

    words: str
    kind: str
    target: str  # "listings", "users.country", "gmv", "users.country=DE"

    @property
    def place(self) -> str:
        """The target without a value: users.country, of users.country=DE."""
        return self.target.partition("=")[0]


@dataclass(frozen=True, slots=True)
class Example:
    """A question with SQL that is known to answer it. `values` are the (dataset.field, value) pairs that were put into
    both."""

    question: str
    sql: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Cut:
    """What a prompt leaves out for its size: `left_out` of all the `of` ("tables", "fields of orders") there are."""

    what: str
    left_out: int
    of: int

    @property
    def words(self) -> str:
        return f"{self.left_out:,} of {self.of:,} {self.what} left out"


@dataclass(frozen=True, slots=True)
class Context:
    """`datasets` names what a prompt should describe, most relevant first; the model is always the whole one.

    Of a dataset in `fields` only the fields named there are told, most relevant first; of any other, all. `metrics` are
    names, most relevant first; None stands for all whose datasets are there. `values_of` holds the "dataset.field"
    whose listed values are told; None stands for all of them, an empty set for none. `needed` are the datasets that the
    question names and those that join them: they are never cut. `cut` is what a prompt will lack of all there is, and
    `remarks` what else should be said of how this was found. `as_of` is the day called "today"; `dialect` is the
    sqlglot name of the engine's SQL.
    """

    model: SemanticModel
    dialect: str
    as_of: date
    datasets: tuple[str, ...]
    linked: tuple[LinkedTerm, ...] = ()
    examples: tuple[Example, ...] = ()
    fields: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    metrics: tuple[str, ...] | None = None
    values_of: frozenset[str] | None = None
    needed: frozenset[str] = frozenset()
    cut: tuple[Cut, ...] = ()
    remarks: tuple[str, ...] = ()

    @property
    def cut_words(self) -> tuple[str, ...]:
        """Every cut in words, for the trace."""
        return tuple(each.words for each in self.cut)
