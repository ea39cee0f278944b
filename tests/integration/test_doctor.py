"""What the doctor says about installations that are not well."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from nl2sql import cli
from nl2sql.doctor import Check, examine


@pytest.fixture
def home(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder; the model and its policy are those of the auction."""
    monkeypatch.chdir(tmp_path)
    for name in ("schema", "prompts"):
        (tmp_path / name).symlink_to(repository / name)
    return tmp_path


def found(**environ: str) -> dict[str, Check]:
    return {check.about: check for check in examine({f"NL2SQL_{name.upper()}": v for name, v in environ.items()})}


def test_nothing_can_be_said_beyond_broken_settings(home: Path) -> None:
    checks = found(writer="magic")
    assert set(checks) == {"versions", "settings"}
    assert checks["settings"].state == "fail"
    assert "auto, offline, llm" in checks["settings"].text


def test_a_missing_model_is_named_with_what_to_do(home: Path) -> None:
    check = found(model="nowhere.yaml")["model"]
    assert check.state == "fail"
    assert "nowhere.yaml" in check.text
    assert check.advice


def test_a_missing_database_is_named_with_the_command_that_makes_one(home: Path) -> None:
    check = found(database="sqlite:///nowhere.db")["database"]
    assert check.state == "fail"
    assert "nowhere.db" in check.text
    assert "`make " in check.advice or "make demo" in check.advice


def test_the_key_is_never_shown(home: Path) -> None:
    checks = list(examine({"OPENAI_API_KEY": "very-secret", "NL2SQL_DATABASE": "sqlite:///nowhere.db"}))
    assert "very-secret" not in repr(checks)
    assert any("OPENAI_API_KEY is set" in check.text for check in checks)


def test_a_password_in_the_endpoint_is_never_shown(home: Path) -> None:
    environ = {"OPENAI_API_KEY": "k-1", "NL2SQL_OPENAI_BASE_URL": "http://me:hunter2@127.0.0.1:1/v1"}
    assert "hunter2" not in repr(list(examine(environ)))


def test_a_cache_in_the_place_of_a_file_is_found(home: Path) -> None:
    (home / "file").write_text("")
    assert found(cache="file/cache")["cache"].state == "fail"
    assert found(cache="new/cache")["cache"].state == "ok"
    assert found(cache="off")["cache"].text == "off"


def test_a_taken_port_is_found(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        monkeypatch.setenv("NL2SQL_PORT", str(taken.getsockname()[1]))
        assert found()["port"].state == "warn"
    assert found()["port"].state == "ok"


def test_the_first_failure_is_the_exit_code(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["--database", "sqlite:///nowhere.db", "doctor"]) == 5
    assert "FAIL  database" in capsys.readouterr().out
    monkeypatch.setenv("NL2SQL_WRITER", "magic")
    assert cli.run(["doctor"]) == 2
