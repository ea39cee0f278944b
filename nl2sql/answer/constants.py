"""Words for constants beside something that has a unit or a vocabulary."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.base import ColumnLabel
from nl2sql.answer.formats import rounded
from nl2sql.answer.speech import Speaker


def amount(node: exp.Expr, like: ColumnLabel | None, speaker: Speaker) -> str:
    """A constant beside something with a unit: 500 next to a price is "€500"."""
    value = number(node)
    if value is not None:
        return rounded(value, like) if like and like.format != "plain" else rounded(value)
    return speaker.say(node)


def stored(node: exp.Expr, key: str, speaker: Speaker) -> str:
    """A constant compared with a column, in the word people use for it: DE → Germany."""
    if isinstance(node, exp.Literal):
        word = speaker.labels.values.get(key, {}).get(node.name)
        if word:
            return word
    return amount(node, speaker.labels.columns.get(key), speaker)


def number(node: exp.Expr) -> int | float | None:
    if isinstance(node, exp.Neg):
        inner = number(node.this)
        return None if inner is None else -inner
    if not isinstance(node, exp.Literal) or node.is_string:
        return None
    try:
        return int(node.name) if node.is_int else float(node.name)
    except ValueError:
        return None
