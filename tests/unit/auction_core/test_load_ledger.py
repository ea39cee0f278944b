from pathlib import Path

import pytest

from auction_core.errors import Refused
from auction_core.load_test.ledger import (
    ACCEPTED,
    UNANSWERED,
    Answer,
    Book,
    Entry,
    LedgerWriter,
    Placed,
    Request,
    count_accepted,
    read_book,
)
from auction_core.load_test.plan import Plan
from auction_core.load_test.report import REPEATED, measure, retries

REQUEST = Request(1, "key", 9, 100)
PLACED = Placed(5, 1, 9, 100, "2026-01-01T00:00:00.000001Z", 1)


def book(*outcomes: str) -> Book:
    return Book(
        [Entry(REQUEST, Answer(outcome, 0.5, 0.0, PLACED if outcome == ACCEPTED else None)) for outcome in outcomes]
    )


def test_what_was_written_is_read_again(tmp_path: Path) -> None:
    ledger = LedgerWriter(tmp_path / "1.ledger")
    other = Request(2, "other", 9, 125)
    first, second = ledger.ask(REQUEST), ledger.ask(other)
    ledger.tell(second, "bid_too_low", 0.25, minimum_cents=150)
    ledger.tell(first, ACCEPTED, 0.5, placed=PLACED)
    ledger.close()

    kept = read_book(tmp_path)
    assert list(kept.accepted()) == [(REQUEST, PLACED)]
    assert list(kept.refused()) == [(other, "bid_too_low")]
    assert kept.answers[other][0].minimum_cents == 150


def test_a_client_killed_while_it_waited_leaves_a_request_of_unknown_outcome(tmp_path: Path) -> None:
    ledger = LedgerWriter(tmp_path / "1.ledger")
    ledger.ask(REQUEST)
    ledger.close()

    assert read_book(tmp_path).unsure() == [REQUEST]


def test_a_line_cut_short_was_never_told(tmp_path: Path) -> None:
    ledger = LedgerWriter(tmp_path / "1.ledger")
    ledger.tell(ledger.ask(REQUEST), ACCEPTED, 0.5, placed=PLACED)
    ledger.close()
    whole = (tmp_path / "1.ledger").read_bytes()
    (tmp_path / "1.ledger").write_bytes(whole[:-1])

    assert read_book(tmp_path).unsure() == [REQUEST]
    assert count_accepted(tmp_path, {}) == 0


def test_acknowledgements_are_counted_once_while_the_ledgers_grow(tmp_path: Path) -> None:
    ledger, offsets = LedgerWriter(tmp_path / "1.ledger"), {}  # type: ignore[var-annotated]
    ledger.tell(ledger.ask(REQUEST), ACCEPTED, 0.5, placed=PLACED)
    assert count_accepted(tmp_path, offsets) == 1
    ledger.tell(ledger.ask(REQUEST), "too_busy", 0.5)
    ledger.tell(ledger.ask(REQUEST), ACCEPTED, 0.5, placed=PLACED)
    ledger.close()

    assert count_accepted(tmp_path, offsets) == 1


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        (("bid_too_low",), "refused"),
        (("too_busy",), "refused"),
        (("outcome_unknown",), "unsure"),
        ((UNANSWERED,), "unsure"),
        (("outcome_unknown", ACCEPTED), "accepted"),
        (("outcome_unknown", "too_busy"), "unsure"),
        (("outcome_unknown", "database_unreachable"), "unsure"),
        (("outcome_unknown", "bid_too_low"), "refused"),
        ((ACCEPTED, "too_busy"), "accepted"),
    ],
)
def test_a_requests_outcome_follows_from_all_its_answers(outcomes: tuple[str, ...], verdict: str) -> None:
    kept = book(*outcomes)

    found = {
        "accepted": bool(list(kept.accepted())),
        "unsure": bool(kept.unsure()),
        "refused": bool(list(kept.refused())),
    }
    assert [name for name, holds in found.items() if holds] == [verdict]


def test_latencies_tell_repeated_answers_from_first_ones() -> None:
    rows = {row.outcome: row for row in measure(book(ACCEPTED, ACCEPTED, "too_busy", UNANSWERED))}

    assert rows.keys() == {ACCEPTED, REPEATED, "too_busy"}
    assert rows[ACCEPTED].answers == 1
    assert rows[ACCEPTED].p99 == 500.0


def test_retries_are_the_requests_after_a_busy_or_unknown_answer() -> None:
    assert retries(book("too_busy", "outcome_unknown", ACCEPTED, ACCEPTED)) == 2


def test_clients_are_dealt_out_evenly() -> None:
    assert Plan("sqlite:///a.db", clients=10, processes=4).threads == (3, 3, 2, 2)


@pytest.mark.parametrize(
    "values",
    [
        {"clients": 0},
        {"clients": 513},
        {"seconds": 0},
        {"seconds": 601},
        {"seconds": float("nan")},
        {"processes": 0},
        {"clients": 2, "processes": 3},
        {"hot": 0, "spread": 0},
        {"hot": -1},
        {"spread": 10_001},
    ],
)
def test_numbers_that_make_no_sense_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(Refused):
        Plan("sqlite:///a.db", **values)  # type: ignore[arg-type]
