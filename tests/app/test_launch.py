"""`python -m streamlit_app`: the port, what is said about it, and what the server is told."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from streamlit_app import __main__ as launch


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield int(listener.getsockname()[1])


def test_a_port_in_use_is_told_in_a_sentence_with_another_to_try(
    taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert launch.main(["--port", str(taken)]) == 1
    said = capsys.readouterr().err
    assert f"Port {taken} is already in use" in said
    assert f"--port {taken + 1}" in said and "NL2SQL_PORT" in said


@pytest.mark.parametrize("text", ["0", "65536", "eighty", "-1", "8501.0", "８５０１"])
def test_what_is_no_port_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert launch.main([f"--port={text}"]) == 2
    assert f"“{text}” is not a port" in capsys.readouterr().err


def test_the_environment_names_the_port_and_the_argument_stands_above_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken: int
) -> None:
    monkeypatch.setenv("NL2SQL_PORT", str(taken))
    assert launch.main([]) == 1
    assert launch.main(["--port", "nonsense"]) == 2


def test_the_server_is_started_on_this_machine_only_and_calls_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], taken: int
) -> None:
    started: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, command: started.append(command))
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]
    launch.main(["--port", str(free)])
    assert f"http://localhost:{free}" in capsys.readouterr().out
    assert started[0][:4] == [sys.executable, "-m", "streamlit", "run"]
    assert {"--server.address=127.0.0.1", "--browser.gatherUsageStats=false", "--client.showErrorDetails=none"} <= set(
        started[0]
    )


def test_the_settings_file_says_the_same_for_a_plain_streamlit_run(repository: Path) -> None:
    config = tomllib.loads((repository / ".streamlit" / "config.toml").read_text())
    for option in launch.options(8501):
        name, _, value = option.removeprefix("--").partition("=")
        section, _, key = name.partition(".")
        if key in ("port", "fileWatcherType", "level"):
            continue
        assert str(config[section][key]).lower() == value, name
    assert {"light", "dark"} <= set(config["theme"])


def test_the_module_runs_as_a_program(repository: Path, taken: int) -> None:
    command = [sys.executable, "-m", "streamlit_app", "--port", str(taken)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"Port {taken} is already in use")
    assert "Traceback" not in done.stderr
