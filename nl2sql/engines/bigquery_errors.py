"""What BigQuery's client raises → the product's errors. Reasons and HTTP codes are those of
https://cloud.google.com/bigquery/docs/error-messages

A message of the API may hold a value of a row, and one of the login a token: neither is passed on.
"""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping
from types import MappingProxyType

import google.auth.exceptions
import requests
from google.api_core import exceptions

from nl2sql.engines.deadline import query_cancelled, query_timed_out
from nl2sql.engines.server import without_values
from nl2sql.errors import (
    DatabaseMissing,
    DatabaseUnreachable,
    DatabaseUnreadable,
    EngineError,
    QueryFailed,
    QueryTooCostly,
)

DRIVER_ERRORS: tuple[type[Exception], ...] = (
    exceptions.GoogleAPIError,  # RetryError too
    google.auth.exceptions.GoogleAuthError,
    requests.RequestException,
    concurrent.futures.TimeoutError,
    OSError,
    KeyError,  # an answer that is not in the API's form; the client reads it by key
    ValueError,
)

_UNREACHABLE = "BigQuery cannot be reached, or is busy. Please try again in a moment."
_QUOTA = "BigQuery's limit for this project or account is used up for the moment. Please try again later."
_FORBIDDEN = "The BigQuery account may not read this. Ask whoever runs the project for the right to."
_REFUSED = "The database could not run this query."

_BY_REASON: Mapping[str, tuple[type[EngineError], str]] = MappingProxyType(
    {
        "accessDenied": (DatabaseUnreadable, _FORBIDDEN),
        "policyViolation": (DatabaseUnreadable, _FORBIDDEN),
        "authError": (DatabaseUnreadable, _FORBIDDEN),
        "required": (DatabaseUnreadable, _FORBIDDEN),  # no login at all
        "billingNotEnabled": (DatabaseUnreadable, "Billing is not switched on for the BigQuery project."),
        "blocked": (DatabaseUnreachable, _QUOTA),
        "quotaExceeded": (DatabaseUnreachable, _QUOTA),
        "rateLimitExceeded": (DatabaseUnreachable, _QUOTA),
        "jobRateLimitExceeded": (DatabaseUnreachable, _QUOTA),
        "backendError": (DatabaseUnreachable, _UNREACHABLE),
        "jobBackendError": (DatabaseUnreachable, _UNREACHABLE),
        "internalError": (DatabaseUnreachable, _UNREACHABLE),
        "jobInternalError": (DatabaseUnreachable, _UNREACHABLE),
        "tableUnavailable": (DatabaseUnreachable, _UNREACHABLE),
        "invalidQuery": (QueryFailed, _REFUSED),
        "invalid": (QueryFailed, _REFUSED),
        "notImplemented": (QueryFailed, _REFUSED),
        "duplicate": (QueryFailed, _REFUSED),
        "resourcesExceeded": (QueryFailed, "The question needs more memory than BigQuery gives one query."),
        "responseTooLarge": (QueryFailed, "The answer is larger than BigQuery gives out. Ask for fewer rows."),
        "bytesBilledLimitExceeded": (
            QueryTooCostly,
            "This question would read more than one question may. Ask for less at once, such as a shorter period.",
        ),
    }
)
_BY_CODE: Mapping[int, str] = MappingProxyType(
    {401: "accessDenied", 403: "accessDenied", 429: "rateLimitExceeded", 404: "notFound", 400: "invalid"}
)


def mapped(error: BaseException, seconds: float) -> EngineError:
    """`error` is one of DRIVER_ERRORS."""
    if isinstance(error, exceptions.RetryError) and error.cause is not None:
        error = error.cause
    if isinstance(error, exceptions.GoogleAPICallError):
        return _from_api(error, seconds)
    if isinstance(error, google.auth.exceptions.TransportError):
        return DatabaseUnreachable("Google's login cannot be reached. Please try again in a moment.")
    if isinstance(error, google.auth.exceptions.GoogleAuthError):
        return not_logged_in(error)
    if isinstance(error, concurrent.futures.TimeoutError | requests.Timeout):
        return query_timed_out(seconds)
    return DatabaseUnreachable(_UNREACHABLE, hint=f"The connection failed: {type(error).__name__}.")


def not_logged_in(error: BaseException) -> DatabaseUnreadable:
    return DatabaseUnreadable(
        "There are no credentials for BigQuery here, or they do not work.",
        hint="Run “gcloud auth application-default login”, or name a service account's key file in"
        f" GOOGLE_APPLICATION_CREDENTIALS or in the address (?credentials=…). Seen: {type(error).__name__}.",
    )


def reason_of(error: exceptions.GoogleAPICallError) -> str:
    first = error.errors[0] if error.errors else None
    named = str(first.get("reason", "")) if isinstance(first, Mapping) else ""
    return named or _BY_CODE.get(int(error.code or 0), "backendError")


def _message_of(error: exceptions.GoogleAPICallError) -> str:
    """The API's own sentence: the client puts the address and its own words around it."""
    first = error.errors[0] if error.errors else None
    return str(first.get("message", "")) if isinstance(first, Mapping) else ""


def _from_api(error: exceptions.GoogleAPICallError, seconds: float) -> EngineError:
    reason, message = reason_of(error), _message_of(error)
    if reason == "stopped":
        return query_timed_out(seconds) if "timed out" in message.lower() else query_cancelled()
    if reason == "timeout":
        return query_timed_out(seconds)
    if reason == "notFound":
        return _not_found(message)
    kind, sentence = _BY_REASON.get(reason, (QueryFailed, _REFUSED))
    if kind is QueryFailed:
        return kind(sentence, hint=f"BigQuery says: {_told(message) or reason}")
    return kind(sentence, hint=f"BigQuery says: {reason}.")


def _not_found(message: str) -> EngineError:
    if "table" in message.lower():
        return QueryFailed(_REFUSED, hint="BigQuery says: a table of the query does not exist in the dataset.")
    return DatabaseMissing(
        "There is no such BigQuery project or dataset, or it is in another location.",
        hint="Compare the address and the setting bigquery_location with what the console shows.",
    )


# What an analyser says is about the statement; after these words comes a value of a row.
_BEFORE_VALUES = ("bad ", "invalid ", "could not ", "failed to ", "division by zero", "out of range", "overflow")


def _told(message: str) -> str:
    told = without_values(message)
    if any(word in told.lower() for word in _BEFORE_VALUES):
        told = told.partition(":")[0]
    return told[:500]
