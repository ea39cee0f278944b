"""Writes when the database is slow, busy, restarted or gone: retried within bounds, and never a foreign exception."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pymysql.err import OperationalError as MySqlError
from sqlalchemy import Connection, Engine, event, select, text
from sqlalchemy.exc import DBAPIError

from auction_core.database import open_for_writing, parse_url
from auction_core.errors import AuctionError, DatabaseUnreachable, IdempotencyConflict, OutcomeUnknown, TooBusy
from auction_core.results import PlacedBid, Watching
from auction_core.tables import Bid, Listing
from auction_core.writes import bids, place_bid_servers, transact
from auction_core.writes.transact import ATTEMPTS
from auction_core.writes.transaction import Rules, Transaction
from tests.integration.auction_core.world import World, make_world

RULES = Rules()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transact, "FIRST_PAUSE_SECONDS", 0.0)


@pytest.fixture
def file_world(tmp_path: Path) -> World:
    return make_world(f"sqlite:///{tmp_path}/auction.db")


@pytest.fixture(params=["mysql", "postgres"])
def server_world(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(f"{request.param}_world")


def place(world: World, listing: int, amount: int, key: str, bidder: int = 2) -> PlacedBid:
    return bids.place_bid(world.engine, RULES, None, bidder, listing, Decimal(amount), key)


def write(
    engine: Engine, work: Callable[[Transaction], Watching], *, key: str = "k", request: Any = "watch"
) -> Watching:
    return transact.transact(
        engine, RULES, None, actor_id=2, key=key, request={"do": request}, result_type=Watching, work=work
    )


def failing(times: int, error: DBAPIError) -> Callable[[Transaction], Watching]:
    left = iter(range(times))

    def work(tx: Transaction) -> Watching:
        if next(left, None) is not None:
            raise error
        return Watching(listing_id=1, watching=True)

    return work


def database_error(code: int, message: str = "secret", *, lost: bool = False) -> DBAPIError:
    return DBAPIError("UPDATE", None, MySqlError(code, message), connection_invalidated=lost)


@pytest.mark.parametrize("code", [1205, 1213, 1020, 1040, 2006, 2013, 1927])
def test_a_write_that_the_database_could_not_do_just_then_is_tried_again(file_world: World, code: int) -> None:
    assert write(file_world.engine, failing(ATTEMPTS - 1, database_error(code))).watching


def test_trying_again_has_an_end(file_world: World) -> None:
    with pytest.raises(TooBusy):
        write(file_world.engine, failing(ATTEMPTS, database_error(1213)))
    with pytest.raises(OutcomeUnknown) as raised:
        write(file_world.engine, failing(ATTEMPTS, database_error(2013)))
    assert not isinstance(raised.value, TooBusy)
    with file_world.engine.begin() as connection:
        assert connection.execute(text("SELECT COUNT(*) FROM idempotency_keys")).scalar_one() == 0


def test_an_error_that_stays_is_told_at_once_without_its_words(file_world: World) -> None:
    calls = []

    def work(tx: Transaction) -> Watching:
        calls.append(1)
        raise database_error(1064)

    with pytest.raises(DatabaseUnreachable) as raised:
        write(file_world.engine, work)
    assert len(calls) == 1
    assert "secret" not in str(raised.value)


def test_a_lock_of_another_process_is_waited_for(file_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = file_world.listing()
    holder = sqlite3.connect(str(file_world.engine.url.database), isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE").close()
    release = threading.Timer(0.2, lambda: holder.execute("COMMIT").close())
    release.start()
    assert place(file_world, listing, 12, "k").bid_count == 1
    release.join()
    holder.close()


def test_the_key_answers_only_its_own_request(file_world: World) -> None:
    done = write(file_world.engine, failing(0, database_error(1)))
    assert write(file_world.engine, failing(99, database_error(1))) == done
    with pytest.raises(IdempotencyConflict):
        write(file_world.engine, failing(99, database_error(1)), request="unwatch")


def test_any_text_can_be_part_of_a_request(file_world: World) -> None:
    assert write(file_world.engine, failing(0, database_error(1)), request="\ud800 \u202e 🕰 \0").watching


@pytest.mark.parametrize("actor", [True, False, -1, "2", 1.0, None, 2**31])
def test_nobody_acts_under_an_id_that_no_row_has(file_world: World, actor: Any) -> None:
    with pytest.raises(AuctionError, match="user_id"):
        transact.transact(
            file_world.engine,
            RULES,
            None,
            actor_id=actor,
            key="k",
            request={},
            result_type=Watching,
            work=failing(0, database_error(1)),
        )


@pytest.mark.parametrize("scheme", ["mysql", "postgresql"])
def test_a_server_that_is_not_there_is_said_to_be_so(scheme: str) -> None:
    engine = open_for_writing(parse_url(f"{scheme}://someone:secret@127.0.0.1:1/auction"))
    with pytest.raises(DatabaseUnreachable) as placed:
        bids.place_bid(engine, RULES, None, 2, 1, Decimal(12), "k")
    with pytest.raises(DatabaseUnreachable) as written:
        write(engine, failing(0, database_error(1)))
    assert "secret" not in f"{placed.value} {written.value}"


def test_a_database_without_the_auctions_tables_is_an_error_of_ours(empty_url: str) -> None:
    engine = open_for_writing(parse_url(empty_url))
    with pytest.raises(DatabaseUnreachable):
        bids.place_bid(engine, RULES, None, 2, 1, Decimal(12), "k")
    engine.dispose()


def kill_all(world: World) -> None:
    """Every connection of the pool, as a restart of the server does."""
    other = open_for_writing(parse_url(world.url))
    with other.begin() as connection:
        if other.dialect.name == "postgresql":
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
        else:
            ids = connection.execute(
                text("SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID()")
            ).scalars()
            for number in ids:
                connection.exec_driver_sql(f"KILL {number}")
    other.dispose()


def fill_pool(world: World, connections: int) -> None:
    held = [world.engine.connect() for _ in range(connections)]
    for connection in held:
        connection.close()


def test_connections_that_went_stale_in_the_pool_are_replaced(server_world: World) -> None:
    listing = server_world.listing()
    fill_pool(server_world, ATTEMPTS * 2)
    kill_all(server_world)
    assert place(server_world, listing, 12, "k").bid_count == 1
    kill_all(server_world)
    assert place(server_world, listing, 12, "k").bid_count == 1


def test_an_answer_that_was_lost_is_had_by_asking_again(server_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    listing = server_world.listing()
    on_driver, lost = place_bid_servers.on_driver, []

    def cut(engine: Engine, doing: str, work: Any) -> Any:
        answer = on_driver(engine, doing, work)
        if not lost:
            lost.append(answer)
            raise database_error(2013, lost=True)
        return answer

    monkeypatch.setattr(place_bid_servers, "on_driver", cut)
    assert place(server_world, listing, 12, "k").bid_count == 1
    assert len(lost) == 1
    with server_world.engine.begin() as connection:
        assert len(connection.execute(select(Bid.__table__)).all()) == 1


def test_an_interrupt_leaves_no_half_read_answer_in_the_pool(server_world: World) -> None:
    listing = server_world.listing()

    def interrupted(connection: Any) -> None:
        connection.cursor().execute("SELECT 1")
        raise KeyboardInterrupt

    checked_in = []
    event.listen(server_world.engine, "invalidate", lambda *each: checked_in.append(each))
    with pytest.raises(KeyboardInterrupt):
        place_bid_servers.on_driver(server_world.engine, "", interrupted)
    assert len(checked_in) == 1
    assert place(server_world, listing, 12, "k").bid_count == 1


def test_no_way_out_leaves_a_transaction_open_in_the_pool(server_world: World) -> None:
    listing = server_world.listing(buy_now_price=Decimal(90))
    server_world.engine.dispose()
    tries = [(2, 12, "a"), (2, 12, "a"), (2, 12, "b"), (2, 30, "a"), (1, 40, "c"), (999, 40, "c"), (2, 90, "z")]
    for bidder, amount, key in tries:
        with contextlib.suppress(AuctionError):
            place(server_world, listing, amount, key, bidder)
        assert open_transactions(server_world) == 0, (bidder, amount, key)


def open_transactions(world: World) -> int:
    time.sleep(0.12)  # InnoDB tells of its transactions as they were up to a tenth of a second ago
    other = open_for_writing(parse_url(world.url))
    with other.begin() as connection:
        found = _open_transactions(connection)
    other.dispose()
    return found


def _open_transactions(connection: Connection) -> int:
    if connection.dialect.name == "postgresql":
        query = (
            "SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state <> 'idle'"
        )
    else:
        query = (
            "SELECT COUNT(*) FROM information_schema.innodb_trx t JOIN information_schema.processlist p "
            "ON p.id = t.trx_mysql_thread_id WHERE p.db = DATABASE() AND p.id <> CONNECTION_ID()"
        )
    return int(connection.execute(text(query)).scalar_one())


def test_the_clock_is_read_when_the_lock_is_held(server_world: World) -> None:
    listing = server_world.listing()
    with server_world.engine.begin() as holder:
        holder.execute(select(Listing.id).where(Listing.id == listing).with_for_update())
        found: list[PlacedBid] = []
        waiting = threading.Thread(target=lambda: found.append(place(server_world, listing, 12, "k")))
        waiting.start()
        time.sleep(0.3)
        released = datetime.now(UTC)
    waiting.join()
    assert found[0].placed_at > released
