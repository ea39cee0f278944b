"""The fast way on servers: one call of the stored routine, one round trip."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel
from sqlalchemy import Engine, PoolProxiedConnection
from sqlalchemy.exc import DBAPIError

from auction_core.bidding import bid_refusal
from auction_core.clock import aware
from auction_core.errors import IdempotencyConflict, ListingNotFound, UserInactive, UserNotFound, WriteRefused
from auction_core.outbox import LANES
from auction_core.results import PlacedBid
from auction_core.routines import PLACE_BID
from auction_core.standing import standing_of
from auction_core.writes.driver import on_driver
from auction_core.writes.offer import Offer

_TEN = ", ".join(["%s"] * 10)
_SELECT = f"SELECT * FROM {PLACE_BID}({_TEN})"  # noqa: S608 - the name is ours
_CALL = f"CALL {PLACE_BID}"
_UNIQUE_VIOLATION = "23505"
MICROSECOND = timedelta(microseconds=1)
Answer = tuple[Any, ...] | None
# JSON's numbers have no scale.
Euros = Annotated[Decimal, AfterValidator(lambda amount: amount.quantize(Decimal("0.01")))]


def place_on_mysql(engine: Engine, offer: Offer) -> PlacedBid | WriteRefused | None:
    """Or why it does not count; None: it takes more than this to say.

    The procedure ends its transaction itself, and is called as a plain statement: the driver's own way of calling would
    first set a session variable for each value.
    """
    statement = call_text(offer)

    def call(connection: PoolProxiedConnection) -> Answer:
        cursor = connection.cursor()
        cursor.execute(statement)
        row = cursor.fetchone()
        answer = cursor.description[0][0]
        cursor.close()  # reads the rest of the answer
        if row is None:
            return None
        return (row[0], None) if answer == "placed" else (None, row[0])

    return _outcome(offer, on_driver(engine, _CALL, call))


def place_on_postgresql(engine: Engine, offer: Offer) -> PlacedBid | WriteRefused | None:
    """As `place_on_mysql`. The statement is its own transaction."""

    def select(connection: PoolProxiedConnection) -> Answer:
        driver: Any = connection.driver_connection
        driver.autocommit = True
        try:
            row: Answer = driver.execute(_SELECT, _values(offer)).fetchone()
        except engine.dialect.loaded_dbapi.Error:
            if not driver.closed:
                driver.autocommit = False
            raise
        # After anything else, such as an interrupt, an answer may be on its way: the connection is thrown away.
        driver.autocommit = False
        return row

    try:
        return _outcome(offer, on_driver(engine, _SELECT, select))
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == _UNIQUE_VIOLATION:
            return None
        raise


class Met(BaseModel):
    """What a bid met that was not placed: a kept result, the bidder, the listing. Times are naive UTC."""

    fingerprint: str | None
    result: str | None
    is_active: bool | None
    seller_id: int | None
    status: str | None
    starting_price: Euros | None
    buy_now_price: Euros | None
    current_bid: Euros | None
    starts_at: datetime | None
    ends_at: datetime | None
    moment: datetime | None


def _outcome(offer: Offer, row: Answer) -> PlacedBid | WriteRefused | None:
    if row is None:
        return None
    placed, met = row
    if placed is not None:
        return PlacedBid.model_validate_json(placed)
    return _why(offer, Met.model_validate_json(met))


def _why(offer: Offer, met: Met) -> PlacedBid | WriteRefused | None:
    if met.result is not None:
        return (
            PlacedBid.model_validate_json(met.result) if met.fingerprint == offer.fingerprint else IdempotencyConflict()
        )
    if met.seller_id is None or met.status is None or met.starting_price is None:
        return ListingNotFound()
    if met.is_active is None:
        return UserNotFound()
    if not met.is_active:
        return UserInactive()
    if met.starts_at is None or met.ends_at is None or met.moment is None:
        return None
    return bid_refusal(standing_of(met), offer.bidder_id, offer.amount, aware(met.moment))


def call_text(offer: Offer) -> str:
    """The call with its values in it: to have the driver escape ten of them costs more than all else here.

    Numbers are whole or of two decimals, and checked; the fingerprint is hexadecimal. The key, which may hold quotes
    and backslashes, goes in hexadecimal too, which every SQL mode reads alike.
    """
    bidder, listing, amount, outbid, window, extension, lane, key, fingerprint, now = _values(offer)
    moment = "NULL" if now is None else f"'{now:%Y-%m-%d %H:%M:%S.%f}'"
    return (
        f"{_CALL}({bidder:d},{listing:d},{amount:.2f},{_or_null(outbid)},{_or_null(window)},{_or_null(extension)},"
        f"{lane:d},x'{key.encode('ascii').hex()}','{fingerprint}',{moment})"
    )


def _or_null(number: Decimal | int | None) -> str:
    return "NULL" if number is None else f"{number:f}" if isinstance(number, Decimal) else f"{number:d}"


def _values(
    offer: Offer,
) -> tuple[int, int, Decimal, Decimal | None, int | None, int | None, int, str, str, datetime | None]:
    guard = offer.rules.sniping
    return (
        offer.bidder_id,
        offer.listing_id,
        offer.amount,
        offer.highest_outbid,
        guard.window // MICROSECOND if guard else None,
        guard.extension // MICROSECOND if guard else None,
        offer.listing_id % LANES,
        offer.key,
        offer.fingerprint,
        offer.now,
    )
