"""The whole product while its endpoint is away for longer, while a budget ends, and when people stop waiting."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from nl2sql import language_model
from nl2sql.answer.base import Answer
from nl2sql.llm.breaker import MOST_FAILURES, BreakingModel
from nl2sql.provenance import stands_in
from nl2sql.trace import StageEvent
from nl2sql.writers.chain import NOTES
from tests.fakes.openai.acts import DROPPED, Act, Received, Scripted, busy
from tests.integration.llm.pipelines import (
    ALL_WRITERS,
    COUNTED,
    FOUND,
    LLM_SECONDS,
    SURE,
    UNREAD,
    UNSURE,
    House,
    assert_in_order,
    assert_soon,
    open_house,
    remarks,
    reply,
)

# Against a hang: stopping takes a tenth of a second.
SOON = 5.0
PEOPLE = [f"person {number}" for number in range(8)]

GOOD, UNSURE_DRAFT, REFUSED = reply(COUNTED), reply(COUNTED, 0.2), reply("SELECT email FROM users")


@pytest.fixture
def house(tmp_path: Path, auction_database: Path) -> Iterator[Callable[..., House]]:
    with ExitStack() as opened:
        yield lambda **given: opened.enter_context(open_house(tmp_path, auction_database, **given))


class _Plain(BaseHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        return None


@pytest.fixture
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of a server whose certificate nobody has signed but itself."""
    binary = shutil.which("openssl")
    if binary is None:
        pytest.skip("no openssl is installed")
    made = tmp_path_factory.mktemp("certificate") / "both.pem"
    options = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost"
    ran = [str(binary), *options.split(), "-keyout", str(made.with_name("key.pem")), "-out", str(made)]
    subprocess.run(ran, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, made.with_name("key.pem"))
    with HTTPServer(("127.0.0.1", 0), _Plain) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("address", "code", "headline", "hint"),
    [
        ("http://127.0.0.1:1/v1", "llm_unreachable", "The language model at 127.0.0.1:1 cannot be reached.", "refused"),
        (
            "http://models.invalid/v1",
            "llm_unreachable",
            "The language model at models.invalid cannot be reached.",
            "look up models.invalid",
        ),
        (
            "https://127.0.0.1:{encrypted}/v1",
            "llm_failed",
            "The certificate of the language model at 127.0.0.1:{encrypted} is not trusted.",
            "self-signed",
        ),
        (
            "http://127.0.0.1:{encrypted}/v1",
            "llm_unreachable",
            "The language model at 127.0.0.1:{encrypted} cannot be reached.",
            "",
        ),
    ],
    ids=["nobody listens", "no such host", "an unknown certificate", "no TLS where TLS is spoken"],
)
def test_an_endpoint_that_is_not_there(
    house: Callable[..., House],
    encrypted: int,
    address: str,
    code: str,
    headline: str,
    hint: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url, said = address.format(encrypted=encrypted), headline.format(encrypted=encrypted)
    alone = house(url=url, writers="llm")
    answer = alone.ask()
    assert (answer.outcome, answer.code, answer.headline) == ("failed", code, said)
    assert hint in answer.hint and answer.hint != "Connection error."
    assert remarks(answer)[-1].startswith(f"given up: {said[0].lower()}{said[1:-1]} (")
    assert_in_order(alone, caplog)
    among = house(url=url, writers=ALL_WRITERS)
    assert among.ask(SURE).origin.note == ""
    assert stands_in(among.ask(UNSURE)).lower() == f"{NOTES[code]}, so this was read without it."
    assert among.ask(UNREAD).headline.endswith(f"Nobody else could help: {NOTES[code]}.")
    assert_in_order(among, caplog)


def test_tls_where_none_is_spoken_is_no_connection(
    house: Callable[..., House], caplog: pytest.LogCaptureFixture
) -> None:
    with HTTPServer(("127.0.0.1", 0), _Plain) as plain:
        plain.handle_error = lambda *_: None  # type: ignore[method-assign]
        thread = Thread(target=plain.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        asked = house(url=f"https://127.0.0.1:{plain.server_port}/v1", writers="llm")
        answer = asked.ask()
        plain.shutdown()
        thread.join()
    assert (answer.code, "SSL" in answer.hint) == ("llm_unreachable", True)
    assert_in_order(asked, caplog)


def ask_at_once(house: House, text: str) -> list[Answer]:
    with ThreadPoolExecutor(len(PEOPLE)) as pool:
        return list(pool.map(lambda user: house.ask(text, user), PEOPLE))


@pytest.mark.parametrize("dead", [DROPPED, Act(stall=60.0)], ids=["hangs up", "says nothing"])
def test_a_dead_endpoint_is_left_alone_and_found_again(
    house: Callable[..., House], dead: Act, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Eight people ask at once, three times: they wait for it together, then not at all, then it is back."""
    monkeypatch.setattr(language_model, "BreakingModel", lambda model: BreakingModel(model, pause=3.0))
    asked = house(writers=ALL_WRITERS)
    asked.director.direct([dead])
    tries = 3 if dead.drop else 1
    first = ask_at_once(asked, UNSURE)
    reached = asked.requests
    assert MOST_FAILURES <= reached <= len(PEOPLE) * tries
    second = ask_at_once(asked, UNSURE)
    assert asked.requests == reached, "nobody asked a dead endpoint again"
    for answer in (*first, *second):
        assert (answer.outcome, answer.origin.writer) == ("answered", "offline")
        assert stands_in(answer).endswith(", so this was read without it.")
    for answer in second:
        assert any(each.startswith("not asked: failing since ") for each in remarks(answer))
    assert asked.seconds < LLM_SECONDS + SOON
    assert "The language model failed 5 times in a row; it is left alone for a while." in caplog.text
    asked.director.direct([GOOD])
    assert_soon(lambda: asked.ask(UNREAD).outcome == "answered", 10.0)
    assert {each.headline for each in ask_at_once(asked, UNREAD)} == {FOUND}
    assert_in_order(asked, caplog)


PAID = Act(GOOD, usage=(2_000, 100, 0))
TOO_LITTLE = " for the language model has too little left today for another question; it starts again at midnight UTC."


def test_a_budget_that_ends_amid_a_conversation_ends_it_for_one_person_alone(
    house: Callable[..., House], caplog: pytest.LogCaptureFixture
) -> None:
    asked = house(writers="llm", budget_user_tokens=7_000)
    asked.director.direct([PAID])
    ends = [asked.ask(f"{UNREAD} {number}", "anna").code for number in range(4)]
    assert ends == ["ok", "ok", "llm_budget_spent", "llm_budget_spent"]
    refused = asked.ask(UNREAD, "anna")
    assert (refused.outcome, refused.headline) == ("failed", f"Your budget{TOO_LITTLE}")
    assert remarks(refused) == ["not asked: the budget for today is spent"]
    assert asked.ask(UNREAD, "berta").headline == FOUND
    assert asked.requests == 3
    assert_in_order(asked, caplog)


def test_a_budget_of_all_ends_for_all_and_the_offline_writer_goes_on(
    house: Callable[..., House], caplog: pytest.LogCaptureFixture
) -> None:
    asked = house(writers=ALL_WRITERS, budget_tokens=7_000)
    asked.director.direct([PAID])
    assert [asked.ask(UNREAD, user).outcome for user in ("anna", "berta", "carla")] == [*["answered"] * 2, "declined"]
    note = NOTES["llm_budget_spent"]
    assert asked.ask(UNREAD, "dora").headline.endswith(f"Nobody else could help: {note}.")
    assert (
        stands_in(asked.ask(UNSURE, "emil"))
        == "Today's budget for the language model is spent, so this was read without it."
    )
    assert (asked.ask(SURE, "fritz").origin.note, asked.requests) == ("", 2)
    assert_in_order(asked, caplog)


def test_a_budget_that_ends_before_a_repair_leaves_what_was_to_be_repaired(house: Callable[..., House]) -> None:
    asked = house(writers="llm", budget_user_tokens=5_000)
    asked.director.direct([Act(REFUSED, usage=(2_000, 100, 0)), GOOD])
    answer = asked.ask()
    assert (answer.outcome, answer.code, asked.requests) == ("refused", "sensitive_column", 1)
    assert remarks(answer)[-2:] == ["not asked: the budget for today is spent", "no other draft: llm budget spent"]


def test_a_budget_that_ends_amid_candidates_leaves_the_first_draft(house: Callable[..., House]) -> None:
    asked = house(writers="llm", budget_user_tokens=5_000)
    asked.director.direct([Act(UNSURE_DRAFT, usage=(2_000, 100, 0))])
    answer = asked.ask()
    assert (answer.headline, asked.requests) == (FOUND, 1)
    assert "Only one of 3 drafts gave a result, so none could be compared." in [each.text for each in answer.findings]
    assert {"draft 2: llm budget spent", "draft 3: llm budget spent"} <= set(remarks(answer))


def stalls_later(first: Scripted) -> Callable[[Received], Scripted]:
    return lambda received: first if received.number == 1 else Act(stall=60.0)


@pytest.mark.parametrize(
    ("play", "requests"),
    [
        (lambda received: Act(GOOD, stall=60.0), 1),
        (lambda received: Act(GOOD, pause=60.0), 1),
        (lambda received: Act(GOOD, drip=0.2), 1),
        (lambda received: busy(20.0), 1),
        (stalls_later(Act(REFUSED)), 2),
        (stalls_later("no form at all"), 2),
        (stalls_later(Act(UNSURE_DRAFT)), 3),
    ],
    ids=["waiting", "streaming", "a drip", "a pause before another try", "a repair", "asking again", "candidates"],
)
def test_stopping_ends_every_phase(
    house: Callable[..., House],
    play: Callable[[Received], Scripted],
    requests: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    asked = house(writers=ALL_WRITERS, llm_seconds=60)
    asked.director.play = play
    answer = stopped(asked, lambda: asked.requests >= requests)
    assert (answer.outcome, answer.code, answer.headline) == ("failed", "query_cancelled", "The question was stopped.")
    assert asked.requests == requests
    assert not any(each.startswith("given up") for each in remarks(answer))
    assert_in_order(asked, caplog)
    asked.director.play = lambda received: GOOD
    assert asked.ask().headline == FOUND


@pytest.mark.parametrize("is_connected", [False, True], ids=["connecting", "shaking hands"])
def test_stopping_ends_a_connection_in_the_making(
    house: Callable[..., House],
    deaf_host: str,
    is_connected: bool,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of these, connecting leaves a thread behind, which ends at its own limit."""
    if not is_connected:
        monkeypatch.setattr("nl2sql.llm.openai_exchange.CONNECT_SECONDS", 2.0)
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}/v1" if is_connected else deaf_host
        asked = house(url=url, writers="llm", llm_seconds=60)
        begun = time.monotonic()
        answer = stopped(asked, lambda: time.monotonic() - begun > 0.5)
        assert answer.code == "query_cancelled"
        assert_in_order(asked, caplog)


def stopped(house: House, is_time: Callable[[], bool]) -> Answer:
    """A question that is stopped once it is time, and its answer."""
    writing, ended, answers = Event(), Event(), list[Answer]()

    def listen(event: StageEvent) -> None:
        if event.stage == "write":
            writing.set()

    def work() -> None:
        answers.append(house.ask(UNREAD, listener=listen, question_id="stopped"))
        ended.set()

    worker: Any = Thread(target=work, daemon=True)
    worker.start()
    assert writing.wait(SOON)
    assert_soon(is_time, SOON)
    begun = time.monotonic()
    assert house.pipeline.cancel("stopped")
    assert ended.wait(SOON)
    worker.join(SOON)
    house.seconds = time.monotonic() - begun  # what counts is how long stopping took
    return answers[0]
