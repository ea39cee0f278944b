"""From a draft that ran to what can be compared of it."""

from __future__ import annotations

from datetime import date

from nl2sql.answer.base import Labels
from nl2sql.answer.compose import read_statement
from nl2sql.answer.result_order import ordered_by
from nl2sql.candidates.base import Reading
from nl2sql.candidates.canonical import canonical
from nl2sql.engines.base import ResultTable
from nl2sql.guard.checked import CheckedSql
from nl2sql.writers.base import SqlDraft


def reading_of(draft: SqlDraft, checked: CheckedSql, result: ResultTable, labels: Labels, as_of: date) -> Reading:
    """`as_of` is the day called today."""
    tree, _, receipt = read_statement(checked, labels, as_of)
    order = tuple(name for name, _ in ordered_by(tree))
    return Reading(draft, checked, result, canonical(checked.sql, checked.grammar), order, receipt.lines)
