"""A scripted pipeline: the pages see every kind of answer without a database."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Event

import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from nl2sql import collector
from nl2sql.answer.base import (
    Answer,
    ChartSpec,
    ColumnLabel,
    Finding,
    Receipt,
    ReceiptLine,
    StageTime,
)
from nl2sql.catalog.model import Dataset, DataType, Field, FieldValue, Metric, NamedFilter, SemanticModel
from nl2sql.engines.base import Estimate, ResultTable
from nl2sql.errors import QueryTimedOut
from nl2sql.guard.policy import Policy
from nl2sql.guard.violation import Violation, Violations
from nl2sql.question import Principal, Question
from nl2sql.trace import Listener, StageEvent, ignore
from nl2sql.writers.base import Origin
from streamlit_app import services
from streamlit_app.signing_in.person import local_person
from streamlit_app.store.memory import MemoryStore

APP = Path(services.__file__).with_name("app.py")
TODAY = date(2026, 6, 30)

MODEL = SemanticModel(
    name="shop",
    datasets=(
        Dataset(
            "orders",
            "orders",
            (
                Field("id", "id", DataType.INTEGER, label="order ID"),
                Field("placed_at", "placed_at", DataType.DATETIME, is_time=True, label="placed at"),
                Field(
                    "country",
                    "country",
                    DataType.STRING,
                    description="Where the buyer lives.",
                    values=(FieldValue("DE", ("Germany",)), FieldValue("FR", ("France",))),
                ),
                Field("email", "email", DataType.STRING, label="e-mail", sensitive=True),
            ),
            label="orders",
            description="One row for each order.",
            filters=(NamedFilter("late", "orders.late = 1", ("overdue",), "Shipped after the promised day."),),
        ),
    ),
    metrics=(
        Metric(
            "turnover",
            "SUM(orders.amount)",
            DataType.DECIMAL,
            "turnover",
            "What orders came to.",
            ("sales",),
            unit="EUR",
            format="money",
        ),
    ),
    description="Orders of a small shop.",
    examples=("Turnover by country in 2025", "How many orders were placed last month?"),
    readings={"last month": "The calendar month before today."},
)
COLUMNS = (
    ColumnLabel("country"),
    ColumnLabel("turnover", "money", "EUR", "What orders came to."),
    ColumnLabel("share", "percent"),
)
SQL = "SELECT country, SUM(amount) AS turnover\nFROM orders\nGROUP BY country\nORDER BY turnover DESC"
EXECUTED = SQL.replace("FROM orders", "FROM (SELECT orders.amount, orders.country FROM orders) AS orders")


def table(rows: int = 3, *, truncated: bool = False) -> ResultTable:
    names = ["Germany", "<b>Fr$nce</b> **x** $y$", "Italy"]
    return ResultTable(
        pa.table(
            {
                "country": [names[i % 3] if i < 3 else f"Country {i}" for i in range(rows)],
                "turnover": pa.array([Decimal("123456.50") - 1000 * i for i in range(rows)], pa.decimal128(12, 2)),
                "share": pa.array([0.4134 / (i + 1) for i in range(rows)], pa.float64()),
            }
        ),
        1000,
        truncated,
        12.0,
    )


def answered(question: Question) -> Answer:
    return Answer(
        question,
        "answered",
        "Germany leads with €123,456.50 of turnover, costing between $5 and $9.",
        origin=Origin("offline"),
        interpretation="turnover by country in 2025, highest first",
        sql=SQL,
        executed_sql=EXECUTED,
        table=table(),
        columns=COLUMNS,
        chart=ChartSpec("bar", "country", ("turnover",), title="Turnover by country", y_format="money", unit="EUR"),
        receipt=Receipt(
            (
                ReceiptLine("measure", "turnover: sum of order amounts", "SUM(amount)"),
                ReceiptLine("source", "orders"),
                ReceiptLine("period", "1 January 2025 to 31 December 2025, by placed at"),
                ReceiptLine("filter", "country is not <script>alert(1)</script>"),
                ReceiptLine("order", "turnover, highest first"),
            )
        ),
        findings=(Finding("partial_period", "warning", "June 2026 is not over: its last bar will still grow."),),
        assumptions=("gross turnover",),
        stages=(StageTime("understand", 3.0, "1 tables"), StageTime("write", 12.0), StageTime("run", 42.0, "3 rows")),
    )


def followed_up(question: Question) -> Answer:
    """A follow-up that a language model read, and for which the offline writer stood in."""
    whole = "What was the turnover by <b>month</b> in 2025?"
    told = ("the offline writer is not sure (0.40), so the next is asked", "429, again in <i>2.0</i> s")
    return replace(
        answered(question),
        standalone=whole,
        origin=Origin("offline", note="the language model did not answer in time"),
        stages=(StageTime("understand", 3.0, "1 tables"), StageTime("write", 12.0, "offline", told)),
    )


def clarification(question: Question) -> Answer:
    return Answer(
        question,
        "clarification",
        "Do you mean when orders were placed or when they were paid?",
        "clarification",
        Origin("offline"),
        choices=("Turnover by month of placing", "Turnover by month of paying"),
    )


def explanation(question: Question) -> Answer:
    return Answer(
        question,
        "explanation",
        "“turnover”: the sum of order totals.\nPeriods go by the day of <b>placing</b>.",
        "explanation",
        Origin("offline"),
        choices=("Turnover by country in 2025",),
    )


def declined(question: Question) -> Answer:
    return Answer(
        question,
        "declined",
        "Part of the question has no meaning in this data.",
        "not_understood",
        Origin("offline"),
        choices=("Turnover by country in 2025",),
        unknown_words=("flibber", "<i>gibbet</i>"),
    )


def refused(question: Question) -> Answer:
    return Answer(
        question,
        "refused",
        "The column email is private.",
        "sensitive",
        Origin("llm", "some-model"),
        sql="SELECT email FROM orders",
        hint="Ask for a count instead.",
    )


def priced(question: Question) -> Answer:
    return Answer(
        question,
        "clarification",
        "Running this reads about 25 GB, about 0.15 USD. Your role is asked first above 10 GB.",
        "over_soft_limit",
        Origin("offline"),
        sql=SQL,
        hint="Ask about a shorter time: a limit on “placed at” of <b>orders</b> may read less.",
        estimate=Estimate(scanned_bytes=25_000_000_000, price=Decimal("0.1526")),
    )


def failed(question: Question) -> Answer:
    error = QueryTimedOut("The database was stopped after 10 seconds.", hint="Ask for a shorter period.")
    return Answer(question, "failed", error.user_message, error.code, hint=error.hint)


@dataclass
class ScriptedEngine:
    dialect: str = "sqlite"

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return ["1"]

    def close(self) -> None:
        """Nothing is open."""


@dataclass
class ScriptedPipeline:
    """Answers by the first script whose word is in the question; keeps what it was asked.

    A question with the word "endless" is answered when it is cancelled. `accepted` and `ids` go with `asked` and `ran`.
    """

    scripts: dict[str, Callable[[Question], Answer]] = field(default_factory=dict)
    asked: list[tuple[Question, bool]] = field(default_factory=list)
    ran: list[tuple[str, Principal | None]] = field(default_factory=list)
    planned: list[tuple[object, bool]] = field(default_factory=list)
    accepted: list[bool] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    feedback: list[tuple[str, str, str]] = field(default_factory=list)
    stopped: Event = field(default_factory=Event)
    on_the_way: dict[str, list[StageEvent]] = field(default_factory=dict)
    model: SemanticModel = MODEL
    policy: Policy = field(default_factory=Policy)
    today: date = TODAY
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)

    def model_for(self, role: str) -> SemanticModel:
        return self.model

    def policy_for(self, role: str) -> Policy:
        return self.policy

    answered = staticmethod(answered)
    table = staticmethod(table)

    def ask(
        self,
        question: Question,
        listener: Listener = ignore,
        *,
        fresh: bool = False,
        accept_cost: bool = False,
        question_id: str = "",
    ) -> Answer:
        self.asked.append((question, fresh))
        self._note(accept_cost, question_id)
        for stage in ("understand", "write", "check", "run", "explain"):
            listener(StageEvent(stage, "started"))
            for event in self.on_the_way.get(stage, ()):
                listener(event)
            if stage == "run" and "endless" in question.text:
                assert self.stopped.wait(60), "nobody stopped it"
            listener(StageEvent(stage, "done", 1.5, "a note"))
        for word, script in self.scripts.items():
            if word in question.text:
                return replace(script(question), id=question_id)
        return replace(answered(question), id=question_id)

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
        self.ran.append((sql, principal))
        self.corrected.append(corrects)
        self._note(accept_cost, question_id)
        question = Question(sql)
        if "email" in sql:
            return refused(question)
        return replace(answered(question), id=question_id, origin=Origin("sql"), interpretation="", sql=sql)

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
        self.planned.append((plan, fresh))
        self._note(accept_cost, question_id)
        return replace(answered(Question("edited")), id=question_id, origin=Origin("plan"), plan=str(plan))

    def check(self, sql: str, principal: Principal | None = None) -> Violations:
        return Violations((Violation("sensitive", "email", "The column email is private."),))

    def explain(self, sql: str, principal: Principal | None = None) -> tuple[str, ...]:
        return ("Read the <b>orders</b>", "Sum amount for each country")

    def cancel(self, question_id: str) -> bool:
        self.cancelled.append(question_id)
        self.stopped.set()
        return True

    def give_feedback(self, question_id: str, verdict: str, comment: str = "") -> None:
        self.feedback.append((question_id, verdict, comment))

    def _note(self, accept_cost: bool, question_id: str) -> None:
        self.accepted.append(accept_cost)
        self.ids.append(question_id)


@pytest.fixture(scope="session")
def tiny_database(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Path:
    """Never write to it."""
    path = tmp_path_factory.mktemp("seeded") / "auction.db"
    command = [sys.executable, "-m", "auction_core.cli", "seed", "--scale", "tiny", "--url", f"sqlite:///{path}"]
    subprocess.run(command, check=True, cwd=repository, capture_output=True, timeout=100)
    return path


@pytest.fixture(scope="session")
def write_config(repository: Path) -> Callable[[Path, Path], Path]:
    """Settings of the shipped model on another database, in a folder of their own."""

    def write(folder: Path, database: Path) -> Path:
        schema = repository / "schema" / "auction"
        values = {
            "database": f"sqlite:///{database}",
            "model": f"{schema}/model.yaml",
            "policy": f"{schema}/policy.yaml",
            "prompts": f"{repository}/prompts",
            "cache": f"{folder}/cache",
            "ledger": f"sqlite:///{folder}/ledger.db",
            "evals": f"{folder}/evals",
            "as_of": "2026-06-30",
            "writers": "verified, offline",
        }
        path = folder / "nl2sql.toml"
        path.write_text("".join(f'{name} = "{value}"\n' for name, value in values.items()))
        return path

    return write


@pytest.fixture(autouse=True)
def settled(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the app settled the collector; it is this process's own, and stays as it is."""
    calls: list[str] = []
    monkeypatch.setattr(collector, "settle", lambda: calls.append("settled"))
    return calls


@pytest.fixture(autouse=True)
def no_cached_pipeline() -> Iterator[None]:
    st.cache_resource.clear()
    st.cache_data.clear()
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def scripted() -> ScriptedPipeline:
    return ScriptedPipeline(
        {
            "mean": explanation,
            "which": clarification,
            "flibber": declined,
            "private": refused,
            "slow": failed,
            "and by month": followed_up,
            "costly": priced,
        }
    )


@pytest.fixture
def pipeline(scripted: ScriptedPipeline, monkeypatch: pytest.MonkeyPatch) -> ScriptedPipeline:
    """The scripted pipeline in the place of the real one."""
    ready = services.Ready(scripted, local_person(Principal(role="analyst")), MemoryStore())  # type: ignore[arg-type]
    monkeypatch.setattr(services, "start", lambda: ready)
    return scripted


@pytest.fixture
def app(pipeline: ScriptedPipeline) -> AppTest:
    return AppTest.from_file(str(APP), default_timeout=20)
