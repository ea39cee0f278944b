"""A writer that answers each question with its gold, through the real guard and engine: the most a suite can give."""

from __future__ import annotations

from collections.abc import Callable

from evals.cases.base import Case
from evals.runner.meter import current
from nl2sql.context.base import Context
from nl2sql.llm.base import NO_CALL, Call
from nl2sql.question import Question
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Origin, Repair, SqlDraft

_ORIGIN = Origin("gold")


class GoldWriter:
    """`sql_of` gives a case's first accepted gold as the database is to be given it; it raises SuiteInvalid. Earlier
    turns have no gold, and are declined."""

    name = "gold"
    version = "1"

    def __init__(self, sql_of: Callable[[Case], str]) -> None:
        self._sql_of = sql_of

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        case = current().case
        if case is None or case.kind == "unanswerable":
            return CannotAnswer("No gold answers this.", "unanswerable", _ORIGIN)
        if case.kind == "unsafe" or case.kind == "sensitive":
            return CannotAnswer("This must be declined.", case.kind, _ORIGIN)
        if case.kind == "ambiguous":
            return Clarification("Which reading is meant?", _ORIGIN)
        return SqlDraft(self._sql_of(case), _ORIGIN)
