"""Verified queries in the app: suggested to newcomers, and labelled where they answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from streamlit_app import services

APP = Path(services.__file__).with_name("app.py")


@pytest.fixture
def app(
    tmp_path: Path, tiny_database: Path, write_config: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> AppTest:
    monkeypatch.setenv("NL2SQL_CONFIG", str(write_config(tmp_path, tiny_database)))
    return AppTest.from_file(str(APP), default_timeout=60)


def examples(app: AppTest) -> list[str]:
    return [each.label for each in app.button if str(each.key).startswith("choice-examples-")]


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def test_the_first_page_suggests_verified_questions_and_each_answers_with_its_label(app: AppTest) -> None:
    app.run()
    suggested = examples(app)
    assert suggested[:4] == [
        "Category scorecard last year",
        "New and returning buyers per month last year",
        "Top 10 sellers by GMV last year",
        "Share of unpaid sales by country of the buyer last quarter",
    ]
    for index in range(4):
        app.button(key=f"choice-examples-{index}").click().run()
        assert not app.exception
        page = shown(app)
        assert "Verified by auction_core maintainers on 30 June 2026" in page, suggested[index]
        assert "Verified query: " in page
        app.button(key="clear").click().run()


def test_an_answer_that_nobody_verified_has_no_such_label(app: AppTest) -> None:
    app.run()
    app.chat_input[0].set_value("How many listings were sold last month?").run()
    assert "ask-headline" in shown(app)
    assert "Verified" not in shown(app)


def test_where_verified_queries_are_off_the_examples_of_the_model_stand_alone(
    app: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NL2SQL_WRITERS", "offline")
    app.run()
    ready = services.start()
    assert isinstance(ready, services.Ready) and ready.suggestions == ()
    assert examples(app)[0] == ready.pipeline.model.examples[0]
    assert "Category scorecard last year" not in examples(app)
