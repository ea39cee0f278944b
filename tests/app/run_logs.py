"""Logs of runs as an evaluation writes them, for the Quality page."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from evals.log.records import CaseRecord, GoldShown, RunEnd, RunHeader, Said, Shown, encode
from evals.outcome import Outcome

TAGS = ("top_n", "count", "made_up")
TABLE = Shown(("country", "turnover"), (("Germany", "12.50"), (None, "3")), 9)


def header(started: str = "2026-11-20T09:30:00+00:00", **changes: Any) -> RunHeader:
    usual = RunHeader("", "shop-dev", "shop.yaml", "f1", "offline", as_of="2026-06-30", started_at=started)
    return replace(usual, **changes)


def case(number: int, outcome: Outcome = "right", **changes: Any) -> CaseRecord:
    said = Said("answered", "ok", "Germany leads.", f"SELECT {number} AS said", table=TABLE)
    record = CaseRecord(
        f"case-{number}",
        0,
        f"Question {number}?",
        "answerable",
        outcome,
        said,
        reason="" if outcome == "right" else "One row of 9 differs.",
        tags=(TAGS[number % len(TAGS)],),
        gold=GoldShown(f"SELECT {number} AS gold", "", (), TABLE),
        ms=100.0 + number,
        cost="0.002",
    )
    return replace(record, **changes)


def cases(right: int, *others: Outcome) -> list[CaseRecord]:
    outcomes: list[Outcome] = ["right"] * right
    return [case(number, outcome) for number, outcome in enumerate([*outcomes, *others])]


def write_log(
    path: Path, records: Iterable[CaseRecord], of: RunHeader | None = None, *, end: RunEnd | None = None
) -> Path:
    """`case_count` is that of the records where the header has none."""
    found, used = list(records), of or header()
    used = used if used.case_count else replace(used, case_count=len({each.id for each in found}))
    path.parent.mkdir(parents=True, exist_ok=True)
    last = [encode(end or RunEnd(1.0, len(found)))] if len(found) >= used.case_count * used.repeats or end else []
    path.write_bytes(b"".join([encode(used), *map(encode, found), *last]))
    return path
