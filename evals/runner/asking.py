"""One case, asked as people ask: the turns before it first, each with what the earlier ones answered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from time import perf_counter
from typing import Protocol

from evals.cases.base import Case, Suite
from evals.cases.resolve import as_of_of, attributes_of, role_of
from evals.runner.meter import Meter, metered
from nl2sql.answer.base import Answer
from nl2sql.answer.turns import MAX_TURNS, turn_of
from nl2sql.crash import redact
from nl2sql.errors import Nl2SqlError
from nl2sql.ledger.row import Prices, row_of
from nl2sql.llm.base import NO_USAGE, Usage
from nl2sql.question import Principal, Question, Turn, new_question_id
from nl2sql.settings import Settings

# A policy bounds the rows that one person is given in a minute; nobody here is one person, so that names take turns.
_NAMES = 500


class Asks(Protocol):
    """A pipeline."""

    def ask(self, question: Question, *, fresh: bool = False, question_id: str = "") -> Answer: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """`answer` is that to the case's own question, and so are `ms` and `stage_ms`; `usage` and `cost` are of all turns.
    `cost` is None where it is not known."""

    answer: Answer
    ms: float
    meter: Meter
    usage: Usage = NO_USAGE
    cost: Decimal | None = None
    currency: str = "USD"


def principal_of(case: Case, suite: Suite, settings: Settings, place: int = 0) -> Principal:
    attributes = [f"{name}={value}" for name, value in attributes_of(case, suite).items()]
    asking = settings.asking(role_of(case, suite, settings.role), attributes)
    return replace(asking, user=f"evaluation-{place % _NAMES}")


def ask_case(
    pipeline: Asks,
    case: Case,
    suite: Suite,
    settings: Settings,
    *,
    place: int = 0,
    repeat: int = 0,
    prices: Prices | None = None,
    dialect: str = "",
    begun: Callable[[str], None] = lambda question_id: None,
) -> Asked:
    """`begun` is told the id of each question before it is asked, for whoever wants to cancel it. Never raises for what
    a question, a model or a database can do."""
    principal = principal_of(case, suite, settings, place)
    day = as_of_of(case, suite, settings.today)
    history: tuple[Turn, ...] = ()
    usage, cost, currency = NO_USAGE, None, "USD"
    with metered(repeat) as meter:
        for number, text in enumerate((*case.turns, case.question)):
            meter.case = case if number == len(case.turns) else None
            begun_at = datetime.now(UTC).replace(tzinfo=None)
            start = perf_counter()
            answer = _answer(pipeline, text, principal, history, day, begun)
            ms = (perf_counter() - start) * 1000
            usage += answer.usage
            if prices is not None:
                row = row_of(answer, at=begun_at, engine=dialect, prices=prices)
                currency = row.currency
                cost = cost if row.cost is None else (cost or Decimal(0)) + row.cost
            if meter.trouble is not None:
                break
            if answer.outcome == "answered":
                history = (*history, turn_of(text, answer))[-MAX_TURNS:]
    return Asked(answer, ms, meter, usage, cost, currency)


def _answer(
    pipeline: Asks,
    text: str,
    principal: Principal,
    history: tuple[Turn, ...],
    day: date,
    begun: Callable[[str], None],
) -> Answer:
    question = Question(text, principal, history)
    try:
        question = Question.parse(text, principal=principal, history=history, as_of=day)
        name = new_question_id()
        begun(name)
        return pipeline.ask(question, fresh=True, question_id=name)
    except Nl2SqlError as error:
        return Answer(question, "failed", error.user_message, error.code, hint=error.hint)
    except Exception as error:  # noqa: BLE001 - one defect must not cost the other answers; it is counted as failed
        reason = redact(f"{type(error).__name__}: {error}")
        return Answer(question, "failed", f"A defect in the product: {reason}", "defect")
