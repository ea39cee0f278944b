"""The label of a result's column, found by its output name alone."""

from __future__ import annotations

from nl2sql.answer.base import ColumnLabel, Labels


def label_of(column: str, labels: Labels) -> ColumnLabel:
    """A metric's label, else that of the only kind of field with this name, else the name in words."""
    name = column.lower()
    metric = labels.metrics.get(name)
    if metric is not None:
        return metric
    found = {label for column, label in labels.columns.items() if column.rpartition(".")[2] == name}
    if len(found) == 1:
        return found.pop()
    plain = name.split("_")[-1] in ("id", "year")
    return ColumnLabel(name.replace("_", " "), "plain" if plain else "number")
