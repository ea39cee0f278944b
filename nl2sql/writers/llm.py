"""Question + Context → Draft by a language model. Owns the form of the reply, and distrusts what comes."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError, ModelReplyInvalid
from nl2sql.llm.base import NO_CALL, Call, LanguageModel, charge
from nl2sql.prompt.render import render_prompt
from nl2sql.prompt.template import load_template
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, CannotCode, Clarification, Draft, Origin, Repair, SqlDraft

TEMPLATE = ("sql_writer", "v1")
# A model can decline for these reasons; the others are for writers to give.
REPLY_CODES: tuple[CannotCode, ...] = ("unanswerable", "unsafe", "sensitive")
# What a person can take in. More of either is a model thinking aloud.
MAX_ASSUMPTIONS, MAX_CHOICES, MAX_SENTENCE_CHARS = 8, 4, 400
# About 50,000 tokens: twenty times the auction, and less than what current models read. Descriptions, histories and
# vocabularies have their own bounds; this is for a model file with hundreds of long fields.
MAX_PROMPT_CHARS = 200_000
# Replies are 200 to 2,000 characters. What nests deeper than the interpreter allows is refused as well, so that looking
# for an object at every brace stays well under a second for the most hostile reply of this length.
MAX_REPLY_CHARS = 20_000

_TEXT: Mapping[str, Any] = {"type": ["string", "null"]}
_TEXTS: Mapping[str, Any] = {"type": "array", "items": {"type": "string"}}
_PROPERTIES: Mapping[str, Any] = {
    "kind": {"type": "string", "enum": ["sql", "clarification", "cannot_answer"]},
    "interpretation": {"type": "string"},
    "assumptions": _TEXTS,
    "sql": _TEXT,
    "message": _TEXT,
    "choices": _TEXTS,
    "reason": _TEXT,
    "code": {"type": ["string", "null"], "enum": [*REPLY_CODES, None]},
}
# Tagged by `kind` but flat: strict mode allows no alternatives at the root, and wants every key to be required.
REPLY_SCHEMA: Mapping[str, Any] = MappingProxyType(
    {
        "type": "object",
        "properties": _PROPERTIES,
        "required": list(_PROPERTIES),
        "additionalProperties": False,
    }
)

_THINKING = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
# Models break lines inside strings, which JSON forbids and everybody understands.
_DECODER = json.JSONDecoder(strict=False)


class LlmWriter:
    """Raises PromptInvalid when made with templates that cannot work, LanguageModelError when asked in vain."""

    def __init__(self, model: LanguageModel, prompts_dir: Path) -> None:
        self._model = model
        self._template = load_template(prompts_dir, *TEMPLATE)
        schema = json.dumps(dict(REPLY_SCHEMA), sort_keys=True)
        self._digest = sha256(f"{self._template.digest} {schema}".encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        return "llm"

    @property
    def version(self) -> str:
        return f"{self._digest}:{self._model.name}"

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        earlier = repair.tries if repair else ()
        prompt = render_prompt(self._template, question, context, reply_schema=REPLY_SCHEMA, earlier=earlier)
        size = sum(len(message.content) for message in prompt.messages)
        if size > MAX_PROMPT_CHARS:
            raise LanguageModelError(
                "This question needs more of the data's description than a language model can be given.",
                hint=f"The prompt has {size:,} characters of at most {MAX_PROMPT_CHARS:,}: shorten the semantic model.",
            )
        completion = self._model.complete(prompt, call)
        try:
            draft = read_reply(completion.text, Origin("llm", f"{self._model.name} · {prompt.version}"))
        except ModelReplyInvalid as error:
            charge(error, completion.usage)
            raise
        return replace(draft, usage=completion.usage)


def read_reply(text: str, origin: Origin) -> Draft:
    """The draft a reply holds. Raises ModelReplyInvalid for anything that is not exactly one well-formed reply."""
    reply = _extract(text)
    kind = reply.get("kind")
    if kind == "sql":
        interpretation = _sentence(reply, "interpretation", required=False)
        return SqlDraft(_sql(reply), origin, interpretation, _sentences(reply, "assumptions", MAX_ASSUMPTIONS))
    if kind == "clarification":
        return Clarification(_sentence(reply, "message"), origin, _sentences(reply, "choices", MAX_CHOICES))
    if kind == "cannot_answer":
        return CannotAnswer(_sentence(reply, "reason"), _code(reply), origin)
    raise _invalid(f"kind is {kind!r:.40}")


def _extract(text: str) -> Mapping[str, Any]:
    """The one object with a `kind` in the reply, whatever stands around it."""
    if len(text) > MAX_REPLY_CHARS:
        raise _invalid(f"{len(text):,} characters")
    body = _THINKING.sub("", text)
    found: list[Mapping[str, Any]] = []
    start = body.find("{")
    while start >= 0:
        try:
            value, end = _DECODER.raw_decode(body, start)
        except ValueError:
            end = start + 1
        except RecursionError:
            raise _invalid("nested too deeply") from None
        else:
            if isinstance(value, dict) and "kind" in value and value not in found:
                found.append(value)
        start = body.find("{", end)
    if not found:
        cut = body.count("{") > body.count("}")
        raise _invalid("it breaks off" if cut else "no JSON object with a kind")
    if len(found) > 1:
        raise _invalid(f"{len(found)} different objects with a kind")
    return found[0]


def _sql(reply: Mapping[str, Any]) -> str:
    """As it was written: the guard refuses what nobody sees."""
    value = reply.get("sql")
    if not isinstance(value, str) or not value.strip():
        raise _invalid("sql is missing or not a text")
    return value.strip()


def _sentence(reply: Mapping[str, Any], key: str, *, required: bool = True) -> str:
    value = reply.get(key)
    if not required and value is None:
        return ""
    if not isinstance(value, str) or (required and not _shown(value)):
        raise _invalid(f"{key} is missing or not a text")
    shown = _shown(value)
    return shown if len(shown) <= MAX_SENTENCE_CHARS else shown[: MAX_SENTENCE_CHARS - 1].strip() + "…"


def _sentences(reply: Mapping[str, Any], key: str, most: int) -> tuple[str, ...]:
    value = reply.get(key)
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise _invalid(f"{key} is not a list of texts")
    return tuple(shown[:MAX_SENTENCE_CHARS] for each in value if (shown := _shown(each)))[:most]


def _shown(text: str) -> str:
    """One line: characters that break it, turn it round or are not seen become spaces."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _code(reply: Mapping[str, Any]) -> CannotCode:
    value = reply.get("code") or "unanswerable"
    for code in REPLY_CODES:
        if value == code:
            return code
    raise _invalid(f"code is {value!r:.40}, not one of {', '.join(REPLY_CODES)}")


def _invalid(what: str) -> ModelReplyInvalid:
    return ModelReplyInvalid("The language model did not reply in the agreed form.", hint=f"The reply: {what}.")
