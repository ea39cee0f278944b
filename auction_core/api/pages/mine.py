"""A visitor's own page: bids, watched listings, sales, and what is to be paid."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi import Form as Field
from fastapi.responses import Response
from sqlalchemy import Connection

from auction_core.api.pages.browse import NOTICES
from auction_core.api.pages.forms import Form, refused
from auction_core.api.pages.render import render, see
from auction_core.api.pages.visit import CurrentViewer, PageRoute, Reader, SignInFirst, protect
from auction_core.api.state import carry_out, store_of
from auction_core.errors import AuctionError, InvalidRequest, NotFound
from auction_core.reading import Page, Viewer, bids_of, payments_of, sales_of, watchlist_of
from auction_core.tables import PAYMENT_METHODS

router = APIRouter(route_class=PageRoute)
Text = Annotated[str, Query()]
Typed = Annotated[str, Field()]
VIEWS: dict[str, Callable[[Connection, int, str | None], Page[Any]]] = {
    "bids": bids_of,
    "watching": watchlist_of,
    "sales": sales_of,
    "payments": payments_of,
}
# More payments than this are due to nobody who should go on bidding.
MOST_DUE = 20


@router.get("/my")
def my(
    request: Request, viewer: CurrentViewer, connection: Reader, show: Text = "bids", cursor: Text = "", done: Text = ""
) -> Response:
    if viewer is None:
        raise SignInFirst("/my")
    return _show(request, viewer, connection, show, cursor, notice=NOTICES.get(done))


@router.post("/my/payments/{listing_id}", dependencies=[Depends(protect)])
def pay(
    request: Request,
    listing_id: int,
    viewer: CurrentViewer,
    connection: Reader,
    method: Typed = "",
    key: Typed = "",
) -> Response:
    if viewer is None:
        raise SignInFirst("/my")
    try:
        carry_out(
            request,
            "record_payment",
            store_of(request).record_payment,
            user_id=viewer.id,
            listing_id=listing_id,
            method=method,
            key=key,
        )
    except NotFound:
        raise
    except AuctionError as error:
        form = refused(error, {"method": method}, key)
        return _show(request, viewer, connection, "bids", "", pay_form=form, pay_for=listing_id)
    return see("/my?show=payments&done=paid")


@router.get("/my/payments/{listing_id}")
def back(listing_id: int) -> Response:
    return see("/my")


def _show(
    request: Request,
    viewer: Viewer,
    connection: Connection,
    show: str,
    cursor: str,
    pay_form: Form | None = None,
    **values: Any,
) -> Response:
    show = show if show in VIEWS else "bids"
    try:
        found = VIEWS[show](connection, viewer.id, cursor or None)
    except InvalidRequest:  # a mangled cursor: from the start, then
        found = VIEWS[show](connection, viewer.id, None)
    due = payments_of(connection, viewer.id, status="due", limit=MOST_DUE)
    form = pay_form or Form()
    page = {"notice": None, "pay_form": form, "pay_for": None}
    more = f"/my?show={show}&cursor={found.next_cursor}" if found.next_cursor else None
    shown = {"show": show, "found": found, "due": due.items, "methods": PAYMENT_METHODS, "more": more}
    return render(request, "my.html", form.status, **(page | shown | values))
