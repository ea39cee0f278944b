"""The menu that takes an answer along: what it offers, when it works, and what it says when it does not."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.errors import ExportUnavailable
from nl2sql.export import browser, kinds
from streamlit_app import services
from streamlit_app.showing import exports
from streamlit_app.signing_in.person import Person
from streamlit_app.store.memory import MemoryStore

GROUPS = {
    "data": ["Excel", "CSV", "Parquet", "JSON", "Markdown"],
    "chart": ["PNG", "SVG", "PDF", "Interactive page", "Python"],
    "answer": ["Web page", "PDF document"],
}


def page(outcome: str = "answered", rows: int = 3, kind: str = "", truncated: bool = False) -> None:
    from dataclasses import replace

    import streamlit as st

    from nl2sql.answer.chart_options import ChartOptions
    from nl2sql.question import Question
    from streamlit_app.showing.exports import export_menu
    from tests.app.conftest import answered, table

    answer = replace(
        answered(Question("Turnover by country in 2025")), outcome=outcome, table=table(rows, truncated=truncated)
    )
    st.session_state.setdefault("export-1", True)
    export_menu(answer, "1", ChartOptions(kind=kind))


def shown(**arguments: Any) -> AppTest:
    return AppTest.from_function(page, kwargs=arguments, default_timeout=30).run()


def labels(app: AppTest) -> set[str]:
    """As people read them: Streamlit takes a label for Markdown, so its signs are escaped."""
    return {each.label.replace("\\", "") for each in (*app.button, *app.get("download_button"))}


@pytest.fixture(autouse=True)
def chromium(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "browser_path", lambda: "/usr/bin/chromium")


def test_the_menu_offers_data_chart_and_the_whole_answer() -> None:
    app = shown()
    assert not app.exception
    assert labels(app) == {label for group in GROUPS.values() for label in group}


def test_nothing_is_made_before_the_menu_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["export-1"] = False
    assert labels(app.run()) == set()


def test_whoever_may_no_longer_export_finds_nothing_in_a_menu_that_is_still_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader = Person("rita@example.com", "Rita", "analyst", frozenset({"ask"}), "oidc")
    monkeypatch.setattr(services, "who_is_here", lambda: services.Present(reader, MemoryStore()))
    assert labels(shown()) == set()


def test_an_answer_that_is_shown_as_a_table_has_no_chart_to_take() -> None:
    assert labels(shown(kind="table")) == {*GROUPS["data"], *GROUPS["answer"]}


@pytest.mark.parametrize("outcome", ["declined", "refused", "failed", "clarification", "explanation"])
def test_what_is_no_answer_has_no_menu(outcome: str) -> None:
    app = shown(outcome=outcome)
    assert labels(app) == set() and not app.exception


def test_without_a_chromium_only_what_works_is_offered_and_the_camera_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser, "browser_path", lambda: "")
    app = shown()
    assert labels(app) == {*GROUPS["data"], "Interactive page", "Python", "Web page"}
    assert any("camera above the chart" in each.proto.body for each in app.get("html"))


def test_a_slow_file_is_made_by_one_click_and_saved_by_a_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "make_file", lambda *_: b"\x89PNG" * 1000)
    app = shown()
    app.button(key="export-png-1").click().run()
    assert "Save PNG (4 kB)" in labels(app)
    app.button(key="export-pdf-1").click().run()
    assert "Save PDF document (4 kB)" in labels(app) and "Save PNG (4 kB)" not in labels(app)


def test_a_file_that_cannot_be_made_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise ExportUnavailable("The browser that draws was stopped <b>after</b> 30 seconds.", hint="Try again.")

    monkeypatch.setattr(kinds, "make_file", fail)
    app = shown()
    app.button(key="export-svg-1").click().run()
    assert not app.exception
    assert any("stopped &lt;b&gt;after&lt;/b&gt;" in each.proto.body for each in app.get("html"))


def test_a_defect_while_making_a_file_is_a_sentence_too(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> bytes:
        raise ZeroDivisionError

    monkeypatch.setattr(kinds, "make_file", fail)
    app = shown()
    app.button(key="export-svg-1").click().run()
    assert not app.exception
    assert any("Something unexpected went wrong" in each.proto.body for each in app.get("html"))


def test_a_large_workbook_is_made_before_it_is_saved(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "QUICK_ROWS", 2)
    monkeypatch.setattr(kinds, "make_file", lambda *_: b"x" * 5_000_000)
    app = shown()
    app.button(key="export-xlsx-1").click().run()
    assert "Save Excel (5.0 MB)" in labels(app)


def test_a_cut_result_says_that_its_files_are_cut_too() -> None:
    app = shown(truncated=True)
    assert any("cut at 3 rows" in each.proto.body for each in app.get("html"))


def test_the_menu_speaks_german() -> None:
    app = AppTest.from_function(page, default_timeout=30)
    app.session_state["language"] = "de"
    assert {"Webseite", "PDF-Dokument", "Interaktive Seite"} <= labels(app.run())
