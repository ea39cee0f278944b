"""Several writers as one: the first that can, answers, and says why the ones before it failed.

Only a writer that failed, that did not understand, or that is not sure makes room for the next. What a writer
understood and refused (unsafe, sensitive) or found missing (unanswerable) stands: whoever is asked until somebody
guesses gets a wrong answer. Where all that come after it fail, the draft that was not sure is better than none, and
says so. What failed writers paid for is part of what the draft cost.

That a writer had no reading for a question is how the chain is meant to work: a remark. That one failed is an outage,
for which the next stands in: the note of the draft's origin, with which a draft is not kept for the next time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError, ModelCancelled
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, charge, paid_for
from nl2sql.question import Question
from nl2sql.writers.base import LANGUAGE_MODEL, CannotAnswer, CannotCode, Draft, Repair, SqlDraft, Writer

HANDED_OVER: frozenset[CannotCode] = frozenset({"unavailable", "not_understood"})
# A refusal is complete in itself: that another writer failed before is no part of its reason.
REFUSALS: frozenset[CannotCode] = frozenset({"unsafe", "sensitive"})
# It looks questions up: having no entry is no failure, and tells nothing about the draft of the next writer.
QUIET = frozenset({"verified"})

NOTES = {
    "llm_auth_failed": "the language model may not be used with this key",
    "llm_unreachable": "the language model cannot be reached",
    "llm_timed_out": "the language model did not answer in time",
    "llm_busy": "the language model is busy or has a problem",
    "llm_reply_invalid": "the language model's reply could not be used",
    "llm_budget_spent": "today's budget for the language model is spent",
    "llm_failed": "the language model failed",
}


class ChainWriter:
    """`sure_from` is the confidence from which on a draft is not left to a language model that comes later; a draft
    without a number is sure, and so is one of a language model: its doubts are its candidates' affair.

    Raises the first writer's LanguageModelError when no writer could say anything at all, and ModelCancelled at once.
    """

    def __init__(self, writers: Sequence[Writer], sure_from: float = 0.0) -> None:
        if not writers:
            raise ValueError("a chain needs at least one writer")
        self._writers = tuple(writers)
        self._sure_from = sure_from

    @property
    def name(self) -> str:
        return ">".join(writer.name for writer in self._writers)

    @property
    def version(self) -> str:
        return ">".join([*(writer.version for writer in self._writers), f"{self._sure_from:g}"])

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        """A repair goes to language models alone, where there are any."""
        able = tuple(each for each in self._writers if each.name == LANGUAGE_MODEL) if repair else ()
        asked = able or self._writers
        way = _Way(call)
        for place, writer in enumerate(asked):
            after = asked[place + 1 :]
            try:
                draft = writer.write(question, context, repair, call)
            except ModelCancelled as error:
                raise way.stopped(error) from None
            except LanguageModelError as error:
                way.failed(error)
                continue
            if isinstance(draft, CannotAnswer) and draft.code in HANDED_OVER:
                way.declined(draft, is_last=not after)
            elif isinstance(draft, SqlDraft) and self._is_unsure(writer, draft, after):
                way.unsure(draft)
            else:
                return way.ended_with(draft)
        return way.end()

    def _is_unsure(self, writer: Writer, draft: SqlDraft, after: Sequence[Writer]) -> bool:
        if draft.confidence is None or draft.confidence >= self._sure_from or writer.name == LANGUAGE_MODEL:
            return False
        return any(each.name == LANGUAGE_MODEL for each in after)


class _Way:
    """What the writers said of one question, until one of them answers it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._outages: list[str] = []
        self._said: list[CannotAnswer] = []
        self._unsure: SqlDraft | None = None
        self._errors: list[LanguageModelError] = []
        self._spent = NO_USAGE  # by the writers that made room for the next

    def stopped(self, error: ModelCancelled) -> ModelCancelled:
        charge(error, self._spent + paid_for(error))
        return error

    def failed(self, error: LanguageModelError) -> None:
        self._errors.append(error)
        self._spent += paid_for(error)
        self._outage(NOTES.get(error.code, NOTES["llm_failed"]))

    def declined(self, draft: CannotAnswer, *, is_last: bool) -> None:
        self._spent += draft.usage
        name = draft.origin.writer
        if name in QUIET and (self._said or not is_last):
            self._call.remark(f"no {name} query matches the question")
            return
        self._said.append(draft)
        if draft.code != "unavailable":
            self._call.remark(f"{_spoken(name)} did not understand the question")
        elif not is_last:
            self._outage(_absent(draft))

    def unsure(self, draft: SqlDraft) -> None:
        self._spent += draft.usage
        self._unsure = draft
        self._call.remark(f"{_spoken(draft.origin.writer)} is not sure ({draft.confidence:.2f}), so the next is asked")

    def ended_with(self, draft: Draft) -> Draft:
        return _with_notes(replace(draft, usage=draft.usage + self._spent), self._outages)

    def end(self) -> Draft:
        """Nobody answered: the draft that was not sure, else the last that did not understand, with what an earlier
        one suggests where it suggests nothing itself. Raises the first error when there is neither."""
        if self._unsure is not None:
            name = _spoken(self._unsure.origin.writer)
            self._call.remark(f"{name} answers all the same")
            notes = [*self._outages, *(f"{_spoken(each.origin.writer)} did not understand it" for each in self._said)]
            return _with_notes(replace(self._unsure, usage=self._spent), notes)
        if not self._said:
            charge(self._errors[0], self._spent)
            raise self._errors[0]
        last = self._said[-1]
        suggestions = next((each.suggestions for each in reversed(self._said) if each.suggestions), ())
        notes = [each for each in self._outages if each != _absent(last)]
        return _with_notes(replace(last, suggestions=suggestions, usage=self._spent), notes)

    def _outage(self, text: str) -> None:
        self._outages.append(text)
        self._call.remark(text)


def _spoken(writer: str) -> str:
    return "the language model" if writer == LANGUAGE_MODEL else f"the {writer} writer"


def _absent(said: CannotAnswer) -> str:
    return f"{_spoken(said.origin.writer)} is not available"


def _with_notes(draft: Draft, notes: Sequence[str]) -> Draft:
    """The draft, whose origin says why earlier writers did not answer; so does the message of a "cannot"."""
    if not notes:
        return draft
    note = "; ".join(dict.fromkeys([*notes, *([draft.origin.note] if draft.origin.note else [])]))
    noted = replace(draft, origin=replace(draft.origin, note=note))
    if isinstance(noted, CannotAnswer) and noted.code not in REFUSALS:
        return replace(noted, message=f"{noted.message} Nobody else could help: {note}.")
    return noted
