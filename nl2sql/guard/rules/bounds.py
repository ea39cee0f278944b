"""Lexical bounds: what is too long, or holds characters nobody can see, is not read at all."""

from __future__ import annotations

import unicodedata

from nl2sql.guard.statement import Statement
from nl2sql.guard.violation import Violation

# Control, format (zero width, direction), surrogate, private use, unassigned, line and paragraph separators.
# Spaces other than U+0020 (no-break, ideographic …) are read as a space by some engines and as a letter by others.
_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})


def _unseen_character(text: str) -> str:
    text = text.replace("\r\n", "\n")  # a lone carriage return ends a comment on some engines only
    if text.isascii() and text.replace("\n", "").replace("\t", "").isprintable():
        return ""
    for char in dict.fromkeys(text):
        if char not in " \n\t" and unicodedata.category(char) in _UNSEEN:
            return char
    return ""


def lexical_bounds(statement: Statement) -> list[Violation]:
    text, limit = statement.text, statement.limits.sql_chars
    if not text.strip():
        return [Violation("empty", "", "There is no SQL to run.", "Write one SELECT statement.")]
    if len(text) > limit:
        return [
            Violation(
                "too_long",
                statement.fragment(text),
                f"The query is {len(text):,} characters long; at most {limit:,} are read.",
                f"Write a shorter statement: at most {limit} characters.",
            )
        ]
    char = _unseen_character(text)
    if char:
        return [
            Violation(
                "unseen_character",
                f"U+{ord(char):04X}",
                "The query contains a control or invisible character, so what is shown is not what would run.",
                "Use plain spaces and printable characters only.",
            )
        ]
    return []
