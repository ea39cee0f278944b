"""The money of a run: while a call is under way an estimate of it is set aside, and then what it cost is taken."""

from __future__ import annotations

from decimal import Decimal
from threading import Condition

from nl2sql.errors import BudgetSpent, SettingsInvalid
from nl2sql.llm.around import AroundModel
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Completion, LanguageModel, Usage
from nl2sql.llm.budget import estimate, settled
from nl2sql.llm.prices import TokenPrice
from nl2sql.prompt.base import Prompt

# How often a call that waits for others to be settled looks whether anybody still wants it, in seconds.
_TICK = 0.1


def require_price(price: TokenPrice | None, model: str) -> TokenPrice:
    """Raises SettingsInvalid: a limit in money would be none."""
    if price is None or price.is_partial:
        raise SettingsInvalid(
            f"There is a budget, but what the language model “{model}” costs is not known.",
            hint="Set openai_price_in and openai_price_out, or name a price table of your own in llm_prices.",
        )
    return price


class Purse:
    """For many threads. `spent` is what was paid before, when a run goes on."""

    def __init__(self, limit: Decimal, price: TokenPrice, spent: Usage = NO_USAGE) -> None:
        self.limit = limit
        self.price = price
        self._spent = price.cost(spent)
        self._aside = Decimal(0)
        self._changed = Condition()

    @property
    def spent(self) -> Decimal:
        return self._spent

    def set_aside(self, usage: Usage, call: Call) -> Decimal:
        """Waits where the rest may be enough once the calls under way are settled: estimates are high. Raises
        BudgetSpent."""
        wanted = self.price.cost(usage)
        with self._changed:
            while self._spent + self._aside + wanted > self.limit:
                if not self._aside or call.cancelled.is_set():
                    raise BudgetSpent(
                        f"The budget of this run is spent: {self._spent:.4f} of {self.limit} {self.price.currency}."
                    )
                self._changed.wait(_TICK)
            self._aside += wanted
        return wanted

    def settle(self, aside: Decimal, usage: Usage) -> None:
        with self._changed:
            self._aside -= aside
            self._spent += self.price.cost(usage)
            self._changed.notify_all()


class PayingModel(AroundModel):
    def __init__(self, model: LanguageModel, purse: Purse) -> None:
        super().__init__(model)
        self._purse = purse

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        expected = estimate(prompt)
        aside = self._purse.set_aside(expected, call)
        return settled(self._model, prompt, call, expected, lambda used: self._purse.settle(aside, used))
