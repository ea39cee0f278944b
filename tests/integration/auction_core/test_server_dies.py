"""The database server stands still for a while, and is killed and started again, while clients bid."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine, make_url

from auction_core.load_test.plan import Plan
from auction_core.load_test.run import run_load
from tests.integration.auction_core.private_servers import PRIVATE_SERVERS, PrivateServer
from tests.integration.auction_core.world import make_world

pytestmark = pytest.mark.xdist_group("auction load")

# So many bids show that the clients are at work.
MORE_BIDS = 40
PAUSE_SECONDS = 3.0
# Longer than the store itself tries again, so that clients see that the server is away.
DOWN_SECONDS = 4.0
AT_MOST_SECONDS = 90.0
UNREACHABLE = {"outcome_unknown", "too_busy", "database_unreachable"}


@pytest.fixture(params=["mysql", "postgres"])
def server(request: pytest.FixtureRequest) -> Iterator[PrivateServer]:
    with PRIVATE_SERVERS[request.param]() as running:
        yield running


def test_nothing_acknowledged_is_lost_when_the_server_stands_still_and_when_it_is_killed(server: PrivateServer) -> None:
    url = _auction_on(server)
    ordeal = Ordeal(server)
    report = run_load(Plan(url, clients=16, seconds=AT_MOST_SECONDS, hot=1, spread=8, processes=4), ordeal.tick)

    assert [(finding.name, finding.samples) for finding in report.violated] == []
    assert ordeal.survived == ["the pause", "the kill"], "clients go on"
    assert report.refusals.keys() & UNREACHABLE, "no client noticed"
    assert report.retries > 0
    assert report.unknown.still_unknown == 0


class Ordeal:
    """What happens to the server while clients bid; when they bid again after all of it, the load ends."""

    def __init__(self, server: PrivateServer) -> None:
        self._server = server
        self._bids = 0
        self._steps = self._happen()
        self.survived: list[str] = []

    def tick(self, left: float, bids: int) -> None:
        self._bids = bids
        next(self._steps)

    def _happen(self) -> Iterator[None]:
        yield from self._until_more_bids()
        self._server.pause(PAUSE_SECONDS)
        yield from self._until_more_bids()
        self.survived.append("the pause")
        self._server.kill()
        yield  # counts what was acknowledged until then
        back = time.monotonic() + DOWN_SECONDS
        while time.monotonic() < back:
            yield
        self._server.start()
        yield from self._until_more_bids()
        self.survived.append("the kill")
        raise KeyboardInterrupt

    def _until_more_bids(self) -> Iterator[None]:
        enough = self._bids + MORE_BIDS
        while self._bids < enough:
            yield


def _auction_on(server: PrivateServer) -> str:
    """An auction in a database of its own, or in the server's first one."""
    url = make_url(server.url)
    if url.get_backend_name() == "mysql":
        url = url.set(database="auction")
        engine = create_engine(server.url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE DATABASE auction")
        engine.dispose()
    address = url.render_as_string(hide_password=False)
    make_world(address).engine.dispose()
    return address
