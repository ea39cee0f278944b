"""What Google's client raises, as the product says it: every reason, and no value or secret in any of them."""

from __future__ import annotations

import concurrent.futures

import google.auth.exceptions
import pytest
import requests
from google.api_core import exceptions

from nl2sql.engines.bigquery_errors import DRIVER_ERRORS, mapped
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryCancelled,
    QueryFailed,
    QueryTimedOut,
    QueryTooCostly,
)

SECRET = "ya29.hunter2"


def refused(code: int, reason: str, message: str = "It did not work.") -> exceptions.GoogleAPICallError:
    return exceptions.from_http_status(
        code, f"POST https://example.com/jobs?key={SECRET}: {message}", errors=[{"reason": reason, "message": message}]
    )


@pytest.mark.parametrize(
    ("code", "reason", "kind"),
    [
        (403, "accessDenied", DatabaseUnreadable),
        (403, "billingNotEnabled", DatabaseUnreadable),
        (403, "policyViolation", DatabaseUnreadable),
        (401, "authError", DatabaseUnreadable),
        (403, "quotaExceeded", DatabaseUnreachable),
        (403, "rateLimitExceeded", DatabaseUnreachable),
        (503, "backendError", DatabaseUnreachable),
        (500, "internalError", DatabaseUnreachable),
        (400, "invalidQuery", QueryFailed),
        (400, "resourcesExceeded", QueryFailed),
        (403, "responseTooLarge", QueryFailed),
        (400, "bytesBilledLimitExceeded", QueryTooCostly),
        (200, "stopped", QueryCancelled),
        (400, "timeout", QueryTimedOut),
        (418, "a reason of next year", QueryFailed),
    ],
)
def test_every_reason_has_its_error_and_a_sentence(code: int, reason: str, kind: type[EngineError]) -> None:
    error = mapped(refused(code, reason), 5)
    assert type(error) is kind
    assert error.user_message.endswith(".")
    assert SECRET not in error.user_message + error.hint


@pytest.mark.parametrize(
    ("code", "kind"), [(401, DatabaseUnreadable), (403, DatabaseUnreadable), (404, DatabaseMissing)]
)
def test_without_a_reason_the_code_speaks(code: int, kind: type[EngineError]) -> None:
    assert type(mapped(exceptions.from_http_status(code, SECRET), 5)) is kind
    assert type(mapped(exceptions.from_http_status(502, SECRET), 5)) is DatabaseUnreachable


def test_what_is_not_found_tells_a_table_from_a_dataset() -> None:
    assert type(mapped(refused(404, "notFound", "Not found: Table p:d.t was not found"), 5)) is QueryFailed
    assert type(mapped(refused(404, "notFound", "Not found: Dataset p:d"), 5)) is DatabaseMissing
    assert type(mapped(refused(404, "notFound", "Not found: Project p"), 5)) is DatabaseMissing


def test_a_job_that_the_service_ended_at_its_limit_timed_out() -> None:
    assert (
        type(mapped(refused(499, "stopped", "Job execution was cancelled: Job timed out after 5s"), 5)) is QueryTimedOut
    )


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("Unrecognized name: emial at [1:8]", "Unrecognized name: emial at [1:8]"),
        ("Bad int64 value: ada@example.com", "Bad int64 value"),
        ('Could not cast literal "ada@example.com" to type DATE', "Could not cast literal '…' to type DATE"),
        ("Invalid date: 'ada@example.com'", "Invalid date"),
        ("division by zero: 7 / 0", "division by zero"),
        ("int64 overflow: 9223372036854775807 + 1", "int64 overflow"),
    ],
)
def test_a_hint_tells_the_fault_and_no_value(message: str, told: str) -> None:
    assert mapped(refused(400, "invalidQuery", message), 5).hint == f"BigQuery says: {told}"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (google.auth.exceptions.DefaultCredentialsError(SECRET), DatabaseUnreadable),
        (google.auth.exceptions.RefreshError(SECRET), DatabaseUnreadable),
        (google.auth.exceptions.TransportError(SECRET), DatabaseUnreachable),
        (requests.ConnectionError(SECRET), DatabaseUnreachable),
        (requests.ReadTimeout(SECRET), QueryTimedOut),
        (concurrent.futures.TimeoutError(), QueryTimedOut),
        (ConnectionResetError(SECRET), DatabaseUnreachable),
        (KeyError(SECRET), DatabaseUnreachable),
        (exceptions.RetryError(SECRET, refused(503, "backendError")), DatabaseUnreachable),
        (exceptions.RetryError(SECRET, requests.ConnectionError(SECRET)), DatabaseUnreachable),
    ],
)
def test_what_goes_wrong_on_the_way_is_mapped_too(error: Exception, kind: type[EngineError]) -> None:
    assert isinstance(error, DRIVER_ERRORS)
    found = mapped(error, 5)
    assert type(found) is kind
    assert SECRET not in found.user_message + found.hint
