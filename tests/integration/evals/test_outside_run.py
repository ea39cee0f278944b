"""What was imported is a suite like any other: it is linted, and run through the real pipeline with its golds."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from evals.command.app import app
from tests.integration.evals.outside_folders import make_bird, make_defog, make_spider

MAKERS: dict[str, Callable[[Path], Path]] = {"spider": make_spider, "bird": make_bird, "defog": make_defog}


def _json(arguments: list[str], folder: Path, allowed: tuple[int, ...] = (0,)) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["eval", *arguments], env={"NL2SQL_EVALS": str(folder / "evals")})
    assert result.exit_code in allowed, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


@pytest.fixture(params=MAKERS)
def imported(request: pytest.FixtureRequest, tmp_path: Path) -> list[Path]:
    source = MAKERS[request.param](tmp_path / "source")
    out = tmp_path / "suites"
    arguments = [request.param, str(source), "--out", str(out), "--as-of", "2026-06-30"]
    result = CliRunner().invoke(app, ["eval", "import", *arguments])
    assert result.exit_code == 0, result.output
    return sorted(out.glob("*.yaml"))


def test_an_imported_suite_is_linted_without_errors_of_the_import(imported: list[Path], tmp_path: Path) -> None:
    for suite in imported:
        found = _json(["lint", str(suite), "--instances", "1", "--json"], tmp_path)
        assert [each for each in found["findings"] if each["level"] == "error"] == []


def test_its_golds_are_right_through_the_whole_pipeline(imported: list[Path], tmp_path: Path) -> None:
    for suite in imported:
        arguments = ["run", str(suite), "--writer", "gold", "--instances", "1", "--json"]
        summary = _json(arguments, tmp_path)["summary"]
        assert summary["right"] == summary["cases"] > 0
