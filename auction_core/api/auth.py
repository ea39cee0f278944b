"""Bearer tokens: signed, expiring, and about nothing but who it is."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import jwt
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from auction_core.api.problems import token_invalid, token_missing
from auction_core.tables import LARGEST_ID

ISSUER = "auction"
AUDIENCE = "auction-api"
ALGORITHM = "HS256"
# Machines whose clocks differ by less than this accept each other's tokens.
CLOCK_DIFFERENCE = timedelta(seconds=10)
# Longer than any token of ours: nothing of that size is taken apart.
LONGEST_TOKEN = 2048
_ID = re.compile("[1-9][0-9]{0,9}")


class TokenRefused(Exception):
    """Not a token of ours, not now, or not for this."""


class Tokens:
    def __init__(
        self, secret: str, lifetime: timedelta, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        """`secret` has 32 characters or more; `clock` tells an aware time."""
        self._secret = secret
        self._clock = clock
        self.lifetime = lifetime

    def issue(self, user_id: int) -> str:
        now = self._clock()
        claims = {"sub": str(user_id), "iat": now, "exp": now + self.lifetime, "iss": ISSUER, "aud": AUDIENCE}
        return jwt.encode(claims, self._secret, algorithm=ALGORITHM)

    def read(self, text: str) -> int:
        """The user's id. Raises TokenRefused."""
        if len(text) > LONGEST_TOKEN:
            raise TokenRefused
        try:
            claims = jwt.decode(
                text,
                self._secret,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                leeway=CLOCK_DIFFERENCE,
                options={"require": ["sub", "iat", "exp", "iss", "aud"]},
            )
        except jwt.InvalidTokenError:
            raise TokenRefused from None
        subject = claims["sub"]
        if not _ID.fullmatch(subject) or int(subject) > LARGEST_ID:
            raise TokenRefused
        return int(subject)


_bearer = HTTPBearer(
    auto_error=False,
    scheme_name="bearer",
    bearerFormat="JWT",
    description="The token that POST /api/v1/tokens answers with.",
)
# Of a route that says more to whom it knows.
OPTIONAL_TOKEN: dict[str, Any] = {"security": [{}, {"bearer": []}]}


def bearer_of(request: Request) -> str | None:
    scheme, _, text = request.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" and text.strip() else None


async def current_user(request: Request, described: Annotated[object, Depends(_bearer)]) -> int:
    """The id of the user whose bearer token came with the request. Raises a 401 problem."""
    user_id = await current_viewer(request)
    if user_id is None:
        raise token_missing()
    return user_id


async def current_viewer(request: Request) -> int | None:
    """As `current_user`, but one may look without a token: None. A bad token is a 401 here, too."""
    text = bearer_of(request)
    if text is None:
        return None
    try:
        tokens: Tokens = request.app.state.tokens
        return tokens.read(text)
    except TokenRefused:
        raise token_invalid() from None


CurrentUser = Annotated[int, Depends(current_user)]
CurrentViewer = Annotated[int | None, Depends(current_viewer)]
