"""The tables of docs/evals-statistics.md that come from formulas are what the formulas give."""

from __future__ import annotations

from pathlib import Path

from evals.stats.power import cases_needed, smallest_detectable_gap

PAGE = (Path(__file__).parents[2] / "docs" / "evals-statistics.md").read_text(encoding="utf-8")
PARTED = (0.05, 0.1, 0.15, 0.2, 0.3)


def rows(name: str) -> list[list[str]]:
    table = PAGE.split(f"<!-- {name}: begin -->\n")[1].split(f"<!-- {name}: end -->")[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_the_table_of_gaps_is_what_the_function_gives() -> None:
    told = rows("gaps")
    assert [row[0] for row in told] == ["30", "60", "100", "200", "300", "500", "1000", "2000"]
    for cases, *gaps in told:
        assert gaps == [f"{100 * smallest_detectable_gap(int(cases), parted):.1f}" for parted in PARTED]


def test_the_table_of_cases_is_what_the_function_gives() -> None:
    told = rows("cases")
    assert [row[0] for row in told] == ["2", "3", "5", "10"]
    for gap, *cases in told:
        assert cases == [f"{cases_needed(int(gap) / 100, parted):,}" for parted in PARTED]
