"""Words for bounds on groups that have a shorter form: the first rows of each group, groups with at least one row."""

from __future__ import annotations

from sqlglot import exp

from nl2sql.answer.aggregates import counting, rows_noun
from nl2sql.answer.grammar import listed
from nl2sql.answer.speech import Speaker
from nl2sql.answer.windows import ordered_words, part_words


def top_of_each(part: exp.Expr, speaker: Speaker) -> tuple[str, str]:
    """("first 3 rows for each country", "GMV (descending)") for ROW_NUMBER or RANK at most 3; else two empty ones."""
    number = part.expression if isinstance(part, exp.LTE | exp.LT | exp.EQ) else None
    window = part.this.unnest() if number is not None else None
    if not isinstance(window, exp.Window) or not isinstance(window.this, exp.RowNumber | exp.Rank | exp.DenseRank):
        return "", ""
    if not isinstance(number, exp.Literal) or not number.is_int or window.args.get("spec"):
        return "", ""
    order, within = window.args.get("order"), window.args.get("partition_by") or []
    count = int(number.name) - isinstance(part, exp.LT)
    if order is None or count < 1 or (isinstance(part, exp.EQ) and count != 1):
        return "", ""
    things = "places" if isinstance(window.this, exp.Rank | exp.DenseRank) else "rows"
    first = f"first {count} {things}" if count > 1 else f"first {things[:-1]}"
    if within:
        first += f" for each {listed([part_words(key, speaker) for key in within])}"
    return first, listed([ordered_words(item, speaker) for item in order.expressions])


def top_words(part: exp.Expr, speaker: Speaker) -> str:
    first, by = top_of_each(part, speaker)
    if not first:
        return ""
    ranked = part.this.unnest().this
    ties = "" if isinstance(ranked, exp.RowNumber) else "; equal ones share a place"
    ties += " and the next follows without a gap" if isinstance(ranked, exp.DenseRank) else ""
    return f"only the {first}, in order of {by}{ties}"


def at_least_one(part: exp.Expr, speaker: Speaker) -> str:
    """ "only groups with listings where closing date …" for COUNT(CASE WHEN … THEN 1 END) > 0; else ""."""
    bound = part.expression if isinstance(part, exp.GT) else None
    if not isinstance(bound, exp.Literal) or bound.name != "0" or not isinstance(part.this, exp.Count):
        return ""
    value, condition = counting(part.this.this) if isinstance(part.this.this, exp.Expr) else (None, None)
    if condition is None or not isinstance(value, exp.Literal):
        return ""
    return f"only groups with {rows_noun(speaker, '').strip()} where {speaker.say(condition)}"
