"""What the parts of a model are called in front of people, each name one thing only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property, lru_cache

import sqlglot
from sqlglot import exp

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import Metric, SemanticModel
from nl2sql.plan.base import Path
from nl2sql.plan.periods import Period, period_of, say_day

FUNCTION_WORDS = {"sum": "total", "avg": "average", "min": "lowest", "max": "highest", "median": "median"}


def metric_base(metric: Metric, model: SemanticModel) -> str:
    """The dataset whose rows the metric aggregates: the one that dates it, else the only one it names."""
    named = _datasets_of(metric.expression)
    dated = metric.time_field.partition(".")[0]
    if dated in named or not named:
        return dated or model.datasets[0].name
    return named[0]


@lru_cache(maxsize=1_000)  # expressions of metrics, of which a model has some tens
def _datasets_of(expression: str) -> tuple[str, ...]:
    tree = sqlglot.parse_one(expression)
    return tuple(dict.fromkeys(c.table for c in tree.find_all(exp.Column) if c.table))


def singular(label: str) -> str:
    """ "listings" → "listing", "categories" → "category"; a label that is no regular plural stays."""
    if label == "people":
        return "person"
    if label.endswith("ies"):
        return f"{label[:-3]}y"
    return label[:-1] if label.endswith("s") and not label.endswith("ss") else label


def plural(words: str) -> str:
    """ "country" → "countries"; words that end in a remark stay."""
    if words.endswith(("us", "ss", "x", "ch", "sh")):
        return f"{words}es"
    if words.endswith(("s", ")")):
        return words
    if words.endswith("y") and not words.endswith(("ay", "ey", "oy", "uy")):
        return f"{words[:-1]}ies"
    return f"{words}s"


def say_period(period: Period) -> str:
    """The period as it was said, and its days where those words do not give them: "last spring (from … to …)"."""
    start, end = period.start, period.end
    if start and end:
        days = period_of(start, end).words
        same = {days}
    elif start:
        days = f"since {say_day(start)}"
        same = {days, f"from {say_day(start)} on"}
    elif end:
        days = f"before {say_day(end)}"
        same = {days, f"until {say_day(end - timedelta(days=1))}"}
    else:
        days, same = "at any time", set()
    if period.words in same or not period.words:
        return period.words or days
    return f"{period.words} ({days})"


class Names:
    """Names of datasets, fields and metrics; the model's own name is added where two would be called the same."""

    def __init__(self, model: SemanticModel, graph: JoinGraph) -> None:
        self.model = model
        self.graph = graph

    def rows(self, dataset: str) -> str:
        """What the rows are called, in the plural: "listings"."""
        label = self.model.dataset(dataset).label or dataset
        return label if self._dataset_labels[label] == 1 else f"{label} ({dataset})"

    def row(self, dataset: str) -> str:
        return singular(self.rows(dataset))

    def metric(self, name: str) -> str:
        metric = self.model.metric_by_name[name]
        label = metric.label or name.replace("_", " ")
        return label if self._metric_labels[label] == 1 else f"{label} ({name})"

    def field(self, dataset: str, name: str) -> str:
        field = self.model.dataset(dataset).field(name)
        label = field.label or name.replace("_", " ")
        return label if self._field_labels[dataset, label] == 1 else f"{label} ({name})"

    def is_field_of_one(self, dataset: str, name: str) -> bool:
        """Whether no other dataset has a field of that label."""
        label = self.field(dataset, name)
        return self._datasets_by_label[label] <= 1

    def roles(self, path: Path) -> tuple[str, ...]:
        """The roles along the path, the farthest first: the manager of the seller."""
        steps = (self.graph.relationships[step.removeprefix("-")] for step in reversed(path))
        return tuple(step.role for step in steps if step.role)

    def detour(self, start: str, end: str, path: Path) -> str:
        """The relationships of the path by name, where its roles do not tell it from another; else empty."""
        usual = {tuple(other) for other in self.graph.paths(start, end)}
        for last in self.graph.relationships.values():
            if last.target == end:
                usual |= set(self.graph.via(start, last.name))
        if {other for other in usual if self.roles(other) == self.roles(path)} == {path}:
            return ""
        return f" (by {' and '.join(step.removeprefix('-').replace('_', ' ') for step in path)})" if path else ""

    @cached_property
    def _dataset_labels(self) -> Counter[str]:
        return Counter(d.label or d.name for d in self.model.datasets)

    @cached_property
    def _metric_labels(self) -> Counter[str]:
        return Counter(m.label or m.name.replace("_", " ") for m in self.model.metrics)

    @cached_property
    def _field_labels(self) -> Counter[tuple[str, str]]:
        return Counter(self._labels())

    @cached_property
    def _datasets_by_label(self) -> Counter[str]:
        return Counter(label for _, label in self._field_labels)

    def _labels(self) -> Iterator[tuple[str, str]]:
        for dataset in self.model.datasets:
            for field in dataset.fields:
                yield dataset.name, field.label or field.name.replace("_", " ")
