"""What a day's budget lets through: by person and for all, in tokens and in money, also with many calls at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from threading import Event, Semaphore

import pytest

from nl2sql.errors import BudgetSpent, LanguageModelError, ModelReplyInvalid, SettingsInvalid
from nl2sql.llm.base import NO_CALL, Call, Completion, Usage, charge
from nl2sql.llm.budget import REFRESH_SECONDS, Budget, BudgetedModel, DailyAccount, Spent, estimate, require_price
from nl2sql.llm.prices import TokenPrice
from nl2sql.prompt.base import Message, Prompt

PROMPT = Prompt((Message("system", "s" * 100), Message("user", "q" * 200)), {}, "t@v1", "f")  # reserves 100 + 1,000
PRICE = TokenPrice(Decimal(1), Decimal("0.1"), Decimal(10))  # a call of 1,000 in and 100 out costs 0.002
MORNING = datetime(2026, 6, 30, 9, 0, tzinfo=UTC)


class Model:
    name = "m"

    def __init__(self) -> None:
        self.usage = Usage(1_000, 100)
        self.asked = 0
        self.error: LanguageModelError | None = None

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return Completion("ok", "m", self.usage)


class Elsewhere:
    """A ledger that knows what it is told to."""

    def __init__(self, **spent: int) -> None:
        self.spent: Mapping[str, Spent] = {
            user: Spent(tokens, Decimal(tokens) / 1_000) for user, tokens in spent.items()
        }
        self.days: list[date] = []
        self.error: Exception | None = None
        self.was_read = Event()

    def spent_elsewhere(self, day: date) -> Mapping[str, Spent]:
        self.days.append(day)
        self.was_read.set()
        if self.error is not None:
            raise self.error
        return self.spent


class House:
    def __init__(self, budget: Budget, elsewhere: Elsewhere | None = None, price: TokenPrice | None = PRICE) -> None:
        self.now, self.seconds = MORNING, 0.0
        self.model = Model()
        self.account = DailyAccount(
            budget, lambda day: price, elsewhere, now=lambda: self.now, clock=lambda: self.seconds
        )
        self.budgeted = BudgetedModel(self.model, self.account)

    def ask(self, user: str = "anna") -> bool:
        """Whether it was let through."""
        try:
            self.budgeted.complete(PROMPT, Call(user))
        except BudgetSpent:
            return False
        return True

    def asks(self, user: str = "anna") -> int:
        """How many times it is let through, of 50."""
        return sum(self.ask(user) for _ in range(50))


def test_a_person_is_refused_when_their_tokens_are_spent_and_others_are_not() -> None:
    house = House(Budget(user_tokens=5_000))
    assert house.asks("anna") == 4  # 4,400 tokens; a fifth might need 1,100 more
    assert house.asks("bo") == 4
    assert house.model.asked == 8


def test_all_share_the_budget_of_all() -> None:
    house = House(Budget(tokens=5_000))
    assert (house.asks("anna"), house.asks("bo")) == (4, 0)


def test_money_is_counted_as_it_is_paid() -> None:
    assert House(Budget(user_money=Decimal("0.03"))).asks() == 10  # 0.02 is paid, and the next might need 0.0101
    assert House(Budget(money=Decimal("0.03"))).asks() == 10
    cached = House(Budget(money=Decimal("0.03")))
    cached.model.usage = Usage(1_000, 100, 1_000)
    assert cached.asks() == 19


def test_without_a_limit_nothing_is_refused() -> None:
    assert House(Budget()).asks() == 50
    assert not Budget().is_limited
    assert all(
        each.is_limited for each in (Budget(1), Budget(0, 1), Budget(0, 0, Decimal(1)), Budget(money=Decimal(1)))
    )


def refusal(house: House, user: str = "anna") -> BudgetSpent:
    with pytest.raises(BudgetSpent) as caught:
        house.budgeted.complete(PROMPT, Call(user))
    return caught.value


def test_a_refusal_says_whose_budget_it_is_and_when_it_starts_again_without_a_number() -> None:
    own, shared = House(Budget(user_tokens=2_200)), House(Budget(tokens=2_200))
    assert (own.asks(), shared.asks("bo")) == (2, 2)
    assert str(refusal(own)) == (
        "Your budget for the language model is used up for today; it starts again at midnight UTC."
    )
    assert refusal(own).hint == "The setting budget_user_tokens is the limit."
    said = refusal(shared)
    assert str(said) == (
        "The budget that all share for the language model is used up for today; it starts again at midnight UTC."
    )
    assert not any(digit.isdigit() for digit in f"{said} {said.hint}") and "bo" not in f"{said} {said.hint}".split()


def test_too_little_is_not_called_used_up() -> None:
    house = House(Budget(user_money=Decimal("0.001")))
    assert str(refusal(house)) == (
        "Your budget for the language model has too little left today for another question; "
        "it starts again at midnight UTC."
    )
    assert refusal(house).hint == "The setting budget_user_money is the limit."


def test_the_refusal_is_remarked_and_nobody_is_asked() -> None:
    house, remarks = House(Budget(tokens=1)), list[str]()
    with pytest.raises(BudgetSpent):
        house.budgeted.complete(PROMPT, Call(remark=remarks.append))
    assert (house.model.asked, remarks) == (0, ["not asked: the budget for today is spent"])


def test_midnight_in_utc_starts_it_again() -> None:
    house = House(Budget(user_tokens=2_200))
    assert house.asks() == 2
    house.now = datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC)
    assert not house.ask()
    house.now += timedelta(seconds=1)
    assert house.ask()


def test_a_call_over_midnight_counts_for_the_day_on_which_it_began() -> None:
    house = House(Budget(user_tokens=2_200))
    reserved = house.account.reserve("anna", Usage(100, 1_000))
    house.now += timedelta(days=1)
    assert house.ask()
    house.account.settle(reserved, Usage(9_000, 9_000))
    assert house.ask()


def test_calls_at_once_do_not_spend_the_same_rest() -> None:
    house = House(Budget(tokens=3_300))  # three reservations of 1,100
    leave, came = Event(), Semaphore(0)
    asked: list[str] = []

    def slow(prompt: Prompt, call: Call = NO_CALL) -> Completion:
        asked.append(call.user)
        came.release()
        assert leave.wait(10)
        return Completion("ok", "m", Usage(1_000, 100))

    house.model.complete = slow  # type: ignore[method-assign]
    with ThreadPoolExecutor(20) as pool:
        through = [pool.submit(house.ask, f"user {n}") for n in range(20)]
        assert all(came.acquire(timeout=10) for _ in range(3))
        assert not house.ask()
        leave.set()
        assert sum(each.result(10) for each in through) == len(asked) == 3


def test_what_was_reserved_is_given_back() -> None:
    house = House(Budget(tokens=1_200))
    house.model.usage = Usage(1, 0)
    assert house.asks() == 50


@pytest.mark.parametrize(("paid", "let_through"), [(Usage(1_000, 100), 4), (Usage(), 50)])
def test_failed_calls_count_with_what_they_cost(paid: Usage, let_through: int) -> None:
    house = House(Budget(tokens=5_000))
    house.model.error = ModelReplyInvalid("what?")
    charge(house.model.error, paid)
    for _ in range(50):
        with pytest.raises((ModelReplyInvalid, BudgetSpent)):
            house.budgeted.complete(PROMPT)
    assert house.model.asked == let_through


def test_a_call_that_ends_unexpectedly_gives_its_reservation_back() -> None:
    house = House(Budget(tokens=1_200))

    def broken(prompt: Prompt, call: Call = NO_CALL) -> Completion:
        raise ZeroDivisionError

    house.model.complete = broken  # type: ignore[method-assign]
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            house.budgeted.complete(PROMPT)


def test_an_endpoint_that_counts_no_tokens_is_not_free() -> None:
    house = House(Budget(tokens=5_000))
    house.model.usage = Usage()
    assert house.asks() == 4


def test_the_estimate_grows_with_the_prompt() -> None:
    assert estimate(PROMPT) == Usage(100, 1_000)
    assert estimate(Prompt((Message("user", "q" * 301),), {}, "t@v1", "f")) == Usage(101, 1_000)


def test_what_was_spent_elsewhere_counts_from_the_first_question_on() -> None:
    elsewhere = Elsewhere(anna=4_000, bo=500)
    house = House(Budget(user_tokens=5_000), elsewhere)
    assert (house.asks("anna"), house.asks("bo")) == (0, 4)
    assert House(Budget(tokens=6_000), Elsewhere(anna=4_000, bo=500)).asks("carl") == 1
    assert House(Budget(user_money=Decimal("4.01")), Elsewhere(anna=4_000)).asks("anna") == 0
    assert elsewhere.days == [MORNING.date()]


def wait_until(is_so: Callable[[], bool]) -> None:
    waiting = Event()
    for _ in range(500):
        if is_so():
            return
        waiting.wait(0.01)
    raise AssertionError("it did not happen within 5 s")


def test_it_is_looked_up_again_after_a_minute_and_not_before() -> None:
    elsewhere = Elsewhere()
    house = House(Budget(user_tokens=5_000), elsewhere)
    assert house.ask()
    elsewhere.spent = {"anna": Spent(5_000)}
    house.seconds = REFRESH_SECONDS - 1
    assert house.ask() and len(elsewhere.days) == 1
    house.seconds = REFRESH_SECONDS
    house.ask()
    wait_until(lambda: len(elsewhere.days) == 2 and not house.ask())


def test_a_new_day_forgets_what_others_spent_on_the_last() -> None:
    elsewhere, leave = Elsewhere(anna=5_000), Event()
    house = House(Budget(user_tokens=5_000), elsewhere)
    assert not house.ask()
    spent_yesterday = elsewhere.spent_elsewhere

    def late(day: date) -> Mapping[str, Spent]:
        assert leave.wait(10)
        return spent_yesterday(day)

    elsewhere.spent_elsewhere = late  # type: ignore[method-assign]
    house.now += timedelta(days=1)
    assert house.ask()  # nobody has looked it up yet
    leave.set()
    wait_until(lambda: not house.ask())
    assert elsewhere.days == [MORNING.date(), MORNING.date() + timedelta(days=1)]


def test_a_ledger_that_fails_leaves_the_own_count_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    elsewhere = Elsewhere()
    elsewhere.error = RuntimeError("password=hunter2")
    house = House(Budget(user_tokens=5_000), elsewhere)
    assert house.asks() == 4
    house.seconds += REFRESH_SECONDS
    house.ask()
    wait_until(lambda: len(elsewhere.days) == 2)
    told = [record.getMessage() for record in caplog.records]
    assert told == ["What others spent today cannot be looked up (RuntimeError): budgets count this process alone."]


def test_what_is_known_stays_known_while_the_ledger_fails() -> None:
    elsewhere = Elsewhere(anna=5_000)
    house = House(Budget(user_tokens=5_000), elsewhere)
    assert not house.ask()
    elsewhere.error = RuntimeError()
    house.seconds += REFRESH_SECONDS
    house.ask()
    wait_until(lambda: len(elsewhere.days) == 2)
    assert not house.ask()


def test_a_ledger_that_hangs_delays_the_first_question_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nl2sql.llm.budget.SEED_SECONDS", 0.3)
    elsewhere, leave = Elsewhere(), Event()

    def hang(day: date) -> Mapping[str, Spent]:
        elsewhere.days.append(day)
        leave.wait(10)
        return {}

    elsewhere.spent_elsewhere = hang  # type: ignore[method-assign]
    house = House(Budget(user_tokens=50_000), elsewhere)
    begun = time.monotonic()
    assert house.asks() == 45
    assert time.monotonic() - begun < 5  # 45 waits would take 13 s
    house.seconds += 10 * REFRESH_SECONDS
    house.ask()
    leave.set()
    assert len(elsewhere.days) == 1  # one looks it up, however long that takes


@pytest.mark.parametrize("price", [None, TokenPrice(Decimal(1), Decimal(1), Decimal(0), is_partial=True)])
def test_a_budget_in_money_needs_to_know_what_the_model_costs(price: TokenPrice | None) -> None:
    for budget in (Budget(user_money=Decimal(1)), Budget(money=Decimal(1))):
        with pytest.raises(SettingsInvalid, match="“llama-3” costs is not known"):
            require_price(budget, "llama-3", price)
        require_price(budget, "m", PRICE)
    require_price(Budget(1, 1), "llama-3", price)
