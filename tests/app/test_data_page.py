from __future__ import annotations

from dataclasses import replace
from typing import Any

from streamlit.testing.v1 import AppTest

from nl2sql.catalog.model import Metric


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def open_data(app: AppTest) -> AppTest:
    app.run()
    return app.switch_page("app_pages/data.py").run()


def test_measures_terms_tables_and_examples_are_told_in_plain_words(app: AppTest) -> None:
    open_data(app)
    page = shown(app)
    assert not app.exception
    assert "<dt>Turnover<small>in EUR</small></dt><dd>What orders came to.</dd>" in page
    assert "The calendar month before today." in page
    assert "Shipped after the promised day." in page
    assert "Country<small>text</small>" in page and "One of: Germany, France" in page
    assert [each.label for each in app.tabs] == ["Measures", "Business terms", "Tables", "Example questions"]


def test_a_private_field_is_named_as_private_and_not_described(app: AppTest) -> None:
    open_data(app)
    assert "Private, and answered to nobody without permission: e-mail." in shown(app)
    assert "<dt>E-mail" not in shown(app)


def test_a_word_narrows_every_list(app: AppTest) -> None:
    open_data(app)
    app.text_input(key="find").set_value("month").run()
    page = shown(app)
    assert "The calendar month before today." in page
    assert "No measure has that word." in page
    assert "What orders came to." not in page
    assert [each.label for each in app.button] == ["How many orders were placed last month?"]


def test_an_example_on_the_data_page_is_asked_on_the_ask_page(app: AppTest, pipeline: Any) -> None:
    open_data(app)
    app.button(key="data-example-0").click().run()
    assert [question.text for question, _ in pipeline.asked] == ["Turnover by country in 2025"]
    assert "Germany leads" in shown(app)


def test_a_model_cannot_put_html_on_the_page(app: AppTest, pipeline: Any) -> None:
    nasty = Metric("m", "1", label="<script>x</script>", description="<img src=x onerror=alert(1)>")
    pipeline.model = replace(pipeline.model, metrics=(nasty,))
    open_data(app)
    assert "<script" not in shown(app) and "<img" not in shown(app)
    assert "&lt;script&gt;" in shown(app)
