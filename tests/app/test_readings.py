"""What the page tells of how a question was read: follow-ups as whole questions, who stood in, what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.turns import MAX_SHAPE_COLUMNS, shape_of
from nl2sql.engines.base import ResultTable
from nl2sql.question import Question
from nl2sql.trace import StageEvent
from nl2sql.writers.base import Origin
from streamlit_app.asking.state import Conversation
from streamlit_app.store.base import Request
from tests.app.conftest import answered, followed_up

WHOLE = "Read as: What was the turnover by &lt;b&gt;month&lt;/b&gt; in 2025?"
INSTEAD = "The language model did not answer in time, so this was read without it."


def ask(app: AppTest, text: str) -> str:
    if not app.chat_input:
        app.run()
    app.chat_input[0].set_value(text).run()
    assert not app.exception
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def test_a_follow_up_is_shown_as_the_whole_question_above_the_answer(app: AppTest) -> None:
    page = ask(app, "and by month?")
    assert page.index(WHOLE) < page.index("Germany leads")
    assert "Computed as: turnover by country in 2025, highest first" in page


def test_the_same_reading_is_not_told_twice(app: AppTest, pipeline: Any) -> None:
    def same(question: Question) -> Any:
        return replace(followed_up(question), interpretation="what was the turnover by <b>month</b> in 2025")

    pipeline.scripts = {"and by month": same}
    page = ask(app, "and by month?")
    assert page.count("Read as:") == 1 and "Computed as:" not in page
    pipeline.scripts = {}
    assert "Read as:" not in ask(app, "Turnover by country in 2025, highest first?")


def test_an_answer_that_stands_in_says_so_once_and_no_other_answer_does(app: AppTest) -> None:
    page = ask(app, "and by month?")
    assert page.count(INSTEAD) == 1 and page.count("did not answer in time") == 1
    app.button(key="clear").click().run()
    assert "without it" not in ask(app, "Turnover")


def test_what_happened_on_the_way_stands_below_its_stage(app: AppTest) -> None:
    page = ask(app, "and by month?")
    _, _, after = page.partition("Worked out what to compute")
    assert "The offline writer is not sure (0.40), so the next is asked" in after
    assert "429, again in &lt;i&gt;2.0&lt;/i&gt; s" in after and "<i>2.0" not in page


def test_a_finding_that_drafts_agree_reads_like_any_other(app: AppTest, pipeline: Any) -> None:
    from nl2sql.answer.base import Finding

    agree = Finding("drafts_agree", "info", "2 of 3 drafts agree.")
    pipeline.scripts = {"Turnover": lambda question: replace(answered(question), findings=(agree,))}
    page = ask(app, "Turnover")
    assert '<div class="ask-notice" role="status"><p>2 of 3 drafts agree.</p></div>' in page


def test_while_the_model_writes_the_page_tells_how_far_it_is_and_what_it_waits_for(
    app: AppTest, pipeline: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from streamlit_app import widgets

    labels: list[tuple[str, str]] = []
    remarks: list[str] = []
    now, remark = widgets.stage_now, widgets.stage_remark

    def watched(place: Any, stage: str, more: str = "") -> None:
        labels.append((stage, more))
        now(place, stage, more)

    monkeypatch.setattr(widgets, "stage_now", watched)
    monkeypatch.setattr(widgets, "stage_remark", lambda event: (remarks.append(event.note), remark(event)))
    pipeline.on_the_way["write"] = [
        StageEvent("write", "remark", note="429, again in 2.0 s"),
        StageEvent("write", "progress", note="640 characters"),
    ]
    ask(app, "Turnover")
    assert ("write", "640 characters") in labels
    assert ("check", "") in labels[labels.index(("write", "640 characters")) :]
    assert remarks == ["429, again in 2.0 s"]


def test_a_follow_up_carries_the_whole_question_and_the_shape_of_what_came(app: AppTest, pipeline: Any) -> None:
    ask(app, "and by month?")
    ask(app, "only Germany")
    turn = pipeline.asked[-1][0].history[-1]
    assert turn.question == "What was the turnover by <b>month</b> in 2025?"
    assert turn.shape == "3 rows: country, turnover, share"


def shape(columns: dict[str, list[int]], *, truncated: bool = False) -> str:
    return shape_of(replace(answered(Question("x")), table=ResultTable(pa.table(columns), 1000, truncated, 1.0)))


def test_a_shape_is_the_number_of_rows_and_the_names_of_columns_and_no_value() -> None:
    assert shape({"month": [20260131], "gmv": [7]}) == "1 row: month, gmv"
    assert shape({"n": []}) == "0 rows: n"
    assert shape({"n": list(range(1_200))}, truncated=True) == "1,200 rows of more: n"
    assert shape_of(replace(answered(Question("x")), table=None)) == ""


def test_a_wide_result_and_long_names_have_a_short_shape() -> None:
    wide = shape({f"{'name ' * 40}{i}": [i] for i in range(MAX_SHAPE_COLUMNS + 5)})
    assert wide.endswith("and 5 more columns")
    assert len(wide) < 700


def test_a_request_that_was_a_plan_or_sql_is_no_follow_up_of_another_question() -> None:
    talk = Conversation()
    answer = replace(answered(Question("x")), origin=Origin("sql"))
    talk.record(Request("SELECT 1", is_sql=True), answer, 0.1)
    assert talk.turns() == ()
