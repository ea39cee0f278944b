"""Examples of answers, for the API's description; a test holds each against its type."""

from typing import Any

CARD: dict[str, Any] = {
    "id": 42,
    "title": "Vintage Omega Seamaster 1968, steel",
    "category_id": 2,
    "category": "Watches",
    "seller_id": 1,
    "seller": "anna_k",
    "item_condition": "good",
    "status": "active",
    "price": "12.50",
    "starting_price": "10.00",
    "buy_now_price": "450.00",
    "bid_count": 3,
    "created_at": "2026-06-24T17:59:12.000123Z",
    "starts_at": "2026-06-24T18:00:00.000001Z",
    "ends_at": "2026-07-01T18:00:00.000001Z",
    "closed_at": None,
}
BID_LINE: dict[str, Any] = {
    "id": 1007,
    "bidder": "m***7",
    "is_own": False,
    "amount": "12.50",
    "placed_at": "2026-06-30T09:15:00.123456Z",
}
RATING = {"average": "4.8", "count": 21}
LISTING: dict[str, Any] = {
    "id": 42,
    "title": "Vintage Omega Seamaster 1968, steel",
    "description": "Runs well; the strap is new.",
    "item_condition": "good",
    "category_id": 2,
    "category": "Watches",
    "parent_category": "Jewelry & Watches",
    "seller": {"id": 1, "username": "anna_k", "country": "PL", "rating": RATING},
    "status": "active",
    "starting_price": "10.00",
    "buy_now_price": "450.00",
    "current_bid": "12.50",
    "bid_count": 3,
    "minimum_next_bid": "13.00",
    "can_buy_now": True,
    "reserve_met": False,
    "reserve_price": None,
    "starts_at": "2026-06-24T18:00:00.000001Z",
    "ends_at": "2026-07-01T18:00:00.000001Z",
    "closed_at": None,
    "now": "2026-06-30T09:15:01.000002Z",
    "is_open": True,
    "seconds_left": 117899,
    "is_own": False,
    "is_leading": False,
    "is_watching": False,
    "winner": None,
    "payment_status": None,
    "bids": [BID_LINE],
    "comments": [
        {
            "id": 5,
            "username": "marco77",
            "is_seller": False,
            "body": "Is the box included?",
            "created_at": "2026-06-29T08:00:00.000003Z",
        }
    ],
}
PLACED: dict[str, Any] = {
    "bid_id": 1008,
    "listing_id": 42,
    "bidder_id": 7,
    "amount": "13.00",
    "placed_at": "2026-06-30T09:16:00.123456Z",
    "bid_count": 4,
    "ends_at": "2026-07-01T18:00:00.000001Z",
    "won": False,
    "payment_id": None,
}
BOUGHT = PLACED | {"amount": "450.00", "won": True, "payment_id": 9, "ends_at": "2026-07-01T18:00:00.000001Z"}
OPENED = {
    "listing_id": 42,
    "starts_at": "2026-06-24T18:00:00.000001Z",
    "ends_at": "2026-07-01T18:00:00.000001Z",
    "minimum_bid": "10.00",
}
CANCELLED = {"listing_id": 42, "closed_at": "2026-06-25T10:00:00.000001Z"}
PAID: dict[str, Any] = {
    "payment_id": 9,
    "listing_id": 42,
    "amount": "450.00",
    "fee": "45.00",
    "method": "card",
    "status": "paid",
    "paid_at": "2026-07-02T08:00:00.000001Z",
}
COMMENTED = {"comment_id": 5, "listing_id": 42, "created_at": "2026-06-29T08:00:00.000003Z"}
WATCHING = {"listing_id": 42, "watching": True}
REVIEWED = {
    "review_id": 3,
    "listing_id": 42,
    "reviewee_id": 1,
    "rating": 5,
    "created_at": "2026-07-05T08:00:00.000001Z",
}
REGISTERED = {"user_id": 7, "username": "marco77", "created_at": "2026-06-24T17:00:00.000001Z"}
TOKEN = {"access_token": "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl", "token_type": "Bearer", "expires_in": 43200}
ACCOUNT = {
    "id": 7,
    "username": "marco77",
    "email": "marco@example.org",
    "full_name": "Marco Rossi",
    "country": "IT",
    "created_at": "2026-06-24T17:00:00.000001Z",
}
PROFILE = {
    "id": 1,
    "username": "anna_k",
    "country": "PL",
    "member_since": "2024-01-01T00:00:00.000001Z",
    "rating": RATING,
    "active_listings": 4,
    "sold_listings": 31,
    "reviews": [
        {
            "reviewer": "marco77",
            "rating": 5,
            "body": "Quick and friendly.",
            "created_at": "2026-07-05T08:00:00.000001Z",
        }
    ],
}
CATEGORIES = [
    {"id": 1, "name": "Jewelry & Watches", "children": [{"id": 2, "name": "Watches", "children": []}]},
]
MY_BID = {
    "listing": CARD,
    "amount": "12.00",
    "bids": 2,
    "placed_at": "2026-06-30T09:10:00.123456Z",
    "standing": "outbid",
}
MY_WATCH = {"listing": CARD, "since": "2026-06-29T08:00:00.000001Z"}
MY_SALE = {"listing": CARD, "reserve_met": False, "payment_status": None}
MY_PAYMENT: dict[str, Any] = {
    "payment_id": 9,
    "listing_id": 42,
    "title": "Vintage Omega Seamaster 1968, steel",
    "amount": "450.00",
    "method": "card",
    "status": "pending",
    "created_at": "2026-07-01T18:00:02.000001Z",
    "paid_at": None,
}


def page(item: Any) -> dict[str, Any]:
    return {"items": [item], "next_cursor": "kq0Jc2Vh"}
