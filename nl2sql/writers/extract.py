"""The one JSON object, or the one SELECT, in whatever a language model wrote around it.

Owns the patience with form; what an object says is read in `nl2sql.writers.reply`. Every step takes time linear in the
length of the text, or is bounded by `MAX_REPLY_CHARS`, so that the most hostile reply is judged well within a second.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import sqlglot
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from nl2sql.errors import ModelReplyInvalid

KINDS = ("sql", "plan", "clarification", "cannot_answer")
# Reasoning models think aloud for up to some 30,000 tokens before they reply.
MAX_COMPLETION_CHARS = 200_000
# Replies are 200 to 2,000 characters, those with a plan up to 5,000. Looking for an object at every brace takes time
# with the square of the length: about 0.2 s for the most hostile text of this one.
MAX_REPLY_CHARS = 20_000
# {"name": …, "arguments": "{\"reply\": {…}}"} is three levels.
_MAX_WRAPPERS = 4

_OPEN, _CLOSE = re.compile(r"(?i)<think(?:ing)?>"), re.compile(r"(?i)</think(?:ing)?>")
_FENCE = re.compile(r"```[ \t]*\w*\s*(.*?)```", re.DOTALL)
_STATEMENT = re.compile(r"(?i)(?:select|with)\b")
# Models break lines inside strings, which JSON forbids and everybody understands.
_DECODER = json.JSONDecoder(strict=False)
_PYTHON = {"True": "true", "False": "false", "None": "null"}
# A text in either kind of marks (the end of the reply closes one, too), a comma before a closing bracket, and the words
# that Python has for JSON's.
_TOKEN = re.compile(
    r""""(?:[^"\\]++|\\.)*+"?|'(?P<single>(?:[^'\\]++|\\.)*+)'?|,(?=\s*[}\]])|\b(?:True|False|None)\b""", re.DOTALL
)
_BEFORE, _AFTER = re.compile(r"[{\[,:]\s*\Z"), re.compile(r"\s*[}\],:]")


def invalid(what: str) -> ModelReplyInvalid:
    return ModelReplyInvalid("The language model did not reply in the agreed form.", hint=f"The reply: {what}.")


def extracted(text: str) -> Mapping[str, Any] | str:
    """The reply's object, or its SQL where it holds nothing but one statement. Raises ModelReplyInvalid for anything
    else: nothing, something cut off, or two things that differ."""
    if len(text) > MAX_COMPLETION_CHARS:
        raise invalid(f"{len(text):,} characters")
    body = _unwrapped(text)
    if len(body) > MAX_REPLY_CHARS:
        raise invalid(f"{len(body):,} characters")
    found = _objects(body) or _objects(_mended(body))
    if len(found) > 1:
        raise invalid(f"{len(found)} different objects with a kind")
    return found[0] if found else _statement(body)


def _unwrapped(text: str) -> str:
    """Without what comes before the reply proper: marks of the encoding, thoughts, one string around it all."""
    body = text.replace("\ufeff", "").strip()
    if body.startswith("{") and body.endswith("}"):
        return body
    body = _without_thoughts(body).strip()
    for _ in range(_MAX_WRAPPERS):
        if not (body.startswith('"') and len(body) <= MAX_REPLY_CHARS):
            break
        inner = _loaded(body)
        if not isinstance(inner, str):
            break
        body = inner.strip()
    return body


def _without_thoughts(text: str) -> str:
    kept, at = [], 0
    while opening := _OPEN.search(text, at):
        kept.append(text[at : opening.start()])
        closing = _CLOSE.search(text, opening.end())
        if closing is None:
            return "".join(kept)
        at = closing.end()
    rest = text[at:]
    closings = list(_CLOSE.finditer(rest))  # some templates of models open the thought in the prompt
    return "".join([*kept, rest]) if not closings else rest[closings[-1].end() :]


def _loaded(text: str) -> object:
    try:
        return _DECODER.decode(text)
    except (ValueError, RecursionError):
        return None


def _objects(body: str) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    strange = False
    for value in _values(body):
        for reply in _replies(value, 0):
            if reply not in found:
                found.append(reply)
        if isinstance(value, dict) and "kind" in value and value["kind"] not in KINDS:
            strange = True
    if strange and not found:
        raise invalid(f"its kind is none of {', '.join(KINDS)}")
    return found


def _values(body: str) -> Iterator[object]:
    """Every JSON object of the text that is not within another."""
    start = body.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(body, start)
        except ValueError:
            end = start + 1
        except RecursionError:
            raise invalid("nested too deeply") from None
        else:
            yield value
        start = body.find("{", end)


def _replies(value: object, depth: int) -> Iterator[Mapping[str, Any]]:
    inner: Iterator[object] = iter(())
    if isinstance(value, dict):
        if value.get("kind") in KINDS:
            yield value
            return
        if "kind" not in value and isinstance(value.get("sql"), str) and not value.get("message"):
            yield {"kind": "sql", **value}
            return
        inner = iter(value.values())
    elif isinstance(value, list):
        inner = iter(value)
    elif isinstance(value, str) and '"kind"' in value:
        inner = _values(value)
    if depth < _MAX_WRAPPERS:
        for each in inner:
            yield from _replies(each, depth + 1)


def _mended(body: str) -> str:
    """What stands between the first and the last brace with the habits of Python and JavaScript written as JSON; ""
    where that could be read in two ways, as with a mark inside a text in the same marks."""
    start, end = body.find("{"), body.rfind("}")
    span = body[start : end + 1] if 0 <= start < end else ""
    written, at = [], 0
    for token in _TOKEN.finditer(span):
        said = token.group()
        if said.startswith("'"):
            before, after = span[max(token.start() - 40, 0) : token.start()], token.end()
            if len(said) < 2 or not _BEFORE.search(before) or not _AFTER.match(span, after):
                return ""
            said = json.dumps(token["single"].replace("\\'", "'")).replace("\\\\", "\\")
        elif said == ",":
            said = ""
        written += [span[at : token.start()], _PYTHON.get(said, said)]
        at = token.end()
    return "".join([*written, span[at:]])


def _statement(body: str) -> str:
    """The SELECT that is all of the reply, or the only one in fences. Whether it may run is for others to say."""
    fenced = [block for block in map(str.strip, _FENCE.findall(body)) if _STATEMENT.match(block)]
    found = list(dict.fromkeys(fenced)) or ([body] if _STATEMENT.match(body) and "```" not in body else [])
    if not found:
        cut = body.count("{") > body.count("}") or body.count("```") % 2
        raise invalid("it breaks off" if cut else "no JSON object with a kind")
    sql = found[0].rstrip("; \n\t")
    try:
        kinds = [token.token_type for token in sqlglot.tokenize(sql)]
    except SqlglotError:
        raise invalid("it breaks off") from None
    if len(found) > 1 or TokenType.SEMICOLON in kinds:
        raise invalid("more than one statement")
    if not fenced and not _reads_as_sql(kinds):
        raise invalid("no JSON object with a kind")
    return sql


def _reads_as_sql(kinds: list[TokenType]) -> bool:
    """Sentences begin with “select” and “with”, too."""
    if kinds[:1] == [TokenType.WITH]:
        return TokenType.SELECT in kinds and bool({TokenType.ALIAS, TokenType.RECURSIVE} & set(kinds[1:3]))
    return TokenType.FROM in kinds
