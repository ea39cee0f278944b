"""The order of the stages, and nothing else. Everything is injected by `nl2sql.bootstrap`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import date

from nl2sql.answer.base import Answer, Labels
from nl2sql.answer.compose import compose
from nl2sql.cache import Cache, key
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.base import Context
from nl2sql.engines.arrow_ipc import result_from_bytes, result_to_bytes
from nl2sql.engines.base import Engine, ResultTable
from nl2sql.errors import EngineError, Nl2SqlError, QueryFailed, RowQuotaReached
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.dialects import grammar_name
from nl2sql.guard.policy import Policy, private_columns, unasked_columns
from nl2sql.guard.violation import Violations
from nl2sql.question import Principal, Question
from nl2sql.quota import RowQuota, refusal
from nl2sql.trace import Listener, Trace, ignore
from nl2sql.writers.base import CannotAnswer, Clarification, Draft, Origin, Repair, SqlDraft, Writer
from nl2sql.writers.codec import draft_from_bytes, draft_to_bytes

Retrieve = Callable[[Question, SemanticModel, str, date], Context]


@dataclass(frozen=True, slots=True)
class Stages:
    """What a pipeline is made of. `policy_for` maps a role to its policy; `today` gives the as-of day."""

    model: SemanticModel
    labels: Labels
    policy_for: Callable[[str], Policy]
    retrieve: Retrieve
    writer: Writer
    engine: Engine
    cache: Cache
    today: Callable[[], date]
    quota: RowQuota = field(default_factory=RowQuota)


class Pipeline:
    """Safe to share between threads: it keeps no state of a question."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._views: dict[str, SemanticModel] = {}  # by role

    @property
    def model(self) -> SemanticModel:
        return self._stages.model

    @property
    def labels(self) -> Labels:
        return self._stages.labels

    @property
    def writer(self) -> Writer:
        return self._stages.writer

    @property
    def engine(self) -> Engine:
        return self._stages.engine

    @property
    def today(self) -> date:
        return self._stages.today()

    def ask(self, question: Question, listener: Listener = ignore, *, fresh: bool = False) -> Answer:
        """Never raises for what a question, a model, a policy or a database can do; `fresh` bypasses the cache."""
        asked = question if question.as_of else replace(question, as_of=self.today)
        return self._guarded(asked, listener, fresh, _Run.answer)

    def run_sql(
        self, sql: str, principal: Principal | None = None, listener: Listener = ignore, *, fresh: bool = False
    ) -> Answer:
        """SQL that a person typed, through the same guard, to the same kind of answer."""
        question = Question(" ".join(sql.split())[:200], principal or Principal(), as_of=self.today)
        return self._guarded(question, listener, fresh, lambda run: run.conclude(SqlDraft(sql, Origin("sql"))))

    def _guarded(self, question: Question, listener: Listener, fresh: bool, work: Callable[[_Run], Answer]) -> Answer:
        trace = Trace(listener)
        try:
            policy = self._policy_of(question.principal)
            return work(_Run(self._stages, question, policy, self.model_for(policy.role), trace, fresh))
        except Nl2SqlError as error:
            return Answer(question, "failed", error.user_message, error.code, hint=error.hint, stages=trace.stages)

    def model_for(self, role: str) -> SemanticModel:
        """The model as the role may see it. Raises PolicyInvalid for a role that the policy does not have."""
        policy = self._stages.policy_for(role)
        if policy.fingerprint not in self._views:
            unasked, private = unasked_columns(self.model, policy), private_columns(self.model, policy)
            self._views[policy.fingerprint] = seen_by(self.model, unasked, private)
        return self._views[policy.fingerprint]

    def _policy_of(self, principal: Principal) -> Policy:
        return self._stages.policy_for(principal.role).bound_to(principal.attributes)

    def check(self, sql: str, principal: Principal | None = None) -> CheckedSql | Violations:
        """Raises PolicyInvalid for a role that does not exist, and for one that needs to know more of who asks."""
        policy = self._policy_of(principal or Principal())
        return check(SqlDraft(sql, Origin("sql")), self.model, policy, self.engine.dialect)


class _Run:
    """One question on its way through the stages."""

    def __init__(
        self, stages: Stages, question: Question, policy: Policy, view: SemanticModel, trace: Trace, fresh: bool
    ) -> None:
        self.stages = stages
        self.question = question
        self.policy = policy
        self.view = view
        self.trace = trace
        self.fresh = fresh
        self.context: Context | None = None

    def answer(self) -> Answer:
        with self.trace.stage("understand") as note:
            grammar = grammar_name(self.stages.engine.dialect)
            self.context = self.stages.retrieve(self.question, self.view, grammar, self._as_of())
            note.text = f"{len(self.context.datasets)} tables"
        known = self._known_draft()
        if known is not None:
            return self.conclude(known)
        draft = self._write()
        # Only a language model can act on a hint; the offline writer would say the same again.
        repairs = 1 if isinstance(draft, SqlDraft) and draft.origin.writer == "llm" else 0
        return self.conclude(draft, repairs, is_new=True)

    def conclude(self, draft: Draft, repairs: int = 0, *, is_new: bool = False) -> Answer:
        """From a draft to an answer; a refused or failed draft of a language model gets `repairs` more tries.

        A draft that is new and was answered is kept for the next time.
        """
        if not isinstance(draft, SqlDraft):
            return self._said_no(draft)
        with self.trace.stage("check") as note:
            verdict = check(draft, self.stages.model, self.policy, self.stages.engine.dialect)
            note.text = "refused" if isinstance(verdict, Violations) else f"{len(verdict.tables)} tables, read-only"
        if isinstance(verdict, Violations):
            if repairs:
                return self.conclude(self._write(Repair(draft.sql, verdict.hint)), repairs - 1, is_new=is_new)
            return self._refused(draft, verdict)
        try:
            result, cached = self._run(verdict)
        except QueryFailed as error:
            if not repairs:
                raise
            repair = Repair(draft.sql, error.hint or error.user_message)
            return self.conclude(self._write(repair), repairs - 1, is_new=is_new)
        with self.trace.stage("explain"):
            answer = compose(self.question, draft, verdict, result, self.stages.labels, self._as_of(), cached=cached)
        stands_in = bool(draft.origin.note)  # a fallback's draft must not outlive the outage that called for it
        if is_new and not stands_in:
            self.stages.cache.set(self._draft_key(), draft_to_bytes(draft))
        return replace(answer, stages=self.trace.stages)

    def _as_of(self) -> date:
        return self.question.as_of or self.stages.today()

    def _write(self, repair: Repair | None = None) -> Draft:
        if self.context is None:
            raise RuntimeError("a draft is written only after the question was understood")
        with self.trace.stage("repair" if repair else "write") as note:
            draft = self.stages.writer.write(self.question, self.context, repair)
            note.text = " · ".join(part for part in (draft.origin.writer, draft.origin.note) if part)
        return draft

    def _draft_key(self) -> str:
        asked = self.question
        history = [f"{turn.question}\n{turn.sql}" for turn in asked.history]
        writer = self.stages.writer
        model = self.stages.model.fingerprint
        dialect = self.stages.engine.dialect
        return key(
            "draft",
            asked.text,
            *history,
            self._as_of().isoformat(),
            dialect,
            writer.name,
            writer.version,
            model,
            self.policy.fingerprint,
        )

    def _known_draft(self) -> SqlDraft | None:
        stored = None if self.fresh else self.stages.cache.get(self._draft_key())
        try:
            return draft_from_bytes(stored) if stored is not None else None
        except ValueError:
            return None

    def _run(self, checked: CheckedSql) -> tuple[ResultTable, bool]:
        """The result and whether it came from the cache. The key holds the policy and the state of the data."""
        engine, asking, limit = self.stages.engine, self.question.principal, self.policy.limits.rows_per_minute
        with self.trace.stage("run") as note:
            wait = self.stages.quota.admit(asking, limit)
            if wait is not None:
                raise RowQuotaReached(refusal(wait, limit))
            result_key = key("result", checked.sql, checked.policy, self.stages.model.fingerprint, engine.fingerprint())
            stored = None if self.fresh else self.stages.cache.get(result_key)
            if stored is not None:
                try:
                    result = result_from_bytes(stored)
                except ValueError:
                    stored = None
                else:
                    note.text = f"{result.row_count:,} rows, cached"
                    self.stages.quota.spend(asking, result.row_count)
                    return result, True
            result = self._executed(checked)
            self.stages.quota.spend(asking, result.row_count)
            self.stages.cache.set(result_key, result_to_bytes(result))
            note.text = f"{result.row_count:,} rows"
            return result, False

    def _executed(self, checked: CheckedSql) -> ResultTable:
        """What a database quotes of the text it was given must not tell the key of hash masks."""
        try:
            return self.stages.engine.run(checked)
        except EngineError as error:
            if self.policy.masks:
                error.hint = error.hint.replace(self.policy.mask_key, "…")
            raise

    def _said_no(self, draft: Clarification | CannotAnswer) -> Answer:
        if isinstance(draft, Clarification):
            return Answer(
                self.question,
                "clarification",
                draft.message,
                "clarification",
                draft.origin,
                choices=draft.choices,
                stages=self.trace.stages,
            )
        return Answer(
            self.question,
            "declined",
            draft.message,
            draft.code,
            draft.origin,
            choices=draft.suggestions,
            unknown_words=draft.unknown_words,
            stages=self.trace.stages,
        )

    def _refused(self, draft: SqlDraft, verdict: Violations) -> Answer:
        """What was hidden from the asker stays so: only SQL that they typed themselves is shown again."""
        first = verdict.items[0]
        typed = draft.origin.writer == "sql"
        return Answer(
            self.question,
            "refused",
            first.message,
            first.code,
            draft.origin,
            sql=draft.sql if typed else "",
            hint=verdict.hint if typed else "",
            stages=self.trace.stages,
        )
