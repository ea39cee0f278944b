"""Statement corpora: JSONL files of statements, the package's own among them, and what the guard says to each.

A line is an object with `id` and `sql`. `dialect`, `category` and `expect` ("refused" or "accepted") are optional.
Other keys and blank lines are passed over. Each of the package's files, under data/corpus, expects one verdict.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.resources import as_file, files
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import SettingsInvalid
from nl2sql.guard.check import check
from nl2sql.guard.checked import CheckedSql
from nl2sql.guard.policy import Policy
from nl2sql.guard.violation import Violations
from nl2sql.writers.base import Origin, SqlDraft

Verdict = Literal["accepted", "refused"]

# The package's own files and the verdict that every statement in them must get.
PACKAGE_FILES: Final[Mapping[str, Verdict]] = MappingProxyType(
    {"attacks": "refused", "benign": "accepted", "row_filters": "accepted"}
)
# A statement for MySQL is one for MariaDB too; not the other way round.
_ALSO_READS: Final[Mapping[str, str]] = MappingProxyType({"mariadb": "mysql"})
_MAX_LINE_BYTES: Final = 16_000_000  # the guard refuses far shorter ones; this only bounds what is held at once
_MAX_ID_CHARS: Final = 200


@dataclass(frozen=True, slots=True)
class CorpusLine:
    """`place` is "file, line 3", for messages; `dialect` and `expect` are empty where the line has none."""

    id: str
    sql: str
    dialect: str = ""
    category: str = "uncategorised"
    expect: Verdict | Literal[""] = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class CorpusResult:
    """The verdict on one line. `code` and `reason` are those of the first violation, empty where there is none."""

    line: CorpusLine
    checked: CheckedSql | None
    code: str = ""
    reason: str = ""

    @property
    def verdict(self) -> Verdict:
        return "refused" if self.checked is None else "accepted"

    @property
    def unexpected(self) -> bool:
        return self.line.expect not in ("", self.verdict)

    @property
    def shape(self) -> dict[str, Any]:
        """For JSON: `sql` is what would be executed, `canonical` how people see it; both null when refused."""
        return {
            "id": self.line.id,
            "verdict": self.verdict,
            "code": self.code,
            "reason": self.reason,
            "sql": None if self.checked is None else self.checked.executed_shown,
            "canonical": None if self.checked is None else self.checked.sql,
            "dialect": self.line.dialect,
            "category": self.line.category,
            "expect": self.line.expect,
        }


@dataclass(slots=True)
class Counts:
    """How many statements there were, and how they were judged. What expects nothing is in neither of the last two."""

    statements: int = 0
    refused: int = 0
    accepted: int = 0
    as_expected: int = 0
    unexpected: int = 0

    def add(self, result: CorpusResult) -> None:
        self.statements += 1
        self.refused += result.verdict == "refused"
        self.accepted += result.verdict == "accepted"
        self.as_expected += result.line.expect == result.verdict
        self.unexpected += result.unexpected


def read_corpus(path: Path | str, *, expect: Verdict | Literal[""] = "") -> list[CorpusLine]:
    """All lines of one file, in order; `expect` holds where a line says nothing else.

    Raises SettingsInvalid, naming the file and the line: no file, not UTF-8, not JSON, not an object, a key missing or
    of another kind, an id twice, no statement at all.
    """
    lines: list[CorpusLine] = []
    seen: dict[str, int] = {}
    for number, raw in _raw_lines(Path(path)):
        if not raw.strip():
            continue
        place = f"{path}, line {number}"
        line = _line(raw, place, expect)
        if line.id in seen:
            raise SettingsInvalid(f"{place}: the id “{line.id}” is already that of line {seen[line.id]}.")
        seen[line.id] = number
        lines.append(line)
    if not lines:
        raise SettingsInvalid(f"{path} holds no statements.")
    return lines


def package_corpus(name: str) -> list[CorpusLine]:
    """One of PACKAGE_FILES, with the verdict it expects."""
    with as_file(files("nl2sql.guard").joinpath(f"data/corpus/{name}.jsonl")) as path:
        return read_corpus(path, expect=PACKAGE_FILES[name])


def whole_package_corpus() -> list[CorpusLine]:
    return [line for name in PACKAGE_FILES for line in package_corpus(name)]


def for_dialect(lines: Iterable[CorpusLine], dialect: str) -> list[CorpusLine]:
    """The lines that are of `dialect`, of one it reads too, or of none; all as lines of `dialect`."""
    taken = ("", dialect, _ALSO_READS.get(dialect, dialect))
    return [replace(line, dialect=dialect) for line in lines if line.dialect in taken]


def all_have_a_dialect(lines: Iterable[CorpusLine]) -> None:
    """Raises SettingsInvalid for the first line without one."""
    for line in lines:
        if not line.dialect:
            raise SettingsInvalid(f"{line.place}: the line names no dialect.", hint="Give one for all by --dialect.")


def verdict_on(sql: str, model: SemanticModel, policy: Policy, dialect: str) -> CheckedSql | Violations:
    """What the guard says to a statement that somebody typed."""
    return check(SqlDraft(sql, Origin("sql")), model, policy, dialect)


def judge(
    lines: Sequence[CorpusLine],
    model: SemanticModel,
    policy: Policy,
    progress: Callable[[int], None] = lambda done: None,
) -> list[CorpusResult]:
    """In the order of `lines`; `progress` is told how many are done after each."""
    results = []
    for done, line in enumerate(lines, 1):
        results.append(_judged(line, model, policy))
        progress(done)
    return results


def _judged(line: CorpusLine, model: SemanticModel, policy: Policy) -> CorpusResult:
    verdict = verdict_on(line.sql, model, policy, line.dialect)
    if isinstance(verdict, Violations):
        return CorpusResult(line, None, verdict.items[0].code, verdict.items[0].message)
    return CorpusResult(line, verdict)


def counts_by(results: Iterable[CorpusResult], key: Callable[[CorpusLine], str]) -> dict[str, Counts]:
    """In the order in which the keys appear."""
    counts: dict[str, Counts] = {}
    for result in results:
        counts.setdefault(key(result.line), Counts()).add(result)
    return counts


def _raw_lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            number = 0
            while raw := file.readline(_MAX_LINE_BYTES + 1):
                number += 1
                if len(raw) > _MAX_LINE_BYTES:
                    problem = f"the line is longer than {_MAX_LINE_BYTES // 1_000_000} MB."
                    raise SettingsInvalid(f"{path}, line {number}: {problem}")
                yield number, raw.removeprefix(b"\xef\xbb\xbf") if number == 1 else raw
    except IsADirectoryError:
        raise SettingsInvalid(f"{path} is a folder; a corpus is a JSONL file.") from None
    except FileNotFoundError:
        raise SettingsInvalid(f"The corpus {path} does not exist.") from None
    except (OSError, ValueError) as error:  # a ValueError for a NUL in the name
        raise SettingsInvalid(f"The corpus {path} cannot be read.") from error


def _line(raw: bytes, place: str, expect: Verdict | Literal[""]) -> CorpusLine:
    values = _object(raw, place)
    wanted = values.get("expect") or expect
    if wanted not in ("", "refused", "accepted"):
        raise SettingsInvalid(f"{place}: “expect” must be refused or accepted.")
    return CorpusLine(
        id=_identifier(values, place),
        sql=_text(values, "sql", place, required=True),
        dialect=_text(values, "dialect", place),
        category=_text(values, "category", place) or "uncategorised",
        expect=wanted,
        place=place,
    )


def _object(raw: bytes, place: str) -> dict[str, Any]:
    try:
        values = json.loads(raw.decode("utf-8"))
    except UnicodeDecodeError:
        raise SettingsInvalid(f"{place}: this is not text in UTF-8.") from None
    except (ValueError, RecursionError):  # a ValueError also for a number of thousands of digits
        raise SettingsInvalid(f"{place}: this is not valid JSON.") from None
    if not isinstance(values, dict):
        raise SettingsInvalid(f"{place}: a line must be an object with “id” and “sql”.")
    return values


def _identifier(values: Mapping[str, Any], place: str) -> str:
    value = values.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value or len(value) > _MAX_ID_CHARS:
        raise SettingsInvalid(f"{place}: “id” must be a text of 1 to {_MAX_ID_CHARS} characters.")
    return value


def _text(values: Mapping[str, Any], key: str, place: str, *, required: bool = False) -> str:
    value = values.get(key)
    if value is None and not required:
        return ""
    if not isinstance(value, str):
        raise SettingsInvalid(f"{place}: “{key}” must be a text.")
    return value
