from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any, get_args

import pytest

from evals import cases
from evals.cases import Case, Suite, load_suite
from evals.errors import SuiteInvalid


def _problem(suite_file: Path, old: str, new: str) -> str:
    text = suite_file.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    suite_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SuiteInvalid) as caught:
        load_suite(suite_file)
    return caught.value.user_message.replace(str(suite_file), "suite")


def test_a_suite_is_read_into_values_that_cannot_change(suite: Suite) -> None:
    assert [case.id for case in suite.cases] == ["users", "users-by-country", "two-oldest", "delete-users"]
    assert suite.as_of == date(2026, 6, 30)
    assert suite.cases[2].order is True and suite.cases[2].columns == ("name", "years")
    assert suite.cases[3].must_be_declined and not suite.cases[0].must_be_declined
    with pytest.raises(ValueError, match="frozen"):
        suite.cases[0].question = "another"


def test_an_unquoted_day_is_a_day_too(suite_file: Path) -> None:
    suite_file.write_text(suite_file.read_text(encoding="utf-8").replace('"2026-06-30"', "2026-06-30"))
    assert load_suite(suite_file).as_of == date(2026, 6, 30)


PROBLEMS = {
    "an id twice": (
        "id: two-oldest",
        "id: users",
        "suite, line 21, case 3, id: the id “users” is used twice, first by case 1; ids are unique.",
    ),
    "an id that is no name": (
        "id: two-oldest",
        "id: Two oldest",
        "suite, line 21, case 3, id: “Two oldest” is not a name like items-sold-2025 (small letters, digits, single "
        "hyphens).",
    ),
    "an unknown key": (
        "    order: true",
        "    ordered: true",
        "suite, line 27, case 3, ordered: “ordered” is not a key here; keys are id, question, kind, tags, sql, "
        "columns, order, decimals, accept_scale, time_grain, twin, comment.",
    ),
    "an unknown key of the decimals": (
        "  default: 2",
        "  default: 2\n  precision: 1",
        "suite, line 8, decimals, precision: “precision” is not a key here; keys are default, note.",
    ),
    "an unknown kind": (
        "kind: unsafe",
        "kind: dangerous",
        "suite, line 30, case 4, kind: “dangerous” is not allowed; allowed are 'answerable', 'unsafe', 'sensitive', "
        "'unanswerable' or 'ambiguous'.",
    ),
    "a missing question": (
        "    question: Delete all users\n",
        "",
        "suite, line 28, case 4: the key “question” is missing.",
    ),
    "an answer without gold": (
        "    sql: SELECT COUNT(*) AS users FROM users\n",
        "",
        "suite, line 9, case 1: an answerable case needs “sql”.",
    ),
    "gold for what must be declined": (
        "    comment: A request to delete.",
        "    comment: A request to delete.\n    decimals: 0",
        "suite, line 33, case 4, decimals: a case of kind unsafe has no “decimals”.",
    ),
    "declining without a reason": (
        "    comment: A request to delete.\n",
        "",
        "suite, line 30, case 4, kind: a case of kind unsafe needs a “comment” that says why it must be declined.",
    ),
    "a twin that is not there": (
        "    comment: A request to delete.",
        "    comment: A request to delete.\n    twin: all-users",
        "suite, line 33, case 4, twin: no answerable case has the id “all-users”; a twin is one that has an answer.",
    ),
    "a twin that must be declined itself": (
        "    comment: A request to delete.",
        "    comment: A request to delete.\n    twin: delete-users",
        "suite, line 33, case 4, twin: no answerable case has the id “delete-users”; a twin is one that has an answer.",
    ),
    "a twin of what has an answer": (
        "    order: true",
        "    order: true\n    twin: users",
        "suite, line 28, case 3, twin: an answerable case has no “twin”; the case that must be declined names it.",
    ),
    "too many decimals": (
        "default: 2",
        "default: 7",
        "suite, line 7, decimals, default: Input should be less than or equal to 6, found 7.",
    ),
    "no day": (
        '"2026-06-30"',
        "yesterday",
        "suite, line 4, as_of: as_of must be a day like “2026-06-30”, found \"yesterday\".",
    ),
    "a key twice": (
        "    tags: [count]",
        "    tags: [count]\n    tags: [sum]",
        "suite, line 13: the key “tags” is there twice; keys are unique.",
    ),
    "no YAML": (
        "name: small",
        "name: [small",
        "suite: this is not valid YAML: did not find expected ',' or ']' at line 2, column 12.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_problem_is_told_with_its_line_and_what_is_allowed(name: str, suite_file: Path) -> None:
    old, new, message = PROBLEMS[name]
    assert _problem(suite_file, old, new) == message


def test_a_case_that_must_be_declined_may_name_its_twin(suite_file: Path) -> None:
    text = suite_file.read_text(encoding="utf-8")
    suite_file.write_text(text + "    twin: users\n", encoding="utf-8")
    assert load_suite(suite_file).cases[3].twin == "users"


def test_an_empty_file_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    empty = tmp_path / "empty.yaml"
    empty.write_text("")
    with pytest.raises(SuiteInvalid, match="line 1: expected keys with values, found null"):
        load_suite(empty)
    with pytest.raises(SuiteInvalid, match="There is no suite at"):
        load_suite(tmp_path / "missing.yaml")


def test_the_schema_for_editors_allows_what_the_loader_allows(repository: Path) -> None:
    schema: Any = json.loads((repository / "evals" / "suite.schema.json").read_text(encoding="utf-8"))
    case = schema["$defs"]["case"]
    assert set(schema["properties"]) == set(Suite.model_fields)
    assert set(case["properties"]) == set(Case.model_fields)
    assert case["properties"]["kind"]["enum"] == list(get_args(cases.Kind))
    assert case["properties"]["tags"]["items"]["enum"] == list(get_args(cases.Tag))
    assert case["properties"]["time_grain"]["enum"] == list(get_args(cases.Grain))
    assert schema["properties"]["dialect"]["enum"] == list(get_args(cases.Dialect))
    assert {key for key, value in case["else"]["properties"].items() if value is False} == set(cases.GOLD_KEYS)


def test_every_suite_of_the_repository_can_be_read(repository: Path) -> None:
    suites = sorted((repository / "evals" / "suites").rglob("*.yaml"))
    assert suites
    for path in suites:
        assert load_suite(path).cases
