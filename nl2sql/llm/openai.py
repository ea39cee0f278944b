"""Any endpoint that speaks OpenAI's Responses or Chat Completions.

Owns the conversation with it: one time limit over all tries, what the endpoint turned out not to support, when to try
again, the end of a call that nobody waits for, and the key, which appears in no message.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Set
from dataclasses import dataclass, replace
from random import SystemRandom
from time import monotonic
from typing import Literal

from nl2sql.errors import LanguageModelError, ModelBusy, ModelCancelled, ModelReplyInvalid, ModelUnreachable
from nl2sql.llm.base import NO_CALL, NO_USAGE, Call, Completion, Usage, charge, paid_for, refuse_unless_allowed
from nl2sql.llm.capabilities import CapabilityMemory
from nl2sql.llm.openai_address import DEFAULT_BASE_URL, NO_KEY, Address, read_address, usable_key
from nl2sql.llm.openai_errors import (
    asks_to_wait,
    broken_off,
    cancelled,
    failure_of,
    key_hider,
    map_error,
    no_protocol,
    redactor,
    retry_after,
    timed_out,
    too_long,
)
from nl2sql.llm.openai_exchange import MAX_REPLY_BYTES, exchange, open_client
from nl2sql.llm.openai_network import Watch, watching
from nl2sql.llm.openai_refusals import rejected_feature
from nl2sql.llm.openai_replies import Api, Reply, ReplyReader
from nl2sql.llm.openai_requests import PATHS, Options, request_body
from nl2sql.prompt.base import Prompt

# First pause before another try; doubled each time up to the longest, and drawn between half and all of it, so that
# many callers do not come back together. The whole still ends within the time limit.
BACKOFF_SECONDS, LONGEST_BACKOFF_SECONDS = 0.5, 8.0
_JITTER = SystemRandom()


class OpenAIModel:
    """Safe to share between threads. `timeout` (seconds) bounds `complete` with all its tries.

    What the endpoint rejected once (a protocol, a temperature, a reply schema) is left out from then on, by every model
    that shares `capabilities`; without them, by this one. `api` "auto" is Responses at the provider's own address, Chat
    Completions elsewhere and where a seed is set (Responses has none), and the other one where that is missing.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str = "",
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 2,
        temperature: float | None = 0.0,
        seed: int | None = None,
        reasoning_effort: str = "",
        api: Literal["auto", "responses", "chat"] = "auto",
        capabilities: CapabilityMemory | None = None,
    ) -> None:
        """Raises ModelAuthFailed without a usable key, SettingsInvalid for an address that is not one."""
        self._address = read_address(base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL)
        key = usable_key(api_key.strip() or os.environ.get("OPENAI_API_KEY", "").strip(), self._address)
        self._options = Options(model, temperature, seed, reasoning_effort)
        self._apis = _protocols(api, self._address, seed)
        self._timeout = timeout
        self._max_retries = max_retries
        self._redact, self._hide = redactor("" if key == NO_KEY else key), key_hider(key)
        self._capabilities = capabilities or CapabilityMemory()
        self._client = open_client(key, self._address)

    @property
    def name(self) -> str:
        return self._options.model

    @property
    def server(self) -> tuple[str, int]:
        """Host and port of the endpoint."""
        return self._address.host, self._address.port

    @property
    def rejected(self) -> frozenset[str]:
        """Features (of `capabilities.FEATURES`) that are not asked of the endpoint, as far as it is known by now."""
        return self._capabilities.rejected(self._address.url, self.name)

    def __repr__(self) -> str:
        return f"OpenAIModel({self.name!r} at {self._address.shown})"

    def close(self) -> None:
        """Closes the connections that are kept for the next question."""
        self._client.close()

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        refuse_unless_allowed()
        asking = _Asking(prompt, call, monotonic() + self._timeout, self.rejected)
        retries = 0
        while True:
            if call.cancelled.is_set():
                raise asking.ended(cancelled())
            api = self._protocol(asking)
            outcome = self._try(asking, api)
            if isinstance(outcome, Reply):
                self._remember(asking, api)
                return Completion(outcome.text, outcome.model or self.name, asking.spent + outcome.usage)
            asking.spent += paid_for(outcome.error)
            if outcome.rejected:
                asking.leave_out(outcome.rejected, outcome.error.hint)
                continue
            # Raised outside any except block: the client's own exception may hold the key and is not attached.
            pause = self._pause_after(outcome, retries, asking)
            call.remark(f"{outcome.label}, again in {pause:.1f} s")
            call.cancelled.wait(pause)
            retries += 1

    def _protocol(self, asking: _Asking) -> Api:
        """The first that is not known to be missing; all of them, where the memory of that must be wrong."""
        left = [api for api in self._apis if api not in asking.rejected]
        if not left and not asking.learned.issuperset(self._apis):
            asking.rejected -= set(self._apis) - asking.learned
            left = [api for api in self._apis if api not in asking.rejected]
        if not left:
            paths = " and no ".join(PATHS[api] for api in self._apis)
            raise asking.ended(no_protocol(self._address.shown, paths, asking.hint))
        return left[0]

    def _try(self, asking: _Asking, api: Api) -> Reply | _Failure:
        body = request_body(asking.prompt, self._options, api, asking.rejected, asking.call.sample)
        watch = Watch(asking.deadline, asking.call.cancelled, MAX_REPLY_BYTES)
        reader = ReplyReader(api)
        try:
            with watching(watch):
                begin = exchange(self._client, PATHS[api], body, reader, watch, asking.call.progress)
            return self._judged(reader.reply(), api, begin)
        except LanguageModelError as error:
            is_half = isinstance(error, ModelUnreachable)
            return _Failure(error, "the reply broke off" if is_half else "the provider's error")
        except Exception as error:  # noqa: BLE001 - the edge: everything the client raises is mapped
            if watch.is_over:
                over = cancelled() if watch.cancelled.is_set() else too_long() if watch.is_flooded else self._late()
                failure = _Failure(over)
            else:
                failure = self._failure(error, rejected_feature(error, body, api), has_begun=reader.has_begun)
            charge(failure.error, reader.usage)
            return failure

    def _judged(self, reply: Reply | None, api: Api, begin: bytes) -> Reply:
        """Raises the error of a reply that cannot be used, with what it cost."""
        if reply is None:
            raise ModelReplyInvalid(
                f"What answers at {self._address.shown} does not speak the {_PROTOCOLS[api]} protocol.",
                hint=self._redact(begin.decode("utf-8", "replace")),
            )
        error = failure_of(reply, model=self.name, host=self._address.shown, redact=self._redact)
        if error is not None:
            charge(error, reply.usage)
            raise error
        return replace(reply, text=self._hide(reply.text), model=self._hide(reply.model))

    def _remember(self, asking: _Asking, api: Api) -> None:
        if api in self.rejected:
            self._capabilities.forget(self._address.url, self.name)
        if asking.learned:
            self._capabilities.reject(self._address.url, self.name, asking.learned)

    def _failure(self, error: Exception, rejected: str | None, *, has_begun: bool) -> _Failure:
        mapped = map_error(error, model=self.name, host=self._address.shown, seconds=self._timeout, redact=self._redact)
        if has_begun and isinstance(mapped, ModelUnreachable):
            mapped = broken_off(mapped.hint)
        status = getattr(error, "status_code", 0)
        label = str(status) if status else "the reply broke off" if has_begun else _LABELS.get(mapped.code, "no reply")
        return _Failure(mapped, label, retry_after(error, time.time()), rejected)

    def _pause_after(self, failure: _Failure, retries: int, asking: _Asking) -> float:
        """Seconds until the next try. Raises the failure's error when there is to be none."""
        error, asked = failure.error, failure.wait
        if not error.retryable:
            raise asking.ended(error)
        longest = min(BACKOFF_SECONDS * 2.0**retries, LONGEST_BACKOFF_SECONDS)
        pause = asked if asked is not None else _JITTER.uniform(longest / 2, longest)
        if retries < self._max_retries and monotonic() + pause < asking.deadline:
            return pause
        is_asked = asked is not None and isinstance(error, ModelBusy)
        raise asking.ended(asks_to_wait(asked or 0.0, error.hint) if is_asked else error)

    def _late(self) -> LanguageModelError:
        return timed_out(self._timeout)


class _Asking:
    """One call of `complete`: what it found out and what it cost so far."""

    def __init__(self, prompt: Prompt, call: Call, deadline: float, rejected: frozenset[str]) -> None:
        self.prompt = prompt
        self.call = call
        self.deadline = deadline
        self.rejected: Set[str] = rejected
        self.learned: set[str] = set()
        self.hint = ""
        self.spent: Usage = NO_USAGE

    def leave_out(self, feature: str, hint: str) -> None:
        """Each at most once, so that an endpoint that always complains is not asked for ever."""
        self.hint = hint
        self.learned.add(feature)
        self.rejected = self.rejected | {feature}
        self.call.remark(f"no {_SAID.get(feature, feature)} at this endpoint, asked again without")

    def ended(self, error: LanguageModelError) -> LanguageModelError:
        """The error, with what all tries cost; told to the trace unless nobody waits for it."""
        charge(error, self.spent)
        if not isinstance(error, ModelCancelled):
            told = error.user_message.rstrip(".")
            self.call.remark(f"given up: {told[0].lower()}{told[1:]}" + (f" ({error.hint})" if error.hint else ""))
        return error


@dataclass(frozen=True, slots=True)
class _Failure:
    """A try that gave no reply: `label` for the trace, `wait` (seconds) if the provider asks to, and the feature it
    says it rejects."""

    error: LanguageModelError
    label: str = ""
    wait: float | None = None
    rejected: str | None = None


_LABELS = {
    "llm_unreachable": "no connection",
    "llm_timed_out": "no reply in time",
}
_PROTOCOLS: Mapping[Api, str] = {"chat": "Chat Completions", "responses": "Responses"}
_SAID = {
    "chat": PATHS["chat"],
    "responses": PATHS["responses"],
    "strict": "strict schema",
    "reasoning": "reasoning effort",
    "stream": "streaming",
}


def _protocols(api: str, address: Address, seed: int | None) -> tuple[Api, ...]:
    if api == "responses":
        return ("responses",)
    if api == "chat":
        return ("chat",)
    return ("responses", "chat") if address.is_the_providers_own and seed is None else ("chat", "responses")
