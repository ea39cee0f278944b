"""What is taken out of a row before it is written. Secrets always; values or whole texts where the setting says so.

Values: each literal of the SQL becomes ?, and so do quoted texts, numbers, e-mail addresses and words of a question
that its SQL holds as literals. What no rule sees stays: a name in a question that got no SQL. The setting texts keeps
neither. All patterns are linear, or bounded, in texts as long as the ledger takes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token

from nl2sql.crash import known_secrets
from nl2sql.guard.dialects import DIALECTS, grammar_name
from nl2sql.ledger.base import LedgerRow

MASK: Final = "?"
_HIDDEN: Final = "…"
_LITERALS: Final = frozenset(
    """
    STRING NUMBER BIT_STRING HEX_STRING BYTE_STRING RAW_STRING HEREDOC_STRING UNICODE_STRING NATIONAL_STRING
    """.split()
)
# Shapes of secrets in any text. Cutting out too much of a ledger is the smaller harm.
_SECRETS: Final = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)", re.DOTALL), _HIDDEN),
    (re.compile(r"(://[^/\s:]{0,200}:)\S{1,400}@"), rf"\1{_HIDDEN}@"),
    (re.compile(r"([?&]\w{0,40}(?:pass|pwd)\w{0,40}=)[^&\s'\"]+", re.IGNORECASE), rf"\1{_HIDDEN}"),
    (
        re.compile(
            r"\b((?:\w*password|passwd|pwd|api[_-]?key|\w*secret|\w*token)\s*[=:]\s*)"
            r"(?:'[^']*'|\"[^\"]*\"|[^\s'\",;)]+)",
            re.IGNORECASE,
        ),
        rf"\1{_HIDDEN}",
    ),
    (re.compile(r"\bBearer\s+[\w.~+/=-]{8,}", re.IGNORECASE), f"Bearer {_HIDDEN}"),
    (re.compile(r"\b(?:sk|pk|rk)-[\w-]{16,}"), _HIDDEN),
    (re.compile(r"\b(?:ghp|gho|ghs|ghu|github_pat|glpat|xox[abpr])[_-][\w-]{16,}"), _HIDDEN),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), _HIDDEN),
    (re.compile(r"\bAIza[\w-]{35}"), _HIDDEN),
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), _HIDDEN),
)
_EMAIL: Final = re.compile(r"[^\s@\"'“”‘’<>(),;]+@[^\s@\"'“”‘’<>(),;]+")
# A mark that opens and is not closed hides the rest. An apostrophe inside a word ("what's") opens nothing.
_QUOTED: Final = re.compile(
    r"\"[^\"]*(?:\"|$)|“[^”]*(?:”|$)|„[^“”]*(?:[“”]|$)|«[^»]*(?:»|$)|`[^`]*(?:`|$)|(?<!\w)['‘](?:[^'’]|['’](?=\w))*(?:['’]|$)"
)
_SQL_QUOTED: Final = re.compile(r"'((?:[^']|'')*)(?:'|$)|\"((?:[^\"]|\"\")*)(?:\"|$)")
# With what hangs on it: 12,000.50 and 2026-06-30 and 4711b are one thing each; so is B2B, which is no loss.
_NUMBER: Final = re.compile(r"\w*\d(?:[\w.,:/-]*\w)?")
_WORD: Final = re.compile(r"\w+")
# "de" may be a code of a country, "a" and "I" are words of any question.
_SHORTEST_WORD: Final = 2
# From here on a word also stands for its inflections: lamp, lamps.
_SHORTEST_STEM: Final = 4


def redacted(row: LedgerRow, setting: str) -> LedgerRow:
    """The row as it may be written. Never raises; what cannot be judged is left out."""
    if setting == "texts":
        return replace(row, question="", sql="", plan="")
    if setting == "values":
        sql, literals = without_literals(row.sql, row.engine)
        # The plan says values in other words than the SQL ("Germany", "June 2026"): none of it can be told apart.
        return replace(row, question=without_values(row.question, literals), sql=without_secrets(sql), plan="")
    return replace(
        row,
        question=without_secrets(row.question),
        sql=without_secrets(row.sql),
        plan=without_secrets(row.plan),
    )


def redacted_comment(comment: str, setting: str, literals: Iterable[str] = ()) -> str:
    """A comment is treated as a question is; `literals` are those of the SQL it is about, where they are known."""
    if setting == "texts":
        return ""
    return without_values(comment, literals) if setting == "values" else without_secrets(comment)


def without_secrets(text: str) -> str:
    """Without the API key, passwords in addresses, and what looks like a key or a token."""
    for secret in known_secrets():
        text = text.replace(secret, _HIDDEN)
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def without_literals(sql: str, dialect: str) -> tuple[str, tuple[str, ...]]:
    """The statement with ? for each literal and without comments, and the texts of its literals.

    By the tokens of the dialect: a literal is found wherever the grammar allows one. Empty when the text is none of it;
    the literals are then whatever stands in quotation marks.
    """
    if not sql:
        return "", ()
    tokens = _tokens(sql, dialect)
    if tokens is None:
        return "", tuple(one or other for one, other in _SQL_QUOTED.findall(sql))
    literals = tuple(token.text for token in tokens if token.token_type.name in _LITERALS)
    long = [text.casefold() for text in literals if len(text) >= _SHORTEST_STEM]
    parts, end = [], 0
    for token in tokens:
        parts.append(_gap(sql[end : token.start]))
        shown = sql[token.start : token.end + 1]
        parts.append(MASK if token.token_type.name in _LITERALS or _names_one(token, long) else shown)
        end = token.end + 1
    return "".join(parts).strip(), literals


def literals_of(sql: str, dialect: str) -> tuple[str, ...]:
    return without_literals(sql, dialect)[1]


def without_values(text: str, literals: Iterable[str]) -> str:
    """A question without secrets, e-mail addresses, quoted texts, numbers, and words that are in `literals`."""
    text = _EMAIL.sub(MASK, without_secrets(text))
    text = _NUMBER.sub(MASK, _QUOTED.sub(MASK, text))
    words = {word.casefold() for literal in literals for word in _WORD.findall(literal)}
    words = {word for word in words if len(word) >= _SHORTEST_WORD}
    stems = tuple(word for word in words if len(word) >= _SHORTEST_STEM)

    def masked(match: re.Match[str]) -> str:
        word = match[0].casefold()
        return MASK if word in words or word.startswith(stems) else match[0]

    return _WORD.sub(masked, text) if words else text


def _tokens(sql: str, dialect: str) -> Sequence[Token] | None:
    if dialect not in DIALECTS:
        return None
    try:
        return Dialect.get_or_raise(grammar_name(dialect)).tokenize(sql)
    except (SqlglotError, ValueError, RecursionError):
        return None


def _gap(between: str) -> str:
    """What is not a token is white space or a comment, and a comment may say anything."""
    if not between or between.isspace():
        return between
    return "\n" if "\n" in between else " "


def _names_one(token: Token, literals: Sequence[str]) -> bool:
    """An alias in quotation marks that repeats a value."""
    return token.token_type.name == "IDENTIFIER" and any(text in token.text.casefold() for text in literals)
