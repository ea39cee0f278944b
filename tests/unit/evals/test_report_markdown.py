from __future__ import annotations

import re
from pathlib import Path

import pytest

from evals.log.records import CaseRecord
from evals.report.markdown import MAX_CHARACTERS, markdown_summary
from evals.report.reading import read_report
from tests.fakes.evaluation import GOLD_TABLE as TABLE
from tests.fakes.evaluation import HOSTILE, GoldShown, hostile, many, record, write_log


def told(folder: Path, records: list[CaseRecord], base: list[CaseRecord] | None = None) -> str:
    before = None if base is None else write_log(folder / "base.jsonl", base)
    return markdown_summary(read_report(write_log(folder / "run.jsonl", records), before))


def test_a_run_is_a_table_and_folded_lists(tmp_path: Path) -> None:
    text = told(tmp_path, [record("a"), record("b", "wrong_rows"), record("c", "declined", reason="unknown word")])
    assert text.startswith("### Evaluation: auction-smoke\n\n**1 of 3 right (33.3 %")
    assert "| Accuracy | 33.3 % | 6.1–79.2 % |" in text
    assert "<details><summary>Wrong (1)</summary>" in text
    assert "  - ≠ filter status = 'sold' missing" in text
    assert "- **c** Sold items by country – unknown word" in text


def test_a_comparison_gives_the_verdict_and_the_other_run_s_figures(tmp_path: Path) -> None:
    worse = [record(f"c{i}", "right" if i > 14 else "wrong_rows") for i in range(30)]
    text = told(tmp_path, worse, [record(f"c{i}") for i in range(30)])
    assert "**This run is worse than the base run by 50.0 points" in text
    assert "| Wrong answers | 15 | of 30 answers | 0 |" in text
    assert "<details><summary>No longer right (15)</summary>" in text
    assert "  base run:\n  ```sql\n" in text
    assert "Wrong" not in text.split("No longer right", 1)[1].replace("wrong", "")


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_huge_run_stays_below_what_a_comment_takes(tmp_path: Path, share: float) -> None:
    base = many(250, seed=2, share=0.9)
    text = told(tmp_path, many(250, seed=1, share=share), base)
    assert MAX_CHARACTERS * 0.9 < len(text) <= MAX_CHARACTERS
    assert re.search(r"… and [\d,]+ more, in the HTML report\.", text)
    assert text.count("<details>") == text.count("</details>")


def test_hostile_texts_are_nothing_but_text(tmp_path: Path) -> None:
    text = told(tmp_path, hostile())
    outside = re.sub(r"(?ms)^ *(`{3,})sql\n.*?^ *\1$", "", text)
    assert not re.findall("[\x00-\x09\x0b-\x1f\x7f\u202a-\u202e]", text)
    assert set(re.findall(r"<[^>]*>", outside)) == {"<details>", "</details>", "<summary>", "</summary>"}
    assert "`" not in outside and "\n#" not in outside.split("\n", 1)[1]
    rows = [line for line in outside.splitlines() if line.startswith("|")]
    assert {line.count("|") for line in rows} <= {4, 8}


@pytest.mark.parametrize("text", HOSTILE)
def test_a_statement_cannot_leave_its_fence(tmp_path: Path, text: str) -> None:
    sql = f"SELECT 1\n````\n{text}\n```\n</details>"
    made = told(tmp_path, [record("a", "wrong_rows", gold=GoldShown(sql, sql, (), TABLE))])
    fence = re.search(r"gold:\n  (`+)sql\n(.*?)\n  \1\n", made, re.DOTALL)
    assert fence is not None and len(fence[1]) > 4 and "</details>" in fence[2]


def test_nobody_is_called_and_no_issue_is_named(tmp_path: Path) -> None:
    made = told(tmp_path, [record("a", "wrong_rows", question="@somebody closes #1 in https://example.org/x")])
    assert "@somebody" not in made and "#1 " not in made and "https://" not in made
