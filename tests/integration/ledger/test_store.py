"""Rows and feedback in real databases: each once, whoever writes, as exact as they were."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nl2sql.ledger.base import LedgerRow
from nl2sql.ledger.read import LedgerReader
from tests.integration.ledger.conftest import OpenLedger, Place, a_row, eventually, utc_now

HOSTILE = "'; DROP TABLE questions; --\0\x1b[31m\ud800 %s :name ?"


def read_back(place: Place) -> list[LedgerRow]:
    with LedgerReader(place.url) as reader:
        return [entry.row for entry in reader.entries()]


def test_what_was_recorded_is_what_one_reads(place: Place, open_ledger: OpenLedger) -> None:
    rows = [
        a_row("full"),
        a_row("bare", rows=None, result_bytes=None, scanned_bytes=None, cost=None, stage_ms={}, question="", sql=""),
        a_row("dear", cost=Decimal("123456789.000000000001"), cached=True, scanned_bytes=2**62),
    ]
    ledger = open_ledger(place)
    for row in rows:
        ledger.record(row)
    ledger.close()
    assert read_back(place) == rows


def test_text_that_no_database_takes_is_made_into_one_that_it_does(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("h", question=HOSTILE, user="ü" * 500, code="c" * 500, sql="S" * 200_000, milliseconds=1e300))
    ledger.record(a_row("n", milliseconds=float("nan"), cost=Decimal("Infinity"), scanned_bytes=2**80))
    ledger.close()
    hostile, numbers = read_back(place)
    assert hostile.question == HOSTILE.replace("\0", "�").replace("\ud800", "?")
    assert (len(hostile.user), len(hostile.code), len(hostile.sql)) == (190, 64, 50_000)
    assert (numbers.cost, numbers.scanned_bytes) == (None, 2**63 - 1)


def test_sixteen_threads_lose_no_row_and_write_none_twice(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)

    def ask(thread: int) -> None:
        for number in range(200):
            ledger.record(a_row(f"{thread}-{number}"))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert eventually(lambda: place.count() == 3_200)
    ledger.close()
    assert place.rows("SELECT COUNT(*), COUNT(DISTINCT id) FROM questions") == [(3_200, 3_200)]


def test_the_same_question_recorded_again_is_there_once(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("twice"))
    ledger.close()
    for question_id in ("once", "twice", "twice", "thrice"):
        ledger.record(a_row(question_id))
    ledger.close()
    assert place.rows("SELECT id FROM questions ORDER BY number") == [("twice",), ("once",), ("thrice",)]
    assert place.rows("SELECT lost FROM questions_lost") == []


def test_a_row_that_cannot_be_written_costs_only_itself(
    place: Place, open_ledger: OpenLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("before"))
    ledger.record(a_row("wrong", at="not a moment", question="a private question"))
    ledger.record(a_row("types", stage_ms=None))
    ledger.record(None)  # type: ignore[arg-type]
    ledger.record(a_row("after"))
    ledger.close()
    ledger.close()
    assert place.rows("SELECT id FROM questions ORDER BY number") == [("before",), ("after",)]
    assert "a private question" not in caplog.text


def test_feedback_reaches_a_row_that_still_waits_and_one_that_is_written(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("one"))
    ledger.give_feedback("one", "bad", "too few")
    ledger.close()
    assert place.rows("SELECT feedback, feedback_comment FROM questions") == [("bad", "too few")]
    ledger.give_feedback("one", "good")
    ledger.give_feedback("nobody", "good")
    ledger.give_feedback("one", "ugly")  # type: ignore[arg-type]
    ledger.close()
    assert place.rows("SELECT feedback, feedback_comment FROM questions WHERE feedback_at IS NOT NULL") == [
        ("good", "")
    ]


def test_a_redacted_ledger_holds_no_value_anywhere(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place, redact="values")
    ledger.record(a_row("one", question="orders of Erika since 1987?", sql="SELECT 1987 WHERE name = 'Erika'"))
    ledger.give_feedback("one", "bad", "Erika has 4711 more")
    ledger.close()
    kept = str(place.rows("SELECT * FROM questions"))
    assert "orders of ? since ??" in kept
    assert "? has ? more" in kept
    assert not [value for value in ("Erika", "1987", "4711") if value in kept]


def test_old_rows_go_and_young_ones_stay(place: Place, open_ledger: OpenLedger) -> None:
    first = open_ledger(place, days=90)
    for number in range(1_100):  # more than one round of deleting
        first.record(a_row(f"old-{number}", at=utc_now() - timedelta(days=31)))
    first.record(a_row("young", at=utc_now() - timedelta(days=29)))
    assert eventually(lambda: place.count() == 1_101)
    first.close()
    second = open_ledger(place, days=30)
    second.record(a_row("new"))
    second.close()  # as soon as a command line closes it
    assert place.rows("SELECT id FROM questions ORDER BY number") == [("young",), ("new",)]


def test_readers_delete_nothing(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place, days=90)
    ledger.record(a_row("old", at=utc_now() - timedelta(days=89)))
    ledger.close()
    with LedgerReader(place.url) as reader:
        reader.stats(1)
        assert [entry.row.id for entry in reader.tail(5)] == ["old"]


def test_tables_of_another_version_are_left_alone(
    place: Place, open_ledger: OpenLedger, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("one"))
    ledger.close()
    place.run("UPDATE ledger_version SET version = 99")
    ledger.record(a_row("two"))
    ledger.close()
    assert place.count() == 1
    assert "version 99, not 1" in caplog.text
    place.run("UPDATE ledger_version SET version = 1")
    ledger.close()
    assert place.count() == 2


def test_two_processes_write_into_one_file(sqlite_place: Place) -> None:
    code = (
        "import sys\n"
        "from nl2sql.ledger.open import open_ledger\n"
        "from tests.integration.ledger.conftest import a_row\n"
        "ledger = open_ledger(sys.argv[1], 90, 'none')\n"
        "for number in range(300):\n"
        "    ledger.record(a_row(f'{sys.argv[2]}-{number}'))\n"
        "    ledger.close() if number % 50 == 0 else None\n"
        # not closed: what is left is written at the end of the process
    )
    command = [sys.executable, "-W", "error", "-c", code, sqlite_place.url]
    processes = [subprocess.Popen([*command, name], stderr=subprocess.PIPE, text=True) for name in ("a", "b")]
    assert [each.communicate(timeout=60)[1] for each in processes] == ["", ""]
    assert sqlite_place.rows("SELECT COUNT(*), COUNT(DISTINCT id) FROM questions") == [(600, 600)]


def test_a_forgotten_ledger_is_written_at_the_end_of_the_process(place: Place) -> None:
    code = (
        "import sys\n"
        "from nl2sql.ledger.open import open_ledger\n"
        "from tests.integration.ledger.conftest import a_row\n"
        "open_ledger(sys.argv[1], 90, 'none').record(a_row('forgotten'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, place.url], check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
    assert place.rows("SELECT id FROM questions") == [("forgotten",)]


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_writes_its_own_rows_and_not_those_of_its_parent(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    ledger.record(a_row("before"))
    assert eventually(lambda: place.count() == 1)
    for number in range(200):
        ledger.record(a_row(f"parent-{number}"))
    child = os.fork()
    if child == 0:
        try:
            ledger.record(a_row("child"))
            ledger.close()
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    ledger.record(a_row("after"))
    ledger.close()
    assert place.rows("SELECT COUNT(*), COUNT(DISTINCT id) FROM questions") == [(203, 203)]


def test_a_new_file_and_its_folder_are_for_their_owner_alone(sqlite_place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(sqlite_place)
    ledger.record(a_row())
    assert eventually(lambda: sqlite_place.count() == 1)
    path = Path(sqlite_place.url.removeprefix("sqlite:///"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in path.parent.iterdir()} == {0o600}


def test_a_deleted_question_is_not_left_in_the_file(sqlite_place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(sqlite_place, days=30)
    ledger.record(a_row("old", question="a very private question", at=utc_now() - timedelta(days=31)))
    ledger.record(a_row("young"))
    assert eventually(lambda: sqlite_place.rows("SELECT id FROM questions") == [("young",)])
    ledger.close()
    path = Path(sqlite_place.url.removeprefix("sqlite:///"))
    assert b"a very private question" not in b"".join(each.read_bytes() for each in path.parent.iterdir())


def test_a_ledger_can_be_used_again_after_it_was_closed(place: Place, open_ledger: OpenLedger) -> None:
    ledger = open_ledger(place)
    for name in ("one", "two", "three"):
        ledger.record(a_row(name))
        ledger.close()
    assert place.count() == 3
