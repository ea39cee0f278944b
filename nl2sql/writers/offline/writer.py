"""The offline writer: no key, no network, no table of answers.

Reads a question in full, or says what it cannot read."""

from __future__ import annotations

from dataclasses import replace
from threading import Lock

from rapidfuzz import fuzz
from rapidfuzz.utils import default_process

from nl2sql.catalog.joins import JoinGraph
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.question import Question, looks_like_sql
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Origin, Repair, SqlDraft
from nl2sql.writers.offline.compile import compile_plan
from nl2sql.writers.offline.frame import NotUnderstood, SeveralReadings
from nl2sql.writers.offline.language import COMMAND_OPENERS, COMMAND_WISHES, FORECAST, UNSAFE
from nl2sql.writers.offline.lexicon import Lexicon
from nl2sql.writers.offline.resolve import resolve
from nl2sql.writers.offline.scan import scan
from nl2sql.writers.offline.senses import Chunk, FieldSense, ValueSense
from nl2sql.writers.offline.tokens import Token, tokenize
from nl2sql.writers.offline.wording import Wording

# Raised whenever the same question could be read differently than before: cached drafts are then written anew.
GRAMMAR_VERSION = "5"
_SUGGESTIONS = 3
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

    def write(self, question: Question, context: Context, repair: Repair | None = None) -> Draft:
        """`repair` is of no use here: the same question is read the same way. Raises EngineError when the
        database's values cannot be read."""
        draft = self._read(question.text, context)
        if isinstance(draft, Clarification):
            readable = [c for c in draft.choices if isinstance(self._read(c, context), SqlDraft)]
            # One of several that are left is no choice, and the one that can be read need not be the one meant.
            if not readable or len(readable) < min(2, len(draft.choices)):
                message = f"{draft.message} I cannot tell, and I do not guess."
                return CannotAnswer(message, "not_understood", draft.origin, (), self._nearest(question.text))
            return Clarification(draft.message, draft.origin, tuple(readable))
        return draft

    def _read(self, text: str, context: Context) -> Draft:
        tokens = tokenize(text)
        refusal = self._unsafe(tokens) or self._forecast(tokens, text) or self._sql(text)
        if refusal:
            return refusal
        chunks = self._current_lexicon().link(tokens, context.as_of)
        refusal = self._sensitive(chunks, context.model)
        if refusal:
            return refusal
        chunks = tuple(_without_hidden_values(chunk, context.model) for chunk in chunks)
        try:
            frame = scan(self._model, self._graph, chunks, text)
            plan = resolve(frame, self._model, self._graph)
            sql = compile_plan(plan, self._model, self._graph, context.dialect)
        except NotUnderstood as error:
            return self._declined(error, text)
        except SeveralReadings as error:
            return Clarification(error.message, Origin(self.name), error.choices)
        corrected = [f"Read “{typed}” as “{word}”." for typed, word in frame.corrected]
        return SqlDraft(sql, Origin(self.name), self._wording.of(plan), (*corrected, *plan.assumptions))

    def _current_lexicon(self) -> Lexicon:
        state = self._values.state()
        with self._lock:
            if self._lexicon is None or state != self._state:
                self._lexicon = Lexicon(self._model, self._values.entries())
                self._state = state
            return self._lexicon

    # -- refusals ----------------------------------------------------------------------------------------------------

    def _unsafe(self, tokens: tuple[Token, ...]) -> CannotAnswer | None:
        """A verb that changes data, where commands stand: "refunds by month" is a noun, "due to close" is no wish."""
        norms = ["", "", *(token.norm for token in tokens)]
        for index, token in enumerate(tokens):
            before, earlier = norms[index + 1], norms[index]
            commands = not before or before in COMMAND_OPENERS or (before == "to" and earlier in COMMAND_WISHES)
            if token.text.lower() == token.norm and token.norm in UNSAFE and commands:
                message = f"I only read data, so I cannot “{token.text.lower()}” anything. Nothing was changed."
                return CannotAnswer(message, "unsafe", Origin(self.name), (token.text,))
        return None

    def _forecast(self, tokens: tuple[Token, ...], text: str) -> CannotAnswer | None:
        for token in tokens:
            if token.norm in FORECAST:
                message = "I can only answer about what has happened; I do not make forecasts."
                return CannotAnswer(message, "unanswerable", Origin(self.name), (token.text,), self._nearest(text))
        return None

    def _sql(self, text: str) -> CannotAnswer | None:
        if looks_like_sql(text):
            message = "This looks like SQL. Type it as SQL, not as a question: it is checked and run in the same way."
            return CannotAnswer(message, "not_understood", Origin(self.name), (), self._nearest(text))
        return None

    def _sensitive(self, chunks: tuple[Chunk, ...], seen: SemanticModel) -> CannotAnswer | None:
        """`seen` is the model as the asker's role may see it."""
        for chunk in chunks:
            fields = [s for s in chunk.senses if isinstance(s, FieldSense)]
            if fields and len(fields) == len(chunk.senses) and all(_is_hidden(f, seen) for f in fields):
                message = f"“{chunk.words}” is protected: no question may read, compare or summarise it."
                return CannotAnswer(message, "sensitive", Origin(self.name), (chunk.words,))
        return None

    def _declined(self, error: NotUnderstood, text: str) -> CannotAnswer:
        if error.message:
            message = f"{error.message} I answer a question in full or not at all."
        else:
            words = ", ".join(f"“{w}”" for w in error.words)
            plural = "these words" if len(error.words) > 1 else "this word"
            message = f"I do not understand {plural}: {words}. I answer a question in full or not at all."
            if len(error.words) > _FOREIGN_WORDS:
                message = "I understand too little of this. Please ask in English, about what is in the data."
        return CannotAnswer(message, "not_understood", Origin(self.name), error.words, self._nearest(text))

    def _nearest(self, text: str) -> tuple[str, ...]:
        """The model's examples, those first that share most words with the question, misspelt ones included."""
        scored = [(fuzz.token_set_ratio(text, each, processor=default_process), each) for each in self._model.examples]
        scored.sort(key=lambda pair: -pair[0])
        return tuple(each for _, each in scored[:_SUGGESTIONS])


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
