"""What a person may do with an answer is what is drawn, and a callback that is called anyway refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.question import Principal
from streamlit_app import services
from streamlit_app.services import Ready
from streamlit_app.signing_in.person import Permission, local_person
from streamlit_app.words import LANGUAGE_KEY

SQL_ROLE = "Your role may read the SQL of an answer, but not run SQL of its own."


@pytest.fixture
def without(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> Any:
    def take(*permissions: Permission) -> AppTest:
        ready = services.start()
        assert isinstance(ready, Ready)
        person = local_person(Principal(role="analyst"))
        fewer = replace(ready, person=replace(person, may=person.may - set(permissions)))
        monkeypatch.setattr(services, "start", lambda: fewer)
        return app.run()

    return take


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def test_without_the_permission_for_sql_it_is_read_but_not_edited(without: Any) -> None:
    app = without("sql")
    app.chat_input[0].set_value("Turnover").run()
    assert any(each.value.startswith("SELECT country") for each in app.code)
    assert not app.text_area and "run-1" not in {each.key for each in app.button}


def test_without_the_permission_for_sql_none_is_run_from_the_box_or_a_link(without: Any, pipeline: Any) -> None:
    app = without("sql")
    app.chat_input[0].set_value("SELECT country FROM orders").run()
    assert SQL_ROLE in shown(app)
    app.query_params["q"] = "SELECT country FROM orders"
    app.run()
    assert SQL_ROLE in shown(app)
    assert not app.chat_input[0].proto.set_value
    assert (pipeline.ran, pipeline.asked) == ([], [])


def test_without_the_permission_to_ask_nothing_is_asked(without: Any, pipeline: Any) -> None:
    app = without("ask")
    app.chat_input[0].set_value("Turnover").run()
    assert "may not ask questions" in shown(app)
    assert pipeline.asked == []


def test_without_boards_and_export_an_answer_has_no_such_buttons(without: Any) -> None:
    app = without("boards", "export")
    app.chat_input[0].set_value("Turnover").run()
    assert not app.exception
    labels = {each.proto.popover.label for each in app.get("popover")}
    assert "Copy link" in labels and not {"Pin", "Download"} & labels


def test_the_page_speaks_german_to_whoever_chose_it(app: AppTest) -> None:
    app.session_state[LANGUAGE_KEY] = "de"
    app.run()
    assert "„Heute“ ist der 30. Juni 2026" in shown(app)
    app.chat_input[0].set_value("Turnover").run()
    assert not app.exception
    page = shown(app)
    assert "Gelesen als: turnover by country" in page
    assert "Was berechnet wurde" in page and "<dt>Zeitraum</dt>" in page
    assert "War das richtig?" in page
    assert app.button(key="run-1").label == "Dieses SQL ausführen"
