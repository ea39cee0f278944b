"""Several writers as one: the first that can, answers, and says why the ones before it did not.

Only a writer that failed, or that did not understand, makes room for the next. What a writer understood and refused
(unsafe, sensitive) or found missing (unanswerable) stands: whoever is asked
until somebody guesses gets a wrong answer. What failed writers paid for is part of what the draft cost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError
from nl2sql.llm.base import NO_USAGE, charge, paid_for
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, CannotCode, Draft, Repair, Writer

HANDED_OVER: frozenset[CannotCode] = frozenset({"unavailable", "not_understood"})
# A refusal is complete in itself: that another writer failed before is no part of its reason.
REFUSALS: frozenset[CannotCode] = frozenset({"unsafe", "sensitive"})
# It looks questions up: having no entry is no failure, and tells nothing about the draft of the next writer.
QUIET = frozenset({"verified"})

NOTES = {
    "llm_auth_failed": "the language model did not accept the key",
    "llm_unreachable": "the language model cannot be reached",
    "llm_timed_out": "the language model did not answer in time",
    "llm_busy": "the language model is busy",
    "llm_reply_invalid": "the language model's reply could not be used",
    "llm_failed": "the language model failed",
}


class ChainWriter:
    """Raises the first writer's LanguageModelError when no writer could say anything at all."""

    def __init__(self, writers: Sequence[Writer]) -> None:
        if not writers:
            raise ValueError("a chain needs at least one writer")
        self._writers = tuple(writers)

    @property
    def name(self) -> str:
        return ">".join(writer.name for writer in self._writers)

    @property
    def version(self) -> str:
        return ">".join(writer.version for writer in self._writers)

    def write(self, question: Question, context: Context, repair: Repair | None = None) -> Draft:
        notes: list[str] = []
        said: list[tuple[int, CannotAnswer]] = []
        errors: list[LanguageModelError] = []
        spent = NO_USAGE  # by the writers that made room for the next
        for writer in self._writers:
            try:
                draft = writer.write(question, context, repair)
            except LanguageModelError as error:
                errors.append(error)
                spent += paid_for(error)
                notes.append(NOTES.get(error.code, NOTES["llm_failed"]))
                continue
            if not isinstance(draft, CannotAnswer) or draft.code not in HANDED_OVER:
                return _with_notes(replace(draft, usage=draft.usage + spent), notes)
            spent += draft.usage
            if draft.origin.writer in QUIET and writer is not self._writers[-1]:
                continue
            said.append((len(notes), draft))
            notes.append(_why(draft))
        if not said:
            charge(errors[0], spent)
            raise errors[0]
        place, last = said[-1]
        return _with_notes(replace(last, usage=spent), notes[:place] + notes[place + 1 :])


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
