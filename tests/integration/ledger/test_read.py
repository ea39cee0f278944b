"""What the ledger tells: the last questions, figures of a period, all rows as files that can be read back."""

from __future__ import annotations

import csv
import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nl2sql.errors import DatabaseMissing, DatabaseUnreachable, DatabaseUnreadable, SettingsInvalid
from nl2sql.ledger.export import SCHEMA, write_entries
from nl2sql.ledger.read import Entry, LedgerReader
from nl2sql.ledger.table import metadata
from tests.integration.conftest import MYSQL, POSTGRES, Server
from tests.integration.ledger.conftest import OpenLedger, Place, a_row, utc_now

HOUR = timedelta(hours=1)


@pytest.fixture
def filled(place: Place, open_ledger: OpenLedger) -> Place:
    """Ten answers of Anna, one an hour and the last from the cache; a refusal and a failure of Bo; one old question."""
    ledger, now = open_ledger(place), utc_now()
    ledger.record(a_row("old", at=now - 100 * HOUR, user="carl", cost=Decimal(5)))
    for number in range(10):
        cost = None if number == 9 else Decimal("0.1")
        changes = {"milliseconds": 10.0 * (number + 1), "cost": cost, "cached": number == 9}
        ledger.record(a_row(f"anna-{number}", at=now - (20 - number) * HOUR, **changes))
    bare = {"user": "bo", "rows": None, "sql": "", "scanned_bytes": None, "cost": Decimal(1), "currency": "EUR"}
    ledger.record(a_row("bo-0", at=now - 2 * HOUR, outcome="refused", code="hidden_column", **bare))
    ledger.record(a_row("bo-1", at=now - 1 * HOUR, outcome="failed", code="query_timed_out", **bare))
    ledger.give_feedback("anna-1", "good")
    ledger.give_feedback("anna-2", "bad", "=too few")
    ledger.close()
    return place


@pytest.fixture
def reader(filled: Place) -> Iterator[LedgerReader]:
    with LedgerReader(filled.url) as made:
        yield made


def ids(entries: list[Entry]) -> list[str]:
    return [entry.row.id for entry in entries]


def test_the_tail_is_the_last_questions_as_they_were_asked(reader: LedgerReader) -> None:
    assert ids(reader.tail(3)) == ["anna-9", "bo-0", "bo-1"]
    assert ids(reader.tail(2, user="anna")) == ["anna-8", "anna-9"]
    assert ids(reader.tail(9, outcome="refused")) == ["bo-0"]
    assert ids(reader.tail(9, user="bo", outcome="answered")) == []
    assert ids(reader.tail(9, user="' OR ''='")) == []


def test_the_tail_goes_on_after_a_number(reader: LedgerReader, filled: Place, open_ledger: OpenLedger) -> None:
    last = reader.last_number()
    assert reader.tail(9, after=last) == []
    ledger = open_ledger(filled)
    ledger.record(a_row("late", at=utc_now() - 50 * HOUR))
    ledger.close()
    assert ids(reader.tail(9, after=last)) == ["late"]


def test_feedback_comes_with_its_row(reader: LedgerReader) -> None:
    said = {entry.row.id: (entry.feedback, entry.comment) for entry in reader.tail(99) if entry.feedback_at}
    assert said == {"anna-1": ("good", ""), "anna-2": ("bad", "=too few")}


def test_the_figures_are_those_of_the_period(reader: LedgerReader) -> None:
    figures = reader.stats(2)
    assert (figures.questions, figures.askers, figures.cached) == (12, 2, 1)
    assert figures.outcomes == {"answered": 10, "failed": 1, "refused": 1}
    assert (figures.p50_ms, figures.p95_ms) == (40.0, 100.0)  # of 10, 12.5, 12.5, 20, 30, 40, 50 … 100
    assert (figures.prompt_tokens, figures.completion_tokens) == (12_000, 600)
    assert figures.scanned_bytes == 10 * 3 * 1024**4
    assert figures.cost == {"USD": Decimal("0.9"), "EUR": Decimal(2)}
    assert [(each.user, each.questions, each.cost) for each in figures.users] == [
        ("anna", 10, {"USD": Decimal("0.9")}),
        ("bo", 2, {"EUR": Decimal(2)}),
    ]
    assert [(each.outcome, each.code, each.questions) for each in figures.failures] == [
        ("failed", "query_timed_out", 1),
        ("refused", "hidden_column", 1),
    ]
    assert (figures.good, figures.bad, figures.lost) == (1, 1, 0)
    assert reader.stats(30).questions == 13


def test_a_view_holds_its_own_questions_in_its_own_order(reader: LedgerReader) -> None:
    assert ids(reader.view("slow", 2, 3)) == ["anna-9", "anna-8", "anna-7"]
    assert ids(reader.view("failed", 2, 9)) == ["bo-1"]
    assert ids(reader.view("refused", 2, 9)) == ["bo-0"]
    assert ids(reader.view("declined", 2, 9)) == []
    assert [(entry.row.id, entry.comment) for entry in reader.view("bad", 2, 9)] == [("anna-2", "=too few")]
    assert ids(reader.view("good", 2, 9)) == ["anna-1"]


def test_what_may_not_be_asked_counts_as_refused_and_not_as_not_understood(
    reader: LedgerReader, filled: Place, open_ledger: OpenLedger
) -> None:
    ledger = open_ledger(filled)
    for code in ("unsafe", "sensitive", "not_understood"):
        ledger.record(a_row(f"new-{code}", at=utc_now(), outcome="declined", code=code))
    ledger.close()
    assert set(ids(reader.view("refused", 1, 9))) == {"bo-0", "new-unsafe", "new-sensitive"}
    assert ids(reader.view("declined", 1, 9)) == ["new-not_understood"]


def test_questions_are_counted_by_day_and_outcome(reader: LedgerReader) -> None:
    counted = reader.by_day(2)
    assert sum(each.questions for each in counted if each.outcome == "answered") == 10
    assert [each.questions for each in counted if each.outcome in ("refused", "failed")] == [1, 1]
    assert [each.day for each in counted] == sorted(each.day for each in counted)
    assert all(abs((utc_now().date() - each.day).days) <= 1 for each in counted)


def test_money_is_summed_exactly(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    for number in range(1_000):
        ledger.record(a_row(f"{number}", cost=Decimal("0.100000000001")))
    ledger.close()
    with LedgerReader(place.url) as reader:
        assert reader.stats(1).cost == {"USD": Decimal("100.000000001")}


def test_figures_of_no_question_are_empty(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("old", at=utc_now() - 100 * HOUR))
    ledger.close()
    with LedgerReader(place.url) as reader:
        figures = reader.stats(1)
    assert (figures.questions, figures.p50_ms, figures.p95_ms, figures.cost) == (0, None, None, {})
    assert json.loads(json.dumps(figures.shape))["outcomes"] == {}


def exported(reader: LedgerReader, form: str, days: int | None = None) -> bytes:
    stream = io.BytesIO()
    count = write_entries(reader.entries(days), form, stream)  # type: ignore[arg-type]
    assert count == (13 if days is None else 12)
    return stream.getvalue()


def test_json_lines_hold_everything(reader: LedgerReader) -> None:
    lines = [json.loads(line) for line in exported(reader, "jsonl").splitlines()]
    assert lines == [entry.shape for entry in reader.entries()]
    assert lines[0]["cost"] == "5"
    assert lines[1]["stage_ms"] == {"write": 10.0, "guard": 2.5}
    assert len(exported(reader, "jsonl", days=2).splitlines()) == 12


def test_parquet_comes_back_with_types(reader: LedgerReader) -> None:
    table = pq.read_table(io.BytesIO(exported(reader, "parquet")))
    assert table.schema.equals(SCHEMA)
    expected = list(reader.entries())
    assert table["cost"].to_pylist() == [entry.row.cost for entry in expected]
    assert table["at"].to_pylist() == [entry.row.at for entry in expected]
    assert table["question"].to_pylist() == [entry.row.question for entry in expected]


def test_csv_has_one_header_and_no_formula(reader: LedgerReader) -> None:
    rows = list(csv.DictReader(io.StringIO(exported(reader, "csv").decode("utf-8"))))
    assert len(rows) == 13
    assert list(rows[0]) == SCHEMA.names
    assert [row["feedback_comment"] for row in rows if row["feedback"] == "bad"] == ["'=too few"]
    assert rows[1]["sql"] == "SELECT COUNT(*) FROM items\nWHERE seller = 'O''Neil'"
    assert Decimal(rows[1]["cost"]) == Decimal("0.1")


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_an_export_holds_a_bounded_part_in_memory(
    form: str, sqlite_place: Place, open_ledger: OpenLedger, tmp_path: Path
) -> None:
    ledger = open_ledger(sqlite_place)
    for number in range(6_000):
        ledger.record(a_row(f"{number}", plan="p" * 5_000))
        if number % 2_000 == 0:
            ledger.close()
    while sqlite_place.count() < 6_000:
        ledger.close()
    with LedgerReader(sqlite_place.url) as reader, (tmp_path / "out").open("wb") as out:
        tracemalloc.start()
        assert write_entries(reader.entries(), form, out) == 6_000  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 25_000_000  # of 33 MB; about 5 for a thousand rows, and as much again in each form


def test_an_empty_ledger_has_a_header_and_a_schema(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.give_feedback("nobody", "good")
    ledger.close()
    with LedgerReader(place.url) as reader:
        stream = io.BytesIO()
        assert write_entries(reader.entries(), "csv", stream) == 0
        assert stream.getvalue().count(b"\r\n") == 1
        stream = io.BytesIO()
        assert write_entries(reader.entries(), "parquet", stream) == 0
        assert pq.read_table(stream).schema.equals(SCHEMA)


def test_feedback_can_be_given_at_once(reader: LedgerReader, filled: Place) -> None:
    reader.give_feedback("bo-0", "bad", "Erika has 4711", days=90, redact="values")
    assert filled.rows("SELECT feedback, feedback_comment FROM questions WHERE id = 'bo-0'") == [("bad", "Erika has ?")]


def test_an_id_is_found_by_its_beginning(reader: LedgerReader) -> None:
    assert reader.ids_starting("old") == ["old"]
    assert reader.ids_starting("anna-3") == ["anna-3"]
    assert len(reader.ids_starting("anna")) == 2
    assert reader.ids_starting("%") == reader.ids_starting("_") == []


def test_a_ledger_that_is_off_or_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="off"):
        LedgerReader("off")
    path = tmp_path / "none.db"
    with LedgerReader(f"sqlite:///{path}") as reader, pytest.raises(DatabaseMissing):
        reader.stats(1)
    assert not path.exists()
    path.touch()
    with LedgerReader(f"sqlite:///{path}") as reader, pytest.raises(DatabaseMissing):
        reader.tail(1)
    path.write_bytes(b"this is no database, but it is long enough to be taken for one" * 20)
    with LedgerReader(f"sqlite:///{path}") as reader, pytest.raises(DatabaseUnreadable):
        reader.tail(1)


@pytest.mark.parametrize(
    "server",
    [
        pytest.param(MYSQL, marks=pytest.mark.mysql, id="mysql"),
        pytest.param(POSTGRES, marks=pytest.mark.postgres, id="postgres"),
    ],
)
def test_a_server_without_a_ledger_is_told_in_a_sentence(
    server: Server, server_places: Callable[[Server], Place]
) -> None:
    place = server_places(server)
    metadata.drop_all(place.admin)
    with LedgerReader(place.url) as reader, pytest.raises(DatabaseMissing):
        reader.tail(1)


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_a_server_that_is_away_is_told_without_its_password(scheme: str) -> None:
    with (
        LedgerReader(f"{scheme}://anna:hunter2@127.0.0.1:1/x") as reader,
        pytest.raises(DatabaseUnreachable) as caught,
    ):
        reader.tail(1)
    assert "hunter2" not in f"{caught.value} {caught.value.hint}"


def test_a_ledger_of_another_version_is_not_misread(reader: LedgerReader, filled: Place) -> None:
    filled.run("UPDATE ledger_version SET version = 99")
    with pytest.raises(DatabaseUnreadable, match="version 99"):
        reader.tail(1)


def test_reading_writes_nothing(sqlite_place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(sqlite_place)
    ledger.record(a_row("one"))
    ledger.close()
    path = Path(sqlite_place.url.removeprefix("sqlite:///"))
    before = path.read_bytes()
    with LedgerReader(sqlite_place.url) as reader:
        assert [replace(entry, number=0).row.id for entry in reader.entries()] == ["one"]
        reader.stats(7)
    assert path.read_bytes() == before
