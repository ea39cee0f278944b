"""Batches of rows and of feedback into the database: all of a batch or nothing, and no row twice."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

import sqlalchemy
from sqlalchemy import URL, Table, delete, insert, select, update
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, StatementError

from nl2sql.ledger.address import connect_lazily
from nl2sql.ledger.base import LedgerRow, Verdict
from nl2sql.ledger.redaction import literals_of, redacted, redacted_comment
from nl2sql.ledger.table import (
    CODE_CHARS,
    COMMENT_CHARS,
    TEXT_CHARS,
    add_corrections,
    has_corrections,
    kept,
    losses,
    now,
    prepare,
    questions,
    values_of,
)

# Old rows are deleted so many at a time: each transaction is over in some milliseconds.
DELETED_AT_ONCE: Final = 1_000
# A feedback comes within minutes of its answer, if ever. For so many questions the values in their SQL are remembered.
_REMEMBERED: Final = 1_000
_LONGEST_DAYS: Final = 36_500

_log = logging.getLogger("nl2sql.ledger")


@dataclass(frozen=True, slots=True)
class Feedback:
    """`at` is UTC without zone."""

    question_id: str
    verdict: Verdict
    comment: str
    at: datetime


Item = LedgerRow | Feedback
Parameters = dict[str, Any]


@dataclass(slots=True)
class Batch:
    """Redacted, as parameters of statements."""

    rows: list[Parameters]
    feedback: list[Parameters]

    def __len__(self) -> int:
        return len(self.rows) + len(self.feedback)


class LedgerDatabase:
    """For one thread. Each method but `batch_of` raises what the database raises; after that it connects anew."""

    def __init__(self, address: URL, days: int, redact: str) -> None:
        self._address = address
        self._days = min(days, _LONGEST_DAYS)
        self._redact = redact
        self._engine: sqlalchemy.Engine | None = None
        self._keeps_corrections = True
        self._literals: OrderedDict[str, tuple[str, ...]] = OrderedDict()  # by question; not written anywhere

    def batch_of(self, items: Sequence[Item]) -> tuple[Batch, int]:
        """What may be written of them, and how many cannot be."""
        batch, refused = Batch([], []), 0
        for item in items:
            try:
                if isinstance(item, LedgerRow):
                    batch.rows.append(self._row(item))
                else:
                    batch.feedback.append(self._feedback(item))
            except Exception:  # noqa: BLE001 - a row of wrong types must not stop the others
                refused += 1
        return batch, refused

    def write(self, batch: Batch, lost: int = 0) -> int:
        """How many rows the database refuses for what they are. A row that is there already counts as written.

        `lost` is noted as a number of rows that were dropped before.
        """
        engine = self._ready()
        try:
            try:
                rows = batch.rows if self._keeps_corrections else [_without_correction(row) for row in batch.rows]
                with engine.begin() as connection:
                    if rows:
                        connection.execute(insert(questions), rows)
                    refused = 0
            except StatementError as error:
                if not _is_about_values(error):
                    raise
                refused = sum(not _is_written(engine, row) for row in rows)
            with engine.begin() as connection:
                for each in batch.feedback:
                    connection.execute(_feedback_statement(each))
                if lost:
                    connection.execute(insert(losses), {"at": now(), "lost": lost})
        except Exception:
            self.disconnect()
            raise
        return refused

    def delete_old(self, is_stopped: Callable[[], bool]) -> int:
        """Deletes what is older than the days that rows are kept, and says how many questions that were."""
        engine, deleted = self._ready(), 0
        before = now() - timedelta(days=self._days)
        try:
            for table in (questions, losses):
                while not is_stopped():
                    count = _delete_some(engine, table, before)
                    deleted += count if table is questions else 0
                    if count < DELETED_AT_ONCE:
                        break
        except Exception:
            self.disconnect()
            raise
        return deleted

    def disconnect(self) -> None:
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def leave_to_parent(self) -> None:
        """After a fork: the connections belong to the other process."""
        if self._engine is not None:
            self._engine.dispose(close=False)
            self._engine = None

    def _ready(self) -> sqlalchemy.Engine:
        if self._engine is None:
            engine = connect_lazily(self._address)
            try:
                try:
                    self._keeps_corrections = _prepare(engine)
                except DBAPIError as error:
                    if not _is_made_already(error):
                        raise
                    self._keeps_corrections = _prepare(engine)  # another process was quicker between look and making
            except Exception:
                engine.dispose()
                raise
            self._engine = engine
        return self._engine

    def _row(self, row: LedgerRow) -> Parameters:
        cut = replace(row, question=kept(row.question, TEXT_CHARS), sql=kept(row.sql, TEXT_CHARS))
        if self._redact == "values":
            self._literals[kept(row.id, CODE_CHARS)] = literals_of(cut.sql, cut.engine)
            while len(self._literals) > _REMEMBERED:
                self._literals.popitem(last=False)
        return values_of(redacted(replace(cut, plan=kept(row.plan, TEXT_CHARS)), self._redact))

    def _feedback(self, each: Feedback) -> Parameters:
        if each.verdict not in ("", "good", "bad"):
            raise ValueError("no such verdict")
        name = kept(each.question_id, CODE_CHARS)
        comment = redacted_comment(kept(each.comment, COMMENT_CHARS), self._redact, self._literals.get(name, ()))
        return {"id": name, "feedback": each.verdict, "feedback_comment": comment, "feedback_at": each.at}


def _prepare(engine: sqlalchemy.Engine) -> bool:
    """Whether the table has the column `corrects`, which one of an earlier release is given here."""
    with engine.begin() as connection:
        prepare(connection)
        if has_corrections(connection):
            return True
    try:
        with engine.begin() as connection:
            add_corrections(connection)
    except DBAPIError as error:
        if not _is_forbidden(error):
            raise
        _log.warning("The ledger's account may not add the column “corrects”: questions are kept without it.")
        return False
    return True


def _is_made_already(error: DBAPIError) -> bool:
    told = str(error.orig).lower()
    return "exist" in told or "duplicate column" in told


def _is_forbidden(error: DBAPIError) -> bool:
    """42501 is PostgreSQL's code for a missing right, 1142 that of MySQL and MariaDB."""
    arguments = getattr(error.orig, "args", ())
    return getattr(error.orig, "sqlstate", None) == "42501" or arguments[:1] == (1142,)


def _without_correction(row: Parameters) -> Parameters:
    return {name: value for name, value in row.items() if name != "corrects"}


def _feedback_statement(values: Parameters) -> sqlalchemy.Update:
    changed = {name: value for name, value in values.items() if name != "id"}
    return update(questions).where(questions.c.id == values["id"]).values(changed)


def _is_written(engine: sqlalchemy.Engine, row: Parameters) -> bool:
    """Alone, and not again: an earlier try may have arrived although its answer did not."""
    try:
        with engine.begin() as connection:
            connection.execute(insert(questions), row)
        return True
    except IntegrityError:
        with engine.connect() as connection:
            same = select(questions.c.number).where(questions.c.id == row["id"])
            return connection.scalar(same) is not None
    except StatementError as error:
        if not _is_about_values(error):
            raise
        return False


def _is_about_values(error: StatementError) -> bool:
    """Trying again would change nothing. What is no DBAPIError, the driver did not even send."""
    return isinstance(error, IntegrityError | DataError) or not isinstance(error, DBAPIError)


def _delete_some(engine: sqlalchemy.Engine, table: Table, before: datetime) -> int:
    oldest = select(table.c.number).where(table.c.at < before).order_by(table.c.at).limit(DELETED_AT_ONCE)
    with engine.begin() as connection:
        numbers = connection.scalars(oldest).all()
        if numbers:
            connection.execute(delete(table).where(table.c.number.in_(numbers)))
    return len(numbers)
