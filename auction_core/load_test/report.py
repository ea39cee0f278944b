"""What a load test found, for people and for programs."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from auction_core.load_test.ledger import ACCEPTED, BUSY, UNANSWERED, UNSURE, Book
from auction_core.load_test.proof import Finding

REPEATED = "repeated"
QUANTILES = (50, 95, 99)


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from asking to being answered."""

    outcome: str
    answers: int
    p50: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True)
class Unknown:
    """Requests of unknown outcome; how many had been placed shows when each is repeated with its key."""

    requests: int
    were_placed: int
    still_unknown: int


@dataclass(frozen=True, slots=True)
class Report:
    """`seconds` is the time from the first to the last answer; `foreign_errors` by class."""

    database: str
    clients: int
    processes: int
    seconds: float
    requests: int
    bids: int
    refusals: dict[str, int]
    retries: int
    repeats: int
    killed_processes: int
    interrupted: bool
    unknown: Unknown
    latencies: tuple[Latency, ...]
    findings: tuple[Finding, ...]
    kept: str | None = None

    @property
    def bids_per_second(self) -> float:
        return self.bids / self.seconds if self.seconds else 0.0

    @property
    def violated(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.violations)

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "bids_per_second": round(self.bids_per_second, 1),
            "holds": not self.violated,
        }


def measure(book: Book) -> tuple[Latency, ...]:
    import numpy as np

    samples: dict[str, list[float]] = defaultdict(list)
    seen = set()
    for entry in book.entries:
        outcome = entry.answer.outcome
        if outcome == UNANSWERED:
            continue
        if outcome == ACCEPTED:
            outcome = REPEATED if entry.request in seen else ACCEPTED
            seen.add(entry.request)
        samples[outcome].append(entry.answer.seconds)
    found = []
    for outcome in sorted(samples, key=lambda name: (name != ACCEPTED, name != REPEATED, name)):
        quantiles = np.percentile(np.array(samples[outcome]) * 1000, QUANTILES)
        found.append(Latency(outcome, len(samples[outcome]), *(round(float(value), 2) for value in quantiles)))
    return tuple(found)


def duration(book: Book) -> float:
    """From the first request to the last answer, in seconds."""
    answered = [entry.answer for entry in book.entries if entry.answer.outcome != UNANSWERED]
    if not answered:
        return 0.0
    return max(answer.at for answer in answered) - min(answer.at - answer.seconds for answer in answered)


def refusals(book: Book) -> dict[str, int]:
    """By code, of all answers."""
    counted = Counter(entry.answer.outcome for entry in book.entries)
    return {code: number for code, number in sorted(counted.items()) if code not in (ACCEPTED, UNANSWERED)}


def retries(book: Book) -> int:
    """Requests sent once more because the database was too busy, or gone."""
    return sum(
        sum(answer.outcome in UNSURE | BUSY for answer in answers[:-1])
        for answers in book.answers.values()
        if len(answers) > 1
    )


def repeats(book: Book) -> int:
    """Acknowledgements beyond the first of a request."""
    return sum(1 for _ in book.accepted()) - len({request for request, _ in book.accepted()})


def lines(report: Report) -> Iterator[str]:
    """For people; the findings are not among them."""
    yield (
        f"{report.bids:,} bids accepted in {report.seconds:.1f} s by {report.clients} clients in {report.processes} "
        f"processes: {report.bids_per_second:,.0f} bids/s ({report.requests:,} requests)."
    )
    yield ""
    yield f"{'answer':<22}{'number':>9}{'p50 ms':>10}{'p95 ms':>10}{'p99 ms':>10}"
    for row in report.latencies:
        yield f"{row.outcome:<22}{row.answers:>9,}{row.p50:>10.1f}{row.p95:>10.1f}{row.p99:>10.1f}"
    yield ""
    yield (
        f"Retries after too_busy or an unknown outcome: {report.retries:,}; "
        f"acknowledged again under the same key: {report.repeats:,}."
    )
    if report.killed_processes:
        yield f"Client processes killed: {report.killed_processes}."
    unknown = report.unknown
    if unknown.requests:
        rest = f"; {unknown.still_unknown} are still unknown" if unknown.still_unknown else ""
        yield (
            f"Requests whose outcome no client knew: {unknown.requests}, of which {unknown.were_placed} had been "
            f"placed; repeated with their keys, each has one bid or none{rest}."
        )
