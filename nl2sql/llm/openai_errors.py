"""Exceptions of the openai client, and of the HTTP client under it, as errors of this product.

Provider text is only ever passed on as a hint, after redaction: gateways echo keys in their messages.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from nl2sql.errors import (
    LanguageModelError,
    ModelAuthFailed,
    ModelBusy,
    ModelReplyInvalid,
    ModelTimedOut,
    ModelUnreachable,
)

Redact = Callable[[str], str]

# Enough for any provider's sentence; a gateway's HTML page adds nothing after it.
HINT_CHARS = 300
# Providers show "sk-pr…wxyz" with stars or dots in the middle; that much of a key is still too much.
_KEY_LIKE = re.compile(r"(?i)\b(?:sk|pk|rk|key|api[-_]?key)[-_=:]\s?[\w*.…-]{6,}|\bbearer\s+\S+")
_HIDDEN = "[hidden]"


def redactor(api_key: str) -> Redact:
    """A function that hides the key, any 8 characters in a row of it, and whatever looks like another key."""
    pieces = {api_key[i : i + 8] for i in range(max(1, len(api_key) - 7))} if len(api_key) >= 8 else set()
    exact = re.compile("|".join(re.escape(part) for part in [api_key, *sorted(pieces)] if part) or r"(?!)")

    def redact(text: str) -> str:
        flat = " ".join(exact.sub(_HIDDEN, _KEY_LIKE.sub(_HIDDEN, text)).split())
        return flat if len(flat) <= HINT_CHARS else flat[: HINT_CHARS - 1] + "…"

    return redact


def map_error(error: Exception, *, model: str, host: str, seconds: float, redact: Redact) -> LanguageModelError:
    """The product's error for any exception of the client. Total: what is unknown becomes a LanguageModelError."""
    import httpx2
    import openai

    hint = redact(str(error))
    if isinstance(error, openai.APIStatusError):
        return _from_status(error, model=model, host=host, seconds=seconds, hint=hint)
    if isinstance(error, (openai.APITimeoutError, httpx2.TimeoutException)):
        return timed_out(seconds)
    if isinstance(error, (openai.APIConnectionError, httpx2.HTTPError, httpx2.StreamError)):
        return ModelUnreachable(f"The language model at {host} cannot be reached.", hint=hint)
    if isinstance(error, openai.ContentFilterFinishReasonError):
        return ModelReplyInvalid("The language model's provider withheld the reply.", hint=hint)
    if isinstance(error, (openai.LengthFinishReasonError, openai.APIResponseValidationError)):
        return ModelReplyInvalid("The language model's reply was cut off or malformed.", hint=hint)
    return LanguageModelError("The language model could not be asked.", hint=f"{type(error).__name__}: {hint}")


def timed_out(seconds: float) -> ModelTimedOut:
    return ModelTimedOut(f"The language model gave no answer within {seconds:g} s.")


def _from_status(error: Any, *, model: str, host: str, seconds: float, hint: str) -> LanguageModelError:
    status = int(getattr(error, "status_code", 0))
    # The client unwraps {"error": …} for status errors; other gateways put the fields at the top.
    code = str(getattr(error, "code", "") or "")
    if code == "insufficient_quota" or status == 402:
        return ModelAuthFailed("The language model's account has no credit left.", hint=hint)
    if status == 401:
        return ModelAuthFailed(f"The language model at {host} did not accept the key.", hint=hint)
    if status == 403:
        return ModelAuthFailed(f"The key may not use the language model “{model}” at {host}.", hint=hint)
    if status == 404:
        return ModelAuthFailed(f"There is no language model “{model}” for this key at {host}.", hint=hint)
    if status in (408, 504):
        return timed_out(seconds)
    if status in (409, 429):
        return ModelBusy("The language model is busy; try again in a moment.", hint=hint)
    if status >= 500:
        return ModelBusy("The language model's provider has a problem; try again in a moment.", hint=hint)
    return LanguageModelError("The language model refused the request.", hint=hint)
