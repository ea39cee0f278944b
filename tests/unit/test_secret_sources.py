"""Where the key comes from, and that no message repeats what somebody set."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest

from nl2sql import secret_sources
from nl2sql.errors import SettingsInvalid
from nl2sql.secret_sources import key_from_environment, key_from_secret_manager, openai_key

KEY = "key-" + "a1B2c3D4e5F6g7H8i9"
SECRET = "projects/shop-1/secrets/llm-key/versions/3"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_text(f"{KEY}\n", encoding="utf-8")
    path.chmod(0o600)
    return path


def refused(named: str | Path) -> str:
    with pytest.raises(SettingsInvalid) as caught:
        key_from_environment({"OPENAI_API_KEY_FILE": str(named)})
    assert caught.value.__cause__ is None
    said = f"{caught.value} {caught.value.hint}"
    assert KEY not in said and str(named) not in said
    return str(caught.value)


def test_the_environment_comes_first_then_the_file_then_nothing(file: Path) -> None:
    both = {"OPENAI_API_KEY": f" {KEY}0\n", "OPENAI_API_KEY_FILE": str(file)}
    assert openai_key(both) == f"{KEY}0"
    assert openai_key(both | {"OPENAI_API_KEY": "  "}) == KEY
    assert openai_key({}) == openai_key({"OPENAI_API_KEY_FILE": ""}, " ") == ""


def test_the_secret_comes_last(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(secret_sources, "key_from_secret_manager", lambda name: f"of {name}")
    assert openai_key({}, SECRET) == f"of {SECRET}"
    assert openai_key({"OPENAI_API_KEY_FILE": str(file)}, SECRET) == KEY


@pytest.mark.parametrize("around", ["{}", "{}\n", "{}\r\n", "\n {} \n"])
def test_space_around_a_key_in_a_file_is_none_of_it(file: Path, around: str) -> None:
    file.write_text(around.format(KEY), encoding="utf-8")
    assert key_from_environment({"OPENAI_API_KEY_FILE": str(file)}) == KEY


def test_a_file_that_is_not_there_is_told_without_its_name(tmp_path: Path) -> None:
    assert refused(tmp_path / "absent") == "The file that OPENAI_API_KEY_FILE names does not exist."
    assert refused(KEY) == "The file that OPENAI_API_KEY_FILE names does not exist."
    assert refused("k" * 5_000) == "The file that OPENAI_API_KEY_FILE names cannot be read: File name too long."
    assert refused("key\0") == "The file that OPENAI_API_KEY_FILE names cannot be read: ValueError."


def test_a_file_that_holds_no_key_is_told_without_its_content(file: Path, tmp_path: Path) -> None:
    assert "cannot be read: Is a directory" in refused(tmp_path)
    for content, said in [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (f"{KEY}\n{KEY}".encode(), "holds more than a key"),
        (b"a" * 10_001, "holds more than a key"),
        (b"\xff\xfe" + KEY.encode("utf-16-le"), "holds something that is not text"),
    ]:
        file.write_bytes(content)
        assert said in refused(file)


def test_a_file_that_everybody_can_read_is_used_with_a_warning(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    file.chmod(0o640)
    assert key_from_environment({"OPENAI_API_KEY_FILE": str(file)}) == KEY and not caplog.records
    file.chmod(0o644)
    assert key_from_environment({"OPENAI_API_KEY_FILE": str(file)}) == KEY
    assert "can be read by every user of this machine" in caplog.text
    assert KEY not in caplog.text and str(file) not in caplog.text


class SecretManager:
    """Answers on the loopback interface as Google Secret Manager does. `paths` are those it was asked for."""

    def __init__(self, status: int, body: bytes) -> None:
        self.status, self.body = status, body
        self.paths: list[str] = []
        self.stall = Event()
        self.stall.set()
        self.url = ""


@contextmanager
def serving(status: int = 200, body: bytes | None = None) -> Iterator[SecretManager]:
    payload = {"name": SECRET, "payload": {"data": base64.b64encode(f"{KEY}\n".encode()).decode()}}
    manager = SecretManager(status, json.dumps(payload).encode() if body is None else body)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            manager.paths.append(self.path)
            manager.stall.wait(10)
            self.send_response(manager.status)
            self.send_header("Location", f"{manager.url}/elsewhere")
            self.send_header("Content-Length", str(len(manager.body)))
            self.end_headers()
            self.wfile.write(manager.body)

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    manager.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield manager
    finally:
        manager.stall.set()
        server.shutdown()
        server.server_close()
        thread.join(10)


def asked(manager: SecretManager, name: str = SECRET, seconds: float = 10.0) -> str:
    from google.auth.credentials import AnonymousCredentials

    class Account(AnonymousCredentials):
        def refresh(self, request: object) -> None:
            return None

    account = Account()  # type: ignore[no-untyped-call]
    return key_from_secret_manager(name, endpoint=manager.url, credentials=account, seconds=seconds)


def test_the_key_is_fetched_from_secret_manager() -> None:
    with serving() as manager:
        assert asked(manager) == KEY
        assert asked(manager, "projects/shop-1/secrets/llm-key") == KEY
    latest = "/v1/projects/shop-1/secrets/llm-key/versions/latest:access"
    assert manager.paths == [f"/v1/{SECRET}:access", latest]


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (401, "did not accept this machine's account"),
        (403, "may not read the secret"),
        (404, "has no such secret or version"),
        (429, "is busy"),
        (302, "answered with status 302"),
        (500, "answered with status 500"),
    ],
)
def test_a_refusal_is_told_without_the_replys_own_text(status: int, said: str) -> None:
    with serving(status, f"no {KEY}".encode()) as manager, pytest.raises(SettingsInvalid, match=said) as caught:
        asked(manager)
    assert KEY not in f"{caught.value} {caught.value.hint}" and caught.value.__cause__ is None
    assert len(manager.paths) <= 3  # a redirection is not followed; a refused account is refreshed


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"payload": {"data": "%%%"}}', b'{"payload": {"data": 3}}', b"\xff"]
)
def test_an_answer_without_a_secret_is_told(body: bytes) -> None:
    with serving(200, body) as manager, pytest.raises(SettingsInvalid, match=r"holds no secret|could not be asked"):
        asked(manager)


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    with serving() as manager:
        manager.stall.clear()
        with pytest.raises(SettingsInvalid, match="could not be asked"):
            asked(manager, seconds=0.1)


def test_no_server_at_all_is_told() -> None:
    with serving() as manager:
        pass
    with pytest.raises(SettingsInvalid, match="could not be asked"):
        asked(manager)


@pytest.mark.parametrize(
    "name", [KEY, "projects/a/secrets", f"{SECRET}/../../other", f"{SECRET}?x=1", "projects/a/secrets/b c"]
)
def test_what_names_no_secret_is_refused_without_repeating_it(name: str) -> None:
    with pytest.raises(SettingsInvalid, match="does not name a secret") as caught:
        key_from_secret_manager(name)
    assert name not in f"{caught.value} {caught.value.hint}"


def test_a_machine_without_an_account_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError

    def none(**_: object) -> None:
        raise DefaultCredentialsError("none here")

    monkeypatch.setattr(google.auth, "default", none)
    with pytest.raises(SettingsInvalid, match="this machine has no Google account"):
        key_from_secret_manager(SECRET)


WITHOUT_GOOGLE = """
import sys
sys.modules["google"] = sys.modules["google.auth"] = None
import nl2sql.settings
from nl2sql.errors import SettingsInvalid
from nl2sql.secret_sources import key_from_secret_manager, openai_key
assert openai_key({"OPENAI_API_KEY": "x"}, "projects/a/secrets/b") == "x"
try:
    key_from_secret_manager("projects/a/secrets/b")
except SettingsInvalid as error:
    print(error)
"""


def test_without_googles_client_everything_else_works() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", WITHOUT_GOOGLE], capture_output=True, text=True, timeout=100, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert "Google's client is not installed. Install it with: pip install 'nl2sql[bigquery]'" in ran.stdout


def test_nothing_here_puts_a_key_into_the_environment(file: Path) -> None:
    before = dict(os.environ)
    key_from_environment({"OPENAI_API_KEY_FILE": str(file)})
    assert dict(os.environ) == before
