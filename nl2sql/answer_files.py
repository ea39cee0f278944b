"""`nl2sql ask --out FILE`: which names can be written, and the answer written to each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from nl2sql.answer.base import Answer


def refuse_unknown_endings(paths: Sequence[Path]) -> None:
    """Before anything is asked: an answer may have cost money by the time that a name turns out wrong."""
    if not paths:
        return
    from nl2sql.export.to_path import kind_of

    for path in paths:
        try:
            kind_of(path)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--out") from None


def write_files(answer: Answer, paths: Sequence[Path], tell: Callable[[str], None]) -> None:
    """Each that can be written is; the first that cannot be is then said, and is a failure."""
    if not paths:
        return
    from nl2sql.errors import ExportUnavailable
    from nl2sql.export.to_path import write_path

    failures = []
    for path in paths:
        try:
            write_path(answer, path)
        except ExportUnavailable as error:
            failures.append(ExportUnavailable(f"{path}: {error.user_message}", hint=error.hint))
        else:
            tell(f"Wrote {path}")
    if failures:
        raise failures[0]
