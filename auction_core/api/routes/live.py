"""Live bids on a listing, by server-sent events."""

import re
from typing import Annotated, Any

from fastapi import Header, Request, Response
from fastapi.responses import StreamingResponse

from auction_core.api.documentation import READING, documented
from auction_core.api.inputs import ListingId
from auction_core.api.live import CLOSED, LiveListings, LiveStream
from auction_core.api.rates import address_of
from auction_core.api.routes import new_router

router = new_router()
_EXAMPLE = """retry: 3000

event: listing
data: {"listing_id":42,"status":"active","is_open":true,"current_bid":"12.50","bid_count":3,"minimum_next_bid":"13.00"}

event: bid
id: 1008
data: {"id":1008,"bidder":"m***7","amount":"13.00","placed_at":"2026-06-30T09:16:00.123456Z"}

event: closed
id: closed
data: {}

"""
_EVENT = {
    "type": "object",
    "description": "One event of the stream.",
    "properties": {"event": {"type": "string"}, "id": {"type": "string"}, "data": {"type": "string"}},
}
_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "`listing` when anything changed (its price, its end, its status), `bid` for each bid, `closed` "
        "at the end.",
        "content": {"text/event-stream": {"schema": _EVENT, "example": _EXAMPLE}},
    },
    204: {"description": "The listing is closed and you know it: do not come back."},
}
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID",
        pattern="^([0-9]{1,18}|closed)?$",
        description="The `id` of the last event you had: the bids after it come first, the newest 50 at most.",
    ),
]


@router.get(
    "/listings/{listing_id}/events",
    tags=["bids"],
    summary="Live bids",
    status_code=200,
    response_class=StreamingResponse,
    responses={**documented(*READING, "invalid_request", "listing_not_found", "too_many_listeners"), **_STREAM},
)
async def follow_listing(request: Request, listing_id: ListingId, last_event_id: LastEventId = None) -> Response:
    """Server-sent events, about a second behind. A comment comes every 15 seconds when nothing happens."""
    if last_event_id == CLOSED:
        return Response(status_code=204)
    live: LiveListings = request.app.state.live
    address = address_of(request)
    topic = await live.join(listing_id, address)
    digits = re.fullmatch("[0-9]+", last_event_id or "")
    return LiveStream(live, topic, address, int(digits.group()) if digits else None)
