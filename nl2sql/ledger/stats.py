"""Figures of a period of the ledger: how much was asked, by whom, how long it took, what it cost, what went wrong."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, select

from nl2sql.ledger.table import losses, questions

_TOP: Final = 10
_FETCHED_AT_ONCE: Final = 1_000


@dataclass(frozen=True, slots=True)
class UserFigures:
    user: str
    questions: int
    cost: Mapping[str, Decimal]  # by currency


@dataclass(frozen=True, slots=True)
class Failures:
    outcome: str
    code: str
    questions: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Of the questions asked since a moment in UTC. Times are milliseconds; None when there was no question.

    `cached` counts answers that came from the cache. `cost` is by currency, and of what is known alone. `users` are
    those who asked most, `failures` the commonest reasons for no answer. `lost` questions could not be written.
    """

    since: datetime
    questions: int
    askers: int
    outcomes: Mapping[str, int]
    cached: int
    p50_ms: float | None
    p95_ms: float | None
    prompt_tokens: int
    completion_tokens: int
    scanned_bytes: int
    cost: Mapping[str, Decimal]
    users: Sequence[UserFigures]
    failures: Sequence[Failures]
    good: int
    bad: int
    lost: int

    @property
    def shape(self) -> dict[str, Any]:
        shape = asdict(self)
        shape["since"] = self.since.isoformat()
        shape["cost"] = _spelled(self.cost)
        shape["users"] = [asdict(each) | {"cost": _spelled(each.cost)} for each in self.users]
        return shape


def stats_of(connection: Connection, since: datetime) -> Stats:
    within = questions.c.at >= since
    count, askers, tokens_in, tokens_out, scanned = connection.execute(
        select(
            func.count(),
            func.count(questions.c.user.distinct()),
            func.sum(questions.c.prompt_tokens),
            func.sum(questions.c.completion_tokens),
            func.sum(questions.c.scanned_bytes),
        ).where(within)
    ).one()
    outcomes = _counts(connection, _counted(questions.c.outcome, within))
    feedback = _counts(connection, _counted(questions.c.feedback, within))
    cost, users = _spending(connection, within)
    return Stats(
        since=since,
        questions=count,
        askers=askers,
        outcomes=outcomes,
        cached=_count(connection, and_(within, questions.c.cached, questions.c.outcome == "answered")),
        p50_ms=_percentile(connection, within, count, 0.50),
        p95_ms=_percentile(connection, within, count, 0.95),
        prompt_tokens=int(tokens_in or 0),
        completion_tokens=int(tokens_out or 0),
        scanned_bytes=int(scanned or 0),
        cost=cost,
        users=users,
        failures=_failures(connection, within),
        good=feedback.get("good", 0),
        bad=feedback.get("bad", 0),
        lost=int(connection.scalar(select(func.sum(losses.c.lost)).where(losses.c.at >= since)) or 0),
    )


def _counted(column: ColumnElement[str], within: ColumnElement[bool]) -> Select[str, int]:
    return select(column, func.count()).where(within).group_by(column).order_by(func.count().desc(), column)


def _counts(connection: Connection, counted: Select[str, int]) -> dict[str, int]:
    return {name: count for name, count in connection.execute(counted)}


def _count(connection: Connection, condition: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(questions).where(condition)) or 0


def _percentile(connection: Connection, within: ColumnElement[bool], count: int, share: float) -> float | None:
    """By nearest rank: a time that a question really took."""
    if not count:
        return None
    ranked = select(questions.c.milliseconds).where(within).order_by(questions.c.milliseconds)
    return connection.scalar(ranked.limit(1).offset(math.ceil(share * count) - 1))


def _spending(
    connection: Connection, within: ColumnElement[bool]
) -> tuple[dict[str, Decimal], tuple[UserFigures, ...]]:
    """Summed here: SQLite would sum money as floating point numbers."""
    asked = _counts(connection, _counted(questions.c.user, within).limit(_TOP))
    total: dict[str, Decimal] = defaultdict(Decimal)
    by_user: dict[str, dict[str, Decimal]] = {user: defaultdict(Decimal) for user in asked}
    columns = (questions.c.user, questions.c.currency, questions.c.cost)
    grouped = select(*columns, func.count()).where(within, questions.c.cost.is_not(None)).group_by(*columns)
    for user, currency, cost, count in connection.execution_options(yield_per=_FETCHED_AT_ONCE).execute(grouped):
        total[currency] += cost * count
        if user in by_user:
            by_user[user][currency] += cost * count
    return dict(total), tuple(UserFigures(user, asked[user], dict(by_user[user])) for user in asked)


def _failures(connection: Connection, within: ColumnElement[bool]) -> tuple[Failures, ...]:
    columns = (questions.c.outcome, questions.c.code)
    count = func.count()
    grouped = select(*columns, count).where(within, questions.c.outcome != "answered").group_by(*columns)
    found = connection.execute(grouped.order_by(count.desc(), *columns).limit(_TOP))
    return tuple(Failures(outcome, code, number) for outcome, code, number in found)


def _spelled(cost: Mapping[str, Decimal]) -> dict[str, str]:
    return {currency: f"{amount.normalize():f}" for currency, amount in cost.items()}
