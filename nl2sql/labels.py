"""The model's words as the plain `Labels` that the answer room reads."""

from __future__ import annotations

from nl2sql.answer.base import ColumnLabel, Labels
from nl2sql.catalog.model import Dataset, Field, SemanticModel


def labels_of(model: SemanticModel) -> Labels:
    columns: dict[str, ColumnLabel] = {}
    values: dict[str, dict[str, str]] = {}
    filters: dict[str, str] = {}
    for dataset in model.datasets:
        for each in dataset.fields:
            name = f"{dataset.table}.{each.expression}".lower()
            columns[name] = ColumnLabel(each.label or _words(each.name), each.format, each.unit, each.description)
            spoken = {v.value: v.synonyms[0] for v in each.values if v.synonyms}
            if spoken:
                values[name] = spoken
        filters |= _filters(dataset)
    metrics = {
        m.name.lower(): ColumnLabel(m.label or _words(m.name), m.format, m.unit, m.description) for m in model.metrics
    }
    tables = {
        d.table.lower(): ColumnLabel(d.label or _words(d.name), description=d.description) for d in model.datasets
    }
    return Labels(tables, columns, metrics, values, filters)


def _words(name: str) -> str:
    return name.replace("_", " ")


def _filters(dataset: Dataset) -> dict[str, str]:
    return {f.expression: f.name for f in dataset.filters}
