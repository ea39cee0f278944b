"""A pipeline whose writer and engine do what a test says, and tell what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

import pyarrow as pa

from nl2sql.answer.base import Labels
from nl2sql.cache.memory import MemoryCache
from nl2sql.candidates.base import CandidateRules
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.context.base import Context
from nl2sql.engines.base import NO_JOB, Estimate, Job, ResultTable
from nl2sql.errors import PolicyInvalid
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Cost, Limits, Policy
from nl2sql.ledger.base import LedgerRow, Verdict
from nl2sql.llm.base import NO_CALL, Call
from nl2sql.pipeline import Pipeline
from nl2sql.question import Principal, Question
from nl2sql.stages import ONE_UNLESS_UNSURE, Stages
from nl2sql.writers.base import Draft, Origin, Repair

MODEL = SemanticModel(
    "shop",
    (
        Dataset(
            "users",
            "users",
            (
                Field("id", "id", DataType.INTEGER),
                Field("country", "country", DataType.STRING, indexed=True),
                Field("email", "email", DataType.STRING, sensitive=True),
                Field("shout", "UPPER(country)", DataType.STRING),
            ),
            primary_key=("id",),
            refresh_seconds=600,
        ),
    ),
    fingerprint="m1",
)
POLICIES = {
    "analyst": Policy("analyst"),
    "guest": Policy("guest", hidden=frozenset({"users.country"})),
    "support": Policy("support", revealed=frozenset({"users.email"})),
    "sampler": Policy("sampler", limits=Limits(rows=2)),
    "manager": Policy("manager", rows={"users": "country = :user.country"}, attributes={"country": "text"}),
    "masker": Policy("masker", masks={"users.country": "hash"}, mask_key="d1e2f3"),
    "reader": Policy("reader", limits=Limits(rows_per_minute=2)),
    "saver": Policy("saver", limits=Limits(ask_above=Cost(bytes=1_000), refuse_above=Cost(bytes=1_000_000))),
    "counter": Policy("counter", limits=Limits(ask_above=Cost(rows=10))),
    "outsider": Policy("outsider", tables=frozenset(), masks={"users.country": "partial"}),
}
COUNT = "SELECT COUNT(*) AS n FROM users"
LLM = Origin("llm", "some-model")


@dataclass
class ScriptedWriter:
    script: Callable[[Question, Repair | None], Draft]
    name: str = "scripted"
    version: str = "1"
    calls: list[tuple[Question, Context, Repair | None]] = field(default_factory=list)
    told: list[Call] = field(default_factory=list)
    # What it says when it is asked once more, by the number of the sample; without it, the same.
    samples: dict[int, Callable[[Call], Draft]] = field(default_factory=dict)

    def write(self, question: Question, context: Context, repair: Repair | None = None, call: Call = NO_CALL) -> Draft:
        self.calls.append((question, context, repair))
        self.told.append(call)
        return self.samples[call.sample](call) if call.sample in self.samples else self.script(question, repair)


@dataclass
class ScriptedEngine:
    dialect: str = "sqlite"
    data: str = "d1"
    ran: list[CheckedSql] = field(default_factory=list)
    faults: list[Exception] = field(default_factory=list)
    costs: Estimate = field(default_factory=Estimate)
    jobs: list[Job] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    running: Callable[[Job], None] = lambda job: None
    # The rows of a statement, by a part of its text; without one, how many statements ran so far.
    rows: dict[str, dict[str, list[object]]] = field(default_factory=dict)
    truncated: bool = False

    @property
    def charges(self) -> bool:
        return self.costs.scanned_bytes is not None

    def run(self, checked: CheckedSql, job: Job = NO_JOB) -> ResultTable:
        self.ran.append(checked)
        self.jobs.append(job)
        self.running(job)
        if self.faults:
            raise self.faults.pop(0)
        rows = next((rows for part, rows in self.rows.items() if part in checked.sql), {"n": [len(self.ran)]})
        return ResultTable(pa.table(rows), checked.row_limit, self.truncated, 1.0)

    def estimate(self, checked: CheckedSql) -> Estimate:
        return self.costs

    def cancel(self, question_id: str) -> bool:
        self.cancelled.append(question_id)
        return True

    def fresh_as_of(self, tables: Sequence[str]) -> None:
        return None

    def session_faults(self) -> tuple[str, ...]:
        return ()

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return []

    def fingerprint(self) -> str:
        return self.data

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class RecordingLedger:
    rows: list[LedgerRow] = field(default_factory=list)
    feedback: list[tuple[str, Verdict, str]] = field(default_factory=list)

    def record(self, row: LedgerRow) -> None:
        self.rows.append(row)

    def give_feedback(self, question_id: str, verdict: Verdict, comment: str = "") -> None:
        self.feedback.append((question_id, verdict, comment))

    def close(self) -> None:
        """Nothing is open."""


def retrieve(question: Question, model: SemanticModel, dialect: str, as_of: date) -> Context:
    return Context(model, dialect, as_of, ("users",))


def policy_for(role: str) -> Policy:
    if role not in POLICIES:
        raise PolicyInvalid(f"There is no role “{role}”.")
    return POLICIES[role]


@dataclass
class House:
    pipeline: Pipeline
    writer: ScriptedWriter
    engine: ScriptedEngine
    stages: Stages
    ledger: RecordingLedger

    def ask(self, text: str = "How many users?", role: str = "analyst", **how: bool) -> tuple[str, bool]:
        answer = self.pipeline.ask(Question.parse(text, principal=Principal(role=role)), **how)
        return answer.outcome, answer.cached


def build(script: Callable[[Question, Repair | None], Draft], candidates: CandidateRules = ONE_UNLESS_UNSURE) -> House:
    writer, engine, ledger = ScriptedWriter(script), ScriptedEngine(), RecordingLedger()
    stages = Stages(
        MODEL,
        Labels(),
        policy_for,
        retrieve,
        writer,
        engine,
        lambda: date(2026, 6, 30),
        MemoryCache(),
        ledger=ledger,
        candidates=candidates,
    )
    return House(Pipeline(stages), writer, engine, stages, ledger)
