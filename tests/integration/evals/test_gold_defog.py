"""Golds that other people wrote: each runs, equals itself, and asks the as-of day for today.

`NL2SQL_DEFOG` names a folder with `sqlite_dbs/NAME.db` and `exec_…_sqlite.jsonl`: questions with accepted queries.
"""

from __future__ import annotations

import json
import os
from collections import defaultdict
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from evals.cases.base import Case, GoldQuery, Suite
from evals.compare import compare, rules_of
from evals.gold.database import open_golds

FOLDER = os.environ.get("NL2SQL_DEFOG", "")
AS_OF = date(2026, 6, 30)
# Questions in the three files.
CASES = 314


@pytest.mark.skipif(not FOLDER, reason="NL2SQL_DEFOG names no folder")
def test_every_gold_runs_and_equals_itself_strictly() -> None:
    found, asked_the_clock = [], 0
    for suite in (suites := _suites()):
        with open_golds(f"sqlite:///{FOLDER}/sqlite_dbs/{suite.name}.db", suite, today=AS_OF) as golds:
            for case in suite.cases:
                for read in golds.golds(case):
                    verdict = compare(read.gold, read.gold.table, rules_of(case, suite))
                    found += [] if verdict.is_strict else [f"{case.id}: {verdict.reason}"]
                    asked_the_clock += read.ran != read.sql
    assert found == []
    assert sum(len(suite.cases) for suite in suites) == CASES
    assert asked_the_clock > 20


def _suites() -> list[Suite]:
    """One for each database; rows in the order of the golds, ties free."""
    cases: dict[str, list[Case]] = defaultdict(list)
    for path in sorted(Path(FOLDER).glob("exec_*_sqlite.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            row: dict[str, Any] = json.loads(line)
            queries = tuple(GoldQuery(sql=each["sql"]) for each in row["variants"] if each["status"] == "ok")
            cases[row["db"]].append(Case(id=row["id"], question=row["question"], sql=queries, order_by=("gold",)))
    return [Suite(name=name, cases=tuple(found)) for name, found in cases.items()]
