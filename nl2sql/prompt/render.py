"""Template + Question + Context → Prompt. Whatever is inserted is made harmless on its way in."""

from __future__ import annotations

import json
import traceback
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from jinja2 import Template, TemplateError

from nl2sql.context.base import Context
from nl2sql.context.periods import periods
from nl2sql.context.quoting import without_foreign_values, words_of
from nl2sql.context.visible import VisibleModel, names_hidden, visible
from nl2sql.errors import PromptInvalid
from nl2sql.prompt.base import EarlierTry, Message, Prompt
from nl2sql.prompt.template import PromptTemplate
from nl2sql.question import Question, Turn

# More turns than this turn a follow-up into a narrated conversation, and each is paid for again with every question.
MAX_TURNS = 4


def render_prompt(
    template: PromptTemplate,
    question: Question,
    context: Context,
    *,
    reply_schema: Mapping[str, Any],
    earlier: tuple[EarlierTry, ...] = (),
) -> Prompt:
    """Raises PromptInvalid when the template asks for what there is not."""
    values = _inputs(question, context, earlier)
    messages = tuple(Message(role, _render(template, part, values)) for role, part in template.parts)
    sent = {"messages": [[m.role, m.content] for m in messages], "reply_schema": dict(reply_schema)}
    fingerprint = sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
    return Prompt(messages, reply_schema, template.version, fingerprint)


def _inputs(question: Question, context: Context, earlier: tuple[EarlierTry, ...]) -> dict[str, Any]:
    model = visible(context)
    return {
        "question": question.text,
        "history": tuple(_readable(turn, context) for turn in question.history[-MAX_TURNS:]),
        "earlier": tuple(_told(each, question, model) for each in earlier),
        "model": model,
        "dialect": context.dialect,
        "as_of": context.as_of,
        "periods": periods(context.as_of),
    }


def _readable(turn: Turn, context: Context) -> Turn:
    """Without SQL that reads what is hidden: whoever asks may have had another role when it was answered."""
    return replace(turn, sql=None) if turn.sql and names_hidden(turn.sql, context.model) else turn


def _told(earlier: EarlierTry, question: Question, model: VisibleModel) -> EarlierTry:
    """A database's message may quote rows, or conditions, that the asker does not see: only what is known stays."""
    known = words_of(earlier.sql) | words_of(question.text) | words_of(model)
    problems = tuple(replace(each, text=without_foreign_values(each.text, known)) for each in earlier.problems)
    return replace(earlier, problems=problems)


def _render(template: PromptTemplate, part: Template, values: Mapping[str, Any]) -> str:
    try:
        return part.render(values).strip()
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno for f in reversed(frames) if f.filename == str(template.path)), 1)
        raise PromptInvalid(f"{template.path}:{line}: the template cannot be rendered.", hint=str(error)) from None
