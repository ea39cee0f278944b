"""Putting something up for sale."""

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from fastapi import Form as Field
from fastapi.responses import Response
from sqlalchemy import Connection

from auction_core.api.pages.forms import Form, amount_of_text, optional_amount, refused
from auction_core.api.pages.render import render, see
from auction_core.api.pages.visit import CurrentViewer, PageRoute, Reader, SignInFirst, protect
from auction_core.api.state import carry_out, store_of
from auction_core.errors import AuctionError, InvalidRequest
from auction_core.reading import categories
from auction_core.tables import CONDITIONS

router = APIRouter(route_class=PageRoute)
Typed = Annotated[str, Field()]
# Hours by what the form says.
DURATIONS = {"1": "1 hour", "24": "1 day", "72": "3 days", "120": "5 days", "168": "7 days", "336": "14 days"}
# Ends are on whole five minutes: people remember them, and a form that is sent twice asks for the same end.
_GRAIN_SECONDS = 300


@router.get("/sell")
def sell(request: Request, viewer: CurrentViewer, connection: Reader) -> Response:
    if viewer is None:
        raise SignInFirst("/sell")
    return _show(request, connection, Form())


@router.post("/sell", dependencies=[Depends(protect)])
def open_listing(
    request: Request,
    viewer: CurrentViewer,
    connection: Reader,
    title: Typed = "",
    description: Typed = "",
    category: Typed = "",
    condition: Typed = "",
    starting_price: Typed = "",
    reserve_price: Typed = "",
    buy_now_price: Typed = "",
    hours: Typed = "",
    key: Typed = "",
) -> Response:
    if viewer is None:
        raise SignInFirst("/sell")
    text = description.replace("\r\n", "\n")
    typed = {
        "title": title,
        "description": text,
        "category": category,
        "condition": condition,
        "starting_price": starting_price,
        "reserve_price": reserve_price,
        "buy_now_price": buy_now_price,
        "hours": hours,
    }
    try:
        opened = carry_out(
            request,
            "open_listing",
            store_of(request).open_listing,
            seller_id=viewer.id,
            category_id=_category(category),
            title=title,
            description=text,
            item_condition=condition,
            starting_price=amount_of_text(starting_price, "starting_price"),
            reserve_price=optional_amount(reserve_price, "reserve_price"),
            buy_now_price=optional_amount(buy_now_price, "buy_now_price"),
            ends_at=_end(hours),
            key=key,
        )
    except AuctionError as error:
        names = {"item_condition": "condition", "category_id": "category", "ends_at": "hours"}
        return _show(request, connection, refused(error, typed, key, names))
    return see(f"/listings/{opened.listing_id}?done=listed")


def _show(request: Request, connection: Connection, form: Form) -> Response:
    tree = categories(connection)
    return render(request, "sell.html", form.status, form=form, tree=tree, conditions=CONDITIONS, durations=DURATIONS)


def _category(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidRequest("category", "Choose a category.")
    return int(text)


def _end(hours: str) -> datetime:
    if hours not in DURATIONS:
        raise InvalidRequest("hours", "Choose how long it runs.")
    asked = (datetime.now(UTC) + timedelta(hours=int(hours))).timestamp()
    return datetime.fromtimestamp((asked // _GRAIN_SECONDS + 1) * _GRAIN_SECONDS, UTC)
