"""The scorecard of a corpus: what a terminal sees, what a pipe gets, what the docs hold."""

from __future__ import annotations

import io

import pytest

from nl2sql.guard.corpus import CorpusLine, CorpusResult, Counts
from nl2sql.scorecard import markdown, print_scorecard, print_trial, sentence
from nl2sql.terminal import CountProgress
from nl2sql.trial.run import FailedRun, TrialReport


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def an_ordinary_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def refused(number: int, expect: str = "", category: str = "x") -> CorpusResult:
    line = CorpusLine(f"line {number}", f"SELECT {number}", "sqlite", category, expect)  # type: ignore[arg-type]
    return CorpusResult(line, None, "function", "It is not allowed.")


def test_a_pipe_gets_aligned_text_and_a_terminal_colours() -> None:
    results = [refused(1, "refused"), refused(2, "accepted", "y")]
    pipe, terminal = io.StringIO(), Terminal()
    print_scorecard(results, 0, pipe)
    print_scorecard(results, 0, terminal)
    assert "\x1b" not in pipe.getvalue() and "\x1b[" in terminal.getvalue()
    lines = pipe.getvalue().splitlines()
    assert lines[0].split("  ")[0] == "category"
    assert [line.split() for line in lines[1:4]] == [
        ["x", "1", "1", "0", "1", "0"],
        ["y", "1", "1", "0", "0", "1"],
        ["all", "2", "2", "0", "1", "1"],
    ]
    assert "line 2 was refused, not accepted" in lines and "    function: It is not allowed." in lines


def test_only_the_first_twenty_surprises_are_shown() -> None:
    out = io.StringIO()
    print_scorecard([refused(n, "accepted") for n in range(25)], 0, out)
    assert out.getvalue().count("was refused, not accepted") == 20
    assert "… and 5 more (use --json)" in out.getvalue()


@pytest.mark.parametrize(
    ("counts", "skipped", "text"),
    [
        (Counts(1200, 1000, 200, 1200, 0), 0, "1,200 statements: 1,000 refused, 200 accepted. All as expected."),
        (Counts(3, 1, 2, 1, 2), 0, "3 statements: 1 refused, 2 accepted. 2 not as expected."),
        (Counts(3, 1, 2, 1, 0), 4, "3 statements: 1 refused, 2 accepted; 4 of other dialects skipped."),
        (Counts(), 0, "0 statements: 0 refused, 0 accepted."),
    ],
)
def test_one_sentence_sums_it_up(counts: Counts, skipped: int, text: str) -> None:
    assert sentence(counts, skipped) == text


def test_the_docs_get_a_table_with_a_total() -> None:
    table = markdown([refused(1), refused(2, "refused", "y")], "category", lambda line: line.category)
    assert table.splitlines() == [
        "| category | statements | refused | accepted | as expected | unexpected |",
        "|---|---:|---:|---:|---:|---:|",
        "| x | 1 | 1 | 0 | – | – |",
        "| y | 1 | 1 | 0 | 1 | 0 |",
        "| all | 2 | 2 | 0 | 1 | 0 |",
    ]


def test_a_trial_says_what_ran_and_what_changed() -> None:
    out = io.StringIO()
    failed = tuple(FailedRun(str(n), "It was too much.") for n in range(7))
    print_trial(TrialReport(9, failed, ("rows: bids has changed",), ("rows", "tables")), out)
    assert out.getvalue().startswith("9 executed, 7 failed to run, something changed.\n")
    assert "  rows: bids has changed\n" in out.getvalue()
    assert out.getvalue().count("It was too much.") == 5 and "… and 2 more" in out.getvalue()
    out = io.StringIO()
    print_trial(TrialReport(9, (), (), ("rows",)), out)
    assert out.getvalue().startswith("9 executed, nothing changed.\n")


def test_progress_is_for_terminals_and_leaves_nothing_behind() -> None:
    pipe, terminal = io.StringIO(), Terminal()
    for stream in (pipe, terminal):
        with CountProgress(stream, 1_000, "judged") as progress:
            for done in range(1, 1_001):
                progress(done)
    assert pipe.getvalue() == ""
    assert "… 500 of 1,000 judged" in terminal.getvalue()
    assert terminal.getvalue().endswith("\r\x1b[2K")
    assert terminal.getvalue().count("\r") <= 110
