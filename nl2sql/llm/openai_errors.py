"""What goes wrong at an endpoint, as errors of this product: exceptions of the openai client and of the HTTP client
under it, failures inside a reply, and replies that cannot be used.

Provider text is only ever passed on as a hint, after redaction: gateways echo keys in their messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import ceil
from typing import Any

from nl2sql.errors import (
    LanguageModelError,
    ModelAuthFailed,
    ModelBusy,
    ModelCancelled,
    ModelReplyInvalid,
    ModelTimedOut,
    ModelUnreachable,
)
from nl2sql.llm.openai_replies import Reply

Redact = Callable[[str], str]

# Enough for any provider's sentence; a gateway's HTML page adds nothing after it.
HINT_CHARS = 300
# Providers show "sk-pr…wxyz" with stars or dots in the middle; that much of a key is still too much.
_KEY_LIKE = re.compile(r"(?i)\b(?:sk|pk|rk|key|api[-_]?key)[-_=:]\s?[\w*.…-]{6,}|\bbearer\s+\S+")
_HIDDEN = "[hidden]"
_CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED")
# A wait is said in a unit of which there are few: up to how many seconds, how long one is, and its name.
_WAITS = ((120.0, 1.0, "s"), (7_200.0, 60.0, "minutes"), (float("inf"), 3_600.0, "hours"))


def redactor(api_key: str) -> Redact:
    """A function that hides the key, any 8 characters in a row of it, and whatever looks like another key; the rest of
    a text it shortens. "" stands for no key."""
    exact = _runs_of(api_key, 8)

    def redact(text: str) -> str:
        flat = " ".join(exact.sub(_HIDDEN, _KEY_LIKE.sub(_HIDDEN, text)).split())
        return flat if len(flat) <= HINT_CHARS else flat[: HINT_CHARS - 1] + "…"

    return redact


def key_hider(api_key: str) -> Redact:
    """A function that hides the key in a reply, and changes nothing else of it. Keys of fewer than 20 characters are
    the placeholders of local servers, and words like any other; 8 characters in a row of a real one are no chance."""
    exact = _runs_of(api_key, 8) if len(api_key) >= 20 else None
    return lambda text: exact.sub(_HIDDEN, text) if exact else text


def _runs_of(api_key: str, length: int) -> re.Pattern[str]:
    """Matches the key and its runs of so many characters; nothing for an empty key."""
    runs = {api_key[i : i + length] for i in range(len(api_key) - length + 1)}
    return re.compile("|".join(re.escape(run) for run in [api_key, *sorted(runs)] if run) or r"(?!)")


def map_error(error: Exception, *, model: str, host: str, seconds: float, redact: Redact) -> LanguageModelError:
    """The product's error for any exception of the client. Total: what is unknown becomes a LanguageModelError."""
    import httpx2
    import openai

    hint = redact(_told(error))
    if isinstance(error, openai.APIStatusError):
        status, code = int(getattr(error, "status_code", 0)), str(getattr(error, "code", "") or "")
        return _of_status(status, code, model=model, host=host, hint=hint)
    if _CERTIFICATE.search(hint):
        return LanguageModelError(f"The certificate of the language model at {host} is not trusted.", hint=hint)
    # A host that did not even accept the connection is another trouble than a model that thinks for long.
    if isinstance(error, httpx2.ConnectTimeout) or isinstance(error.__cause__, httpx2.ConnectTimeout):
        return ModelUnreachable(f"The language model at {host} cannot be reached.", hint=hint)
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return timed_out(seconds)
    if isinstance(error, (openai.APIConnectionError, httpx2.HTTPError, httpx2.StreamError)):
        return ModelUnreachable(f"The language model at {host} cannot be reached.", hint=hint)
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return ModelReplyInvalid("The language model's provider withheld the reply.", hint=hint)
    if isinstance(error, (openai.LengthFinishReasonError, openai.APIResponseValidationError)):
        return ModelReplyInvalid("The language model's reply was cut off or malformed.", hint=hint)
    return LanguageModelError("The language model could not be asked.", hint=f"{type(error).__name__}: {hint}")


def _told(error: Exception) -> str:
    """What an endpoint says, with its status; else why there is no connection. Of a validator's reply only its
    sentences: it repeats the request beside them."""
    status, body = getattr(error, "status_code", 0), getattr(error, "body", None)
    if not status:
        return str(error.__cause__ or error)
    if elsewhere := _header(error, "location").partition("?")[0]:
        return f"{status}: {elsewhere.rpartition('@')[2]}"
    told: object = body
    if isinstance(body, dict):
        told = next((body[name] for name in ("message", "detail", "error", "msg") if body.get(name)), "")
    if isinstance(told, list):
        told = "; ".join(str(each.get("msg") or "") for each in told if isinstance(each, dict))
    if isinstance(told, str) and told.strip():
        return f"{status}: {told}"
    return f"{status}, without a word that is known" if isinstance(body, dict | list) else str(error)


def failure_of(reply: Reply, *, model: str, host: str, redact: Redact) -> LanguageModelError | None:
    """Why a reply cannot be used; None for a good one. Broken-off and failed replies may be better another time."""
    if reply.failure:
        code, said = reply.failure
        hint = redact(f"{code}: {said}")
        status = int(code) if code.isascii() and code.isdigit() and len(code) == 3 else _STATUS_OF.get(code, 0)
        return _of_status(status, code, model=model, host=host, hint=hint)
    if reply.refusal:
        # Not in its own words: they are nobody's SQL, and may be its instructions.
        return ModelReplyInvalid("The language model declined to answer.", hint="Asked in other words, it may not.")
    finish = redact(f"The endpoint ended the reply with “{reply.finish}”." if reply.finish else "")
    if reply.finish == "length":
        return ModelReplyInvalid("The language model's reply was cut off at its length limit.", hint=finish)
    if reply.finish == "content_filter":
        return ModelReplyInvalid("The language model's reply was withheld by the provider's filter.", hint=finish)
    if not reply.is_whole:
        return broken_off(f"{len(reply.text):,} characters came.")
    if not reply.text.strip():
        return ModelReplyInvalid("The language model sent an empty reply.", hint=finish)
    return None


# Codes of failures inside a reply, which has no status of its own any more.
_STATUS_OF = {
    "rate_limit_exceeded": 429,
    "rate_limit_error": 429,
    "server_error": 500,
    "api_error": 500,
    "internal_error": 500,
    "overloaded_error": 503,
    "service_unavailable": 503,
    "timeout": 504,
    "model_not_found": 404,
    "invalid_api_key": 401,
}


def timed_out(seconds: float) -> ModelTimedOut:
    return ModelTimedOut(f"The language model gave no answer within {seconds:g} s.")


def cancelled() -> ModelCancelled:
    return ModelCancelled("The question was cancelled, so the language model is no longer asked.")


def too_long() -> ModelReplyInvalid:
    return ModelReplyInvalid("The language model's reply is far too long to be an answer.")


def broken_off(hint: str) -> ModelUnreachable:
    return ModelUnreachable("The language model's reply broke off.", hint=hint)


def asks_to_wait(seconds: float, hint: str) -> ModelBusy:
    amount, unit = next((seconds / each, name) for most, each, name in _WAITS if seconds <= most)
    wait = f"{ceil(amount):,} {unit}"
    error = ModelBusy(f"The language model is busy and asks to wait {wait}; try again then.", hint=hint)
    error.wait = seconds
    return error


def no_protocol(host: str, paths: str, hint: str) -> LanguageModelError:
    return LanguageModelError(
        f"Nothing at {host} speaks a language model's protocol; check the address of the endpoint.",
        hint=f"There is no {paths} below the address. {hint}",
    )


def _of_status(status: int, code: str, *, model: str, host: str, hint: str) -> LanguageModelError:
    if code in ("insufficient_quota", "billing_hard_limit_reached") or status == 402:
        return ModelAuthFailed("The language model's account has no credit left.", hint=hint)
    if status == 401:
        return ModelAuthFailed(f"The language model at {host} did not accept the key.", hint=hint)
    if status == 403:
        return ModelAuthFailed(f"The key may not use the language model “{model}” at {host}.", hint=hint)
    if status == 404:
        return ModelAuthFailed(f"There is no language model “{model}” for this key at {host}.", hint=hint)
    if status in (408, 504):
        return ModelTimedOut("The language model's provider gave up waiting for it; try again in a moment.", hint=hint)
    if status in (409, 429):
        return ModelBusy("The language model is busy; try again in a moment.", hint=hint)
    if status >= 500:
        return ModelBusy("The language model's provider has a problem; try again in a moment.", hint=hint)
    if 300 <= status < 400:
        return LanguageModelError(
            f"The language model is no longer at {host}, which sends requests on to another address.",
            hint=f"The setting openai_base_url has to name that one. {hint}",
        )
    return LanguageModelError("The language model refused the request.", hint=hint)


def retry_after(error: Any, now: float) -> float | None:
    """Seconds that the provider asks to wait, from either form of the header; None when it does not ask. `now` in
    seconds since 1970."""
    from email.utils import parsedate_to_datetime

    for name, unit in (("retry-after-ms", 1_000.0), ("retry-after", 1.0)):
        said = _header(error, name)
        try:
            seconds = float(said) / unit
        except ValueError:
            try:
                seconds = parsedate_to_datetime(said).timestamp() - now
            except (ValueError, TypeError, OverflowError):
                continue
        if 0 < seconds < float("inf"):
            return seconds
    return None


def _header(error: Exception, name: str) -> str:
    return str(getattr(getattr(error, "response", None), "headers", {}).get(name, ""))
