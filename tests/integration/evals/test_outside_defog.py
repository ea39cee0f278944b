"""The question sets of NL2SQL_DEFOG as suites: each gold is right against itself, on every instance, and mutants of it
are not.

The folder holds `exec_*_sqlite.jsonl` (lines with db, question and variants of gold), `sqlite_dbs/<database>.db` and
`unanswerable.csv`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from evals.cases.base import Case, Suite
from evals.cases.load import load_suite
from evals.cases.resolve import target_of
from evals.compare import compare, equals, rules_of
from evals.gold.database import GoldDatabase, open_golds
from evals.instances.base import prepare
from evals.mutation.pools import make_pool
from evals.mutation.run import Plan, mutate_suite
from evals.outside.importing import Choices, ImportReport, import_suite
from evals.outside.read import read_outside

# Read when the module is imported: an autouse fixture clears the product's settings from every test.
DEFOG = os.environ.get("NL2SQL_DEFOG", "")
# The day on which the rows were made: on it, each gold that asks the clock finds what the files say it finds.
AS_OF = date(2026, 11, 20)
# Of these, a database of few and one of many joins are replayed on fuzzed instances and mutated; all on the base.
SMALL, MUTATED = ("geography", "restaurants"), 8

pytestmark = pytest.mark.skipif(not DEFOG, reason="NL2SQL_DEFOG names no folder with the question sets")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("defog")


@pytest.fixture(scope="module")
def report(folder: Path) -> ImportReport:
    choices = Choices(out=folder, as_of=AS_OF, keep_broken=True)
    return import_suite(read_outside("defog", Path(DEFOG)), choices)


@pytest.fixture(scope="module")
def suites(folder: Path, report: ImportReport) -> dict[str, Suite]:
    return {each.name: load_suite(each.suite) for each in report.databases}


def _url(suite: Suite) -> str:
    url = target_of(suite.cases[0], suite).database
    assert url is not None
    return url


def _wrong(suite: Suite, golds: GoldDatabase) -> Iterator[str]:
    for case in _with_gold(suite):
        for read in golds.golds(case):
            verdict = compare(read.gold, read.gold.table, rules_of(case, suite))
            if not verdict.equal or not equals(read.gold, read.gold.table, rules_of(case, suite)):
                yield f"{case.id}: {verdict.reason}"


def _with_gold(suite: Suite) -> list[Case]:
    return [case for case in suite.cases if case.sql]


def test_every_question_is_imported(report: ImportReport, suites: dict[str, Suite]) -> None:
    cases = [case for suite in suites.values() for case in suite.cases]
    assert len(suites) == 11
    assert sum(case.kind == "answerable" for case in cases) == 314
    assert sum(case.kind == "unanswerable" for case in cases) == 105
    assert report.left_out == []
    assert [each.reason for each in report.kept_broken] == ["its gold finds nothing but NULL"]


def test_every_gold_is_right_against_itself(suites: dict[str, Suite]) -> None:
    count, wrong = 0, []
    for suite in suites.values():
        with open_golds(_url(suite), suite, today=AS_OF) as golds:
            wrong += list(_wrong(suite, golds))
        count += len(_with_gold(suite))
    assert wrong == []
    assert count == 314


@pytest.mark.parametrize("name", SMALL)
def test_every_gold_is_right_against_itself_on_fuzzed_instances(
    suites: dict[str, Suite], name: str, tmp_path: Path
) -> None:
    suite = suites[name]
    queries = [query.sql for case in suite.cases for query in case.sql]
    instances = prepare(_url(suite), today=AS_OF, folder=tmp_path, count=3, golds=queries)
    assert len(instances) == 3, instances[0].note
    for each in instances:
        with open_golds(each.url, suite, today=AS_OF) as golds:
            assert list(_wrong(suite, golds)) == []


def test_most_mistakes_in_a_gold_are_seen(suites: dict[str, Suite], tmp_path: Path) -> None:
    suite = suites["restaurants"]
    cases = _with_gold(suite)[:MUTATED]
    queries = [query.sql for case in cases for query in case.sql]
    pool, chosen = make_pool(_url(suite), [case.id for case in cases], queries, today=AS_OF, folder=tmp_path, size=8)
    report = mutate_suite(Plan(suite.path, (pool,), chosen, AS_OF), processes=1)
    total = report.total
    print(f"{total.caught} of {total.wrong} wrong mutants are caught, {report.base.caught} on the base alone")  # noqa: T201
    assert report.not_mutated == ()
    assert total.wrong > 50
    assert total.share is not None and total.share >= 0.95
