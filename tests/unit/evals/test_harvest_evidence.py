"""What the ledger says of a question, added up: the last verdict, the last correction, and whether two signs agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from evals.harvest.evidence import SIGNS, Evidence, Gathered, Sign, chosen, gather, spoken
from nl2sql.ledger.base import LedgerRow, Verdict
from nl2sql.ledger.read import Entry

START = datetime(2026, 6, 1)  # noqa: DTZ001 - the ledger's moments are UTC without zone
QUESTION = "How many lamps were sold?"


class Log:
    """A ledger in memory; each row is a minute younger than the one before."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    def ask(self, name: str, question: str = QUESTION, **row: object) -> None:
        at = START + timedelta(minutes=len(self.entries))
        values = {"writer": "llm", "sql": f"SELECT '{name}'", "rows": 1} | row
        made = LedgerRow(name, at, "anna", "analyst", question, **({"outcome": "answered", "code": "ok"} | values))  # type: ignore[arg-type]
        self.entries.append(Entry(len(self.entries), made, "", "", None))

    def correct(self, name: str, of: str, **row: object) -> None:
        self.ask(name, f"SELECT {name}", **({"writer": "sql", "corrects": of} | row))

    def judge(self, name: str, verdict: Verdict, comment: str = "") -> None:
        place = next(index for index, each in enumerate(self.entries) if each.row.id == name)
        later = START + timedelta(days=1, minutes=place)
        self.entries[place] = replace(self.entries[place], feedback=verdict, comment=comment, feedback_at=later)

    def gather(self, *include: Sign) -> Gathered:
        return gather(lambda: iter(self.entries), include or ("bad", "corrected"))


@pytest.fixture
def log() -> Log:
    return Log()


def one(found: Iterable[Evidence]) -> Evidence:
    (only,) = found
    return only


def test_a_thumbs_down_is_evidence_and_an_answer_nobody_judged_is_none(log: Log) -> None:
    log.ask("a")
    log.ask("b", "How many chairs?")
    log.judge("a", "bad", "too few")
    found = one(log.gather().evidence)
    assert (found.question, found.sign, found.comments, found.correction) == (QUESTION, "bad", ("too few",), None)


def test_a_correction_belongs_to_the_question_whose_sql_was_edited(log: Log) -> None:
    log.ask("a")
    log.correct("c", "a")
    found = one(log.gather().evidence)
    assert (found.question, found.sign) == (QUESTION, "corrected")
    assert found.correction is not None and found.correction.sql == "SELECT 'c'"
    assert not found.is_confirmed


def test_an_edit_of_an_edit_corrects_the_question_and_the_last_that_worked_wins(log: Log) -> None:
    log.ask("a")
    log.correct("c1", "a")
    log.correct("c2", "c1")
    log.correct("c3", "c2", outcome="failed")
    log.correct("c4", "c2", rows=0)
    log.correct("c5", "c2", sql="")
    found = one(log.gather().evidence)
    assert found.correction is not None and found.correction.id == "c2"


def test_a_correction_that_was_found_wrong_itself_is_none(log: Log) -> None:
    log.ask("a")
    log.correct("c1", "a")
    log.correct("c2", "a")
    log.judge("c2", "bad")
    correction = one(log.gather().evidence).correction
    assert correction is not None and correction.id == "c1"


@pytest.mark.parametrize(("judged", "verdict"), [("a", "bad"), ("c", "good")])
def test_two_signs_that_agree_confirm_a_correction(log: Log, judged: str, verdict: Verdict) -> None:
    log.ask("a")
    log.correct("c", "a")
    log.judge(judged, verdict)
    assert one(log.gather().evidence).is_confirmed


def test_an_answer_found_right_and_then_edited_was_not_wrong(log: Log) -> None:
    log.ask("a")
    log.correct("c", "a")
    log.judge("a", "good")
    assert log.gather().evidence == ()


def test_the_last_verdict_on_a_question_counts_however_it_is_written(log: Log) -> None:
    log.ask("a", "how many LAMPS were  sold")
    log.ask("b")
    log.judge("a", "bad")
    assert one(log.gather().evidence).ids == ("a",)
    log.judge("b", "good")
    assert log.gather().evidence == ()
    assert one(log.gather("good").evidence).ids == ("a", "b")


def test_a_verdict_that_was_taken_back_is_no_evidence(log: Log) -> None:
    log.ask("a")
    log.judge("a", "")
    assert log.gather(*SIGNS).evidence == ()


def test_what_was_declined_or_refused_counts_only_where_it_is_wanted(log: Log) -> None:
    log.ask("a", outcome="declined", code="unanswerable", sql="", rows=None)
    log.ask("b", "Delete all lamps", outcome="refused", code="unsafe", rows=None)
    assert log.gather().evidence == ()
    assert [each.sign for each in log.gather("refused").evidence] == ["refused", "refused"]


def test_only_what_was_asked_in_words_and_kept_whole_is_harvested(log: Log) -> None:
    for name, row in {"typed": {"writer": "sql"}, "edited": {"writer": "plan"}}.items():
        log.ask(name, name, **row)
        log.judge(name, "bad")
    for name in ("", "orders of ? since 2020", "orders since ??"):
        log.ask(f"redacted {name}", name)
        log.judge(f"redacted {name}", "bad")
    found = log.gather()
    assert found.evidence == ()
    assert [each.reason.split(":")[0] for each in found.left_out] == [
        "nobody asked it in words",
        "nobody asked it in words",
        *["the ledger was redacted when it was written"] * 3,
    ]


def test_a_correction_whose_question_is_gone_is_told(log: Log) -> None:
    log.correct("c", "deleted long ago")
    found = log.gather()
    assert found.evidence == () and "not in this part of the ledger" in found.left_out[0].reason


def test_corrections_in_a_ring_end(log: Log) -> None:
    log.correct("c1", "c2")
    log.correct("c2", "c1")
    assert log.gather().evidence == ()


def test_ids_are_found_by_their_beginning_also_those_of_corrections(log: Log) -> None:
    log.ask("aaaa1")
    log.correct("cccc1", "aaaa1")
    evidence = log.gather().evidence
    assert [chosen(evidence, start) for start in ("aaaa", "cccc1", "bbbb")] == [[*evidence], [*evidence], []]


def test_capitals_spaces_and_marks_at_the_end_make_no_other_question() -> None:
    assert spoken("  How many\tLAMPS ?!") == spoken("how many lamps")
    assert spoken("lamps 2025") != spoken("lamps 2026")
