"""Starting a run from the Quality page: a real process, its progress, its end; and who may."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

import pytest
from streamlit.testing.v1 import AppTest

from streamlit_app import services
from streamlit_app.quality import job_view
from streamlit_app.quality.jobs import Jobs, Order, all_jobs, command_of
from streamlit_app.signing_in.person import Permission, Person
from streamlit_app.store.memory import MemoryStore
from tests.app.conftest import APP
from tests.app.test_quality_page import shown

SUITE = """
name: three
as_of: "2026-06-30"
dialect: sqlite
cases:
  - {id: a, question: How many items were sold in 2025?, sql: "SELECT COUNT(*) AS n FROM listings WHERE
      status = 'sold' AND closed_at >= '2025-01-01' AND closed_at < '2026-01-01'", required_columns: [n]}
  - {id: b, question: How many unicorns did the wizards flibber?, kind: unanswerable}
  - {id: c, question: How many listings are there?, sql: SELECT COUNT(*) AS n FROM users, required_columns: [n]}
"""


@pytest.fixture
def config(
    tmp_path: Path, tiny_database: Path, write_config: Callable[[Path, Path], Path], monkeypatch: pytest.MonkeyPatch
) -> Path:
    path = write_config(tmp_path, tiny_database)
    monkeypatch.setenv("NL2SQL_CONFIG", str(path))
    suite = tmp_path / "evals" / "suites" / "own" / "three.yaml"
    suite.parent.mkdir(parents=True)
    suite.write_text(SUITE)
    return path


def person(*may: Permission) -> Person:
    return Person("pat@example.com", "Pat", "analyst", frozenset({"quality", *may}), "local")


def opened(monkeypatch: pytest.MonkeyPatch, *may: Permission, view: str = "start") -> AppTest:
    become(monkeypatch, *may)
    app = AppTest.from_file(str(APP), default_timeout=60)
    app.run()
    app.session_state["quality-view"] = view
    app.switch_page("app_pages/quality.py").run()
    assert not app.exception
    return app


def become(monkeypatch: pytest.MonkeyPatch, *may: Permission) -> None:
    here = services.Present(person(*may), MemoryStore())
    monkeypatch.setattr(services, "who_is_here", lambda: here)


def buttons(app: AppTest) -> set[str]:
    return {each.key or "" for each in app.button}


def until_it_ends() -> None:
    until = time.monotonic() + 300
    while (job := all_jobs().current) is not None and job.state == "running":
        assert time.monotonic() < until, "the run never ended"
        time.sleep(0.2)


def three(app: AppTest, config: Path) -> AppTest:
    return app.selectbox(key="start-suite").set_value(str(config.parent / "evals/suites/own/three.yaml")).run()


def instead(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """In the place of the real command."""
    monkeypatch.setattr(Jobs.__init__, "__defaults__", (lambda order: [sys.executable, "-c", script],))


def test_a_run_is_started_and_its_answers_are_shown_when_it_is_done(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def quick(order: Order) -> list[str]:
        return [*command_of(order)[:-2], "--instances", "1", "--", str(order.suite)]

    monkeypatch.setattr(Jobs.__init__, "__defaults__", (quick,))
    app = three(opened(monkeypatch, "evaluate"), config)
    assert "3 questions." in shown(app)
    app.button(key="start-go").click().run()
    assert "quality-stop" in buttons(app)
    until_it_ends()
    app.run()
    assert not app.exception
    told = shown(app)
    assert "3 of 3 answered. 2 right, 1 wrong, 0 declined." in told and "the run is done." in told
    assert "Of questions like these, 2 of 3 were answered right" in told
    app.button(key="quality-close").click().run()
    assert "the run is done." not in shown(app)


def test_while_a_run_is_under_way_no_other_starts_and_a_stopped_one_can_go_on(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    instead(monkeypatch, "import time; time.sleep(600)")
    app = three(opened(monkeypatch, "evaluate"), config)
    app.button(key="start-go").click().run()
    first = all_jobs().current
    assert first is not None
    app.session_state["quality-view"] = "start"
    app.run()
    assert app.button(key="start-go").disabled and "A run is under way" in shown(app)
    app.button(key="quality-stop").click().run()
    until_it_ends()
    app.run()
    assert "the run was stopped." in shown(app) and "pays for nothing twice" in shown(app)
    app.button(key="quality-go-on").click().run()
    second = all_jobs().current
    assert second is not None and second is not first and second.order == first.order
    all_jobs().close()


@pytest.mark.parametrize(("typed", "budget"), [(2.5, "2.5"), (1e9, "1"), (float("nan"), "1"), (-1.0, "1")])
def test_a_run_goes_on_with_no_more_than_a_page_may_spend(
    monkeypatch: pytest.MonkeyPatch, typed: float, budget: str
) -> None:
    """The page's own field has bounds, but what comes from a browser need not come from the field."""
    order, begun = Order(Path("s.yaml"), "llm", Path("s.jsonl"), "sql_writer@v1", Decimal(1)), list[Order]()
    paused = SimpleNamespace(current=SimpleNamespace(state="paused", order=order))
    monkeypatch.setattr(job_view, "all_jobs", lambda: paused)
    monkeypatch.setattr(job_view, "begin", begun.append)
    monkeypatch.setattr("streamlit.session_state", {"quality-more-budget": typed})
    job_view._go_on()
    assert begun[0].budget == Decimal(budget)


def test_a_run_that_cannot_be_made_says_why_in_words(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(
        monkeypatch,
        "import sys; print('nl2sql: There is <b>no</b> model at /srv/data/model.yaml.', file=sys.stderr); sys.exit(2)",
    )
    app = three(opened(monkeypatch, "evaluate"), config)
    app.button(key="start-go").click().run()
    until_it_ends()
    app.run()
    told = shown(app)
    assert "cannot be used." in told and "There is &lt;b&gt;no&lt;/b&gt; model at model.yaml." in told
    assert "quality-go-on" not in buttons(app)


def test_a_crash_shows_no_traceback(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    instead(monkeypatch, "1 / 0")
    app = three(opened(monkeypatch, "evaluate"), config)
    app.button(key="start-go").click().run()
    until_it_ends()
    app.run()
    assert "broke off unexpectedly" in shown(app) and "Traceback" not in shown(app) and "Error" not in shown(app)


def test_whoever_may_only_read_is_offered_no_run_and_no_editor(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, view="start")
    assert not {"start-go", "prompt-save"} & buttons(app) and "Nothing has been measured yet." in shown(app)


def test_a_right_that_was_taken_away_starts_nothing(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = three(opened(monkeypatch, "evaluate"), config)
    become(monkeypatch)
    app.button(key="start-go").click().run()
    assert all_jobs().current is None


def test_without_a_language_model_none_is_offered(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    app = opened(monkeypatch, "evaluate")
    assert app.segmented_control(key="start-writer").options == ["Offline writer", "As configured"]
    assert "No language model is set up" in shown(app) and len(app.number_input) == 0


@pytest.mark.parametrize("writer", ["llm", "configured"])
def test_whatever_asks_a_language_model_has_a_budget_and_says_that_it_costs(
    config: Path, monkeypatch: pytest.MonkeyPatch, writer: str
) -> None:
    monkeypatch.setenv("NL2SQL_WRITERS", "offline, llm")
    monkeypatch.setenv("NL2SQL_OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    instead(monkeypatch, "pass")
    app = three(opened(monkeypatch, "evaluate"), config)
    app.segmented_control(key="start-writer").set_value(writer).run()
    assert "which costs money" in shown(app) and app.number_input(key="start-budget").value == 1.0
    app.button(key="start-go").click().run()
    job = all_jobs().current
    assert job is not None and str(job.order.budget) == "1.0"
    assert bool(job.order.prompt) == (writer == "llm")
    assert "--budget" in command_of(job.order)


def test_a_suite_that_is_broken_is_told_and_not_started(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (config.parent / "evals/suites/own/three.yaml").write_text("cases: <script>alert(1)</script>")
    app = three(opened(monkeypatch, "evaluate"), config)
    assert "This suite cannot be used" in shown(app) and "<script>alert" not in shown(app)
    assert "start-go" not in buttons(app)
