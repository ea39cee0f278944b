"""The column that links a correction to its question: there in new ledgers, added to old ones, missed by nobody."""

from __future__ import annotations

import threading
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from nl2sql.ledger import batches
from nl2sql.ledger.address import address_of
from nl2sql.ledger.batches import LedgerDatabase
from nl2sql.ledger.read import LedgerReader
from nl2sql.ledger.table import questions, values_of
from tests.integration.ledger.conftest import OpenLedger, Place, a_row


@pytest.fixture
def old(place: Place, open_ledger: OpenLedger) -> Place:
    """A ledger as an earlier release made it, with one row."""
    ledger = open_ledger(place)
    ledger.record(a_row("before"))
    ledger.close()
    place.run("ALTER TABLE questions DROP COLUMN corrects")
    return place


def corrections(place: Place) -> dict[str, str]:
    with LedgerReader(place.url) as reader:
        return {entry.row.id: entry.row.corrects for entry in reader.entries()}


def test_a_correction_names_the_answer_whose_sql_was_edited(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("asked"))
    ledger.record(a_row("edited", corrects="asked"))
    ledger.close()
    assert corrections(place) == {"asked": "", "edited": "asked"}


def test_a_redacted_ledger_keeps_the_link(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place, redact="texts")
    ledger.record(a_row("edited", corrects="asked"))
    ledger.close()
    assert corrections(place) == {"edited": "asked"}


def test_an_old_ledger_gets_the_column_and_keeps_its_rows(old: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(old)
    ledger.record(a_row("after", corrects="before"))
    ledger.close()
    assert corrections(old) == {"before": "", "after": "before"}


def test_an_old_ledger_is_read_as_it_is(old: Place) -> None:
    with LedgerReader(old.url) as reader:
        assert [entry.row.corrects for entry in reader.tail(5)] == [""]
        assert reader.stats(1).questions == 1
    assert "corrects" not in {each["name"] for each in sqlalchemy.inspect(old.admin).get_columns("questions")}


def test_an_earlier_release_writes_on_without_the_column(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("new", corrects="asked"))
    ledger.close()
    known = {name: value for name, value in values_of(a_row("old")).items() if name != "corrects"}
    with place.admin.begin() as connection:
        connection.execute(insert(questions), known)
    assert corrections(place) == {"new": "asked", "old": ""}


def test_processes_that_start_at_once_add_it_once(old: Place) -> None:
    together, failed = threading.Barrier(6), []

    def write(number: int) -> None:
        database = LedgerDatabase(address_of(old.url), 90, "none")
        batch, _ = database.batch_of([a_row(f"row-{number}", corrects="asked")])
        together.wait()
        for _ in range(20):  # as the ledger's thread does: what another process locks is tried again
            try:
                database.write(batch)
                break
            except OperationalError as error:
                if "lock" not in str(error).lower():
                    failed.append(error)
                    break
        database.disconnect()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert corrections(old) == {"before": "", **{f"row-{number}": "asked" for number in range(6)}}


def test_an_account_that_may_not_add_it_goes_on_without(
    old: Place, open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Denied(Exception):
        sqlstate = "42501"

    def refuse(connection: Any) -> None:
        raise OperationalError("ALTER TABLE questions", {}, Denied())

    monkeypatch.setattr(batches, "add_corrections", refuse)
    ledger = open_ledger(old)
    ledger.record(a_row("kept", corrects="before"))
    ledger.close()
    assert corrections(old) == {"before": "", "kept": ""}
    assert "may not add the column" in caplog.text
