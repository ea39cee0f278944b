"""The language model's key, and any eight characters in a row of it, is in nothing that the product writes or says.

The endpoint is hostile: it repeats the key in whatever it answers. Everything is switched on, and everything logs.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from nl2sql.errors import LanguageModelError
from nl2sql.llm import base
from nl2sql.llm.base import Call
from nl2sql.llm.breaker import BreakingModel
from nl2sql.llm.budget import Budget, BudgetedModel, DailyAccount
from nl2sql.llm.observed import ObservedModel
from nl2sql.llm.openai import OpenAIModel
from nl2sql.llm.recorded import RecordingModel
from nl2sql.prompt.base import Message, Prompt
from nl2sql.telemetry.base import NoTelemetry
from tests.fakes.openai.acts import Act
from tests.fakes.openai.server import Endpoint, serve

KEY = "sk-" + "proj-" + "Zq7XwLm9TvB4kR2dHs8YcN5fJ"
PIECES = frozenset(KEY[start : start + 8] for start in range(len(KEY) - 7))
SAID = f"Incorrect API key provided: {KEY} ({KEY[:9]}***{KEY[-9:]}), Bearer {KEY[4:20]}"
HEADERS = {"X-Echo": KEY, "WWW-Authenticate": f"Bearer {KEY}", "Retry-After": "0", "X-Request-Id": KEY}
SQL = '{"kind": "sql", "sql": "SELECT COUNT(*) AS n FROM listings", "interpretation": "counts listings"}'


def acts() -> list[Act]:
    """Every way to answer, each with the key in it."""
    refused = [
        Act(status=status, message=SAID, code=code, headers=HEADERS)
        for status, code in [(401, "invalid_api_key"), (403, KEY), (404, "model_not_found"), (400, KEY), (429, KEY)]
    ]
    return [
        *refused,
        Act(status=429, message=SAID, code="insufficient_quota", headers=HEADERS),
        Act(status=500, message=SAID, headers=HEADERS),
        Act(status=503, body=f"<html>{SAID}</html>".encode(), content_type="text/html", headers=HEADERS),
        Act(body=f"<html>{SAID}</html>".encode(), content_type="text/html", headers=HEADERS),
        Act(body=SAID.encode(), content_type="application/json", headers=HEADERS),
        Act(failed=SAID, headers=HEADERS),
        Act(text=f"{{ {SAID}", headers=HEADERS),
        Act(refusal=SAID, text="", headers=HEADERS),
        Act(text=SQL, finish="length", model=KEY, headers=HEADERS),
        Act(text=SQL, cut=1, reset=True, headers=HEADERS),
        Act(text=SQL, headers=HEADERS),
    ]


def found_in(what: str | bytes) -> list[str]:
    """The pieces of the key in it; whole letters may be spelled as JSON, URLs or UTF-16 spell them."""
    raw = what.encode("utf-8", "replace") if isinstance(what, str) else what
    return sorted(each for each in PIECES if each.encode() in raw or each.encode("utf-16-le") in raw)


def assert_nowhere(folder: Path, **said: str | bytes) -> set[str]:
    """Names of the files that were looked at."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    for path in files:
        assert found_in(path.read_bytes()) == [], path.name
        assert found_in(path.name) == []
    for name, text in said.items():
        assert found_in(text) == [], name
    return {path.name for path in files}


@contextmanager
def collecting() -> Iterator[tuple[str, list[bytes]]]:
    """Takes spans, as a collector does; yields its address, and what it was sent."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(str(self.headers).encode() + self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return None

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", bodies
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


EVERYTHING = """
import logging, os, sys
from pathlib import Path
from nl2sql.bootstrap import build_pipeline
from nl2sql.crash import write_report
from nl2sql.doctor.examine import examine
from nl2sql.question import Question
from nl2sql.secret_sources import openai_key
from nl2sql.settings import load_settings
from nl2sql.wire import answer_to_json

folder, key = Path(sys.argv[1]), openai_key(os.environ)
logging.basicConfig(level=logging.DEBUG, filename=folder / "debug.log")
settings = load_settings()
pipeline = build_pipeline(settings)
for number in range(int(sys.argv[2])):
    events = []
    answer = pipeline.ask(Question.parse(f"Which {number} colleagues hum in the lift?"), events.append)
    print(answer_to_json(answer), answer, events)
    pipeline.give_feedback(answer.id, "bad", f"it printed {key}")
print(settings, pipeline.writer, vars(pipeline))
for check in examine():
    print(check)
try:
    raise RuntimeError(f"headers: Authorization: Bearer {key}")
except RuntimeError as error:
    logging.getLogger("nl2sql").debug("see the report")
    print(write_report(error, folder))
pipeline.close()
"""


def settings_for(repository: Path, database: Path, folder: Path, endpoint: Endpoint, collector: str) -> dict[str, str]:
    given = {
        "CONFIG": str(repository / "nl2sql.toml"),
        "DATABASE": f"sqlite:///{database}",
        "CACHE": str(folder / "cache"),
        "LEDGER": f"sqlite:///{folder / 'ledger.db'}",
        "LLM_RECORD": str(folder / "recording.jsonl"),
        "LLM_SECONDS": "3",
        "LLM_RETRIES": "0",
        "BUDGET_USER_TOKENS": "10000000",
        "BUDGET_MONEY": "100",
        "OPENAI_BASE_URL": endpoint.url,
        "WRITERS": "llm",
        "TRACES": "otlp",
        "LOG_FORMAT": "json",
    }
    environ = {f"NL2SQL_{name}": value for name, value in given.items()}
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("NL2SQL_", "OPENAI_", "OTEL_"))}
    places = {"HOME": str(folder), "XDG_CACHE_HOME": str(folder / "users-cache")}
    return {**kept, **environ, **places, "OTEL_EXPORTER_OTLP_ENDPOINT": collector}


@pytest.fixture(params=["environment", "file"])
def key_given(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """As a variable, or as the file that one names; the file is the only one that may hold it."""
    if request.param == "environment":
        return {"OPENAI_API_KEY": KEY}
    path = tmp_path_factory.mktemp("secrets") / "key"
    path.write_text(f"{KEY}\n", encoding="utf-8")
    path.chmod(0o600)
    return {"OPENAI_API_KEY_FILE": str(path)}


def run(command: list[str], environ: Mapping[str, str], repository: Path) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(command, cwd=repository, env=dict(environ), capture_output=True, timeout=100, check=False)


def test_the_key_is_in_nothing_that_a_pipeline_writes(
    repository: Path, auction_database: Path, tmp_path: Path, key_given: dict[str, str]
) -> None:
    with serving() as endpoint, collecting() as (collector, spans):
        environ = settings_for(repository, auction_database, tmp_path, endpoint, collector) | key_given
        ran = run([sys.executable, "-c", EVERYTHING, str(tmp_path), "16"], environ, repository)
    assert ran.returncode == 0, ran.stderr.decode().replace(KEY, "THE KEY")
    assert len(endpoint.requests) >= 12 and set(endpoint.keys) == {f"Bearer {KEY}"}
    files = assert_nowhere(tmp_path, output=ran.stdout, errors=ran.stderr, spans=b"".join(spans))
    assert {"debug.log", "nl2sql.log", "ledger.db", "recording.jsonl"} <= files and spans
    assert b"[hidden]" in ran.stdout  # it was there, and was taken out


def test_the_key_is_in_nothing_that_the_commands_say(repository: Path, auction_database: Path, tmp_path: Path) -> None:
    with serving() as endpoint, collecting() as (collector, spans):
        environ = settings_for(repository, auction_database, tmp_path, endpoint, collector) | {"OPENAI_API_KEY": KEY}
        for command in (
            ["ask", "Who hums in the lift?"],
            ["ask", "--json", "Who hums?"],
            ["doctor"],
            ["ledger", "tail"],
        ):
            ran = run([sys.executable, "-m", "nl2sql.cli", *command], environ, repository)
            assert ran.stdout + ran.stderr, command
            assert_nowhere(tmp_path, output=ran.stdout, errors=ran.stderr, spans=b"".join(spans))
    assert endpoint.requests


@contextmanager
def serving() -> Iterator[Endpoint]:
    script = acts()
    with serve(lambda received: script[(received.number - 1) % len(script)]) as endpoint:
        yield endpoint


PROMPT = Prompt((Message("user", "q"),), {"type": "object"}, "t@v1", "f")


def test_the_key_is_in_no_error_remark_or_recording_of_the_models_around_the_endpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", True)
    caplog.set_level("DEBUG")
    path, remarks, said = tmp_path / "recording.jsonl", list[str](), list[str]()
    with serving() as endpoint:
        asked = OpenAIModel("any", api_key=KEY, base_url=endpoint.url, timeout=5, max_retries=1)
        account = DailyAccount(Budget(tokens=10**9), lambda day: None)
        stack = RecordingModel(path, BudgetedModel(BreakingModel(asked), account))
        observed = ObservedModel(stack, NoTelemetry().model_call)

        def ask(sample: int) -> None:
            try:
                said.append(repr(observed.complete(PROMPT, Call("anna", sample, remark=remarks.append))))
            except LanguageModelError as error:
                chain = [error, error.__cause__, error.__context__]
                said.append(" ".join(f"{each!r} {getattr(each, 'hint', '')} {vars(each or object)}" for each in chain))

        with ThreadPoolExecutor(2) as pool:
            list(pool.map(ask, range(40)))
        asked.close()
    assert len(endpoint.requests) > 16
    assert any("recording.jsonl" in name for name in assert_nowhere(tmp_path, said=repr(said), remarks=repr(remarks)))
    assert_nowhere(tmp_path, log=caplog.text, model=f"{observed!r} {stack!r}")
    assert path.stat().st_size
