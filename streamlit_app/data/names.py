"""What the model's things are called on screen."""

from __future__ import annotations

from nl2sql.answer.grammar import opening
from nl2sql.catalog.model import Dataset, Field, Metric


def dataset_label(dataset: Dataset) -> str:
    return opening(dataset.label or dataset.name.replace("_", " "))


def field_label(field: Field) -> str:
    return opening(field.label or field.name.replace("_", " "))


def metric_label(metric: Metric) -> str:
    return opening(metric.label or metric.name.replace("_", " "))
