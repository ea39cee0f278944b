"""`nl2sql ledger` as a shell would run it, on a ledger that questions wrote and on one that is not there."""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import shlex
import signal
import stat
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from datetime import timedelta
from fcntl import ioctl
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from nl2sql import cli
from nl2sql.ledger.store import SqlLedger
from tests.integration.ledger.conftest import Place, a_row, utc_now

Command = Callable[..., "subprocess.CompletedProcess[str]"]
DOCS = Path(__file__).parents[3] / "docs" / "ledger.md"
EXAMPLES = re.findall(r"^\$ (.*nl2sql .*)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
HOSTILE = "evil \x1b[2J\u202e question"
LONG = "a long question " * 20


@pytest.fixture
def environ(repository: Path, sqlite_place: Place) -> dict[str, str]:
    return os.environ | {
        "NL2SQL_CONFIG": str(repository / "nl2sql.toml"),
        "NL2SQL_LEDGER": sqlite_place.url,
        "NL2SQL_CACHE": "off",
    }


@pytest.fixture
def filled(sqlite_place: Place) -> Iterator[SqlLedger]:
    ledger, now = SqlLedger(sqlite_place.url, 90, "none"), utc_now()
    ledger.record(a_row("aaaa0001", at=now - timedelta(days=10), question="an old one", cost=None))
    ledger.record(a_row("aaaa0002", at=now - timedelta(hours=3), question=LONG))
    ledger.record(a_row("bbbb0003", at=now - timedelta(hours=2), question=HOSTILE, user="=bo", outcome="refused"))
    ledger.record(a_row("cccc0004", at=now - timedelta(hours=1), question="the last", outcome="failed", code="away"))
    ledger.close()
    yield ledger
    ledger.close()


@pytest.fixture
def run(
    environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """In this process, which is quicker than a new one for each."""
    monkeypatch.chdir(tmp_path)
    for name in ("NL2SQL_CONFIG", "NL2SQL_LEDGER", "NL2SQL_CACHE"):
        monkeypatch.setenv(name, environ[name])

    def call(*arguments: object, **more: str) -> subprocess.CompletedProcess[str]:
        command = ["ledger", *map(str, arguments)]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in more.items():
                patch.setenv(name, value)
            code = cli.run(command)
        captured = capsys.readouterr()
        return subprocess.CompletedProcess(command, code, captured.out, captured.err)

    return call


def assert_one_sentence(done: subprocess.CompletedProcess[str], code: int, *parts: str) -> None:
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("nl2sql: ")
    assert len(done.stderr.splitlines()) <= 2
    for part in parts:
        assert part in done.stderr


def test_the_tail_is_one_line_for_each_question(run: Command, filled: SqlLedger) -> None:
    done = run("tail", "-n", 3)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert [re.split(r"  +", line)[1] for line in lines] == ["aaaa0002", "bbbb0003", "cccc0004"]
    assert lines[0].endswith(LONG)
    assert lines[2].endswith("[away] the last")


def test_hostile_text_moves_no_cursor(run: Command, filled: SqlLedger) -> None:
    for done in (run("tail"), run("stats")):
        assert done.returncode == 0
        assert "\x1b" not in done.stdout
        assert "\u202e" not in done.stdout


def test_the_tail_can_be_filtered(run: Command, filled: SqlLedger) -> None:
    assert run("tail", "--outcome", "refused").stdout.count("\n") == 1
    assert run("tail", "--user", "=bo", "--outcome", "refused").stdout.count("\n") == 1
    assert run("tail", "--user", "nobody").stdout == ""
    assert_one_sentence(run("tail", "--outcome", "ugly"), 2, "“ugly” is not one of answered")
    assert run("tail", "-n", 0).returncode == 2


def test_the_tail_as_json_is_one_object_a_line(run: Command, filled: SqlLedger) -> None:
    lines = [json.loads(line) for line in run("tail", "--json").stdout.splitlines()]
    assert [line["id"] for line in lines] == ["aaaa0001", "aaaa0002", "bbbb0003", "cccc0004"]
    assert (lines[2]["question"], lines[1]["cost"], lines[1]["stage_ms"]["write"]) == (HOSTILE, "0.000000000125", 10.0)


def test_following_shows_what_is_asked_meanwhile_and_ends_with_ctrl_c(
    environ: dict[str, str], filled: SqlLedger, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "nl2sql.cli", "ledger", "tail", "-n", "1", "--follow"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environ
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().endswith("the last\n")
        filled.record(a_row("dddd0005", question="asked meanwhile"))
        filled.close()
        assert process.stdout.readline().endswith("asked meanwhile\n")
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
        assert process.stderr.read() == ""


@pytest.mark.parametrize("arguments", ["tail --follow", "export", "tail --json", "export --format jsonl"])
def test_a_reader_that_goes_away_ends_it_quietly(
    arguments: str, environ: dict[str, str], filled: SqlLedger, tmp_path: Path
) -> None:
    for number in range(3_000):
        filled.record(a_row(f"e{number}"))
    filled.close()
    command = [sys.executable, "-m", "nl2sql.cli", "ledger", *arguments.split()]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environ
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        filled.record(a_row("later"))
        filled.close()
        assert process.wait(timeout=60) in (0, 141)
        assert process.stderr.read() == b""


def test_a_line_is_no_wider_than_the_terminal(environ: dict[str, str], filled: SqlLedger, tmp_path: Path) -> None:
    shown = on_a_terminal(["tail"], environ | {"NO_COLOR": "1", "TERM": "xterm"}, tmp_path, columns=90)
    lines = [line for line in re.sub(r"\x1b\[[0-9;]*m", "", shown).splitlines() if line]
    assert len(lines) == 4
    assert max(len(line) for line in lines) <= 90
    assert lines[1].endswith("…")
    assert "\x1b[31m" not in shown
    assert "\x1b[31m" in on_a_terminal(["tail"], environ | {"TERM": "xterm"}, tmp_path, columns=90)


def on_a_terminal(arguments: list[str], environ: dict[str, str], folder: Path, *, columns: int) -> str:
    ours, theirs = pty.openpty()
    ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "nl2sql.cli", "ledger", *arguments]
    environ = {name: value for name, value in environ.items() if name not in ("COLUMNS", "LINES")}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=environ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                some = os.read(ours, 65_536)
            except OSError:  # the other end was closed
                break
            if not some:
                break
            shown += some
        assert process.wait(timeout=60) == 0, shown
    os.close(ours)
    return shown.decode("utf-8")


def test_the_figures_of_some_days(run: Command, filled: SqlLedger) -> None:
    assert run("stats").stdout.startswith("3 questions by 2 users in the last 7 days\n")
    assert run("stats", "--days", 30).stdout.startswith("4 questions by 2 users in the last 30 days\n")
    shape = json.loads(run("stats", "--json").stdout)
    assert shape["outcomes"] == {"answered": 1, "failed": 1, "refused": 1}
    assert shape["cost"] == {"USD": "0.000000000375"}
    assert run("stats", "--days", 0).returncode == 2


def test_an_export_goes_to_standard_output_or_to_a_private_file(
    run: Command, filled: SqlLedger, tmp_path: Path
) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export").stdout)))
    assert [row["user"] for row in rows] == ["anna", "anna", "'=bo", "anna"]
    out = tmp_path / "ledger.parquet"
    out.write_text("older", encoding="utf-8")
    done = run("export", "--format", "parquet", "--output", out, "--days", 7)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", f"3 rows written to {out}.\n")
    assert pq.read_table(out)["id"].to_pylist() == ["aaaa0002", "bbbb0003", "cccc0004"]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


def test_parquet_can_be_piped(environ: dict[str, str], filled: SqlLedger, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nl2sql.cli", "ledger", "export", "--format", "parquet"]
    done = subprocess.run(command, capture_output=True, cwd=tmp_path, env=environ, check=True, timeout=60)
    assert pq.read_table(io.BytesIO(done.stdout)).num_rows == 4


def test_an_export_that_cannot_be_written_says_so(run: Command, filled: SqlLedger, tmp_path: Path) -> None:
    assert_one_sentence(run("export", "--format", "xml"), 2, "“xml” is not one of csv, jsonl, parquet")
    assert_one_sentence(run("export", "-o", tmp_path / "no" / "x.csv"), 2, "cannot be written: No such file")
    assert_one_sentence(run("export", "-o", tmp_path), 2, "is a folder")


def test_feedback_is_kept_and_shown(run: Command, filled: SqlLedger, sqlite_place: Place) -> None:
    done = run("feedback", "cccc", "bad", "--comment", "Erika has 4711", NL2SQL_LEDGER_REDACT="values")
    assert (done.returncode, done.stdout, done.stderr) == (0, "cccc0004: bad\n", "")
    assert "[away] [bad] the last" in run("tail").stdout
    kept = sqlite_place.rows("SELECT feedback_comment FROM questions WHERE feedback = 'bad'")
    assert kept == [("Erika has ?",)]
    assert run("feedback", "cccc0004", "good").returncode == 0
    assert (run("stats").stdout.count("1 good, 0 bad"), run("tail").stdout.count("[bad]")) == (1, 0)


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (("zzzz", "good"), "no question of the ledger has an ID like “zzzz”"),
        (("aaaa", "good"), "several IDs begin with “aaaa”"),
        (("a", "good"), "give at least 4 characters"),
        (("cccc", "ugly"), "write good or bad"),
    ],
)
def test_feedback_on_nothing_is_told(arguments: tuple[str, ...], part: str, run: Command, filled: SqlLedger) -> None:
    assert_one_sentence(run("feedback", *arguments), 2, part)


@pytest.mark.parametrize("arguments", ["tail", "stats", "export", "feedback abcd good"])
def test_a_ledger_that_is_off_or_not_there_is_one_sentence(arguments: str, run: Command, tmp_path: Path) -> None:
    assert_one_sentence(run(*arguments.split(), NL2SQL_LEDGER="off"), 2, "The ledger is off")
    assert_one_sentence(run(*arguments.split()), 5, "There is no ledger yet")
    away = run(*arguments.split(), NL2SQL_LEDGER="postgresql://anna:hunter2@127.0.0.1:1/x")
    assert_one_sentence(away, 5, "The ledger cannot be read")
    assert "hunter2" not in away.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_question_that_was_asked_is_in_the_ledger(
    environ: dict[str, str], run: Command, auction_database: Path, tmp_path: Path
) -> None:
    asked = "How many listings were sold last month?"
    environ["NL2SQL_DATABASE"] = f"sqlite:///{auction_database}"
    command = [sys.executable, "-m", "nl2sql.cli", "ask", asked]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environ, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    kept = json.loads(run("tail", "--json").stdout)
    assert (kept["question"], kept["outcome"], kept["verdict"], kept["writer"]) == (
        asked,
        "answered",
        "passed",
        "offline",
    )
    assert "select" in kept["sql"].lower()
    assert kept["milliseconds"] > 0


def test_there_are_examples_to_run() -> None:
    assert EXAMPLES


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_docs_runs(
    example: str, environ: dict[str, str], filled: SqlLedger, auction_database: Path, tmp_path: Path
) -> None:
    filled.record(a_row("3f2a9c1b", question="the one of the docs"))
    filled.close()
    environ["NL2SQL_DATABASE"] = f"sqlite:///{auction_database}"
    if example.startswith("NL2SQL_LEDGER="):
        example = example.partition(" ")[2]
    script = example.replace("nl2sql ", f"{shlex.quote(sys.executable)} -m nl2sql.cli ", 1)
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", script],
        capture_output=True,
        cwd=tmp_path,
        env=environ,
        check=False,
        timeout=60,
    )
    assert done.returncode in (0, 141), done.stderr
    assert b"nl2sql: " not in done.stderr
