"""Question + Context → Draft by a language model. Distrusts what comes, and asks again once where it is of no use."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import sha256

from nl2sql.catalog.joins import JoinGraph
from nl2sql.context.base import Context
from nl2sql.context.quoting import words_of
from nl2sql.context.visible import shown_of
from nl2sql.errors import LanguageModelError, ModelCancelled, ModelReplyInvalid
from nl2sql.llm.base import NO_CALL, Call, Completion, LanguageModel, Usage, charge, paid_for
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import plan_to_text
from nl2sql.plan.validate import read_plan
from nl2sql.plan.words import Wording
from nl2sql.prompt.base import EarlierTry, Problem, Prompt
from nl2sql.prompt.render import render_within
from nl2sql.prompt.template import PromptTemplate
from nl2sql.question import Question
from nl2sql.writers.base import LANGUAGE_MODEL, CannotAnswer, Clarification, Draft, Origin, Repair, SqlDraft
from nl2sql.writers.extract import invalid
from nl2sql.writers.leaks import names_hidden_column, repeats, sayings_of
from nl2sql.writers.reply import Reply, read_reply, reply_schema

# A thousand tables fit: see `nl2sql.context`.
PROMPT_TOKENS = 4_000
# About 50,000 tokens, and less than what current models read. What fits the budget of tokens is far below; this is for
# a model file whose fields that may not be left out are long, or many.
MAX_PROMPT_CHARS = 200_000
# Of a reply that was of no use, what a model needs to recognise it.
_TOLD_CHARS = 600
NOT_ABOUT_THE_DATA = "The language model's reply was not about the data."
PRIVATE = "The question needs data that is private here."
_REPEATS, _HIDDEN = "repeats its instructions", "names what is hidden"
_UNUSABLE = {"reply": "the reply was not in the agreed form", "plan": "the reply's query plan was not valid"}


class LlmWriter:
    """`prompt_tokens` is the size, by our own estimate, that prompts are fitted to. Raises LanguageModelError when
    asked in vain; PromptInvalid for a template that cannot be rendered."""

    def __init__(self, model: LanguageModel, template: PromptTemplate, *, prompt_tokens: int = PROMPT_TOKENS) -> None:
        self._model = model
        self._template = template
        self._prompt_tokens = prompt_tokens
        self._schema = reply_schema(template.replies)
        shape = json.dumps([dict(self._schema), prompt_tokens], sort_keys=True)
        self._digest = sha256(f"{template.digest} {shape}".encode()).hexdigest()[:16]

    @property
    def name(self) -> str:
        return LANGUAGE_MODEL

    @property
    def version(self) -> str:
        return f"{self._digest}:{self._model.name}"

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        """At most two completions: one, and another where nothing could be made of the first. `usage` is of both."""
        earlier = repair.tries if repair else ()
        prompt = self._prompt(question, context, earlier, call)
        said = self._model.complete(prompt, call)
        try:
            return self._drafted(said, prompt, question, context, call)
        except ModelReplyInvalid as error:
            problem = Problem("reply", error.hint)
        except PlanInvalid as error:
            problem = Problem("plan", _tellable(error, context))
        call.remark(f"{_UNUSABLE[problem.code]}, asked again")
        if call.cancelled.is_set():
            raise _charged(ModelCancelled("The question was stopped."), said.usage)
        prompt = self._prompt(question, context, (*earlier, EarlierTry(said.text[:_TOLD_CHARS], (problem,))), call)
        return self._written_again(prompt, question, context, call, said.usage)

    def _written_again(self, prompt: Prompt, question: Question, context: Context, call: Call, paid: Usage) -> Draft:
        try:
            said = self._model.complete(prompt, call)
        except LanguageModelError as error:
            raise _charged(error, paid + paid_for(error)) from None
        said = replace(said, usage=said.usage + paid)
        try:
            return self._drafted(said, prompt, question, context, call)
        except ModelReplyInvalid as error:
            call.remark(_UNUSABLE["reply"])
            raise _charged(error, said.usage) from None
        except PlanInvalid:
            call.remark(_UNUSABLE["plan"])
            invalid = ModelReplyInvalid("The language model's query plan cannot be carried out.")
            raise _charged(invalid, said.usage) from None

    def _prompt(self, question: Question, context: Context, earlier: tuple[EarlierTry, ...], call: Call) -> Prompt:
        prompt, fitted = render_within(
            self._template,
            question,
            context,
            reply_schema=self._schema,
            earlier=earlier,
            tokens=self._prompt_tokens,
        )
        size = sum(len(message.content) for message in prompt.messages)
        if size > MAX_PROMPT_CHARS:
            raise LanguageModelError(
                "This question needs more of the data's description than a language model can be given.",
                hint=f"The prompt has {size:,} characters of at most {MAX_PROMPT_CHARS:,}: shorten the semantic model.",
            )
        over = f" of {self._prompt_tokens:,} meant" if prompt.tokens > self._prompt_tokens else ""
        call.remark(" · ".join((f"prompt of about {prompt.tokens:,} tokens{over}", *fitted.cut_words, *fitted.remarks)))
        return prompt

    def _drafted(self, said: Completion, prompt: Prompt, question: Question, context: Context, call: Call) -> Draft:
        """Raises ModelReplyInvalid, and PlanInvalid for a plan that cannot be compiled."""
        reply = read_reply(said.text)
        if reply.kind == "sql" and "sql" not in self._template.replies:
            raise invalid(f"kind is sql, and can be {', '.join(self._template.replies)}")
        origin = Origin(LANGUAGE_MODEL, f"{self._model.name} · {prompt.version}")
        draft = replace(_draft_of(reply, origin, question, context), usage=said.usage)
        if reasons := _withheld(reply, draft, prompt, question, context):
            call.remark(f"the reply was withheld: it {reasons}")
            if isinstance(draft, CannotAnswer) and draft.code == "sensitive" and reasons == _HIDDEN:
                return replace(draft, message=PRIVATE)
            return CannotAnswer(NOT_ABOUT_THE_DATA, "not_understood", origin, usage=said.usage)
        if unread := _unread_tables(reply, context):
            tables = "a table" if unread == 1 else f"{unread:,} tables"
            call.remark(f"the reply names {tables} that its SQL does not read")
        return draft


def _draft_of(reply: Reply, origin: Origin, question: Question, context: Context) -> Draft:
    if reply.kind == "clarification":
        return Clarification(reply.message, origin, reply.choices)
    if reply.kind == "cannot_answer":
        return CannotAnswer(reply.message, reply.code, origin)
    if reply.kind == "plan":
        draft = _compiled(reply, origin, context)
    else:
        draft = SqlDraft(reply.sql, origin, reply.question, reply.assumptions, confidence=reply.confidence)
    same = words_of(reply.question) == words_of(question.text)
    return replace(draft, standalone=reply.question if question.history and not same else "")


def _compiled(reply: Reply, origin: Origin, context: Context) -> SqlDraft:
    """SQL from the model's plan, which is read as one that a person wrote: by what its asker may see."""
    model = context.model
    graph = JoinGraph(model)
    plan = read_plan(reply.plan, model, graph)
    sql = compile_plan(plan, model, graph, context.dialect)
    assumptions = tuple(dict.fromkeys((*plan.assumptions, *reply.assumptions)))
    words = Wording(model, graph).of(plan)
    return SqlDraft(sql, origin, words, assumptions, plan=plan_to_text(plan), confidence=reply.confidence)


def _withheld(reply: Reply, draft: Draft, prompt: Prompt, question: Question, context: Context) -> str:
    """Why nobody is shown a reply; "" for one that is about the data."""
    said = reply.sayings
    if isinstance(draft, SqlDraft):
        said = (*said, *draft.assumptions, draft.interpretation, *sayings_of(draft.sql))
    instructions = "\n".join(message.content for message in prompt.messages if message.role == "system")
    if repeats(instructions, said):
        return _REPEATS
    known = " ".join((question.text, *(turn.question for turn in question.history)))
    return _HIDDEN if names_hidden_column(shown_of(context.model).secrets, said, known) else ""


def _unread_tables(reply: Reply, context: Context) -> int:
    """How many of the tables that the reply lists its SQL does not name. What it reads is the guard's to say."""
    words = words_of(reply.sql)
    table_of = {dataset.name: dataset.table for dataset in context.model.datasets}
    listed = reply.tables if reply.sql else ()
    return sum(not words_of(table_of.get(name, name)) <= words for name in listed)


def _tellable(error: PlanInvalid, context: Context) -> str:
    """What is wrong with a plan, unless it names what the asker does not see."""
    shown = shown_of(context.model)
    hidden = shown.secrets.spelled(error.message) or not shown.closed.isdisjoint(words_of(error.message))
    return "It uses something that is not in the model shown." if hidden else error.message


def _charged(error: LanguageModelError, usage: Usage) -> LanguageModelError:
    charge(error, usage)
    return error
