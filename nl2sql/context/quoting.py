"""Text of others, written so that it stays data: on one line, visible, bounded, and unable to close the block it is in.

Nothing here judges what a text says. That is not possible, and the guard does not rely on it.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Set

import sqlglot
from sqlglot.errors import SqlglotError

# What a description may say at most. Longer ones are documentation, and there can be hundreds of them.
MAX_TEXT_CHARS = 200
# Of earlier SQL and of what was wrong with it: enough for any query that a person reads. Nothing inserted is longer.
MAX_SQL_CHARS = 4_000
# One character is at most a pair of escapes: \ud83d\ude00.
_LONGEST_ESCAPE = 12

# A name or a synonym of a few words. Longer ones could be read as a sentence, and sentences are quoted.
_PLAIN = re.compile(r"\w(?:[\w \-/&'.]{0,38}[\w'.])?")
_PLAIN_WORDS = 4

# Where a block of ours or a control token of a model begins: </data, <|im_end|>, <start_of_turn>, <<SYS>>, [INST]; and
# what is easily taken for "<" (confusables.txt of Unicode 15, and the bracket's wide, small and angled forms).
_MARKUP = re.compile(
    r"<(?=\s*[/|\uff5c]|\s*(?i:data)\b|[!?]|[\w\u2581\uff5c:.-]{1,40}>)|\[(?=/?[A-Z_]{3,}\])"
    r"|[\uff1c\ufe64\u2039\u27e8\u2329\u3008\u276c\u276e\u2770\u02c2\u1438\u16b2\U0001d236]"
)
# Control, format (zero width, direction, tag characters), private use, surrogates, unassigned, separators of lines.
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})
# Drawn as nothing although Unicode counts them as letters, marks or signs: joiner, fillers, variation selectors.
_BLANK = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]")
_SPACES = re.compile(r"\s+")
_ODD_SPACE = re.compile(r"[^\S ]")
_WORD = re.compile(r"\w+")
# What opens a quotation: not the apostrophe of "can't", but that of x'4711'.
_OPENING = re.compile(r"(?<!\w)['\"`]|(?<=\b[xXbBnNeE])['\"`]")


def harmless(value: object) -> str:
    """One line that can neither open nor close a block; characters that nobody sees become visible escapes.

    Every value that a template inserts passes through here. What `as_json` wrote comes out as it went in.
    """
    return _neutral(_SPACES.sub(_on_one_line, str(value)))[: MAX_SQL_CHARS + 2]


def as_json(text: object, limit: int = MAX_TEXT_CHARS) -> str:
    """`text` as a JSON string with at most `limit` characters between its marks; “…” tells that it was cut.

    Read back, it is exactly `text`, or the beginning of it and “…”. (Two halves of a surrogate pair come back as one
    character.)
    """
    whole, limit = str(text), min(limit, MAX_SQL_CHARS)
    kept = min(len(whole), limit)
    written = _json_of(whole[:kept]) if kept == len(whole) else ""
    while not written or (over := len(written) - 2 - limit) > 0:
        kept -= -(-over // _LONGEST_ESCAPE) if written else 1
        written = _json_of(whole[:kept] + "…")
    return written


def as_word(text: object) -> str:
    """A short term as it is; anything that could be mistaken for more than one, as a JSON string."""
    word = str(text)
    plain = _PLAIN.fullmatch(word) and len(word.split()) <= _PLAIN_WORDS and harmless(word) == word
    return word if plain else as_json(word)


def without_foreign_values(problem: str, known: Set[str]) -> str:
    """What was wrong with a statement, without anything quoted that holds a word which is not `known` (in lower case).

    Databases quote what they stumbled over: it may come from rows, or from conditions, that the asker does not see.
    From the first such piece on, everything up to the last mark of its line goes: a value may hold marks itself.
    """
    return "\n".join(_without_foreign(line, known) for line in problem.splitlines())


def without_literals(sql: str, known: Set[str], dialect: str = "") -> str:
    """A statement without comments whose literals say nothing that is not `known` (words in lower case): numbers, dates
    and formats stay, any other text is '…'. By the tokens of a sqlglot `dialect`: which marks a text has, and what a
    backslash in it means, differs. Empty where the statement has no tokens."""
    try:
        tokens = sqlglot.tokenize(sql, read=dialect or None)
    except (SqlglotError, ValueError):
        return ""
    parts, end = [], 0
    for token in tokens:
        between = sql[end : token.start]
        parts.append(between if not between or between.isspace() else " ")
        is_told = not token.token_type.name.endswith("STRING") or _says_nothing(token.text, known)
        end = token.end + 1
        parts.append(sql[token.start : end] if is_told else "'…'")
    return "".join(parts)


def _says_nothing(literal: str, known: Set[str]) -> bool:
    return all(word in known or word.isdigit() or len(word) == 1 for word in words_of(literal))


def words_of(text: object) -> frozenset[str]:
    return frozenset(word.lower() for word in _WORD.findall(str(text)))


def _without_foreign(line: str, known: Set[str]) -> str:
    at = 0
    while opening := _OPENING.search(line, at):
        mark, begin = opening.group(), opening.end()
        closing = re.compile(rf"{mark}(?!\w)").search(line, begin)
        end = closing.start() if closing else len(line)
        if not words_of(line[begin:end]) <= known:
            last = line.rfind(mark, begin)
            rest = line[last + 1 :] if last >= 0 else ""
            return f"{line[: opening.start()]}'…'{_without_foreign(rest, known)}"
        at = end + 1
    return line


def _on_one_line(spaces: re.Match[str]) -> str:
    """Plain spaces as they are: a JSON string holds no others, and must come out as it went in."""
    return " " if spaces.group().strip(" ") else spaces.group()


def _json_of(text: str) -> str:
    return _neutral(_ODD_SPACE.sub(_escaped, json.dumps(text, ensure_ascii=False)))


def _neutral(text: str) -> str:
    if not (text.isascii() and text.isprintable()):
        text = "".join(_escape(c) if unicodedata.category(c) in _HIDDEN else c for c in text)
        text = _BLANK.sub(_escaped, text)
    return _MARKUP.sub(_escaped, text)


def _escape(character: str) -> str:
    """As JSON has it: two escapes for a character beyond U+FFFF."""
    return f"\\u{ord(character):04x}" if character.isascii() else json.dumps(character)[1:-1]


def _escaped(match: re.Match[str]) -> str:
    return _escape(match.group())
