"""The Quality page over logs of runs: what it says of them, and that no log can break it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from evals.log.records import RunEnd, Said, Shown
from evals.outcome import Outcome
from streamlit_app.quality.runs import find_runs, read_digests
from streamlit_app.quality.words import about, certainty, headline, tag_words, whole
from tests.app.run_logs import case, cases, header, write_log

NASTY = "<script>alert(1)</script> **bold** $x$"


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "evals"
    monkeypatch.setenv("NL2SQL_EVALS", str(folder))
    return folder


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def opened(app: AppTest) -> AppTest:
    app.run()
    app.switch_page("app_pages/quality.py").run()
    assert not app.exception
    return app


def unfold(app: AppTest, key: str) -> AppTest:
    app.session_state[key] = True
    app.run()
    assert not app.exception
    return app


def sentence(folder: Path) -> str:
    digests, problems = read_digests(find_runs(folder).heads)
    assert problems == []
    return headline(digests[0])


def test_without_a_run_the_page_says_how_to_make_the_first(app: AppTest, runs: Path) -> None:
    page = shown(opened(app))
    assert "Nothing has been measured yet." in page and "make eval" in page


def test_one_sentence_says_how_many_were_right_and_how_sure_that_is(app: AppTest, runs: Path) -> None:
    write_log(runs / "a.jsonl", cases(58, "declined", "declined"))
    page = shown(opened(app))
    assert (
        "Of questions like these, 58 of 60 were answered right on 20 November 2026; 2 were declined, none was wrong."
        in page
    )
    assert "With so few questions the true share is likely between 89 and 99 %." in page
    assert "60 questions of the suite shop-dev, answered by the offline writer." in page


def test_golds_asked_of_themselves_are_no_answers_of_the_product(runs: Path) -> None:
    write_log(runs / "a.jsonl", cases(3), header(writer="gold"))
    write_log(runs / "b.jsonl", cases(2), header(writer="configured"))
    (digest,), _ = read_digests(find_runs(runs).heads)
    assert "answered by the configured writers." in about(digest)


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ([], "3 of 3 were answered right on 20 November 2026; none was wrong."),
        (["wrong_rows"], "; 1 was wrong."),
        (["guard_blocked", "timeout", "unsafe_executed", "wrong_rows"], "; 1 was refused, 1 failed, 2 were wrong."),
        (["clarified", "declined", "failed", "wrong_error"], "; 2 were declined, 2 failed, none was wrong."),
    ],
)
def test_every_outcome_has_its_word(runs: Path, outcomes: list[Outcome], words: str) -> None:
    write_log(runs / "a.jsonl", cases(3, *outcomes))
    assert sentence(runs).endswith(words)


def test_repeats_are_told_as_answers_and_make_nothing_surer_than_it_is(runs: Path) -> None:
    once = cases(18, "wrong_rows", "wrong_rows")
    write_log(runs / "a.jsonl", [replace(each, repeat=n) for n in range(3) for each in once], header(repeats=3))
    (digest,), _ = read_digests(find_runs(runs).heads)
    assert headline(digest).startswith("Of 60 answers to questions like these, 54 were right")
    interval = digest.total.accuracy_interval
    assert interval is not None and interval.high - interval.low > 0.2  # 60 independent ones would have 0.15


def test_what_must_be_declined_is_right_when_it_is(app: AppTest, runs: Path) -> None:
    said = Said("declined", "unsafe", "No.")
    write_log(runs / "a.jsonl", [*cases(2), case(2, kind="unsafe", said=said, gold=None)])
    page = shown(opened(app))
    assert "3 of 3 were answered right" in page and "1 of them must not be answered" in page


def test_broken_safety_and_broken_promises_are_told_loudly(app: AppTest, runs: Path) -> None:
    write_log(
        runs / "a.jsonl", [case(0), case(1, "unsafe_executed", kind="unsafe"), case(2, "declined", must_pass=True)]
    )
    page = shown(opened(app))
    assert "SQL ran for 1 question for which none may ever run." in page
    assert "1 question that must always be answered right was not." in page


def test_what_was_not_right_is_shown_with_what_is(app: AppTest, runs: Path) -> None:
    write_log(runs / "a.jsonl", cases(3, "declined", "wrong_rows"))
    opened(app)
    labels = [each.label for each in app.expander]
    assert labels[0].startswith("Question 4?") and "Wrong numbers or rows" in labels[0]
    unfold(app, "not-right-0-case-4")
    assert [code.value for code in app.code] == ["SELECT 4 AS said", "SELECT 4 AS gold"]
    assert "One row of 9 differs." in shown(app) and "The first 2 of 9 rows." in shown(app)


def test_results_asked_in_another_role_stay_hidden(app: AppTest, runs: Path) -> None:
    write_log(runs / "a.jsonl", [*cases(1), case(1, "wrong_rows", role="manager")])
    unfold(opened(app), "not-right-0-case-1")
    assert len(app.dataframe) == 0
    assert "in another role than yours" in shown(app)


def test_two_runs_are_compared_and_their_flips_stand_side_by_side(app: AppTest, runs: Path) -> None:
    write_log(runs / "old.jsonl", cases(40), header("2026-11-01T08:00:00+00:00"))
    write_log(runs / "new.jsonl", cases(39, "wrong_rows"))
    opened(app)
    assert "Compare two runs" in [each.label for each in app.expander]
    unfold(app, "quality-compare")
    page = shown(app)
    assert "Cannot tell B from A" in page and "Right before, and not any more: 1" in page
    unfold(app, "flip-case-39")
    assert [code.value for code in app.code] == ["SELECT 39 AS said", "SELECT 39 AS said"]


def test_runs_of_other_data_are_not_compared_and_the_reason_is_told(app: AppTest, runs: Path) -> None:
    write_log(runs / "old.jsonl", cases(4), header("2026-11-01T08:00:00+00:00", as_of="2025-06-30"))
    write_log(runs / "new.jsonl", cases(4))
    assert "not asked of the same data" in shown(unfold(opened(app), "quality-compare"))


def test_each_suite_has_its_own_runs(app: AppTest, runs: Path) -> None:
    write_log(runs / "a.jsonl", cases(9), header("2026-11-01T08:00:00+00:00", suite="hold-out"))
    write_log(runs / "b.jsonl", cases(7))
    opened(app)
    assert "7 of 7" in shown(app)
    app.selectbox(key="quality-suite").set_value("hold-out").run()
    assert "9 of 9" in shown(app)


def test_an_older_run_can_be_looked_at(app: AppTest, runs: Path) -> None:
    older = write_log(runs / "old.jsonl", cases(9), header("2026-11-01T08:00:00+00:00", label="before"))
    write_log(runs / "new.jsonl", cases(7))
    opened(app)
    app.selectbox(key="quality-run").set_value(str(older)).run()
    assert "9 of 9 were answered right on 1 November 2026" in shown(app)


def test_a_run_under_way_is_told_and_not_counted(app: AppTest, runs: Path) -> None:
    write_log(runs / "old.jsonl", cases(9), header("2026-11-01T08:00:00+00:00"))
    write_log(runs / "now.jsonl", cases(2, "wrong_rows"), header(case_count=9))
    write_log(
        runs / "poor.jsonl", cases(1), header("2026-11-02T08:00:00+00:00", case_count=9), end=RunEnd(1.0, 1, "budget")
    )
    page = shown(opened(app))
    assert "9 of 9" in page
    assert "has 3 of 9 answers: it is under way, or was killed." in page
    assert "has 1 of 9 answers: it was stopped when its budget was spent." in page


@pytest.mark.parametrize(
    "damage",
    [
        b"",
        b"no json\n",
        b'{"type": "run"}\n',
        b'{"type": "case"}\n',
        b"[1, 2]\n",
        b"\xff\xfe\x00\n",
        b"[" * 5_000 + b"\n",
    ],
)
def test_a_broken_log_is_told_and_passed_over(app: AppTest, runs: Path, damage: bytes) -> None:
    write_log(runs / "a.jsonl", cases(9))
    (runs / "broken.jsonl").write_bytes(damage)
    page = shown(opened(app))
    assert "9 of 9" in page and "Passed over: " in page and "broken.jsonl" in page
    assert str(runs) not in page


@pytest.mark.parametrize(
    "damage",
    [
        b"{}}\n",
        b"[]\n",
        b'{"type": "case", "id": "x"}\n',
        b'{"type": "case", "id": "x", "repeat": "a", "outcome": 1}\n',
    ],
)
def test_a_log_damaged_in_the_middle_is_told_with_its_line(app: AppTest, runs: Path, damage: bytes) -> None:
    path = write_log(runs / "a.jsonl", cases(9))
    path.write_bytes(path.read_bytes() + damage)
    page = shown(opened(app))
    assert "a.jsonl, line 12: this is no line of a run" in page and "9 of 9" not in page


def test_half_of_a_last_line_is_what_a_killed_run_leaves(app: AppTest, runs: Path) -> None:
    path = write_log(runs / "a.jsonl", cases(9))
    path.write_bytes(path.read_bytes() + b'{"type": "ca')
    assert "9 of 9" in shown(opened(app))


def test_a_log_that_grew_is_read_again(app: AppTest, runs: Path) -> None:
    write_log(runs / "a.jsonl", cases(9))
    assert "9 of 9" in shown(opened(app))
    write_log(runs / "a.jsonl", cases(9, "wrong_rows"))
    assert "9 of 10" in shown(app.run())


def test_what_lies_beside_a_log_is_no_log(app: AppTest, runs: Path) -> None:
    write_log(runs / "a.jsonl", cases(9))
    (runs / "a.recording.jsonl").write_text("{}\n")
    (runs / "a.prompts.jsonl").write_text("{}\n")
    assert "Passed over" not in shown(opened(app))


def test_nothing_in_a_log_becomes_markup(app: AppTest, runs: Path) -> None:
    record = case(
        1,
        "wrong_rows",
        question=NASTY,
        reason=NASTY,
        tags=(NASTY,),
        said=Said("answered", "ok", NASTY, table=Shown((NASTY, NASTY), ((NASTY, NASTY),), 1)),
    )
    write_log(runs / "a.jsonl", [case(0), record], header(suite=NASTY, label=NASTY, writer=NASTY, model=NASTY))
    unfold(opened(app), "not-right-0-case-1")
    assert "<script>alert" not in shown(app) and "&lt;script&gt;" in shown(app)
    assert "**bold**" not in "".join(each.label for each in app.expander)


def test_words_for_shares_never_round_to_all_or_nothing() -> None:
    assert [whole(each) for each in (1.0, 0.999, 0.994, 0.5, 0.004, 0.0)] == [
        "100",
        "more than 99",
        "99",
        "50",
        "less than 1",
        "0",
    ]


def test_a_tag_of_any_suite_has_words() -> None:
    assert (tag_words("top_n"), tag_words("made_up-tag")) == ("Top lists", "Made up tag")


def test_one_family_is_too_little_to_say_anything(runs: Path) -> None:
    write_log(runs / "a.jsonl", [replace(each, family="one") for each in cases(5)])
    (digest,), _ = read_digests(find_runs(runs).heads)
    assert "too few, or too much alike" in certainty(digest.total)
