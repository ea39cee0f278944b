"""The receipt: what was computed, in words, read off the checked tree – never from the question or the writer."""

from __future__ import annotations

from datetime import date

from sqlglot import exp

from nl2sql.answer.aggregates import AGGREGATES
from nl2sql.answer.base import Labels, Receipt, ReceiptLine
from nl2sql.answer.clauses import select_lines
from nl2sql.answer.grammar import counted, opening
from nl2sql.answer.merged import merged
from nl2sql.answer.named_filters import canonical_filters
from nl2sql.answer.periods import long_day
from nl2sql.answer.predicates import PREDICATES
from nl2sql.answer.queries import QUERIES
from nl2sql.answer.sources import Scope, is_scalar, leading_select
from nl2sql.answer.speech import Speaker
from nl2sql.answer.timing import CLOCKS
from nl2sql.answer.words import EXPRESSIONS

HANDLERS = {**EXPRESSIONS, **AGGREGATES, **PREDICATES, **QUERIES}


def read_receipt(
    tree: exp.Expr,
    labels: Labels,
    as_of: date,
    *,
    dialect: str = "",
    row_limit: int | None = None,
    limit_added: bool = False,
    row_filtered: tuple[str, ...] = (),
) -> Receipt:
    """`row_filtered` are the tables of which the asker sees some rows only. `row_limit` caps the rows shown;
    `limit_added`: the tree's outer LIMIT is the guard's, not the question's."""
    tree = merged(tree)
    select = leading_select(tree)
    if select is None:
        return Receipt((ReceiptLine("note", f"Not described in words: `{tree.sql(dialect=dialect)}`", tree.sql()),))
    speaker = speaker_for(tree, labels, as_of, dialect)
    shown = tree
    if limit_added and tree.args.get("limit") is not None:
        shown = tree.copy()
        shown.set("limit", None)
        speaker = speaker_for(shown, labels, as_of, dialect)
    lines = select_lines(shown, speaker)
    if row_filtered:
        lines.append(ReceiptLine("policy", f"only the {speaker.tables(row_filtered)} that your role may see"))
    if row_limit is not None and not is_scalar(shown) and (limit_added or _limit_of(tree) > row_limit):
        lines.append(ReceiptLine("limit", f"at most {counted(row_limit, 'row')}"))
    lines += clock_note(tree, as_of, speaker)
    lines += unsaid(shown, lines, speaker)
    return Receipt(tuple(ReceiptLine(each.kind, opening(each.text), each.sql) for each in lines))


def speaker_for(tree: exp.Expr, labels: Labels, as_of: date, dialect: str) -> Speaker:
    select = leading_select(tree)
    if select is None:
        raise TypeError("only a query can be put into words")
    return Speaker(canonical_filters(labels), as_of, dialect, HANDLERS, Scope(select))


def _limit_of(tree: exp.Expr) -> int:
    limit = tree.args.get("limit")
    number = limit.expression if isinstance(limit, exp.Limit) else None
    return int(number.name) if isinstance(number, exp.Literal) and number.is_int else 0


def clock_note(tree: exp.Expr, as_of: date, speaker: Speaker) -> list[ReceiptLine]:
    clocks = [node for node in tree.walk() if isinstance(node, CLOCKS) or _is_now(node)]
    if not clocks:
        return []
    text = f"“now” is the database's own clock, which need not be {long_day(as_of)}"
    return [ReceiptLine("note", text, speaker.sql(clocks[0]))]


def _is_now(node: exp.Expr) -> bool:
    if isinstance(node, exp.Anonymous):
        return node.name.lower() in ("now", "getdate", "sysdate")
    return isinstance(node, exp.Literal) and node.name.lower() == "now" and isinstance(node.parent, exp.Func)


def unsaid(tree: exp.Expr, lines: list[ReceiptLine], speaker: Speaker) -> list[ReceiptLine]:
    """The last net: a predicate that no line was read from is shown as its SQL."""
    said = " \n".join(line.sql for line in lines)
    notes: dict[str, ReceiptLine] = {}
    for leaf in predicate_leaves(tree):
        text = speaker.sql(leaf)
        if text not in said and text not in notes:
            notes[text] = ReceiptLine("note", f"also, in SQL: `{text}`", text)
    return list(notes.values())


def predicate_leaves(tree: exp.Expr) -> list[exp.Expr]:
    """Conditions that no other condition is made of, wherever in the statement they stand."""
    return [
        node
        for node in tree.walk()
        if isinstance(node, exp.Predicate | exp.Escape)
        and not isinstance(node, exp.Connector)
        and not isinstance(node, exp.SubqueryPredicate)
    ]
