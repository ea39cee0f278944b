"""docs/evals-cases.md says what is there: its examples load and are sound, its tables are complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from evals.cases.base import Case, Suite
from evals.cases.load import load_suite
from evals.cases.source import Source
from evals.lint.run import lint

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "evals-cases.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("number", range(len(EXAMPLES)))
def test_an_example_is_a_suite_without_a_mistake(number: int, tmp_path: Path) -> None:
    path = tmp_path / "example.yaml"
    path.write_text(EXAMPLES[number], encoding="utf-8")
    found = lint(Source(path)).findings
    assert [each.problem.message for each in found if each.problem.level == "error"] == []


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


def test_every_key_of_a_case_has_its_row() -> None:
    table = PAGE.split("## Keys of a case")[1].split("## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE) == list(Case.model_fields)


def test_every_key_of_a_suite_is_named() -> None:
    text = PAGE.split("## Keys of the suite")[1].split("## ")[0]
    assert set(Suite.model_fields) - {"path", "fingerprint"} <= set(re.findall(r"`(\w+)`", text))


def test_every_code_of_lint_is_explained() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "evals" / "lint").glob("*.py"))
    there = set(re.findall(r'(?:error|warning)\)?\(\s*"(\w+)"', code))
    table = PAGE.split("## Mistakes")[1].split("## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == there


def test_the_suites_have_as_many_cases_as_the_page_says() -> None:
    told = re.findall(r"^\| `(\w+\.yaml)` \| (\d+) \|", PAGE, re.MULTILINE)
    folder = ROOT / "evals" / "suites" / "auction"
    assert {name for name, _ in told} == {path.name for path in folder.glob("*.yaml")}
    assert [(name, len(load_suite(folder / name).cases)) for name, _ in told] == [(n, int(c)) for n, c in told]
