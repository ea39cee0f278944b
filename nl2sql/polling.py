"""The stage between a first draft and its answer: more drafts of the same question, run beside it, and their vote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from nl2sql.answer.base import Answer, Finding
from nl2sql.candidates.base import Ballot, Reading
from nl2sql.candidates.cost import together
from nl2sql.candidates.difference import MAX_READINGS, ask_about
from nl2sql.candidates.draw import Steps, draw
from nl2sql.candidates.endings import in_words
from nl2sql.candidates.reading import reading_of
from nl2sql.candidates.vote import Agreed, Differing, InWords, vote
from nl2sql.drafting import Drafting
from nl2sql.engines.base import Estimate
from nl2sql.errors import EngineError
from nl2sql.execution import Asked, Executed, Execution, TooCostly
from nl2sql.guard.checked import CheckedSql
from nl2sql.price_tag import judge
from nl2sql.question import Question
from nl2sql.stages import Stages
from nl2sql.trace import Note, Trace
from nl2sql.writers.base import CannotAnswer, Clarification, SqlDraft


@dataclass(frozen=True, slots=True)
class Run:
    """A draft that was checked and ran, or is too costly to. `findings` are what the vote adds to the answer."""

    draft: SqlDraft
    checked: CheckedSql
    done: Executed | TooCostly
    findings: tuple[Finding, ...] = ()


class Poll:
    """For one question."""

    def __init__(
        self, stages: Stages, execution: Execution, question: Question, asked: Asked, trace: Trace, drafting: Drafting
    ) -> None:
        self._stages = stages
        self._execution = execution
        self._question = question
        self._asked = replace(asked, accept_cost=False)  # a yes to one price is none to three
        self._trace = trace
        self._drafting = drafting
        self._done: dict[str, Executed] = {}  # by checked SQL

    def decide(self, first: Run | Clarification | CannotAnswer, tried: Callable[[str], bool]) -> Run | Answer:
        """The first draft itself, unless more of them are wanted and say something else. `tried` says of SQL that it
        could not be used before."""
        count = self._stages.candidates.wanted(first.draft if isinstance(first, Run) else first)
        is_too_costly = isinstance(first, Run) and isinstance(first.done, TooCostly)
        if count == 1 or is_too_costly:
            return first if isinstance(first, Run) else in_words(self._question, first)
        with self._trace.stage("candidates") as note:
            decided = vote(self._ballots(first, count, tried, note))
            self._drafting.stop_if_cancelled()
            note.text = _in_short(decided, count)
        if isinstance(decided, InWords):
            return in_words(self._question, decided.draft)
        if isinstance(decided, Differing):
            return self._asked_back(decided)
        reading = decided.reading
        done = self._done[reading.checked.sql]
        return Run(reading.draft, reading.checked, done, (_agreement(decided, count),))

    def _ballots(
        self, first: Run | Clarification | CannotAnswer, count: int, tried: Callable[[str], bool], note: Note
    ) -> list[Ballot]:
        call = replace(self._drafting.call(note), remark=_told_once(note.remark))
        spent = first.done.estimate if isinstance(first, Run) else None
        steps = Steps(
            write=lambda sample: self._drafting.draft(None, replace(call, sample=sample)),
            tried=tried,
            check=self._drafting.verdict,
            run=self._run,
            is_affordable=lambda statements: self._is_affordable(spent, statements),
            remark=note.remark,
        )
        if isinstance(first, Run):
            if not isinstance(first.done, Executed):
                raise RuntimeError("only a draft that ran can be compared")
            return draw(self._read(first.draft, first.checked, first.done), count, steps)
        return draw(first, count, steps)

    def _run(self, draft: SqlDraft, checked: CheckedSql) -> Reading | None:
        self._drafting.stop_if_cancelled()
        done = self._execution.result_of(checked, self._asked)
        return self._read(draft, checked, done) if isinstance(done, Executed) else None

    def _read(self, draft: SqlDraft, checked: CheckedSql, done: Executed) -> Reading:
        self._done[checked.sql] = done
        return reading_of(draft, checked, done.result, self._stages.labels, self._drafting.as_of)

    def _is_affordable(self, spent: Estimate | None, statements: Sequence[CheckedSql]) -> bool:
        """Whether all of them, beside what already ran, stay below what the asker would be asked about first."""
        engine = self._stages.engine
        if not engine.charges:
            return True
        try:
            estimates = [*([spent] if spent else []), *(engine.estimate(each) for each in statements)]
        except EngineError:
            return False
        return judge(together(estimates), self._asked.policy.limits).kind == "fine"

    def _asked_back(self, differing: Differing) -> Answer:
        """Each choice is kept as the draft that it stands for: a click asks no model again."""
        readings = differing.readings[:MAX_READINGS]
        whole = readings[0].draft.standalone or self._question.text
        asked = ask_about(whole, [each.lines for each in readings], self._stages.labels)
        for choice, reading in zip(asked.choices, readings, strict=True):
            self._drafting.keep_choice(replace(reading.draft, standalone=""), choice)
        origin = readings[0].draft.origin
        return Answer(self._question, "clarification", asked.message, "results_differ", origin, choices=asked.choices)


def _told_once(remark: Callable[[str], None]) -> Callable[[str], None]:
    """Drafts go the same way, so that most of what is said of one was said of another."""
    told: set[str] = set()

    def tell(text: str) -> None:
        if text not in told:
            told.add(text)
            remark(text)

    return tell


def _in_short(decided: Agreed | Differing | InWords, count: int) -> str:
    if isinstance(decided, Agreed):
        return f"{decided.count} of {count} agree"
    if isinstance(decided, Differing):
        return f"{len(decided.readings)} different results"
    return "most ask back" if isinstance(decided.draft, Clarification) else "most cannot answer"


def _agreement(agreed: Agreed, of: int) -> Finding:
    if agreed.count == 1:
        return Finding("drafts_agree", "info", f"Only one of {of} drafts gave a result, so none could be compared.")
    drafts = f"{agreed.count} of {of} drafts of the language model"
    if agreed.is_chance:
        said = f"{drafts} found nothing. They read the question in different ways, so it may be there all the same."
        return Finding("drafts_agree", "warning", said)
    return Finding("drafts_agree", "info", f"{drafts} gave this result.")
