"""What the model's things are called on screen."""

from __future__ import annotations

from nl2sql.catalog.model import Dataset, Field, Metric


def dataset_label(dataset: Dataset) -> str:
    return titled(dataset.label or dataset.name.replace("_", " "))


def field_label(field: Field) -> str:
    return titled(field.label or field.name.replace("_", " "))


def metric_label(metric: Metric) -> str:
    return titled(metric.label or metric.name.replace("_", " "))


def titled(text: str) -> str:
    return text[:1].upper() + text[1:]
