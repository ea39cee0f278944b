"""What a terminal sees, and what a pipe does not."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from nl2sql.answer.base import Answer, ColumnLabel, StageTime
from nl2sql.catalog.model import Dataset, DataType, Field, Metric, Relationship, SemanticModel
from nl2sql.engines.base import ResultTable
from nl2sql.question import Question
from nl2sql.terminal import TERMINAL_ROWS, Page, Progress, aligned, print_answer, print_model, print_trace
from nl2sql.trace import StageEvent
from nl2sql.writers.base import Origin


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def an_ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


LABELS = (ColumnLabel("year", "plain"), ColumnLabel("sold"))


def long_answer(rows: int) -> Answer:
    result = ResultTable(pa.table({"year": list(range(2000, 2000 + rows)), "sold": [1000] * rows}), 1000, False, 1.0)
    question = Question("Sold by year?", as_of=date(2026, 6, 30))
    return Answer(question, "answered", "It is level.", table=result, columns=LABELS)


def test_a_terminal_shows_thirty_rows_and_says_how_many_more() -> None:
    out = Terminal()
    print_answer(long_answer(TERMINAL_ROWS + 1_200), out)
    assert "2029" in out.getvalue()
    assert "2030" not in out.getvalue()
    assert "… and 1,200 more rows (use --csv)" in out.getvalue()


def test_a_pipe_gets_every_row() -> None:
    out = io.StringIO()
    print_answer(long_answer(TERMINAL_ROWS + 2), out)
    assert "2031  1,000" in out.getvalue()
    assert "more rows" not in out.getvalue()


def test_years_are_written_as_years() -> None:
    out = io.StringIO()
    print_answer(long_answer(1), out)
    assert "2000  1,000" in out.getvalue()


def test_a_single_number_needs_no_table() -> None:
    out = io.StringIO()
    result = ResultTable(pa.table({"sold": [7]}), 1000, False, 1.0)
    print_answer(Answer(Question("Sold?"), "answered", "7 were sold.", table=result, columns=LABELS[1:]), out)
    assert out.getvalue().splitlines()[:2] == ["7 were sold.", ""]
    assert "sold\n" not in out.getvalue()


def test_colour_is_for_terminals_that_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    coloured, plain, piped = Terminal(), Terminal(), io.StringIO()
    Page(coloured).line("hello", "bold red")
    monkeypatch.setenv("NO_COLOR", "1")
    Page(plain).line("hello", "red")
    Page(piped).line("hello", "red")
    assert "\x1b[1;31m" in coloured.getvalue()
    assert "31m" not in plain.getvalue()
    assert piped.getvalue() == "hello\n"


def test_markup_in_data_is_only_text() -> None:
    out = Terminal()
    Page(out).table(("title",), [("[red]sale[/red] :smile:",)])
    assert "[red]sale[/red] :smile:" in out.getvalue()


def test_progress_is_for_terminals_only() -> None:
    terminal, pipe = Terminal(), io.StringIO()
    for stream in (terminal, pipe):
        progress = Progress(stream)
        progress(StageEvent("check", "started"))
        progress(StageEvent("check", "done", 1.0))
        progress.clear()
    assert "… check" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")
    assert pipe.getvalue() == ""


def test_numbers_stand_right_and_lines_have_no_tail() -> None:
    text = aligned(("name", "sold"), [("a", "1"), ("long name", "1,000")], frozenset({1}))
    assert text == "name        sold\na              1\nlong name  1,000\n"


def test_a_model_is_shown_with_what_is_sensitive() -> None:
    users = Dataset(
        "users",
        "users",
        (Field("id", "id", DataType.INTEGER), Field("email", "email", DataType.STRING, label="E-mail", sensitive=True)),
        primary_key=("id",),
    )
    model = SemanticModel(
        "shop",
        (users,),
        (Relationship("orders_user", "orders", "users", ("user_id",), ("id",), "buyer"),),
        (Metric("revenue", "SUM(orders.fee)", unit="EUR", description="What we earned."),),
    )
    out = io.StringIO()
    print_model(model, out)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert "email String E-mail [sensitive]" in lines
    assert "id Integer [key]" in lines
    assert "revenue EUR What we earned." in lines
    assert "orders.user_id users.id buyer" in lines


def test_progress_tells_how_far_a_stage_is_on_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    terminal = Terminal()
    progress = Progress(terminal)
    progress(StageEvent("write", "started"))
    progress(StageEvent("write", "progress", note="640 characters"))
    progress(StageEvent("write", "remark", note="429, again in 2.0 s\x1b[2J" + " and so on" * 20))
    lines = [each.partition("\x1b[2K")[2] for each in terminal.getvalue().split("\r") if each]
    assert lines[:2] == ["… write", "… write · 640 characters"]
    assert lines[2].startswith("… write · 429, again in 2.0 s")
    assert len(lines[2]) < 30 and "\x1b" not in lines[2]


FOLLOW_UP = Answer(
    Question("And in May?"),
    "answered",
    "7 were sold.",
    interpretation="number of sold listings, in May 2026",
    standalone="How many listings were sold in May 2026?",
)


def printed(answer: Answer) -> list[str]:
    out = io.StringIO()
    print_answer(answer, out)
    return out.getvalue().splitlines()


def test_a_follow_up_is_shown_as_the_whole_question_above_the_answer() -> None:
    assert printed(FOLLOW_UP)[:3] == [
        "Read as: How many listings were sold in May 2026?",
        "7 were sold.",
        "Computed as: number of sold listings, in May 2026",
    ]


def test_the_same_reading_is_not_told_twice() -> None:
    same = replace(FOLLOW_UP, interpretation="how many listings were sold in May 2026")
    assert printed(same)[:3] == ["Read as: How many listings were sold in May 2026?", "7 were sold.", ""]
    whole = replace(FOLLOW_UP, question=Question("Sold in May?"), standalone="", interpretation="listings sold in May")
    assert printed(whole)[:2] == ["7 were sold.", "Read as: listings sold in May"]
    assert printed(replace(whole, interpretation="Sold in May"))[:2] == ["7 were sold.", ""]


def test_an_answer_that_stands_in_says_so_once_and_without_the_outage_nobody_does() -> None:
    degraded = replace(FOLLOW_UP, origin=Origin("offline", note="the language model did not answer in time"))
    lines = printed(degraded)
    assert "The language model did not answer in time, so this was read without it." in lines
    assert "\n".join(lines).count("in time") == 1
    assert "without it" not in "\n".join(printed(replace(FOLLOW_UP, origin=Origin("offline"))))


def test_a_trace_is_aligned_and_tells_what_happened_below_each_stage() -> None:
    out = io.StringIO()
    told = ("verified: no entry", "429, again in 2.0 s\x1b[2J")
    stages = (StageTime("understand", 3.25, "2 tables"), StageTime("write", 1234.5, "llm", told), StageTime("run", 8.0))
    print_trace(replace(FOLLOW_UP, stages=stages), out)
    assert out.getvalue().splitlines() == [
        "understand         3.2 ms  2 tables",
        "write          1,234.5 ms  llm",
        "                           · verified: no entry",
        "                           · 429, again in 2.0 s [2J",
        "run                8.0 ms",
    ]


def test_a_trace_of_nothing_is_nothing() -> None:
    out = io.StringIO()
    print_trace(FOLLOW_UP, out)
    assert out.getvalue() == ""
