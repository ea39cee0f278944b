"""An answer written to a named file; its ending says what kind. The file is whole, or it is not there."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from uuid import uuid4

from nl2sql.answer.base import Answer
from nl2sql.errors import ExportUnavailable
from nl2sql.export.kinds import Kind, write_file

BY_ENDING: Mapping[str, Kind] = MappingProxyType(
    {
        ".csv": "csv", ".xlsx": "xlsx", ".parquet": "parquet", ".json": "json", ".md": "md", ".png": "png",
        ".svg": "svg", ".py": "chart.py", ".html": "html", ".pdf": "pdf",
    }
)  # fmt: skip


def kind_of(path: Path) -> Kind:
    """Raises ValueError, with a sentence, for an ending that stands for no kind, and for a folder that is not there."""
    kind = BY_ENDING.get(path.suffix.lower())
    if kind is None:
        raise ValueError(f"“{path.name}” must end in one of {', '.join(BY_ENDING)}")
    if not path.absolute().parent.is_dir():
        raise ValueError(f"there is no folder “{path.parent}” to write “{path.name}” into")
    if path.is_dir():
        raise ValueError(f"“{path}” is a folder")
    return kind


def write_path(answer: Answer, path: Path) -> None:
    """A file that is there already is replaced. Raises ExportUnavailable."""
    part = path.with_name(f".{path.name[:40]}-{uuid4().hex[:8]}")
    try:
        try:
            with part.open("xb") as stream:
                write_file(answer, kind_of(path), stream)
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise ExportUnavailable(f"The file could not be written: {error.strerror or error}.") from error
