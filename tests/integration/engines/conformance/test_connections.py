"""Connections that are lost, refused, or all taken."""

from __future__ import annotations

import time

import pytest

from nl2sql.engines.base import Engine
from nl2sql.errors import DatabaseUnreachable, QueryCancelled
from tests.integration.engines.conformance.house import House
from tests.integration.engines.conformance.houses.all import on_houses, on_servers
from tests.integration.engines.conformance.test_stopping import SOON, Asking, assert_nothing_runs, cancel, eventually


@on_servers
def test_a_connection_that_was_cut_while_idle_is_replaced(house: House, engine: Engine) -> None:
    assert house.count(engine) == 300
    house.cut()
    assert house.count(engine) == 300


@on_servers
def test_a_connection_that_is_cut_while_it_runs_is_said_and_replaced(house: House, engine: Engine) -> None:
    asking = Asking(house, engine, "q1")
    eventually(lambda: house.running() > 0, "the statement never began")
    house.cut()
    assert isinstance(asking.end(), DatabaseUnreachable)
    assert house.count(engine) == 300


@on_servers
def test_a_server_that_is_not_there_is_said_within_a_bound(house: House) -> None:
    engine = house.engine(house.nowhere())
    started = time.monotonic()
    with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
        house.count(engine)
    assert time.monotonic() - started < 2 * SOON
    engine.close()


@on_houses(lambda house: house.places < 100)
def test_when_all_connections_are_taken_it_is_said_and_then_it_goes_on(house: House, engine: Engine) -> None:
    """As many endless statements as run at once, and one more."""
    taken = [Asking(house, engine, f"q{number}") for number in range(house.places)]
    if house.has_server:
        eventually(lambda: house.running() == house.places, "not all statements began")
    else:
        time.sleep(0.5)
    started = time.monotonic()
    with pytest.raises(DatabaseUnreachable, match="busy"):
        house.ask(engine, f"SELECT COUNT(*) FROM {house.quoted('items')}", seconds=house.busy_seconds)
    waited = time.monotonic() - started
    for each in taken:
        cancel(engine, each.question_id)
    assert [type(each.end()) for each in taken] == [QueryCancelled] * house.places
    assert waited < house.busy_seconds + SOON
    assert_nothing_runs(house)
    assert house.count(engine) == 300
