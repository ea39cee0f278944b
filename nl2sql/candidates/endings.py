"""What a draft ends in that gives no rows: words for whoever asked, and problems for the writer."""

from __future__ import annotations

from nl2sql.answer.base import Answer
from nl2sql.guard.violation import Violations
from nl2sql.prompt.base import Problem
from nl2sql.question import Question
from nl2sql.writers.base import LANGUAGE_MODEL, CannotAnswer, Clarification, Explanation, SqlDraft


def in_words(question: Question, draft: Clarification | CannotAnswer | Explanation) -> Answer:
    if isinstance(draft, Explanation):
        return Answer(question, "explanation", draft.message, "explanation", draft.origin, choices=draft.suggestions)
    if isinstance(draft, Clarification):
        return Answer(question, "clarification", draft.message, "clarification", draft.origin, choices=draft.choices)
    return Answer(
        question,
        "declined",
        draft.message,
        draft.code,
        draft.origin,
        choices=draft.suggestions,
        unknown_words=draft.unknown_words,
    )


def refused(question: Question, draft: SqlDraft, verdict: Violations) -> Answer:
    """What was hidden from the asker stays so: only SQL that they typed themselves is shown again."""
    first = verdict.items[0]
    typed = draft.origin.writer == "sql"
    sql, hint = (draft.sql, verdict.hint) if typed else ("", "")
    whose = "The language model wrote no query that may run. " if draft.origin.writer == LANGUAGE_MODEL else ""
    return Answer(question, "refused", whose + first.message, first.code, draft.origin, sql=sql, hint=hint)


def problems_of(verdict: Violations) -> tuple[Problem, ...]:
    return tuple(Problem(each.code, each.hint or each.message, each.fragment) for each in verdict.items)
