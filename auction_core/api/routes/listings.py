"""Listings: finding, opening and cancelling them, and talking about them."""

from typing import Annotated

from fastapi import Query, Request, Response

from auction_core import reading
from auction_core.api import examples
from auction_core.api.auth import OPTIONAL_TOKEN, CurrentUser, CurrentViewer
from auction_core.api.documentation import READING, WITH_TOKEN, WRITING, answered, documented
from auction_core.api.inputs import (
    Amount,
    Cursor,
    IdempotencyKey,
    Limit,
    ListingId,
    NewComment,
    NewListing,
    QueryId,
    Words,
)
from auction_core.api.routes import new_router
from auction_core.api.state import carry_out, reading_of, store_of
from auction_core.reading import CategoryNode, ListingCard, ListingPage, Page
from auction_core.reading.catalogue import Sort, Status
from auction_core.results import AddedComment, CancelledListing, OpenedListing, Watching

router = new_router()
_USERS = (*WRITING, *WITH_TOKEN, "user_inactive", "user_not_found")


@router.get(
    "/categories",
    tags=["listings"],
    summary="Categories",
    responses=documented(*READING) | answered(200, examples.CATEGORIES),
)
def list_categories(request: Request) -> tuple[CategoryNode, ...]:
    """The top-level ones with their children. Listings are in children."""
    with reading_of(request) as connection:
        return reading.categories(connection)


@router.get(
    "/listings",
    tags=["listings"],
    summary="Search listings",
    responses=documented(*READING, "invalid_request") | answered(200, examples.page(examples.CARD)),
)
def search_listings(
    request: Request,
    q: Words = None,
    category_id: QueryId = None,
    status: Annotated[Status, Query(description="active: open, or about to open.")] = "active",
    price_from: Annotated[Amount | None, Query(description="The least price, such as 12.50.")] = None,
    price_to: Annotated[Amount | None, Query(description="The highest price.")] = None,
    sort: Annotated[
        Sort | None, Query(description="Active ones by their end if not given, others newest first.")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 24,
) -> Page[ListingCard]:
    """A page at a time: `next_cursor` of one is the `cursor` of the next, with the same filters."""
    with reading_of(request) as connection:
        return reading.search(
            connection,
            q=q,
            category_id=category_id,
            status=status,
            price_from=price_from,
            price_to=price_to,
            sort=sort,
            cursor=cursor,
            limit=limit,
        )


@router.post(
    "/listings",
    status_code=201,
    tags=["listings"],
    summary="Open a listing",
    responses=documented(*_USERS, "malformed_json", "category_not_found") | answered(201, examples.OPENED),
)
def open_listing(
    request: Request, response: Response, user_id: CurrentUser, new: NewListing, key: IdempotencyKey
) -> OpenedListing:
    """It takes bids from `starts_at` until just before `ends_at`, 90 days later at most."""
    opened = carry_out(
        request, "open_listing", store_of(request).open_listing, seller_id=user_id, **new.values(), key=key
    )
    response.headers["Location"] = f"/api/v1/listings/{opened.listing_id}"
    return opened


@router.get(
    "/listings/{listing_id}",
    tags=["listings"],
    summary="A listing with its newest bids and comments",
    openapi_extra=OPTIONAL_TOKEN,
    responses=documented(*READING, "token_invalid", "invalid_request", "listing_not_found")
    | answered(200, examples.LISTING),
)
def show_listing(request: Request, listing_id: ListingId, viewer_id: CurrentViewer) -> ListingPage:
    """With a token it also says what concerns its user; the reserve price is for the seller alone."""
    with reading_of(request) as connection:
        return reading.listing_page(connection, listing_id, viewer_id)


@router.post(
    "/listings/{listing_id}/cancel",
    tags=["listings"],
    summary="Cancel my listing",
    responses=documented(*_USERS, "listing_not_found", "not_your_listing", "listing_has_bids", "listing_closed")
    | answered(200, examples.CANCELLED),
)
def cancel_listing(
    request: Request, listing_id: ListingId, user_id: CurrentUser, key: IdempotencyKey
) -> CancelledListing:
    """Only as long as nobody has bid."""
    cancel = store_of(request).cancel_listing
    return carry_out(request, "cancel_listing", cancel, seller_id=user_id, listing_id=listing_id, key=key)


@router.post(
    "/listings/{listing_id}/comments",
    status_code=201,
    tags=["listings"],
    summary="Comment on a listing",
    responses=documented(*_USERS, "malformed_json", "listing_not_found") | answered(201, examples.COMMENTED),
)
def add_comment(
    request: Request, listing_id: ListingId, user_id: CurrentUser, new: NewComment, key: IdempotencyKey
) -> AddedComment:
    add = store_of(request).add_comment
    return carry_out(request, "add_comment", add, user_id=user_id, listing_id=listing_id, body=new.body, key=key)


@router.put(
    "/listings/{listing_id}/watch",
    tags=["listings"],
    summary="Watch a listing",
    responses=documented(*_USERS, "listing_not_found") | answered(200, examples.WATCHING),
)
def watch(request: Request, listing_id: ListingId, user_id: CurrentUser, key: IdempotencyKey) -> Watching:
    """Watching what is watched changes nothing."""
    return carry_out(request, "watch", store_of(request).watch, user_id=user_id, listing_id=listing_id, key=key)


@router.delete(
    "/listings/{listing_id}/watch",
    tags=["listings"],
    summary="Stop watching a listing",
    responses=documented(*_USERS, "listing_not_found") | answered(200, examples.WATCHING | {"watching": False}),
)
def unwatch(request: Request, listing_id: ListingId, user_id: CurrentUser, key: IdempotencyKey) -> Watching:
    return carry_out(request, "unwatch", store_of(request).unwatch, user_id=user_id, listing_id=listing_id, key=key)
