"""The offline writer: no key, no network, no table of answers.

Reads a question in full, or says what it cannot read."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.llm.base import NO_CALL, Call
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import plan_to_text
from nl2sql.plan.words import Wording
from nl2sql.question import Question, looks_like_sql
from nl2sql.writers.base import CannotAnswer, CannotCode, Clarification, Draft, Explanation, Origin, Repair, SqlDraft
from nl2sql.writers.offline.about import explanation, freshness
from nl2sql.writers.offline.confidence import confidence
from nl2sql.writers.offline.constructs.base import Linked
from nl2sql.writers.offline.conversation import UNTOLD, Conversation, dangling
from nl2sql.writers.offline.follow_up import previous_plan
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.misreadings import misread
from nl2sql.writers.offline.read import read
from nl2sql.writers.offline.refusals import Refusal, refused
from nl2sql.writers.offline.senses import Chunk, FieldSense, ValueSense
from nl2sql.writers.offline.suggestions import nearest
from nl2sql.writers.offline.tokens import Token, tokenize
from nl2sql.writers.offline.traces import Traces, untraced

# Raised whenever the same question could be read differently than before: cached drafts are then written anew.
GRAMMAR_VERSION = "8"
# From so many unknown words on, a list of them helps nobody: it is another language, or about something else.
_FOREIGN_WORDS = 5


class OfflineWriter:
    """Safe to share between threads."""

    name = "offline"

    def __init__(self, model: SemanticModel, values: ValueIndex) -> None:
        self._model = model
        self._values = values
        self._graph = JoinGraph(model)
        self._wording = Wording(model, self._graph)
        self._lock = Lock()
        self._lexicon: Lexicon | None = None
        self._state = ""

    @property
    def version(self) -> str:
        return f"{GRAMMAR_VERSION}.{self._values.state()}"

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        """`repair` is of no use here: the same question is read the same way. Raises EngineError when the
        database's values cannot be read."""
        previous = previous_plan(question.history, context.model, self._graph)
        draft = self._read(question.text, context, previous)
        if isinstance(draft, Clarification):
            readable = [c for c in draft.choices if isinstance(self._read(c, context, previous), SqlDraft)]
            # One of several that are left is no choice, and the one that can be read need not be the one meant.
            if not readable or len(readable) < min(2, len(draft.choices)):
                message = f"{draft.message} I cannot tell, and I do not guess."
                return self._cannot(message, "not_understood", (), question.text, context)
            return Clarification(draft.message, draft.origin, tuple(readable))
        return draft

    def _read(self, text: str, context: Context, previous: QueryPlan | None) -> Draft:
        tokens = tokenize(text)
        if about := self._about(text, context):
            return about
        refusal = refused(text, tokens, context.model)
        if refusal and not (previous is not None and refusal.code == "unanswerable" and _asks_why_not(tokens)):
            return self._cannot(refusal.message, refusal.code, (refusal.words,), text, context)
        if looks_like_sql(text):
            message = "This looks like SQL. Type it as SQL, not as a question: it is checked and run in the same way."
            return self._cannot(message, "not_understood", (), text, context)
        chunks = self._linked(tokens, context)
        if refusal := _hidden_words(chunks, context.model):
            return self._cannot(refusal.message, refusal.code, (refusal.words,), text, context)
        chunks = tuple(_without_hidden_values(chunk, context.model) for chunk in chunks)
        try:
            return self._draft(self._plan(text, chunks, context, previous), chunks, context)
        except NotUnderstood as error:
            return self._declined(error, text, context, chunks)
        except PlanInvalid as error:
            return self._declined(NotUnderstood(error.message), text, context, chunks)
        except SeveralReadings as error:
            return Clarification(error.message, Origin(self.name), error.choices)

    def _plan(self, text: str, chunks: tuple[Chunk, ...], context: Context, previous: QueryPlan | None) -> QueryPlan:
        """The question before, changed or asked about, or one of its own. Raises NotUnderstood, SeveralReadings."""

        def whole(changed: tuple[Chunk, ...]) -> QueryPlan:
            return self._whole(text, changed, context)

        if previous is None:
            if error := dangling(chunks):
                raise error
            return whole(chunks)
        behind = Conversation(previous, context.model, self._graph, whole).read(chunks)
        if behind is None and _asks_why_not(tokenize(text)):
            raise NotUnderstood(UNTOLD)
        return behind if behind is not None else whole(chunks)

    def _whole(self, text: str, chunks: tuple[Chunk, ...], context: Context) -> QueryPlan:
        """A question that stands by itself, with every word of it found again in its plan."""
        question = Linked(chunks, text, context.as_of, self._model, self._graph)
        plan = read(question)
        settled = {id(chunk) for chunk in question.settled}
        open_ones = tuple(chunk for chunk in chunks if id(chunk) not in settled)
        traces = Traces(plan, self._model, self._graph)
        if lost := untraced(open_ones, plan, self._model, self._graph, traces):
            said = ", ".join(f"“{words}”" for words in lost)
            raise NotUnderstood(f"I could not fit {said} into the question.", lost)
        if words := misread(chunks, plan, self._model, self._graph, traces):
            raise NotUnderstood(f"I cannot read “{words}” as it is meant here.", (words,))
        return plan

    def _draft(self, plan: QueryPlan, chunks: tuple[Chunk, ...], context: Context) -> SqlDraft:
        """Raises PlanInvalid."""
        sql = compile_plan(plan, self._model, self._graph, context.dialect)
        corrected = [f"Read “{c.words}” as “{c.corrected}”." for c in chunks if c.corrected]
        words, assumptions = self._wording.of(plan), (*corrected, *plan.assumptions)
        return SqlDraft(
            sql, Origin(self.name), words, assumptions, plan=plan_to_text(plan), confidence=confidence(plan, chunks)
        )

    def _about(self, text: str, context: Context) -> Draft | None:
        """What is asked about the data itself is told from the model, as the asker may see it."""
        plan = freshness(text, context.model)
        if plan is not None:
            try:
                return self._draft(plan, (), context)
            except PlanInvalid as error:
                return self._declined(NotUnderstood(error.message), text, context, ())
        found = explanation(text, context.model, lambda words: self._linked(tokenize(words), context))
        if found is None:
            return None
        message, examples = found
        return Explanation(
            message, Origin(self.name), examples or self._nearest(text, context, self._linked(tokenize(text), context))
        )

    def _linked(self, tokens: tuple[Token, ...], context: Context) -> tuple[Chunk, ...]:
        return self._current_lexicon().link(tokens, context.as_of)

    def _current_lexicon(self) -> Lexicon:
        state = self._values.state()
        with self._lock:
            if self._lexicon is None or state != self._state:
                self._lexicon = Lexicon(self._model, self._values.entries())
                self._state = state
            return self._lexicon

    # -- what is not answered ----------------------------------------------------------------------------------------

    def _declined(self, error: NotUnderstood, text: str, context: Context, chunks: tuple[Chunk, ...]) -> CannotAnswer:
        if error.message:
            message = f"{error.message} I answer a question in full or not at all."
        else:
            words = ", ".join(f"“{w}”" for w in error.words)
            plural = "these words" if len(error.words) > 1 else "this word"
            message = f"I do not understand {plural}: {words}. I answer a question in full or not at all."
            if len(error.words) > _FOREIGN_WORDS:
                message = "I understand too little of this. Please ask in English, about what is in the data."
        nearest = self._nearest(text, context, chunks)
        return CannotAnswer(message, "not_understood", Origin(self.name), error.words, nearest)

    def _cannot(
        self, message: str, code: CannotCode, words: tuple[str, ...], text: str, context: Context
    ) -> CannotAnswer:
        """Whoever asks for a change or for what is protected is shown no other way to it."""
        nearest = (
            ()
            if code in ("unsafe", "sensitive")
            else self._nearest(text, context, self._linked(tokenize(text), context))
        )
        return CannotAnswer(message, code, Origin(self.name), words, nearest)

    def _nearest(self, text: str, context: Context, linked: tuple[Chunk, ...]) -> tuple[str, ...]:
        """Questions near this one that can be answered."""

        def answers(question: str) -> bool:
            chunks = self._linked(tokenize(question), context)
            if _hidden_words(chunks, context.model):
                return False
            try:
                plan = read(Linked(chunks, question, context.as_of, self._model, self._graph))
                return bool(compile_plan(plan, self._model, self._graph, context.dialect))
            except (NotUnderstood, SeveralReadings, PlanInvalid):
                return False

        return nearest(text, linked, context.model, answers)


def _hidden_words(chunks: tuple[Chunk, ...], seen: SemanticModel) -> Refusal | None:
    """`seen` is the model as the asker's role may see it."""
    for chunk in chunks:
        fields = [s for s in chunk.senses if isinstance(s, FieldSense)]
        if fields and len(fields) == len(chunk.senses) and all(_is_hidden(f, seen) for f in fields):
            message = f"“{chunk.words}” is protected: no question may read, compare or summarise it."
            return Refusal("sensitive", message, chunk.words)
    return None


def _asks_why_not(tokens: tuple[Token, ...]) -> bool:
    """ "why not unsold ones?": behind another question, that asks for others and not for reasons."""
    return tuple(token.norm for token in tokens[:2]) == ("why", "not")


def _is_hidden(sense: FieldSense | ValueSense, seen: SemanticModel) -> bool:
    return seen.dataset(sense.dataset).field(sense.field).sensitive


def _is_private(sense: ValueSense, seen: SemanticModel) -> bool:
    """A value that only the database knows, perhaps from rows that the asker does not see."""
    field = seen.dataset(sense.dataset).field(sense.field)
    return not field.indexed and sense.value not in {each.value for each in field.values}


def _without_hidden_values(chunk: Chunk, seen: SemanticModel) -> Chunk:
    """A value that the asker may not see is a word like any other: not known, and never corrected to."""
    senses = tuple(
        s for s in chunk.senses if not (isinstance(s, ValueSense) and (_is_hidden(s, seen) or _is_private(s, seen)))
    )
    return chunk if len(senses) == len(chunk.senses) else replace(chunk, senses=senses, corrected="")
