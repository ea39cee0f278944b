"""Accounts: registering, logging in, and what users see of themselves and of others."""

import anyio.to_thread
from anyio import CapacityLimiter
from fastapi import Depends, Request
from pydantic import BaseModel, Field

from auction_core import reading
from auction_core.api import examples
from auction_core.api.auth import CurrentUser
from auction_core.api.documentation import READING, WITH_TOKEN, WRITING, answered, documented
from auction_core.api.inputs import Cursor, IdempotencyKey, Limit, Login, NewUser, UserId
from auction_core.api.problems import login_failed, token_invalid
from auction_core.api.rates import limit_login_as, limit_logins
from auction_core.api.routes import new_router
from auction_core.api.state import carry_out, reading_of, store_of
from auction_core.errors import UserNotFound
from auction_core.passwords import check_password
from auction_core.reading import Account, MyBid, MyPayment, MySale, MyWatch, Page, Profile
from auction_core.results import RegisteredUser

router = new_router()
# As many as hash at once (see auction_core.passwords): who waits for that has no thread of the reads.
_HASHING = CapacityLimiter(4)


class Token(BaseModel):
    access_token: str
    token_type: str
    expires_in: int = Field(description="Seconds.")


@router.post(
    "/users",
    status_code=201,
    tags=["accounts"],
    summary="Register",
    dependencies=[Depends(limit_logins)],
    responses=documented(*WRITING, "malformed_json", "username_taken", "email_taken")
    | answered(201, examples.REGISTERED),
)
async def register(request: Request, new: NewUser, key: IdempotencyKey) -> RegisteredUser:
    """The password has 10 to 128 characters; only an argon2id hash of it is kept."""

    def work() -> RegisteredUser:
        return carry_out(request, "register_user", store_of(request).register_user, **new.model_dump(), key=key)

    return await anyio.to_thread.run_sync(work, limiter=_HASHING)


@router.post(
    "/tokens",
    status_code=201,
    tags=["accounts"],
    summary="Log in",
    dependencies=[Depends(limit_logins)],
    responses=documented(
        *READING, "malformed_json", "invalid_request", "body_too_large", "body_too_slow", "login_failed"
    )
    | answered(201, examples.TOKEN),
)
async def log_in(request: Request, login: Login) -> Token:
    """A bearer token for a user name (or e-mail address) and its password. It needs no Idempotency-Key."""
    await limit_login_as(request, login.username)
    user_id = await anyio.to_thread.run_sync(user_with_password, request, login, limiter=_HASHING)
    if user_id is None:
        raise login_failed()
    tokens = request.app.state.tokens
    seconds = int(tokens.lifetime.total_seconds())
    return Token(access_token=tokens.issue(user_id), token_type="Bearer", expires_in=seconds)  # noqa: S106 - its type


def user_with_password(request: Request, login: Login) -> int | None:
    with store_of(request).engine.connect() as connection:
        return check_password(connection, login.username, login.password)


@router.get(
    "/users/{user_id}",
    tags=["accounts"],
    summary="A user as others see them",
    responses=documented(*READING, "invalid_request", "user_not_found") | answered(200, examples.PROFILE),
)
def show_profile(request: Request, user_id: UserId) -> Profile:
    with reading_of(request) as connection:
        return reading.profile(connection, user_id)


@router.get(
    "/me",
    tags=["my own"],
    summary="My account",
    responses=documented(*READING, *WITH_TOKEN) | answered(200, examples.ACCOUNT),
)
def show_account(request: Request, user_id: CurrentUser) -> Account:
    try:
        with reading_of(request) as connection:
            return reading.account(connection, user_id)
    except UserNotFound:  # a token outlives its account
        raise token_invalid() from None


@router.get(
    "/me/bids",
    tags=["my own"],
    summary="Listings that I bid on",
    responses=documented(*READING, *WITH_TOKEN, "invalid_request") | answered(200, examples.page(examples.MY_BID)),
)
def list_bids(request: Request, user_id: CurrentUser, cursor: Cursor = None, limit: Limit = 24) -> Page[MyBid]:
    with reading_of(request) as connection:
        return reading.bids_of(connection, user_id, cursor, limit=limit)


@router.get(
    "/me/watchlist",
    tags=["my own"],
    summary="Listings that I watch",
    responses=documented(*READING, *WITH_TOKEN, "invalid_request") | answered(200, examples.page(examples.MY_WATCH)),
)
def list_watched(request: Request, user_id: CurrentUser, cursor: Cursor = None, limit: Limit = 24) -> Page[MyWatch]:
    with reading_of(request) as connection:
        return reading.watchlist_of(connection, user_id, cursor, limit=limit)


@router.get(
    "/me/sales",
    tags=["my own"],
    summary="Listings that I sell",
    responses=documented(*READING, *WITH_TOKEN, "invalid_request") | answered(200, examples.page(examples.MY_SALE)),
)
def list_sales(request: Request, user_id: CurrentUser, cursor: Cursor = None, limit: Limit = 24) -> Page[MySale]:
    with reading_of(request) as connection:
        return reading.sales_of(connection, user_id, cursor, limit=limit)


@router.get(
    "/me/payments",
    tags=["my own"],
    summary="Payments that I owe or made",
    responses=documented(*READING, *WITH_TOKEN, "invalid_request") | answered(200, examples.page(examples.MY_PAYMENT)),
)
def list_payments(request: Request, user_id: CurrentUser, cursor: Cursor = None, limit: Limit = 24) -> Page[MyPayment]:
    with reading_of(request) as connection:
        return reading.payments_of(connection, user_id, cursor, limit=limit)
