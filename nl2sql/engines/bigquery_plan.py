"""What a dry run tells of a statement, and what one statement may cost and be called. Imports no client."""

from __future__ import annotations

import re
from dataclasses import dataclass

from nl2sql.errors import QueryFailed, QueryTooCostly

MEBIBYTE, TEBIBYTE = 1 << 20, 1 << 40
# https://cloud.google.com/bigquery/pricing: rounded up to a MB; at least 10 for each table, and for each query
LEAST_BYTES = 10 * MEBIBYTE
_NOT_IN_LABEL = re.compile("[^a-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a dry run told: `billable` bytes at most, before any result is found in BigQuery's cache."""

    statement_type: str
    billable: int


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one statement. `billed_bytes` is None where only the project's quota bounds them."""

    seconds: float
    rows: int
    result_bytes: int
    billed_bytes: int | None


def billable_bytes(processed: int, tables: int) -> int:
    if not processed:
        return 0
    return max(-(-processed // MEBIBYTE) * MEBIBYTE, LEAST_BYTES * max(tables, 1))


def label_of(text: str) -> str:
    """As BigQuery wants labels: lower case letters, digits, _ and -, at most 63."""
    return _NOT_IN_LABEL.sub("_", text.lower()).strip("_")[:63]


def require_affordable(plan: Plan, most: int | None) -> None:
    """Raises QueryFailed for anything but a SELECT, and QueryTooCostly above `most` bytes."""
    if plan.statement_type != "SELECT":
        raise QueryFailed(
            "The database could not run this query.",
            hint=f"BigQuery takes it for {plan.statement_type or 'something unknown'}; only SELECT may run.",
        )
    if most is not None and plan.billable > most:
        raise QueryTooCostly(
            f"This question would read {plan.billable / 1e9:,.2f} GB, and one question may read {most / 1e9:,.2f}."
            " Ask for less at once, such as a shorter period.",
            hint="Filter on the column the table is partitioned by, and name only the columns that are needed.",
        )
