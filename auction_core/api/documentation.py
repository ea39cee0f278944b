"""What the API's description says of refusals and failures: each by its code, with the very answer as its example."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from auction_core import errors
from auction_core.api import problems
from auction_core.api.problems import MEDIA_TYPE, Problem, ProblemBody

_EXAMPLES: tuple[Callable[[], Exception], ...] = (
    errors.ListingNotFound,
    errors.UserNotFound,
    errors.CategoryNotFound,
    errors.PaymentNotFound,
    errors.SellerCannotBid,
    errors.UserInactive,
    errors.NotYourListing,
    errors.NotYourPayment,
    errors.NotYourSale,
    lambda: errors.BidTooLow(Decimal("12.50")),
    lambda: errors.BidAboveBuyNow(Decimal("450.00")),
    errors.BuyNowUnavailable,
    lambda: errors.ListingNotOpen(datetime(2026, 7, 1, 18, tzinfo=UTC)),
    errors.ListingClosed,
    errors.ListingHasBids,
    errors.ListingNotSold,
    lambda: errors.PaymentSettled("paid"),
    errors.AlreadyReviewed,
    errors.UsernameTaken,
    errors.EmailTaken,
    errors.IdempotencyConflict,
    errors.TooBusy,
    lambda: errors.OutcomeUnknown("The database went away while writing. Repeat the request with the same key."),
    lambda: errors.DatabaseUnreachable("The database does not answer."),
    lambda: errors.InvalidRequest("amount", "must be above zero"),
    problems.malformed,
    problems.key_missing,
    problems.too_large,
    problems.too_slow,
    problems.token_missing,
    problems.token_invalid,
    problems.login_failed,
    problems.too_many_listeners,
    lambda: problems.too_many_requests(120, 60),
    lambda: problems.internal("4b1f0c9d2e7a"),
)


def _by_code() -> dict[str, Problem]:
    found = {}
    for make in _EXAMPLES:
        error = make()
        problem = error if isinstance(error, Problem) else problems.problem_of(error)  # type: ignore[arg-type]
        found[problem.body["code"]] = problem
    return found


BY_CODE = _by_code()
# Any request may meet these.
ALWAYS = ("too_many_requests", "internal_error")
READING = (*ALWAYS, "database_unreachable")
WRITING = (
    *READING,
    "idempotency_key_missing",
    "idempotency_conflict",
    "invalid_request",
    "body_too_large",
    "body_too_slow",
    "too_busy",
    "outcome_unknown",
)
WITH_TOKEN = ("token_missing", "token_invalid")

_HEADERS: dict[int, dict[str, str]] = {
    401: {"WWW-Authenticate": "How to authenticate."},
    429: {"Retry-After": "Seconds to wait."},
    503: {"Retry-After": "Seconds to wait."},
}


def documented(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that may answer with these codes."""
    responses: dict[int | str, dict[str, Any]] = {}
    for code in codes:
        problem = BY_CODE[code]
        entry = responses.setdefault(problem.status, _entry(problem))
        entry["content"][MEDIA_TYPE]["examples"][code] = {"value": problem.body}
    return responses


def answered(status: int, example: Any, **more: Any) -> dict[int | str, dict[str, Any]]:
    """The `responses` entry with an example of what goes well."""
    return {status: {"content": {"application/json": {"example": example}}, **more}}


def _entry(problem: Problem) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}}
    entry: dict[str, Any] = {"description": problem.body["title"], "content": content}
    if problem.status in _HEADERS:
        entry["headers"] = {
            name: {"description": text, "schema": {"type": "string"}} for name, text in _HEADERS[problem.status].items()
        }
    return entry


def add_problem_schema(description: dict[str, Any]) -> None:
    """No route returns a problem by its type, so its schema is put where the references point."""
    schemas = description.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = ProblemBody.model_json_schema(
        mode="serialization", ref_template="#/components/schemas/{model}"
    )
    schemas.update(schemas["Problem"].pop("$defs", {}))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
