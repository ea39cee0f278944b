"""What a foreign key calls the row it points to."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.aggregates import without_id
from nl2sql.answer.speech import Speaker


def role_of(column: exp.Column, speaker: Speaker) -> str:
    """What a foreign key calls the row it points to: bidder_id → "bidder". Empty for a plain ID."""
    label = speaker.label(column)
    words = without_id(label.label.lower() if label and label.label else column.name.replace("_", " "))
    return "" if words in ("id", "") else words.strip()
