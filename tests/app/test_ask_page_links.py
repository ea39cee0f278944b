"""Questions that arrive in the address of the page."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def follow(app: AppTest, text: str) -> AppTest:
    app.query_params["q"] = text
    app.run()
    assert not app.exception
    return app


def test_a_question_in_a_link_is_asked_once_and_leaves_the_address_clean(app: AppTest, pipeline: Any) -> None:
    follow(app, "Turnover  by\ncountry")
    assert "Germany leads" in shown(app)
    assert "q" not in app.query_params
    app.run()
    assert [question.text for question, _ in pipeline.asked] == ["Turnover by country"]


@pytest.mark.parametrize(
    "sql", ["SELECT country FROM orders", "select 1", "WITH x AS (SELECT 1 FROM orders) SELECT * FROM x"]
)
def test_sql_in_a_link_is_put_into_the_box_and_not_run(app: AppTest, pipeline: Any, sql: str) -> None:
    follow(app, sql)
    assert (pipeline.ran, pipeline.asked) == ([], [])
    assert app.chat_input[0].proto.set_value and app.chat_input[0].proto.value == sql
    assert "Nothing has run" in shown(app)
    app.chat_input[0].set_value(sql).run()
    assert len(pipeline.ran) + len(pipeline.asked) == 1, "a person may send it"


def test_sql_behind_a_comment_is_at_most_a_question_in_words(app: AppTest, pipeline: Any) -> None:
    follow(app, "/* x */ SELECT country FROM orders")
    assert pipeline.ran == []


@pytest.mark.parametrize(
    ("text", "said"), [("x" * 2_001, "2,001 characters long"), ("Turnover\x1b[2J", "no keyboard types")]
)
def test_a_link_that_nobody_can_have_typed_is_refused_in_a_sentence(
    app: AppTest, pipeline: Any, text: str, said: str
) -> None:
    follow(app, text)
    assert said in shown(app)
    assert pipeline.asked == []
    assert "q" not in app.query_params


def test_an_empty_question_in_a_link_is_the_page_itself(app: AppTest, pipeline: Any) -> None:
    follow(app, "  ")
    assert "choice-examples-0" in {each.key for each in app.button}
    assert pipeline.asked == []


def test_html_in_a_link_is_text(app: AppTest) -> None:
    follow(app, "Turnover <img src=x onerror=alert(1)>")
    assert "<img" not in shown(app)
