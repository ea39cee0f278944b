from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from evals.cases.base import Case, Suite
from evals.cases.load import load_suite
from evals.errors import SuiteInvalid


def _suite(tmp_path: Path, text: str, name: str = "mine.yaml") -> Suite:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return load_suite(path)


def _case(tmp_path: Path, keys: str) -> Case:
    return _suite(tmp_path, f"cases:\n  - id: one\n    question: How many?\n{keys}").cases[0]


def _problem(suite_file: Path, old: str, new: str) -> str:
    text = suite_file.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    suite_file.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SuiteInvalid) as caught:
        load_suite(suite_file)
    return caught.value.user_message.replace(str(suite_file), "suite")


def test_a_suite_is_read_into_values_that_cannot_change(suite: Suite, suite_file: Path) -> None:
    assert [case.id for case in suite.cases] == ["users", "users-by-country", "two-oldest", "delete-users"]
    assert suite.as_of == date(2026, 6, 30) and suite.decimals == 2
    assert suite.cases[2].order_by == ("gold",) and suite.cases[2].required_columns == ("name", "years")
    assert suite.cases[3].must_be_declined and not suite.cases[0].must_be_declined
    assert suite.path == suite_file and len(suite.fingerprint) == 64
    with pytest.raises(ValueError, match="frozen"):
        suite.cases[0].question = "another"


def test_a_list_of_questions_with_sql_is_a_suite(tmp_path: Path) -> None:
    text = "cases:\n- {id: 17, question: How many?, sql: SELECT 1}\n"
    suite = _suite(tmp_path, text, "Hold-out of May (2).yaml")
    assert (suite.name, suite.model, suite.as_of, suite.decimals) == ("hold-out-of-may-2", None, None, None)
    case = suite.cases[0]
    assert (case.id, case.kind, case.tags, case.sql[0].sql) == ("17", "answerable", (), "SELECT 1")
    assert (case.required_columns, case.order_by, case.rows, case.ties) == ((), (), "bag", "any")


def test_the_former_spelling_is_read(tmp_path: Path) -> None:
    text = """\
decimals: {default: 3, note: Ratios.}
cases:
  - id: one
    question: How many?
    tags: [made-up]
    sql: SELECT 1 AS n ORDER BY 1
    columns: [n]
    order: true
"""
    suite = _suite(tmp_path, text)
    assert suite.decimals == 3
    assert (suite.cases[0].required_columns, suite.cases[0].order_by) == (("n",), ("gold",))


@pytest.mark.parametrize(
    ("written", "texts", "dialects"),
    [
        ("SELECT 1", ["SELECT 1"], [None]),
        ("[SELECT 1, SELECT 2]", ["SELECT 1", "SELECT 2"], [None, None]),
        ("{sqlite: SELECT 1, postgres: [SELECT 2, SELECT 3]}",
         ["SELECT 1", "SELECT 2", "SELECT 3"], ["sqlite", "postgres", "postgres"]),
        ("{sql: SELECT 1, dialect: mysql}", ["SELECT 1"], ["mysql"]),
        ("[SELECT 1, {sql: SELECT 2, required_columns: n}]", ["SELECT 1", "SELECT 2"], [None, None]),
    ],
)  # fmt: skip
def test_sql_is_one_several_or_by_dialect(
    written: str, texts: list[str], dialects: list[str | None], tmp_path: Path
) -> None:
    golds = _case(tmp_path, f"    sql: {written}\n").sql
    assert [gold.sql for gold in golds] == texts
    assert [gold.dialect for gold in golds] == dialects


def test_a_gold_may_have_required_columns_of_its_own(tmp_path: Path) -> None:
    case = _case(tmp_path, "    sql: [SELECT 1, {sql: SELECT 2, required_columns: n}]\n")
    assert [gold.required_columns for gold in case.sql] == [(), ("n",)]


def test_one_thing_may_stand_where_a_list_may(tmp_path: Path) -> None:
    keys = ("sql: SELECT 1 AS n", "tags: count", "required_columns: n", "turns: How many?", "accept_scale: 100")
    case = _case(tmp_path, "".join(f"    {key}\n" for key in keys))
    assert (case.tags, case.required_columns, case.turns, case.accept_scale) == (
        ("count",),
        ("n",),
        ("How many?",),
        (100.0,),
    )


def test_a_key_without_a_value_is_not_given(tmp_path: Path) -> None:
    assert _case(tmp_path, "    kind: unsafe\n    sql:\n    columns: []\n    order_by:\n    tags:\n").sql == ()


def test_an_unquoted_day_is_a_day_too(suite_file: Path) -> None:
    suite_file.write_text(suite_file.read_text(encoding="utf-8").replace('"2026-06-30"', "2026-06-30"))
    assert load_suite(suite_file).as_of == date(2026, 6, 30)


CASE_KEYS = ", ".join(Case.model_fields)
PROBLEMS = {
    "an id twice": (
        "id: two-oldest",
        "id: users",
        "suite, line 18, case 3, id: the id “users” is used twice, first by case 1; ids are unique.",
    ),
    "an id that is no name": (
        "id: two-oldest",
        "id: Two oldest",
        "suite, line 18, case 3, id: “Two oldest” is not a name like items-sold-2025 (letters, digits, single - _ . "
        "between).",
    ),
    "an unknown key": (
        "    order_by: gold",
        "    ordered: true",
        f"suite, line 23, case 3, ordered: “ordered” is not a key here; keys are {CASE_KEYS}.",
    ),
    "a key with a slip": (
        "    order_by: gold",
        "    oder_by: gold",
        "suite, line 23, case 3, oder_by: “oder_by” is not a key here; did you mean “order_by”?",
    ),
    "an unknown key of the suite": (
        "dialect: sqlite",
        "engine: sqlite",
        "suite, line 5, engine: “engine” is not a key here; keys are name, description, model, database, as_of, "
        "dialect, decimals, role, attributes, cases.",
    ),
    "an unknown key of a gold": (
        "sql: SELECT COUNT(*) AS users FROM users",
        "sql: [{sql: SELECT 1, columns: n}]",
        "suite, line 11, case 1, sql 1, columns: “columns” is not a key here; keys are sql, dialect, "
        "required_columns.",
    ),
    "what no file can say": (
        "dialect: sqlite",
        "fingerprint: abc",
        "suite, line 5, fingerprint: “fingerprint” is not a key here; keys are name, description, model, database, "
        "as_of, dialect, decimals, role, attributes, cases.",
    ),
    "both spellings": (
        "    required_columns: [users]",
        "    required_columns: [users]\n    columns: [users]",
        "suite, line 13, case 1, columns: “columns” is the former name of “required_columns”, and both are given; "
        "keep one of them.",
    ),
    "an unknown key of the decimals": (
        "decimals: 2",
        "decimals: {default: 2, precision: 1}",
        "suite, line 6, decimals: decimals must be a number, or have the keys default and note, found keys with "
        "values.",
    ),
    "an unknown kind": (
        "kind: unsafe",
        "kind: dangerous",
        "suite, line 26, case 4, kind: “dangerous” is not allowed; allowed are 'answerable', 'ambiguous', "
        "'unanswerable', 'unsafe' or 'sensitive'.",
    ),
    "an unknown dialect of a gold": (
        "sql: SELECT COUNT(*) AS users FROM users",
        "sql: {oracle: SELECT 1}",
        "suite, line 11, case 1, sql: “oracle” is not allowed; allowed are 'sqlite', 'mysql', 'postgres', 'duckdb' or "
        "'bigquery'.",
    ),
    "a missing question": (
        "    question: Delete all users\n",
        "",
        "suite, line 24, case 4: the key “question” is missing.",
    ),
    "an answer without gold": (
        "    sql: SELECT COUNT(*) AS users FROM users\n",
        "",
        "suite, line 8, case 1: an answerable case needs “sql”.",
    ),
    "gold for what must be declined": (
        "    comment: A request to delete.",
        "    comment: A request to delete.\n    decimals: 0",
        "suite, line 29, case 4, decimals: a case of kind unsafe has no “decimals”.",
    ),
    "an order for what must be declined, in the former spelling": (
        "    comment: A request to delete.",
        "    comment: A request to delete.\n    order: true",
        "suite, line 29, case 4, order: a case of kind unsafe has no “order”.",
    ),
    "a twin that is not there": (
        "    comment: A request to delete.",
        "    comment: A request to delete.\n    twin: all-users",
        "suite, line 29, case 4, twin: no answerable case has the id “all-users”; a twin is one that has an answer.",
    ),
    "a twin that must be declined itself": (
        "    comment: A request to delete.",
        "    comment: A request to delete.\n    twin: delete-users",
        "suite, line 29, case 4, twin: no answerable case has the id “delete-users”; a twin is one that has an answer.",
    ),
    "a twin of what has an answer": (
        "    order_by: gold",
        "    order_by: gold\n    twin: users",
        "suite, line 24, case 3, twin: an answerable case has no “twin”; the case that must be declined names it.",
    ),
    "a family of two kinds": (
        "    comment: A request to delete.\n",
        "    family: f\n  - {id: last, question: Who?, sql: SELECT 1, family: f}\n",
        "suite, line 29, case 5, family: the family “f” is of kind unsafe (delete-users), this case of kind "
        "answerable.",
    ),
    "an empty turn": (
        "    tags: [count]",
        "    turns: ['']",
        "suite, line 10, case 1, turns 1: there is no text here.",
    ),
    "a blank question": (
        "question: How many users are there?",
        "question: '  '",
        "suite, line 9, case 1, question: there is no text here.",
    ),
    "a word that YAML reads as a truth value": (
        "    tags: [count]",
        "    attributes: {country: NO}",
        "suite, line 10, case 1, attributes, country: expected text, found false: YAML reads yes, no, on and off as "
        "that; quote the word.",
    ),
    "text where there is a switch": (
        "    tags: [count]",
        "    must_pass: 'yes'",
        "suite, line 10, case 1, must_pass: Input should be a valid boolean, found \"yes\".",
    ),
    "a column twice": (
        "[country, users]",
        "[country, country]",
        "suite, line 17, case 2, required_columns: “required_columns” names something twice.",
    ),
    "too many decimals": (
        "decimals: 2",
        "decimals: 13",
        "suite, line 6, decimals: Input should be less than or equal to 12, found 13.",
    ),
    "no day": (
        '"2026-06-30"',
        "yesterday",
        "suite, line 4, as_of: as_of must be a day like “2026-06-30”, found \"yesterday\".",
    ),
    "a day of no calendar here": (
        '"2026-06-30"',
        "0026-06-30",
        "suite, line 4, as_of: as_of must lie between 1900-01-01 and 2200-12-31, found \"0026-06-30\".",
    ),
    "a key twice": (
        "    tags: [count]",
        "    tags: [count]\n    tags: [sum]",
        "suite, line 11: the key “tags” is there twice; keys are unique.",
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


def test_five_problems_are_told_and_no_more(tmp_path: Path) -> None:
    with pytest.raises(SuiteInvalid) as caught:
        _suite(tmp_path, "cases: [" + "{question: ''}, " * 9 + "]")
    assert len(caught.value.user_message.splitlines()) == 5


def test_a_case_that_must_be_declined_may_name_its_twin(suite_file: Path) -> None:
    text = suite_file.read_text(encoding="utf-8")
    suite_file.write_text(text + "    twin: users\n", encoding="utf-8")
    assert load_suite(suite_file).cases[3].twin == "users"


def test_an_empty_file_and_a_missing_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(SuiteInvalid, match="line 1: expected keys with values, found nothing"):
        _suite(tmp_path, "")
    with pytest.raises(SuiteInvalid, match="There is no suite at"):
        load_suite(tmp_path / "missing.yaml")


def test_every_suite_of_the_repository_can_be_read(repository: Path) -> None:
    suites = sorted((repository / "evals" / "suites").rglob("*.yaml"))
    assert suites
    for path in suites:
        assert load_suite(path).cases
