"""Errors in the API's form: https://cloud.google.com/bigquery/docs/error-messages"""

from __future__ import annotations

from typing import Any

_CODES = {
    "accessDenied": 403,
    "authError": 401,
    "backendError": 503,
    "badRequest": 400,
    "bytesBilledLimitExceeded": 400,
    "duplicate": 409,
    "internalError": 500,
    "invalid": 400,
    "invalidQuery": 400,
    "notFound": 404,
    "notImplemented": 501,
    "quotaExceeded": 403,
    "rateLimitExceeded": 403,
    "resourcesExceeded": 400,
    "stopped": 499,  # of jobs.getQueryResults; the page has 200, for jobs.get, which succeeds
    "timeout": 400,
}
_STATUS = {400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND"} | {
    409: "ALREADY_EXISTS",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


class ApiError(Exception):
    def __init__(self, reason: str, message: str, location: str = "") -> None:
        super().__init__(message)
        self.reason, self.message, self.location = reason, message, location

    @property
    def code(self) -> int:
        return _CODES[self.reason]

    def proto(self) -> dict[str, Any]:
        """An ErrorProto, as in a job's status."""
        made = {"reason": self.reason, "message": self.message}
        return made | {"location": self.location} if self.location else made

    def body(self) -> dict[str, Any]:
        first = self.proto() | {"domain": "global"}
        if self.reason == "invalidQuery":
            first["locationType"] = "parameter"
        named = {"code": self.code, "message": self.message, "errors": [first], "status": _STATUS[self.code]}
        return {"error": named}


def invalid_query(message: str) -> ApiError:
    return ApiError("invalidQuery", message, "query")
