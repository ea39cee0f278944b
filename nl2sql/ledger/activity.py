"""What an administrator looks at in the ledger: questions by day, the slowest, those without answers, those judged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Connection, Select, and_, func, not_, or_, select

from nl2sql.ledger.table import questions

# slow: the longest first; failed: the database or the model did not do its part; refused: the guard or a writer said
# that this may not be asked; declined: not understood, or asked back; bad and good: by the reader, the newest verdict
# first.
View = Literal["slow", "failed", "refused", "declined", "bad", "good"]

_FORBIDDEN = ("unsafe", "sensitive")


@dataclass(frozen=True, slots=True)
class DayCount:
    """Questions of one day (UTC) that ended in one outcome."""

    day: date
    outcome: str
    questions: int


def by_day(connection: Connection, since: datetime) -> list[DayCount]:
    """In order of days. A day without questions is not there."""
    day = func.date(questions.c.at)
    grouped = (
        select(day, questions.c.outcome, func.count())
        .where(questions.c.at >= since)
        .group_by(day, questions.c.outcome)
        .order_by(day, questions.c.outcome)
    )
    return [DayCount(_day(found), outcome, count) for found, outcome, count in connection.execute(grouped)]


def within_view(chosen: Select[*tuple[Any, ...]], view: View, since: datetime) -> Select[*tuple[Any, ...]]:
    """`chosen` cut down to a view and in its order."""
    narrowed = chosen.where(questions.c.at >= since, _condition(view))
    if view == "slow":
        return narrowed.order_by(questions.c.milliseconds.desc(), questions.c.number.desc())
    first = questions.c.feedback_at if view in ("bad", "good") else questions.c.at
    return narrowed.order_by(first.desc(), questions.c.number.desc())


def _condition(view: View) -> ColumnElement[bool]:
    if view == "slow":
        return questions.c.milliseconds > 0
    if view in ("bad", "good"):
        return questions.c.feedback == view
    forbidden = or_(questions.c.outcome == "refused", questions.c.code.in_(_FORBIDDEN))
    if view == "refused":
        return forbidden
    if view == "declined":
        return and_(questions.c.outcome.in_(("declined", "clarification")), not_(forbidden))
    return questions.c.outcome == view


def _day(found: object) -> date:
    """SQLite gives a text."""
    return found if isinstance(found, date) else date.fromisoformat(str(found)[:10])
