"""A case goes to the end of a suite's cases, and everything else in the file stays as it was."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evals.cases.base import Case
from evals.cases.load import load_suite
from evals.errors import SuiteInvalid
from evals.lint import append
from evals.lint.append import append_case

NEW = Case.model_validate({"id": "new", "question": "How many?", "sql": "SELECT 1 AS n\n"})
ITEM = "  - id: new\n    question: How many?\n    sql: |\n      SELECT 1 AS n\n"
HEAD = "# a comment\nname: mine # another\ncases:\n"
OLD = "  - id: old # the oldest\n    question:   'Who?'\n    sql: |\n      SELECT 2\n      # no comment, but SQL\n"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (f"{HEAD}{OLD}", f"{HEAD}{OLD}\n{ITEM}"),
        (f"{HEAD}{OLD}".rstrip("\n"), f"{HEAD}{OLD}\n{ITEM}"),
        (f"{HEAD}{OLD}\n\n# the end\n", f"{HEAD}{OLD}\n{ITEM}\n\n# the end\n"),
        (f"cases:\n{OLD}\n# when\nas_of: '2026-06-30'\n", f"cases:\n{OLD}\n{ITEM}\n# when\nas_of: '2026-06-30'\n"),
        (f"---\n{HEAD}{OLD}...\n", f"---\n{HEAD}{OLD}\n{ITEM}...\n"),
        (f"\ufeff{HEAD}{OLD}", f"\ufeff{HEAD}{OLD}\n{ITEM}"),
        (f"{HEAD}{OLD}".replace("\n", "\r\n"), f"{HEAD}{OLD}\n{ITEM}".replace("\n", "\r\n")),
        (
            "cases:\n- {id: old, question: Who?, sql: SELECT 2}\n",
            "cases:\n- {id: old, question: Who?, sql: SELECT 2}\n\n"
            "- id: new\n  question: How many?\n  sql: |\n    SELECT 1 AS n\n",
        ),
    ],
)  # fmt: skip
def test_a_case_is_appended_and_nothing_else_changes(before: str, after: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_bytes(before.encode())
    line = append_case(path, NEW)
    assert path.read_bytes().decode() == after
    assert after.splitlines()[line - 1].lstrip(" -\ufeff") == "id: new"
    assert load_suite(path).cases[-1] == NEW
    assert [each.name for each in tmp_path.iterdir()] == ["suite.yaml"]


@pytest.mark.parametrize(
    ("before", "message"),
    [
        ("cases: [{id: old, question: Who?, sql: SELECT 2}]\n", "these cases stand in brackets"),
        ("cases:\n  - {id: new, question: Who?, sql: SELECT 2}\n", "the id “new” is used twice"),
        ("cases:\n  - {id: new, question: Who?}\n", "an answerable case needs “sql”"),
        ("{cases: [\n  {id: old, question: Who?, sql: SELECT 2}]}\n", "these cases stand in brackets"),
    ],
)
def test_a_file_that_cannot_take_it_stays_as_it_was(before: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(before, encoding="utf-8")
    with pytest.raises(SuiteInvalid, match=message):
        append_case(path, NEW)
    assert path.read_text(encoding="utf-8") == before


def test_what_cannot_be_written_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(f"{HEAD}{OLD}", encoding="utf-8")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(append.os, "fsync", full)
    with pytest.raises(SuiteInvalid, match="cannot be written: No space left on device"):
        append_case(path, NEW)
    assert path.read_text(encoding="utf-8") == f"{HEAD}{OLD}"
    assert [each.name for each in tmp_path.iterdir()] == ["suite.yaml"]


def test_a_link_stays_a_link_and_rights_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "suite.yaml", tmp_path / "link.yaml"
    path.write_text(f"{HEAD}{OLD}", encoding="utf-8")
    path.chmod(0o640)
    link.symlink_to(path)
    append_case(link, NEW)
    assert link.is_symlink() and len(load_suite(path).cases) == 2
    assert os.stat(path).st_mode & 0o777 == 0o640


def test_two_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(f"{HEAD}{OLD}", encoding="utf-8")
    cases = [NEW.model_copy(update={"id": f"new-{number}"}) for number in range(20)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda case: append_case(path, case), cases))
    assert {case.id for case in load_suite(path).cases} == {"old", *(case.id for case in cases)}


def test_it_can_be_appended_to_every_suite_of_the_repository(repository: Path, tmp_path: Path) -> None:
    for suite in (repository / "evals" / "suites").rglob("*.yaml"):
        path = tmp_path / suite.name
        path.write_bytes(suite.read_bytes())
        append_case(path, NEW)
        kept = path.read_text(encoding="utf-8")
        assert kept.replace(f"\n{ITEM}", "") == suite.read_text(encoding="utf-8")
