"""What was tried for one question and could not be used: what the next try is told, and what it must not be."""

from __future__ import annotations

from typing import Generic, TypeVar

from nl2sql.candidates.canonical import canonical
from nl2sql.prompt.base import EarlierTry, Problem
from nl2sql.writers.base import Repair, SqlDraft

F = TypeVar("F")

SAME_AGAIN = "the same SQL again"


class Tries(Generic[F]):
    """`grammar` is the parser's name of the dialect. An `F` is what a try ended in, for whoever asked. Only `add` and
    `end_of` are for one that is empty."""

    _last_end: F

    def __init__(self, grammar: str) -> None:
        self._grammar = grammar
        self._tries: list[EarlierTry] = []
        self._ends: dict[str, F] = {}

    def __len__(self) -> int:
        return len(self._tries)

    def add(self, draft: SqlDraft, problems: tuple[Problem, ...], end: F) -> None:
        self._tries.append(EarlierTry(draft.sql, problems))
        self._ends[canonical(draft.sql, self._grammar)] = self._last_end = end

    def end_of(self, sql: str) -> F | None:
        """What this statement, however it is written, ended in before."""
        return self._ends.get(canonical(sql, self._grammar))

    @property
    def last_end(self) -> F:
        return self._last_end

    @property
    def repair(self) -> Repair:
        return Repair(tuple(self._tries))

    @property
    def last_problem(self) -> str:
        """In a few words, for the trace: the code, and nothing of what was hidden."""
        return self._tries[-1].problems[0].code.replace("_", " ")
