"""JSON that others wrote: a list of objects, or an object a line. Anything else ends in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from evals.errors import SourceInvalid
from evals.outside.base import read_text


def list_in(path: Path) -> Iterator[tuple[str, Any]]:
    """(“entry 1”, value) and so on. Raises SourceInvalid."""
    try:
        value = json.loads(read_text(path))
    except (ValueError, RecursionError) as error:
        raise SourceInvalid(f"{path} is not valid JSON: {_problem(error)}.") from error
    if not isinstance(value, list):
        raise SourceInvalid(f"{path} must hold a list of questions; it holds {_named(value)}.")
    for number, entry in enumerate(value, 1):
        yield f"entry {number}", entry


def lines_in(path: Path) -> Iterator[tuple[str, Any]]:
    """(“NAME line 1”, value) and so on; empty lines are passed over. Raises SourceInvalid."""
    for number, line in enumerate(read_text(path).split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield f"{path.name} line {number}", json.loads(line)
        except (ValueError, RecursionError) as error:
            raise SourceInvalid(f"{path}, line {number}: this is not valid JSON: {_problem(error)}.") from error


def _problem(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"{error.msg} at line {error.lineno}, column {error.colno}"
    return "nested too deep" if isinstance(error, RecursionError) else "a number too long"


def _named(value: object) -> str:
    return "an object" if isinstance(value, dict) else "something else"
