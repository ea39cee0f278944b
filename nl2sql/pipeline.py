"""The order of the stages, for a question and for SQL that a person typed. Never raises for what either can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from threading import Event, Lock
from time import monotonic, sleep

from nl2sql.answer.base import Answer, Labels
from nl2sql.answer.explain import explain
from nl2sql.catalog.model import SemanticModel
from nl2sql.catalog.visibility import seen_by
from nl2sql.context.quoting import without_foreign_values, words_of
from nl2sql.drafting import Facts
from nl2sql.engines.base import Engine, Job
from nl2sql.errors import Nl2SqlError, QueryFailed
from nl2sql.execution import Asked, Execution
from nl2sql.freshness import DataAsOf, quick
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy, private_columns, unasked_columns
from nl2sql.guard.violation import Violations
from nl2sql.journey import EDITED_PLAN, Journey, new_memory
from nl2sql.ledger.base import Verdict
from nl2sql.ledger.row import row_of
from nl2sql.question import Principal, Question, new_question_id
from nl2sql.stages import Stages
from nl2sql.trace import Listener, Trace, ignore
from nl2sql.writers.base import Origin, SqlDraft, Writer

# A statement may be about to start when its question is cancelled: what then starts is stopped within this time.
CANCEL_SECONDS = 1.0
_CANCEL_PAUSE = 0.02


class Pipeline:
    """Safe to share between threads."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages
        self._views: dict[str, SemanticModel] = {}  # by policy fingerprint
        self._execution = Execution(
            stages.engine, stages.cache, stages.quota, stages.model, self._data_as_of, stages.longest_seconds
        )
        self._explained = new_memory()
        self._lock = Lock()
        self._asked: dict[str, Event] = {}  # questions under way, by id; set when cancelled

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

    def ask(
        self,
        question: Question,
        listener: Listener = ignore,
        *,
        fresh: bool = False,
        accept_cost: bool = False,
        question_id: str = "",
    ) -> Answer:
        """Never raises for what a question, a model, a policy or a database can do.

        `fresh` reads no cache. `accept_cost` is a yes to a price above the soft limit of the role. `question_id` is
        what `cancel` takes, one's own or a new one.
        """
        asked = question if question.as_of else replace(question, as_of=self.today)
        return self._guarded(asked, listener, fresh, accept_cost, question_id, Journey.answer)

    def run_sql(
        self,
        sql: str,
        principal: Principal | None = None,
        listener: Listener = ignore,
        *,
        fresh: bool = False,
        accept_cost: bool = False,
        question_id: str = "",
        corrects: str = "",
    ) -> Answer:
        """SQL that a person typed, through the same guard, to the same kind of answer. `corrects` is the id of the
        answer in place of whose SQL it was typed, for the ledger."""
        question = Question(" ".join(sql.split())[:200], principal or Principal(), as_of=self.today)
        typed = SqlDraft(sql, Origin("sql"))

        def conclude(way: Journey) -> Answer:
            return way.conclude(typed)

        return self._guarded(question, listener, fresh, accept_cost, question_id, conclude, corrects=corrects)

    def ask_plan(
        self,
        plan: object,
        principal: Principal | None = None,
        listener: Listener = ignore,
        *,
        fresh: bool = False,
        accept_cost: bool = False,
        question_id: str = "",
    ) -> Answer:
        """A query plan that a person edited or wrote, as JSON (text, or what it holds): compiled, and through the same
        guard to the same kind of answer. Its question is the plan in words."""
        question = Question(EDITED_PLAN, principal or Principal(), as_of=self.today)
        return self._guarded(question, listener, fresh, accept_cost, question_id, lambda way: way.answer_plan(plan))

    def cancel(self, question_id: str) -> bool:
        """Stops a question under way, from any thread: whether there was one. Its answer says that it was stopped."""
        with self._lock:
            cancelled = self._asked.get(question_id)
        if cancelled is None:
            return False
        cancelled.set()
        deadline = monotonic() + CANCEL_SECONDS
        while not self.engine.cancel(question_id) and question_id in self._asked and monotonic() < deadline:
            sleep(_CANCEL_PAUSE)
        return True

    def give_feedback(self, question_id: str, verdict: Verdict, comment: str = "") -> None:
        self._stages.ledger.give_feedback(question_id, verdict, comment)

    def check(self, sql: str, principal: Principal | None = None) -> CheckedSql | Violations:
        """Raises PolicyInvalid for a role that does not exist, and for one that needs to know more of who asks."""
        policy = self._policy_of(principal or Principal())
        return check(SqlDraft(sql, Origin("sql")), self.model, policy, self.engine.dialect)

    def explain(self, sql: str, principal: Principal | None = None) -> tuple[str, ...]:
        """The steps of a statement in plain language, in the order in which it is worked out; nothing for one that the
        guard refuses. Raises PolicyInvalid as `check` does."""
        verdict = self.check(sql, principal)
        return explain(verdict, self.labels, self.today) if isinstance(verdict, CheckedSql) else ()

    def model_for(self, role: str) -> SemanticModel:
        """The model as the role may see it. Raises PolicyInvalid for a role that the policy does not have."""
        policy = self._stages.policy_for(role)
        if policy.fingerprint not in self._views:
            unasked, private = unasked_columns(self.model, policy), private_columns(self.model, policy)
            self._views[policy.fingerprint] = seen_by(self.model, unasked, private)
        return self._views[policy.fingerprint]

    def policy_for(self, role: str) -> Policy:
        """Not yet bound to anybody's attributes. Raises PolicyInvalid for a role that the policy does not have."""
        return self._stages.policy_for(role)

    def close(self) -> None:
        """Lets go of the language model, the database, the cache and the ledger, which writes what it still holds for a
        moment more."""
        for close in self._stages.closing:
            close()
        self._stages.ledger.close()
        self._stages.telemetry.close()
        self._stages.cache.close()
        self._stages.engine.close()

    def _guarded(
        self,
        question: Question,
        listener: Listener,
        fresh: bool,
        accept_cost: bool,
        question_id: str,
        work: Callable[[Journey], Answer],
        *,
        corrects: str = "",
    ) -> Answer:
        job = Job(question_id or new_question_id(), question.principal.user)
        telemetry, cancelled = self._stages.telemetry, Event()
        with self._lock:
            self._asked[job.question_id] = cancelled
        began = datetime.now(UTC).replace(tzinfo=None)
        facts = Facts()
        try:
            with telemetry.question(job.question_id, question.principal.role):
                trace = Trace(listener, telemetry.stage)
                try:
                    policy = self._policy_of(question.principal)
                    view = self.model_for(policy.role)
                    asked = Asked(question.principal, policy, view, job, cancelled, fresh, accept_cost)
                    answer = work(
                        Journey(self._stages, self._execution, question, asked, trace, facts, self._explained)
                    )
                except Nl2SqlError as error:
                    hint = _tellable(error, question, facts)
                    answer = Answer(question, "failed", error.user_message, error.code, facts.origin, hint=hint)
                answer = replace(answer, id=job.question_id, stages=trace.stages, usage=facts.usage)
                telemetry.answered(answer)
        finally:
            with self._lock:
                self._asked.pop(job.question_id, None)
        engine, prices = self.engine.dialect, self._stages.prices
        row = row_of(answer, at=began, sql=facts.sql, verdict=facts.verdict, engine=engine, prices=prices)
        self._stages.ledger.record(replace(row, corrects=corrects))
        return answer

    def _policy_of(self, principal: Principal) -> Policy:
        return self._stages.policy_for(principal.role).bound_to(principal.attributes)

    def _data_as_of(self, checked: CheckedSql, asked: Asked) -> DataAsOf | None:
        if self._stages.clock is None:
            return None
        policy = quick(asked.policy)

        def judge(sql: str) -> CheckedSql | Violations:
            return check(SqlDraft(sql, Origin("clock")), self.model, policy, self.engine.dialect)

        return self._stages.clock.as_of(checked, asked.view, judge, lambda it: self.engine.run(it, asked.job))


def _tellable(error: Nl2SqlError, question: Question, facts: Facts) -> str:
    """What a database says of a statement may quote rows that the asker does not see: only known words stay quoted."""
    if not isinstance(error, QueryFailed):
        return error.hint
    return without_foreign_values(error.hint, words_of(facts.sql) | words_of(question.text))
