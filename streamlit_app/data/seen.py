"""What a role may ask about: datasets, fields and measures, with how much of each field it is shown.

A dataset that its policy closes, and a measure that reads a denied column, are not there at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.catalog.dialects import is_plain, parsed
from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Dataset, Field, Metric, NamedFilter, Relationship, SemanticModel
from nl2sql.guard.policy import Policy, hidden_columns

# open: its values; masked: a hash or a first letter; totals: summed and counted over enough rows; denied: nothing.
Access = Literal["open", "masked", "totals", "denied"]


@dataclass(frozen=True)
class Seen:
    """`datasets` in the model's order; `access` has every field of them, by dataset and field."""

    model: SemanticModel
    datasets: tuple[Dataset, ...]
    metrics: tuple[Metric, ...]
    relationships: tuple[Relationship, ...]
    filters: tuple[tuple[Dataset, NamedFilter], ...]
    access: Mapping[tuple[str, str], Access]

    def fields(self, dataset: Dataset) -> list[Field]:
        """Those that can be asked about."""
        return [each for each in dataset.fields if self.access[dataset.name, each.name] != "denied"]

    def denied(self, dataset: Dataset) -> list[Field]:
        return [each for each in dataset.fields if self.access[dataset.name, each.name] == "denied"]

    @cached_property
    def field_count(self) -> int:
        return sum(access != "denied" for access in self.access.values())

    @cached_property
    def by_name(self) -> Mapping[str, Dataset]:
        return {each.name: each for each in self.datasets}

    @cached_property
    def graph(self) -> JoinGraph:
        return JoinGraph(self.model)


def seen_with(view: SemanticModel, whole: SemanticModel, policy: Policy) -> Seen:
    """`view` is what `Pipeline.model_for` gives the role of the policy, `whole` the model before that."""
    reading = _Reading(view)
    hidden = hidden_columns(whole, policy)
    shown: list[Dataset] = []
    access: dict[tuple[str, str], Access] = {}
    for dataset in view.datasets:
        found = {
            (dataset.name, each.name): _access(reading.columns_of(dataset, each), policy, hidden, each)
            for each in dataset.fields
        }
        is_closed = policy.tables is not None and dataset.table.lower() not in policy.tables
        if not is_closed and any(each != "denied" for each in found.values()):
            shown.append(dataset)
            access |= found
    names = {each.name for each in shown}
    open_tables = {each.table.lower() for each in shown}

    def is_open(expression: str, own: str) -> bool:
        columns = reading.columns(expression, own)
        return not columns & (hidden | policy.masks.keys()) and all(
            each.rpartition(".")[0] in open_tables for each in columns
        )

    return Seen(
        view,
        tuple(shown),
        tuple(each for each in view.metrics if is_open(each.expression, "")),
        tuple(each for each in view.relationships if each.source in names and each.target in names),
        tuple((data, each) for data in shown for each in data.filters if is_open(each.expression, data.table)),
        access,
    )


def _access(columns: frozenset[str], policy: Policy, hidden: frozenset[str], each: Field) -> Access:
    if columns & hidden:
        return "denied"
    if columns & policy.masks.keys():
        return "masked"
    if columns & policy.aggregate_only.keys():
        return "totals"
    return "denied" if each.sensitive else "open"


class _Reading:
    """Which physical columns ("table.column", lower case) an expression of the model reads."""

    def __init__(self, model: SemanticModel) -> None:
        self._tables = {each.name: each.table for each in model.datasets}

    def columns_of(self, dataset: Dataset, field: Field) -> frozenset[str]:
        return self.columns(field.expression or field.name, dataset.table)

    def columns(self, expression: str, own: str) -> frozenset[str]:
        return frozenset(
            f"{self._tables.get(owner, owner) or own}.{column}".lower() for owner, column in _names(expression)
        )


def _names(expression: str) -> Iterator[tuple[str, str]]:
    if is_plain(expression):
        owner, _, column = expression.rpartition(".")
        yield owner, column
        return
    try:
        columns = list(parsed(expression).find_all(exp.Column))
    except SqlglotError:  # the model was loaded: it reads nothing that the guard would let pass
        return
    for each in columns:
        yield each.table, each.name
