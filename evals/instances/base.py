"""The databases that an answer is compared on: the base, and others that are like it.

On one database a wrong query can give the right rows by accident: no payment was refunded that month, every row has
its partner. On several it rarely does on all. A case passes only where the answer's SQL equals the gold on each.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from evals.errors import InstanceImpossible
from evals.instances import auction, store
from nl2sql.catalog.model import SemanticModel
from nl2sql.errors import DatabaseMissing, DatabaseUnreadable

SQLITE = "sqlite:///"
BASE = "base"
COUNT = 6

# What is being made, how many databases are there, and how many there will be. What is kept is not told.
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Instance:
    """`name` is “base”, “seed-11” (of the auction's generator) or “fuzz-3”; the number is the seed. `note`, on the base
    alone, says in a sentence why no other stands beside it."""

    name: str
    url: str
    note: str = ""


def prepare(
    base_url: str,
    *,
    today: date,
    folder: Path,
    count: int = COUNT,
    seeds: Sequence[int] = (),
    golds: Sequence[str] = (),
    model: SemanticModel | None = None,
    progress: Progress = lambda name, done, total: None,
    is_auction: bool | None = None,
) -> tuple[Instance, ...]:
    """The base, then the others: those of `seeds`, or as many as make `count` with the base.

    `golds` are queries for SQLite, whose literals are planted; `today` is the day that they call so. Files are kept in
    `folder`. `is_auction` None: looked up. Raises DatabaseMissing and DatabaseUnreadable for the base. Where others
    cannot be made, the base comes alone and its note says why.
    """
    base = Instance(BASE, base_url)
    wanted = len(seeds) or max(0, count - 1)
    if not wanted:
        return (base,)
    if not base_url.startswith(SQLITE):
        scheme = base_url.partition("://")[0]
        return (replace(base, note=f"Other databases are made beside SQLite files, and not beside one of {scheme}."),)
    path = Path(base_url.removeprefix(SQLITE)).absolute()
    if not path.is_file():
        raise DatabaseMissing(f"There is no database at {path}.", hint="`make seed` writes the demo database.")
    try:
        if is_auction is None:
            is_auction = auction.is_the_auctions(path)
        if is_auction and auction.can_be_made(today):
            made = _auctions(seeds, wanted, today, folder, progress)
        else:
            made = _fuzzed(path, seeds or range(1, wanted + 1), golds, model, today, folder, progress)
    except InstanceImpossible as error:
        return (replace(base, note=str(error)),)
    except sqlite3.Error as error:
        raise DatabaseUnreadable(f"The file {path} is not a database that can be read.", hint=str(error)) from error
    return (base, *made)


def _auctions(seeds: Sequence[int], wanted: int, today: date, folder: Path, progress: Progress) -> tuple[Instance, ...]:
    import numpy

    code = store.code_fingerprint(auction.source_folder())
    made, keys = [], list[str]()
    for number, plan in enumerate(auction.plans(seeds, wanted)):

        def make(target: Path, plan: auction.Plan = plan, number: int = number) -> None:
            progress(plan.name, number, wanted)
            auction.make_auction(target, plan, today)

        keys.append(store.fingerprint(("auction", code, numpy.__version__, plan.scale, plan.seed, today)))
        made.append(Instance(plan.name, SQLITE + str(store.kept(folder, keys[-1], plan.name, make))))
    store.prune(folder, keys)
    return tuple(made)


def _fuzzed(
    base: Path,
    seeds: Sequence[int],
    golds: Sequence[str],
    model: SemanticModel | None,
    today: date,
    folder: Path,
    progress: Progress,
) -> tuple[Instance, ...]:
    from evals.instances.fuzz.make import Fuzzer, read_recipe

    recipe = read_recipe(base, golds, model, today)
    key = store.fingerprint(("fuzz", store.code_fingerprint(Path(__file__).parent), sqlite3.sqlite_version, recipe))
    fuzzer: Fuzzer | None = None
    made = []
    try:
        for number, seed in enumerate(seeds):

            def make(target: Path, seed: int = seed, number: int = number) -> None:
                nonlocal fuzzer
                progress(f"fuzz-{seed}", number, len(seeds))
                fuzzer = fuzzer or Fuzzer(recipe)
                fuzzer.make(target, seed)

            made.append(Instance(f"fuzz-{seed}", SQLITE + str(store.kept(folder, key, f"fuzz-{seed}", make))))
    finally:
        if fuzzer is not None:
            fuzzer.close()
    store.prune(folder, (key,))
    return tuple(made)
