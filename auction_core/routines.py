"""The stored routines of the auction, by engine; migrations and seeding create them.

`auction_place_bid_v1` places one bid as a whole: it locks the listing, looks at the clock, writes the bid, its
idempotency key and its event, and commits; one round trip. It answers one row of JSON: `placed`, a `results.PlacedBid`;
or, with nothing written, `met` (`writes.place_bid_servers.Met`), from which `bidding` says why. (PostgreSQL answers
both, one of them null; MySQL no row where there is no listing.) The rules stay there: `p_outbid` is the highest bid
that this one may follow (NULL: none), `p_window` and `p_extension` are the guard against sniping in microseconds (NULL:
none). A change of what a routine takes or does is a new version beside the old one, so that programs of both versions
can run during an upgrade.
"""

from sqlalchemy import Connection

PLACE_BID = "auction_place_bid_v1"

# A bid of the buy-now price is not for this routine, because it ends the auction. The bidder is read before the lock is
# taken, to hold it shorter, and the clock when it is held; `p_now` overrides the clock. Variables and statements are
# what a call costs, so what only a refusal needs is read only then, after the lock: the listing may have gone on by
# then, and the refusal tells of that. The event's text is kept as the result too, because it says all of it.
# ruff: noqa: S608 - only the name goes in
_MYSQL_PLACE_BID = f"""
CREATE PROCEDURE {PLACE_BID}(
    p_bidder INT, p_listing INT, p_amount DECIMAL(12, 2), p_outbid DECIMAL(12, 2), p_window BIGINT, p_extension BIGINT,
    p_lane SMALLINT, p_key VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin,
    p_fingerprint VARCHAR(64), p_now DATETIME(6))
MODIFIES SQL DATA
SQL SECURITY INVOKER
place: BEGIN
    DECLARE v_counts BOOLEAN;
    DECLARE v_previous, v_count INT;
    DECLARE v_starts, v_ends, v_updated, v_at DATETIME(6);
    DECLARE v_facts VARCHAR(400) CHARACTER SET utf8mb4;
    DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN
        ROLLBACK;
        RESIGNAL;
    END;

    SELECT created_at INTO v_at FROM users WHERE id = p_bidder AND is_active;
    SELECT status = 'active' AND seller_id <> p_bidder AND (buy_now_price IS NULL OR p_amount < buy_now_price)
            AND IF(current_bid IS NULL, starting_price <= p_amount, COALESCE(current_bid <= p_outbid, FALSE)),
            highest_bidder_id, bid_count, starts_at, ends_at, updated_at
        INTO v_counts, v_previous, v_count, v_starts, v_ends, v_updated
        FROM listings WHERE id = p_listing FOR UPDATE;
    SET v_at = GREATEST(COALESCE(p_now, SYSDATE(6)), COALESCE(v_updated, v_at), v_at);  -- NULL: no active bidder
    IF v_counts AND v_starts <= v_at AND v_at < v_ends THEN
        BEGIN
            DECLARE EXIT HANDLER FOR 1062 BEGIN END;  -- the key is taken

            IF TIMESTAMPDIFF(MICROSECOND, v_at, v_ends) <= p_window THEN
                SET v_ends = GREATEST(v_ends, v_at + INTERVAL p_extension MICROSECOND);
            END IF;
            UPDATE listings SET current_bid = p_amount, highest_bidder_id = p_bidder, bid_count = v_count + 1,
                ends_at = v_ends, updated_at = v_at WHERE id = p_listing;
            INSERT INTO bids (listing_id, bidder_id, amount, placed_at) VALUES (p_listing, p_bidder, p_amount, v_at);
            SET v_facts = CONCAT(
                '{{"version":1,"listing_id":', p_listing, ',"bid_id":', LAST_INSERT_ID(), ',"bidder_id":', p_bidder,
                ',"amount":"', p_amount, '","placed_at":"', REPLACE(v_at, ' ', 'T'), 'Z","bid_count":', v_count + 1,
                ',"previous_bidder_id":', COALESCE(v_previous, 'null'),
                ',"ends_at":"', REPLACE(v_ends, ' ', 'T'), 'Z"}}');
            INSERT INTO idempotency_keys (actor_id, idempotency_key, fingerprint, result, created_at) VALUES (
                p_bidder, p_key, p_fingerprint, v_facts, v_at);
            INSERT INTO event_outbox (aggregate_type, aggregate_id, lane, event_type, payload, occurred_at) VALUES (
                'listing', p_listing, p_lane, 'bid_placed', v_facts, v_at);
            COMMIT;
            SELECT v_facts AS placed;
            LEAVE place;
        END;
    END IF;
    ROLLBACK;
    SELECT JSON_OBJECT(
            'fingerprint', (
                SELECT fingerprint FROM idempotency_keys WHERE actor_id = p_bidder AND idempotency_key = p_key),
            'result', (SELECT result FROM idempotency_keys WHERE actor_id = p_bidder AND idempotency_key = p_key),
            'is_active', (SELECT is_active FROM users WHERE id = p_bidder), 'seller_id', seller_id, 'status', status,
            'starting_price', starting_price, 'buy_now_price', buy_now_price, 'current_bid', current_bid,
            'starts_at', starts_at, 'ends_at', ends_at, 'moment', v_at) AS met
        FROM listings WHERE id = p_listing;
    COMMIT;
END
"""

# A key that is taken raises unique_violation: the whole statement is undone.
_POSTGRESQL_PLACE_BID = f"""
CREATE OR REPLACE FUNCTION {PLACE_BID}(
    p_bidder integer, p_listing integer, p_amount numeric, p_outbid numeric, p_window bigint, p_extension bigint,
    p_lane integer, p_key text, p_fingerprint text, p_now timestamp,
    OUT o_placed text, OUT o_met text)
LANGUAGE plpgsql SECURITY INVOKER AS $$
DECLARE
    v_active boolean;
    v_joined timestamp;
    v_listing record;
    v_at timestamp;
    v_ends timestamp;
    v_bid bigint;
    v_facts text;
    v_fingerprint text;
    v_result text;
BEGIN
    SELECT is_active, created_at INTO v_active, v_joined FROM users WHERE id = p_bidder;
    SELECT seller_id, status, starting_price, buy_now_price, current_bid, highest_bidder_id, bid_count,
            starts_at, ends_at, updated_at
        INTO v_listing FROM listings WHERE id = p_listing FOR NO KEY UPDATE;
    v_at := GREATEST(COALESCE(p_now, clock_timestamp() AT TIME ZONE 'UTC'), v_listing.updated_at, v_joined);
    IF v_active IS NOT TRUE OR v_listing.status IS NULL OR v_listing.status <> 'active'
            OR v_listing.starts_at > v_at OR v_at >= v_listing.ends_at
            OR v_listing.seller_id = p_bidder OR p_amount >= v_listing.buy_now_price
            OR (v_listing.current_bid IS NULL AND v_listing.starting_price > p_amount)
            OR (v_listing.current_bid IS NOT NULL AND (p_outbid IS NULL OR v_listing.current_bid > p_outbid)) THEN
        SELECT fingerprint, result INTO v_fingerprint, v_result
            FROM idempotency_keys WHERE actor_id = p_bidder AND idempotency_key = p_key;
        o_met := json_build_object('fingerprint', v_fingerprint, 'result', v_result, 'is_active', v_active,
            'seller_id', v_listing.seller_id, 'status', v_listing.status, 'starting_price', v_listing.starting_price,
            'buy_now_price', v_listing.buy_now_price, 'current_bid', v_listing.current_bid,
            'starts_at', v_listing.starts_at, 'ends_at', v_listing.ends_at, 'moment', v_at);
        RETURN;
    END IF;

    v_ends := v_listing.ends_at;
    IF v_ends - v_at <= p_window * interval '1 microsecond' THEN
        v_ends := GREATEST(v_ends, v_at + p_extension * interval '1 microsecond');
    END IF;
    UPDATE listings SET current_bid = p_amount, highest_bidder_id = p_bidder, bid_count = v_listing.bid_count + 1,
        ends_at = v_ends, updated_at = v_at WHERE id = p_listing;
    INSERT INTO bids (listing_id, bidder_id, amount, placed_at) VALUES (p_listing, p_bidder, p_amount, v_at)
        RETURNING id INTO v_bid;
    v_facts := concat(
        '"listing_id":', p_listing, ',"bid_id":', v_bid, ',"bidder_id":', p_bidder, ',"amount":"', p_amount,
        '","placed_at":"', to_char(v_at, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '","bid_count":', v_listing.bid_count + 1,
        ',"ends_at":"', to_char(v_ends, 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '"');
    INSERT INTO idempotency_keys (actor_id, idempotency_key, fingerprint, result, created_at) VALUES (
        p_bidder, p_key, p_fingerprint, concat('{{', v_facts, ',"won":false,"payment_id":null}}'), v_at);
    INSERT INTO event_outbox (aggregate_type, aggregate_id, lane, event_type, payload, occurred_at) VALUES (
        'listing', p_listing, p_lane, 'bid_placed', concat('{{"version":1,', v_facts, ',"previous_bidder_id":',
            COALESCE(v_listing.highest_bidder_id::text, 'null'), '}}')::json, v_at);
    o_placed := concat('{{', v_facts, '}}');
END
$$
"""

_MYSQL = (f"DROP PROCEDURE IF EXISTS {PLACE_BID}", _MYSQL_PLACE_BID)
_CREATE: dict[str, tuple[str, ...]] = {"mysql": _MYSQL, "mariadb": _MYSQL, "postgresql": (_POSTGRESQL_PLACE_BID,)}
_DROP: dict[str, tuple[str, ...]] = {
    "mysql": (f"DROP PROCEDURE IF EXISTS {PLACE_BID}",),
    "mariadb": (f"DROP PROCEDURE IF EXISTS {PLACE_BID}",),
    "postgresql": (f"DROP FUNCTION IF EXISTS {PLACE_BID}",),
}


def create_statements(engine: str) -> tuple[str, ...]:
    """For a migration, by the name of the engine; SQLite has none."""
    return _CREATE.get(engine, ())


def drop_statements(engine: str) -> tuple[str, ...]:
    return _DROP.get(engine, ())


def create_routines(connection: Connection) -> None:
    """Replaces what is there under the same name and version. Does nothing on SQLite, which has no routines."""
    for statement in _CREATE.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)


def drop_routines(connection: Connection) -> None:
    for statement in _DROP.get(connection.dialect.name, ()):
        connection.exec_driver_sql(statement)
