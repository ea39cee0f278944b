"""Which questions and ids are taken: those of suites, and those of earlier harvests, also where a block waits as a
comment. Files that people are at work on may be broken: what can be read of them counts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from evals.cases.load import load_suite
from evals.harvest.evidence import spoken

# A key at the beginning of a line, in a comment or not; its value to the end of the line.
_KEY = re.compile(r"^[#\s-]*(question|id):\s*(\S.*)$", re.MULTILINE)
# What was harvested is some hundred kB; a larger file in the folder is something else.
_MAX_BYTES = 20_000_000


@dataclass(frozen=True, slots=True)
class Known:
    """`questions` by how they are spoken, with the name of the file that has them."""

    questions: dict[str, str]
    ids: set[str]


def known_in(suites: Iterable[Path], folder: Path) -> Known:
    """Raises SuiteInvalid for a suite that cannot be used; `folder` need not be there."""
    questions: dict[str, str] = {}
    ids: set[str] = set()
    for path in suites:
        for case in load_suite(path).cases:
            questions.setdefault(spoken(case.question), path.name)
            ids.add(case.id)
    for path in sorted(folder.glob("*.yaml")) if folder.is_dir() else []:
        for key, value in _values_in(path):
            if key == "id":
                ids.add(value)
            else:
                questions.setdefault(spoken(value), path.name)
    return Known(questions, ids)


def _values_in(path: Path) -> Iterable[tuple[str, str]]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return
    for key, written in _KEY.findall(text):
        try:
            value = yaml.safe_load(written)
        except (yaml.YAMLError, ValueError):
            value = written
        yield key, str(value)
