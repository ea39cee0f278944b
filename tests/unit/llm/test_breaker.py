"""An endpoint that fails again and again is left alone, and found again by one call."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from threading import Event, Thread

import pytest

from nl2sql.errors import (
    LanguageModelError,
    ModelAuthFailed,
    ModelBusy,
    ModelCancelled,
    ModelReplyInvalid,
    ModelTimedOut,
    ModelUnreachable,
)
from nl2sql.llm.base import NO_CALL, Call, Completion
from nl2sql.llm.breaker import BreakingModel
from nl2sql.prompt.base import Message, Prompt

PROMPT = Prompt((Message("user", "q"),), {}, "t@v1", "f")
GOOD = Completion("ok", "m")


class Endpoint:
    """Does what it is told to, and counts who came through."""

    name = "m"
    server = ("host", 443)

    def __init__(self) -> None:
        self.asked = 0
        self.does: Callable[[], Completion] = lambda: GOOD

    def fails(self, error: LanguageModelError) -> None:
        def fail() -> Completion:
            raise error

        self.does = fail

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        self.asked += 1
        return self.does()


class House:
    def __init__(self) -> None:
        self.seconds = 1_000.0
        self.endpoint = Endpoint()
        self.model = BreakingModel(
            self.endpoint, clock=lambda: self.seconds, now=lambda: datetime(2026, 6, 30, 10, 15, 2, tzinfo=UTC)
        )

    def ask(self, call: Call = NO_CALL) -> str:
        """The text of the reply, or the code of the error."""
        try:
            return self.model.complete(PROMPT, call).text
        except LanguageModelError as error:
            return error.code

    def fail(self, times: int, error: LanguageModelError | None = None) -> None:
        self.endpoint.fails(error or ModelUnreachable("gone"))
        for _ in range(times):
            self.ask()


@pytest.fixture
def house() -> House:
    return House()


def test_five_failures_in_a_row_leave_the_endpoint_alone(house: House) -> None:
    house.fail(4)
    assert house.ask() == "llm_unreachable" and house.endpoint.asked == 5
    house.endpoint.does = lambda: GOOD
    remarks: list[str] = []
    with pytest.raises(ModelUnreachable) as caught:
        house.model.complete(PROMPT, Call(remark=remarks.append))
    assert house.endpoint.asked == 5
    assert str(caught.value) == (
        "The language model has failed since 10:15:02 UTC, so it is not asked; it is tried again in 30 s."
    )
    assert caught.value.hint == "5 failures in a row, the last one: gone"
    assert remarks == ["not asked: failing since 10:15:02 UTC; it is tried again in 30 s"]


def test_a_busy_endpoint_stays_a_busy_one(house: House) -> None:
    house.fail(5, ModelBusy("busy"))
    assert house.ask() == "llm_busy" and house.endpoint.asked == 5


def test_one_call_after_the_pause_finds_out_that_it_works_again(house: House) -> None:
    house.fail(5)
    house.endpoint.does = lambda: GOOD
    house.seconds += 29.9
    assert house.ask() == "llm_unreachable"
    house.seconds += 0.2
    assert [house.ask() for _ in range(3)] == ["ok"] * 3
    house.fail(4)
    house.endpoint.does = lambda: GOOD
    assert house.ask() == "ok"  # the five of before are forgotten


def test_one_call_that_fails_after_the_pause_begins_another(house: House) -> None:
    house.fail(5)
    house.seconds += 31
    assert house.ask() == "llm_unreachable" and house.endpoint.asked == 6
    house.seconds += 29
    assert house.ask() == "llm_unreachable" and house.endpoint.asked == 6
    house.seconds += 2
    assert house.ask() == "llm_unreachable" and house.endpoint.asked == 7


def test_while_one_finds_out_the_others_stay_away(house: House) -> None:
    house.fail(5)
    house.seconds += 31
    inside, leave = Event(), Event()

    def slow() -> Completion:
        inside.set()
        assert leave.wait(10)
        return GOOD

    house.endpoint.does = slow
    said: list[str] = []
    probe = Thread(target=lambda: said.append(house.ask()))
    probe.start()
    assert inside.wait(10)
    with pytest.raises(ModelUnreachable, match="it is being tried again just now"):
        house.model.complete(PROMPT)
    leave.set()
    probe.join(10)
    assert said == ["ok"] and house.endpoint.asked == 6
    house.endpoint.does = lambda: GOOD
    assert house.ask() == "ok"


@pytest.mark.parametrize(
    "between", [ModelReplyInvalid("what?"), ModelAuthFailed("no"), LanguageModelError("400"), None]
)
def test_what_shows_that_somebody_answers_is_no_failure_in_a_row(
    house: House, between: LanguageModelError | None
) -> None:
    house.fail(4, ModelTimedOut("slow"))
    if between is None:
        house.endpoint.does = lambda: GOOD
        assert house.ask() == "ok"
    else:
        house.fail(1, between)
    house.fail(4, ModelTimedOut("slow"))
    house.endpoint.does = lambda: GOOD
    assert house.ask() == "ok"


def test_bad_replies_and_refused_keys_alone_never_open_it(house: House) -> None:
    house.fail(20, ModelAuthFailed("no"))
    house.fail(20, ModelReplyInvalid("what?"))
    assert house.endpoint.asked == 40


def test_a_call_that_was_given_up_neither_counts_nor_blocks(house: House) -> None:
    house.fail(4)
    house.fail(3, ModelCancelled("given up"))
    house.fail(1)
    assert house.endpoint.asked == 8
    house.seconds += 31
    house.fail(1, ModelCancelled("given up"))  # it was the one to find out
    house.endpoint.does = lambda: GOOD
    assert house.ask() == "ok"


def test_failures_that_were_under_way_do_not_make_the_pause_longer(house: House) -> None:
    inside, leave = Event(), Event()

    def late() -> Completion:
        inside.set()
        assert leave.wait(10)
        raise ModelTimedOut("slow")

    house.endpoint.does = late
    thread = Thread(target=house.ask)
    thread.start()
    assert inside.wait(10)
    house.fail(5)
    house.seconds += 20
    leave.set()
    thread.join(10)
    house.seconds += 11
    house.endpoint.does = lambda: GOOD
    assert house.ask() == "ok"


def test_an_unexpected_error_does_not_leave_it_waiting_for_ever(house: House) -> None:
    house.fail(5)
    house.seconds += 31

    def broken() -> Completion:
        raise ZeroDivisionError

    house.endpoint.does = broken
    with pytest.raises(ZeroDivisionError):
        house.ask()
    house.endpoint.does = lambda: GOOD
    assert house.ask() == "ok"


def test_it_has_the_name_and_the_place_of_what_it_stands_around(house: House) -> None:
    assert (house.model.name, house.model.server) == ("m", ("host", 443))
    assert repr(house.model).startswith("BreakingModel(")
