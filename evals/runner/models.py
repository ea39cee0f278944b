"""What stands around the product's language model in a run, from the outside: a meter, the recording, the purse."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from evals.log.prompts import Sent
from evals.runner.log import RunLog, recording_of
from evals.runner.meter import MeteredModel
from evals.runner.purse import PayingModel, Purse, require_price
from evals.runner.replies import KeepingModel, ReplayingModel, Replies, open_replies
from nl2sql.language_model import price_reader
from nl2sql.llm.base import NO_USAGE, LanguageModel, Usage
from nl2sql.settings import Settings


class Around:
    """One for all pipelines of a run, of which each has a language model of its own.

    `replies` is what is recorded or replayed, None where neither is; `purse` holds the budget, None without one.
    """

    def __init__(self, settings: Settings, log: RunLog, *, budget: Decimal | None, is_recorded: bool) -> None:
        """Raises SettingsInvalid for a budget without a price and for a recording that cannot be written."""
        self._log = log
        self._is_replay = settings.replayed is not None
        self._is_own = not settings.llm_record
        self.replies: Replies | None = None
        if settings.asks_llm and settings.replayed is not None:
            self.replies = Replies(settings.replayed)
        elif settings.asks_llm and is_recorded:
            named = settings.path(settings.llm_record) if settings.llm_record else recording_of(log.path)
            self.replies = open_replies(named)
        self.purse: Purse | None = None
        if settings.asks_llm and budget is not None and not self._is_replay:
            price = require_price(price_reader(settings)(datetime.now(UTC).date()), settings.openai_model)
            self.purse = Purse(budget, price, self._spent_before())

    @property
    def recording(self) -> Path | None:
        """The file that is written, if any is."""
        return self.replies.path if self.replies is not None and not self._is_replay else None

    @property
    def is_replay(self) -> bool:
        return self._is_replay

    @property
    def is_broken(self) -> bool:
        """A reply could not be recorded."""
        return self.replies is not None and self.replies.is_broken

    def __call__(self, model: LanguageModel) -> LanguageModel:
        if self._is_replay and self.replies is not None:
            return MeteredModel(ReplayingModel(self.replies), self._keep)
        if self.purse is not None:
            model = PayingModel(model, self.purse)
        if self.replies is not None:
            model = KeepingModel(model, self.replies, is_own=self._is_own)
        return MeteredModel(model, self._keep)

    def _keep(self, prompt: Sent) -> None:
        self._log.keep_prompt(prompt)

    def _spent_before(self) -> Usage:
        """By earlier sittings of this run. What a recording of somebody's choice holds may be anybody's."""
        return self.replies.spent if self.replies is not None and self._is_own else NO_USAGE
