"""`nl2sql eval compare`, as a person or a pipeline of checks runs it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from evals.command.app import app
from evals.errors import RunsNotComparable
from evals.log.records import CaseRecord
from tests.fakes.evaluation import HEADER, hostile, many, record, write_log


def log(path: Path, records: Sequence[CaseRecord], **header: str) -> str:
    return str(write_log(path, records, replace(HEADER, **header)))  # type: ignore[arg-type]


def single(wrong: int) -> list[CaseRecord]:
    return [record(f"c{i}", "wrong_rows" if i < wrong else "right") for i in range(60)]


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["eval", "compare", *arguments])


def test_a_page_fits_eighty_columns_and_says_the_verdict_first(tmp_path: Path) -> None:
    result = invoke(log(tmp_path / "a.jsonl", single(20)), log(tmp_path / "b.jsonl", single(6), label="newer"))
    assert result.exit_code == 0, result.output
    assert "B is better than A by 23.3 points" in result.output.split("\n\n")[1]
    prose = [line for line in result.output.splitlines() if not line.startswith("       ")]
    assert max(map(len, prose)) <= 80
    assert "Gained: right in B, not in A (14)" in result.output and "… and 4 more" in result.output
    assert "Gate: passed" in result.output


def test_a_run_that_is_worse_ends_with_one_and_says_why(tmp_path: Path) -> None:
    result = invoke(log(tmp_path / "a.jsonl", single(6)), log(tmp_path / "b.jsonl", single(20)))
    assert result.exit_code == 1
    assert "Gate: not passed\n  B is significantly worse: −23.3 points" in result.output


def test_release_and_margin_are_read_as_points(tmp_path: Path) -> None:
    one, other = log(tmp_path / "a.jsonl", single(6)), log(tmp_path / "b.jsonl", single(7))
    assert invoke(one, other).exit_code == 0
    assert invoke(one, other, "--release").exit_code == 1
    assert invoke(one, other, "--release", "--margin", "15").exit_code == 0


def test_json_is_json_also_when_the_gate_is_closed(tmp_path: Path) -> None:
    result = invoke(log(tmp_path / "a.jsonl", single(6)), log(tmp_path / "b.jsonl", single(20)), "--json")
    assert result.exit_code == 1
    shape = json.loads(result.stdout)
    assert shape["comparisons"][0]["verdict"] == "worse" and not shape["gate"]["passed"]


def test_families_with_repeats_and_several_runs_are_shown(tmp_path: Path) -> None:
    base = many(60, 3)
    paths = [log(tmp_path / "0.jsonl", base)]
    for number in (1, 2):
        other = [replace(each, outcome="declined") if int(each.id[-2:]) < 4 * number else each for each in base]
        paths.append(log(tmp_path / f"{number}.jsonl", other))
    result = invoke(*paths)
    assert "sign flips by group" in result.output and "bootstrap by group" in result.output
    assert "after Holm" in result.output and "less often in C" in result.output


def test_runs_of_other_days_are_refused_with_a_hint(tmp_path: Path) -> None:
    one = log(tmp_path / "a.jsonl", single(6))
    other = log(tmp_path / "b.jsonl", single(6), as_of="2025-01-01")
    refused = invoke(one, other)
    assert isinstance(refused.exception, RunsNotComparable) and "--force" in refused.exception.hint
    assert invoke(one, other, "--force").exit_code == 0
    page = tmp_path / "page.html"
    assert invoke(one, other, "--force", "--html", str(page)).exit_code == 0 and page.exists()


def test_data_cannot_write_escape_sequences_or_break_the_page(tmp_path: Path) -> None:
    records = hostile()
    turned = [replace(each, outcome="declined" if each.is_right else "right") for each in records]
    one = log(tmp_path / "a.jsonl", records)
    result = invoke(one, log(tmp_path / "b.jsonl", turned), "--flips", "0")
    assert result.exit_code in (0, 1), result.exception
    assert "\x1b" not in result.output and "\x07" not in result.output


def test_a_name_in_the_folder_of_runs_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NL2SQL_EVALS", str(tmp_path))
    (tmp_path / "smoke").mkdir()
    log(tmp_path / "smoke" / "old.jsonl", single(6))
    log(tmp_path / "smoke" / "new.jsonl", single(6))
    assert invoke("smoke/old", "smoke/new").exit_code == 0


def test_a_page_and_a_summary_are_of_two_runs(tmp_path: Path) -> None:
    one, other = log(tmp_path / "a.jsonl", single(6)), log(tmp_path / "b.jsonl", single(7))
    page, text = tmp_path / "page.html", tmp_path / "summary.md"
    assert invoke(one, other, "--html", str(page), "--markdown", str(text)).exit_code == 0
    assert "cannot tell" in text.read_text(encoding="utf-8").lower() and page.stat().st_size > 1_000
    assert invoke(one, other, other, "--html", str(page)).exit_code == 2
