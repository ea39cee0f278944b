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
    datasets = tuple(
        replace(
            dataset,
            fields=tuple(
                replace(
                    field,
                    sensitive=_reads_any(field, dataset, model, hidden),
                    indexed=field.indexed and not _reads_any(field, dataset, model, private),
                )
                for field in dataset.fields
            ),
        )
        for dataset in model.datasets
    )
    mark = sha256("\n".join([*sorted(hidden), "", *sorted(private)]).encode()).hexdigest()[:8]
    return replace(model, datasets=datasets, fingerprint=f"{model.fingerprint}.{mark}")


def _reads_any(field: Field, dataset: Dataset, model: SemanticModel, columns: Set[str]) -> bool:
    if not columns:
        return False
    if is_plain(field.expression):
        owner, _, column = field.expression.rpartition(".")
        return f"{model.dataset_by_name.get(owner, dataset).table}.{column}".lower() in columns
    for read in parsed(field.expression).find_all(exp.Column):
        table = model.dataset_by_name.get(read.table, dataset).table
        if f"{table}.{read.name}".lower() in columns:
            return True
    return False
