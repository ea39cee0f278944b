"""What a rule of the linter is given, and what it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from sqlglot import exp
from sqlglot.errors import SqlglotError

from nl2sql.catalog import ossie
from nl2sql.catalog.dialects import is_plain, parsed
from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Dataset, SemanticModel
from nl2sql.catalog.source import Place, Source

Level = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """`code` names the rule; `line` is 1-based. An error makes wrong answers or none, a warning a choice left open."""

    level: Level
    code: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Expression:
    """SQL of the model and where it stands. `owner` is the dataset of columns that name none; empty: they must."""

    what: str
    text: str
    owner: str
    place: Place
    is_metric: bool = False

    @property
    def tree(self) -> exp.Expr:
        """Of what does not parse, nothing: that is told elsewhere."""
        try:
            return parsed(self.text)
        except SqlglotError:
            return exp.Null()


class Linted:
    """A model that was read, and where each of its objects stands in the file."""

    def __init__(self, source: Source, place: Place, file: ossie.OssieModel, model: SemanticModel) -> None:
        self.source = source
        self.place = place
        self.file = file
        self.model = model

    @cached_property
    def graph(self) -> JoinGraph:
        return JoinGraph(self.model)

    def finding(self, level: Level, code: str, place: Place, message: str) -> Finding:
        return Finding(level, code, self.source.line(place), message)

    @cached_property
    def dataset_places(self) -> Mapping[str, Place]:
        return {each.name: (*self.place, "datasets", i) for i, each in enumerate(self.file.datasets)}

    @cached_property
    def field_places(self) -> Mapping[tuple[str, str], Place]:
        return {
            (dataset.name, each.name): (*self.dataset_places[dataset.name], "fields", i)
            for dataset in self.file.datasets
            for i, each in enumerate(dataset.fields)
        }

    @cached_property
    def relationship_places(self) -> Mapping[str, Place]:
        return {each.name: (*self.place, "relationships", i) for i, each in enumerate(self.file.relationships)}

    @cached_property
    def metric_places(self) -> Mapping[str, Place]:
        return {each.name: (*self.place, "metrics", i) for i, each in enumerate(self.file.metrics)}

    def extension_place(self, dataset: Dataset) -> Place:
        """Where filters and the other words of ours on a dataset stand."""
        return (*self.dataset_places[dataset.name], "custom_extensions")

    @cached_property
    def expressions(self) -> tuple[Expression, ...]:
        return tuple(self._expressions())

    def _expressions(self) -> Iterator[Expression]:
        for dataset in self.model.datasets:
            for each in dataset.fields:
                place = (*self.field_places[dataset.name, each.name], "expression")
                yield Expression(f"the field {dataset.name}.{each.name}", each.expression, dataset.name, place)
            at = self.extension_place(dataset)
            if dataset.rows:
                yield Expression(f"rows of {dataset.name}", dataset.rows, dataset.name, at)
            for named in dataset.filters:
                yield Expression(f"the filter “{named.name}” of {dataset.name}", named.expression, dataset.name, at)
        for link in self.model.relationships:
            for text in dict.fromkeys(filter(None, (link.condition, link.membership))):
                place = (*self.relationship_places[link.name], "custom_extensions")
                yield Expression(f"the relationship {link.name}", text, link.source, place)
        for metric in self.model.metrics:
            place = (*self.metric_places[metric.name], "expression")
            yield Expression(f"the metric {metric.name}", metric.expression, "", place, is_metric=True)

    @cached_property
    def columns(self) -> Mapping[str, frozenset[str]]:
        """Table → the columns that fields, keys and relationships name, in lower case: the ones known to exist."""
        found: dict[str, set[str]] = {dataset.table: set() for dataset in self.model.datasets}
        for dataset in self.model.datasets:
            known = found[dataset.table]
            known.update(name.lower() for key in (dataset.primary_key, *dataset.unique_keys) for name in key)
            for each in dataset.fields:
                known.update(_columns_of(each.expression))
        for link in self.model.relationships:
            for name, columns in ((link.source, link.source_columns), (link.target, link.target_columns)):
                found[self.model.dataset(name).table].update(column.lower() for column in columns)
        return {table: frozenset(names) for table, names in found.items()}


def _columns_of(expression: str) -> list[str]:
    if is_plain(expression):
        return [expression.rpartition(".")[2].lower()]
    try:
        return [column.name.lower() for column in parsed(expression).find_all(exp.Column)]
    except SqlglotError:
        return []
