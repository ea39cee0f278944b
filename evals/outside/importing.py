"""An outside suite → one suite file for each of its databases, with a drafted model and a policy beside it.

    OUT/concerts.yaml            the cases
    OUT/concerts/model.yaml      drafted from the database, to be read over
    OUT/concerts/policy.yaml     under which the golds may run

Databases stay where they are; suites name them by a path relative to themselves. Nothing is written before everything
was read and checked.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import evals
from evals.errors import SourceInvalid
from evals.outside.base import LeftOut, Outside, OutsideCase
from evals.outside.files import database_file
from evals.outside.golds import CheckedGolds, check_golds
from evals.outside.models import drafted
from evals.outside.suite_text import SuiteCase, SuiteHead, policy_text, suite_text
from nl2sql.errors import Nl2SqlError
from nl2sql.question import MAX_QUESTION_CHARS

_SCHEMA = Path(evals.__file__).with_name("suite.schema.json")
# Only these ask for an order of the rows; “the first” and “the most” ask for rows.
_ORDER_WORDS = re.compile(
    r"\b(order(ed)? by|in (the )?(\w+ )?order|order (of|from|them|it)|sort(ed|ing)?|ascending|descending"
    r"|alphabetical(ly)?"
    r"|chronological(ly)?|rank(ed|ing)? by|starting (from|with) the|from (the )?\w+est to( the)? \w+est"
    r"|from (high|low|most|least|old|new)\w* to \w+)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Choices:
    """`databases` None: where the format has them. `limit` None: all cases."""

    out: Path
    databases: Path | None = None
    as_of: date | None = None
    limit: int | None = None
    keep_broken: bool = False
    with_evidence: bool = False
    force: bool = False


@dataclass(frozen=True, slots=True)
class ImportedDatabase:
    """Counts of cases; `model_notes` are what the draft of the model asks a person to read over."""

    name: str
    suite: Path
    cases: int
    unanswerable: int
    left_out: int
    ordered: int
    model_notes: int


@dataclass(slots=True)
class ImportReport:
    """`golds_left_out` are accepted queries of cases that were imported with others."""

    databases: list[ImportedDatabase] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)
    golds_left_out: list[LeftOut] = field(default_factory=list)
    kept_broken: list[LeftOut] = field(default_factory=list)
    reads_the_clock: int = 0


@dataclass(frozen=True, slots=True)
class _Files:
    """Of one database, to be written."""

    texts: dict[Path, str]
    row: ImportedDatabase


def import_suite(outside: Outside, choices: Choices, done: Callable[[int], None] = lambda _: None) -> ImportReport:
    """Raises SourceInvalid when nothing can be imported, or something is there already."""
    report = ImportReport(left_out=list(outside.left_out))
    by_database: dict[str, list[OutsideCase]] = {}
    for case in outside.cases[: choices.limit]:
        by_database.setdefault(case.database, []).append(case)
    _refuse_overwriting(by_database, choices)
    made: list[_Files] = []
    count = 0
    for name, cases in by_database.items():
        files = _import_database(name, cases, outside, choices, report)
        made += [files] if files else []
        count += len(cases)
        done(count)
    if not made:
        raise SourceInvalid(_nothing(report), hint="Nothing was written.")
    for each in made:
        for path, text in each.texts.items():
            _write(path, text)
        report.databases.append(each.row)
    return report


def _import_database(
    name: str, cases: list[OutsideCase], outside: Outside, choices: Choices, report: ImportReport
) -> _Files | None:
    database = database_file(choices.databases or outside.databases, name)
    if isinstance(database, str):
        report.left_out += [LeftOut(case.id, name, database) for case in cases]
        return None
    try:
        model = drafted(database, name)
        checked = check_golds(cases, database, outside.dialect, choices.as_of)
    except Nl2SqlError as error:
        reason = f"its database {database} cannot be used: {error.user_message}"
        report.left_out += [LeftOut(case.id, name, reason) for case in cases]
        return None
    kept = list(_kept(checked, choices, report))
    if not kept:
        return None
    suite = choices.out / f"{name}.yaml"
    row = ImportedDatabase(
        name=name,
        suite=suite,
        cases=len(kept),
        unanswerable=sum(not each.case.is_answerable for each in kept),
        left_out=len(cases) - len(kept),
        ordered=sum(each.is_ordered for each in kept),
        model_notes=len(model.notes),
    )
    texts = {
        choices.out / name / "model.yaml": model.text,
        choices.out / name / "policy.yaml": policy_text(model.model),
        suite: suite_text(_head(name, database, outside, choices), kept),
    }
    return _Files(texts, row)


def _head(name: str, database: Path, outside: Outside, choices: Choices) -> SuiteHead:
    return SuiteHead(
        name=f"{outside.format}-{_name(name)}",
        description=f"Imported from {outside.format}; its model is a draft.",
        model=f"{name}/model.yaml",
        database=_relative(database, choices.out),
        dialect=outside.dialect,
        as_of=choices.as_of,
        schema=_relative(_SCHEMA, choices.out),
    )


def _kept(checked: list[CheckedGolds], choices: Choices, report: ImportReport) -> Iterator[SuiteCase]:
    for each in checked:
        case = each.case
        report.reads_the_clock += each.reads_the_clock
        broken = [LeftOut(case.id, case.database, reason) for _, reason in each.broken]
        if broken and not each.right and not choices.keep_broken:
            report.left_out.append(broken[0])
            continue
        question = f"{case.question} ({case.evidence})" if choices.with_evidence and case.evidence else case.question
        if len(question) > MAX_QUESTION_CHARS:
            reason = f"its question has more than {MAX_QUESTION_CHARS:,} characters"
            report.left_out.append(LeftOut(case.id, case.database, reason))
            continue
        if choices.keep_broken:
            report.kept_broken += broken
            golds = case.golds
        else:
            report.golds_left_out += broken
            golds = each.right
        yield SuiteCase(case, question, golds, each.is_ordered and _ORDER_WORDS.search(case.question) is not None)


def _refuse_overwriting(by_database: dict[str, list[OutsideCase]], choices: Choices) -> None:
    if choices.out.exists() and not choices.out.is_dir():
        raise SourceInvalid(f"{choices.out} is a file, not a folder.")
    paths = [choices.out / part for name in by_database for part in (f"{name}.yaml", f"{name}/model.yaml")]
    there = [path for path in paths if path.exists()]
    if there and not choices.force:
        more = f" and {len(there) - 1} more" if len(there) > 1 else ""
        raise SourceInvalid(f"{there[0]}{more} is there already.", hint="--force replaces it, edits of yours with it.")


def _nothing(report: ImportReport) -> str:
    if not report.left_out:
        return "The source holds no questions."
    first = report.left_out[0]
    return f"Of {len(report.left_out):,} cases none can be imported. {first.case}: {first.reason}."


def _name(database: str) -> str:
    return re.sub(r"[^A-Za-z0-9]+", "-", database).strip("-").lower() or "database"


def _relative(path: Path, folder: Path) -> str:
    return Path(os.path.relpath(path.resolve(), folder.resolve())).as_posix()


def _write(path: Path, text: str) -> None:
    """Whole or not at all. Raises SourceInvalid."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        new.write_text(text, encoding="utf-8")
        new.replace(path)
    except OSError as error:
        new.unlink(missing_ok=True)
        raise SourceInvalid(f"{path} cannot be written: {error.strerror}.") from error
