from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate

import httpx2
import openai
import pytest

from nl2sql.errors import (
    LanguageModelError,
    ModelAuthFailed,
    ModelBusy,
    ModelReplyInvalid,
    ModelTimedOut,
    ModelUnreachable,
    SettingsInvalid,
)
from nl2sql.llm import base
from nl2sql.llm.openai import OpenAIModel
from nl2sql.llm.openai_errors import asks_to_wait, failure_of, key_hider, map_error, redactor, retry_after
from nl2sql.llm.openai_replies import Reply
from nl2sql.prompt.base import Message, Prompt

KEY = "sk-proj-" + "THISisTHEsecretKEY0123456789"
REQUEST = httpx2.Request("POST", "http://h/v1/chat/completions", headers={"Authorization": f"Bearer {KEY}"})

# What each exception of the client means here. A class that the client adds later fails the test below by name.
EXPECTED: dict[str, type[LanguageModelError]] = {
    "APIError": LanguageModelError,
    "APIConnectionError": ModelUnreachable,
    "APIResponseValidationError": ModelReplyInvalid,
    "APIStatusError": ModelBusy,
    "APITimeoutError": ModelTimedOut,
    "AuthenticationError": ModelAuthFailed,
    "BadRequestError": LanguageModelError,
    "ConflictError": ModelBusy,
    "ContentFilterFinishReasonError": ModelReplyInvalid,
    "InternalServerError": ModelBusy,
    "LengthFinishReasonError": ModelReplyInvalid,
    "NotFoundError": ModelAuthFailed,
    "OAuthError": ModelAuthFailed,
    "OpenAIError": LanguageModelError,
    "PermissionDeniedError": ModelAuthFailed,
    "RateLimitError": ModelBusy,
    "UnprocessableEntityError": LanguageModelError,
}
# Of features that are not used here: sockets, agents, other clouds, optional packages. They map to the base class.
UNUSED = {
    "APIRemovedInV1",
    "StreamAlreadyConsumed",
    "MissingDependencyError",
    "MutuallyExclusiveAuthError",
    "SubjectTokenProviderError",
    "WebSocketConnectionClosedError",
    "WebSocketQueueFullError",
    "_AmbiguousModuleClientUsageError",
    "AgentFilePreparationError",
    "AgentFileStagingError",
    "AgentOutputParseError",
    "AgentTurnResultError",
}


def classes(root: type[Exception]) -> Iterator[type[Exception]]:
    yield root
    for each in root.__subclasses__():
        yield from classes(each)


def bare(cls: type[Exception], status: int) -> Exception:
    """An instance with the message of a gateway that echoes the key."""
    error = cls.__new__(cls)
    Exception.__init__(error, f"Incorrect API key provided: {KEY}")
    if isinstance(error, openai.APIStatusError):
        error.status_code = getattr(cls, "status_code", status)
        error.code = None
    return error


def mapped(error: Exception) -> LanguageModelError:
    return map_error(error, model="m", host="h", seconds=30, redact=redactor(KEY))


def test_every_exception_of_the_client_has_a_meaning_here() -> None:
    seen = {cls.__name__: mapped(bare(cls, 500)) for cls in classes(openai.OpenAIError)}
    assert set(seen) - UNUSED == set(EXPECTED), "decide what the new exception means"
    assert {name: type(seen[name]) for name in EXPECTED} == EXPECTED
    assert {type(seen[name]) for name in UNUSED & set(seen)} == {LanguageModelError}
    for error in seen.values():
        assert_keyless(error)


@pytest.mark.parametrize("cls", sorted(set(classes(httpx2.HTTPError)), key=lambda c: c.__name__))
def test_every_exception_of_the_transport_is_no_connection_or_no_time(cls: type[Exception]) -> None:
    is_late = issubclass(cls, httpx2.TimeoutException) and not issubclass(cls, httpx2.ConnectTimeout)
    expected = ModelTimedOut if is_late else ModelUnreachable
    assert type(mapped(bare(cls, 0))) is expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, LanguageModelError),
        (400, LanguageModelError),
        (401, ModelAuthFailed),
        (402, ModelAuthFailed),
        (403, ModelAuthFailed),
        (404, ModelAuthFailed),
        (408, ModelTimedOut),
        (409, ModelBusy),
        (413, LanguageModelError),
        (418, LanguageModelError),
        (422, LanguageModelError),
        (429, ModelBusy),
        (500, ModelBusy),
        (502, ModelBusy),
        (503, ModelBusy),
        (504, ModelTimedOut),
        (529, ModelBusy),
    ],
)
def test_every_status_has_a_meaning(status: int, expected: type[LanguageModelError]) -> None:
    error = openai.APIStatusError("no", response=httpx2.Response(status, request=REQUEST), body=None)
    assert type(mapped(error)) is expected


def test_an_empty_account_is_not_worth_another_try() -> None:
    body = {"code": "insufficient_quota"}
    error = mapped(openai.RateLimitError("no", response=httpx2.Response(429, request=REQUEST), body=body))
    assert type(error) is ModelAuthFailed
    assert not error.retryable


def test_an_exception_of_nobody_is_mapped_too() -> None:
    assert mapped(RuntimeError("?")).hint == "RuntimeError: ?"


@pytest.mark.parametrize(
    "text",
    [
        f"key {KEY} is wrong",
        f"Authorization: Bearer {KEY}",
        f"it begins with {KEY[:14]} and ends with {KEY[-9:]}",
        "Incorrect API key provided: sk-proj-****************6789.",
        "sk-…abcdefgh",
        f"a\n{KEY}\nb",
    ],
)
def test_no_part_of_a_key_survives(text: str) -> None:
    shown = redactor(KEY)(text)
    assert "[hidden]" in shown
    assert "6789" not in shown
    assert "proj" not in shown


def test_a_reply_is_hidden_from_the_key_and_left_alone_otherwise() -> None:
    hide = key_hider(KEY)
    said = f"SELECT '{KEY}', '{KEY[3:22]}', '{KEY[:7]}' AS  a\n" + "x" * 1_000
    hidden = hide(said)
    assert hidden.startswith("SELECT '[hidden]', '[hidden]") and hidden.endswith(
        f"', '{KEY[:7]}' AS  a\n" + "x" * 1_000
    )
    assert not any(KEY[i : i + 8] in hidden for i in range(len(KEY) - 7))
    for placeholder in ("", "none", "password", "my-local-listings"):
        assert key_hider(placeholder)(f"SELECT none, {placeholder}") == f"SELECT none, {placeholder}"


def test_without_a_key_only_what_looks_like_one_is_hidden() -> None:
    assert redactor("")("none of sk-abcdefgh") == "none of [hidden]"


def test_harmless_text_survives_and_long_text_is_cut() -> None:
    redact = redactor(KEY)
    assert redact("The model `gpt-9` does not exist") == "The model `gpt-9` does not exist"
    assert len(redact("word " * 1_000)) == 300


def assert_keyless(error: LanguageModelError) -> None:
    for text in (str(error), error.hint, repr(error)):
        assert not any(KEY[i : i + 8] in text for i in range(len(KEY) - 7))


def test_no_model_is_asked_while_requests_are_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "ALLOW_MODEL_REQUESTS", False)
    model = OpenAIModel("m", api_key=KEY, base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ModelUnreachable, match="switched off"):
        model.complete(Prompt((Message("user", "hi"),), {}, "t@v1", "f"))


def test_a_missing_key_is_said_when_the_model_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    with pytest.raises(ModelAuthFailed, match="no key"):
        OpenAIModel("m")
    assert OpenAIModel("m", base_url="http://localhost:11434/v1").name == "m", "local servers want no key"


@pytest.mark.parametrize("key", [KEY + "é", KEY + " x", f"{KEY}\nX-Other: 1"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key: str) -> None:
    with pytest.raises(ModelAuthFailed) as caught:
        OpenAIModel("m", api_key=key)
    assert_keyless(caught.value)


@pytest.mark.parametrize(
    "url", ["localhost:8000/v1", "ftp://h/v1", "http://", "http://h:port/v1", "https://h/v1?key=x", "https://h/v1#x"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="must look like"):
        OpenAIModel("m", api_key=KEY, base_url=url)


def test_a_model_shows_neither_its_key_nor_the_password_of_its_address() -> None:
    shown = repr(OpenAIModel("m", api_key=KEY, base_url="https://user:hunter2@gateway.test:8443/v1"))
    assert shown == "OpenAIModel('m' at gateway.test:8443)"


def test_the_client_library_is_imported_only_when_a_model_is_made() -> None:
    code = "import sys; import nl2sql.llm.openai, nl2sql.llm.registry, nl2sql.writers.llm;"
    done = subprocess.run(
        [sys.executable, "-c", code + "sys.exit('openai' in sys.modules or 'httpx2' in sys.modules)"], check=False
    )
    assert done.returncode == 0


NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "2"}, 2.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "9"}, 9.0),
        ({"retry-after": formatdate(NOW + 30, usegmt=True)}, 30.0),
        ({"retry-after": formatdate(NOW - 30, usegmt=True)}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "0"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "Mon, 99 Foo 20260 99:99:99 GMT"}, None),
        ({}, None),
    ],
)
def test_both_forms_of_retry_after_are_read(headers: dict[str, str], seconds: float | None) -> None:
    response = httpx2.Response(429, request=REQUEST, headers=headers)
    assert retry_after(openai.RateLimitError("no", response=response, body=None), NOW) == seconds


def test_what_is_no_response_asks_for_no_wait() -> None:
    assert retry_after(openai.APIConnectionError(request=REQUEST), NOW) is None


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 s"), (59.5, "60 s"), (120, "120 s"), (121, "3 minutes"), (7_200, "120 minutes"), (9_000, "3 hours")],
)
def test_a_wait_is_said_in_words_and_rounded_up(seconds: float, said: str) -> None:
    assert f"asks to wait {said};" in str(asks_to_wait(seconds, ""))


def reply(**changes: object) -> Reply:
    return replace(Reply(text="{}", finish="stop", is_whole=True), **changes)


@pytest.mark.parametrize(
    ("given", "expected", "said"),
    [
        (reply(finish="length"), ModelReplyInvalid, "cut off"),
        (reply(finish="content_filter"), ModelReplyInvalid, "withheld"),
        (reply(text=" "), ModelReplyInvalid, "empty"),
        (reply(refusal="no", finish="content_filter"), ModelReplyInvalid, "declined"),
        (reply(is_whole=False), ModelUnreachable, "broke off"),
        (reply(failure=("rate_limit_exceeded", "")), ModelBusy, "busy"),
        (reply(failure=("429", "")), ModelBusy, "busy"),
        (reply(failure=("timeout", "")), ModelTimedOut, "gave up"),
        (reply(failure=("invalid_api_key", KEY)), ModelAuthFailed, "did not accept"),
        (reply(failure=("", "?")), LanguageModelError, "refused"),
    ],
)
def test_every_reply_that_cannot_be_used_has_a_meaning(
    given: Reply, expected: type[LanguageModelError], said: str
) -> None:
    error = failure_of(given, model="m", host="h", redact=redactor(KEY))
    assert error is not None
    assert type(error) is expected
    assert said in str(error)
    assert_keyless(error)


def test_a_good_reply_is_no_failure() -> None:
    assert failure_of(reply(), model="m", host="h", redact=redactor(KEY)) is None


def status_error(status: int, body: object, **headers: str) -> openai.APIStatusError:
    response = httpx2.Response(status, request=REQUEST, headers=headers)
    return openai.APIStatusError(f"Error code: {status} - {body}", response=response, body=body)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (status_error(500, {"message": "Overloaded.", "type": "server_error"}), "500: Overloaded."),
        (status_error(422, {"detail": "Not a model."}), "422: Not a model."),
        (status_error(422, {"detail": [{"msg": "Too long.", "input": "the prompt"}, "?"]}), "422: Too long."),
        (status_error(502, "<html>Bad gateway</html>"), "502: <html>Bad gateway</html>"),
        (status_error(503, None), "Error code: 503 - None"),
        (status_error(422, {"detail": {"input": "the prompt"}}), "422, without a word that is known"),
        (status_error(422, [{"input": "the prompt"}]), "422, without a word that is known"),
    ],
)
def test_a_hint_is_what_the_endpoint_says_and_not_what_it_was_sent(error: Exception, hint: str) -> None:
    assert mapped(error).hint == hint


def test_the_hint_of_a_redirect_is_where_to_without_what_opens_it() -> None:
    error = mapped(status_error(308, None, location=f"https://me:{KEY}@gateway.test/v1?key={KEY}"))
    assert (type(error), error.retryable) == (LanguageModelError, False)
    assert error.hint == "The setting openai_base_url has to name that one. 308: gateway.test/v1"


def test_why_there_is_no_connection_is_told() -> None:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = httpx2.ConnectError("[Errno 111] Connection refused")
    assert (type(mapped(error)), mapped(error).hint) == (ModelUnreachable, "[Errno 111] Connection refused")
    error.__cause__ = httpx2.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: expired")
    assert str(mapped(error)) == "The certificate of the language model at h is not trusted."
    assert not mapped(error).retryable


def test_a_refusal_is_not_told_in_the_models_own_words() -> None:
    error = failure_of(reply(refusal="My instructions are these: …"), model="m", host="h", redact=redactor(KEY))
    assert error is not None and "instructions" not in f"{error} {error.hint}"
