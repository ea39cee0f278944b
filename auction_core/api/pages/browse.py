"""What anybody may look at: the list, a listing, a seller."""

from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from sqlalchemy import Connection
from starlette.responses import Response

from auction_core.api.pages.forms import Form, optional_amount, refused
from auction_core.api.pages.render import render, see
from auction_core.api.pages.visit import CurrentViewer, CurrentVisit, Reader
from auction_core.errors import InvalidRequest
from auction_core.reading import (
    SORTS,
    STATUSES,
    Page,
    Viewer,
    categories,
    changes_since,
    listing_page,
    profile,
    search,
)

router = APIRouter()
Text = Annotated[str, Query()]
# Fixed sentences: an address can choose one, never write one.
NOTICES = {
    "listed": "Your listing is open.",
    "bid": "Your bid is placed.",
    "bought": "It is yours. Please pay for it on your page.",
    "watched": "You watch this listing.",
    "unwatched": "You no longer watch this listing.",
    "commented": "Your comment is there.",
    "cancelled": "The listing is cancelled.",
    "paid": "Thank you, your payment is recorded.",
    "welcome": "Welcome! Your account is ready.",
    "left": "You are signed out.",
}


@router.get("/")
def start(
    request: Request,
    viewer: CurrentViewer,
    connection: Reader,
    q: Text = "",
    category: Text = "",
    status: Text = "active",
    sort: Text = "",
    price_from: Text = "",
    price_to: Text = "",
    cursor: Text = "",
    done: Text = "",
) -> HTMLResponse:
    asked = {
        "q": q,
        "category": category,
        "status": status,
        "sort": sort,
        "price_from": price_from,
        "price_to": price_to,
    }
    form, found = Form(asked), Page[Any](items=())
    try:
        found = search(
            connection,
            q=q,
            category_id=_number(category),
            status=status if status != "all" else None,
            price_from=optional_amount(price_from, "price_from"),
            price_to=optional_amount(price_to, "price_to"),
            # What is over has no end to wait for.
            sort=None if sort == "ending_soon" and status != "active" else sort or None,
            cursor=cursor or None,
        )
    except InvalidRequest as error:
        form = refused(error, asked, "")
    kept = {name: value for name, value in asked.items() if value and (name, value) != ("status", "active")}
    return render(
        request,
        "list.html",
        form.status,
        form=form,
        found=found,
        tree=categories(connection),
        sorts=SORTS,
        statuses=STATUSES,
        is_first=not cursor,
        first="/?" + urlencode(kept),
        more="/?" + urlencode(kept | {"cursor": found.next_cursor}) if found.next_cursor else None,
        notice=NOTICES.get(done),
    )


@router.get("/listings/{listing_id}")
def listing(
    request: Request, listing_id: int, viewer: CurrentViewer, connection: Reader, done: Text = ""
) -> HTMLResponse:
    return show_listing(request, listing_id, viewer, connection, notice=NOTICES.get(done))


def show_listing(
    request: Request, listing_id: int, viewer: Viewer | None, connection: Connection, **values: Any
) -> HTMLResponse:
    """The page with `bid_form` or `comment_form` as they were refused."""
    seen = listing_page(connection, listing_id, viewer.id if viewer else None)
    forms = {name: values.pop(name, None) or Form() for name in ("bid_form", "buy_form", "comment_form", "more_form")}
    status = max(form.status for form in forms.values())
    page = {"notice": None, "listing": seen, "is_fresh": status == 200}
    return render(request, "listing.html", status, **(page | forms | values))


@router.get("/listings/{listing_id}/live")
def live(listing_id: int, visit: CurrentVisit, connection: Reader, after: int = 0) -> JSONResponse:
    """What changed since bid `after`: for browsers that get no stream."""
    seen = changes_since(connection, listing_id, after, visit.user_id)
    return JSONResponse(seen.model_dump(mode="json"), headers={"Cache-Control": "no-store"})


@router.get("/listings/{listing_id}/{action}")
def back_to_listing(listing_id: int, action: str) -> RedirectResponse:
    """Where a form was refused the address is the form's; loading it again shows the listing."""
    return see(f"/listings/{listing_id}")


@router.get("/users/{user_id}")
def user(request: Request, user_id: int, viewer: CurrentViewer, connection: Reader) -> Response:
    return render(request, "user.html", person=profile(connection, user_id))


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
