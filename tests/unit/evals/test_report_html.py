from __future__ import annotations

import gzip
import io
import json
import re
from base64 import b64decode, b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from evals.log.records import CaseRecord
from evals.report import html
from evals.report.html import write_page
from evals.report.light import read_light_run
from evals.report.reading import read_report
from tests.fakes.evaluation import HEADER, HOSTILE, declined, hostile, many, record, write_log, write_prompts


def page_of(log: Path, base: Path | None = None) -> str:
    stream = io.StringIO()
    write_page(read_report(log, base), log, stream)
    return stream.getvalue()


def block(page: str, name: str) -> Any:
    found = re.search(rf'<script type="text/plain" id="{name}">([A-Za-z0-9+/=]+)</script>', page)
    assert found is not None
    return json.loads(gzip.decompress(b64decode(found[1])))


def written(folder: Path, records: list[CaseRecord], base: list[CaseRecord] | None = None) -> str:
    before = None if base is None else write_log(folder / "base.jsonl", base)
    return page_of(write_log(folder / "run.jsonl", records), before)


def test_the_policy_of_the_page_allows_its_own_style_and_script_and_nothing_else(tmp_path: Path) -> None:
    page = written(tmp_path, [record()])
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    style, script = (
        re.search(r"<style>(.*?)</style>", page, re.DOTALL),
        re.findall(r"<script>(.*?)</script>", page, re.S),
    )
    assert policy is not None and style is not None and len(script) == 1
    hashes = [f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in (style[1], script[0])]
    assert policy[1] == (
        f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]}; base-uri 'none'; form-action 'none'"
    )
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function|fetch\(", page)
    assert not re.search(r'(?:src|href)="(?!#)', page)


def test_no_text_of_the_data_stands_in_the_page_as_it_is(tmp_path: Path) -> None:
    log = write_log(tmp_path / "run.jsonl", hostile())
    page = page_of(log)
    assert not any(text in page for text in HOSTILE)
    assert page.count("<script") == page.count("</script>")
    part = block(page, "part-0")
    assert [each["question"] for each in part[: len(HOSTILE)]] == list(HOSTILE)
    assert part[0]["table"]["rows"][1] == [None, str(2**60)]
    assert len(part[-1]["sql"]) < 250_000


def test_a_hostile_name_of_a_suite_is_escaped(tmp_path: Path) -> None:
    from dataclasses import replace

    log = write_log(tmp_path / "run.jsonl", [record()], replace(HEADER, suite="</title><script>{script}\x00"))
    page = page_of(log)
    assert "<title>&lt;/title&gt;&lt;script&gt;(script) : evaluation</title>" in page


def test_the_list_finds_each_record_in_its_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(html, "CHUNK", 4)
    page = written(tmp_path, many(5, repeats=3))
    head = block(page, "head")
    assert len(head["cases"]) == 5
    for case in head["cases"]:
        for outcome, (part, place) in zip(case["o"], case["p"], strict=True):
            found = block(page, f"part-{part}")[place]
            assert (found["id"], found["outcome"]) == (case["i"], outcome)


def test_the_last_of_two_lines_for_a_case_is_the_one_that_is_shown(tmp_path: Path) -> None:
    page = written(tmp_path, [record("a", "failed"), record("b"), record("a")])
    head = block(page, "head")
    part, place = head["cases"][0]["p"][0]
    assert head["cases"][0]["o"] == ["right"]
    assert block(page, f"part-{part}")[place]["outcome"] == "right"


def test_a_wrong_answer_has_the_difference_in_words_and_marks(tmp_path: Path) -> None:
    (detail,) = block(written(tmp_path, [record(outcome="wrong_rows")]), "part-0")
    assert detail["words"] == ["filter status = 'sold' missing"]
    answer, gold = detail["marks"]
    assert (answer["rows"], gold["rows"]) == ([[], [1], [-1]], [[], [1], [-1]])


def test_the_head_has_figures_and_gates(tmp_path: Path) -> None:
    page = written(tmp_path, [record("a"), record("b", "wrong_rows", must_pass=True), declined("c", "unsafe_executed")])
    head = block(page, "head")
    assert (head["figures"]["shown"], head["figures"]["of"]) == ("33.3 %", "1 of 3 answers right")
    facts = {name: (value, mood) for name, value, mood, _ in head["facts"]}
    assert facts["Safety"] == ("broken", "bad") and facts["Must pass"] == ("0 of 1", "bad")
    assert head["notices"] == ["Safety is broken: SQL ran for c.", "Must pass is broken: b."]


def test_flips_have_both_statements(tmp_path: Path) -> None:
    base = [record("a"), record("b", "wrong_rows"), record("c")]
    page = written(tmp_path, [record("a", "wrong_rows"), record("b"), record("c")], base)
    head = block(page, "head")
    assert {case["i"]: case["f"] for case in head["cases"]} == {"a": "lost", "b": "won", "c": ""}
    a, b, c = block(page, "part-0")
    assert a["base"]["outcome"] == "right" and "status = 'sold'" in a["base"]["sql"]
    assert b["base"]["outcome"] == "wrong_rows" and c["base"] is None
    assert head["comparison"]["verdict"].startswith("Cannot tell this run from the base run")


def test_prompts_are_kept_by_paragraph_those_of_wrong_answers_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = write_log(tmp_path / "run.jsonl", many(40, share=0.5))
    names = [name for each in read_light_run(log).records for name in each.prompts]
    write_prompts(log, names)
    whole = block(page_of(log), "prompts")
    assert set(whole["prompts"]) == set(names)
    assert len(set(whole["texts"])) == len(whole["texts"]) < 200
    monkeypatch.setattr(html, "PROMPT_CHARACTERS", 8_000)
    wrong = {name for each in read_light_run(log).records if not each.is_right for name in each.prompts}
    few = set(block(page_of(log), "prompts")["prompts"])
    assert few and few <= wrong


def test_a_light_run_knows_whether_results_are_equal_and_holds_none(tmp_path: Path) -> None:
    run = read_light_run(write_log(tmp_path / "run.jsonl", [record("a"), record("b", "wrong_rows")]))
    a, b = run.records
    assert a.gold is not None and b.gold is not None and a.said.table is not None and b.said.table is not None
    assert a.gold.table == b.gold.table and a.said.table != b.said.table
    assert (a.gold.table.rows, a.gold.table.row_count) == ((), 3)


def test_a_thousand_cases_in_three_repeats_make_a_page_of_less_than_five_megabytes(tmp_path: Path) -> None:
    """By a tenth of them, with prompts: parts are packed one by one, so ten times as many are ten times as long."""
    log = write_log(tmp_path / "run.jsonl", many(100, repeats=3))
    write_prompts(log, [name for each in read_light_run(log).records for name in each.prompts])
    assert len(page_of(log)) < 500_000
