"""Runs that are read without their results: what is said of them must be what is said of the whole ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evals.comparing.compare import compare_runs
from evals.errors import LogInvalid
from evals.log.records import CaseRecord, Shown, read_run
from evals.report.light import read_light_run
from evals.summary.summarise import summarise
from tests.fakes.evaluation import GOLD_TABLE, many, record, write_log

OTHER_ORDER = replace(GOLD_TABLE, rows=GOLD_TABLE.rows[::-1])
OTHER_CELL = replace(GOLD_TABLE, rows=(*GOLD_TABLE.rows[:-1], ("NL", 13)))
OTHER_COLUMN = replace(GOLD_TABLE, columns=("country", "items"))
LONG = replace(GOLD_TABLE, row_count=9_000)


def with_gold(name: str, table: Shown) -> CaseRecord:
    made = record(name)
    assert made.gold is not None
    return replace(made, gold=replace(made.gold, table=table))


@pytest.mark.parametrize(
    ("before", "now", "changed"),
    [
        (GOLD_TABLE, GOLD_TABLE, ()),
        (GOLD_TABLE, OTHER_ORDER, ()),
        (GOLD_TABLE, OTHER_CELL, ("a",)),
        (GOLD_TABLE, OTHER_COLUMN, ("a",)),
        (GOLD_TABLE, LONG, ("a",)),
        (LONG, replace(OTHER_CELL, row_count=9_000), ()),  # of a long result, other rows may have come first
    ],
)
def test_gold_rows_have_changed_where_those_of_the_whole_runs_have(
    tmp_path: Path, before: Shown, now: Shown, changed: tuple[str, ...]
) -> None:
    logs = [
        write_log(tmp_path / f"{name}.jsonl", [with_gold("a", table), record("b")])
        for name, table in (("before", before), ("now", now))
    ]
    for read in (read_run, read_light_run):
        first, second = map(read, logs)
        (comparison,) = compare_runs(first, [second])
        assert comparison.pairing.changed == changed


def test_figures_are_those_of_the_whole_run(tmp_path: Path) -> None:
    log = write_log(tmp_path / "run.jsonl", many(30, repeats=2))
    whole, light = read_run(log), read_light_run(log)
    assert summarise(light.records, light.header) == summarise(whole.records, whole.header)


@pytest.mark.parametrize("table", ["3", "{}", '{"columns": ["a"], "rows": {}, "row_count": 1}', '{"rows": [], "x": 1}'])
def test_a_result_that_is_none_is_told_with_its_line(tmp_path: Path, table: str) -> None:
    log = write_log(tmp_path / "run.jsonl", [record()])
    text = log.read_text(encoding="utf-8")
    said = text.index('"table":')
    log.write_text(text[:said] + f'"table": {table}, "was": ' + text[said + len('"table":') :], encoding="utf-8")
    with pytest.raises(LogInvalid, match="line 2"):
        read_light_run(log)
