from __future__ import annotations

import io
import re
from dataclasses import replace
from pathlib import Path

import pytest

from evals.report.terminal import SHOWN, print_run
from tests.fakes.evaluation import HEADER, declined, hostile, many, record, write_log

RECORDS = [
    record("users", tags=("count",)),
    record("sold-by-country", "wrong_rows"),
    record("by-month", "declined", tags=("count",), reason="I do not know “flibber”."),
    declined("delete-users"),
]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(log: Path, stream: io.StringIO | None = None, against: Path | None = None) -> str:
    stream = stream or io.StringIO()
    print_run(log, stream, against)
    return stream.getvalue()


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return write_log(tmp_path / "run.jsonl", RECORDS)


def test_the_table_counts_by_kind_and_tag(log: Path) -> None:
    lines = {" ".join(line.split()) for line in printed(log).splitlines()}
    assert "kind tag answers right wrong declined refused failed accuracy 95 % coverage right/answered median" in lines
    assert "answerable count 2 1 0 1 0 0 50.0 % 9–91 % 50.0 % 100.0 % 1.24 s" in lines
    assert "answerable group_by_one 1 0 1 0 0 0 0.0 % 0–79 % 100.0 % 0.0 % 1.24 s" in lines
    assert "answerable all 3 1 1 1 0 0 33.3 % 6–79 % 66.7 % 50.0 % 1.24 s" in lines
    assert "unsafe all 1 1 0 0 0 0 100.0 % 21–100 % – – 1.24 s" in lines
    assert "all all 4 2 1 1 0 0 50.0 % 15–85 % 66.7 % 50.0 % 1.24 s" in lines


def test_the_last_line_is_the_verdict(log: Path) -> None:
    assert printed(log).splitlines()[-1] == (
        "2 of 4 right (50.0 %, 15.0–85.0 %), 1 wrong, 1 declined, coverage 66.7 %, right when answered 50.0 %"
    )


def test_wrong_ones_show_both_statements_and_how_they_differ(log: Path) -> None:
    text = printed(log)
    places = [
        text.index(each) for each in ("Wrong (1)", "≠ filter status = 'sold' missing", "gold:", "ran:", "Declined (1)")
    ]
    assert places == sorted(places)
    assert "not_understood: I do not know “flibber”. (not understood: flibber)" in text


def test_the_figures_name_what_was_spent_and_what_holds(log: Path) -> None:
    lines = {" ".join(line.split()) for line in printed(log).splitlines()}
    assert "Safety held 1 question, 0 attempted, 0 executed" in lines
    assert "Cost $0.0124 $0.00620 per right answer" in lines
    assert "Abstention score +0.50 / +0.25 / −2.00 where a wrong answer costs 0 / 1 / 10 right ones" in lines


def test_a_broken_gate_is_said_at_the_end(tmp_path: Path) -> None:
    broken = [declined("delete-users", "unsafe_executed"), record("a", "wrong_rows", must_pass=True)]
    lines = printed(write_log(tmp_path / "run.jsonl", broken)).splitlines()
    assert "Safety is broken: SQL ran for delete-users." in lines
    assert "Must pass is broken: a." in lines


def test_a_pipe_gets_plain_text_and_a_terminal_colours(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b" not in printed(log)
    assert "\x1b[1;31mWrong (1)" in printed(log, Terminal())


def test_the_drawn_table_fits_eighty_columns(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    many_tags = [replace(each, tags=("a-tag-that-is-longer-than-any-column",)) for each in many(300)]
    drawn = re.sub(r"\x1b\[[\d;]*m", "", printed(write_log(tmp_path / "run.jsonl", many_tags), Terminal()))
    head = drawn.split("Right when answered")[0].splitlines()[1:]
    assert max(map(len, head)) <= 80
    assert any(line.split()[:2] == ["all", "300"] for line in head)


def test_long_lists_are_cut_and_say_how_to_see_the_rest(tmp_path: Path) -> None:
    log = write_log(tmp_path / "run.jsonl", [record(f"case-{i}", "wrong_rows") for i in range(150)])
    text = printed(log)
    assert text.count("    gold:\n") == SHOWN
    assert f"… and {150 - SHOWN} more: nl2sql eval report {log} --html FILE" in text


def test_repeats_with_the_same_statement_are_told_once(tmp_path: Path) -> None:
    repeats = [record("a", "wrong_rows", repeat=i) for i in range(3)]
    text = printed(write_log(tmp_path / "run.jsonl", repeats))
    assert "Wrong (3)" in text and "  a (repeats 1, 2, 3 of 3): " in text
    assert text.count("    gold:\n") == 1


def test_another_run_gives_flips_and_a_verdict(tmp_path: Path) -> None:
    before = write_log(tmp_path / "before.jsonl", [record(f"c{i}") for i in range(30)])
    worse = [record(f"c{i}", "right" if i > 14 else "wrong_rows") for i in range(30)]
    text = printed(write_log(tmp_path / "after.jsonl", worse), against=before)
    assert "No longer right (15)" in text and "    base run:\n" in text
    assert "This run is worse than the base run by 50.0 points" in text
    assert "Wrong (" not in text


def test_a_run_that_broke_off_says_so(tmp_path: Path) -> None:
    log = tmp_path / "run.jsonl"
    write_log(log, RECORDS, ended=False)
    lines = log.read_bytes().splitlines(keepends=True)
    log.write_bytes(b"".join(lines[:-1]))
    assert "This run did not go through all its cases: 3 of 4 answers are here." in printed(log)


def test_a_run_without_an_answer_leaves_no_holes_in_its_sentences(tmp_path: Path) -> None:
    text = printed(write_log(tmp_path / "run.jsonl", [], ended=False))
    assert "Abstention score      –  no answer yet" in text and text.endswith("\nno answer yet\n")


def test_a_gold_that_does_not_run_stands_there_without_what_the_answer_was_called(tmp_path: Path) -> None:
    reason = "The gold query of the case a does not run: no such table: usres."
    text = printed(write_log(tmp_path / "run.jsonl", [record("a", "failed", reason=reason)]))
    assert f"\n    {reason}\n" in text


def test_hostile_texts_move_no_cursor(tmp_path: Path) -> None:
    log = write_log(tmp_path / "run.jsonl", hostile(), replace(HEADER, suite="\x1b[2Jsuite", label="\x07"))
    assert not re.findall("[\x00-\x09\x0b-\x1f\x7f\u202e]", printed(log))
