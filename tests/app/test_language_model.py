"""The app over the real pipeline and a scripted endpoint: follow-ups, an outage, a question back, stopping."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from nl2sql.question import Question
from streamlit_app import services
from tests.fakes.openai.acts import Act, Received, refuse
from tests.fakes.openai.server import Endpoint, serve

# A page's pipeline lives as long as its process, and so do the connections that are kept for the next question.
pytestmark = pytest.mark.filterwarnings("ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning")

APP = Path(services.__file__).with_name("app.py")
WHOLE = "How many bids were placed in May 2026?"


def reply(question: str, sql: str, **more: Any) -> str:
    parts = {"kind": "sql", "question": question, "sql": sql, "plan": None, "tables": ["bids"], "assumptions": []}
    return json.dumps(parts | {"confidence": 0.95, "message": None, "choices": [], "code": None} | more)


@pytest.fixture
def start_with(
    tmp_path: Path, tiny_database: Path, write_config: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., AppTest]]:
    def start(endpoint: Endpoint, writers: str = "llm", **settings: str) -> AppTest:
        path = write_config(tmp_path, tiny_database)
        lines = path.read_text().replace('"verified, offline"', f'"{writers}"')
        wire = {"openai_base_url": endpoint.url, "llm_retries": "0", "llm_repairs": "0", "prompt": "sql_writer@v2"}
        path.write_text(lines + "".join(f'{name} = "{value}"\n' for name, value in (wire | settings).items()))
        for name in ("OPENAI_API_KEY", "OPENAI_API_KEY_FILE", "OPENAI_BASE_URL"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("NL2SQL_CONFIG", str(path))
        return AppTest.from_file(str(APP), default_timeout=60)

    yield start
    st.cache_resource.clear()
    gc.collect()  # now, and not in a later test that would be blamed


def ask(app: AppTest, text: str) -> str:
    if not app.chat_input:
        app.run()
    app.chat_input[0].set_value(text).run()
    return shown(app)


def shown(app: AppTest) -> str:
    assert not app.exception
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def test_a_follow_up_is_shown_whole_and_the_next_one_builds_on_it(start_with: Callable[..., AppTest]) -> None:
    def script(received: Received) -> str:
        if "and in May?" in received.texts[-1]:
            return reply(WHOLE, "SELECT COUNT(*) AS bids FROM bids WHERE placed_at >= '2026-05-01'")
        return reply("How many bids are there?", "SELECT COUNT(*) AS bids FROM bids")

    with serve(script) as endpoint:
        app = start_with(endpoint)
        first = ask(app, "How many bids are there?")
        assert "Language model" in first and "Read as:" not in first
        second = ask(app, "and in May?")
        assert f"Read as: {WHOLE}" in second and second.count(WHOLE) == 1
        ask(app, "and by month?")
        prompt = endpoint.requests[-1].prompt
    assert WHOLE in prompt and "1 row: bids" in prompt


def test_the_steps_name_writers_in_words_of_people(start_with: Callable[..., AppTest]) -> None:
    with serve([reply("How many bids are there?", "SELECT COUNT(*) AS bids FROM bids")]) as endpoint:
        told = ask(start_with(endpoint), "What is the vibe of bids?")
    assert "Worked out what to compute <span>Language model · " in told


def test_an_outage_is_told_in_one_line_and_the_offline_reading_stands_in(start_with: Callable[..., AppTest]) -> None:
    with serve([refuse(500)]) as endpoint:
        page = ask(start_with(endpoint, "llm, offline"), "How many listings were sold last month?")
    assert page.count("so this was read without it.") == 1
    assert "Offline writer" in page and "listing" in page.split("</h2>")[0]


def test_a_question_back_offers_whole_questions_and_a_click_asks_one(start_with: Callable[..., AppTest]) -> None:
    choices = ["How many bids were placed in all?", "How many bids won?"]
    back = reply("", "", kind="clarification", message="All bids, or those that won?", choices=choices)
    with serve([back, reply(choices[0], "SELECT COUNT(*) AS bids FROM bids")]) as endpoint:
        app = start_with(endpoint)
        assert "All bids, or those that won?" in ask(app, "How many bids?")
        app.button(key="choice-1-0").click().run()
        assert "Language model" in shown(app)
        assert choices[0] in endpoint.requests[-1].prompt


IMAGE = "![x](https://collect.invalid/i.png?q=1) <img src='//collect.invalid/j.png'> [go](https://collect.invalid) $x$"


def test_what_a_model_says_of_a_question_loads_no_picture_and_makes_no_link(start_with: Callable[..., AppTest]) -> None:
    """A page that drew it would send what it shows to whoever wrote the reply."""
    back = reply("", "", kind="clarification", message=f"Which? {IMAGE}", choices=[f"All? {IMAGE}", f"Won? {IMAGE}"])
    sql = "SELECT COUNT(*) AS bids FROM bids"
    told = reply(f"How many? {IMAGE}", sql, assumptions=[IMAGE])
    cannot = reply("", "", kind="cannot_answer", message=f"No. {IMAGE}", code="unanswerable")
    with serve([back, told, cannot]) as endpoint:
        app, labels = start_with(endpoint), list[str]()
        for text in ("How many bids?", "How many bids by bidder?", "Why?"):
            page = ask(app, text)
            assert "<img" not in page.lower() and "<a " not in page.lower()
            assert "&lt;img src=" in page, "it is shown as text"
            labels += [each.label for each in [*app.button, *app.expander]]
        assert any("collect" in each for each in labels)
        assert not any("](" in each or "https://" in each or " <img" in each for each in labels)
        drawn = [each.value for kind in (app.markdown, app.caption, app.title, app.warning) for each in kind]
        assert not any("collect" in each for each in drawn)


def test_a_question_that_is_stopped_hangs_up_on_the_endpoint(start_with: Callable[..., AppTest]) -> None:
    """As the Stop button does it: whoever ends the run of the page cancels the question."""
    with serve([Act(reply("How many?", "SELECT 1"), pause=0.3, piece=4)]) as endpoint:
        start_with(endpoint, openai_api="chat").run()
        ready = services.start()
        assert isinstance(ready, services.Ready)
        writing, ended, answers = Event(), Event(), list[Any]()

        def work() -> None:
            heard = lambda event: writing.set() if event.state == "progress" else None  # noqa: E731
            answers.append(ready.pipeline.ask(Question.parse("How many bids?"), heard, question_id="a1"))
            ended.set()

        Thread(target=work, daemon=True).start()
        assert writing.wait(30), "the model's progress is told"
        assert ready.pipeline.cancel("a1")
        assert ended.wait(10)
    assert answers[0].code == "query_cancelled"
    assert endpoint.hangups == 1
