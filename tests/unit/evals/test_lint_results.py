"""What golds gave on instances, here made up, and what is found in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from evals.cases.base import Case, GoldQuery
from evals.cases.resolve import Target
from evals.cases.source import Source
from evals.errors import SuiteInvalid
from evals.lint.base import Statement
from evals.lint.run import Ground, Report, lint
from evals.lint.tell import lines_of, shape_of, summary_of
from evals.matching.rules import Gold, Table


def _gold(*rows: tuple[object, ...], columns: str = "n", tied: int = 0, ranked: bool = True) -> Gold:
    names = tuple(columns.split())
    ranks = tuple(range(len(rows))) if ranked else None
    return Gold(Table(names, rows), names, ranks, rows[-1:] * tied)


@dataclass(frozen=True)
class Accepted:
    gold: Gold


@dataclass(frozen=True)
class MadeUp:
    """An instance on which a statement gives what was written down for it."""

    name: str
    results: Mapping[str, Gold | str]

    def takes(self, case: Case, query: GoldQuery) -> bool:
        return True

    def golds(self, case: Case) -> Sequence[Accepted]:
        result = self.results[case.sql[0].sql]
        if isinstance(result, str):
            raise SuiteInvalid(result)
        return [Accepted(result)]


@dataclass(frozen=True)
class Guard:
    told: str = ""
    rows: int = 1_000

    def refusal(self, case: Case, statements: Sequence[Statement]) -> str:
        return self.told

    def row_limit(self, case: Case) -> int:
        return self.rows


def _report(tmp_path: Path, cases: str, *instances: Mapping[str, Gold | str], guard: Guard | None = None) -> Report:
    path = tmp_path / "suite.yaml"
    path.write_text(f"cases:\n{cases}", encoding="utf-8")
    benches = [MadeUp("base" if not number else f"seed-{number}", each) for number, each in enumerate(instances)]

    def ground(target: Target) -> Ground:
        assert target == Target()
        return Ground(benches, guard)

    return lint(Source(path), ground)


def _found(report: Report) -> list[tuple[str, str]]:
    return [(each.problem.level, each.problem.code) for each in report.findings]


ONE = "  - {id: one, question: How many?, sql: s}\n"
STRICT = "  - {id: one, question: How many?, sql: SELECT a AS n FROM t ORDER BY a LIMIT 1, ties: reject}\n"
LOOSE = STRICT.replace(", ties: reject", "")
LIMITED = "SELECT a AS n FROM t ORDER BY a LIMIT 1"
UNREAD = ("warning", "unread")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        ([_gold((7,)), _gold((8,))], []),
        ([_gold((7,)), "no such table: t"], [("error", "does_not_run")]),
        ([_gold(), _gold((8,))], [("error", "empty")]),
        ([_gold((7,)), _gold()], [("warning", "empty_somewhere")]),
        ([_gold((None,)), _gold((7,))], [("error", "only_nulls")]),
        ([_gold((7,)), _gold((None,))], [("warning", "only_nulls_somewhere")]),
        ([_gold((7, None), (8, None), columns="n m")], [("error", "only_nulls")]),
        ([_gold((7, None), (None, 8), columns="n m")], []),
        ([_gold((0,)), _gold((7,))], [("warning", "zero")]),
        ([_gold((7,)), _gold((0,))], []),
        ([_gold((0,), (1,))], []),
        ([_gold((7,)), _gold((8,), columns="m")], [("error", "shape")]),
        ([_gold((7,)), _gold((8, 9), columns="n m")], [("error", "shape")]),
        ([_gold((7,)), _gold(("7",))], [("error", "shape")]),
        ([_gold((7,), (None,)), _gold((8.5,))], []),
    ],
)  # fmt: skip
def test_what_golds_give_is_examined(
    results: list[Gold | str], expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    cases = "  - {id: one, question: How many?, sql: SELECT a AS n FROM t}\n"
    assert _found(_report(tmp_path, cases, *({"SELECT a AS n FROM t": each} for each in results))) == expected


@pytest.mark.parametrize(
    ("case", "gold", "expected"),
    [
        (STRICT, _gold((7,)), []),
        (STRICT, _gold((7,), tied=1), [("error", "tie_cut")]),
        (LOOSE, _gold((7,), tied=1), [("warning", "tie_cut")]),
        (STRICT, _gold((7,), ranked=False), [("error", "tie_unknown")]),
        (LOOSE, _gold((7,), ranked=False), []),
    ],
)
def test_a_limit_that_cuts_a_tie_is_an_error_where_ties_are_rejected(
    case: str, gold: Gold, expected: list[tuple[str, str]], tmp_path: Path
) -> None:
    assert _found(_report(tmp_path, case, {LIMITED: gold})) == expected


def test_one_gold_that_does_not_run_hides_no_other(tmp_path: Path) -> None:
    cases = "  - {id: one, question: How many?, sql: [SELECT 1 AS n, SELECT 2 AS n]}\n"
    report = _report(tmp_path, cases, {"SELECT 1 AS n": "no", "SELECT 2 AS n": _gold()})
    assert _found(report) == [("error", "does_not_run"), ("error", "empty")]


def test_a_result_longer_than_an_answer_can_be_is_an_error(tmp_path: Path) -> None:
    rows = tuple((number,) for number in range(4))
    cases = "  - {id: one, question: Which?, sql: SELECT a AS n FROM t}\n"
    found = _report(tmp_path, cases, {"SELECT a AS n FROM t": _gold(*rows)}, guard=Guard(rows=3))
    assert _found(found) == [("error", "too_long")]
    assert _found(_report(tmp_path, cases, {"SELECT a AS n FROM t": _gold(*rows)}, guard=Guard(rows=4))) == []


def test_a_gold_that_the_guard_refuses_is_a_warning(tmp_path: Path) -> None:
    cases = "  - {id: one, question: Which?, sql: SELECT a AS n FROM t}\n"
    found = _report(tmp_path, cases, {"SELECT a AS n FROM t": _gold((7,))}, guard=Guard("Hidden."))
    assert _found(found) == [("warning", "guard_refuses")]


def test_cases_whose_golds_always_give_the_same_cannot_be_told_apart(tmp_path: Path) -> None:
    cases = "".join(
        f"  - {{id: {name}, question: Of {name}?, sql: SELECT {name} AS n FROM t{more}}}\n"
        for name, more in {"a": "", "b": "", "c": "", "d": ", family: f", "e": ", family: f"}.items()
    )
    here = {f"SELECT {name} AS n FROM t": _gold((value,)) for name, value in zip("abcde", (7, 7, 7, 9, 9), strict=True)}
    there = {
        f"SELECT {name} AS n FROM t": _gold((value,)) for name, value in zip("abcde", (1, 1, 2, 3, 3), strict=True)
    }
    report = _report(tmp_path, cases, here, there)
    assert [(each.case, each.problem.code) for each in report.findings] == [("b", "same_result")]
    assert "that of a on every instance" in report.findings[0].problem.message


def test_a_family_with_two_results_is_told(tmp_path: Path) -> None:
    cases = "".join(
        f"  - {{id: {name}, question: Of {name}?, sql: SELECT {name} AS n FROM t, family: f}}\n" for name in "ab"
    )
    results = {"SELECT a AS n FROM t": _gold((1,)), "SELECT b AS n FROM t": _gold((2,))}
    report = _report(tmp_path, cases, results)
    assert [(each.case, each.problem.code) for each in report.findings] == [("b", "family_results")]


def test_a_report_is_told_in_lines_and_as_json(tmp_path: Path) -> None:
    cases = "  - id: one\n    question: How many?\n    sql: SELECT a AS n FROM t\n"
    report = _report(tmp_path, cases, {"SELECT a AS n FROM t": _gold()}, {"SELECT a AS n FROM t": _gold()})
    path = tmp_path / "suite.yaml"
    message = "no row on base, seed-1: any query that finds nothing would be right."
    assert list(lines_of(report)) == [f"{path}:4: error: one: {message}"]
    assert summary_of(report) == "suite: 1 case on base, seed-1: 1 error, 0 warnings"
    assert shape_of(report) == {
        "suite": "suite",
        "file": str(path),
        "cases": 1,
        "instances": ["base", "seed-1"],
        "errors": 1,
        "warnings": 0,
        "findings": [
            {"level": "error", "code": "empty", "case": "one", "line": 4, "key": "sql", "message": message},
        ],
    }
