"""A run as one JSON object, written case by case: {"summary": {…}, "cases": […]}."""

from __future__ import annotations

import json
from collections.abc import Iterator

from evals.log.records import Run
from evals.summary.case import case_dict
from evals.summary.summarise import summarise


def json_of(run: Run) -> Iterator[str]:
    """Pieces of text; only one case of it is held at a time. Of the results, only their sizes are told."""
    yield '{\n  "summary": ' + _indented(summarise(run.records, run.header).as_dict(), 2) + ',\n  "cases": ['
    separator = "\n"
    for record in run.records:
        yield f"{separator}    {_indented(case_dict(record), 4)}"
        separator = ",\n"
    yield ("" if separator == "\n" else "\n  ") + "]\n}\n"


def _indented(value: object, by: int) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2).replace("\n", "\n" + " " * by)
