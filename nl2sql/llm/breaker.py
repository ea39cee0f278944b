"""A language model that is left alone for a while after it failed again and again.

While an endpoint is down, each question would wait for it up to the time limit, and then be answered by another writer
all the same. What counts are failures that trying again may mend; a refused key, a bad reply or a spent budget show
that there is somebody who answers.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from datetime import UTC, datetime
from threading import Lock

from nl2sql.errors import LanguageModelError, ModelBusy, ModelCancelled, ModelUnreachable
from nl2sql.llm.around import AroundModel
from nl2sql.llm.base import NO_CALL, Call, Completion, LanguageModel
from nl2sql.prompt.base import Prompt

# One failed call has been tried several times already: five are no accident.
MOST_FAILURES = 5
# A rate limit is counted by the minute, a restart takes as long.
PAUSE_SECONDS = 30.0

_log = logging.getLogger("nl2sql.llm")


def _utc_now() -> datetime:
    return datetime.now(UTC)


class BreakingModel(AroundModel):
    """Safe to share between threads, and meant to be: the failures of all of them count together.

    After `most_failures` in a row it asks nobody for `pause` seconds and raises at once: ModelBusy where the endpoint
    was busy, ModelUnreachable otherwise. Then one call goes through, and what comes of it decides for all.
    """

    def __init__(
        self,
        model: LanguageModel,
        *,
        most_failures: int = MOST_FAILURES,
        pause: float = PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__(model)
        self._most_failures = most_failures
        self._pause = pause
        self._clock = clock
        self._now = now
        self._lock = Lock()
        self._failures = 0
        self._last: LanguageModelError | None = None
        self._since = now()  # of the first of the failures in a row
        self._retry_at = 0.0  # by the clock
        self._is_probing = False

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        is_probe = self._admit(call)
        worked: bool | None = None
        failure: LanguageModelError | None = None
        try:
            completion = self._model.complete(prompt, call)
            worked = True
        except ModelCancelled:
            raise
        except LanguageModelError as error:
            worked = not error.retryable
            failure = None if worked else error
            raise
        finally:
            self._judge(is_probe, worked, failure)
        return completion

    def _admit(self, call: Call) -> bool:
        """Whether this call is the one that finds out. Raises what nobody is to be asked for."""
        with self._lock:
            if self._failures < self._most_failures:
                return False
            left = self._retry_at - self._clock()
            if left <= 0 and not self._is_probing:
                self._is_probing = True
                return True
            refusal, why = self._refusal(left)
        call.remark(why)
        raise refusal

    def _refusal(self, left: float) -> tuple[LanguageModelError, str]:
        again = f"it is tried again in {math.ceil(left)} s" if left > 0 else "it is being tried again just now"
        since = f"{self._since:%H:%M:%S} UTC"
        kind = ModelBusy if isinstance(self._last, ModelBusy) else ModelUnreachable
        said = f"The language model has failed since {since}, so it is not asked; {again}."
        hint = f"{self._failures} failures in a row, the last one: {self._last}"
        refusal = kind(said, hint=hint)
        refusal.wait = max(left, 0.0)
        return refusal, f"not asked: failing since {since}; {again}"

    def _judge(self, is_probe: bool, worked: bool | None, failure: LanguageModelError | None) -> None:
        """`worked` is None for a call that was given up: it tells nothing, and the next one finds out."""
        with self._lock:
            was_open = self._failures >= self._most_failures
            if is_probe:
                self._is_probing = False
            if worked:
                self._failures, self._last = 0, None
            elif failure is not None and (is_probe or not was_open):
                # What was under way when the others failed is no news: it does not make the pause longer.
                self._since = self._since if self._failures else self._now()
                self._failures += 1
                self._last = failure
                self._retry_at = self._clock() + self._pause
            is_open = self._failures >= self._most_failures
        if is_open and not was_open:
            _log.warning("The language model failed %d times in a row; it is left alone for a while.", self._failures)
        elif was_open and worked:
            _log.warning("The language model works again.")
