"""One question through the command, with everything switched on: what its spans, its log and its metrics say of it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from nl2sql.bootstrap import build_pipeline
from nl2sql.question import Question
from nl2sql.settings import load_settings
from nl2sql.telemetry import metrics
from nl2sql.telemetry.open import QuestionIds
from nl2sql.telemetry.tracing import ATTRIBUTES

QUESTION = "How many bids were placed last month?"


@pytest.fixture
def environ(repository: Path, auction_database: Path, tmp_path: Path) -> dict[str, str]:
    return {
        "NL2SQL_CONFIG": str(repository / "nl2sql.toml"),
        "NL2SQL_DATABASE": f"sqlite:///{auction_database}",
        "NL2SQL_CACHE": str(tmp_path / "cache"),
        "NL2SQL_LEDGER": "off",
        "NL2SQL_WRITERS": "offline",
    }


def _ask(repository: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nl2sql.cli", "ask", QUESTION]
    return subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=100, check=False)


def test_a_question_from_the_command_line_is_one_trace_without_a_word_of_it(
    collector: Any, environ: dict[str, str], repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {**environ, "NL2SQL_TRACES": "otlp", "NL2SQL_LOG_FORMAT": "json"}.items():
        monkeypatch.setenv(name, value)
    asked = _ask(repository)
    assert asked.returncode == 0, asked.stderr
    stages = ["nl2sql.understand", "nl2sql.write", "nl2sql.check", "nl2sql.run", "nl2sql.explain"]
    assert sorted(collector.names) == sorted(["nl2sql.question", *stages])
    assert len({span.trace_id for span in collector.spans}) == 1
    facts = {span.name: {a.key: a.value for a in span.attributes} for span in collector.spans}
    assert {name for each in facts.values() for name in each} <= ATTRIBUTES
    root, run = facts["nl2sql.question"], facts["nl2sql.run"]
    assert (root["nl2sql.outcome"].string_value, root["nl2sql.code"].string_value) == ("answered", "ok")
    assert re.fullmatch(r"[0-9a-f-]{32,36}", root["nl2sql.question.id"].string_value)
    assert (run["db.response.returned_rows"].int_value, run["db.system.name"].string_value) == (1, "sqlite")
    assert facts["nl2sql.check"]["nl2sql.verdict"].string_value == "passed"
    sent = b"".join(collector.bodies)
    assert b"SELECT COUNT" not in sent and b"last month" not in sent and b"bids" not in sent


def test_two_pipelines_of_one_process_count_into_one_page(
    environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shared = metrics.Metrics(CollectorRegistry())
    monkeypatch.setattr(metrics, "shared_metrics", lambda: shared)
    monkeypatch.setattr(metrics, "serve_metrics", lambda *_: True)
    for _ in range(2):
        pipeline = build_pipeline(load_settings({**environ, "NL2SQL_METRICS_PORT": "9464"}))
        answer = pipeline.ask(Question.parse(QUESTION))
        pipeline.close()
        assert answer.outcome == "answered", answer.headline
    page = generate_latest(shared.registry).decode()
    labels = 'nl2sql_questions_total{{cached="{}",code="ok",outcome="answered",writer="offline"}} 1.0'
    assert labels.format("false") in page and labels.format("true") in page
    for stage in ("write", "check", "run", "explain"):
        assert f'nl2sql_stage_seconds_count{{stage="{stage}"}}' in page
    assert "nl2sql_questions_in_flight 0.0" in page


def test_with_everything_off_a_pipeline_has_nothing_but_the_id(environ: dict[str, str]) -> None:
    pipeline = build_pipeline(load_settings(environ))
    pipeline.close()
    assert type(pipeline._stages.telemetry) is QuestionIds
