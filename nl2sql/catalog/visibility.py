"""A model as one role sees it: what its policy hides is marked sensitive, what it reveals no longer is."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from hashlib import sha256

from sqlglot import exp

from nl2sql.catalog.dialects import is_plain, parsed
from nl2sql.catalog.model import Dataset, Field, SemanticModel


def seen_by(model: SemanticModel, hidden: Set[str], private: Set[str] = frozenset()) -> SemanticModel:
    """Both hold physical "table.column" names in lower case; whatever is computed from one shares its fate. What is
    `hidden` is sensitive; of what is `private`, no value that the database holds is told."""
    datasets = tuple(_dataset_seen(dataset, model, hidden, private) for dataset in model.datasets)
    mark = sha256("\n".join([*sorted(hidden), "", *sorted(private)]).encode()).hexdigest()[:8]
    return replace(model, datasets=datasets, fingerprint=f"{model.fingerprint}.{mark}")


def _dataset_seen(dataset: Dataset, model: SemanticModel, hidden: Set[str], private: Set[str]) -> Dataset:
    """The same object where nothing of it changes: the roles of a large model share most of it."""
    tables = _Tables(dataset, model)
    fields = tuple(_field_seen(each, tables, hidden, private) for each in dataset.fields)
    is_same = all(mine is other for mine, other in zip(fields, dataset.fields, strict=True))
    return dataset if is_same else replace(dataset, fields=fields)


def _field_seen(each: Field, tables: _Tables, hidden: Set[str], private: Set[str]) -> Field:
    sensitive = tables.read_any(each.expression, hidden)
    indexed = each.indexed and not tables.read_any(each.expression, private)
    if sensitive == each.sensitive and indexed == each.indexed:
        return each
    return replace(each, sensitive=sensitive, indexed=indexed)


class _Tables:
    """Which physical tables the expressions of one dataset read."""

    def __init__(self, dataset: Dataset, model: SemanticModel) -> None:
        self._own = dataset.table
        self._known = model.dataset_by_name

    def read_any(self, expression: str, columns: Set[str]) -> bool:
        if not columns:
            return False
        if is_plain(expression):
            owner, _, column = expression.rpartition(".")
            return self._name(owner, column) in columns
        return any(self._name(read.table, read.name) in columns for read in parsed(expression).find_all(exp.Column))

    def _name(self, owner: str, column: str) -> str:
        dataset = self._known.get(owner) if owner else None
        return f"{dataset.table if dataset else self._own}.{column}".lower()
