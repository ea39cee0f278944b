"""What a number is about, behind its name: its period, and a condition or two."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.grammar import listed
from nl2sql.answer.named_filters import find_named
from nl2sql.answer.periods import merge, period_in_sentence
from nl2sql.answer.shape import Output
from nl2sql.answer.sources import conjuncts, leading_select
from nl2sql.answer.speech import Speaker
from nl2sql.answer.timing import time_condition
from nl2sql.answer.trends import shown_period

_CONDITIONS_AT_MOST = 2  # more than two make no sentence; the receipt has them all


def period_of(tree: exp.Expr, speaker: Speaker) -> str:
    """ "in 2025" when the statement holds one time column to one period, else ""."""
    shown = shown_period(tree, speaker)
    if shown is not None:
        return period_in_sentence(shown)
    where = tree.args.get("where") if isinstance(tree, exp.Select) else None
    parts = conjuncts(where.this) if where else []
    times = merge([t for p in parts if (t := time_condition(p, speaker))])
    return period_in_sentence(times[0].period) if len(times) == 1 else ""


def scope_words(tree: exp.Expr, speaker: Speaker, output: Output) -> str:
    """ " in 2025 (user country is Germany)": the period, and up to two conditions, of a single SELECT."""
    select = leading_select(tree)
    where = select.args.get("where") if select is not None and not isinstance(tree, exp.SetOperation) else None
    if where is None:
        return ""
    parts = conjuncts(where.this)
    named = find_named(parts, speaker.scope, speaker.labels)
    used = {id(p) for n in named for p in n.parts}
    times = merge([t for p in parts if id(p) not in used and (t := time_condition(p, speaker))])
    used |= {id(node) for t in times for node in t.nodes}
    others = [p for p in parts if id(p) not in used and not (output.is_metric and _compares_columns(p))]
    in_title = output.title.lower()
    words = [] if output.is_metric else [f"only {n.word}" for n in named if f" of {n.word} " not in in_title]
    said = words + [speaker.say(p) for p in others]
    shown = shown_period(tree, speaker) or (times[0].period if len(times) == 1 else None)
    period = f" {period_in_sentence(shown)}" if shown is not None else ""
    if not said or len(said) > _CONDITIONS_AT_MOST or any("`" in s or len(s) > 60 for s in said):
        more = " (under the conditions in the receipt)" if said else ""
        return period + more
    return f"{period} ({listed(said)})"


def _compares_columns(part: exp.Expr) -> bool:
    """Part of how a metric is defined ("reviewee is the seller"), not of what was asked."""
    return isinstance(part, exp.EQ) and isinstance(part.this, exp.Column) and isinstance(part.expression, exp.Column)
