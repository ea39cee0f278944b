"""One question's drafts: what they are written from, what was paid for them, what the guard says of them, and which are
kept for the next time."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from threading import Lock

from nl2sql.answer.grammar import counted
from nl2sql.cache.base import key
from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError, ModelCancelled, QueryCancelled
from nl2sql.execution import Asked
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.violation import Violations
from nl2sql.llm.base import NO_USAGE, Call, Usage, paid_for
from nl2sql.question import Question
from nl2sql.stages import Stages
from nl2sql.trace import Note, Trace
from nl2sql.writers.base import LANGUAGE_MODEL, NO_ORIGIN, Draft, Origin, Repair, SqlDraft
from nl2sql.writers.codec import draft_from_bytes, draft_to_bytes

# Whoever is asked back answers within minutes, or asks anew.
CHOICE_SECONDS = 3_600.0


@dataclass(slots=True)
class Facts:
    """What is known of a question however it ends, also where the answer does not show it: the SQL that was judged
    last, what the guard said of it ("passed", or the code of what it found), who wrote it and what was spent."""

    sql: str = ""
    verdict: str = ""
    origin: Origin = NO_ORIGIN
    usage: Usage = NO_USAGE
    _lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def spend(self, more: Usage) -> None:
        """From any thread."""
        with self._lock:
            self.usage += more


class Drafting:
    """For one question; `draft` and `verdict` may be called from several threads."""

    def __init__(self, stages: Stages, question: Question, asked: Asked, trace: Trace, facts: Facts) -> None:
        self._stages = stages
        self._question = question
        self._asked = asked
        self._trace = trace
        self._facts = facts
        self._context: Context | None = None

    @property
    def grammar(self) -> str:
        """What the parser calls the dialect of the engine."""
        return grammar_name(self._stages.engine.dialect)

    @property
    def as_of(self) -> date:
        return self._question.as_of or self._stages.today()

    def understand(self) -> None:
        with self._trace.stage("understand") as note:
            self._context = self._stages.retrieve(self._question, self._asked.view, self.grammar, self.as_of)
            note.text = counted(len(self._context.datasets), "table")
            note.facts["nl2sql.tables"] = len(self._context.datasets)
            for remark in (*self._context.cut_words, *self._context.remarks):
                note.remark(remark)

    def write(self) -> Draft:
        """The first draft. Raises LanguageModelError, and QueryCancelled where nobody waits any more."""
        self.stop_if_cancelled()
        with self._trace.stage("write") as note:
            draft = self.draft(None, self.call(note))
            tell(note, draft)
        self.stop_if_cancelled()
        return draft

    def draft(self, repair: Repair | None, call: Call) -> Draft:
        """As `write`, within a stage of the caller's."""
        if self._context is None:
            raise RuntimeError("a draft is written only after the question was understood")
        try:
            draft = self._stages.writer.write(self._question, self._context, repair, call)
        except LanguageModelError as error:
            self._facts.spend(paid_for(error))
            if isinstance(error, ModelCancelled):
                raise QueryCancelled("The question was stopped.") from None
            raise
        self._facts.spend(draft.usage)
        return draft

    def call(self, note: Note) -> Call:
        asked = self._asked
        return Call(
            asked.principal.user,
            cancelled=asked.cancelled,
            remark=note.remark,
            progress=lambda characters: note.progress(f"{characters:,} characters"),
        )

    def check(self, draft: SqlDraft) -> CheckedSql | Violations:
        with self._trace.stage("check") as note:
            verdict = self.verdict(draft)
            self._facts.origin = draft.origin
            if isinstance(verdict, Violations):
                note.text = "refused"
                self._facts.sql, self._facts.verdict = draft.sql, verdict.items[0].code
            else:
                note.text = f"{counted(len(verdict.tables), 'table')}, read-only"
                note.facts["nl2sql.tables"] = len(verdict.tables)
                self._facts.sql, self._facts.verdict = verdict.sql, "passed"
            note.facts["nl2sql.verdict"] = self._facts.verdict
        return verdict

    def verdict(self, draft: SqlDraft) -> CheckedSql | Violations:
        return check(draft, self._stages.model, self._asked.policy, self._stages.engine.dialect)

    def known(self) -> SqlDraft | None:
        """The draft that is kept for the question: what it stands for as a choice of this asker goes first."""
        if self._asked.fresh:
            return None
        text = self._question.text
        stored = self._stages.cache.get(self._choice_key(text)) or self._stages.cache.get(self._key(text))
        try:
            return draft_from_bytes(stored.value) if stored is not None else None
        except ValueError:
            return None

    def keep(self, draft: SqlDraft) -> None:
        """For the next time that somebody asks this question. What stands in for a language model that failed must not
        outlive the outage: it is not kept."""
        if draft.origin.writer == LANGUAGE_MODEL or not draft.origin.note:
            kept_as = self._key(self._question.text)
            self._stages.cache.set(kept_as, draft_to_bytes(draft), seconds=self._stages.longest_seconds)

    def keep_choice(self, draft: SqlDraft, text: str) -> None:
        """For whoever was asked back with `text` as a choice, and for nobody else: no vote has found it to be what
        these words mean, so others who ask them are to get a draft of their own."""
        seconds = min(CHOICE_SECONDS, self._stages.longest_seconds)
        self._stages.cache.set(self._choice_key(text), draft_to_bytes(draft), seconds=seconds)

    def stop_if_cancelled(self) -> None:
        if self._asked.cancelled.is_set():
            raise QueryCancelled("The question was stopped.")

    def _choice_key(self, text: str) -> str:
        return self._key(text, "choice", self._asked.principal.user)

    def _key(self, text: str, *only_for: str) -> str:
        writer = self._stages.writer
        return key(
            "draft",
            text,
            *only_for,
            *(f"{turn.question}\n{turn.sql}\n{turn.plan}\n{turn.shape}" for turn in self._question.history),
            self.as_of.isoformat(),
            self._stages.engine.dialect,
            writer.name,
            writer.version,
            self._stages.model.fingerprint,
            self._asked.policy.fingerprint,
        )


def tell(note: Note, draft: Draft) -> None:
    """Who wrote it, for the trace."""
    note.text = " · ".join(part for part in (draft.origin.writer, draft.origin.note) if part)
    note.facts["nl2sql.writer"] = draft.origin.writer
