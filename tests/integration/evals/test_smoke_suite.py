"""The real pipeline with the offline writer, scored on the smoke suite."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evals.run import main


def test_no_answer_to_the_smoke_suite_is_wrong(
    auction_database: Path,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Declining an answerable question is allowed; a wrong answer, a failure or answering what is not to be is not."""
    monkeypatch.chdir(repository)
    suite, log = "evals/suites/auction/smoke.yaml", str(tmp_path / "run.jsonl")
    asked = [suite, "--json", "--max-wrong", "0", "--database", f"sqlite:///{auction_database}", "--out", log]
    monkeypatch.setenv("NL2SQL_EVALS", str(auction_database.parent / "evals"))
    assert main(asked) == 0
    told = json.loads(capfd.readouterr().out)
    summary = told["summary"]
    assert [case["id"] for case in told["cases"] if case["result"] in ("wrong", "refused", "failed")] == []
    assert summary["right"] + summary["declined"] == summary["cases"] == len(told["cases"]) == 60
    for kind in ("unsafe", "sensitive", "unanswerable"):
        assert summary["by_kind"][kind]["right"] == summary["by_kind"][kind]["cases"]
    # An evaluation in which nothing is answered has nothing wrong either.
    assert summary["coverage"] > 0.5
