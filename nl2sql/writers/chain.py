"""Several writers as one: the first that can, answers, and says why the ones before it did not.

Only a writer that failed, that did not understand, or that is not sure makes room for the next. What a writer
understood and refused (unsafe, sensitive) or found missing (unanswerable) stands: whoever is asked until somebody
guesses gets a wrong answer. Where all that come after it fail, the draft that was not sure is better than none, and
says so. What failed writers paid for is part of what the draft cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError, ModelCancelled
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, charge, paid_for
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, CannotCode, Draft, Repair, SqlDraft, Writer

HANDED_OVER: frozenset[CannotCode] = frozenset({"unavailable", "not_understood"})
# A refusal is complete in itself: that another writer failed before is no part of its reason.
REFUSALS: frozenset[CannotCode] = frozenset({"unsafe", "sensitive"})
# It looks questions up: having no entry is no failure, and tells nothing about the draft of the next writer.
QUIET = frozenset({"verified"})
# Only a language model can act on a hint; the others would say the same again.
REPAIRS = frozenset({"llm"})

NOTES = {
    "llm_auth_failed": "the language model did not accept the key",
    "llm_unreachable": "the language model cannot be reached",
    "llm_timed_out": "the language model did not answer in time",
    "llm_busy": "the language model is busy",
    "llm_reply_invalid": "the language model's reply could not be used",
    "llm_budget_spent": "today's budget for the language model is spent",
    "llm_failed": "the language model failed",
}


class ChainWriter:
    """`sure_from` is the confidence from which on a draft is not left to the next writer; one without a number is sure.

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
        """A repair goes to the writers that can: see `REPAIRS`."""
        way = _Way(call)
        asked = [each for each in self._writers if each.name in REPAIRS] if repair else list(self._writers)
        for writer in asked or self._writers:
            try:
                draft = writer.write(question, context, repair, call)
            except ModelCancelled:
                raise
            except LanguageModelError as error:
                way.failed(writer.name, error)
                continue
            if isinstance(draft, CannotAnswer) and draft.code in HANDED_OVER:
                way.declined(draft, is_last=writer is self._writers[-1])
            elif writer is not self._writers[-1] and not repair and self._is_unsure(draft):
                way.unsure(draft)
            else:
                return way.ended_with(draft)
        return way.end()

    def _is_unsure(self, draft: Draft) -> bool:
        return isinstance(draft, SqlDraft) and draft.confidence is not None and draft.confidence < self._sure_from


class _Way:
    """What the writers said of one question, until one of them answers it."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._notes: list[str] = []
        self._said: list[tuple[int, CannotAnswer]] = []
        self._unsure: SqlDraft | None = None
        self._errors: list[LanguageModelError] = []
        self._spent = NO_USAGE  # by the writers that made room for the next

    def failed(self, writer: str, error: LanguageModelError) -> None:
        self._errors.append(error)
        self._spent += paid_for(error)
        self._note(NOTES.get(error.code, NOTES["llm_failed"]))

    def declined(self, draft: CannotAnswer, *, is_last: bool) -> None:
        self._spent += draft.usage
        if draft.origin.writer in QUIET and not is_last:
            self._call.remark(f"{draft.origin.writer}: no entry")
            return
        self._said.append((len(self._notes), draft))
        self._note(_why(draft))

    def unsure(self, draft: Draft) -> None:
        self._spent += draft.usage
        if isinstance(draft, SqlDraft):
            self._unsure = draft
            self._call.remark(f"{draft.origin.writer}: not sure ({draft.confidence:.2f}), so the next writer is asked")

    def ended_with(self, draft: Draft) -> Draft:
        return _with_notes(replace(draft, usage=draft.usage + self._spent), self._notes)

    def end(self) -> Draft:
        """Nobody answered: the draft that was not sure, else the last that did not understand. Raises the first error
        when there is neither."""
        if self._unsure is not None:
            self._call.remark(f"{self._unsure.origin.writer}: its own reading, although it is not sure")
            return _with_notes(replace(self._unsure, usage=self._spent), self._notes)
        if not self._said:
            charge(self._errors[0], self._spent)
            raise self._errors[0]
        place, last = self._said[-1]
        return _with_notes(replace(last, usage=self._spent), self._notes[:place] + self._notes[place + 1 :])

    def _note(self, text: str) -> None:
        self._notes.append(text)
        self._call.remark(text)


def _why(said: CannotAnswer) -> str:
    what = "is not available" if said.code == "unavailable" else "did not understand the question"
    return f"the {said.origin.writer} writer {what}"


def _with_notes(draft: Draft, notes: Sequence[str]) -> Draft:
    """The draft, whose origin says why earlier writers did not answer; so does the message of a "cannot"."""
    if not notes:
        return draft
    note = "; ".join(dict.fromkeys([*notes, *([draft.origin.note] if draft.origin.note else [])]))
    noted = replace(draft, origin=replace(draft.origin, note=note))
    if isinstance(noted, CannotAnswer) and noted.code not in REFUSALS:
        return replace(noted, message=f"{noted.message} (Also, {note}.)")
    return noted
