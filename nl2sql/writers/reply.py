"""What a language model is asked to reply with, and what is read of what it did reply: a union tagged by `kind`.

The schema is strict where an endpoint enforces it; reading is lenient about form and trusts nothing of the content.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from nl2sql.writers.base import CannotCode
from nl2sql.writers.extract import extracted, invalid

# A model can decline for these reasons; the others are for writers to give.
REPLY_CODES: tuple[CannotCode, ...] = ("unanswerable", "unsafe", "sensitive")
# What a person can take in. More of either is a model thinking aloud.
MAX_ASSUMPTIONS, MAX_CHOICES, MAX_TABLES, MAX_SENTENCE_CHARS = 8, 4, 40, 400
# SQL without a word about how the question was read: likely right, and nothing vouches for it.
BARE_CONFIDENCE = 0.3

_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_TEXTS: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
_SHAPES: Mapping[str, Mapping[str, Any]] = {
    "question": {"type": "string"},
    "sql": _TEXT,
    # As a text of JSON: the plan's own schema is five times a prompt, and strict mode allows no open object.
    "plan": _TEXT,
    "tables": _TEXTS,
    "assumptions": _TEXTS,
    "confidence": {"type": ["number", "null"]},
    "message": _TEXT,
    "choices": _TEXTS,
    "code": {"type": ["string", "null"], "enum": [*REPLY_CODES, None]},
}
_KEYS: Mapping[str, tuple[str, ...]] = {
    "sql": ("question", "sql", "tables", "assumptions", "confidence"),
    "plan": ("question", "plan", "assumptions", "confidence"),
    "clarification": ("question", "message", "choices"),
    "cannot_answer": ("question", "message", "code"),
}


def reply_schema(kinds: Iterable[str]) -> Mapping[str, Any]:
    """The JSON schema for replies of these kinds. Flat, every key required and none but these allowed: strict mode
    takes no alternatives at the root. Keys that only other kinds need are not there."""
    offered = tuple(kinds)
    needed = {key for kind in offered for key in _KEYS[kind]}
    properties: dict[str, Mapping[str, Any]] = {"kind": {"type": "string", "enum": list(offered)}}
    properties |= {key: shape for key, shape in _SHAPES.items() if key in needed}
    schema = {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}
    return MappingProxyType(schema)


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply; what its `kind` does not need is empty.

    `question` is the question as it was read. `sql` is as it was written. `plan` is a text of JSON or what one holds.
    Everything else is for people: on one line, visible, bounded. `confidence` lies in [0, 1]; None where there is none.
    """

    kind: str
    question: str = ""
    sql: str = ""
    plan: str | Mapping[str, Any] = ""
    tables: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    confidence: float | None = None
    message: str = ""
    choices: tuple[str, ...] = ()
    code: CannotCode = "unanswerable"

    @property
    def sayings(self) -> tuple[str, ...]:
        """All that a person would read of it, but for SQL."""
        return (self.message, *self.choices, self.question, *self.assumptions)


def read_reply(text: str) -> Reply:
    """Raises ModelReplyInvalid, and nothing else, for anything that is not exactly one usable reply."""
    found = extracted(text)
    if isinstance(found, str):
        return Reply("sql", sql=found, confidence=BARE_CONFIDENCE)
    kind = str(found["kind"])
    if kind in ("clarification", "cannot_answer"):
        choices = _sentences(found, "choices", MAX_CHOICES) if kind == "clarification" else ()
        message = _sentence(found, "message", "reason")
        if not message:
            raise invalid("message is missing or not a text")
        return Reply(kind, _sentence(found, "question"), message=message, choices=choices, code=_code(found))
    return Reply(
        kind,
        _sentence(found, "question", "interpretation"),
        sql=_sql(found) if kind == "sql" else "",
        plan=_plan(found) if kind == "plan" else "",
        tables=_sentences(found, "tables", MAX_TABLES),
        assumptions=_sentences(found, "assumptions", MAX_ASSUMPTIONS),
        confidence=_confidence(found.get("confidence")),
    )


def _sql(reply: Mapping[str, Any]) -> str:
    """As it was written: the guard refuses what nobody sees."""
    value = reply.get("sql")
    if not isinstance(value, str) or not value.strip():
        raise invalid("sql is missing or not a text")
    return value.strip()


def _plan(reply: Mapping[str, Any]) -> str | Mapping[str, Any]:
    value = reply.get("plan")
    if isinstance(value, dict) and value:
        return value
    if not isinstance(value, str) or not value.strip():
        raise invalid("plan is missing, or neither an object nor a text of JSON")
    return value.strip()


def _sentence(reply: Mapping[str, Any], *keys: str) -> str:
    """The first of the keys that says anything; earlier templates called some of them otherwise."""
    for key in keys:
        value = reply.get(key)
        if value is not None and not isinstance(value, str):
            raise invalid(f"{key} is not a text")
        if value and (shown := _shown(value)):
            return shown
    return ""


def _sentences(reply: Mapping[str, Any], key: str, most: int) -> tuple[str, ...]:
    value = reply.get(key)
    texts = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not all(isinstance(each, str) for each in texts):
        raise invalid(f"{key} is not a list of texts")
    return tuple(shown for each in texts if (shown := _shown(each)))[:most]


def _shown(text: str) -> str:
    """One line of bounded length: characters that break it, turn it round or are not seen become spaces."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return line if len(line) <= MAX_SENTENCE_CHARS else line[: MAX_SENTENCE_CHARS - 1].strip() + "…"


def _confidence(value: object) -> float | None:
    """From 0.8, "0.8" or "80%"; a number that is none, or any other word, says nothing."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        percent = isinstance(value, str) and value.strip().endswith("%")
        number = float(value.strip().rstrip("%")) / 100 if isinstance(value, str) and percent else float(value)
    except (ValueError, OverflowError):
        return None
    return min(max(number, 0.0), 1.0) if math.isfinite(number) else None


def _code(reply: Mapping[str, Any]) -> CannotCode:
    """A reason outside the list is one all the same: the sentence says which."""
    return next((code for code in REPLY_CODES if code == reply.get("code")), "unanswerable")
