"""Outcomes as a table, for people: run the tests with `-rP` to see it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from tests.integration.guard.answers import Finding, Outcome


def report(database: str, role: str, found: Mapping[str, Outcome]) -> None:
    counts = Counter(each.finding for each in found.values())
    print(f"{database}, {role}: " + ", ".join(f"{counts[each]} {each}" for each in Finding))  # noqa: T201 - shown with -rP
    for key, each in found.items():
        if each.finding is not Finding.EQUAL and each.why:
            print(f"- {key}: {each.finding}: {each.why}")  # noqa: T201 - shown with -rP
