"""What benches.core measured, as rows of its tables."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benches.core_clients import Count

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Case:
    """`limits`: the least ratio to each way, of bids accepted; of latency, the greatest."""

    name: str
    processes: int
    threads: int
    hot: bool
    limits: dict[str, float]


def pace_rows(case: Case, counts: dict[str, list[Count]], seconds: float) -> Iterator[Row]:
    paces = {way: [max(count.accepted, 1) / seconds for count in found] for way, found in counts.items()}
    for way, found in counts.items():
        ratio, beside = _paired(paces["place_bid"], paces[way])
        least = case.limits.get(way)
        holds = f"at least {least}: {_holds(ratio >= least)}" if least else ""
        yield case.name, way, f"{statistics.median(paces[way]):,.0f}/s", beside, holds, _notes(found)


def latency_rows(case: Case, counts: dict[str, list[Count]]) -> Iterator[Row]:
    spent = {way: [statistics.median(count.seconds) for count in found] for way, found in counts.items()}
    for way, found in counts.items():
        ratio, beside = _paired(spent["place_bid"], spent[way])
        most = case.limits.get(way)
        holds = f"at most {most}: {_holds(ratio <= most)}" if most else ""
        yield case.name, way, f"{statistics.median(spent[way]) * 1e6:,.0f} µs", beside, holds, _notes(found)


def cpu_rows(case: Case, counts: dict[str, list[Count]]) -> Iterator[Row]:
    """In microseconds for each accepted bid, refusals included in it."""
    whole = {way: [_each(count, count.cpu + count.server_cpu) for count in found] for way, found in counts.items()}
    for way, found in counts.items():
        server = statistics.median(_each(count, count.server_cpu) for count in found)
        client = statistics.median(_each(count, count.cpu) for count in found)
        _, beside = _paired(whole[way], whole["place_bid"])
        both = statistics.median(whole[way])
        yield case.name, way, *(f"{spent:,.0f} µs" for spent in (server, client, both)), beside


def _each(count: Count, seconds: float) -> float:
    return seconds * 1e6 / max(count.accepted, 1)


def _notes(found: Sequence[Count]) -> str:
    refused, failed = sum(count.refused for count in found), sum(count.failed for count in found)
    share = refused / max(refused + sum(count.accepted for count in found), 1)
    return ", ".join([f"{share:.0%} too low"] * bool(refused) + [f"{failed:,} FAILED"] * bool(failed))


def _paired(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, str]:
    """The median of the ratios of each round, whose slices lie side by side, and it in words with the quarters."""
    ratios = [our / their for our, their in zip(ours, theirs, strict=True)]
    if ours is theirs:
        return 1.0, ""
    middle = statistics.median(ratios)
    if len(ratios) < 2:
        return middle, f"{middle:.2f}"
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive")
    return middle, f"{middle:.2f} ({low:.2f}–{high:.2f})"


def _holds(does: bool) -> str:
    return "holds" if does else "MISSED"
