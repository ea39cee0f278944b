"""`nl2sql ask --out`: files from the command line."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest

Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]


@pytest.fixture
def ask(auction_database: Path, repository: Path, tmp_path: Path) -> Run:
    def run(*arguments: str, question: str = "GMV by category in 2025", **environ: str) -> Done:
        known = {
            "NL2SQL_CONFIG": str(repository / "nl2sql.toml"),
            "NL2SQL_DATABASE": f"sqlite:///{auction_database}",
            "NL2SQL_CACHE": "off",
            "NL2SQL_LEDGER": "off",
        }
        command = [sys.executable, "-m", "nl2sql.cli", "ask", question, *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=dict(os.environ) | known | environ, capture_output=True, text=True, timeout=100
        )

    return run


def test_one_question_fills_files_of_several_kinds(ask: Run, tmp_path: Path) -> None:
    names = ["a.csv", "a.xlsx", "a.parquet", "a.JSON", "a.html", "a.py", "a.md"]
    done = ask("--csv", *(part for name in names for part in ("--out", name)))
    assert done.returncode == 0, done.stderr
    assert done.stderr.splitlines() == [f"Wrote {name}" for name in names]
    printed = list(csv.reader(io.StringIO(done.stdout)))
    assert list(csv.reader(io.StringIO((tmp_path / "a.csv").read_text()))) == printed
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["Result"]
    assert [str(row[0].value) for row in sheet.iter_rows(min_row=2)] == [row[0] for row in printed[1:]]
    assert pq.read_table(tmp_path / "a.parquet").num_rows == len(printed) - 1
    assert len(json.loads((tmp_path / "a.JSON").read_text())["rows"]) == len(printed) - 1
    assert sorted(each.name for each in tmp_path.iterdir()) == sorted(names)


@pytest.mark.parametrize(
    ("name", "reason"), [("a.txt", "must end in one of .csv"), ("gone/a.csv", "there is no folder"), ("a", "must end")]
)
def test_a_file_name_that_cannot_be_is_told_before_anything_is_asked(ask: Run, name: str, reason: str) -> None:
    done = ask("--out", name, NL2SQL_DATABASE="sqlite:////nowhere/x.db")
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr and "Traceback" not in done.stderr


def test_no_answer_writes_no_file(ask: Run, tmp_path: Path) -> None:
    done = ask("--out", "a.csv", question="Delete all users")
    assert done.returncode == 4
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_made_is_a_sentence_and_the_others_are_there(ask: Run, tmp_path: Path) -> None:
    done = ask("--out", "a.png", "--out", "a.csv", BROWSER_PATH="/nowhere")
    assert done.returncode == 5
    assert "a.png: There is no Chromium on this machine" in done.stderr and "Traceback" not in done.stderr
    assert [each.name for each in tmp_path.iterdir()] == ["a.csv"]


def test_a_place_that_takes_no_file_is_a_failure_and_a_sentence(ask: Run) -> None:
    done = ask("--out", "/proc/a.csv")
    assert done.returncode == 5
    assert "/proc/a.csv: The file could not be written" in done.stderr and "Traceback" not in done.stderr
