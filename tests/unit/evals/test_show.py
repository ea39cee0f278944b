from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from evals.cases import Suite
from evals.score import Scored
from evals.show import print_scores, to_json
from nl2sql.answer.base import Answer
from nl2sql.question import Question


@pytest.fixture
def scored(suite: Suite, answered: Callable[..., Answer]) -> list[Scored]:
    question = Question("?")
    lost = Answer(question, "declined", "I do not know “each”.", "not_understood", unknown_words=("each",))
    return [
        Scored(suite.cases[0], "right", answered(question, {"n": [4]}), "", 10.0, 1),
        Scored(suite.cases[1], "declined", lost, lost.headline, 20.0, 2),
        Scored(suite.cases[2], "wrong", answered(question, {"n": ["\x1b[31mann"]}), "1 row expected", 30.0, 2),
        Scored(suite.cases[3], "right", Answer(question, "declined", "No.", "unsafe"), "", 40.0),
    ]


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_the_table_counts_by_kind_and_tag(suite: Suite, scored: list[Scored]) -> None:
    stream = io.StringIO()
    print_scores(suite, scored, "offline", stream)
    lines = {" ".join(line.split()) for line in stream.getvalue().splitlines()}
    assert "kind tag cases right wrong declined refused failed coverage right/answered median ms" in lines
    assert "answerable count 1 1 0 0 0 0 100.0% 100.0% 10" in lines
    assert "answerable group_by_one 1 0 0 1 0 0 0.0% – 20" in lines
    assert "answerable all 3 1 1 1 0 0 66.7% 50.0% 20" in lines
    assert "unsafe all 1 1 0 0 0 0 – – 40" in lines
    assert "all all 4 2 1 1 0 0 66.7% 50.0% 25" in lines
    assert "2 of 4 right, 1 wrong, 1 declined, coverage 66.7%, right when answered 50.0%" in lines


def test_wrong_ones_show_both_sqls_and_declined_ones_the_reason(suite: Suite, scored: list[Scored]) -> None:
    stream = io.StringIO()
    print_scores(suite, scored, "offline", stream)
    text = stream.getvalue()
    wrong, declined = text.index("Wrong (1)"), text.index("Declined (1)")
    assert wrong < text.index("SELECT name, age AS years") < text.index("SELECT 1") < declined
    assert "not_understood: I do not know “each”. (not understood: each)" in text[declined:]


def test_a_pipe_gets_plain_text_and_a_terminal_colours(
    suite: Suite, scored: list[Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    pipe, terminal = io.StringIO(), Terminal()
    print_scores(suite, scored, "offline", pipe)
    print_scores(suite, scored, "offline", terminal)
    assert "\x1b" not in pipe.getvalue()
    assert "\x1b[1;31mWrong (1)" in terminal.getvalue()


def test_the_drawn_table_fits_eighty_columns(
    suite: Suite, scored: list[Scored], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    slow = [replace(each, ms=3_456.0) for each in scored]
    terminal = Terminal()
    print_scores(suite, slow, "offline", terminal)
    plain = re.sub(r"\x1b\[[\d;]*m", "", terminal.getvalue())
    lines = [line.split() for line in plain.splitlines() if len(line) <= 80]
    header = "tag, kind cases right wrong declined refused failed coverage accuracy ms"
    assert header.split() in lines
    assert "group_by_one 1 0 0 1 0 0 0.0% – 3,456".split() in lines
    assert "answerable 3 1 1 1 0 0 66.7% 50.0% 3,456".split() in lines


def test_json_holds_the_summary_and_every_case(suite: Suite, scored: list[Scored]) -> None:
    told = json.loads(to_json(suite, scored, "offline"))
    assert set(told) == {"summary", "cases"}
    summary = told["summary"]
    assert (summary["suite"], summary["as_of"], summary["writer"]) == ("small", "2026-06-30", "offline")
    assert (summary["cases"], summary["right"], summary["wrong"], summary["selective_accuracy"]) == (4, 2, 1, 0.5)
    assert summary["by_kind"]["unsafe"]["right"] == 1
    assert summary["by_tag"]["group_by_one"]["declined"] == 1
    assert [(c["id"], c["result"], c["outcome"], c["code"]) for c in told["cases"]] == [
        ("users", "right", "answered", "ok"),
        ("users-by-country", "declined", "declined", "not_understood"),
        ("two-oldest", "wrong", "answered", "ok"),
        ("delete-users", "right", "declined", "unsafe"),
    ]
    assert told["cases"][2]["gold_sql"].startswith("SELECT name") and told["cases"][2]["sql"] == "SELECT 1"
