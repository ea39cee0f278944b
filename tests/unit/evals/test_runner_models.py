"""What stands around the language model: the meter, the recording, the purse."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from evals.errors import LogInvalid
from evals.runner.meter import STRIDE, MeteredModel, metered
from evals.runner.purse import PayingModel, Purse
from evals.runner.replies import KeepingModel, ReplayingModel, Replies, open_replies
from nl2sql.errors import (
    BudgetSpent,
    ModelAuthFailed,
    ModelBusy,
    ModelReplyInvalid,
    ModelTimedOut,
    ModelUnreachable,
    SettingsInvalid,
)
from nl2sql.llm.base import Call, Completion, LanguageModel, Usage
from nl2sql.llm.prices import TokenPrice
from nl2sql.prompt.base import Message, Prompt

PRICE = TokenPrice(Decimal(1), Decimal(1), Decimal(1))  # for a million tokens


def prompt(name: str = "a") -> Prompt:
    return Prompt((Message("user", "How many?" * 10),), {}, "p@v1", name * 64)


class Endpoint:
    """Says how often it was asked, or raises; keeps the samples that it got."""

    name = "house-model"

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error
        self.samples: list[int] = []

    def complete(self, prompt: Prompt, call: Call = Call()) -> Completion:  # noqa: B008 - frozen
        self.samples.append(call.sample)
        if self.error is not None:
            raise self.error
        return Completion(f"reply {len(self.samples)}", "served", Usage(100, 20, 10))


def kept(endpoint: Endpoint, path: Path, *, is_own: bool = True) -> LanguageModel:
    return MeteredModel(KeepingModel(endpoint, open_replies(path), is_own=is_own), lambda prompt: None)


def test_a_repeat_is_kept_apart_and_asked_like_the_first(tmp_path: Path) -> None:
    endpoint = Endpoint()
    model = kept(endpoint, tmp_path / "r.jsonl")
    said = []
    for repeat in (0, 1, 0, 1):
        with metered(repeat):
            said.append(model.complete(prompt(), Call(sample=2)).text)
    assert said == ["reply 1", "reply 2", "reply 1", "reply 2"]
    assert endpoint.samples == [2, 2]
    assert [Replies(tmp_path / "r.jsonl").find(prompt(), 2 + STRIDE * repeat) is None for repeat in (0, 1, 2)] == [
        False, False, True,
    ]  # fmt: skip


def test_what_the_run_itself_paid_for_is_paid_and_what_another_did_is_not(tmp_path: Path) -> None:
    with metered(0):
        kept(Endpoint(), tmp_path / "r.jsonl").complete(prompt())
    unasked = Endpoint(AssertionError())
    with metered(0) as meter:
        assert kept(unasked, tmp_path / "r.jsonl").complete(prompt()).usage == Usage(100, 20, 10)
        assert meter.unpaid == Usage()
    with metered(0) as meter:
        assert kept(unasked, tmp_path / "r.jsonl", is_own=False).complete(prompt()).usage == Usage()
        assert meter.unpaid == Usage(100, 20, 10)
    replaying = ReplayingModel(Replies(tmp_path / "r.jsonl"))
    assert replaying.name == "house-model (recorded)"
    with metered(0) as meter:
        assert replaying.complete(prompt()).text == "reply 1"
        assert meter.unpaid == Usage(100, 20, 10)
    with pytest.raises(ModelUnreachable, match="This question was not recorded"):
        replaying.complete(prompt("b"))


def test_another_model_is_asked_itself(tmp_path: Path) -> None:
    kept(Endpoint(), tmp_path / "r.jsonl").complete(prompt())
    other = Endpoint()
    other.name = "other-model"
    kept(other, tmp_path / "r.jsonl").complete(prompt())
    assert other.samples == [0]


def test_a_failure_of_the_models_own_is_given_again_and_one_of_time_is_asked_again(tmp_path: Path) -> None:
    broken = Endpoint(ModelReplyInvalid("No reply."))
    for _ in range(2):
        with pytest.raises(ModelReplyInvalid, match="No reply"):
            kept(broken, tmp_path / "a.jsonl").complete(prompt())
    slow = Endpoint(ModelTimedOut("Too slow."))
    for _ in range(2):
        with pytest.raises(ModelTimedOut):
            kept(slow, tmp_path / "b.jsonl").complete(prompt())
    assert (len(broken.samples), len(slow.samples)) == (1, 2)


def test_half_a_line_of_a_killed_run_costs_only_its_reply(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    model = kept(Endpoint(), path)
    for name in "ab":
        model.complete(prompt(name))
    path.write_bytes(path.read_bytes()[:-30])
    again = Endpoint()
    model = kept(again, path)
    for name in "aba":
        model.complete(prompt(name))
    assert len(again.samples) == 1
    assert Replies(path).spent == Usage(200, 40, 20)


def test_a_recording_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(LogInvalid, match="cannot be read"):
        Replies(tmp_path / "none.jsonl")
    with pytest.raises(SettingsInvalid, match="cannot be written"):
        open_replies(tmp_path)


@pytest.mark.parametrize("error", [ModelBusy("x"), ModelUnreachable("x"), ModelTimedOut("x"), ModelAuthFailed("x")])
def test_the_meter_tells_what_is_the_providers_trouble(error: Any) -> None:
    model = MeteredModel(Endpoint(error), lambda prompt: None)
    with metered(0) as meter, pytest.raises(type(error)):
        model.complete(prompt())
    assert meter.trouble is error


def test_a_bad_reply_is_no_trouble_and_what_is_final_stays(tmp_path: Path) -> None:
    with metered(0) as meter:
        for error in (ModelReplyInvalid("x"), BudgetSpent("gone"), ModelBusy("x")):
            with pytest.raises(type(error)):
                MeteredModel(Endpoint(error), lambda prompt: None).complete(prompt())
    assert str(meter.trouble) == "gone"


def test_the_purse_pays_what_was_used_and_refuses_what_does_not_fit() -> None:
    purse = Purse(Decimal("0.00125"), PRICE)  # an estimate is 30 + 1,000 tokens, a call uses 120
    model = PayingModel(Endpoint(), purse)
    model.complete(prompt())
    assert purse.spent == Decimal("0.00012")
    model.complete(prompt())
    with pytest.raises(BudgetSpent, match=r"0\.0002 of 0\.00125 USD"):
        model.complete(prompt())
    assert Purse(Decimal(1), PRICE, Usage(500_000, 0)).spent == Decimal("0.5")


def test_a_call_that_failed_costs_what_it_cost_and_one_without_a_count_its_estimate() -> None:
    error = ModelReplyInvalid("x")
    error.prompt_tokens = 70
    purse = Purse(Decimal(1), PRICE)
    with pytest.raises(ModelReplyInvalid):
        PayingModel(Endpoint(error), purse).complete(prompt())
    assert purse.spent == Decimal("0.00007")

    class Uncounted(Endpoint):
        def complete(self, prompt: Prompt, call: Call = Call()) -> Completion:  # noqa: B008 - frozen
            return Completion("x", "served")

    PayingModel(Uncounted(), purse).complete(prompt())
    assert purse.spent == Decimal("0.00110")


def test_what_is_set_aside_may_be_enough_for_others_once_it_is_settled() -> None:
    purse = Purse(Decimal("0.00125"), PRICE)
    begun, go_on = Event(), Event()

    class Slow(Endpoint):
        def complete(self, prompt: Prompt, call: Call = Call()) -> Completion:  # noqa: B008 - frozen
            begun.set()
            go_on.wait(10)
            return super().complete(prompt, call)

    said: list[str] = []
    first = Thread(target=lambda: PayingModel(Slow(), purse).complete(prompt()), daemon=True)
    first.start()
    begun.wait(10)
    second = Thread(target=lambda: said.append(PayingModel(Endpoint(), purse).complete(prompt()).text), daemon=True)
    second.start()
    second.join(0.3)
    assert said == []
    go_on.set()
    first.join(10)
    second.join(10)
    assert (said, purse.spent) == (["reply 1"], Decimal("0.00024"))
