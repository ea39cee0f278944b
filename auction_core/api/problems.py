"""Errors as application/problem+json (RFC 9457), and nothing in them that the caller may not know."""

import logging
import uuid
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError, TimeoutError
from starlette.exceptions import HTTPException

from auction_core.errors import (
    AuctionError,
    BidAboveBuyNow,
    BidTooLow,
    Conflict,
    DatabaseUnreachable,
    IdempotencyConflict,
    InvalidRequest,
    ListingNotOpen,
    NotAllowed,
    NotFound,
    OutcomeUnknown,
    PaymentSettled,
    WriteRefused,
)

MEDIA_TYPE = "application/problem+json"
# After this long a database that was too busy or away is worth asking again.
RETRY_AFTER_SECONDS = 2
# A listing's description of 10,000 characters of four bytes, and room around it.
LARGEST_BODY = 64 * 1024
_STATUSES: tuple[tuple[type[WriteRefused], int], ...] = (
    (NotFound, 404),
    (NotAllowed, 403),
    (Conflict, 409),
    (InvalidRequest, 422),
    (IdempotencyConflict, 422),
)
_CHALLENGE = 'Bearer realm="auction"'
_AGAIN = {"Retry-After": str(RETRY_AFTER_SECONDS)}
logger = logging.getLogger(__name__)


class FieldProblem(BaseModel):
    field: str = Field(description="Where it is, with dots: body.amount, query.cursor, header.Idempotency-Key.")
    problem: str


class ProblemBody(BaseModel):
    """What every refusal and failure answers with (RFC 9457)."""

    model_config = ConfigDict(title="Problem")

    type: str = Field(description="about:blank: `code` says which problem it is.")
    title: str = Field(description="The status in words.")
    status: int
    detail: str = Field(description="One sentence for people.")
    code: str = Field(description="For programs; it does not change.")
    fields: list[FieldProblem] | None = Field(None, description="Which values of the request are wrong.")
    minimum: str | None = Field(None, description="With bid_too_low: the least that counts now.")
    buy_now_price: str | None = Field(None, description="With bid_above_buy_now: the price to buy at.")
    starts_at: str | None = Field(None, description="With listing_not_open: when bidding begins.")
    payment_status: str | None = Field(None, description="With payment_settled: what became of the payment.")
    incident: str | None = Field(None, description="With internal_error: what to quote to the operator.")


class Problem(Exception):
    """Answers the request with this problem."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.headers = dict(headers or {})
        self.body = {
            "type": "about:blank",
            "title": HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            **more,
        }

    def response(self) -> JSONResponse:
        return JSONResponse(self.body, self.status, self.headers, media_type=MEDIA_TYPE)


def problem_of(error: AuctionError) -> Problem:
    """The one mapping of the core's errors to statuses."""
    if isinstance(error, WriteRefused):
        status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 422)
        return Problem(status, error.code, error.user_message, **_values_of(error))
    if isinstance(error, OutcomeUnknown):
        return Problem(503, error.code, error.user_message, headers=_AGAIN)
    return database_away() if isinstance(error, DatabaseUnreachable) else unexpected(error)


def unexpected(error: Exception) -> Problem:
    """Says nothing of what happened: that is in the log, under the incident's id."""
    incident = uuid.uuid4().hex[:12]
    logger.error("incident %s", incident, exc_info=error)
    return internal(incident)


def _values_of(error: WriteRefused) -> dict[str, Any]:
    match error:
        case BidTooLow():
            return {"minimum": f"{error.minimum:.2f}"}
        case BidAboveBuyNow():
            return {"buy_now_price": f"{error.buy_now_price:.2f}"}
        case ListingNotOpen() if error.starts_at is not None:
            return {"starts_at": error.starts_at.isoformat()}
        case PaymentSettled():
            return {"payment_status": error.status}
        case InvalidRequest():
            return {"fields": [{"field": error.field, "problem": error.problem}]}
    return {}


def invalid(errors: Sequence[Mapping[str, Any]]) -> Problem:
    """A request that does not fit its description. The values themselves are not repeated: one may be a password."""
    if any(error["type"] == "json_invalid" for error in errors):
        return malformed()
    if any(error["type"] == "missing" and error["loc"][0] == "header" for error in errors):
        return key_missing()
    # More than these say nothing new; an attacker's body could have thousands.
    fields = [{"field": _place(error["loc"]), "problem": _sentence(error["msg"])} for error in errors[:10]]
    first = fields[0]
    return Problem(422, "invalid_request", f"{first['field']}: {first['problem']}.", fields=fields)


def _place(location: Sequence[str | int]) -> str:
    """A name that the caller made up is cut, and what is no text in UTF-8 is replaced."""
    return ".".join(str(part) for part in location)[:80].encode(errors="replace").decode()


def _sentence(message: str) -> str:
    return message.removeprefix("Value error, ")


def malformed() -> Problem:
    return Problem(400, "malformed_json", "The body is not JSON.")


def too_large() -> Problem:
    return Problem(413, "body_too_large", "The body is larger than 64 KiB.")


def too_slow() -> Problem:
    return Problem(408, "body_too_slow", "The body did not arrive in time.")


def key_missing() -> Problem:
    detail = "Each write needs the header Idempotency-Key: make one up, and repeat it when you repeat the request."
    return Problem(400, "idempotency_key_missing", detail)


def token_missing() -> Problem:
    detail = "This needs a bearer token; POST /api/v1/tokens gives one."
    return Problem(401, "token_missing", detail, headers={"WWW-Authenticate": _CHALLENGE})


def token_invalid() -> Problem:
    headers = {"WWW-Authenticate": f'{_CHALLENGE}, error="invalid_token"'}
    return Problem(401, "token_invalid", "The bearer token is not valid (any more): log in again.", headers=headers)


def login_failed() -> Problem:
    """The same for a user who is not there, a wrong password and a closed account."""
    detail = "The user name or the password is wrong."
    return Problem(401, "login_failed", detail, headers={"WWW-Authenticate": _CHALLENGE})


def too_many_requests(most: int, seconds: int, headers: Mapping[str, str] | None = None) -> Problem:
    detail = f"Too many requests: no more than {most} in {seconds} seconds."
    return Problem(429, "too_many_requests", detail, headers=headers)


def too_many_listeners() -> Problem:
    detail = "Too many streams are open. Try again, or read the listing now and then."
    return Problem(503, "too_many_listeners", detail, headers={"Retry-After": "30"})


def database_away() -> Problem:
    return Problem(503, "database_unreachable", "The database does not answer. Try again.", headers=_AGAIN)


def internal(incident: str) -> Problem:
    detail = f"Something went wrong here. The operator finds it as incident {incident}."
    return Problem(500, "internal_error", detail, incident=incident)


_MADE = {400: malformed, 408: too_slow, 413: too_large}
_HTTP = {
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This address does not take this method."),
}


def install(app: FastAPI) -> None:
    """Every error that leaves a handler becomes a problem."""

    @app.exception_handler(Problem)
    async def answer_problem(request: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(AuctionError)
    async def answer_core(request: Request, error: AuctionError) -> JSONResponse:
        return problem_of(error).response()

    @app.exception_handler(RequestValidationError)
    async def answer_invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        return invalid(error.errors()).response()

    @app.exception_handler(HTTPException)
    async def answer_http(request: Request, error: HTTPException) -> JSONResponse:
        if error.status_code in _MADE:
            return _MADE[error.status_code]().response()
        code, detail = _HTTP.get(error.status_code, ("http_error", str(error.detail)))
        return Problem(error.status_code, code, detail, headers=error.headers).response()

    @app.exception_handler(SQLAlchemyError)
    async def answer_database(request: Request, error: SQLAlchemyError) -> JSONResponse:
        """Of a read; the store maps its own."""
        is_passing = isinstance(error, (OperationalError, InterfaceError, TimeoutError))
        return (database_away() if is_passing else unexpected(error)).response()
