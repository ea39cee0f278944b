"""One question on its way through the stages, and what is remembered of it for the next time."""

from __future__ import annotations

from dataclasses import replace

from nl2sql.answer.base import Answer, Finding
from nl2sql.answer.compose import compose
from nl2sql.answer.grammar import counted
from nl2sql.answer.near_values import near_values
from nl2sql.candidates.endings import in_words, problems_of, refused
from nl2sql.candidates.tries import SAME_AGAIN, Tries
from nl2sql.catalog.joins import JoinGraph
from nl2sql.drafting import Drafting, Facts, tell
from nl2sql.errors import LanguageModelError, QueryFailed
from nl2sql.execution import Asked, Executed, Execution, TooCostly
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.violation import Violations
from nl2sql.llm.base import NO_USAGE
from nl2sql.memo import Memo
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import plan_to_text
from nl2sql.plan.validate import read_plan
from nl2sql.plan.words import Wording
from nl2sql.polling import Poll, Run
from nl2sql.prompt.base import Problem
from nl2sql.question import MAX_QUESTION_CHARS, Question
from nl2sql.stages import Stages
from nl2sql.trace import Trace
from nl2sql.writers.base import LANGUAGE_MODEL, CannotAnswer, Clarification, Draft, Explanation, Origin, SqlDraft

# What an answer is called whose plan cannot be said in words, because it is not valid.
EDITED_PLAN = "Edited plan"
# A receipt, a chart and labels, without the rows.
ANSWER_BYTES = 20_000
_MEMORY_BYTES = 64_000_000
# A writer that is down, or that understood nothing, says nothing about the SQL that it was to repair.
_NO_REPAIR = frozenset({"unavailable", "not_understood"})


def new_memory() -> Memo[Answer]:
    return Memo(_MEMORY_BYTES, _MEMORY_BYTES // 16)


class Journey:
    """For one thread. `explained_before` is shared by all of a pipeline: see `new_memory`."""

    def __init__(
        self,
        stages: Stages,
        execution: Execution,
        question: Question,
        asked: Asked,
        trace: Trace,
        facts: Facts,
        explained_before: Memo[Answer],
    ) -> None:
        self._stages = stages
        self._execution = execution
        self._question = question
        self._asked = asked
        self._trace = trace
        self._drafting = Drafting(stages, question, asked, trace, facts)
        self._tries: Tries[Answer | QueryFailed] = Tries(self._drafting.grammar)
        self._facts = facts
        self._explained_before = explained_before

    def answer(self) -> Answer:
        known = self._drafting.known()
        if known is not None:
            return self.conclude(known)
        self._drafting.understand()
        end = self._repaired(self._drafting.write())
        if isinstance(end, Answer):
            return end
        poll = Poll(self._stages, self._execution, self._question, self._asked, self._trace, self._drafting)
        decided = poll.decide(end, lambda sql: self._tries.end_of(sql) is not None)
        if isinstance(decided, Answer):
            return decided
        self._facts.origin, self._facts.sql = decided.draft.origin, decided.checked.sql
        self._drafting.keep(decided.draft)
        return self._shown(decided)

    def answer_plan(self, value: object) -> Answer:
        """From a query plan as JSON to an answer, or to what is wrong with the plan."""
        stages = self._stages
        graph = JoinGraph(stages.model)
        draft: Draft
        with self._trace.stage("write") as note:
            note.text = EDITED_PLAN.lower()
            note.facts["nl2sql.writer"] = "plan"
            try:
                plan = read_plan(value, self._asked.view, graph)
                sql = compile_plan(plan, stages.model, graph, stages.engine.dialect)
            except PlanInvalid as error:
                draft = CannotAnswer(error.message, "not_understood", Origin("plan"))
            else:
                words = Wording(stages.model, graph).of(plan)
                draft = SqlDraft(sql, Origin("plan"), words, plan.assumptions, plan=plan_to_text(plan))
                self._question = replace(self._question, text=words[:MAX_QUESTION_CHARS])
        self._drafting.stop_if_cancelled()
        return self.conclude(draft)

    def conclude(self, draft: Draft) -> Answer:
        """From a draft that nobody repairs to an answer."""
        if not isinstance(draft, SqlDraft):
            return in_words(self._question, draft)
        verdict = self._drafting.check(draft)
        if isinstance(verdict, Violations):
            return refused(self._question, draft, verdict)
        return self._shown(Run(draft, verdict, self._run(verdict)))

    def _repaired(self, draft: Draft) -> Run | Clarification | CannotAnswer | Answer:
        """What a draft ends in. One of a language model that is refused or fails goes back to it with all that was
        tried, at most `repairs` times, and never to run the same statement twice. Raises what the database raised last
        where that is the end."""
        tries = self._tries
        while isinstance(draft, SqlDraft):
            verdict = self._drafting.check(draft)
            if isinstance(verdict, Violations):
                tries.add(draft, problems_of(verdict), refused(self._question, draft, verdict))
            else:
                try:
                    return Run(draft, verdict, self._run(verdict))
                except QueryFailed as error:
                    tries.add(draft, (Problem("database", error.hint or error.user_message),), error)
            is_repairable = draft.origin.writer == LANGUAGE_MODEL and len(tries) <= self._stages.repairs
            better = self._repair() if is_repairable else tries.last_end
            if isinstance(better, QueryFailed):
                raise better
            if isinstance(better, Answer):
                return better
            draft = better
        return in_words(self._question, draft) if isinstance(draft, Explanation) else draft

    def _repair(self) -> Draft | Answer | QueryFailed:
        """Another draft; or, where there is none, what was to be repaired: that says more to whoever asked than that a
        model could not be reached either."""
        tries = self._tries
        self._drafting.stop_if_cancelled()
        with self._trace.stage("repair") as note:
            note.remark(tries.last_problem)
            try:
                draft = self._drafting.draft(tries.repair, self._drafting.call(note))
            except LanguageModelError as error:
                note.remark(f"no other draft: {error.code.replace('_', ' ')}")
                return tries.last_end
            tell(note, draft)
            earlier = tries.end_of(draft.sql) if isinstance(draft, SqlDraft) else None
            if earlier is not None:
                note.remark(SAME_AGAIN)
            elif isinstance(draft, CannotAnswer) and draft.code in _NO_REPAIR:
                note.remark(f"no other draft: {draft.code.replace('_', ' ')}")
                earlier = tries.last_end
        self._drafting.stop_if_cancelled()
        return earlier if earlier is not None else draft

    def _shown(self, run: Run) -> Answer:
        if isinstance(run.done, TooCostly):
            return self._priced(run.draft, run.checked, run.done)
        answer = self._explained(run.draft, run.checked, run.done)
        return replace(answer, findings=answer.findings + run.findings) if run.findings else answer

    def _run(self, checked: CheckedSql) -> Executed | TooCostly:
        with self._trace.stage("run") as note:
            note.facts["db.system.name"] = self._stages.engine.dialect
            done = self._execution.result_of(checked, self._asked)
            if isinstance(done, TooCostly):
                del note.facts["db.system.name"]  # nothing ran there
                note.text = "not run: too costly" if done.tag.kind == "refuse" else "not run: asking first"
                return done
            is_kept = done.stored_at is not None
            note.text = counted(done.result.row_count, "row") + (", cached" if is_kept else "")
            note.facts["db.response.returned_rows"] = done.result.row_count
            note.facts["nl2sql.cached"] = is_kept
            if done.result.billed_bytes and not is_kept:
                note.facts["nl2sql.scanned_bytes"] = done.result.billed_bytes
        return done

    def _explained(self, draft: SqlDraft, checked: CheckedSql, done: Executed) -> Answer:
        with self._trace.stage("explain"):
            answer = self._composed(draft, checked, done)
            near = near_values(answer, checked, self._asked.view, self._stages.values, self._stages.labels)
        result = done.result
        notes = (Finding("data_behind", "warning", result.data_note),) if result.data_note else ()
        return replace(
            answer,
            question=self._question,
            findings=answer.findings + near + notes,
            data_as_of=result.data_as_of,
            stored_at=done.stored_at,
            estimate=done.estimate,
            standalone=draft.standalone,
        )

    def _composed(self, draft: SqlDraft, checked: CheckedSql, done: Executed) -> Answer:
        """The same kept rows for the same words, statement and day are explained once, whoever asks."""
        unpaid = draft if draft.usage == NO_USAGE else replace(draft, usage=NO_USAGE)
        remembered = (self._question.text, self._drafting.as_of, unpaid, done.kept_as)
        answer = self._explained_before.get(remembered) if done.kept_as else None
        if answer is not None:
            return answer
        is_kept = done.stored_at is not None
        labels, as_of = self._stages.labels, self._drafting.as_of
        answer = compose(self._question, draft, checked, done.result, labels, as_of, cached=is_kept)
        if is_kept:
            size = int(done.result.table.get_total_buffer_size()) + ANSWER_BYTES
            self._explained_before.put(remembered, answer, size)
        return answer

    def _priced(self, draft: SqlDraft, checked: CheckedSql, done: TooCostly) -> Answer:
        asks = done.tag.kind == "ask"
        return Answer(
            self._question,
            "clarification" if asks else "refused",
            done.tag.sentence,
            "over_soft_limit" if asks else "too_costly",
            draft.origin,
            draft.interpretation,
            checked.sql,
            hint=done.tag.hint,
            estimate=done.estimate,
            plan=draft.plan,
            confidence=draft.confidence,
        )
