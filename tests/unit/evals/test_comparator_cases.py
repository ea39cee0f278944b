"""Result pairs kept elsewhere, each with the verdict that a fair comparison gives.

`NL2SQL_COMPARATOR_CASES` names a JSON file: a list of objects with name, gold_cols, gold_rows, pred_cols, pred_rows,
order_required and want_match.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from evals.compare import Gold, Rules, Table, compare

FILE = os.environ.get("NL2SQL_COMPARATOR_CASES", "")
# Two different names, and nothing in the pair that says that they tie: equal here would make any name right. The
# harness asks the database for ties (evals/gold.py), and test_gold.py shows that it does.
NO_EVIDENCE = pytest.mark.xfail(reason="never: the pair does not hold the rows that tie", strict=True)


def _pairs() -> list[Any]:
    if not FILE:
        return [pytest.param({}, marks=pytest.mark.skip("NL2SQL_COMPARATOR_CASES names no file"), id="unset")]
    pairs = json.loads(Path(FILE).read_text(encoding="utf-8"))
    return [pytest.param(p, id=p["name"], marks=[NO_EVIDENCE] if "tie at LIMIT" in p["name"] else []) for p in pairs]


@pytest.mark.parametrize("pair", _pairs())
def test_a_kept_pair_gets_its_verdict(pair: dict[str, Any]) -> None:
    gold = _table(pair, "gold")
    verdict = compare(Gold(gold, gold.columns), _table(pair, "pred"), Rules(order=pair["order_required"]))
    assert verdict.equal is pair["want_match"], verdict.reason


def _table(pair: dict[str, Any], side: str) -> Table:
    return Table(tuple(pair[f"{side}_cols"]), tuple(tuple(row) for row in pair[f"{side}_rows"]))
