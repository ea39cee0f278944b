"""What an outside suite holds, whatever its format: cases by database, and what could not be read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evals.cases.base import Dialect
from evals.errors import SourceInvalid

Format = Literal["spider", "bird", "defog"]
FORMATS: tuple[Format, ...] = ("spider", "bird", "defog")

# The largest known file of this kind has 30 MB; what is longer is another file, or made to fill the memory.
MAX_BYTES = 200_000_000


@dataclass(frozen=True, slots=True)
class OutsideCase:
    """`golds` are all accepted queries; none for a question that cannot be answered. `evidence` is what the suite
    says besides the question. `place` is where the case stands in its file, as “line 7” or “entry 7”."""

    id: str
    database: str
    question: str
    golds: tuple[str, ...]
    place: str
    tags: tuple[str, ...] = ()
    evidence: str = ""

    @property
    def is_answerable(self) -> bool:
        return bool(self.golds)


@dataclass(frozen=True, slots=True)
class LeftOut:
    """`case` is an id, or a place where there is no id."""

    case: str
    database: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outside:
    """`databases` is the folder where its databases are looked for when nobody names one."""

    format: Format
    dialect: Dialect
    cases: tuple[OutsideCase, ...]
    left_out: tuple[LeftOut, ...]
    databases: Path


class EntryInvalid(Exception):
    """One entry cannot be used; the sentence says why. The others can."""


def read_bytes(path: Path) -> bytes:
    """Raises SourceInvalid."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise SourceInvalid(f"{path} has more than {MAX_BYTES // 1_000_000} MB: this is no file of questions.")
        return path.read_bytes()
    except FileNotFoundError as error:
        raise SourceInvalid(f"There is no file {path}.") from error
    except OSError as error:
        raise SourceInvalid(f"{path} cannot be read: {error.strerror}.") from error


def read_text(path: Path) -> str:
    """Raises SourceInvalid."""
    try:
        return read_bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise SourceInvalid(f"{path} cannot be read: it is not UTF-8 text.") from error
