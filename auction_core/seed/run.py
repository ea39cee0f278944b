"""Seeding from end to end: the one entry for the command line, tests and demos."""

from datetime import date
from pathlib import Path

from auction_core.database import open_server, parse_url
from auction_core.errors import Refused
from auction_core.seed.dataset import generate
from auction_core.seed.duckdb_target import PREFIX as DUCKDB_PREFIX
from auction_core.seed.duckdb_target import DuckdbTarget
from auction_core.seed.load import Progress, Target
from auction_core.seed.scale import DEFAULT_AS_OF, SCALES, History, Streams
from auction_core.seed.server_target import CopyText, InsertLiterals, ServerTarget
from auction_core.seed.sqlite_target import SqliteTarget


def seed_database(
    url: str,
    scale: str = "small",
    seed: int = 7,
    as_of: date = DEFAULT_AS_OF,
    *,
    force: bool = False,
    progress: Progress = lambda table, done, total: None,
) -> dict[str, int]:
    """Rows by table. Raises AuctionError (see `auction_core.errors`); existing data is replaced only by `force`."""
    if scale not in SCALES:
        raise Refused(f"There is no scale '{scale}': choose one of {', '.join(SCALES)}.")
    if seed < 0:
        raise Refused("The seed must be 0 or more.")
    history = History(as_of)
    target = open_target(url)
    target.refuse_loss(force)
    written: dict[str, int] = {}

    def count(table: str, done: int, total: int) -> None:
        written[table] = done
        progress(table, done, total)

    target.load(generate(Streams(SCALES[scale], seed), history), count)
    return written


def open_target(url: str) -> Target:
    if url.startswith(DUCKDB_PREFIX):
        return DuckdbTarget(url.removeprefix(DUCKDB_PREFIX))
    parsed = parse_url(url)
    if parsed.get_backend_name() == "sqlite":
        return SqliteTarget(Path(str(parsed.database)))
    engine = open_server(parsed)
    return ServerTarget(engine, CopyText() if parsed.get_backend_name() == "postgresql" else InsertLiterals())
