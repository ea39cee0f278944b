"""A model as one role sees it: what its policy hides is marked sensitive, what it reveals no longer is."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import replace
from hashlib import sha256

import sqlglot
from sqlglot import exp

from nl2sql.catalog.model import Dataset, Field, SemanticModel


def seen_by(model: SemanticModel, hidden: Set[str]) -> SemanticModel:
    """`hidden` holds physical "table.column" names in lower case; whatever is computed from one is hidden with it."""
    datasets = tuple(
        replace(d, fields=tuple(replace(f, sensitive=_reads_hidden(f, d, model, hidden)) for f in d.fields))
        for d in model.datasets
    )
    mark = sha256("\n".join(sorted(hidden)).encode()).hexdigest()[:8]
    return replace(model, datasets=datasets, fingerprint=f"{model.fingerprint}.{mark}")


def _reads_hidden(field: Field, dataset: Dataset, model: SemanticModel, hidden: Set[str]) -> bool:
    for column in sqlglot.parse_one(field.expression).find_all(exp.Column):
        owner = model.dataset_by_name.get(column.table, dataset)
        if f"{owner.table}.{column.name}".lower() in hidden:
            return True
    return False
