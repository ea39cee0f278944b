"""docs/observability.md names every span, attribute, metric, label and field there is, and no other."""

from __future__ import annotations

import json
import logging
import re
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client import CollectorRegistry

from nl2sql.settings import load_settings
from nl2sql.telemetry.base import STAGES
from nl2sql.telemetry.logs import LONGEST_EXCEPTION, LONGEST_MESSAGE, JsonLine, numbered
from nl2sql.telemetry.metrics import HOST, MOST_CODES, MOST_MODELS, Metrics
from nl2sql.telemetry.open import INSTALL
from nl2sql.telemetry.otlp import CLOSE_SECONDS
from nl2sql.telemetry.tracing import ATTRIBUTES, LONGEST_TEXT, QUESTION

PAGE = (Path(__file__).parents[3] / "docs" / "observability.md").read_text(encoding="utf-8")
FAMILIES = list(Metrics(CollectorRegistry()).registry.collect())


def table(heading: str) -> list[list[str]]:
    """Cells of the table whose first column has this heading."""
    rows = PAGE.split(f"| {heading} |", 1)[1].split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def names(heading: str) -> list[str]:
    return [row[0].strip("`") for row in table(heading)]


def test_every_span_is_there() -> None:
    assert names("span") == [QUESTION, *(f"nl2sql.{stage}" for stage in STAGES), "chat {model}"]


def test_every_attribute_is_there() -> None:
    assert sorted(names("attribute")) == sorted(ATTRIBUTES)


def test_every_metric_is_there_with_its_type() -> None:
    defined = {family.name + ("_total" if family.type == "counter" else ""): family.type for family in FAMILIES}
    assert {row[0].strip("`"): row[1] for row in table("metric")} == defined


def test_every_label_is_there() -> None:
    metrics = Metrics(CollectorRegistry())
    said = {row[0].strip("`"): re.findall(r"`(\w+)`", row[2]) for row in table("metric")}
    used = {
        "nl2sql_questions_total": metrics._questions,
        "nl2sql_stage_seconds": metrics._stage_seconds,
        "nl2sql_model_tokens_total": metrics._tokens,
    }
    assert {name: labels for name, labels in said.items() if labels} == {
        name: list(metric._labelnames) for name, metric in used.items()
    }


def test_no_other_metric_is_named_anywhere_on_the_page() -> None:
    known = "|".join(names("metric"))
    assert not [name for name in re.findall(r"nl2sql_\w+", PAGE) if not re.fullmatch(f"({known})(_bucket)?", name)]


def test_every_field_of_the_log_is_there() -> None:
    try:
        raise ValueError
    except ValueError:
        record = logging.LogRecord("n", logging.ERROR, "", 1, "m", (), sys.exc_info())
    with numbered("q"):
        assert list(json.loads(JsonLine().format(record))) == names("field")


def test_the_numbers_are_those_of_the_code() -> None:
    for said in (
        f"cut at {LONGEST_TEXT} characters",
        f"past {MOST_CODES} codes or {MOST_MODELS} models",
        f"at most {LONGEST_MESSAGE:,} characters",
        f"last {LONGEST_EXCEPTION:,} characters",
        f"at most {CLOSE_SECONDS:g} s",
        f"http://{HOST}:",
        INSTALL,
    ):
        assert said in PAGE


def test_the_settings_are_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    said = dict(cell.strip("`").split("=") for cell, _ in table("setting"))
    settings = load_settings(said, folder=tmp_path)
    assert (settings.traces, settings.metrics_port, settings.log_format) == ("otlp", 9464, "json")


def test_the_snippet_for_prometheus_reads_where_the_setting_serves() -> None:
    [snippet] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    [job] = yaml.safe_load(snippet)["scrape_configs"]
    assert job["static_configs"] == [{"targets": [f"{HOST}:9464"]}]
    assert "NL2SQL_METRICS_PORT=9464" in PAGE
