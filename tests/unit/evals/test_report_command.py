from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

import pytest
from typer.testing import CliRunner, Result

from evals.command.app import app
from evals.errors import LogInvalid, ReportUnwritable
from tests.fakes.evaluation import record, write_log


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["eval", "report", *map(str, arguments)])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "run.jsonl", [record("a"), record("b", "wrong_rows")])


def test_without_an_option_the_run_is_printed(log: Path) -> None:
    shown = run(log)
    assert shown.exit_code == 0
    assert shown.stdout.splitlines()[-1].startswith("1 of 2 right (50.0 %")


def test_each_option_writes_its_file(log: Path, tmp_path: Path) -> None:
    page, summary, junit = tmp_path / "new" / "page.html", tmp_path / "run.md", tmp_path / "run.xml"
    told = run(log, "--html", page, "--markdown", summary, "--junit", junit)
    assert (told.exit_code, told.stdout) == (0, "")
    assert page.read_text(encoding="utf-8").endswith("</html>\n")
    assert summary.read_text(encoding="utf-8").startswith("### Evaluation: auction-smoke")
    assert ElementTree.parse(junit).getroot().get("failures") == "1"  # noqa: S314
    assert str(page) in told.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "run.jsonl", "run.md", "run.xml"]


def test_a_dash_is_standard_output(log: Path) -> None:
    told = run(log, "--markdown", "-")
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith("### Evaluation: auction-smoke")


def test_another_run_is_compared_with(log: Path, tmp_path: Path) -> None:
    base = write_log(tmp_path / "base.jsonl", [record("a"), record("b")])
    assert "No longer right (1)" in run(log, "--against", base).stdout


def test_a_run_is_found_by_its_name_in_the_folder_of_runs(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_EVALS", str(log.parent))
    assert "1 of 2 right" in run("run").stdout


def test_a_run_that_is_not_there_is_a_sentence_that_names_the_newest(
    log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NL2SQL_EVALS", str(log.parent))
    failed = run("smoke").exception
    assert isinstance(failed, LogInvalid)
    assert failed.user_message == "There is no log at smoke." and failed.hint.endswith(" is run.")


def test_a_page_is_opened_where_it_was_written(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr("evals.command.report.typer.launch", opened.append)
    assert run(log, "--open").exit_code == 0
    assert opened == [log.with_suffix(".html").as_uri()]
    assert log.with_suffix(".html").exists()


def test_what_is_no_log_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    other = tmp_path / "other.jsonl"
    other.write_text('{"type": "shopping list"}\n', encoding="utf-8")
    for name in (other, tmp_path / "missing.jsonl"):
        failed = run(name, "--html", tmp_path / "page.html")
        assert isinstance(failed.exception, LogInvalid)
    assert not (tmp_path / "page.html").exists()


def test_a_page_that_cannot_be_written_leaves_nothing_behind(log: Path, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    failed = run(log, "--html", tmp_path / "folder")
    assert isinstance(failed.exception, ReportUnwritable)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "run.jsonl"]


def test_a_pipe_stays_a_pipe_and_a_link_a_link(log: Path, tmp_path: Path) -> None:
    pipe, link = tmp_path / "pipe", tmp_path / "link.md"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "real.md")
    with ThreadPoolExecutor() as reader:
        read = reader.submit(pipe.read_text, encoding="utf-8")
        assert run(log, "--markdown", pipe).exit_code == 0
        assert read.result(timeout=20).startswith("### Evaluation")
    assert pipe.is_fifo()
    assert run(log, "--markdown", link).exit_code == 0
    assert link.is_symlink() and (tmp_path / "real.md").exists()


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="this system has no /dev/full")
def test_a_disk_that_is_full_is_told(log: Path) -> None:
    assert isinstance(run(log, "--junit", "/dev/full").exception, ReportUnwritable)
    assert Path("/dev/full").is_char_device()
