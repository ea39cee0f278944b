"""Signing in and out, and new accounts."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Form as Field
from fastapi.responses import Response

from auction_core.api.pages.forms import Form, refused
from auction_core.api.pages.render import render, see
from auction_core.api.pages.visit import (
    CurrentViewer,
    CurrentVisit,
    protect,
    safe_target,
    sign_in,
    sign_out,
)
from auction_core.api.rates import limit_login_as, limit_logins
from auction_core.api.state import carry_out, store_of
from auction_core.errors import AuctionError, IdempotencyConflict
from auction_core.passwords import SHORTEST, check_password

router = APIRouter()
Text = Annotated[str, Query()]
Typed = Annotated[str, Field()]
# One answer whether the name or the password is wrong: names cannot be tried out.
WRONG = "The user name or the password is not right."
COUNTRIES = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "NL": "Netherlands",
    "PL": "Poland",
    "SE": "Sweden",
    "US": "United States",
}


async def limit_named_login(request: Request, username: Typed = "") -> None:
    await limit_login_as(request, username)


@router.get("/login")
def login_page(request: Request, viewer: CurrentViewer, next: Text = "/") -> Response:
    if viewer is not None:
        return see(safe_target(next))
    return render(request, "login.html", form=Form(), target=safe_target(next))


@router.post("/login", dependencies=[Depends(protect), Depends(limit_logins), Depends(limit_named_login)])
def login(request: Request, username: Typed = "", password: Typed = "", next: Typed = "/") -> Response:
    target = safe_target(next)
    try:
        with store_of(request).engine.connect() as connection:
            user_id = check_password(connection, username, password)
    except AuctionError as error:
        form = refused(error, {"username": username}, "")
        return render(request, "login.html", form.status, form=form, target=target)
    if user_id is None:
        form = Form({"username": username}, {"": WRONG}, status=401)
        return render(request, "login.html", form.status, form=form, target=target)
    answer = see(target)
    sign_in(request, answer, user_id)
    return answer


@router.get("/register")
def register_page(request: Request, viewer: CurrentViewer) -> Response:
    if viewer is not None:
        return see("/")
    return _show(request, Form())


@router.post("/register", dependencies=[Depends(protect), Depends(limit_logins)])
def register(
    request: Request,
    visit: CurrentVisit,
    username: Typed = "",
    email: Typed = "",
    full_name: Typed = "",
    country: Typed = "",
    password: Typed = "",
    key: Typed = "",
) -> Response:
    # The password is never sent back: it is typed again.
    typed = {"username": username, "email": email, "full_name": full_name, "country": country, "password": ""}
    try:
        registered = carry_out(
            request,
            "register_user",
            store_of(request).register_user,
            username=username,
            email=email,
            password=password,
            full_name=full_name,
            country=country,
            key=key,
        )
        # The answer may be the one to an earlier sending, and its key tells nobody who sent it: the password does.
        with store_of(request).engine.connect() as connection:
            user_id = check_password(connection, registered.username, password)
        if user_id is None:
            raise IdempotencyConflict
    except AuctionError as error:
        return _show(request, refused(error, typed, key))
    answer = see("/?done=welcome")
    sign_in(request, answer, user_id)
    return answer


@router.post("/logout", dependencies=[Depends(protect)])
def logout(request: Request) -> Response:
    answer = see("/?done=left")
    sign_out(request, answer)
    return answer


def _show(request: Request, form: Form) -> Response:
    return render(request, "register.html", form.status, form=form, countries=COUNTRIES, shortest=SHORTEST)
