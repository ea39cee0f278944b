"""Other databases of the demo auction: its own generator makes them, with all that ties its tables together.

A made-up row of a fuzzer breaks what no constraint says (current_bid is the highest bid), and a right answer may rely
on it. The auction's rows never do.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain, count, islice
from pathlib import Path

from evals.instances.fuzz.sample import open_base
from evals.instances.fuzz.schema import quoted

# Two small databases and three tiny ones. With the base they tell 99.6 % of 1,517 mutants of the dev suite's golds that
# any of 17 databases tells; five small ones tell 99.7 % and take twice as long, five tiny ones 98.5 %
# (docs/evals-instances.md).
SEEDS = (12, 15, 16, 17, 19)


@dataclass(frozen=True, slots=True)
class Plan:
    """One database of the auction's generator: small for an even seed, tiny for an odd one."""

    seed: int

    @property
    def scale(self) -> str:
        return "tiny" if self.seed % 2 else "small"

    @property
    def name(self) -> str:
        return f"seed-{self.seed}"


def plans(seeds: Sequence[int], wanted: int) -> tuple[Plan, ...]:
    """Of these seeds, or, where there are none, of as many as are wanted."""
    others = (seed for seed in count(11) if seed not in SEEDS)
    return tuple(map(Plan, seeds or islice(chain(SEEDS, others), wanted)))


def is_the_auctions(base: Path) -> bool:
    """Whether the file is one that the auction's generator made: its tables with exactly its columns, no table or view
    more, and the generator's own category tree and people. A real auction has other categories; a copy of the schema
    with other rows is another database, whose words the generator does not know."""
    from auction_core.migrations.stamp import TABLE
    from auction_core.seed.accounts import NAMED
    from auction_core.seed.catalogue import CHILDREN, SECTIONS
    from auction_core.tables import Base

    expected = {table.name: {column.name for column in table.columns} for table in Base.metadata.sorted_tables}
    expected[TABLE] = {"version_num"}
    try:
        with open_base(base) as connection:
            if _columns(connection) != expected:
                return False
            pairs = connection.execute(
                "SELECT p.name, c.name FROM categories AS c LEFT JOIN categories AS p ON p.id = c.parent_id LIMIT 1000"
            ).fetchall()
            tree = {(None, section.name) for section in SECTIONS} | {(child.section, child.name) for child in CHILDREN}
            people = connection.execute("SELECT id, username, country FROM users ORDER BY id LIMIT 20").fetchall()
    except sqlite3.Error:
        return False
    named = {(name, country) for name, country in NAMED.values()}
    return set(pairs) == tree and named <= {(name, country) for _, name, country in people}


def can_be_made(today: date) -> bool:
    from auction_core.seed.scale import EARLIEST_AS_OF

    return today >= EARLIEST_AS_OF


def make_auction(path: Path, plan: Plan, today: date) -> None:
    """Writes a new file. Raises auction_core.errors.AuctionError."""
    from auction_core.seed.run import seed_database

    seed_database(f"sqlite:///{path}", plan.scale, plan.seed, today)


def source_folder() -> Path:
    """Of the generator's code."""
    import auction_core

    return Path(auction_core.__file__).parent


def _columns(connection: sqlite3.Connection) -> dict[str, set[str]]:
    names = connection.execute("SELECT name FROM sqlite_master WHERE type IN ('table', 'view')").fetchall()
    return {
        name: {row[1] for row in connection.execute(f"PRAGMA table_info({quoted(name)})")}
        for (name,) in names
        if not name.startswith("sqlite_")
    }
