"""Pairs of results, each with the verdict that a fair comparison gives: our own, and those of a file kept elsewhere.

`NL2SQL_COMPARATOR_CASES` names a JSON file: a list of objects with name, gold_cols, gold_rows, pred_cols, pred_rows,
order_required and want_match.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import closing
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from evals.cases.base import Case, Suite
from evals.compare import Gold, Rules, Table, Verdict, compare, rules_of
from evals.gold.database import GoldDatabase
from evals.gold.sqlite_reader import SqliteReader

FILE = os.environ.get("NL2SQL_COMPARATOR_CASES", "")
OWN = Path(__file__).parents[2] / "fixtures" / "evals" / "comparator_cases.yaml"


class _Loader(yaml.SafeLoader):
    """With tags for what YAML has no words for, and numbers like 1e+18 as JSON has them."""


_Loader.add_constructor("!decimal", lambda loader, node: Decimal(node.value))
_Loader.add_constructor("!bytes", lambda loader, node: bytes.fromhex(node.value))
_Loader.add_constructor("!uuid", lambda loader, node: UUID(node.value))


def _own() -> list[dict[str, Any]]:
    pairs: list[dict[str, Any]] = yaml.load(OWN.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - of a safe one
    return pairs


def _verdict(pair: dict[str, Any]) -> Verdict:
    gold, answer, rules = pair["gold"], pair["answer"], dict(pair.get("rules", {}))
    if "accept_scale" in rules:
        rules["accept_scale"] = tuple(map(Decimal, rules["accept_scale"]))
    columns = tuple(gold["columns"])
    return compare(
        Gold(
            Table(columns, tuple(map(tuple, gold["rows"]))),
            tuple(gold.get("required", columns)),
            tuple(gold["ranks"]) if "ranks" in gold else None,
            tuple(map(tuple, gold.get("tied", ()))),
        ),
        Table(tuple(answer["columns"]), tuple(map(tuple, answer["rows"]))),
        Rules(**rules),
    )


@pytest.mark.parametrize("pair", _own(), ids=lambda pair: pair["name"])
def test_a_pair_of_our_own_gets_its_verdict(pair: dict[str, Any]) -> None:
    verdict = _verdict(pair)
    said = verdict.difference or ("strict" if verdict.is_strict else "lenient")
    assert said == pair["verdict"], verdict.reason
    assert bool(verdict.reason) is not verdict.equal


def test_there_are_many_pairs_and_each_says_why() -> None:
    pairs = _own()
    assert len({pair["name"] for pair in pairs}) == len(pairs) >= 40
    assert all(pair["why"].endswith(".") for pair in pairs)
    assert {pair["verdict"] for pair in pairs} == {"strict", "lenient", "columns", "rows", "order"}


def _kept() -> list[Any]:
    if not FILE:
        return [pytest.param({}, marks=pytest.mark.skip("NL2SQL_COMPARATOR_CASES names no file"), id="unset")]
    return [pytest.param(pair, id=pair["name"]) for pair in json.loads(Path(FILE).read_text(encoding="utf-8"))]


@pytest.mark.parametrize("pair", _kept())
def test_a_kept_pair_gets_its_verdict(pair: dict[str, Any]) -> None:
    answer = Table(tuple(pair["pred_cols"]), _rows(pair, "pred"))
    if "tie at LIMIT" in pair["name"]:
        verdict = _top_one(pair, answer, scores=(7, 7))
        # Without the tie, nothing else speaks for the answer.
        assert not _top_one(pair, answer, scores=(7, 6)).equal
    else:
        columns = tuple(pair["gold_cols"])
        verdict = compare(
            Gold(Table(columns, _rows(pair, "gold")), columns), answer, Rules(order=pair["order_required"])
        )
    assert verdict.equal is pair["want_match"], verdict.reason


def _top_one(pair: dict[str, Any], answer: Table, scores: tuple[int, int]) -> Verdict:
    """The pair says that its rows tie, and does not hold what ties: so they are put into a table and asked for."""
    (name,), ((gold,),), ((other,),) = pair["gold_cols"], _rows(pair, "gold"), answer.rows
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE t ({name}, score)")
        connection.executemany("INSERT INTO t VALUES (?, ?)", [(gold, scores[0]), (other, scores[1])])
        case = Case(id="top", question="?", sql=f"SELECT {name} FROM t ORDER BY score DESC LIMIT 1")
        suite = Suite(name="kept", cases=(case,))
        (read,) = GoldDatabase(SqliteReader(connection), suite, date(2026, 6, 30)).golds(case)
        assert read.gold.table.rows == ((gold,),)
        return compare(read.gold, answer, rules_of(case, suite))


def _rows(pair: dict[str, Any], side: str) -> tuple[tuple[Any, ...], ...]:
    return tuple(map(tuple, pair[f"{side}_rows"]))
