"""`python -m streamlit_app --address`: open to others only with a sign-in, and with one that can work."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from streamlit_app import __main__ as launch

EVERYWHERE = "0.0.0.0"  # noqa: S104 - of the machine that runs the tests
PEOPLE = "roles: {reader: {policy: analyst, may: [ask]}}"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    commands: list[list[str]] = []
    monkeypatch.setattr(os, "execv", lambda program, command: commands.append(command))
    return commands


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "policy.yaml").write_text("roles: {analyst: {}}")
    (tmp_path / "people.yaml").write_text(PEOPLE)
    monkeypatch.setenv("NL2SQL_CONFIG", str(tmp_path / "nl2sql.toml"))
    return tmp_path / "nl2sql.toml"


def settings(config: Path, **values: str) -> None:
    config.write_text("".join(f'{name} = "{value}"\n' for name, value in {"policy": "policy.yaml", **values}.items()))


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@pytest.mark.parametrize("address", [EVERYWHERE, "::", "192.168.0.4", "ask.example.com", ""])
@pytest.mark.parametrize("text", ['policy = "none"\n', "not a settings file"])
def test_without_a_sign_in_only_this_machine_may_be_listened_to(
    config: Path, started: list[list[str]], capsys: pytest.CaptureFixture[str], address: str, text: str
) -> None:
    config.write_text(text)
    assert launch.main(["--port", free_port(), f"--address={address}"]) == 2
    assert "Without a sign-in the app listens on this machine only" in capsys.readouterr().err
    assert not started


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost"])
def test_without_a_sign_in_this_machine_is_enough(config: Path, started: list[list[str]], address: str) -> None:
    settings(config)
    launch.main(["--port", free_port(), "--address", address])
    assert f"--server.address={address}" in started[0]


def test_with_a_sign_in_the_app_may_be_open_to_others(
    config: Path, started: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    settings(config, sign_in="oidc", people="people.yaml")
    port = free_port()
    launch.main(["--port", port, "--address", EVERYWHERE])
    assert f"--server.address={EVERYWHERE}" in started[0]
    assert {"--server.enableCORS=true", "--server.enableXsrfProtection=true"} <= set(started[0])
    assert f"http://{EVERYWHERE}:{port}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"sign_in": "oidc"}, "The setting people must name a file"),
        ({"sign_in": "iap", "people": "people.yaml"}, "iap_audience is needed"),
        ({"sign_in": "oidc", "people": "nowhere.yaml"}, "nowhere.yaml cannot be read"),
        ({"sign_in": "oidc", "people": "people.yaml", "policy": "nowhere.yaml"}, "nowhere.yaml cannot be read"),
    ],
)
def test_a_sign_in_that_lets_nobody_in_is_told_at_the_start(
    config: Path, started: list[list[str]], capsys: pytest.CaptureFixture[str], values: dict[str, str], told: str
) -> None:
    settings(config, **values)
    assert launch.main(["--port", free_port()]) == 2
    assert told in capsys.readouterr().err
    assert not started


@pytest.mark.parametrize("address", ["ask.invalid", "256.1.1.1", "a" * 70, "203.0.113.7", "."])
def test_an_address_that_is_not_this_machines_is_told_in_a_sentence(
    config: Path, started: list[list[str]], capsys: pytest.CaptureFixture[str], address: str
) -> None:
    settings(config, sign_in="oidc", people="people.yaml")
    assert launch.main(["--port", free_port(), "--address", address]) == 2
    assert f"“{address}” is not an address of this machine" in capsys.readouterr().err
    assert not started
