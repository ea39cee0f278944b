"""An auction seeded up to yesterday goes on today; one whose history ended long ago says so when it is served."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from auction_core.command.serve import _is_over
from auction_core.database import open_existing, parse_url


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("live") / "live.db"
    seed = ["seed", "--scale", "tiny", "--as-of", "yesterday", "--url", f"sqlite:///{path}"]
    subprocess.run([sys.executable, "-m", "auction_core.cli", *seed], check=True, capture_output=True, timeout=120)
    return path


def _serving_says_it_is_over(path: Path) -> bool:
    engine = open_existing(parse_url(f"sqlite:///{path}"))
    with engine.connect() as connection:
        over = _is_over(connection)
    engine.dispose()
    return over


def test_listings_are_open_and_no_bid_lies_in_the_future(live: Path) -> None:
    connection = sqlite3.connect(live)
    now = "strftime('%Y-%m-%d %H:%M:%f', 'now')"
    (going_on,) = connection.execute(
        f"SELECT COUNT(*) FROM listings WHERE status = 'active' AND ends_at > {now}"
    ).fetchone()
    (early,) = connection.execute(f"SELECT COUNT(*) FROM bids WHERE placed_at > {now}").fetchone()
    connection.close()
    assert going_on > 0
    assert early == 0


def test_serving_tells_an_auction_that_is_over_from_one_that_goes_on(live: Path, tiny_copy: Path) -> None:
    assert not _serving_says_it_is_over(live)
    assert _serving_says_it_is_over(tiny_copy)
    connection = sqlite3.connect(tiny_copy)
    for table in ("bids", "comments", "watchlist", "payments", "reviews", "listings"):
        connection.execute(f"DELETE FROM {table}")
    connection.commit()
    connection.close()
    assert not _serving_says_it_is_over(tiny_copy)  # one that has not begun is not over
