"""Words for the order of rows and for limits, and what a calculation is called in them."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from nl2sql.answer.base import ReceiptLine
from nl2sql.answer.grains import grain_of
from nl2sql.answer.grammar import counted, listed, pretty
from nl2sql.answer.speech import Speaker
from nl2sql.answer.windows import part_words
from nl2sql.answer.words import metric_words


def given_name(projection: exp.Expr) -> str:
    """The query's own name for a calculation too long to repeat, in quotes: it is a name, not a fact."""
    inner = projection.unalias().unnest()
    while isinstance(inner, exp.Round | exp.Coalesce | exp.Cast):
        inner = inner.this.unnest()
    if not projection.alias:
        return ""
    is_long = isinstance(inner, exp.Binary | exp.Case | exp.If | exp.Window | exp.SafeDivide)
    return f"“{pretty(projection.alias)}”" if is_long and not projection.alias.startswith("_col_") else ""


def order_and_limit(query: exp.Expr, speaker: Speaker) -> list[ReceiptLine]:
    order, limit, offset = (query.args.get(name) for name in ("order", "limit", "offset"))
    items = list(order.expressions) if order else []
    lines = []
    if limit is not None:
        lines.append(
            ReceiptLine("limit", _limit_text(query, limit, items, speaker), _clause_sql([order, limit], speaker))
        )
    elif items:
        words = [f"{output_words(i.this, query, speaker)} ({_direction(i, query, speaker)})" for i in items]
        lines.append(ReceiptLine("order", f"ordered by {', then '.join(words)}", _clause_sql([order], speaker)))
    if offset is not None:
        skipped = speaker.say(offset.expression)
        lines.append(ReceiptLine("limit", f"leaving out the first {skipped}", speaker.sql(offset).strip()))
    return lines


def _clause_sql(clauses: Iterable[exp.Expr | None], speaker: Speaker) -> str:
    return " ".join(speaker.sql(each).strip() for each in clauses if each is not None)


def _limit_text(query: exp.Expr, limit: exp.Expr, items: list[exp.Expr], speaker: Speaker) -> str:
    number = limit.expression if isinstance(limit, exp.Limit) else limit.args.get("count")
    options = limit.args.get("limit_options")
    is_odd = options is not None and (options.args.get("percent") or options.args.get("with_ties"))
    if not isinstance(number, exp.Literal) or not number.is_int or is_odd:
        return f"limited as in {speaker.as_sql(limit)}"
    count = int(number.name)
    if not items:
        return f"at most {counted(count, 'row')}, in no particular order"
    first, rest = items[0], items[1:]
    by = output_words(first.this, query, speaker)
    then = "".join(f", then {output_words(i.this, query, speaker)} ({_direction(i, query, speaker)})" for i in rest)
    if _is_amount(first.this, query, speaker):
        return f"{'top' if first.args.get('desc') else 'lowest'} {count:,} by {by}{then}"
    return f"the first {counted(count, 'row')} by {by} ({_direction(first, query, speaker)}){then}"


def projection_of(node: exp.Expr, query: exp.Expr) -> exp.Expr:
    """The output that an ORDER BY names or counts off, or the expression itself."""
    if isinstance(node, exp.Literal) and node.is_int and isinstance(query, exp.Select):
        place = int(node.name) - 1
        return query.selects[place] if 0 <= place < len(query.selects) else node
    if isinstance(node, exp.Column) and not node.table and isinstance(query, exp.Select):
        for projection in query.selects:
            if projection.alias_or_name == node.name:
                return projection
    return node


def output_words(node: exp.Expr, query: exp.Expr, speaker: Speaker) -> str:
    projection = projection_of(node, query)
    inner = projection.unalias()
    if isinstance(inner, exp.Literal) or (isinstance(inner, exp.Column) and not inner.table):
        return pretty(projection.alias_or_name)
    if inner.find(exp.AggFunc) and metric_words(projection.alias, speaker):
        return metric_words(projection.alias, speaker)
    grain = grain_of(inner)
    if isinstance(inner, exp.Window) and projection is node and inner.args.get("order"):
        within = [part_words(each, speaker) for each in inner.args.get("partition_by") or []]
        return f"place within each {listed(within)}" if within else "place"
    return grain.unit if grain else given_name(projection) or speaker.say(inner)


def _is_amount(node: exp.Expr, query: exp.Expr, speaker: Speaker) -> bool:
    inner = projection_of(node, query).unalias()
    label = speaker.label(inner)
    if label is not None and (label.format in ("money", "percent") or label.unit):
        return True
    return bool(inner.find(exp.AggFunc, exp.Window)) and not inner.find(exp.GroupConcat)


def _direction(item: exp.Expr, query: exp.Expr, speaker: Speaker) -> str:
    is_desc = bool(item.args.get("desc"))
    if _is_amount(item.this, query, speaker):
        return "highest first" if is_desc else "lowest first"
    inner = projection_of(item.this, query).unalias()
    if grain_of(inner) is not None or (isinstance(inner, exp.Column) and inner.name.lower().endswith("_at")):
        return "latest first" if is_desc else "earliest first"
    return "descending" if is_desc else "ascending"
