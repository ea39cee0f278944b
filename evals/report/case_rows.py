"""What the list of cases shows of each: one row for all its repeats."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import Any

from evals.log.records import CaseRecord, RunHeader

# A reason in the list is a hint; the whole of it stands in the case.
LISTED_CHARACTERS = 300


def group_by_case(records: Iterable[CaseRecord]) -> dict[str, list[CaseRecord]]:
    """The repeats of each case in order, cases in the order of their first line."""
    grouped: dict[str, list[CaseRecord]] = defaultdict(list)
    for record in records:
        grouped[record.id].append(record)
    return {name: sorted(repeats, key=lambda each: each.repeat) for name, repeats in grouped.items()}


def merge_repeats(records: Iterable[CaseRecord]) -> list[tuple[CaseRecord, tuple[int, ...]]]:
    """Repeats of a case of which the same came, by the same SQL, as one: with their numbers, counted from 1."""
    found: dict[tuple[str, str, str], tuple[CaseRecord, list[int]]] = {}
    for record in records:
        key = (record.id, record.outcome, record.said.sql)
        found.setdefault(key, (record, []))[1].append(record.repeat + 1)
    return [(record, tuple(numbers)) for record, numbers in found.values()]


def repeats_named(header: RunHeader, numbers: Sequence[int]) -> str:
    """“ (repeats 1, 3 of 3)”; "" where a case is asked once."""
    if header.repeats <= 1:
        return ""
    return f" (repeat{'s' if len(numbers) > 1 else ''} {', '.join(map(str, numbers))} of {header.repeats})"


def case_row(
    repeats: Sequence[CaseRecord], flip: str, places: Mapping[tuple[str, int], tuple[int, int]]
) -> dict[str, Any]:
    """Keys are short because there are thousands of them: i id, q question, k kind, t tags, o outcomes, s strict, m
    median ms, c cost of all repeats, w why not right, f flip (“won”, “lost”), g family, p chunk and place by repeat."""
    first = repeats[0]
    costs = [float(each.cost) for each in repeats if each.cost]
    reason = next((each.reason for each in repeats if not each.is_right and each.reason), "")
    row: dict[str, Any] = {
        "i": first.id,
        "q": first.question[:LISTED_CHARACTERS],
        "k": first.kind,
        "t": list(first.tags),
        "o": [each.outcome for each in repeats],
        "s": [int(each.is_strict or each.kind != "answerable") for each in repeats],
        "m": round(median(each.ms for each in repeats), 1),
        "c": sum(costs) if costs else "",
        "w": reason[:LISTED_CHARACTERS],
        "f": flip,
        "g": first.family,
        "p": [places[each.key] for each in repeats],
    }
    if first.must_pass:
        row["must"] = 1
    return row
