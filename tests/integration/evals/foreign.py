"""Questions about databases that nobody here wrote: asked through the offline writer, run on SQLite, and compared with
gold queries. Used by test_foreign_databases.py."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from evals.cases.base import Case, GoldQuery, Suite
from evals.compare import Rules, Table, compare
from evals.gold.database import GoldDatabase
from evals.gold.sqlite_reader import SqliteReader
from nl2sql.catalog.load import load_model
from nl2sql.catalog.value_index import ValueIndex
from nl2sql.context.base import Context
from nl2sql.question import Question
from nl2sql.writers.base import SqlDraft
from nl2sql.writers.offline.writer import OfflineWriter

Result = Literal["right", "wrong", "declined"]
# Words by which a question asks for its rows in an order.
_ORDERED = re.compile(r"\b(order|ordered|sort|sorted|starting from|ascending|descending|top)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the golds of which any one will do; without golds it must be declined."""

    question: str
    golds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    asked: Asked
    result: Result
    detail: str


class StoredValues:
    """Distinct texts straight from SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        rows = f"{column} IS NOT NULL AND ({where or '1 = 1'})"
        found = self._connection.execute(f"SELECT DISTINCT {column} FROM {table} WHERE {rows} LIMIT {limit}")
        return [str(value) for (value,) in found]

    def fingerprint(self) -> str:
        return "unchanged"


class Asker:
    """A model and a database that belongs to it."""

    def __init__(self, model: Path, connection: sqlite3.Connection, as_of: date) -> None:
        self._model = load_model(model)
        self._connection = connection
        self._as_of = as_of
        self._writer = OfflineWriter(self._model, ValueIndex(self._model, StoredValues(connection)))

    def ask(self, asked: Asked) -> Outcome:
        draft = self._writer.write(Question(asked.question), Context(self._model, "sqlite", self._as_of, ()))
        if not isinstance(draft, SqlDraft):
            return Outcome(asked, "declined", draft.message)
        said = f"{draft.interpretation}\n{draft.sql}"
        try:
            cursor = self._connection.execute(draft.sql)
            answer = Table(tuple(each[0] for each in cursor.description), tuple(cursor.fetchall()))
        except sqlite3.Error as error:
            return Outcome(asked, "wrong", f"{error}: {said}")
        reasons = [self._difference(asked.question, gold, answer) for gold in asked.golds]
        if "" in reasons:
            return Outcome(asked, "right", "")
        return Outcome(asked, "wrong", f"{'; '.join(reasons) or 'it cannot be answered'}: {said}")

    def _difference(self, question: str, gold: str, answer: Table) -> str:
        """Why the answer is not the gold's; empty when it is. Raises SuiteInvalid for a gold that does not run."""
        case = Case(id="foreign", question=question, sql=(GoldQuery(sql=gold),))
        golds = GoldDatabase(SqliteReader(self._connection), Suite(name="foreign", cases=(case,)), self._as_of)
        (read,) = golds.golds(case)
        verdict = compare(read.gold, answer, Rules(order=bool(_ORDERED.search(question))))
        return "" if verdict.equal else verdict.reason


def open_read_only(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)
    connection.execute("PRAGMA query_only = ON")
    return connection


def selective_accuracy(outcomes: Iterable[Outcome]) -> float:
    """Right ÷ answered; 0 when nothing was answered."""
    answered = [each for each in outcomes if each.result != "declined"]
    return sum(each.result == "right" for each in answered) / len(answered) if answered else 0.0


def report(name: str, outcomes: Iterable[Outcome]) -> str:
    """The tally in a line, then what was not right."""
    each = list(outcomes)
    count = {result: sum(o.result == result for o in each) for result in ("right", "wrong", "declined")}
    lines = [f"{name}: {', '.join(f'{number} {result}' for result, number in count.items())} of {len(each)}"]
    lines += [f"  {o.result}: {o.asked.question} – {o.detail}" for o in each if o.result != "right"]
    return "\n".join(lines)
