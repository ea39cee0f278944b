"""One question on its way through the stages, and what is remembered of it for the next time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from nl2sql.answer.base import Answer, Finding
from nl2sql.answer.compose import compose
from nl2sql.cache.base import key
from nl2sql.catalog.joins import JoinGraph
from nl2sql.context.base import Context
from nl2sql.errors import LanguageModelError, ModelCancelled, QueryCancelled, QueryFailed
from nl2sql.execution import Asked, Executed, Execution, TooCostly
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.violation import Violations
from nl2sql.llm.base import NO_USAGE, Call, Usage, paid_for
from nl2sql.memo import Memo
from nl2sql.plan.compile.select import compile_plan
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import plan_to_text
from nl2sql.plan.validate import read_plan
from nl2sql.plan.words import Wording
from nl2sql.prompt.base import EarlierTry, Problem
from nl2sql.question import MAX_QUESTION_CHARS, Question
from nl2sql.stages import Stages
from nl2sql.trace import Note, Trace
from nl2sql.writers.base import NO_ORIGIN, CannotAnswer, Clarification, Draft, Explanation, Origin, Repair, SqlDraft
from nl2sql.writers.codec import draft_from_bytes, draft_to_bytes

# What an answer is called whose plan cannot be said in words, because it is not valid.
EDITED_PLAN = "Edited plan"
# A receipt, a chart and labels, without the rows.
ANSWER_BYTES = 20_000
_MEMORY_BYTES = 64_000_000


def new_memory() -> Memo[Answer]:
    return Memo(_MEMORY_BYTES, _MEMORY_BYTES // 16)


@dataclass(slots=True)
class Facts:
    """What is known of a question however it ends, also where the answer does not show it: the SQL that was judged
    last, what the guard said of it ("passed", or the code of what it found), who wrote it and what was spent."""

    sql: str = ""
    verdict: str = ""
    origin: Origin = NO_ORIGIN
    usage: Usage = NO_USAGE

    def spend(self, more: Usage) -> None:
        self.usage += more


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
        self._context: Context | None = None
        self._facts = facts
        self._explained_before = explained_before

    def answer(self) -> Answer:
        known = self._known_draft()
        if known is not None:
            return self.conclude(known)
        with self._trace.stage("understand") as note:
            grammar = grammar_name(self._stages.engine.dialect)
            self._context = self._stages.retrieve(self._question, self._asked.view, grammar, self._as_of())
            note.text = f"{len(self._context.datasets)} tables"
            note.facts["nl2sql.tables"] = len(self._context.datasets)
        draft = self._write()
        # Only a language model can act on a hint; the offline writer would say the same again.
        repairs = 1 if isinstance(draft, SqlDraft) and draft.origin.writer == "llm" else 0
        return self.conclude(draft, repairs, is_new=True)

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
        self._stop_if_cancelled()
        return self.conclude(draft)

    def conclude(self, draft: Draft, repairs: int = 0, *, is_new: bool = False) -> Answer:
        """From a draft to an answer; a refused or failed draft of a language model gets `repairs` more tries.

        A draft that is new and was answered is kept for the next time.
        """
        if not isinstance(draft, SqlDraft):
            return self._said_no(draft)
        with self._trace.stage("check") as note:
            verdict = check(draft, self._stages.model, self._asked.policy, self._stages.engine.dialect)
            self._facts.origin = draft.origin
            if isinstance(verdict, Violations):
                note.text = "refused"
                self._facts.sql, self._facts.verdict = draft.sql, verdict.items[0].code
            else:
                note.text = f"{len(verdict.tables)} tables, read-only"
                note.facts["nl2sql.tables"] = len(verdict.tables)
                self._facts.sql, self._facts.verdict = verdict.sql, "passed"
            note.facts["nl2sql.verdict"] = self._facts.verdict
        if isinstance(verdict, Violations):
            if repairs:
                repair = Repair((EarlierTry(draft.sql, _problems(verdict)),))
                return self.conclude(self._write(repair), repairs - 1, is_new=is_new)
            return self._refused(draft, verdict)
        try:
            done = self._run(verdict)
        except QueryFailed as error:
            if not repairs:
                raise
            problem = Problem("database", error.hint or error.user_message)
            repair = Repair((EarlierTry(draft.sql, (problem,)),))
            return self.conclude(self._write(repair), repairs - 1, is_new=is_new)
        stands_in = bool(draft.origin.note)  # a fallback's draft must not outlive the outage that called for it
        if is_new and not stands_in:
            self._stages.cache.set(self._draft_key(), draft_to_bytes(draft), seconds=self._stages.longest_seconds)
        if isinstance(done, TooCostly):
            return self._priced(draft, verdict, done)
        return self._explained(draft, verdict, done)

    def _as_of(self) -> date:
        return self._question.as_of or self._stages.today()

    def _write(self, repair: Repair | None = None) -> Draft:
        if self._context is None:
            raise RuntimeError("a draft is written only after the question was understood")
        self._stop_if_cancelled()
        with self._trace.stage("repair" if repair else "write") as note:
            try:
                draft = self._stages.writer.write(self._question, self._context, repair, self._call(note))
            except LanguageModelError as error:
                self._facts.spend(paid_for(error))
                if isinstance(error, ModelCancelled):
                    raise QueryCancelled("The question was stopped.") from None
                raise
            self._facts.spend(draft.usage)
            note.text = " · ".join(part for part in (draft.origin.writer, draft.origin.note) if part)
            note.facts["nl2sql.writer"] = draft.origin.writer
        self._stop_if_cancelled()
        return draft

    def _call(self, note: Note) -> Call:
        asked = self._asked
        return Call(
            asked.principal.user,
            cancelled=asked.cancelled,
            remark=note.remark,
            progress=lambda characters: note.progress(f"{characters:,} characters"),
        )

    def _stop_if_cancelled(self) -> None:
        if self._asked.cancelled.is_set():
            raise QueryCancelled("The question was stopped.")

    def _draft_key(self) -> str:
        asked = self._question
        history = [f"{turn.question}\n{turn.sql}\n{turn.plan}" for turn in asked.history]
        writer = self._stages.writer
        return key(
            "draft",
            asked.text,
            *history,
            self._as_of().isoformat(),
            self._stages.engine.dialect,
            writer.name,
            writer.version,
            self._stages.model.fingerprint,
            self._asked.policy.fingerprint,
        )

    def _known_draft(self) -> SqlDraft | None:
        stored = None if self._asked.fresh else self._stages.cache.get(self._draft_key())
        try:
            return draft_from_bytes(stored.value) if stored is not None else None
        except ValueError:
            return None

    def _run(self, checked: CheckedSql) -> Executed | TooCostly:
        with self._trace.stage("run") as note:
            note.facts["db.system.name"] = self._stages.engine.dialect
            done = self._execution.result_of(checked, self._asked)
            if isinstance(done, TooCostly):
                del note.facts["db.system.name"]  # nothing ran there
                note.text = "not run: too costly" if done.tag.kind == "refuse" else "not run: asking first"
                return done
            is_kept = done.stored_at is not None
            note.text = f"{done.result.row_count:,} rows" + (", cached" if is_kept else "")
            note.facts["db.response.returned_rows"] = done.result.row_count
            note.facts["nl2sql.cached"] = is_kept
            if done.result.billed_bytes and not is_kept:
                note.facts["nl2sql.scanned_bytes"] = done.result.billed_bytes
        return done

    def _explained(self, draft: SqlDraft, checked: CheckedSql, done: Executed) -> Answer:
        with self._trace.stage("explain"):
            answer = self._composed(draft, checked, done)
        result = done.result
        notes = (Finding("data_behind", "warning", result.data_note),) if result.data_note else ()
        return replace(
            answer,
            question=self._question,
            findings=answer.findings + notes,
            data_as_of=result.data_as_of,
            stored_at=done.stored_at,
            estimate=done.estimate,
        )

    def _composed(self, draft: SqlDraft, checked: CheckedSql, done: Executed) -> Answer:
        """The same kept rows for the same words, statement and day are explained once, whoever asks."""
        unpaid = draft if draft.usage == NO_USAGE else replace(draft, usage=NO_USAGE)
        remembered = (self._question.text, self._as_of(), unpaid, done.kept_as)
        answer = self._explained_before.get(remembered) if done.kept_as else None
        if answer is not None:
            return answer
        is_kept = done.stored_at is not None
        labels, as_of = self._stages.labels, self._as_of()
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

    def _said_no(self, draft: Clarification | CannotAnswer | Explanation) -> Answer:
        if isinstance(draft, Explanation):
            return Answer(
                self._question,
                "explanation",
                draft.message,
                "explanation",
                draft.origin,
                choices=draft.suggestions,
            )
        if isinstance(draft, Clarification):
            return Answer(
                self._question,
                "clarification",
                draft.message,
                "clarification",
                draft.origin,
                choices=draft.choices,
            )
        return Answer(
            self._question,
            "declined",
            draft.message,
            draft.code,
            draft.origin,
            choices=draft.suggestions,
            unknown_words=draft.unknown_words,
        )

    def _refused(self, draft: SqlDraft, verdict: Violations) -> Answer:
        """What was hidden from the asker stays so: only SQL that they typed themselves is shown again."""
        first = verdict.items[0]
        typed = draft.origin.writer == "sql"
        return Answer(
            self._question,
            "refused",
            first.message,
            first.code,
            draft.origin,
            sql=draft.sql if typed else "",
            hint=verdict.hint if typed else "",
        )


def _problems(verdict: Violations) -> tuple[Problem, ...]:
    return tuple(Problem(each.code, each.hint or each.message, each.fragment) for each in verdict.items)
