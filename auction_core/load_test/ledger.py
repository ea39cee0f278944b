"""What each client asked and what it was told, written down so that a killed client's notes survive it.

A process appends to a file of its own: a line before it asks, a line when it is answered, each by one write to the
operating system, which keeps it when the process is killed. A request without an answer is one whose outcome nobody
was told.
"""

import itertools
import json
import os
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auction_core.money import to_cents
from auction_core.results import PlacedBid, utc_text

ACCEPTED = "accepted"
UNANSWERED = "unanswered"
# The client met an error that is not of the AuctionError family.
FOREIGN_ERROR = "foreign_error"
# The bid may have been placed or not.
UNSURE = frozenset({"outcome_unknown", UNANSWERED, FOREIGN_ERROR})
# Nothing was written, but the same request may succeed in a moment.
BUSY = frozenset({"too_busy", "database_unreachable"})


@dataclass(frozen=True, slots=True)
class Request:
    """The same key with another listing or amount is another request."""

    bidder_id: int
    key: str
    listing_id: int
    cents: int


@dataclass(frozen=True, slots=True)
class Placed:
    bid_id: int
    bidder_id: int
    listing_id: int
    cents: int
    placed_at: str
    bid_count: int

    @classmethod
    def of(cls, result: PlacedBid) -> "Placed":
        return cls(
            result.bid_id,
            result.bidder_id,
            result.listing_id,
            to_cents(result.amount),
            utc_text(result.placed_at),
            result.bid_count,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """`outcome` is ACCEPTED, UNANSWERED, FOREIGN_ERROR or the code of the error; `at` is Unix time.

    `minimum_cents` is what a refusal named; `detail` is the class of a foreign error.
    """

    outcome: str
    seconds: float
    at: float
    placed: Placed | None = None
    minimum_cents: int | None = None
    detail: str = ""


NEVER = Answer(UNANSWERED, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Entry:
    request: Request
    answer: Answer


class LedgerWriter:
    """Threads may share it."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._numbers = itertools.count()

    def ask(self, request: Request) -> int:
        """The number of the entry that `tell` is to complete."""
        number = next(self._numbers)
        self._write(["ask", number, request.bidder_id, request.key, request.listing_id, request.cents])
        return number

    def tell(
        self,
        number: int,
        outcome: str,
        seconds: float,
        *,
        placed: Placed | None = None,
        minimum_cents: int | None = None,
        detail: str = "",
    ) -> None:
        told: list[Any] = ["told", number, outcome, round(seconds, 6), round(time.time(), 3)]
        if placed is not None:
            details = (placed.bid_id, placed.bidder_id, placed.listing_id, placed.cents)
            told.append([*details, placed.placed_at, placed.bid_count])
        else:
            told.append(None)
        self._write([*told, minimum_cents, detail])

    def close(self) -> None:
        os.close(self._file)

    def _write(self, line: list[Any]) -> None:
        os.write(self._file, json.dumps(line, separators=(",", ":")).encode() + b"\n")


class Book:
    """All ledgers of a run, by request."""

    def __init__(self, entries: list[Entry]) -> None:
        self.entries = entries
        self.answers: dict[Request, list[Answer]] = defaultdict(list)
        for entry in entries:
            self.answers[entry.request].append(entry.answer)

    def accepted(self) -> Iterator[tuple[Request, Placed]]:
        """Each acknowledgement, repeated ones included."""
        for entry in self.entries:
            if entry.answer.placed is not None:
                yield entry.request, entry.answer.placed

    def unsure(self) -> list[Request]:
        """Requests that nobody knows the outcome of."""
        return [request for request, answers in self.answers.items() if _verdict(answers) == UNANSWERED]

    def refused(self) -> Iterator[tuple[Request, str]]:
        """Requests that were told that nothing was written, with the last code."""
        for request, answers in self.answers.items():
            verdict = _verdict(answers)
            if verdict not in (ACCEPTED, UNANSWERED):
                yield request, verdict


def _verdict(answers: list[Answer]) -> str:
    """ACCEPTED, UNANSWERED or the code of the last refusal.

    After an unsure answer only the rules' own refusal of a repeated request says that the first was not carried out:
    too_busy speaks for the repetition alone.
    """
    if any(answer.outcome == ACCEPTED for answer in answers):
        return ACCEPTED
    unsure = False
    for answer in answers:
        if answer.outcome not in BUSY:
            unsure = answer.outcome in UNSURE
    return UNANSWERED if unsure else answers[-1].outcome


def read_book(folder: Path) -> Book:
    entries: list[Entry] = []
    for path in sorted(folder.glob("*.ledger")):
        entries.extend(_read(path))
    return Book(entries)


def count_accepted(folder: Path, offsets: dict[Path, int]) -> int:
    """How many acknowledgements were added since the `offsets`, which it moves on."""
    added = 0
    for path in folder.glob("*.ledger"):
        with path.open("rb") as file:
            file.seek(offsets.get(path, 0))
            chunk = file.read()
        complete = chunk.rfind(b"\n") + 1
        offsets[path] = offsets.get(path, 0) + complete
        added += chunk[:complete].count(b',"accepted",')
    return added


def _read(path: Path) -> Iterator[Entry]:
    open_requests: dict[int, Request] = {}
    for line in path.read_bytes().split(b"\n")[:-1]:  # what follows the last line end was not written whole
        kind, number, *values = json.loads(line)
        if kind == "ask":
            open_requests[number] = Request(*values)
            continue
        outcome, seconds, at, placed, minimum, detail = values
        answer = Answer(outcome, seconds, at, Placed(*placed) if placed else None, minimum, detail)
        yield Entry(open_requests.pop(number), answer)
    for request in open_requests.values():
        yield Entry(request, NEVER)
