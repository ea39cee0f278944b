"""`nl2sql verify` on a copy of the auction's model."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from nl2sql.cli import run

Command = Callable[..., "Ended"]
QUESTION = "How many watched listings are still active?"
SQL = (
    "SELECT COUNT(*) AS watched FROM watchlist AS w JOIN listings AS l ON l.id = w.listing_id WHERE l.status = 'active'"
)
BY = ("--by", "auction_core maintainers")


@pytest.fixture
def home(repository: Path, auction_database: Path, tmp_path: Path) -> Path:
    shutil.copytree(repository / "schema", tmp_path / "schema")
    settings = {
        "database": f"sqlite:///{auction_database}",
        "as_of": "2026-06-30",
        "cache": "cache",
        "ledger": f"sqlite:///{tmp_path}/ledger.db",
    }
    (tmp_path / "nl2sql.toml").write_text("".join(f'{name} = "{value}"\n' for name, value in settings.items()))
    (tmp_path / "q.sql").write_text(SQL + ";\n")
    return tmp_path


@dataclass(frozen=True)
class Ended:
    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def nl2sql(home: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """In this process: starting one for each of so many commands would take most of the time."""
    monkeypatch.delenv("NL2SQL_LEDGER")
    monkeypatch.chdir(home)

    def ended(*arguments: str, **more: str) -> Ended:
        with monkeypatch.context() as patch:
            for name, value in more.items():
                patch.setenv(name, value)
            code = run(list(arguments))
        sys.stdout.flush()
        sys.stderr.flush()
        told = capfdbinary.readouterr()
        return Ended(code, told.out.decode(), told.err.decode())

    return ended


def test_the_list_names_each_query_without_a_database(nl2sql: Command) -> None:
    result = nl2sql("verify", "list", NL2SQL_DATABASE="sqlite:///nowhere.db")
    assert result.returncode == 0, result.stderr
    assert "Top {n} sellers by GMV in {period}" in result.stdout
    listed = json.loads(nl2sql("verify", "list", "--json").stdout)
    (top,) = [each for each in listed if each["id"] == "top-sellers-by-gmv"]
    assert (top["verified_by"], top["verified_at"], top["onboarding"]) == (
        "auction_core maintainers",
        "2026-06-30",
        True,
    )
    assert top["parameters"]["n"]["default"] == "10"


def test_a_run_tells_rows_and_time_of_each(nl2sql: Command) -> None:
    result = nl2sql("verify", "run")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "top-sellers-by-gmv  10 rows" in result.stdout
    assert result.stdout.endswith("12 run, 0 failed\n")
    (one,) = json.loads(nl2sql("verify", "run", "top-sellers-by-gmv", "--json").stdout)
    assert (one["ok"], one["rows"], one["problem"]) == (True, 10, "")


def test_a_run_says_which_query_failed_and_why(nl2sql: Command, home: Path) -> None:
    folder = home / "schema" / "auction" / "verified"
    text = (folder / "best-rated-sellers.yaml").read_text()
    (folder / "best-rated-sellers.yaml").write_text(text.replace("u.username AS seller", "u.email AS seller"))
    result = nl2sql("verify", "run")
    assert result.returncode == 4
    assert "FAIL  best-rated-sellers  “email” is private" in result.stdout
    assert "12 run, 1 failed" in result.stdout


def test_a_query_that_is_not_there_and_a_broken_file_are_told(nl2sql: Command, home: Path) -> None:
    result = nl2sql("verify", "run", "nothing")
    assert (result.returncode, "There is no verified query “nothing”" in result.stderr) == (2, True)
    (home / "schema" / "auction" / "verified" / "broken.yaml").write_text("id: broken\n")
    for arguments in (["verify", "list"], ["verify", "run"], ["ask", "bids per month"]):
        result = nl2sql(*arguments)
        assert result.returncode == 2
        assert "broken.yaml, line 1" in result.stderr and "Traceback" not in result.stderr


def test_a_query_from_a_file_is_added_once_and_then_answers(nl2sql: Command, home: Path) -> None:
    result = nl2sql("verify", "add", QUESTION, "--sql", "q.sql", *BY, "--guidance", "Of today: the state now.")
    assert result.returncode == 0, result.stderr
    file = home / "schema" / "auction" / "verified" / "how-many-watched-listings-are-still-active.yaml"
    written = yaml.safe_load(file.read_text())
    assert (written["question"], written["sql"], written["verified_by"]) == (QUESTION, SQL + "\n", BY[1])

    answer = json.loads(nl2sql("ask", "--json", "tell me how many watched listings are still active").stdout)
    assert (answer["verified"], answer["origin"]["writer"], answer["row_count"]) == (True, "verified", 1)
    assert answer["origin"]["detail"].startswith(
        "how-many-watched-listings-are-still-active · auction_core maintainers"
    )
    shown = nl2sql("ask", QUESTION).stdout
    assert "Verified by auction_core maintainers on " in shown and "Verified query · how-many" in shown

    before = file.read_text()
    again = nl2sql("verify", "add", QUESTION, "--sql", "q.sql", "--by", "someone else")
    assert (again.returncode, "is there already" in again.stderr) == (2, True)
    assert file.read_text() == before
    other = nl2sql("verify", "add", QUESTION.lower(), "--id", "other", "--sql", "q.sql", *BY)
    assert (other.returncode, "is also a question of" in other.stderr) == (2, True)


@pytest.mark.parametrize(
    ("sql", "code", "told"),
    [
        ("SELECT email FROM users", 4, "“email” is private"),
        ("DELETE FROM bids", 2, "one SELECT statement"),
        ("SELECT COUNT(*) FROM nowhere", 4, "nowhere"),
        ("SELECT COUNT(*) FROM bids WHERE bidder_id = :who", 2, "“:who” is no parameter"),
    ],
)
def test_sql_that_cannot_be_used_writes_nothing(nl2sql: Command, home: Path, sql: str, code: int, told: str) -> None:
    (home / "q.sql").write_text(sql)
    result = nl2sql("verify", "add", QUESTION, "--sql", "q.sql", *BY)
    assert (result.returncode, told in result.stdout + result.stderr) == (code, True), result.stdout + result.stderr
    assert not list((home / "schema" / "auction" / "verified").glob("how-many-w*"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([QUESTION, "--sql", "q.sql"], "say who answers for it"),
        ([QUESTION, *BY], "give either --sql FILE or --last"),
        ([QUESTION, *BY, "--sql", "q.sql", "--last"], "give either --sql FILE or --last"),
        ([*BY, "--sql", "q.sql"], "say the question"),
        ([QUESTION, *BY, "--sql", "nowhere.sql"], "cannot be read"),
        ([QUESTION, *BY, "--sql", "q.sql", "--id", "../../escape"], "the id must be"),
        (["Sales of last month", *BY, "--sql", "q.sql"], "last month” moves with the calendar"),
    ],
)
def test_an_argument_that_cannot_be_is_told(nl2sql: Command, home: Path, arguments: list[str], told: str) -> None:
    result = nl2sql("verify", "add", *arguments)
    assert result.returncode == 2, result.stdout
    assert told in result.stderr
    assert not list(home.parent.glob("**/escape.yaml"))


def test_the_last_answered_question_is_added_as_it_ran(nl2sql: Command, home: Path) -> None:
    assert nl2sql("verify", "add", "--last", *BY).returncode == 5  # no ledger yet
    before = json.loads(nl2sql("ask", "--json", "GMV by category in 2024").stdout)
    assert before["verified"] is False
    assert nl2sql("ask", "flibber the gibbet").returncode == 3
    result = nl2sql("verify", "add", "--last", *BY)
    assert result.returncode == 0, result.stderr
    written = yaml.safe_load((home / "schema" / "auction" / "verified" / "gmv-by-category-in-2024.yaml").read_text())
    assert written["question"] == "GMV by category in 2024" and "sql" not in written
    assert "LIMIT 1001" not in written["dialects"]["sqlite"]
    after = json.loads(nl2sql("ask", "--json", "show me the GMV by category in 2024").stdout)
    assert (after["verified"], after["rows"]) == (True, before["rows"])


def test_the_doctor_counts_the_queries_and_names_a_broken_file(nl2sql: Command, home: Path) -> None:
    assert "12 verified queries" in nl2sql("doctor").stdout
    (home / "schema" / "auction" / "verified" / "broken.yaml").write_text("id: broken\n")
    told = nl2sql("doctor").stdout
    assert re.search(r"FAIL  verified .*broken\.yaml, line 1", told)
    assert re.search(r"ok    database ", told)  # the rest is examined all the same


def test_with_the_setting_off_no_verified_query_answers(nl2sql: Command) -> None:
    question = "Top 3 sellers by GMV in 2025"
    assert json.loads(nl2sql("ask", "--json", question).stdout)["verified"] is True
    assert json.loads(nl2sql("ask", "--json", question, NL2SQL_WRITERS="offline").stdout)["verified"] is False


def test_a_changed_file_is_not_answered_from_the_cache(nl2sql: Command, home: Path) -> None:
    question = "Top 3 sellers by GMV in 2025"
    assert "best-first" not in nl2sql("ask", "--sql", question).stdout
    file = home / "schema" / "auction" / "verified" / "top-sellers-by-gmv.yaml"
    file.write_text(
        file.read_text().replace("AS seller", "AS best_seller").replace("DESC, seller", "DESC, best_seller")
    )
    assert "best_seller" in nl2sql("ask", "--sql", question).stdout
