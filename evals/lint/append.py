"""Puts a case at the end of a suite's cases. Whatever else is in the file, comments and layout too, stays as it was."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml

from evals.cases.base import Case, Suite
from evals.cases.load import suite_of
from evals.cases.source import Source
from evals.cases.text import case_text
from evals.errors import SuiteInvalid


def append_case(path: Path, case: Case) -> int:
    """The line at which it stands. Raises SuiteInvalid, and then the file is as it was.

    The new text is read again before it takes the file's place in one step; two that append at once take turns.
    """
    path = path.resolve()
    with _alone_in(path.parent):
        source = _ended(Source(path))
        before = suite_of(source)
        content, line = _with_case(source, case)
        after = suite_of(Source(path, content))
        if after.cases[:-1] != before.cases or after.cases[-1] != case or _head(after) != _head(before):
            raise SuiteInvalid(f"The case cannot be put into {path} by itself.", hint="Append it by hand.")
        _replace(path, content)
    return line


def _ended(source: Source) -> Source:
    """With its last line ended: a statement there gets the line's end too, whatever comes after it."""
    if source.content.endswith(b"\n"):
        return source
    return Source(source.path, source.content + _ending(source.content.decode("utf-8")).encode())


def _ending(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _head(suite: Suite) -> Suite:
    return suite.model_copy(update={"cases": (), "fingerprint": ""})


def _with_case(source: Source, case: Case) -> tuple[bytes, int]:
    cases = source.node(("cases",))
    if not isinstance(cases, yaml.SequenceNode) or cases.flow_style:
        raise SuiteInvalid(
            source.problem(("cases",), "these cases stand in brackets, where none can be put by a program."),
            hint="Write them as a list with a dash each.",
        )
    indent = cases.start_mark.column
    text = source.content.decode("utf-8")
    ending = _ending(text)
    lines = re.findall(r"[^\n]*\n|[^\n]+", text)
    place = _after_last(lines, cases.end_mark.line, indent)
    above, below = lines[:place], lines[place:]
    block = ("\n" + case_text(case, indent)).replace("\n", ending)
    return "".join([*above, block, *below]).encode("utf-8"), place + 2


def _after_last(lines: list[str], end: int, indent: int) -> int:
    """Where the last case ends: comments and empty lines after it belong to what follows.

    What is more indented than the dash is the case's own, a statement's comment too.
    """
    place = min(end, len(lines))
    while place > 0:
        line = lines[place - 1]
        depth = len(line) - len(line.lstrip(" "))
        if line.strip() and not (line.lstrip().startswith("#") and depth <= indent):
            break
        place -= 1
    return place


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """The folder is locked and not the file, whose place another file takes."""
    try:
        number = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise SuiteInvalid(f"The folder {folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(number, fcntl.LOCK_EX)
        yield
    finally:
        os.close(number)


def _replace(path: Path, content: bytes) -> None:
    """All of it or nothing, with the rights that the file has."""
    try:
        number, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        try:
            with os.fdopen(number, "wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())
            shutil.copymode(path, name)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise SuiteInvalid(f"{path} cannot be written: {error.strerror}.") from error
