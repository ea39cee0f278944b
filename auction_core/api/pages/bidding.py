"""What a signed-in visitor does on a listing's page. Each write is a POST, and then a redirect back to the page."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi import Form as Field
from fastapi.responses import Response
from sqlalchemy import Connection

from auction_core.api.pages.browse import show_listing
from auction_core.api.pages.forms import Form, amount_of_text, refused
from auction_core.api.pages.render import see
from auction_core.api.pages.visit import CurrentViewer, PageRoute, Reader, SignInFirst, protect
from auction_core.api.state import carry_out, store_of
from auction_core.errors import AuctionError, NotFound
from auction_core.reading import Viewer

router = APIRouter(route_class=PageRoute, prefix="/listings/{listing_id}", dependencies=[Depends(protect)])
Typed = Annotated[str, Field()]


@router.post("/bid")
def bid(
    request: Request,
    listing_id: int,
    viewer: CurrentViewer,
    connection: Reader,
    amount: Typed = "",
    key: Typed = "",
) -> Response:
    user = signed_in(viewer, listing_id)

    def place() -> str:
        offered = amount_of_text(amount, "amount")
        write = store_of(request).place_bid
        placed = carry_out(
            request, "place_bid", write, bidder_id=user.id, listing_id=listing_id, amount=offered, key=key
        )
        return "bought" if placed.won else "bid"

    return _carry_out(request, listing_id, viewer, connection, place, "bid_form", {"amount": amount}, key)


@router.post("/buy")
def buy(request: Request, listing_id: int, viewer: CurrentViewer, connection: Reader, key: Typed = "") -> Response:
    user = signed_in(viewer, listing_id)

    def take() -> str:
        write = store_of(request).buy_now
        carry_out(request, "buy_now", write, buyer_id=user.id, listing_id=listing_id, key=key)
        return "bought"

    return _carry_out(request, listing_id, viewer, connection, take, "buy_form", {}, key)


@router.post("/watch")
def watch(
    request: Request,
    listing_id: int,
    viewer: CurrentViewer,
    connection: Reader,
    watching: Typed = "",
    key: Typed = "",
) -> Response:
    user = signed_in(viewer, listing_id)

    def change() -> str:
        store = store_of(request)
        operation, write = ("watch", store.watch) if watching == "yes" else ("unwatch", store.unwatch)
        carry_out(request, operation, write, user_id=user.id, listing_id=listing_id, key=key)
        return "watched" if watching == "yes" else "unwatched"

    return _carry_out(request, listing_id, viewer, connection, change, "more_form", {}, key)


@router.post("/comments")
def comment(
    request: Request, listing_id: int, viewer: CurrentViewer, connection: Reader, body: Typed = "", key: Typed = ""
) -> Response:
    user = signed_in(viewer, listing_id)
    # A browser sends line ends as CR LF.
    text = body.replace("\r\n", "\n")

    def add() -> str:
        write = store_of(request).add_comment
        carry_out(request, "add_comment", write, user_id=user.id, listing_id=listing_id, body=text, key=key)
        return "commented"

    return _carry_out(request, listing_id, viewer, connection, add, "comment_form", {"body": text}, key)


@router.post("/cancel")
def cancel(request: Request, listing_id: int, viewer: CurrentViewer, connection: Reader, key: Typed = "") -> Response:
    user = signed_in(viewer, listing_id)

    def withdraw() -> str:
        write = store_of(request).cancel_listing
        carry_out(request, "cancel_listing", write, seller_id=user.id, listing_id=listing_id, key=key)
        return "cancelled"

    return _carry_out(request, listing_id, viewer, connection, withdraw, "more_form", {}, key)


def signed_in(viewer: Viewer | None, listing_id: int) -> Viewer:
    if viewer is None:
        raise SignInFirst(f"/listings/{listing_id}")
    return viewer


def _carry_out(
    request: Request,
    listing_id: int,
    viewer: Viewer | None,
    connection: Connection,
    work: Callable[[], str],
    name: str,
    values: dict[str, str],
    key: str,
) -> Response:
    """The write, then the page it was asked on: again with what was typed, when it was refused."""
    try:
        done = work()
    except NotFound:
        raise
    except AuctionError as error:
        form: Form = refused(error, values, key)
        shown: dict[str, Any] = {name: form}
        return show_listing(request, listing_id, viewer, connection, **shown)
    return see(f"/listings/{listing_id}?done={done}")
