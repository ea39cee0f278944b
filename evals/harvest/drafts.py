"""Evidence → draft cases: with a gold where a person typed one that the guard still lets pass, else with a gap to fill.

A draft is `ready` where two signs agree: an answer was found wrong and then corrected, or a correction was found right.
Whatever else is known waits for a person: an edit may have been a try, and a thumb is no gold.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from evals.cases.base import Kind
from evals.harvest.evidence import Evidence, LeftOut, spoken
from evals.harvest.known import Known
from evals.harvest.privacy import warnings_of, without_people
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.violation import Violations
from nl2sql.pipeline import Pipeline
from nl2sql.settings import Settings

# An id is read in reports beside others; a comment is read in a file, and the ledger has the whole of it.
_ID_CHARS = 60
_SQL_CHARS, _COMMENT_CHARS, _COMMENTS = 600, 300, 3
_KIND_OF_CODE: dict[str, Kind] = {"unsafe": "unsafe", "sensitive": "sensitive", "unanswerable": "unanswerable"}

# Tags for SQL in a grammar.
Tags = Callable[[str, str], tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Draft:
    """`sql` is "" where nobody typed any. `missing` says what a person has to do before it is a case; "" for one that
    is `ready`. `role` is "" for the one of the settings; `day` is ISO."""

    id: str
    question: str
    kind: Kind
    sql: str
    day: str
    role: str
    comment: str
    tags: tuple[str, ...] = ()
    missing: str = ""
    warnings: tuple[str, ...] = ()
    evidence_id: str = ""

    @property
    def is_ready(self) -> bool:
        return not self.missing


@dataclass(frozen=True, slots=True)
class Confirmed:
    """A question with SQL that somebody found right. `sql` is in the grammar of the database."""

    question: str
    sql: str


class Drafting:
    """For one harvest, on one database. `tags` guesses them from SQL; `named` are ids that the reviewer chose, whose
    corrections count as confirmed."""

    def __init__(
        self,
        pipeline: Pipeline,
        settings: Settings,
        known: Known,
        names: re.Pattern[str] | None,
        tags: Tags,
        named: frozenset[str],
    ) -> None:
        self._pipeline = pipeline
        self._settings = settings
        self._known = known
        self._names = names
        self._tags = tags
        self._named = named

    def drafts(self, evidence: Iterable[Evidence]) -> tuple[list[Draft], list[LeftOut]]:
        """The newest first; each question once."""
        found, left_out = [], []
        for each in sorted(evidence, key=lambda it: it.last.number, reverse=True):
            made = self._draft(each)
            if isinstance(made, LeftOut):
                left_out.append(made)
            else:
                found.append(made)
        return found, left_out

    def _draft(self, each: Evidence) -> Draft | LeftOut:
        row = each.last.row
        question = _one_line(row.question)
        if file := self._known.questions.get(spoken(question)):
            return LeftOut(question, f"{file} has it")
        if grammar_name(row.engine) != self._grammar:
            return LeftOut(question, f"it was asked of another kind of database ({row.engine})")
        sql, problem = self._gold(each)
        if problem and each.sign == "corrected":
            return LeftOut(question, problem)
        warnings = self._warnings(question, [text for text in (row.sql, sql) if text])
        return Draft(
            id=self._new_id(question, row.id),
            question=question,
            kind=self._kind(each, sql),
            sql=sql,
            day=(self._settings.as_of if self._settings.as_of != "today" else row.at.date().isoformat()),
            role=row.role if row.role != self._settings.role else "",
            comment=self._comment(each),
            tags=self._tags(sql, self._grammar) if sql else (),
            missing=self._missing(each, sql, problem, warnings),
            warnings=warnings,
            evidence_id=row.id,
        )

    @property
    def _grammar(self) -> str:
        return grammar_name(self._pipeline.engine.dialect)

    def confirmed(self, evidence: Iterable[Evidence]) -> tuple[list[Confirmed], list[LeftOut]]:
        """Corrections that were found right, by whoever made them or by the reviewer; in the order of asking."""
        found, left_out = [], []
        for each in evidence:
            if each.correction is None or not (each.correction.is_confirmed or self._is_named(each)):
                continue
            question, (sql, problem) = _one_line(each.question), self._gold(each)
            if not problem and (warnings := self._warnings(question, [sql])):
                problem = f"not verified: {' '.join(warnings)}"
            if problem:
                left_out.append(LeftOut(question, problem))
            else:
                found.append(Confirmed(question, sql))
        return found, left_out

    def _is_named(self, each: Evidence) -> bool:
        return not self._named.isdisjoint(each.ids)

    def _warnings(self, question: str, statements: Iterable[str]) -> tuple[str, ...]:
        return warnings_of(question, statements, self._pipeline.model, self._grammar, self._names)

    def _gold(self, each: Evidence) -> tuple[str, str]:
        """SQL that a person stands for, and why it cannot be used: one of them is ""."""
        row, correction = each.last.row, each.correction
        if correction is not None and (each.sign != "good" or correction.is_confirmed):
            sql = correction.sql
        else:
            sql = row.sql if each.sign == "good" and row.outcome == "answered" else ""
        if not sql:
            return "", ""
        try:
            verdict = self._pipeline.check(sql, self._settings.asking(row.role))
        except PolicyInvalid as error:
            return "", f"the role {row.role} cannot be taken: {error.user_message}"
        if isinstance(verdict, Violations):
            return "", f"the guard no longer lets its SQL pass: {verdict.items[0].message}"
        # What ran may end with the limit that the guard gave it: one row more than the role may have.
        return re.sub(rf"\s+LIMIT {verdict.row_limit + 1}$", "", sql.strip().rstrip(";").rstrip()), ""

    def _kind(self, each: Evidence, sql: str) -> Kind:
        """A refusal that somebody found wrong should have been an answer; one that nobody did may have been right."""
        if sql or each.sign == "bad":
            return "answerable"
        return _KIND_OF_CODE.get(each.last.row.code, "answerable")

    def _missing(self, each: Evidence, sql: str, problem: str, warnings: Sequence[str]) -> str:
        if warnings:
            return " ".join(warnings)
        if problem:
            return f"Write the SQL that is right: {problem}"
        if not sql:
            return "Write the SQL that is right, or choose the kind of a question that has no answer."
        if each.is_confirmed or self._is_named(each):
            return ""
        if each.sign == "good":
            return "A reader found the answer right. See whether its SQL answers the question."
        return "Somebody edited the SQL, and nobody said that the first answer was wrong: see which SQL is right."

    def _comment(self, each: Evidence) -> str:
        row = each.last.row
        said = [_cut(without_people(_one_line(text), self._names), _COMMENT_CHARS) for text in each.comments]
        if row.sql:
            first = f"Answered with: {_cut(_one_line(row.sql), _SQL_CHARS)}."
        else:
            first = f"The outcome was {row.outcome} ({row.code})."
        told = [f"A reader said: “{text}”" for text in said[:_COMMENTS]]
        return " ".join([first, *told, f"(Ledger: {row.id[:8]})"])

    def _new_id(self, question: str, evidence_id: str) -> str:
        words, name = re.findall(r"[a-z0-9]+", question.lower()), ""
        for word in words:
            if len(name) + 1 + len(word) > _ID_CHARS:
                break
            name = f"{name}-{word}" if name else word
        name = name or f"question-{re.sub('[^a-z0-9]', '', evidence_id.lower())[:8] or '1'}"
        free, number = name, 1
        while free in self._known.ids:
            number += 1
            free = f"{name}-{number}"
        self._known.ids.add(free)
        return free


def _one_line(text: str) -> str:
    """Made visible: nothing in it moves a cursor, or ends a line of a file."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
