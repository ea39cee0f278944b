"""Every gold of the suites on five seeded auctions: a gold that is right by luck of one of them is no gold."""

from __future__ import annotations

import fcntl
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from auction_core.seed.run import seed_database
from evals.cases.base import Case, Suite
from evals.cases.load import load_suite
from evals.command.app import app
from evals.gold.opening import open_reader
from evals.matching.rules import Table

SEEDS = (7, 11, 23, 101, 2026)
SUITES = ("dev", "conversations", "paraphrases")
# What lint says of a gold that an answer cannot be told right by.
GRAVE = {"zero", "tie_cut", "tie_unknown", "guard_refuses", "empty_somewhere"}

Tables = dict[str, Table]
Kinds = tuple[tuple[str, str], ...]


@pytest.fixture(scope="module", autouse=True)
def in_the_repository(repository: Path) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(repository)
        yield


@pytest.fixture(scope="module")
def dev(repository: Path) -> Suite:
    return load_suite(_path(repository, "dev"))


@pytest.fixture(scope="module")
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


@pytest.fixture(scope="module")
def tables_of(dev: Suite, auction_of: Callable[[int], Path]) -> Callable[[int], Tables]:
    """The results of the golds by seed, each run once."""

    @cache
    def run(seed: int) -> Tables:
        with open_reader(f"sqlite:///{auction_of(seed)}") as reader:
            return {case.id: reader.run(_gold(case)) for case in dev.cases if case.sql}

    return run


@pytest.mark.parametrize("name", SUITES)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_gold_holds_on_every_instance(
    seed: int, name: str, auction_of: Callable[[int], Path], repository: Path
) -> None:
    """It runs, has rows and values there, its LIMIT cuts no tie, and the guard lets it pass."""
    told = _linted(_path(repository, name), auction_of(seed))
    grave = [each for each in told["findings"] if each["level"] == "error" or each["code"] in GRAVE]
    assert [(each["case"], each["message"]) for each in grave] == []
    assert told["instances"] == ["base"] and told["cases"] >= 20


def test_lint_finds_what_is_put_wrong_on_purpose(auction_database: Path, repository: Path, tmp_path: Path) -> None:
    """Else the test above would hold for anything."""
    text = _path(repository, "conversations").read_text(encoding="utf-8")
    broken = tmp_path / "broken.yaml"
    wrong = {
        "status = 'unsold'": "status = 'lost'",
        "ORDER BY gmv DESC": "ORDER BY u.country",
        "MAX(l.current_bid)": "MAX(l.paid)",
    }
    for old, new in wrong.items():
        assert old in text
        text = text.replace(old, new)
    broken.write_text(text, encoding="utf-8")
    told = _linted(broken, auction_database)
    found = {(each["case"], each["code"]) for each in told["findings"]}
    assert {
        ("unsold-2025-then-by-category", "empty"),
        ("average-price-then-highest", "does_not_run"),
        ("top-sellers-then-countries", "tie_cut"),
    } <= found


@pytest.mark.parametrize("seed", SEEDS)
def test_no_rank_of_a_gold_ties(
    seed: int, dev: Suite, tables_of: Callable[[int], Tables], auction_of: Callable[[int], Path]
) -> None:
    """Ranks and row numbers are the same where nothing ties; of a tie, an answer might show one row only."""
    ranking = [case for case in dev.cases if case.sql and "RANK()" in _gold(case)]
    assert ranking
    tied = []
    with open_reader(f"sqlite:///{auction_of(seed)}") as reader:
        for case in ranking:
            numbered = reader.run(_gold(case).replace("RANK()", "ROW_NUMBER()")).rows
            if Counter(numbered) != Counter(tables_of(seed)[case.id].rows):
                tied.append(case.id)
    assert tied == []


def test_a_gold_has_the_same_columns_on_every_instance(dev: Suite, tables_of: Callable[[int], Tables]) -> None:
    """The same names, each of numbers or of texts: a ratio that is a whole number somewhere would not be scaled."""
    seen: dict[str, set[Kinds]] = {}
    for seed in SEEDS:
        for name, table in tables_of(seed).items():
            seen.setdefault(name, set()).add(_kinds(table))
    assert {name: kinds for name, kinds in seen.items() if len(kinds) > 1} == {}
    ratios = [case for case in dev.cases if case.accept_scale]
    assert ratios
    assert [case.id for case in ratios if "real" not in {kind for _, kind in next(iter(seen[case.id]))}] == []


def _path(repository: Path, name: str) -> Path:
    return repository / "evals" / "suites" / "auction" / f"{name}.yaml"


def _gold(case: Case) -> str:
    return case.sql[0].sql


def _linted(suite: Path, database: Path) -> Any:
    told = CliRunner().invoke(
        app, ["eval", "lint", str(suite), "--database", str(database), "--instances", "1", "--json"]
    )
    assert told.exit_code in (0, 1), told.output
    return json.loads(told.stdout)


def _kinds(table: Table) -> Kinds:
    return tuple((name, _kind(table.column(index))) for index, name in enumerate(table.columns))


def _kind(column: tuple[object, ...]) -> str:
    present = [value for value in column if value is not None]
    if any(isinstance(value, float) for value in present):
        return "real"
    return "integer" if all(isinstance(value, int) for value in present) else "text"
