"""The real command on the seeded auction database, as a shell would run it."""

from __future__ import annotations

import csv
import io
import json
import os
import resource
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

Command = Callable[..., "subprocess.CompletedProcess[str]"]
SOLD_IN_2025 = (
    "SELECT COUNT(*) FROM listings WHERE status = 'sold' AND closed_at >= '2025-01-01' AND closed_at < '2026-01-01'"
)


@pytest.fixture
def environ(auction_database: Path, repository: Path, tmp_path: Path) -> dict[str, str]:
    return os.environ | {
        "NL2SQL_CONFIG": str(repository / "nl2sql.toml"),
        "NL2SQL_DATABASE": f"sqlite:///{auction_database}",
        "NL2SQL_CACHE": str(tmp_path / "cache"),
    }


@pytest.fixture
def shell(environ: dict[str, str], tmp_path: Path) -> Command:
    """A line of shell in which `nl2sql` is the command."""
    defined = f'nl2sql() {{ {shlex.quote(sys.executable)} -m nl2sql.cli "$@"; }}\n'

    def run(line: str, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["bash", "-c", defined + line]
        return subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ | more, check=False)

    return run


@pytest.fixture
def nl2sql(environ: dict[str, str], tmp_path: Path) -> Command:
    def run(*arguments: str, stdin: str = "", **more: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "nl2sql.cli", *arguments]
        return subprocess.run(
            command, input=stdin, capture_output=True, text=True, cwd=tmp_path, env=environ | more, check=False
        )

    return run


@pytest.fixture
def sold_in_2025(auction_database: Path) -> int:
    connection = sqlite3.connect(f"file:{auction_database}?mode=ro", uri=True)
    number = int(connection.execute(SOLD_IN_2025).fetchone()[0])
    connection.close()
    return number


def test_a_question_is_answered_with_the_number_of_the_database(nl2sql: Command, sold_in_2025: int) -> None:
    done = nl2sql("ask", "How many listings were sold in 2025?", "--json")
    assert done.returncode == 0, done.stderr
    shape = json.loads(done.stdout)
    assert shape["rows"] == [[sold_in_2025]]
    assert shape["receipt"]
    assert shape["as_of"] == "2026-06-30"


def test_the_second_time_it_comes_from_the_cache_unless_asked_fresh(nl2sql: Command) -> None:
    question = "How many listings were sold in 2025?"
    cached = [
        json.loads(nl2sql("ask", question, "--json", *option).stdout)["cached"] for option in ([], [], ["--fresh"])
    ]
    assert cached == [False, True, False]


def test_the_day_called_today_can_be_given(nl2sql: Command) -> None:
    june, march = (
        json.loads(nl2sql("ask", "How many listings were sold last month?", "--json", "--as-of", day).stdout)["rows"]
        for day in ("2026-06-30", "2025-03-15")
    )
    assert june != march


def test_csv_and_sql_fit_together(nl2sql: Command, auction_database: Path) -> None:
    question = "GMV by category in 2025"
    rows = list(csv.reader(io.StringIO(nl2sql("ask", question, "--csv").stdout)))
    statement = nl2sql("ask", "-", "--sql", stdin=question).stdout
    connection = sqlite3.connect(f"file:{auction_database}?mode=ro", uri=True)
    assert len(rows) - 1 == len(connection.execute(statement).fetchall()) > 5
    connection.close()


@pytest.mark.parametrize(
    ("question", "code"),
    [("What is the meaning of flibbertigibbet?", 3), ("Delete all users", 4), ("Show me the email of every user", 4)],
)
def test_what_should_not_be_answered_is_not(question: str, code: int, nl2sql: Command) -> None:
    done = nl2sql("ask", question)
    assert (done.returncode, done.stdout) == (code, "")
    assert len(done.stderr.strip()) > 10


def test_sql_is_judged_without_running(nl2sql: Command) -> None:
    allowed = nl2sql("check", "SELECT COUNT(*) AS n FROM users", "--json")
    assert (allowed.returncode, json.loads(allowed.stdout)["tables"]) == (0, ["users"])
    refused = nl2sql("check", stdin="DELETE FROM users")
    assert refused.returncode == 4
    assert refused.stdout.startswith("refused\n")
    hidden = nl2sql("check", "SELECT email FROM users", "--json")
    assert hidden.returncode == 4
    assert json.loads(hidden.stdout)["sql"] is None


def test_the_model_is_shown_with_what_is_sensitive(nl2sql: Command) -> None:
    text = nl2sql("schema").stdout
    assert any(line.startswith("email") and line.endswith("[sensitive]") for line in text.splitlines())
    shape = json.loads(nl2sql("schema", "--json").stdout)
    assert {"users", "listings", "bids"} <= {dataset["name"] for dataset in shape["datasets"]}
    assert shape["metrics"]


def test_the_doctor_finds_the_demo_well(nl2sql: Command) -> None:
    done = nl2sql("doctor")
    assert done.returncode == 0, done.stdout
    assert "FAIL" not in done.stdout
    assert "newest row up to “today” (2026-06-30) is of 2026-06-30" in done.stdout
    assert "ok    account" in done.stdout


def test_a_wrong_option_leads_to_the_help_of_its_command(nl2sql: Command) -> None:
    result = nl2sql("model", "init", "--database", "x")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "nl2sql: No such option: --database\nTry “nl2sql model init --help”.\n"


def test_a_missing_database_is_a_sentence_and_advice(nl2sql: Command, tmp_path: Path) -> None:
    done = nl2sql("ask", "How many users?", NL2SQL_DATABASE=f"sqlite:///{tmp_path}/nowhere.db")
    assert done.returncode == 5
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_a_closed_pipe_is_quiet(nl2sql: Command, tmp_path: Path) -> None:
    shell = f"{sys.executable} -m nl2sql.cli schema | head -1"
    done = subprocess.run(
        ["bash", "-c", shell], capture_output=True, text=True, cwd=Path(__file__).parents[2], check=False
    )
    assert done.returncode == 0
    assert done.stderr == ""
    assert done.stdout.count("\n") == 1


def test_help_imports_nothing_heavy() -> None:
    heavy = ("openai", "pandas", "pyarrow", "sqlalchemy", "sqlglot", "streamlit", "yaml", "nl2sql.bootstrap")
    code = (
        f"import sys, nl2sql.cli; nl2sql.cli.run(['--help']); sys.exit(str([m for m in {heavy} if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stderr == "[]\n"
    assert "doctor" in done.stdout


def test_help_takes_less_than_four_tenths_of_a_second(nl2sql: Command) -> None:
    """Of processor time, which a busy machine does not stretch as it does the clock's."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert nl2sql("--help").returncode == 0
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime) < 0.4


def assert_one_sentence(text: str, *parts: str) -> None:
    assert "Traceback" not in text and "Exception ignored" not in text
    assert text.startswith("nl2sql: ")
    assert len(text.splitlines()) <= 2
    for part in parts:
        assert part in text


@pytest.mark.parametrize("locale", ["C.UTF-8", "C", "POSIX"])
@pytest.mark.parametrize("command", ["ask -", "check"])
def test_standard_input_that_is_no_text_is_wrong_usage(command: str, locale: str, shell: Command) -> None:
    done = shell(rf"printf 'How many caf\351s?' | nl2sql {command}", LC_ALL=locale)
    assert (done.returncode, done.stdout) == (2, "")
    assert_one_sentence(done.stderr, "standard input", "utf-8")


@pytest.mark.parametrize("command", ["ask -", "check"])
def test_a_closed_standard_input_is_wrong_usage(command: str, shell: Command) -> None:
    done = shell(f"nl2sql {command} <&-")
    assert (done.returncode, done.stdout) == (2, "")
    assert_one_sentence(done.stderr, "standard input")


OUTPUTS = ["ask 'How many users?'", "ask 'How many users?' --json", "ask 'How many users?' --csv", "schema", "doctor"]


@pytest.mark.parametrize(
    "command", [*OUTPUTS, "ask 'How many users?' --sql", "--help", "--version", "check 'SELECT 1'"]
)
@pytest.mark.parametrize("where", ["> /dev/full", ">&-"])
def test_output_that_cannot_be_written_is_a_failure_and_a_sentence(command: str, where: str, shell: Command) -> None:
    done = shell(f"nl2sql {command} {where}")
    assert done.returncode == 5, done.stderr
    assert_one_sentence(done.stderr, "could not be written")


@pytest.mark.parametrize("where", ["2> /dev/full", "2>&-"])
def test_reasons_that_nobody_can_read_change_no_exit_code(where: str, shell: Command) -> None:
    for command, code in (("ask 'Delete all users'", 4), ("ask 'How many users?'", 0), ("dance", 2), ("ask ''", 2)):
        done = shell(f"nl2sql {command} {where}")
        assert (done.returncode, done.stderr) == (code, ""), command
        assert bool(done.stdout) is (code == 0)


def test_with_every_stream_closed_only_the_exit_code_is_left(shell: Command) -> None:
    assert shell("nl2sql ask 'Delete all users' <&- >&- 2>&-").returncode == 4
    assert shell("nl2sql ask 'How many users?' <&- >&- 2>&-").returncode == 5


def test_a_narrow_encoding_shows_a_question_mark_and_json_stays_whole(shell: Command) -> None:
    question = "ask 'What was the GMV in 2025?'"
    done = shell(f"nl2sql {question}", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert "?" in done.stdout and done.stdout.isascii()
    wide, narrow = (
        json.loads(shell(f"nl2sql {question} --json", PYTHONIOENCODING=name).stdout)["headline"]
        for name in ("utf-8", "ascii")
    )
    assert "€" in wide
    assert narrow == wide
