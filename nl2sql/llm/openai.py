"""Any endpoint that speaks OpenAI's Chat Completions.

Owns the wire: one time limit over all tries, what the endpoint turned out not to support, and the key, which
appears in no message. Not covered by the limit: resolving the host's name, which the system's resolver bounds.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from nl2sql.errors import LanguageModelError, ModelAuthFailed, ModelReplyInvalid, SettingsInvalid
from nl2sql.llm.base import NO_CALL, Call, Completion, Usage, charge, refuse_unless_allowed
from nl2sql.llm.openai_errors import map_error, redactor, timed_out
from nl2sql.prompt.base import Prompt

if TYPE_CHECKING:
    from openai import OpenAI

DEFAULT_BASE_URL = "https://api.openai.com/v1"
# A host that does not accept a connection in 5 s is not going to answer a question.
CONNECT_SECONDS = 5.0
# First pause before another try; doubled each time. The whole still ends within the time limit.
BACKOFF_SECONDS = 0.5
# A draft is a few kilobytes. A reply past this is not one, and is not read to its end.
MAX_REPLY_BYTES = 1_000_000
# Local servers want no key, but the client insists on sending one.
NO_KEY = "none"

# What an endpoint may reject, and the words by which its refusal (400 or 422) is recognised.
_OPTIONAL: Mapping[str, tuple[str, ...]] = {
    "temperature": ("temperature",),
    "response_format": ("response_format", "json_schema", "structured output", "guided_json", "grammar"),
}


class OpenAIModel:
    """Safe to share between threads. `timeout` (seconds) bounds `complete` with all its tries.

    What the endpoint rejected once (a temperature, a reply schema) is left out from then on.
    """

    def __init__(
        self,
        model: str,
        *,
        api_key: str = "",
        base_url: str | None = None,
        timeout: float = 30.0,
        max_retries: int = 1,
        temperature: float | None = 0.0,
    ) -> None:
        """Raises ModelAuthFailed without a usable key, SettingsInvalid for an address that is not one."""
        url = (base_url or os.environ.get("OPENAI_BASE_URL") or DEFAULT_BASE_URL).strip()
        self._host = _host_of(url)
        self._server = _server_of(url)
        key = _usable_key(api_key.strip() or os.environ.get("OPENAI_API_KEY", "").strip(), url)
        self._model = model
        self._timeout = timeout
        self._max_retries = max_retries
        self._temperature = temperature
        self._redact = redactor(key)
        self._rejected: frozenset[str] = frozenset() if temperature is not None else frozenset({"temperature"})
        self._client = _client(key, url)

    @property
    def name(self) -> str:
        return self._model

    @property
    def server(self) -> tuple[str, int]:
        """Host and port of the endpoint."""
        return self._server

    def __repr__(self) -> str:
        return f"OpenAIModel({self._model!r} at {self._host})"

    def complete(self, prompt: Prompt, call: Call = NO_CALL) -> Completion:
        refuse_unless_allowed()
        deadline = monotonic() + self._timeout
        tries = 0
        while True:
            rejected = self._rejected
            outcome = self._try(prompt, rejected, deadline)
            if isinstance(outcome, bytes):
                return self._completion(outcome)
            error, cause = outcome
            if optional := _rejected_option(cause, rejected):
                self._rejected |= {optional}
                continue
            pause = _pause(cause, tries)
            tries += 1
            if not error.retryable or tries > self._max_retries or monotonic() + pause >= deadline:
                # Raised outside any except block: the client's own exception may hold the key and is not attached.
                raise error
            sleep(pause)

    def _try(self, prompt: Prompt, rejected: frozenset[str], deadline: float) -> bytes | _Failure:
        try:
            return self._send(self._body(prompt, rejected), deadline)
        except LanguageModelError as error:
            return error, None
        except Exception as error:  # noqa: BLE001 - the edge: everything the client raises is mapped
            mapped = map_error(error, model=self._model, host=self._host, seconds=self._timeout, redact=self._redact)
            return mapped, error

    def _send(self, body: dict[str, Any], deadline: float) -> bytes:
        """Read in pieces: the client's own timeout restarts with every byte that arrives."""
        import openai

        left = deadline - monotonic()
        if left <= 0:
            raise timed_out(self._timeout)
        limit = openai.Timeout(left, connect=min(CONNECT_SECONDS, left))
        create = cast("Callable[..., Any]", self._client.chat.completions.with_streaming_response.create)
        received = bytearray()
        with create(**body, timeout=limit) as response:
            for piece in response.iter_bytes():
                received += piece
                if monotonic() > deadline:
                    raise timed_out(self._timeout)
                if len(received) > MAX_REPLY_BYTES:
                    raise ModelReplyInvalid("The language model's reply is far too long to be an answer.")
        return bytes(received)

    def _body(self, prompt: Prompt, rejected: frozenset[str]) -> dict[str, Any]:
        messages = [{"role": message.role, "content": message.content} for message in prompt.messages]
        body: dict[str, Any] = {"model": self._model, "messages": messages}
        if "temperature" not in rejected:
            body["temperature"] = self._temperature
        if "response_format" not in rejected:
            schema = {"name": "reply", "strict": True, "schema": dict(prompt.reply_schema)}
            body["response_format"] = {"type": "json_schema", "json_schema": schema}
        else:
            messages[0]["content"] += (
                "\n\nReply with one JSON object and nothing else. It follows this JSON schema:\n"
                + json.dumps(dict(prompt.reply_schema), separators=(",", ":"))
            )
        return body

    def _completion(self, received: bytes) -> Completion:
        reply = _parse(received)
        if reply is None:
            raise ModelReplyInvalid(
                f"What answers at {self._host} does not speak the Chat Completions protocol.",
                hint=self._redact(received[:2_000].decode("utf-8", "replace")),
            )
        try:
            self._refuse_unusable(reply)
        except ModelReplyInvalid as error:
            charge(error, reply.usage)
            raise
        return Completion(reply.text, reply.model or self._model, reply.usage)

    def _refuse_unusable(self, reply: _Reply) -> None:
        if reply.refusal:
            raise ModelReplyInvalid("The language model declined to answer.", hint=self._redact(reply.refusal))
        if reply.reason in ("length", "content_filter"):
            cut = reply.reason == "length"
            why = "was cut off at its length limit" if cut else "was withheld by the provider's filter"
            raise ModelReplyInvalid(f"The language model's reply {why}.", hint=f"finish_reason: {reply.reason}")
        if not reply.text.strip():
            raise ModelReplyInvalid("The language model sent an empty reply.", hint=f"finish_reason: {reply.reason}")

    def close(self) -> None:
        """Closes the connections that are kept for the next question."""
        self._client.close()


@dataclass(frozen=True, slots=True)
class _Reply:
    text: str
    model: str
    reason: str
    refusal: str
    usage: Usage


def _parse(received: bytes) -> _Reply | None:
    """The first choice of a chat completion, or None for whatever else it is."""
    try:
        reply = json.loads(received)
        choice = reply["choices"][0]
        message, usage = choice["message"], reply.get("usage") or {}
        return _Reply(
            text=str(message.get("content") or ""),
            model=str(reply.get("model") or ""),
            reason=str(choice.get("finish_reason") or ""),
            refusal=str(message.get("refusal") or ""),
            usage=Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None


_Failure = tuple[LanguageModelError, Exception | None]


def _client(key: str, url: str) -> OpenAI:
    from openai import OpenAI

    # Tries are counted and timed here: the client's own would each get the whole time limit.
    return OpenAI(api_key=key, base_url=url, max_retries=0)


def _host_of(url: str) -> str:
    """Host and port only: an address can carry a password."""
    try:
        parts = urlsplit(url)
        host = f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https"):
        raise SettingsInvalid("The address of the language model must look like https://host/v1.")
    return host


def _server_of(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)


def _usable_key(key: str, url: str) -> str:
    if not key and url.rstrip("/") != DEFAULT_BASE_URL:
        return NO_KEY
    if not key:
        raise ModelAuthFailed(
            "There is no key for the language model.", hint="Set OPENAI_API_KEY, or use the offline writer."
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ModelAuthFailed("The key for the language model has characters that no key has; was it cut or quoted?")
    return key


def _rejected_option(cause: Exception | None, rejected: frozenset[str]) -> str | None:
    """The optional part of the request that the endpoint says it cannot take, if that is what it says."""
    if getattr(cause, "status_code", 0) not in (400, 422):
        return None
    said = f"{getattr(cause, 'param', '') or ''} {cause} {getattr(cause, 'body', '') or ''}".lower()
    for option, words in _OPTIONAL.items():
        if option not in rejected and any(word in said for word in words):
            return option
    return None


def _pause(cause: Exception | None, tries: int) -> float:
    """Seconds to wait before another try: what the provider asks for, else doubling."""
    headers = getattr(getattr(cause, "response", None), "headers", {})
    try:
        asked = float(headers["retry-after"])
    except (LookupError, ValueError):
        asked = 0.0
    backoff: float = BACKOFF_SECONDS * 2**tries
    return asked if 0 < asked < float("inf") else backoff
