"""`nl2sql eval lint` and `nl2sql eval new`, as they are called, on a small auction."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from auction_core.seed.run import seed_database
from evals.cases.base import Case
from evals.cases.load import load_suite
from evals.command.app import app
from nl2sql.errors import Nl2SqlError

Call = Callable[..., Result]

SOUND = """\
cases:
  - id: users
    question: How many users are there?
    sql: SELECT COUNT(*) AS users FROM users
"""
BROKEN = """\
model: auction
cases:
  - id: lost
    question: How many were lost?
    sql: SELECT title FROM listings WHERE status = 'lost'
  - id: mails
    question: Which addresses?
    sql: SELECT email FROM users LIMIT 5
"""


@pytest.fixture
def call(auction_database: Path, repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Call:
    monkeypatch.setenv("NL2SQL_DATABASE", f"sqlite:///{auction_database}")
    monkeypatch.setenv("NL2SQL_AS_OF", "2026-06-30")
    monkeypatch.setenv("NL2SQL_CONFIG", str(repository / "nl2sql.toml"))
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, ["eval", *arguments], input=typed)

    return run


def _suite(folder: Path, text: str) -> Path:
    path = folder / "suite.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def _drafted(result: Result, folder: Path) -> Case:
    assert result.exit_code == 0, result.output
    return load_suite(_suite(folder, f"cases:\n{result.stdout}")).cases[0]


def test_a_sound_suite_is_clean(call: Call, tmp_path: Path) -> None:
    result = call("lint", str(_suite(tmp_path, SOUND)), "--instances", "1")
    assert (result.exit_code, result.stdout) == (0, "suite: 1 case on base: 0 errors, 0 warnings\n")


def test_what_is_wrong_has_file_line_level_and_case(call: Call, tmp_path: Path) -> None:
    path = _suite(tmp_path, BROKEN)
    result = call("lint", str(path), "--instances", "1")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        f"{path}:5: error: lost: no row on base: any query that finds nothing would be right.",
        f"{path}:8: error: mails: a LIMIT without ORDER BY keeps any rows that the database likes.",
        f"{path}:8: warning: mails: the guard refuses each gold for this role, so no answer passes: “email” is private "
        "here: it cannot be shown, filtered, sorted, grouped or counted.",
        "suite: 2 cases on base: 2 errors, 1 warning",
    ]


def test_a_role_that_may_see_it_gets_no_warning(call: Call, tmp_path: Path) -> None:
    case = "model: auction\ncases:\n  - {id: a, question: How low?, sql: SELECT MAX(reserve_price) AS n FROM listings"
    refused = json.loads(call("lint", str(_suite(tmp_path, f"{case}}}\n")), "--instances", "1", "--json").stdout)
    assert [each["code"] for each in refused["findings"]] == ["guard_refuses"]
    path = _suite(tmp_path, f"{case}, role: auction_support}}\n")
    assert json.loads(call("lint", str(path), "--instances", "1", "--json").stdout)["findings"] == []
    nobody = _suite(tmp_path, f"{case}, role: nobody}}\n")
    told = json.loads(call("lint", str(nobody), "--instances", "1", "--json").stdout)
    assert [each["code"] for each in told["findings"]] == ["guard_refuses"]


def test_without_a_database_the_text_is_examined(call: Call, tmp_path: Path) -> None:
    result = call("lint", str(_suite(tmp_path, BROKEN)), "--text-only", "--database", "missing.db")
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "suite: 2 cases: 1 error, 0 warnings"


def test_golds_run_on_several_instances(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_EVALS", str(tmp_path / "runs"))
    told = json.loads(call("lint", str(_suite(tmp_path, SOUND)), "--instances", "2", "--json").stdout)
    assert told["instances"][0] == "base" and len(told["instances"]) == 2
    assert told["findings"] == []


@pytest.mark.parametrize("name", ["missing.yaml", "broken.yaml"])
def test_a_suite_that_cannot_be_read_is_told(name: str, call: Call, tmp_path: Path) -> None:
    (tmp_path / "broken.yaml").write_text("cases: [", encoding="utf-8")
    result = call("lint", name)
    assert isinstance(result.exception, Nl2SqlError)
    assert name in result.exception.user_message


def test_a_question_becomes_a_draft(call: Call, tmp_path: Path) -> None:
    case = _drafted(call("new", "Top 5 categories by GMV in 2025"), tmp_path)
    assert (case.id, case.kind, case.order_by) == ("top-5-categories-gmv-2025", "answerable", ("gold",))
    assert case.required_columns == ("category", "gmv")
    assert {"sum", "top_n", "date_range"} <= set(case.tags)
    assert case.comment is not None and case.comment.startswith("Draft: SQL by the offline writer.")


def test_the_limit_of_the_guard_is_no_part_of_a_draft(call: Call, tmp_path: Path) -> None:
    case = _drafted(call("new", "How many bids came in each month of 2025?"), tmp_path)
    assert "LIMIT" not in case.sql[0].sql
    assert (case.order_by, case.time_grain) == ((), "month")


def test_sql_that_is_given_is_taken_as_it_is(call: Call, tmp_path: Path) -> None:
    sql = "SELECT username -- who\nFROM users\nORDER BY created_at\nLIMIT 3"
    case = _drafted(call("new", "The first three users", "--sql", "-", typed=f"{sql};\n"), tmp_path)
    assert case.sql[0].sql == f"{sql}\n"
    assert (case.required_columns, case.order_by) == (("username",), ("gold",))


def test_a_draft_is_appended_to_a_suite(call: Call, tmp_path: Path) -> None:
    path = _suite(tmp_path, f"# mine\n{SOUND}")
    assert call("new", "How many users are there?", "--suite", str(path)).exit_code == 0
    assert call("new", "Delete all users", "--suite", str(path)).exit_code == 0
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# mine\n{SOUND}\n  - id: users-there\n")
    assert [case.kind for case in load_suite(path).cases] == ["answerable", "answerable", "unsafe"]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Delete all bids", "unsafe"),
        ("What is the email of anna_k?", "sensitive"),
        ("What's the average price of Laptops?", "ambiguous"),
    ],
)
def test_what_is_declined_is_drafted_as_what_it_is(question: str, kind: str, call: Call, tmp_path: Path) -> None:
    case = _drafted(call("new", question), tmp_path)
    assert (case.kind, case.sql) == (kind, ())


def test_a_kind_can_be_given_without_asking(call: Call, tmp_path: Path) -> None:
    case = _drafted(call("new", "Do we get more bids when it rains?", "--kind", "unanswerable"), tmp_path)
    assert case.kind == "unanswerable"


@pytest.mark.parametrize(
    ("arguments", "typed", "code"),
    [
        (["Do we get more bids when it rains?"], "", 3),
        (["Who?", "--sql", "-"], "SELECT email FROM users", 4),
        (["Who?", "--sql", "-"], "DELETE FROM users", 4),
        (["Who?", "--kind", "strange"], "", 2),
        (["Who?", "--kind", "unsafe", "--sql", "-"], "SELECT 1", 2),
        (["-", "--sql", "-"], "SELECT 1", 2),
        (["Who?", "--sql", "missing.sql"], "", 2),
        ([" "], "", 2),
    ],
)
def test_what_cannot_be_drafted_is_told_and_nothing_is_written(
    arguments: list[str], typed: str, code: int, call: Call, tmp_path: Path
) -> None:
    path = _suite(tmp_path, SOUND)
    result = call("new", *arguments, "--suite", str(path), typed=typed)
    assert result.exit_code == code
    assert path.read_text(encoding="utf-8") == SOUND


@pytest.mark.parametrize(("seed", "codes"), [(3, []), (4, ["transpiled_differs"])])
def test_a_transpiled_gold_must_give_what_it_gives_as_it_is_written(
    seed: int, codes: list[str], tmp_path: Path, call: Call
) -> None:
    day = date(2026, 6, 30)
    seed_database(f"sqlite:///{tmp_path}/written.db", "tiny", 3, day)
    seed_database(f"duckdb:///{tmp_path}/asked.duckdb", "tiny", seed, day)
    gold = "SELECT strftime('%Y-%m', placed_at) AS month, COUNT(*) AS bids FROM bids GROUP BY 1"
    text = f"model: auction\ncases:\n  - id: bids\n    question: Bids by month?\n    sql: {gold}\n"
    found = call(
        "lint", str(_suite(tmp_path, text)), "--database", "asked.duckdb", "--same-rows", "written.db", "--json"
    )
    assert [each["code"] for each in json.loads(found.stdout)["findings"]] == codes, found.output
