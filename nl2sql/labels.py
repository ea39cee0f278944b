"""The model's words as the plain `Labels` that the answer room reads."""

from __future__ import annotations

from dataclasses import dataclass, field

from nl2sql.answer.base import ColumnLabel, Labels
from nl2sql.catalog.dialects import column_of
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel


@dataclass(slots=True)
class _Words:
    """What is gathered from the datasets; where two share a table, the first one names it."""

    tables: dict[str, ColumnLabel] = field(default_factory=dict)
    columns: dict[str, ColumnLabel] = field(default_factory=dict)
    outputs: dict[str, ColumnLabel] = field(default_factory=dict)
    values: dict[str, dict[str, str]] = field(default_factory=dict)
    filters: dict[str, str] = field(default_factory=dict)
    keys: dict[str, tuple[tuple[str, ...], ...]] = field(default_factory=dict)
    listed: set[str] = field(default_factory=set)


def labels_of(model: SemanticModel) -> Labels:
    words = _Words()
    for dataset in model.datasets:
        _gather(dataset, words)
    for metric in model.metrics:
        label = ColumnLabel(metric.label or _spoken(metric.name), metric.format, metric.unit, metric.description)
        words.outputs[metric.name.lower()] = label
    return Labels(
        tables=words.tables,
        columns=words.columns,
        metrics=words.outputs,
        values=words.values,
        filters=words.filters,
        keys=words.keys,
        listed=frozenset(words.listed),
        additive=frozenset(m.name.lower() for m in model.metrics if m.additive),
    )


def _gather(dataset: Dataset, words: _Words) -> None:
    table = dataset.table.lower()
    words.tables.setdefault(table, ColumnLabel(dataset.label or _spoken(dataset.name), description=dataset.description))
    words.keys.setdefault(table, (dataset.primary_key, *dataset.unique_keys) if dataset.primary_key else ())
    for each in dataset.fields:
        column = column_of(each.expression).lower()
        if not column:  # an expression has no place by name; it is known by its output name
            words.outputs[each.name.lower()] = _label(each)
            continue
        name = f"{table}.{column}"
        words.columns.setdefault(name, _label(each))
        spoken = {v.value: v.synonyms[0] for v in each.values if v.synonyms}
        if spoken:
            words.values.setdefault(name, spoken)
        if spoken and len(spoken) == len(each.values) and not each.indexed:
            words.listed.add(name)
    if dataset.name.lower() == table:  # the predicates qualify columns by the dataset's name
        words.filters |= {each.expression: each.name for each in dataset.filters}


def _label(each: Field) -> ColumnLabel:
    shown = {DataType.DATE: "date", DataType.DATETIME: "datetime", DataType.DATETIME_TZ: "datetime"}
    is_key = each.datatype is DataType.INTEGER and (each.name == "id" or each.name.endswith("_id"))
    form = "plain" if is_key else shown.get(each.datatype, each.format)
    return ColumnLabel(each.label or _spoken(each.name), form, each.unit, each.description)


def _spoken(name: str) -> str:
    return name.replace("_", " ")
