"""Result and tree → Answer: the headline, the chart, the receipt and the findings, each by its own module."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from functools import lru_cache

from sqlglot import exp

from nl2sql.answer.base import Answer, ColumnLabel, Labels, Receipt
from nl2sql.answer.chart import choose_chart
from nl2sql.answer.definitions import told_of
from nl2sql.answer.findings import Case, find
from nl2sql.answer.headline import headline
from nl2sql.answer.merged import merged
from nl2sql.answer.receipt import read_receipt, speaker_for
from nl2sql.answer.scope_words import period_of
from nl2sql.answer.shape import Output, read_outputs
from nl2sql.answer.sources import is_scalar
from nl2sql.answer.speech import Speaker
from nl2sql.engines.base import ResultTable
from nl2sql.guard.checked import CheckedSql
from nl2sql.question import Question
from nl2sql.writers.base import SqlDraft


@lru_cache(maxsize=256)
def read_statement(checked: CheckedSql, labels: Labels, as_of: date) -> tuple[exp.Expr, Speaker, Receipt]:
    """What the statement alone says, and the tree that says it, which is not to be changed. `as_of` is the day called
    today. The guard gives the same object for the same statement, so a repeat is free."""
    tree = checked.tree
    if checked.limit_added:
        tree.set("limit", None)  # a bound of the guard's says nothing about what was asked
    tree = merged(tree)
    speaker = speaker_for(tree, labels, as_of, checked.grammar)
    receipt = read_receipt(
        tree,
        labels,
        as_of,
        dialect=checked.grammar,
        row_limit=checked.row_limit,
        limit_added=checked.limit_added,
        row_filtered=checked.row_filtered,
    )
    return tree, speaker, receipt


def compose(
    question: Question,
    draft: SqlDraft,
    checked: CheckedSql,
    result: ResultTable,
    labels: Labels,
    as_of: date,
    *,
    cached: bool,
) -> Answer:
    tree, speaker, receipt = read_statement(checked, labels, as_of)
    outputs = read_outputs(tree, result.table, speaker)
    return Answer(
        question=question,
        outcome="answered",
        headline=headline(tree, outputs, result, speaker, as_of),
        origin=draft.origin,
        interpretation=draft.interpretation,
        sql=checked.sql,
        executed_sql=checked.executed_shown,
        table=result,
        chart=choose_chart(outputs, result, period_of(tree, speaker)),
        receipt=told_of(receipt, outputs, result, speaker.labels, is_scalar=is_scalar(tree)),
        columns=tuple(_column(output) for output in outputs),
        findings=find(Case(tree, outputs, result, speaker, as_of, checked.row_filtered)),
        assumptions=draft.assumptions,
        cached=cached,
        plan=draft.plan,
        confidence=draft.confidence,
    )


def _column(output: Output) -> ColumnLabel:
    """A sum is told of what was added up in each group, and of nothing that was derived from that."""
    adds_up = output.adds_up and output.role == "measure" and not output.derived.kind
    return replace(output.label, additive=adds_up)
