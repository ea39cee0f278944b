"""Every gold of the dev suite on five seeded auctions: a gold that is right by luck of one of them is no gold."""

from __future__ import annotations

import fcntl
import os
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from auction_core.seed.run import seed_database
from evals.cases import Case, Suite, load_suite
from evals.compare import Gold, Table, compare
from evals.gold import open_gold
from evals.score import rules_of

SEEDS = (7, 11, 23, 101, 2026)
# An answer is cut at a thousand rows; a gold that long could not be met.
MAX_ROWS = 1_000

Golds = dict[str, Gold]
Kinds = tuple[tuple[str, str], ...]


@pytest.fixture(scope="session")
def dev(repository: Path) -> Suite:
    return load_suite(repository / "evals" / "suites" / "auction" / "dev.yaml")


@pytest.fixture(scope="session")
def auction_of(auction_database: Path) -> Callable[[int], Path]:
    """The small auction of a seed, written once for all workers. Never write to it."""
    folder = auction_database.parent

    def find(seed: int) -> Path:
        path = folder / f"auction-small-{seed}.db"
        with (folder / f"auction-{seed}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not path.exists():
                unfinished = folder / f"unfinished-{seed}-{os.getpid()}.db"
                seed_database(f"sqlite:///{unfinished}", "small", seed)
                unfinished.rename(path)
        return path

    return find


@pytest.fixture(scope="session")
def golds_of(dev: Suite, auction_of: Callable[[int], Path]) -> Callable[[int], Golds]:
    """The golds of the answerable cases by seed, each run once."""

    @cache
    def run(seed: int) -> Golds:
        with open_gold(f"sqlite:///{auction_of(seed)}", dev) as database:
            return {case.id: database.gold(case) for case in dev.cases if not case.must_be_declined}

    return run


@pytest.mark.parametrize("seed", SEEDS)
def test_every_gold_holds_on_every_instance(seed: int, dev: Suite, golds_of: Callable[[int], Golds]) -> None:
    golds = golds_of(seed)
    assert len(golds) == 160
    answerable = [case for case in dev.cases if case.id in golds]
    assert [f"{case.id}: {each}" for case in answerable for each in _problems(case, dev, golds[case.id])] == []


@pytest.mark.parametrize("seed", SEEDS)
def test_no_rank_of_a_gold_ties(
    seed: int, dev: Suite, golds_of: Callable[[int], Golds], auction_of: Callable[[int], Path]
) -> None:
    """Ranks and row numbers are the same where nothing ties; of a tie, an answer might show one row only."""
    ranking = [case for case in dev.cases if "RANK()" in (case.sql or "")]
    assert ranking
    tied = []
    with open_gold(f"sqlite:///{auction_of(seed)}", dev) as database:
        for case in ranking:
            numbered = database.connection.execute((case.sql or "").replace("RANK()", "ROW_NUMBER()")).fetchall()
            if Counter(numbered) != Counter(golds_of(seed)[case.id].table.rows):
                tied.append(case.id)
    assert tied == []


def test_a_gold_has_the_same_columns_on_every_instance(dev: Suite, golds_of: Callable[[int], Golds]) -> None:
    """The same names, each of numbers or of texts: a ratio that is a whole number somewhere would not be scaled."""
    seen: dict[str, set[Kinds]] = {}
    for seed in SEEDS:
        for name, gold in golds_of(seed).items():
            seen.setdefault(name, set()).add(_kinds(gold.table))
    assert {name: kinds for name, kinds in seen.items() if len(kinds) > 1} == {}
    ratios = [case for case in dev.cases if case.accept_scale]
    assert ratios
    assert [case.id for case in ratios if "real" not in {kind for _, kind in next(iter(seen[case.id]))}] == []


def _problems(case: Case, suite: Suite, gold: Gold) -> list[str]:
    found = []
    if _is_empty(gold):
        found.append(f"empty: {gold.table.rows[:1]}")
    if len(gold.table.rows) >= MAX_ROWS:
        found.append(f"{len(gold.table.rows)} rows")
    if gold.tied:
        found.append(f"the LIMIT cuts a tie: {gold.tied}")
    if _is_limited(case) and gold.ranks is None:
        found.append("whether the LIMIT cuts a tie cannot be told")
    if not (verdict := compare(gold, gold.table, rules_of(case, suite))).equal:
        found.append(f"does not equal itself: {verdict.reason}")
    return found


def _is_empty(gold: Gold) -> bool:
    """No row, a required column without a value, or one row of nothing but zeros."""
    columns = [gold.table.column(gold.table.columns.index(name)) for name in gold.required]
    if not gold.table.rows or any(set(column) <= {None, ""} for column in columns):
        return True
    return len(gold.table.rows) == 1 and all(column[0] in (0, None) for column in columns)


def _is_limited(case: Case) -> bool:
    return (case.sql or "").rstrip().splitlines()[-1].startswith("LIMIT")


def _kinds(table: Table) -> Kinds:
    return tuple((name, _kind(table.column(index))) for index, name in enumerate(table.columns))


def _kind(column: tuple[object, ...]) -> str:
    present = [value for value in column if value is not None]
    if any(isinstance(value, float) for value in present):
        return "real"
    return "integer" if all(isinstance(value, int) for value in present) else "text"
