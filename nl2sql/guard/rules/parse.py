"""Parse: exactly one statement, of a shape that only reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from nl2sql.guard.executed import fold_views
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

_FIRST_WORDS: Final = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN, TokenType.VALUES, TokenType.FROM})
_ROOTS: Final = (exp.Select, exp.Union, exp.Intersect, exp.Except, exp.Values)
# AND and OR chains print without recursion and are read flat; other nesting costs the stack.
_CHAINS: Final = frozenset({exp.And, exp.Or})
_LEAVES: Final = frozenset({exp.Identifier, exp.Literal, exp.Null, exp.Boolean})
# 200 lines of SQL are some 2,500 nodes, and an IN list has one for each value.
_MAX_NODES: Final = 4_000
_MAX_TERMS: Final = 400  # links of one AND or OR chain
# Some printers write what is below such a node two or three times (SQLite's INSTR with a position, NULLS FIRST on
# MySQL), and again for each that is inside another. LENGTH also makes DuckDB's work out the type of all that is below.
_PRINTED_AGAIN: Final[Mapping[type[exp.Expr], int]] = {
    **dict.fromkeys((exp.Length,), 4),
    **dict.fromkeys((exp.StrPosition, exp.Ceil, exp.Floor), 3),
    **dict.fromkeys((exp.ArrayAgg, exp.Corr, exp.Left, exp.Ordered, exp.Right, exp.Unicode, exp.ArraySize), 2),
    **dict.fromkeys((exp.Rand, exp.SafeDivide, exp.ToArray, exp.WithinGroup), 2),
    exp.Qualify: 5,  # where a database has none, each of its windows becomes an output of a subquery
}
_MAX_PRINTED: Final = 8_000


def reading_words(statement: Statement) -> list[Violation]:
    """One statement that starts like a query; the parser is not even asked about anything else."""
    kinds = [token.token_type for token in statement.tokens]
    while kinds and kinds[-1] is TokenType.SEMICOLON:
        kinds.pop()
    if TokenType.SEMICOLON in kinds:
        return [_several(statement)]
    return [] if kinds and kinds[0] in _FIRST_WORDS else [_not_a_select(statement)]


def _several(statement: Statement) -> Violation:
    return Violation(
        "several_statements",
        statement.fragment(statement.text),
        "Exactly one statement can run at a time.",
        "Write exactly one SELECT statement, without a second one after a semicolon.",
    )


def _not_a_select(statement: Statement) -> Violation:
    return Violation(
        "not_a_select",
        statement.fragment(statement.text),
        "Only questions can be answered here: this statement does something other than read data.",
        "Write a SELECT statement.",
    )


def parse_one_statement(statement: Statement) -> list[Violation]:
    """Reads the text that would run where there is one already: its views fold back into the tables they stand for."""
    grammar = statement.dialect.grammar
    try:
        tokens = grammar.tokenize(statement.executed) if statement.executed else statement.tokens
        trees = grammar.parser().parse(tokens, statement.executed or statement.text)
    except (SqlglotError, RecursionError, ValueError, AttributeError, IndexError, KeyError, TypeError) as error:
        where = getattr(error, "errors", None) or [{}]
        return [
            Violation(
                "unparsable",
                statement.fragment(str(where[0].get("highlight") or statement.text)),
                "The query could not be read as one SELECT statement.",
                f"Write one valid {statement.dialect.name} SELECT statement. "
                f"{where[0].get('description') or ''}".strip(),
            )
        ]
    if len(trees) != 1 or trees[0] is None:
        return [_several(statement)]
    statement.tree = trees[0]
    if statement.executed and not fold_views(statement.tree, statement.views, statement.catalogue):
        return [_unsettled()]
    return []


def _unsettled() -> Violation:
    return Violation(
        "not_settled",
        "",
        "The query reads differently each time it is written out, so it cannot run.",
        "Write the statement in a simpler way.",
    )


def reading_root(statement: Statement) -> list[Violation]:
    """The whole statement must be a SELECT, a set operation or VALUES; what is inside is judged by the next rules."""
    tree = statement.tree
    while isinstance(tree, exp.Subquery) and set(_present(tree)) == {"this"}:
        tree = tree.this
        tree.pop()
    statement.tree = tree
    if isinstance(tree, _ROOTS):
        return []
    if isinstance(tree, exp.Subquery):
        message = "Put ORDER BY and LIMIT inside the query, not after its closing bracket."
        return [Violation("not_a_select", statement.fragment(tree), message, message)]
    return [_not_a_select(statement)]


def _present(node: exp.Expr) -> list[str]:
    return [name for name, value in node.args.items() if value]


def tree_size(statement: Statement) -> list[Violation]:
    """Depth, number of nodes, and how many of them would be printed, counted without recursion."""
    stack: list[tuple[exp.Expr, int, int, int]] = [(statement.tree, 1, 0, 1)]
    nodes = printed = 1
    deepest = statement.limits.depth
    while stack:
        node, depth, links, copies = stack.pop()
        kind = type(node)
        copies *= times_printed(node)
        for child in node.iter_expressions():
            nodes += 1
            printed += copies
            if type(child) in _LEAVES:
                continue
            if kind in _CHAINS and type(child) is kind:
                stack.append((child, depth, links + 1, copies))
            else:
                stack.append((child, depth + 1, 0, copies))
        if depth >= deepest or links > _MAX_TERMS or nodes > _MAX_NODES or printed > _MAX_PRINTED:
            return [_too_large(statement)]
    return []


def times_printed(node: exp.Expr) -> int:
    """How often what is directly below a node is printed, at most, whatever the dialect."""
    if type(node) is exp.Select:
        # MySQL has no FULL JOIN: its SELECT is printed once for each side and, in a condition, once more.
        return 3 if any(join.args.get("side") == "FULL" for join in node.args.get("joins") or ()) else 1
    if type(node) is exp.Distinct:
        return 3 if len(node.expressions) > 1 else 1  # COUNT(DISTINCT a, b) becomes a CASE
    return _PRINTED_AGAIN.get(type(node), 1)


def _too_large(statement: Statement) -> Violation:
    return Violation(
        "too_complex",
        statement.fragment(statement.text),
        "The query is too deeply nested, or too large, to be checked.",
        "Write a simpler statement with fewer nested parts.",
    )
