"""Tokenise, and count what makes a parser slow before the parser sees it. Refuses hints and executable comments."""

from __future__ import annotations

from functools import cache
from typing import Final

from sqlglot.errors import SqlglotError
from sqlglot.parser import Parser
from sqlglot.tokenizer_core import Token, TokenType

from nl2sql.guard.calls import called_name
from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

# 20,000 characters of readable SQL are some 4,000 tokens; a 1,000-value IN list is 2,000.
_MAX_TOKENS: Final = 6_000
# Words inside a subquery, counted again for every subquery around it: some parsers copy each derived table. A report
# of 2,000 words has them three deep.
_MAX_QUERY_WEIGHT: Final = 10_000
_MAX_DOTS: Final = 8  # project.dataset.table.column has three
# Pure Python parsing breaks at about 50 brackets within each other; people stop at 8.
_MAX_BRACKETS: Final = 24
# Some calls are written two or three times for every level; people stop at 5.
_MAX_CALLS: Final = 8
# A call counts twice as much as the one around it. Sixty outputs of five calls within each other make 1,860.
_MAX_CALL_WEIGHT: Final = 4_000
# What follows a type's name is read as its length and then as an argument, twice for each level: 23 levels of
# DECIMAL( in 190 characters took half a minute.
_MAX_TYPED: Final = 4
_WITHIN: Final = frozenset({"within group", "group"})  # PERCENTILE_CONT(…) WITHIN GROUP (ORDER BY …)
# Lists within lists double the printing time with every level: 23 levels in 169 characters took 161 s.
_MAX_SQUARE: Final = 2
_MAX_LISTS: Final = 32
_MAX_CASES: Final = 16
_MAX_SIGNS: Final = 6  # NOT NOT NOT …, - - - …
_MAX_SELECTS: Final = 48
# A join without a condition of its own might have it after the next ones, so these are read again, twice for each.
_MAX_BARE_JOINS: Final = 6
# The compiled parser recurses without looking at the stack: FROM FROM FROM … needs up to 2 kB of stack for each word,
# and some systems give a thread 512 kB in all. A report of 200 lines has some 100 such words.
_MAX_ARROWS: Final = 16  # of lambdas, JSON paths and named arguments: none may run, but each is a level
_MAX_OPENERS: Final = 200

_OPEN = frozenset({TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE})
_CLOSE = frozenset({TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE})
_SIGNS = frozenset({TokenType.NOT, TokenType.DASH, TokenType.PLUS, TokenType.TILDE})
_BEGIN_QUERY = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.FROM, TokenType.VALUES, TokenType.L_PAREN})
_SET_OPERATIONS = frozenset({TokenType.UNION, TokenType.INTERSECT, TokenType.EXCEPT})
_JOINS = frozenset({TokenType.JOIN, TokenType.STRAIGHT_JOIN, TokenType.APPLY})
_CONDITIONS = frozenset({TokenType.ON, TokenType.USING})
_ARROWS = frozenset({TokenType.ARROW, TokenType.DARROW, TokenType.FARROW, TokenType.COLON_EQ})
# Words after which the parser does not begin anything that could go on for ever without a bracket.
_FLAT = frozenset(
    getattr(TokenType, name)
    for name in (
        "VAR IDENTIFIER STRING RAW_STRING NUMBER NULL TRUE FALSE COMMA DOT L_PAREN R_PAREN L_BRACKET R_BRACKET STAR "
        "SLASH PLUS DASH MOD DPIPE EQ NEQ GT GTE LT LTE AND OR IS IN BETWEEN LIKE ILIKE ALIAS ASC DESC WHEN THEN ELSE "
        "END ON USING JOIN LEFT RIGHT FULL INNER OUTER CROSS NATURAL UNION EXCEPT INTERSECT ALL DISTINCT WHERE "
        "GROUP_BY HAVING ORDER_BY LIMIT OFFSET OVER PARTITION_BY ROWS RANGE FIRST FILTER DCOLON SEMICOLON DATE "
        "DATETIME TIME TIMESTAMP TIMESTAMPTZ TEXT VARCHAR CHAR INT BIGINT SMALLINT DECIMAL DOUBLE FLOAT BOOLEAN YEAR"
    ).split()
)
_NESTING = _OPEN | _CLOSE | _SIGNS | _JOINS | _CONDITIONS | {TokenType.CASE, TokenType.END}


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


class _Nesting:
    """What is open at a token: brackets, calls, types and lists among them, CASE, signs in a row, joins."""

    def __init__(self, tokens: list[Token], types: frozenset[TokenType]) -> None:
        self.tokens = tokens
        self.types = types
        self.opened: list[tuple[bool, bool, bool, int]] = []  # of a call, a type, a list; where a query begins, or 0
        self.calls = self.typed = self.lists = self.weight = self.query_weight = self.cases = 0
        self.signs, self.last_sign = 0, -1
        self.waiting = [0]  # by open brackets: 1 while a join has no condition of its own yet
        self.bare_joins = 0

    def is_too_deep_at(self, index: int, kind: TokenType) -> bool:
        if kind in _OPEN:
            return self._open(index)
        if kind in _CLOSE:
            return self._close(index)
        if kind in _SIGNS:
            self.signs = self.signs + 1 if self.last_sign == index - 1 else 1
            self.last_sign = index
            return self.signs > _MAX_SIGNS
        if kind in _JOINS or kind in _CONDITIONS:
            self.bare_joins += self.waiting[-1] if kind in _JOINS else 0
            self.waiting[-1] = int(kind in _JOINS)
            return self.bare_joins > _MAX_BARE_JOINS
        self.cases = max(0, self.cases + (1 if kind is TokenType.CASE else -1))
        return self.cases > _MAX_CASES

    def _open(self, index: int) -> bool:
        before = self.tokens[index - 1] if index else None
        square = self.tokens[index].token_type is TokenType.L_BRACKET
        typed = before is not None and before.token_type in self.types
        called = typed or bool(called_name(self.tokens, index))
        if before is not None and not called:
            called = before.text.lower() in _WITHIN
        after = self.tokens[index + 1].token_type if index + 1 < len(self.tokens) else None
        self.opened.append((called, typed, square, index if after in _BEGIN_QUERY else 0))
        self.waiting.append(0)
        self.calls += called
        self.typed += typed
        self.lists += square
        self.weight += 2 ** (self.calls - 1) if called else 0
        return (
            len(self.opened) > _MAX_BRACKETS
            or self.calls > _MAX_CALLS
            or self.weight > _MAX_CALL_WEIGHT
            or self.typed > _MAX_TYPED
            or self.lists > _MAX_SQUARE
        )

    def _close(self, index: int) -> bool:
        if not self.opened:
            return False
        called, typed, square, began = self.opened.pop()
        self.calls -= called
        self.typed -= typed
        self.lists -= square
        self.query_weight += index - began if began else 0
        self.bare_joins += self.waiting.pop()
        return self.query_weight > _MAX_QUERY_WEIGHT or self.bare_joins > _MAX_BARE_JOINS


def _nesting_violation(statement: Statement) -> list[Violation]:
    tokens = statement.tokens
    nesting = _Nesting(tokens, _type_names(statement.dialect.grammar.parser_class))
    for index, token in enumerate(tokens):
        kind = token.token_type
        if kind in _NESTING and nesting.is_too_deep_at(index, kind):
            return _too_complex("brackets, calls, CASE, signs or joins are nested too deeply", token.text)
    dots = [index for index, token in enumerate(tokens) if token.token_type is TokenType.DOT]
    if any(later - dot == 2 * _MAX_DOTS for dot, later in zip(dots, dots[_MAX_DOTS:], strict=False)):
        return _too_complex("a name has too many parts")
    return []


@cache
def _type_names(parser: type[Parser]) -> frozenset[TokenType]:
    """The words that the parser takes for the name of a type. UNION is a type in one dialect, and a word in all."""
    return frozenset(parser.TYPE_TOKENS) - {TokenType.UNION}


def _count_violation(statement: Statement) -> list[Violation]:
    kinds = [token.token_type for token in statement.tokens]
    limits = statement.limits
    counted = (
        (kinds.count(TokenType.SELECT), _MAX_SELECTS, "subqueries"),
        (sum(kind in _JOINS for kind in kinds), limits.joins, "joins"),
        (sum(kind in _SET_OPERATIONS for kind in kinds) + 1, limits.set_operands, "UNION, INTERSECT or EXCEPT parts"),
        (kinds.count(TokenType.DCOLON), 200, "casts"),
        (kinds.count(TokenType.L_BRACKET), _MAX_LISTS, "lists"),
        (kinds.count(TokenType.L_BRACE), 0, "braces"),
        (sum(kind in _ARROWS for kind in kinds), _MAX_ARROWS, "arrows"),
        (sum(kind not in _FLAT for kind in kinds), _MAX_OPENERS, "SELECT, FROM, CASE, NOT, INTERVAL and the like"),
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
    return _comment_violation(statement) or _nesting_violation(statement) or _count_violation(statement)
