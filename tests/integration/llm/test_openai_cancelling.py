"""A call that nobody waits for ends at once, wherever it is, and leaves nothing behind."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from nl2sql.errors import ModelCancelled, ModelTimedOut, ModelUnreachable
from nl2sql.prompt.base import Message, Prompt
from tests.fakes.openai.acts import Act, busy
from tests.integration.llm.conftest import PROMPT, Story, Wire

# Half a second is promised; the rest is for a machine with other things to do.
SOON = 2.0


def cancel_after(seconds: float, story: Story) -> None:
    threading.Timer(seconds, story.cancelled.set).start()


@pytest.mark.parametrize(
    "act",
    [
        Act(stall=30.0),
        Act("x" * 500, drip=0.2),
        Act("x" * 500, piece=5, pause=10.0),
        busy(25),
        Act(status=500, message="x" * 500, drip=0.2),
    ],
    ids=["no byte", "drip", "between events", "waiting to try again", "an error that drips"],
)
def test_a_cancelled_call_ends_soon(
    wire: Wire, act: Act, model: Any, endpoint: Any, failure: Any, stopwatch: Callable[[], float]
) -> None:
    if act.pause and not wire.is_streamed:
        pytest.skip("a whole reply has no events")
    server, story = endpoint([act]), Story()
    asked = model(server.url, wire, timeout=30.0)
    begun = stopwatch()
    cancel_after(0.3, story)
    assert type(failure(asked, story)) is ModelCancelled
    assert stopwatch() - begun < SOON
    assert len(server.requests) == 1


def test_the_provider_sees_the_caller_leave(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    server, story = endpoint([Act(stall=30.0)]), Story()
    asked = model(server.url, wire)
    cancel_after(0.3, story)
    failure(asked, story)
    until = time.monotonic() + 5
    while not server.hangups and time.monotonic() < until:
        time.sleep(0.02)
    assert server.hangups == 1


def test_a_call_that_was_cancelled_before_is_not_sent(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    server, story = endpoint(["{}"]), Story()
    story.cancelled.set()
    assert type(failure(model(server.url, wire), story)) is ModelCancelled
    assert server.requests == []


def test_other_calls_of_the_same_model_go_on(model: Any, endpoint: Any, failure: Any) -> None:
    server = endpoint(lambda received: Act(stall=1.0) if received.number == 1 else Act("{}"))
    asked, story, said = model(server.url), Story(), []
    stalled = threading.Thread(target=lambda: said.append(asked.complete(PROMPT).text))
    stalled.start()
    while not server.requests:
        time.sleep(0.01)
    cancelled = threading.Thread(target=lambda: failure(asked, story))
    story.cancelled.set()
    cancelled.start()
    assert asked.complete(PROMPT).text == "{}"
    for thread in (stalled, cancelled):
        thread.join()
    assert said == ["{}"]


def test_connecting_is_cancelled_too(deaf_host: str, model: Any, failure: Any, stopwatch: Callable[[], float]) -> None:
    asked, story = model(deaf_host, timeout=30.0), Story()
    cancel_after(0.3, story)
    assert type(failure(asked, story)) is ModelCancelled
    assert stopwatch() < SOON


def test_connecting_ends_at_the_limit(deaf_host: str, model: Any, failure: Any, stopwatch: Callable[[], float]) -> None:
    assert type(failure(model(deaf_host, timeout=0.5))) is ModelTimedOut
    assert stopwatch() < SOON


def test_a_host_that_accepts_no_connection_is_not_waited_for_to_the_end(
    deaf_host: str, model: Any, failure: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nl2sql.llm.openai_exchange.CONNECT_SECONDS", 0.4)
    story = Story()
    assert type(failure(model(deaf_host, timeout=20.0, max_retries=1), story)) is ModelUnreachable
    assert story.tries == ["no connection"]


def test_looking_up_a_name_is_cancelled_too(
    model: Any, failure: Any, stopwatch: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The system's resolver has no limit that can be set; its thread ends when it does."""
    resolver = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: (resolver.wait(20) and []) or [])
    asked, story = model("http://gateway.test/v1", timeout=30.0), Story()
    cancel_after(0.3, story)
    assert type(failure(asked, story)) is ModelCancelled
    assert stopwatch() < SOON
    resolver.set()


def test_a_tls_handshake_is_cancelled_too(model: Any, failure: Any, stopwatch: Callable[[], float]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        asked, story = model(f"https://127.0.0.1:{listener.getsockname()[1]}/v1", timeout=30.0), Story()
        cancel_after(0.3, story)
        assert type(failure(asked, story)) is ModelCancelled
    assert stopwatch() < SOON


def test_a_server_that_reads_nothing_does_not_hold_a_long_prompt(
    model: Any, failure: Any, stopwatch: Callable[[], float]
) -> None:
    long = Prompt((Message("user", "x" * 20_000_000),), {}, "t@v1", "f")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        asked, story = model(f"http://127.0.0.1:{listener.getsockname()[1]}/v1", timeout=30.0), Story()
        cancel_after(0.3, story)
        assert type(failure(asked, story, long)) is ModelCancelled
    assert stopwatch() < SOON + 1


def test_calls_through_a_proxy_are_watched_too(
    model: Any, endpoint: Any, failure: Any, stopwatch: Callable[[], float], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = endpoint([Act("{}"), Act(stall=30.0)])
    monkeypatch.setenv("HTTP_PROXY", server.url.removesuffix("/v1"))
    asked, story = model("http://gateway.test/v1", timeout=30.0), Story()
    assert asked.complete(PROMPT).text == "{}"
    assert server.requests[0].headers["host"] == "gateway.test"
    begun = stopwatch()
    cancel_after(0.3, story)
    assert type(failure(asked, story)) is ModelCancelled
    assert stopwatch() - begun < SOON


def test_no_thread_is_left_behind(wire: Wire, model: Any, endpoint: Any, failure: Any) -> None:
    server = endpoint([Act(stall=30.0)])
    asked = model(server.url, wire)
    for _ in range(3):
        story = Story()
        cancel_after(0.2, story)
        failure(asked, story)
    until = time.monotonic() + 5
    while _threads() and time.monotonic() < until:
        time.sleep(0.02)
    assert _threads() == []


def _threads() -> list[str]:
    return [each.name for each in threading.enumerate() if each.name == "connect to a language model"]
