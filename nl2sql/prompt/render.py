"""Template + Question + Context → Prompt. Whatever is inserted is made harmless on its way in."""

from __future__ import annotations

import json
import re
import traceback
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from threading import Lock
from typing import Any

from jinja2 import Template, TemplateError

from nl2sql.context.base import Context
from nl2sql.context.fit import narrowed
from nl2sql.context.periods import periods
from nl2sql.context.quoting import without_foreign_values, without_literals, words_of
from nl2sql.context.tokens import estimate, estimate_again
from nl2sql.context.visible import VisibleModel, names_hidden, shown_of, visible
from nl2sql.errors import PromptInvalid
from nl2sql.prompt.base import EarlierTry, Message, Prompt
from nl2sql.prompt.notation import abbreviated
from nl2sql.prompt.template import PromptTemplate
from nl2sql.question import Question, Turn

# More turns than this turn a follow-up into a narrated conversation, and each is paid for again with every question.
MAX_TURNS = 4
# What was wrong with the last two; a model that got neither right learns nothing from a third.
MAX_TRIES = 2
# Without these a question can be answered as well: a language model is not told that they were left out.
_NOT_MISSED = ("examples", "lists of values")
_WORD = re.compile(r"\w+")
# Descriptions of datasets that are kept: a few small models, or the choices of datasets that a large one is asked for.
MAX_TEXTS = 64
# Each round cuts about what is over: 12 tables of 60 columns fit after two.
MAX_ROUNDS = 6


def render_prompt(
    template: PromptTemplate,
    question: Question,
    context: Context,
    *,
    reply_schema: Mapping[str, Any],
    earlier: tuple[EarlierTry, ...] = (),
) -> Prompt:
    """Raises PromptInvalid when the template asks for what there is not."""
    model = visible(context)
    values = _inputs(question, context, model, earlier)
    lasting = _lasting_text(template, model, context.dialect)
    system, user = (_render(template, part, values) for _, part in template.parts)
    messages = (Message("system", system), Message("user", f"{lasting}\n\n{user}" if lasting else user))
    sent = {"messages": [[m.role, m.content] for m in messages], "reply_schema": dict(reply_schema)}
    fingerprint = sha256(json.dumps(sent, sort_keys=True).encode()).hexdigest()
    # Nothing is counted across an empty line, which counts as one: it is the sum of what the messages are estimated at.
    tokens = estimate_again(system) + (estimate_again(lasting) + 1 if lasting else 0) + estimate(user)
    return Prompt(messages, reply_schema, template.version, fingerprint, tokens)


def render_within(
    template: PromptTemplate,
    question: Question,
    context: Context,
    *,
    reply_schema: Mapping[str, Any],
    earlier: tuple[EarlierTry, ...] = (),
    tokens: int,
) -> tuple[Prompt, Context]:
    """A prompt of at most so many tokens, as they are estimated, and the context that it tells; the smallest that there
    is where nothing more may be left out. The reply schema is not counted: most endpoints take it by itself.

    Raises PromptInvalid when the template asks for what there is not."""
    prompt = render_prompt(template, question, context, reply_schema=reply_schema, earlier=earlier)
    yielded = 1.0  # of what was asked for, how much the last round brought
    for _ in range(MAX_ROUNDS):
        if prompt.tokens <= tokens:
            break
        wanted = round((prompt.tokens - tokens) / yielded) + 1
        less = narrowed(context, wanted)
        if less is None:
            break
        smaller = render_prompt(template, question, less, reply_schema=reply_schema, earlier=earlier)
        yielded = max(0.25, min(1.0, (prompt.tokens - smaller.tokens) / wanted))
        prompt, context = smaller, less
    return prompt, context


def _inputs(
    question: Question, context: Context, model: VisibleModel, earlier: tuple[EarlierTry, ...]
) -> dict[str, Any]:
    return {
        "question": question.text,
        "history": tuple(_readable(turn, question, context) for turn in question.history[-MAX_TURNS:]),
        "earlier": tuple(_told(each, question, context, model) for each in earlier[-MAX_TRIES:]),
        "model": model,
        "cut": tuple(each.words for each in model.cut if each.what not in _NOT_MISSED),
        "dialect": context.dialect,
        "as_of": context.as_of,
        "periods": periods(context.as_of),
    }


_texts: OrderedDict[tuple[str, str, tuple[tuple[str, ...], ...]], tuple[VisibleModel, str]] = OrderedDict()
_lock = Lock()


def _lasting_text(template: PromptTemplate, model: VisibleModel, dialect: str) -> str:
    """What `# model` says, kept by what it says it of: the same objects are equal at once."""
    if template.lasting is None:
        return ""
    lasting = replace(model, linked=(), withheld=(), examples=(), cut=())
    key = (template.digest, dialect, tuple((d.name, *(f.name for f in d.fields)) for d in model.datasets))
    with _lock:
        known = _texts.get(key)
    if known is not None and known[0] == lasting:
        return known[1]
    values = {"model": lasting, "brief_model": abbreviated(lasting), "dialect": dialect}
    text = _render(template, template.lasting, values)
    with _lock:
        _texts[key] = (lasting, text)
        _texts.move_to_end(key)
        while len(_texts) > MAX_TEXTS:
            _texts.popitem(last=False)
    return text


def _readable(turn: Turn, question: Question, context: Context) -> Turn:
    """Without SQL that reads what is hidden: whoever asks may have had another role when it was answered. Where no
    values are told, none of it is but what the questions said themselves."""
    if not turn.sql or names_hidden(turn.sql, context.model):
        return replace(turn, sql=None, plan="", shape="")
    if context.values_of != frozenset():
        return turn
    said = words_of(" ".join([question.text, *(each.question for each in question.history)]))
    return replace(turn, sql=without_literals(turn.sql, said, context.dialect), plan="")


def _told(earlier: EarlierTry, question: Question, context: Context, model: VisibleModel) -> EarlierTry:
    """A database's message may quote rows, or conditions, that the asker does not see, and name columns of these: only
    what is known stays."""
    said = words_of(earlier.sql) | words_of(question.text)
    known = said | words_of(model)
    shown = {
        name.lower()
        for dataset in model.datasets
        for field in dataset.fields
        for name in (field.name, field.expression)
    }
    hidden = shown_of(context.model).secrets.names - said - shown

    def told(text: str) -> str:
        return _WORD.sub(lambda word: "…" if word.group().lower() in hidden else word.group(), text)

    problems = (
        replace(each, text=told(without_foreign_values(each.text, known)), fragment=told(each.fragment))
        for each in earlier.problems
    )
    return replace(earlier, problems=tuple(problems))


def _render(template: PromptTemplate, part: Template, values: Mapping[str, Any]) -> str:
    try:
        return part.render(values).strip()
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        frames = traceback.extract_tb(error.__traceback__)
        line = next((f.lineno for f in reversed(frames) if f.filename == str(template.path)), 1)
        raise PromptInvalid(f"{template.path}:{line}: the template cannot be rendered.", hint=str(error)) from None
