"""What of the catalog one question needs. Made by `nl2sql.context.retrieve`, read by every writer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from nl2sql.catalog.model import SemanticModel


@dataclass(frozen=True, slots=True)
class LinkedTerm:
    """Words of the question that name something of the model: kind is dataset, field, metric, value or filter."""

    words: str
    kind: str
    target: str  # "listings", "users.country", "gmv", "users.country=DE"


@dataclass(frozen=True, slots=True)
class Example:
    """A question with SQL that is known to answer it."""

    question: str
    sql: str


@dataclass(frozen=True, slots=True)
class Context:
    """`datasets` names what a prompt should describe, most relevant first; the model is always the whole one.

    `as_of` is the day called "today"; `dialect` is the sqlglot name of the engine's SQL.
    """

    model: SemanticModel
    dialect: str
    as_of: date
    datasets: tuple[str, ...]
    linked: tuple[LinkedTerm, ...] = ()
    examples: tuple[Example, ...] = ()
