"""A run without the results that were shown: what a summary, a comparison and a list of cases need of it.

A log of 3,000 records with forty rows each would be some hundred megabytes of Python values, and most of the time that
reading it takes goes into their cells; without them it is ten, and a third of the time.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

from evals.log.json_form import NotThatForm
from evals.log.records import Line, Run, line_of, read_run


def read_light_run(path: Path) -> Run:
    """Of a case that stands there twice, the last counts. Raises LogInvalid."""
    return read_run(path, _decode)


def _decode(line: bytes) -> Line | None:
    value = json.loads(line)
    if isinstance(value, dict):
        for part in (value.get("said"), value.get("gold")):
            if isinstance(part, dict) and isinstance(part.get("table"), dict):
                part["table"] = _digest(part["table"])
    return line_of(value)


def _digest(table: dict[str, Any]) -> dict[str, Any]:
    """Equal where a comparison of two runs takes the results for equal: the rows in any order, and of a result that the
    log does not have in full only the columns and how many rows there are."""
    columns, rows, row_count = (table.get(name) for name in ("columns", "rows", "row_count"))
    if not isinstance(rows, list) or not isinstance(row_count, int):
        raise NotThatForm("a result has no rows")
    kept = sorted(map(repr, rows)) if len(rows) >= row_count else []
    name = sha256(repr((columns, kept)).encode("utf-8", "backslashreplace")).hexdigest()
    return {**table, "columns": [name], "rows": []}
