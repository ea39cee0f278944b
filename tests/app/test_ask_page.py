from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import Answer
from nl2sql.question import Question
from streamlit_app.asking.results import plain_hint
from streamlit_app.asking.state import Conversation
from streamlit_app.store.base import Request


def ask(app: AppTest, text: str) -> AppTest:
    if not app.chat_input:
        app.run()
    return app.chat_input[0].set_value(text).run()


def shown(app: AppTest) -> str:
    """All HTML on the page, without the style sheet."""
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def buttons(app: AppTest) -> dict[str, str]:
    return {str(each.key): each.label for each in app.button}


def test_the_first_page_offers_examples_of_the_model_and_shows_no_answer(app: AppTest) -> None:
    app.run()
    assert not app.exception
    assert buttons(app)["choice-examples-0"] == "Turnover by country in 2025"
    assert "30 June 2026" in shown(app)
    assert "ask-headline" not in shown(app)


def test_an_answer_shows_headline_reading_findings_receipt_table_chart_and_sql(app: AppTest) -> None:
    ask(app, "Turnover by country in 2025")
    page = shown(app)
    assert not app.exception
    assert '<h2 class="ask-headline">Germany leads with €123,456.50 of turnover' in page
    assert "Read as: turnover by country in 2025, highest first" in page
    assert "gross turnover" in page
    assert "June 2026 is not over" in page
    assert "What was computed" in page
    assert "<dt>Period</dt>" in page
    assert "Offline writer" in page
    assert app.dataframe[0].value.shape == (3, 3)
    assert len(app.get("plotly_chart")) == 1
    assert app.code[0].value.startswith("SELECT country, SUM(amount)")
    assert app.session_state["export-1"] is False, "the downloads, closed"


def test_the_text_that_ran_is_one_click_away_from_the_sql_people_read(app: AppTest) -> None:
    ask(app, "Turnover by country in 2025")
    assert len(app.code) == 1
    app.toggle(key="executed-1").set_value(True).run()
    assert app.toggle(key="executed-1").label == "As executed"
    assert "FROM (SELECT orders.amount" in app.code[1].value


def test_an_example_is_asked_with_one_click(app: AppTest, pipeline: Any) -> None:
    app.run()
    app.button(key="choice-examples-1").click().run()
    assert [question.text for question, _ in pipeline.asked] == ["How many orders were placed last month?"]
    assert "ask-headline" in shown(app)


def test_values_headlines_and_questions_never_act_as_html_or_markdown(app: AppTest) -> None:
    ask(app, "flibber <img src=x onerror=alert(1)> $a$")
    ask(app, "**Turnover** <img src=x onerror=alert(1)> :rocket: $a$ [x](http://evil.example)")
    page = shown(app)
    assert "<img" not in page and "<script>alert" not in page and "<i>gibbet" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    ask(app, "Turnover again")
    folded = next(each.label for each in app.expander if "Turnover" in each.label)
    assert folded.startswith(
        "\\*\\*Turnover\\*\\* \\<img src\\=x onerror\\=alert\\(1\\)\\> :\u2060rocket: \\$a\\$ \\[x\\]"
    )
    assert not any(each.value.count("$") and "\\$" not in each.value for each in app.markdown)


def test_each_stage_is_reported_while_it_works(app: AppTest, pipeline: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from streamlit_app import widgets

    lines: list[str] = []
    real = widgets.stage_done
    monkeypatch.setattr(widgets, "stage_done", lambda event: (lines.append(event.stage), real(event)))
    ask(app, "Turnover")
    assert lines == ["understand", "write", "check", "run", "explain"]
    assert not app.status, "the progress makes room for the answer"


def test_a_clarification_offers_its_readings_and_asks_the_one_that_is_picked(app: AppTest, pipeline: Any) -> None:
    ask(app, "which turnover?")
    assert "Do you mean when orders were placed" in shown(app)
    app.button(key="choice-1-1").click().run()
    assert pipeline.asked[-1][0].text == "Turnover by month of paying"
    assert "Germany leads" in shown(app)


def test_an_explanation_shows_its_lines_and_what_can_be_asked(app: AppTest) -> None:
    ask(app, "what does turnover mean?")
    page = shown(app)
    assert "“turnover”: the sum of order totals." in page
    assert "Periods go by the day of &lt;b&gt;placing&lt;/b&gt;." in page
    assert buttons(app)["choice-1-0"] == "Turnover by country in 2025"
    assert not app.dataframe


def test_a_declined_question_names_its_reason_the_unknown_words_and_what_can_be_asked(app: AppTest) -> None:
    ask(app, "flibber by country")
    page = shown(app)
    assert "Part of the question has no meaning in this data." in page
    assert "Not understood: “flibber”, “&lt;i&gt;gibbet&lt;/i&gt;”." in page
    assert buttons(app)["choice-1-0"] == "Turnover by country in 2025"
    assert not app.dataframe
    assert not app.get("plotly_chart")


def test_words_that_the_reason_names_are_not_named_twice_and_protected_ones_are_not_called_unknown(
    app: AppTest, pipeline: Any
) -> None:
    def protected(question: Question) -> Answer:
        return Answer(question, "declined", "“emails” is protected.", "sensitive", unknown_words=("emails",))

    pipeline.scripts |= {
        "mails": protected,
        "zog": lambda q: Answer(q, "declined", "What is “zog”?", "not_understood", unknown_words=("zog",)),
    }
    ask(app, "mails")
    assert "This is protected" in shown(app) and "Not understood" not in shown(app)
    ask(app, "zog")
    assert "What is “zog”?" in shown(app) and "Not understood" not in shown(app)


def test_a_writer_that_is_away_can_be_asked_again(app: AppTest, pipeline: Any) -> None:
    pipeline.scripts["away"] = lambda q: Answer(q, "declined", "The model cannot be reached.", "unavailable")
    ask(app, "away")
    pipeline.scripts.clear()
    app.button(key="retry-1").click().run()
    assert pipeline.asked[-1][1] is True
    assert "Germany leads" in shown(app)


def test_a_refused_statement_says_why_and_can_be_edited(app: AppTest, pipeline: Any) -> None:
    ask(app, "private mails")
    assert "The column email is private." in shown(app)
    app.text_area(key="edited-1").set_value("SELECT country FROM orders")
    app.button(key="run-1").click().run()
    assert [sql for sql, _ in pipeline.ran] == ["SELECT country FROM orders"]
    assert "Your SQL" in shown(app)


def test_what_the_guard_tells_a_model_is_told_to_a_person_without_its_codes() -> None:
    told = "[unknown_column] Did you mean mail (the address)? (at: users.mial)\n[no_join] Join a and b. (at: a, b)"
    assert plain_hint(told) == "Did you mean mail (the address)? Join a and b."
    assert plain_hint("Ask for a count instead.") == "Ask for a count instead."


@pytest.mark.parametrize("typed", ["SELECT country FROM orders", "with x as (select 1 from orders) select * from x"])
def test_sql_in_the_question_box_is_run_as_sql(app: AppTest, pipeline: Any, typed: str) -> None:
    ask(app, typed)
    assert [sql for sql, _ in pipeline.ran] == [typed]
    assert pipeline.asked == []


def test_a_failure_says_so_and_can_be_tried_again_without_the_cache(app: AppTest, pipeline: Any) -> None:
    ask(app, "slow turnover")
    assert "The database was stopped after 10 seconds." in shown(app)
    assert "Ask for a shorter period." in shown(app)
    pipeline.scripts.clear()
    app.button(key="retry-1").click().run()
    assert [(question.text, fresh) for question, fresh in pipeline.asked] == [
        ("slow turnover", False),
        ("slow turnover", True),
    ]
    assert "Germany leads" in shown(app)


def test_edited_sql_runs_as_the_person_who_asked_and_through_the_same_guard(app: AppTest, pipeline: Any) -> None:
    ask(app, "Turnover")
    app.text_area(key="edited-1").set_value("SELECT email FROM orders")
    app.button(key="run-1").click().run()
    assert [(sql, principal.role) for sql, principal in pipeline.ran] == [("SELECT email FROM orders", "analyst")]
    assert "The column email is private." in shown(app)
    assert "SQL: SELECT email FROM orders" in shown(app)


def test_edited_sql_names_the_answer_it_corrects_and_sql_that_nobody_changed_names_none(
    app: AppTest, pipeline: Any
) -> None:
    ask(app, "Turnover")
    app.button(key="run-1").click().run()
    app.text_area(key="edited-2").set_value("SELECT country FROM orders")
    app.button(key="run-2").click().run()
    assert pipeline.corrected == ["", pipeline.ids[1]]


@pytest.mark.parametrize("text", ["", "   ", "???"])
def test_a_question_without_words_gets_a_sentence_and_is_not_asked(app: AppTest, pipeline: Any, text: str) -> None:
    ask(app, text)
    assert "Please type a question" in shown(app)
    assert pipeline.asked == []
    assert not app.exception


def test_ten_thousand_characters_get_a_sentence_and_are_not_asked(app: AppTest, pipeline: Any) -> None:
    ask(app, "x" * 10_000)
    assert "10,000 characters long" in shown(app)
    assert pipeline.asked == []
    ask(app, "Turnover")
    assert "characters long" not in shown(app)


def test_an_unexpected_error_shows_a_reference_that_the_log_holds_and_no_traceback(
    app: AppTest, pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def explode(question: Question) -> Answer:
        raise ZeroDivisionError("mysql://reader:hunter2@db/shop")

    pipeline.scripts["boom"] = explode
    ask(app, "boom")
    page = shown(app)
    assert not app.exception
    assert "ZeroDivisionError" not in page and "Traceback" not in page
    reference = page.split("reference ")[1][:8]
    assert reference in caplog.text and "ZeroDivisionError" in caplog.text
    assert "hunter2" not in caplog.text
    pipeline.scripts.clear()
    app.button(key="ask-again").click().run()
    assert "Germany leads" in shown(app)


def test_an_answer_that_cannot_be_drawn_leaves_the_rest_of_the_page_standing(
    app: AppTest, pipeline: Any, caplog: pytest.LogCaptureFixture
) -> None:
    def with_a_broken_chart(question: Question) -> Answer:
        answer = pipeline.answered(question)
        assert answer.chart is not None
        return replace(answer, chart=replace(answer.chart, x="no_such_column"))

    pipeline.scripts["broken"] = with_a_broken_chart
    ask(app, "broken chart")
    assert "Germany leads" in shown(app)
    assert "pass on the reference" in shown(app)
    assert "What was computed" in shown(app)
    assert "no_such_column" in caplog.text


def test_the_conversation_survives_a_visit_to_the_other_page(app: AppTest) -> None:
    ask(app, "Turnover")
    app.switch_page("app_pages/data.py").run()
    assert "Germany leads" not in shown(app)
    app.switch_page("app_pages/ask.py").run()
    assert "Germany leads" in shown(app)


def test_earlier_answers_fold_under_the_newest_and_unfold_again(app: AppTest) -> None:
    ask(app, "Turnover one")
    ask(app, "flibber two")
    assert "Germany leads" not in shown(app)
    assert [each.label for each in app.expander if each.label.startswith("Turnover one")]
    app.session_state["fold-1"] = True
    app.run()
    assert "Germany leads" in shown(app)


def test_a_new_conversation_forgets_the_old_one(app: AppTest) -> None:
    ask(app, "Turnover")
    app.button(key="clear").click().run()
    assert "Germany leads" not in shown(app)
    assert "choice-examples-0" in buttons(app)


def test_a_follow_up_carries_the_answered_questions_before_it(app: AppTest, pipeline: Any) -> None:
    for text in ("Turnover one", "flibber", "and by month?"):
        ask(app, text)
    history = pipeline.asked[-1][0].history
    assert [turn.question for turn in history] == ["Turnover one"]
    assert history[0].sql is not None and history[0].sql.startswith("SELECT country")


def test_another_view_of_the_chart_does_not_ask_again(app: AppTest, pipeline: Any) -> None:
    ask(app, "Turnover")
    control = app.segmented_control(key="view-1")
    assert control.options == ["Bars", "Table only"], "no line between categories"
    control.set_value("table").run()
    assert not app.get("plotly_chart")
    assert app.dataframe
    assert len(pipeline.asked) == 1


@pytest.mark.parametrize(
    ("rows", "truncated", "said"), [(1, False, ">1 row<"), (20, True, ">The first 20 rows of more<")]
)
def test_the_number_of_rows_is_told_and_a_cut_result_says_so(
    app: AppTest, pipeline: Any, rows: int, truncated: bool, said: str
) -> None:
    pipeline.scripts["rows"] = lambda question: replace(
        pipeline.answered(question), table=pipeline.table(rows, truncated=truncated)
    )
    ask(app, "rows")
    assert said in shown(app)


def test_cells_are_shown_as_the_headline_shows_them_and_keep_their_numbers(app: AppTest) -> None:
    ask(app, "Turnover")
    frame = app.dataframe[0]
    assert "€123,456.50" in frame.proto.arrow_data.styler.display_values.decode(errors="replace")
    assert str(frame.value["turnover"].iloc[0]) == "123456.50"


def test_a_question_that_was_stopped_can_be_asked_again(app: AppTest, pipeline: Any) -> None:
    app.session_state["conversation"] = Conversation(running=Request("Turnover by <b>month</b>"))
    app.run()
    assert "was stopped before its answer came" in shown(app)
    assert "Turnover by &lt;b&gt;month&lt;/b&gt;" in shown(app)
    app.button(key="ask-again").click().run()
    assert [question.text for question, _ in pipeline.asked] == ["Turnover by <b>month</b>"]
    assert "was stopped" not in shown(app)
