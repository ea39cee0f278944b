"""Conditions that hold a time to a period."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.periods import TimeCondition, period_words, read_condition
from nl2sql.answer.speech import Speaker

CLOCKS = (exp.CurrentDate, exp.CurrentTimestamp, exp.CurrentDatetime, exp.CurrentTime)


def time_condition(node: exp.Expr, speaker: Speaker) -> TimeCondition | None:
    """The condition as a period on one column, when it is one."""
    column = next((c for c in node.find_all(exp.Column)), None)
    if column is None or isinstance(node, exp.Connector | exp.Not) or node.find(exp.Query):
        return None
    return read_condition(node, holds_days(column, speaker))


def holds_days(column: exp.Column, speaker: Speaker) -> bool | None:
    """Does the column hold dates or moments: by its label, its type, or the habit of calling moments `…_at`."""
    label = speaker.label(column)
    if label and label.format in ("date", "datetime"):
        return label.format == "date"
    if column.type is not None and column.is_type("date"):
        return True
    name = column.name.lower()
    is_moment = name.endswith(("_at", "time", "timestamp")) or column.is_type("timestamp", "datetime", "timestamptz")
    return False if is_moment else None


def period_text(condition: TimeCondition, speaker: Speaker) -> str:
    """ "closed 1 Jan – 31 Dec 2025", "placed in June 2026"."""
    words = speaker.say(condition.of)
    for ending in (" at", " on"):
        words = words.removesuffix(ending)
    return f"{words} {period_words(condition.period)}"
