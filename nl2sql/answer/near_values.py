"""Nothing was found, and a condition asks for a value that is not stored: values that are, and that are spelled alike.

Only of fields whose values the asker may be told of, as the model shows it to their role.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from sqlglot import exp

from nl2sql.answer.base import Answer, Finding, Labels
from nl2sql.answer.grammar import listed, mid, pretty
from nl2sql.answer.sources import Scope
from nl2sql.catalog.dialects import column_of
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import IndexedValue, NearValue
from nl2sql.context.visible import shown_of
from nl2sql.errors import EngineError
from nl2sql.guard.checked import CheckedSql

_LEAST_ALIKE = 0.6
_MOST = 3  # values that are offered; and conditions that are looked into
_SEARCHED = 12  # the same word may be a value of several fields


class StoredValues(Protocol):
    """The part of a value index that is read here; each may raise EngineError."""

    def exactly(self, words: str) -> Sequence[IndexedValue]: ...

    def nearest(self, words: str, limit: int = 5, least: float = 0.75) -> Sequence[NearValue]: ...


def near_values(
    answer: Answer, checked: CheckedSql, view: SemanticModel, values: StoredValues | None, labels: Labels
) -> tuple[Finding, ...]:
    """`view` is the model as the asker's role sees it."""
    if values is None or not _is_empty(answer):
        return ()
    try:
        return tuple(dict.fromkeys(_findings(checked, view, values, labels)))[:_MOST]
    except EngineError:  # the answer stands without it
        return ()


def _is_empty(answer: Answer) -> bool:
    """No row, or one of nothing but zeros and empty cells."""
    if answer.table is None or answer.table.row_count > 1:
        return False
    cells = [cell for column in answer.table.table.columns for cell in column.to_pylist()]
    return all(cell is None or cell == 0 for cell in cells)


def _findings(checked: CheckedSql, view: SemanticModel, values: StoredValues, labels: Labels) -> Iterator[Finding]:
    for key, word in _asked_for(checked.tree):
        places = _fields(key, view)
        if not places or any(_place(entry) in places and entry.value == word for entry in values.exactly(word)):
            continue
        shown = shown_of(view)
        near = [
            each.entry.value
            for each in values.nearest(word, _SEARCHED, _LEAST_ALIKE)
            if _place(each.entry) in places and shown.may_tell_value(_place(each.entry), each.entry.value)
        ]
        alike = list(dict.fromkeys(value for value in near if value != word))[:_MOST]
        if alike:
            known = labels.columns.get(key)
            noun = mid(known.label) if known is not None else pretty(key.rpartition(".")[2])
            offered = listed([f"“{each}”" for each in alike], "or")
            yield Finding("unknown_value", "warning", f"There is no {noun} “{word}”. Did you mean {offered}?")


def _asked_for(tree: exp.Expr) -> Iterator[tuple[str, str]]:
    """("categories.name", "Phnes") for each text that a stored column is held to."""
    for select in tree.find_all(exp.Select):
        scope = Scope(select)
        for node in select.find_all(exp.EQ, exp.In):
            literals = node.expressions if isinstance(node, exp.In) else [node.expression]
            key = scope.key(node.this) if isinstance(node.this, exp.Column) else ""
            if key:
                yield from ((key, each.name) for each in literals if isinstance(each, exp.Literal) and each.is_string)


def _fields(key: str, view: SemanticModel) -> set[str]:
    """The "dataset.field" names of a "table.column" whose values are indexed: two datasets may share a table."""
    return {
        f"{dataset.name}.{each.name}"
        for dataset in view.datasets
        for each in dataset.fields
        if each.indexed and key == f"{dataset.table}.{column_of(each.expression)}".lower()
    }


def _place(entry: IndexedValue) -> str:
    return f"{entry.dataset}.{entry.field}"
