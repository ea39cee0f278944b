"""Which fields a board can be filtered by, and their values: only what the role of whoever looks may see."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from nl2sql.answer.grammar import opening
from nl2sql.catalog.model import DataType, Field, SemanticModel
from nl2sql.plan.base import Column, FieldRef, QueryPlan
from nl2sql.plan.json_form import plan_to_text
from streamlit_app.services import Ready

# A list that is longer is searched, not read; such a field is asked for in a question.
MAX_VALUES = 60


@dataclass(frozen=True, slots=True)
class FilterField:
    """`name` is "dataset.field"; `words` by value are what people call it."""

    name: str
    label: str
    words: dict[str, str]


def filter_fields(ready: Ready) -> tuple[FilterField, ...]:
    """Asks the database where the model does not list the values: through the guard, for this role."""
    model = ready.pipeline.model_for(ready.principal.role)
    labels = list(_labels(model))
    found: list[FilterField] = []
    for name, label, field in labels:
        values = _values(name, field, ready)
        if 1 < len(values) <= MAX_VALUES:
            twice = sum(1 for _, other, _ in labels if other == label) > 1
            shown = f"{label} ({name.partition('.')[0]})" if twice else label
            found.append(FilterField(name, opening(shown), values))
    return tuple(found)


def label_of(name: str, model: SemanticModel) -> str:
    """Of a field that a board was saved with, whatever became of it in the model."""
    return next((label for known, label, _ in _labels(model) if known == name), name)


def _labels(model: SemanticModel) -> Iterator[tuple[str, str, Field]]:
    for dataset in model.datasets:
        for field in dataset.fields:
            fits = field.datatype in (DataType.STRING, DataType.OPAQUE) and (field.values or field.indexed)
            if fits and not field.sensitive:
                yield f"{dataset.name}.{field.name}", field.label or field.name.replace("_", " "), field


def _values(name: str, field: Field, ready: Ready) -> dict[str, str]:
    words = {each.value: each.synonyms[0] if each.synonyms else each.value for each in field.values}
    if not field.indexed:
        return words
    dataset, _, own = name.rpartition(".")
    ref = FieldRef((), dataset, own)
    plan = QueryPlan(dataset, columns=(Column(own, ref),), distinct=True, limit=MAX_VALUES + 1)
    answer = ready.pipeline.ask_plan(plan_to_text(plan), ready.principal)
    if answer.outcome != "answered" or answer.table is None:
        return {}
    values = sorted(str(each) for each in answer.table.table.column(0).to_pylist() if each is not None)
    return {value: value for value in values}
