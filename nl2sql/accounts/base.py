"""What is found about a database account: how bad it is, in a plain sentence, and the SQL that mends it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

# danger: the account can change data or rights, reach files or programs, or see what is not its business.
# warn: a right that helps whoever gets past the guard. note: worth knowing. ok: looked at, and in order.
Severity = Literal["danger", "warn", "note", "ok"]
SEVERITIES: tuple[Severity, ...] = ("danger", "warn", "note", "ok")

# Runs one statement of this package (never of a question) and gives all rows.
Ask = Callable[[str], list[tuple[Any, ...]]]

CATALOG_SECONDS = 5  # catalogs answer in milliseconds; a server that does not is not waited for
SHOWN_NAMES = 5  # of the tables or functions that a sentence is about; the remedy covers all


@dataclass(frozen=True, slots=True)
class Finding:
    """`about` is one word, the same for all findings of a kind; `remedy` is empty when there is nothing to run."""

    about: str
    severity: Severity
    text: str
    remedy: str = ""


def by_severity(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first; within a severity as they were found."""
    return sorted(findings, key=lambda finding: SEVERITIES.index(finding.severity))


def some_of(names: Sequence[str]) -> str:
    shown = ", ".join(names[:SHOWN_NAMES])
    more = len(names) - SHOWN_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def lines(statements: Iterable[str]) -> str:
    """One statement a line, each once."""
    return "\n".join(dict.fromkeys(statements))
