"""Draft cases as a suite file that a person reviews.

What is ready stands there as cases, so that the file runs at once; what is not stands below as comments, complete but
for what a person must decide. Taking “# ” away makes a block a case. A block that stays a comment is a decision too:
its question is not harvested again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from evals.harvest.drafts import Draft
from nl2sql.errors import SettingsInvalid

# A hundred harvests a day would be a mistake in a script.
_MOST_FILES = 100
_HEAD = """\
# From use to cases: questions of {day} and before, whose answers somebody judged or corrected.
#
#   1. Below “cases:” stand questions with SQL that a person typed in place of a wrong answer. See that it is right.
#   2. Below those, blocks that begin with # miss what they say. Fill that in, and take “# ” away; or leave them.
#   3. “nl2sql eval lint” says what is still wrong with this file. Then move its cases into a suite.
#
"""


def write_drafts(drafts: Sequence[Draft], folder: Path, day: date, dialect: str) -> Path:
    """A new file, never over one that is there. Raises SettingsInvalid where it cannot be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number in range(1, _MOST_FILES + 1):
            path = folder / f"harvest-{day.isoformat()}{f'-{number}' if number > 1 else ''}.yaml"
            try:
                with path.open("x", encoding="utf-8") as stream:
                    stream.write(text_of(drafts, path.name, day, dialect))
                return path
            except FileExistsError:
                continue
    except OSError as error:
        raise SettingsInvalid(f"The drafts cannot be written into {folder}: {error.strerror}.") from error
    raise SettingsInvalid(f"{folder} has {_MOST_FILES} harvests of today already.", hint="Review those first.")


def text_of(drafts: Sequence[Draft], name: str, day: date, dialect: str) -> str:
    ready = [each for each in drafts if each.is_ready]
    waiting = [each for each in drafts if not each.is_ready]
    shape = {"name": name.removesuffix(".yaml"), "description": "Drafts of cases, from the ledger.", "dialect": dialect}
    parts = [_HEAD.format(day=day.isoformat()), _dumped(shape), "cases:\n"]
    parts += [f"{_block(each)}\n" for each in ready]
    if waiting:
        parts.append("# --- to be filled in\n\n")
    parts += [f"{_commented(each)}\n" for each in waiting]
    return "".join(parts)


def _commented(draft: Draft) -> str:
    """With what is missing in a line that stays a comment. Only line feeds end a line in what is dumped here."""
    lines = [f"# {line}".rstrip() for line in _block(draft).rstrip("\n").split("\n")]
    return "\n".join([f"## {draft.missing}", *lines]) + "\n"


def _block(draft: Draft) -> str:
    shape: dict[str, Any] = {"id": draft.id, "question": draft.question, "kind": draft.kind}
    if draft.tags:
        shape["tags"] = _Flow(draft.tags)
    if draft.kind == "answerable":
        shape["sql"] = _Lines(_visible_lines(draft.sql)) if draft.sql else ""
    if draft.role:
        shape["role"] = draft.role
    shape |= {"as_of": draft.day, "comment": draft.comment}
    return "".join(
        f"{'  - ' if index == 0 else '    '}{line}\n" if line else "\n"
        for index, line in enumerate(_dumped(shape).rstrip("\n").split("\n"))
    )


def _visible_lines(sql: str) -> str:
    lines = ["".join(c if c.isprintable() else " " for c in line).rstrip() for line in sql.strip().split("\n")]
    return "\n".join(line for line in lines if line) + "\n"


class _Lines(str):
    """SQL, shown line by line."""


class _Flow(tuple[str, ...]):
    """Tags, in one line."""


class _Dumper(yaml.SafeDumper):
    """Knows _Lines and _Flow."""


_Dumper.add_representer(_Lines, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|"))
_Dumper.add_representer(
    _Flow, lambda dumper, items: dumper.represent_sequence("tag:yaml.org,2002:seq", items, flow_style=True)
)


def _dumped(shape: dict[str, Any]) -> str:
    """Each text in one line, so that an earlier harvest can be searched line by line."""
    return yaml.dump(shape, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1_000_000)
