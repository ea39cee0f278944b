"""Reading the ledger: the last questions, figures of a period, and all rows one after another."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, case, func, literal, select, true
from sqlalchemy.exc import DatabaseError, InternalError, OperationalError, ProgrammingError, SQLAlchemyError

from nl2sql.errors import DatabaseMissing, DatabaseUnreachable, DatabaseUnreadable, SettingsInvalid
from nl2sql.ledger.activity import DayCount, View, by_day, within_view
from nl2sql.ledger.address import address_of, connect_lazily, reason
from nl2sql.ledger.base import LedgerRow, Verdict
from nl2sql.ledger.batches import Feedback, LedgerDatabase
from nl2sql.ledger.stats import Stats, stats_of
from nl2sql.ledger.table import OtherVersion, check_version, has_corrections, now, questions

LONGEST_DAYS: Final = 36_500
_FETCHED_AT_ONCE: Final = 500
_ROW_FIELDS: Final = tuple(LedgerRow.__dataclass_fields__)
_FEEDBACK: Final = [questions.c.feedback, questions.c.feedback_comment, questions.c.feedback_at]


@dataclass(frozen=True, slots=True)
class TokenUse:
    """What a question used. `cost` is that of its tokens alone; None where it is not known, or holds bytes as well."""

    id: str
    user: str
    prompt_tokens: int
    completion_tokens: int
    cost: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Entry:
    """A row as it was written, and what its reader said of the answer. `number` grows as rows are written."""

    number: int
    row: LedgerRow
    feedback: Verdict
    comment: str
    feedback_at: datetime | None

    @property
    def shape(self) -> dict[str, Any]:
        """For JSON: decimals as texts, moments as ISO 8601 in UTC, without the number."""
        shape = asdict(self.row)
        shape["at"] = self.row.at.isoformat()
        shape["cost"] = None if self.row.cost is None else f"{self.row.cost:f}"
        shape["stage_ms"] = dict(self.row.stage_ms)
        given = self.feedback_at.isoformat() if self.feedback_at else None
        return shape | {"feedback": self.feedback, "feedback_comment": self.comment, "feedback_at": given}


class LedgerReader:
    """Raises SettingsInvalid for "off" and for an address that can never work; its methods raise DatabaseMissing,
    DatabaseUnreadable and DatabaseUnreachable."""

    def __init__(self, url: str) -> None:
        if url == "off":
            raise SettingsInvalid(
                "The ledger is off: the setting ledger says so.",
                hint="Questions are written down when it is an address, like sqlite:///var/ledger.db",
            )
        self._address = address_of(url)
        self._engine = connect_lazily(self._address, reading=True)

    def __enter__(self) -> LedgerReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._engine.dispose()

    def tail(self, count: int, *, user: str = "", outcome: str = "", after: int | None = None) -> list[Entry]:
        """The last `count` as they were asked, the newest last. With `after`: those written after that number, in the
        order of writing; a row that another process commits late, under a lower number, is not among them."""
        with self._reading() as connection:
            chosen = _entries_of(connection).where(
                questions.c.user == user if user else true(), questions.c.outcome == outcome if outcome else true()
            )
            if after is not None:
                later = chosen.where(questions.c.number > after).order_by(questions.c.number).limit(count)
                return [_entry(row) for row in connection.execute(later)]
            newest = chosen.order_by(questions.c.at.desc(), questions.c.number.desc()).limit(count)
            return [_entry(row) for row in connection.execute(newest)][::-1]

    def last_number(self) -> int:
        with self._reading() as connection:
            return connection.scalar(select(func.max(questions.c.number))) or 0

    def entries(self, days: int | None = None) -> Iterator[Entry]:
        """All, or of the last days, in the order of writing; some hundred in memory at a time."""
        within = questions.c.at >= _days_ago(days) if days is not None else true()
        with self._reading() as connection:
            chosen = _entries_of(connection).where(within).order_by(questions.c.number)
            for row in connection.execution_options(yield_per=_FETCHED_AT_ONCE).execute(chosen):
                yield _entry(row)

    def token_uses(self, since: datetime, until: datetime) -> Iterator[TokenUse]:
        """Of the questions between two moments (UTC without zone) that used any; some hundred in memory at a time."""
        columns = questions.c
        chosen = select(
            columns.id,
            columns.user,
            columns.prompt_tokens,
            columns.completion_tokens,
            case((columns.scanned_bytes.is_(None), columns.cost)),
            columns.currency,
        ).where(columns.at >= since, columns.at < until, columns.prompt_tokens + columns.completion_tokens > 0)
        with self._reading() as connection:
            for row in connection.execution_options(yield_per=_FETCHED_AT_ONCE).execute(chosen):
                yield TokenUse(*row)

    def ids_starting(self, text: str, most: int = 2) -> list[str]:
        """Of questions whose ID begins with the text, or is it. SQLite tells no case apart."""
        with self._reading() as connection:
            exact = connection.scalar(select(questions.c.id).where(questions.c.id == text))
            if exact is not None:
                return [exact]
            begins = questions.c.id.startswith(text, autoescape=True)
            return list(connection.scalars(select(questions.c.id).where(begins).limit(most)))

    def stats(self, days: int) -> Stats:
        with self._reading() as connection:
            return stats_of(connection, _days_ago(days))

    def by_day(self, days: int) -> list[DayCount]:
        with self._reading() as connection:
            return by_day(connection, _days_ago(days))

    def view(self, view: View, days: int, count: int) -> list[Entry]:
        """At most `count` of the last days, in the view's own order."""
        with self._reading() as connection:
            chosen = within_view(_entries_of(connection), view, _days_ago(days)).limit(count)
            return [_entry(row) for row in connection.execute(chosen)]

    def give_feedback(self, question_id: str, verdict: Verdict, comment: str, *, days: int, redact: str) -> None:
        """At once, unlike a Ledger; for a question that is written already."""
        database = LedgerDatabase(self._address, days, redact)
        with _told():
            database.write(database.batch_of([Feedback(question_id, verdict, comment, now())])[0])
            database.disconnect()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        path = self._address.database if self._address.get_backend_name() == "sqlite" else None
        if path is not None and not Path(path).exists():
            raise _missing()
        with _told(), self._engine.connect() as connection:
            check_version(connection)
            yield connection


def _entries_of(connection: Connection) -> Select[*tuple[Any, ...]]:
    """All columns of an Entry, also where the table was made before answers could be corrected."""
    has_all = has_corrections(connection)
    columns = [literal("") if name == "corrects" and not has_all else questions.c[name] for name in _ROW_FIELDS]
    return select(questions.c.number, *columns, *_FEEDBACK)


@contextmanager
def _told() -> Iterator[None]:
    """Whatever a database raises as a sentence; nothing of the address is in it."""
    try:
        yield
    except OtherVersion as error:
        raise DatabaseUnreadable(
            f"The ledger cannot be read: {error}.", hint="Use the version of the product that wrote it."
        ) from None
    except ProgrammingError:
        raise _missing() from None
    except (SQLAlchemyError, sqlite3.Error) as error:
        if "no such table" in str(getattr(error, "orig", error)):
            raise _missing() from None
        is_away = isinstance(error, OperationalError | InternalError | sqlite3.OperationalError)
        kind = DatabaseUnreachable if is_away or not isinstance(error, DatabaseError) else DatabaseUnreadable
        raise kind("The ledger cannot be read.", hint=reason(error)) from None


def _missing() -> DatabaseMissing:
    return DatabaseMissing(
        "There is no ledger yet at the address that the setting ledger names.",
        hint="It is made when the first question is asked; a path may be relative to another folder.",
    )


def _days_ago(days: int) -> datetime:
    return now() - timedelta(days=min(days, LONGEST_DAYS))


def _entry(found: Row[*tuple[Any, ...]]) -> Entry:
    number, *values, feedback, comment, feedback_at = found
    fields = dict(zip(_ROW_FIELDS, values, strict=True))
    fields["stage_ms"] = json.loads(fields["stage_ms"])
    return Entry(number, LedgerRow(**fields), feedback, comment, feedback_at)
