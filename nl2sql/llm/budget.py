"""What may be spent on tokens a day, by one person and by all, and a model that is not asked when it is spent.

A day is one of UTC. Counted are this process's own calls, and what a `SpentElsewhere` knows of other processes and of
earlier runs; where it knows nothing, or fails, the own count stands alone.
"""

from __future__ import annotations

import logging
import math
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from threading import Event, Lock, Thread
from typing import Protocol

from nl2sql.errors import BudgetSpent, LanguageModelError, SettingsInvalid
from nl2sql.llm.around import AroundModel
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Completion, LanguageModel, Usage, paid_for
from nl2sql.llm.prices import PriceOn, TokenPrice
from nl2sql.prompt.base import Prompt

# English has four characters a token, SQL and names three: a reservation had better be too large than too small.
CHARS_PER_TOKEN = 3
# A draft has 100 to 400 tokens; models that reason use some more before it.
REPLY_TOKENS = 1_000
# What other processes spent is looked up so often at most,
REFRESH_SECONDS = 60.0
# and the first question of a process waits for it so long at most.
SEED_SECONDS = 2.0

_log = logging.getLogger("nl2sql.llm")


@dataclass(frozen=True, slots=True)
class Budget:
    """For a day; 0: no limit. Money is in the currency of the model's price."""

    user_tokens: int = 0
    tokens: int = 0
    user_money: Decimal = Decimal(0)
    money: Decimal = Decimal(0)

    @property
    def is_limited(self) -> bool:
        return bool(self.user_tokens or self.tokens or self.user_money or self.money)


@dataclass(frozen=True, slots=True)
class Spent:
    tokens: int = 0
    money: Decimal = Decimal(0)

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.tokens + other.tokens, self.money + other.money)

    def __sub__(self, other: Spent) -> Spent:
        return Spent(self.tokens - other.tokens, self.money - other.money)


NOTHING = Spent()


class SpentElsewhere(Protocol):
    def spent_elsewhere(self, day: date) -> Mapping[str, Spent]:
        """By user, what was spent on that day (UTC) and is not the doing of this process. May raise whatever a
        database raises; may be called from another thread."""
        ...


@dataclass(frozen=True, slots=True)
class Reservation:
    user: str
    day: date
    spent: Spent


def require_price(budget: Budget, model: str, price: TokenPrice | None) -> None:
    """Raises SettingsInvalid where money is limited and nobody knows what the model costs: it would be unlimited."""
    if (budget.user_money or budget.money) and (price is None or price.is_partial):
        raise SettingsInvalid(
            f"There is a budget in money, but what the language model “{model}” costs is not known.",
            hint="Set openai_price_in and openai_price_out, name a price table of your own in llm_prices, "
            "or set budget_tokens and budget_user_tokens instead of a budget in money.",
        )


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Day:
    """`own` is by user what ended calls cost, `reserved` what those under way may cost."""

    date: date
    own: dict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))
    own_total: Spent = NOTHING
    reserved: dict[str, Spent] = field(default_factory=lambda: defaultdict(Spent))
    reserved_total: Spent = NOTHING


class DailyAccount:
    """Safe for many threads."""

    def __init__(
        self,
        budget: Budget,
        price_on: PriceOn,
        elsewhere: SpentElsewhere | None = None,
        *,
        now: Callable[[], datetime] = _utc_now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._budget = budget
        self._price_on = price_on
        self._now = now
        self._lock = Lock()
        self._day = _Day(now().date())
        self._others = _Others(elsewhere, clock) if elsewhere is not None else None

    def reserve(self, user: str, usage: Usage) -> Reservation:
        """Raises BudgetSpent where the usage does not fit into what is left."""
        today = self._now().date()
        by_others = self._others.of(today) if self._others is not None else {}
        wanted = self._worth(usage, today)
        with self._lock:
            day = self._today(today)
            theirs, all_theirs = by_others.get(user, NOTHING), sum(by_others.values(), NOTHING)
            limits = self._budget
            self._refuse_beyond(
                day.own[user] + theirs, day.reserved[user], wanted, limits.user_tokens, limits.user_money, is_own=True
            )
            self._refuse_beyond(
                day.own_total + all_theirs, day.reserved_total, wanted, limits.tokens, limits.money, is_own=False
            )
            self._move(day, user, wanted, NOTHING)
        return Reservation(user, today, wanted)

    def settle(self, reservation: Reservation, usage: Usage) -> None:
        """What was really used, in place of what was reserved. A call counts for the day on which it began."""
        paid = self._worth(usage, reservation.day)
        with self._lock:
            if reservation.day == self._day.date:
                self._move(self._day, reservation.user, NOTHING - reservation.spent, paid)

    @staticmethod
    def _move(day: _Day, user: str, reserved: Spent, paid: Spent) -> None:
        day.reserved[user] += reserved
        day.reserved_total += reserved
        day.own[user] += paid
        day.own_total += paid

    @staticmethod
    def _refuse_beyond(
        spent: Spent, reserved: Spent, wanted: Spent, tokens: int, money: Decimal, *, is_own: bool
    ) -> None:
        after = spent + reserved + wanted
        for limit, gone, then, name in (
            (tokens, spent.tokens, after.tokens, "tokens"),
            (money, spent.money, after.money, "money"),
        ):
            if limit and then > limit:
                raise _spent(f"budget_user_{name}" if is_own else f"budget_{name}", is_own, is_gone=gone >= limit)

    def _worth(self, usage: Usage, day: date) -> Spent:
        price = self._price_on(day)
        money = price.cost(usage) if price is not None else Decimal(0)
        return Spent(usage.prompt_tokens + usage.completion_tokens, money)

    def _today(self, today: date) -> _Day:
        if self._day.date != today:
            self._day = _Day(today)
        return self._day


def _spent(setting: str, is_own: bool, *, is_gone: bool) -> BudgetSpent:
    """Nobody learns from it what others spent."""
    whose = "Your budget" if is_own else "The budget that all share"
    if is_gone:
        said = f"{whose} for the language model is used up for today; it starts again at midnight UTC."
    else:
        said = (
            f"{whose} for the language model has too little left today for another question; "
            "it starts again at midnight UTC."
        )
    return BudgetSpent(said, hint=f"The setting {setting} is the limit.")


class _Others:
    """Looks up what others spent, in a thread of its own: no question waits for it, but the first one for a moment."""

    def __init__(self, elsewhere: SpentElsewhere, clock: Callable[[], float]) -> None:
        self._elsewhere = elsewhere
        self._clock = clock
        self._lock = Lock()
        self._found: tuple[date, Mapping[str, Spent]] | None = None
        self._next_at = -math.inf
        self._reader: Thread | None = None
        self._was_told = False
        self._first = Event()

    def of(self, day: date) -> Mapping[str, Spent]:
        """As it was found at most a minute ago; nothing for a day that was not looked up yet."""
        with self._lock:
            is_new_day = self._found is not None and self._found[0] != day
            if self._reader is None and (is_new_day or self._clock() >= self._next_at):
                self._next_at = self._clock() + REFRESH_SECONDS
                self._reader = Thread(target=self._read, args=(day,), name="spent-elsewhere", daemon=True)
                self._reader.start()
        if not self._first.wait(SEED_SECONDS):
            self._first.set()  # whoever asks next does not wait for a store that hangs
        found = self._found
        return found[1] if found is not None and found[0] == day else {}

    def _read(self, day: date) -> None:
        kept = self._found[1] if self._found is not None and self._found[0] == day else {}
        try:
            self._found = (day, dict(self._elsewhere.spent_elsewhere(day)))
            self._was_told = False
        except Exception as error:  # noqa: BLE001 - whatever a store does, questions go on with the own count
            self._found = (day, kept)
            if not self._was_told:
                self._was_told = True
                why = type(error).__name__
                _log.warning("What others spent today cannot be looked up (%s): budgets count this process alone.", why)
        finally:
            with self._lock:
                self._reader = None
            self._first.set()


class BudgetedModel(AroundModel):
    """Asks only within the budget of `call.user` and of all. While a call is under way, an estimate of it is reserved,
    so that many at once do not spend what is left many times. Calls that fail count with what they cost."""

    def __init__(self, model: LanguageModel, account: DailyAccount) -> None:
        super().__init__(model)
        self._account = account

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        expected = estimate(prompt)
        try:
            reservation = self._account.reserve(call.user, expected)
        except BudgetSpent:
            call.remark("not asked: the budget for today is spent")
            raise
        return settled(self._model, prompt, call, expected, lambda used: self._account.settle(reservation, used))


def settled(
    model: LanguageModel, prompt: Prompt, call: Call, expected: Usage, settle: Callable[[Usage], None]
) -> Completion:
    """Asks, and tells `settle` what was used, however the call ends."""
    used = NO_USAGE
    try:
        completion = model.complete(prompt, call)
        # An endpoint that counts no tokens must not be free of limits.
        used = completion.usage if completion.usage != NO_USAGE else expected
    except LanguageModelError as error:
        used = paid_for(error)
        raise
    finally:
        settle(used)
    return completion


def estimate(prompt: Prompt) -> Usage:
    chars = sum(len(message.content) for message in prompt.messages)
    return Usage(math.ceil(chars / CHARS_PER_TOKEN), REPLY_TOKENS)
