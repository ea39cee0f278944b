"""What an empty answer offers instead of a value that is not stored, and of which values it is silent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer, Labels
from nl2sql.answer.near_values import near_values
from nl2sql.catalog.model import Dataset, DataType, Field, SemanticModel
from nl2sql.catalog.value_index import IndexedValue, NearValue, ValueIndex
from nl2sql.engines.base import ResultTable
from nl2sql.errors import EngineError
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.question import Question
from nl2sql.writers.base import Origin, SqlDraft


def model(*, indexed: bool = True) -> SemanticModel:
    fields = (
        Field("id", "id", DataType.INTEGER),
        Field("name", "name", DataType.STRING, indexed=indexed),
        Field("note", "note", DataType.STRING),
    )
    return SemanticModel("shop", (Dataset("brands", "brands", fields, ("id",)),))


@dataclass
class Stored:
    """A database of three brands."""

    def distinct_values(self, table: str, column: str, limit: int, where: str = "") -> list[str]:
        return ["Tmall", "Taomall", "Zalando"]

    def fingerprint(self) -> str:
        return "1"


def found(
    sql: str, *, rows: Sequence[object] = (), view: SemanticModel | None = None, values: object = None
) -> list[str]:
    verdict = check(SqlDraft(sql, Origin("sql")), model(), Policy(), "sqlite")
    assert isinstance(verdict, CheckedSql), verdict
    table = ResultTable(pa.table({"x": pa.array(rows, pa.int64())}), 1000, False, 1.0)
    answer = Answer(Question("Which?"), "answered", "…", table=table)
    index = values or ValueIndex(model(), Stored())
    return [each.text for each in near_values(answer, verdict, view or model(), index, Labels())]  # type: ignore[arg-type]


@pytest.mark.parametrize("rows", [(), (0,), (None,)])
def test_a_value_that_is_not_there_is_named_with_what_is_like_it(rows: Sequence[object]) -> None:
    told = found("SELECT COUNT(*) FROM brands WHERE name = 'Taomal'", rows=rows)
    assert told == ["There is no name “Taomal”. Did you mean “Taomall” or “Tmall”?"]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        ("SELECT COUNT(*) FROM brands WHERE name = 'Taomal'", (3,)),
        ("SELECT COUNT(*) FROM brands WHERE name = 'Tmall'", (0,)),
        ("SELECT COUNT(*) FROM brands WHERE name = 'something else'", (0,)),
        ("SELECT COUNT(*) FROM brands WHERE note = 'Taomal'", (0,)),
        ("SELECT COUNT(*) FROM brands WHERE id = 7", (0,)),
    ],
)
def test_nothing_is_offered_for_what_was_found_is_stored_or_is_like_nothing(sql: str, rows: Sequence[object]) -> None:
    assert found(sql, rows=rows) == []


def test_values_of_several_conditions_are_looked_up_through_steps() -> None:
    told = found("WITH b AS (SELECT name AS n FROM brands) SELECT 1 FROM b WHERE n IN ('Zalanda', 'Tmal')")
    assert [each.partition(".")[0] for each in told] == ["There is no name “Zalanda”", "There is no name “Tmal”"]


def test_a_role_that_may_not_know_the_values_is_offered_none() -> None:
    assert found("SELECT COUNT(*) FROM brands WHERE name = 'Taomal'", view=model(indexed=False)) == []


def test_an_answer_stands_where_the_values_cannot_be_read() -> None:
    class Broken:
        def exactly(self, words: str) -> Sequence[IndexedValue]:
            raise EngineError("The database is away.")

        def nearest(self, words: str, limit: int = 5, least: float = 0.75) -> Sequence[NearValue]:
            raise AssertionError

    assert found("SELECT COUNT(*) FROM brands WHERE name = 'Taomal'", values=Broken()) == []


def test_a_failed_answer_is_left_alone() -> None:
    verdict = check(SqlDraft("SELECT 1", Origin("sql")), model(), Policy(), "sqlite")
    assert isinstance(verdict, CheckedSql)
    answer = replace(Answer(Question("Which?"), "failed", "…"))
    assert near_values(answer, verdict, model(), ValueIndex(model(), Stored()), Labels()) == ()
