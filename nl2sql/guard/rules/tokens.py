"""Tokenise, and count what makes a parser slow before the parser sees it. Refuses hints and executable comments."""

from __future__ import annotations

from typing import Final

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from nl2sql.guard.calls import called_name
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

# 20,000 characters of readable SQL are some 4,000 tokens; a 1,000-value IN list is 2,000.
_MAX_TOKENS: Final = 6_000
# Pure Python parsing breaks at about 50 brackets within each other; people stop at 8.
_MAX_BRACKETS: Final = 24
# Some calls are read or written two or three times for every level: 3^8 is bearable, 3^12 is not.
_MAX_CALLS: Final = 8
_READ_TWICE: Final = frozenset({"date", "time", "timestamp", "datetime", "year", "interval", "row", "char", "string"})
_WITHIN: Final = frozenset({"within group", "group"})  # PERCENTILE_CONT(…) WITHIN GROUP (ORDER BY …)
# Lists within lists double the printing time with every level: 23 levels in 169 characters took 161 s.
_MAX_SQUARE: Final = 2
_MAX_LISTS: Final = 32
_MAX_CASES: Final = 16
_MAX_PREFIXES: Final = 6  # NOT NOT NOT …, - - - …
_MAX_SELECTS: Final = 48

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_PREFIX = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})
_SET_OPERATIONS = frozenset({TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT})


def _refused(code: str, fragment: str, message: str, hint: str) -> list[Violation]:
    return [Violation(code, fragment, message, hint)]


def _too_complex(what: str, fragment: str = "") -> list[Violation]:
    return _refused(
        "too_complex", fragment, f"The query is too complex to check: {what}.", f"Write a simpler statement: {what}."
    )


def _comment_violation(statement: Statement) -> list[Violation]:
    for token in statement.tokens:
        if token.token_type is TokenType.HINT:
            return _refused("hint", "/*+", "Optimizer hints are not allowed.", "Remove the /*+ … */ hint.")
        for comment in token.comments:
            if comment[:1] in ("!", "+") or comment[:2].upper() == "M!":
                return _refused(
                    "executable_comment",
                    statement.fragment(f"/*{comment}*/"),
                    "The query contains a comment that some databases would run as SQL.",
                    "Remove the /*! … */ comment.",
                )
    return []


def _nesting_violation(tokens: list[Token]) -> list[Violation]:
    """Counts what is open at every token: brackets, calls and lists among them, CASE, and signs in a row."""
    opened: list[str] = []  # "call", "list" or "" for each bracket that is open
    cases = prefixes = 0
    for index, token in enumerate(tokens):
        kind = token.token_type
        if kind in _OPEN:
            opened.append(_what_opens(tokens, index))
        elif kind in _CLOSE and opened:
            opened.pop()
        elif kind is TokenType.CASE:
            cases += 1
        elif kind is TokenType.END:
            cases -= 1
        prefixes = prefixes + 1 if kind in _PREFIX else 0
        too_deep = kind in _OPEN and (
            len(opened) > _MAX_BRACKETS or opened.count("call") > _MAX_CALLS or opened.count("list") > _MAX_SQUARE
        )
        if too_deep or cases > _MAX_CASES or prefixes > _MAX_PREFIXES:
            return _too_complex("brackets, calls, CASE or signs are nested too deeply", token.text)
    return []


def _what_opens(tokens: list[Token], index: int) -> str:
    if tokens[index].token_type is TokenType.L_BRACKET:
        return "list"
    # A type name before a bracket makes the parser read the bracket twice, as a type and as a call.
    before = tokens[index - 1].text.lower() if index else ""
    return "call" if called_name(tokens, index) or before in _READ_TWICE | _WITHIN else ""


def _count_violation(statement: Statement) -> list[Violation]:
    kinds = [token.token_type for token in statement.tokens]
    limits = statement.limits
    counted = (
        (kinds.count(TokenType.SELECT), _MAX_SELECTS, "subqueries"),
        (kinds.count(TokenType.JOIN), limits.joins, "joins"),
        (sum(kind in _SET_OPERATIONS for kind in kinds) + 1, limits.set_operands, "UNION, INTERSECT or EXCEPT parts"),
        (kinds.count(TokenType.DCOLON), 200, "casts"),
        (kinds.count(TokenType.L_BRACKET), _MAX_LISTS, "lists"),
        (kinds.count(TokenType.L_BRACE), 0, "braces"),
    )
    for found, allowed, what in counted:
        if found > allowed:
            return _too_complex(f"more than {allowed} {what}")
    return []


def tokenise(statement: Statement) -> list[Violation]:
    try:
        statement.tokens = statement.dialect.grammar.tokenize(statement.text)
    except (SqlglotError, ValueError, IndexError):
        return _refused(
            "unreadable",
            statement.fragment(statement.text),
            "The query is not readable SQL: a quote or a comment is not closed.",
            f"Write valid {statement.dialect.name} SQL with closed quotes and comments.",
        )
    if len(statement.tokens) > _MAX_TOKENS:
        return _too_complex(f"more than {_MAX_TOKENS:,} words")
    return _comment_violation(statement) or _nesting_violation(statement.tokens) or _count_violation(statement)
