"""What the page says of the age and the price of an answer, and what can be done about either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event
from threading import enumerate as enumerate_threads
from time import monotonic, sleep
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from nl2sql.answer.base import Answer
from nl2sql.engines.base import Estimate
from nl2sql.question import Question
from nl2sql.trace import Listener, StageEvent
from streamlit_app import services
from streamlit_app.asking.work import follow

NEWEST = datetime.fromisoformat("2026-06-30T23:59")


def ask(app: AppTest, text: str) -> AppTest:
    if not app.chat_input:
        app.run()
    return app.chat_input[0].set_value(text).run()


def shown(app: AppTest) -> str:
    return "\n".join(each.value for each in app.html if "<style>" not in each.value)


def buttons(app: AppTest) -> dict[str, str]:
    return {str(each.key): each.label for each in app.button}


def until(holds: Callable[[], object]) -> None:
    end = monotonic() + 30
    while not holds():
        assert monotonic() < end, "waited for 30 seconds"
        sleep(0.01)


@pytest.fixture
def stored(pipeline: Any) -> None:
    """A question with the word "stored" is answered from a cache that was filled four minutes ago."""

    def script(question: Question) -> Answer:
        kept = datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=4, seconds=20)
        return replace(pipeline.answered(question), cached=True, stored_at=kept, data_as_of=NEWEST)

    pipeline.scripts["stored"] = script


def test_an_answer_says_up_to_when_its_data_is_there(app: AppTest, pipeline: Any) -> None:
    pipeline.scripts["new"] = lambda q: replace(pipeline.answered(q), data_as_of=NEWEST)
    ask(app, "new turnover")
    assert "<span>Data as of 30 June 2026, 23:59 UTC</span></span></p>" in shown(app)
    assert "from the cache" not in shown(app)


def test_an_answer_of_which_nothing_is_known_says_nothing(app: AppTest) -> None:
    ask(app, "turnover")
    assert "ask-provenance" not in shown(app)


@pytest.mark.usefixtures("stored")
def test_a_cached_answer_says_how_old_it_is_and_can_be_run_again(app: AppTest, pipeline: Any) -> None:
    ask(app, "stored turnover")
    line = "<span>Data as of 30 June 2026, 23:59 UTC</span><span>from the cache, 4 minutes old</span>"
    assert line in shown(app)
    app.button(key="fresh-1").click().run()
    assert [fresh for _, fresh in pipeline.asked] == [False, True]


def test_what_was_billed_is_told_and_nothing_of_it_for_kept_rows(app: AppTest, pipeline: Any) -> None:
    estimate = Estimate(scanned_bytes=2_000_000_000, price=Decimal("0.0125"))
    billed = replace(pipeline.table(), billed_bytes=2_000_000_000)
    pipeline.scripts |= {
        "paid": lambda q: replace(pipeline.answered(q), table=billed, estimate=estimate),
        "kept": lambda q: replace(pipeline.answered(q), table=billed, cached=True),
    }
    ask(app, "paid turnover")
    assert "<span>read 2 GB for about 0.01 USD</span>" in shown(app)
    app.button(key="clear").click().run()
    ask(app, "kept turnover")
    assert "2 GB" not in shown(app)


def test_a_costly_question_is_asked_about_first_and_runs_when_it_is_accepted(app: AppTest, pipeline: Any) -> None:
    ask(app, "costly turnover")
    page = shown(app)
    assert "This costs more than usual. Run it?" in page
    assert "Running this reads about 25 GB, about 0.15 USD." in page
    assert "of &lt;b&gt;orders&lt;/b&gt; may read less." in page
    assert app.button(key="accept-1").label == "Run it anyway: about 25 GB, about 0\\.15 USD"
    assert app.expander[0].label == "SQL that would run"
    assert not app.feedback, "nothing was answered yet"
    pipeline.scripts.clear()
    app.button(key="accept-1").click().run()
    assert pipeline.accepted == [False, True]
    assert [fresh for _, fresh in pipeline.asked] == [False, False]
    assert "Germany leads" in shown(app)


def test_a_question_that_is_too_costly_is_refused_with_the_cheaper_way_and_cannot_be_forced(
    app: AppTest, pipeline: Any
) -> None:
    sentence, hint = "Running this would read about 250 GB. Your role may go up to 100 GB.", "Filter by day."
    pipeline.scripts["huge"] = lambda q: Answer(q, "refused", sentence, "too_costly", sql="SELECT 1", hint=hint)
    ask(app, "huge turnover")
    assert "This was not run" in shown(app) and sentence in shown(app) and hint in shown(app)
    assert not [key for key in buttons(app) if key.startswith("accept")]


def test_each_question_has_an_id_of_its_own(app: AppTest, pipeline: Any) -> None:
    ask(app, "turnover")
    ask(app, "SELECT country FROM orders")
    assert len(set(pipeline.ids)) == 2 and all(len(each) == 32 for each in pipeline.ids)


def test_thumbs_go_to_the_ledger_with_the_id_of_the_question(app: AppTest, pipeline: Any) -> None:
    ask(app, "turnover")
    (number,) = pipeline.ids
    app.feedback(key="feedback-1").set_value(1).run()
    assert pipeline.feedback == [(number, "good", "")]
    assert "comment-1" not in {each.key for each in app.text_input}, "nobody is asked what was wrong with a good answer"
    app.feedback(key="feedback-1").set_value(0).run()
    app.text_input(key="comment-1").set_value("  <b>net</b> of refunds ").run()
    assert pipeline.feedback[1:] == [(number, "bad", ""), (number, "bad", "<b>net</b> of refunds")]
    assert "Thank you, noted." in shown(app)
    assert len(pipeline.asked) == 1, "a verdict asks nothing again"


def test_a_reason_goes_before_the_comment_in_a_form_that_can_be_grouped(app: AppTest, pipeline: Any) -> None:
    ask(app, "turnover")
    app.feedback(key="feedback-1").set_value(0).run()
    app.pills(key="reason-1").set_value("wrong_period").run()
    app.text_input(key="comment-1").set_value("May; not June").run()
    assert [comment for _, _, comment in pipeline.feedback] == [
        "",
        "reason: wrong_period",
        "reason: wrong_period; May; not June",
    ]


def test_a_verdict_can_be_taken_back(app: AppTest, pipeline: Any) -> None:
    ask(app, "turnover")
    app.feedback(key="feedback-1").set_value(1).run()
    app.feedback(key="feedback-1").set_value(None).run()
    assert [verdict for _, verdict, _ in pipeline.feedback] == ["good", ""]


def test_without_a_ledger_nobody_is_asked_for_a_verdict(app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    ready = services.start()
    assert isinstance(ready, services.Ready)
    monkeypatch.setattr(services, "start", lambda: replace(ready, takes_feedback=False))
    ask(app, "turnover")
    assert "Germany leads" in shown(app)
    assert not app.feedback


class Interrupted(BaseException):
    """What Streamlit raises in a run that should end."""


def test_a_run_that_ends_stops_its_question(pipeline: Any) -> None:
    """In a browser: Stop, a click on anything else, or a closed tab."""

    def interrupt() -> None:
        raise Interrupted

    with pytest.raises(Interrupted):
        follow(
            lambda tell: pipeline.ask(Question("endless"), tell, question_id="seven"),
            lambda event: None,
            interrupt,
            lambda: pipeline.cancel("seven"),
        )
    until(lambda: pipeline.cancelled)
    assert pipeline.cancelled == ["seven"]


def test_a_question_that_ends_by_itself_is_not_stopped(pipeline: Any) -> None:
    events: list[StageEvent] = []
    stopped: list[str] = []

    def run(job: Callable[[Listener], Any]) -> Answer:
        return follow(job, events.append, lambda: None, lambda: stopped.append("stopped"))

    answer = run(lambda tell: pipeline.ask(Question("turnover"), tell))
    assert answer.outcome == "answered"
    assert [event.stage for event in events if event.state == "done"][-1] == "explain"
    with pytest.raises(ZeroDivisionError):
        run(lambda tell: 1 // 0)
    until(lambda: not any(thread.name == "stop" for thread in enumerate_threads()))
    assert stopped == []


def test_a_stop_that_fails_is_logged_without_its_words(caplog: pytest.LogCaptureFixture) -> None:
    ended = Event()

    def interrupt() -> None:
        raise Interrupted

    def stop() -> None:
        raise RuntimeError("mysql://reader:hunter2@db/shop")

    with pytest.raises(Interrupted):
        follow(lambda tell: ended.wait(30), lambda event: None, interrupt, stop)  # type: ignore[arg-type,return-value]
    ended.set()
    until(lambda: "may still run" in caplog.text)
    assert "hunter2" not in caplog.text
