"""The Ask page: one box, the newest answer below it, earlier ones folded underneath."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from uuid import uuid4

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nl2sql.answer.base import Answer
from nl2sql.errors import QuestionInvalid
from nl2sql.question import Question, looks_like_sql
from nl2sql.trace import Listener, StageEvent
from streamlit_app import widgets
from streamlit_app.asking.choices import choices
from streamlit_app.asking.results import asked_text, show_entry
from streamlit_app.asking.state import Conversation, Entry, conversation
from streamlit_app.asking.work import follow
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.services import NotReady, Ready, shielded, start
from streamlit_app.store.base import Request

# As many as fit on a first screen without scrolling; the rest are on the data page.
EXAMPLES = 6
# A wait that is shorter needs no count.
COUNT_FROM_SECONDS = 3.0


def page() -> None:
    ready = start()
    if isinstance(ready, NotReady):
        widgets.not_ready(ready.sentence, ready.remedy)
        return
    talk = conversation()
    today = ready.pipeline.today
    widgets.heading(
        "Ask a question about your data",
        f"Every answer is computed by the database, read-only. “Today” is {today.day} {today:%B %Y}.",
    )
    with st.container():  # inside a container the box stays here, at the top, and does not drag the page to its end
        typed = st.chat_input(_placeholder(ready), key="question")
    if typed is not None:
        talk.ask(Request(typed, is_sql=looks_like_sql(typed)))
    _tools(ready, talk)
    place = st.empty()
    _remarks(talk)
    _history(ready, talk)
    # Last, so that the page is whole while the work goes on, and stays whole when it is stopped.
    _work(ready, talk, place)


def _placeholder(ready: Ready) -> str:
    examples = ready.pipeline.model.examples
    return f"For example: {examples[0]}" if examples else "Type a question"


def _tools(ready: Ready, talk: Conversation) -> None:
    examples = tuple(dict.fromkeys((*ready.suggestions, *ready.pipeline.model.examples)))[:EXAMPLES]
    if not talk.entries and talk.waiting is None:
        if examples:
            widgets.label("Or start from one of these")
            choices(examples, key="examples")
        return
    with st.container(horizontal=True, gap="small"):
        if examples:
            with st.popover("Examples", type="tertiary", key="examples-again"):
                choices(examples, key="examples")
        st.button("Clear", key="clear", type="tertiary", on_click=talk.clear)
    st.empty()  # where the first examples were: a page that works on replaces them, or they stay there, faded


def _work(ready: Ready, talk: Conversation, place: DeltaGenerator) -> None:
    """Runs what is waiting; the progress stands where the answer will be. Clicking anything else stops it."""
    wanted = talk.take()
    if wanted is None:
        return
    with place.container(), shielded(talk.give_up):
        begun = perf_counter()
        try:
            answer = _answer(ready, talk, wanted)
        except QuestionInvalid as error:
            talk.reject(error.user_message)
        else:
            talk.record(wanted, answer, perf_counter() - begun)
    st.rerun()


def _answer(ready: Ready, talk: Conversation, wanted: Request) -> Answer:
    job, question_id = _job(ready, talk, wanted)
    widgets.asked(shorten(wanted.text, 300))
    box = st.container()
    st.button("Stop", key="stop", type="tertiary", icon=":material/stop_circle:")
    with box, st.status("Understanding the question…", expanded=True) as status:
        said, far, since = "Understanding the question…", "", perf_counter()

        def progress(event: StageEvent) -> None:
            nonlocal said, far, since
            if event.state == "started":
                said, far, since = widgets.WORKING.get(event.stage, event.stage), "", perf_counter()
                tick()
            elif event.state == "progress":
                far = event.note
                tick()
            elif event.state == "remark":
                widgets.stage_remark(event)
            else:
                widgets.stage_done(event)

        def tick() -> None:
            """Also where nothing changes: writing is when this run learns that it should stop."""
            waited = perf_counter() - since
            count = f"{waited:.0f} s" if waited >= COUNT_FROM_SECONDS else ""
            told = " · ".join(part for part in (far, count) if part)
            status.update(label=as_markdown(f"{said} {told}".rstrip()), expanded=True)

        return follow(job, progress, tick, lambda: ready.pipeline.cancel(question_id))


def _job(ready: Ready, talk: Conversation, wanted: Request) -> tuple[Callable[[Listener], Answer], str]:
    """What is to be done, away from the page, and the ID by which it can be stopped. Raises QuestionInvalid."""
    pipeline, principal, question_id = ready.pipeline, ready.principal, uuid4().hex
    how = {"fresh": wanted.fresh, "accept_cost": wanted.accept_cost}
    if wanted.is_sql:
        if not wanted.text.strip():
            raise QuestionInvalid("Please type an SQL statement.")
        corrects = wanted.corrects

        def run(tell: Listener) -> Answer:
            return pipeline.run_sql(wanted.text, principal, tell, question_id=question_id, corrects=corrects, **how)

        return run, question_id
    if wanted.plan:
        return lambda tell: pipeline.ask_plan(wanted.plan, principal, tell, question_id=question_id, **how), question_id
    asked = Question.parse(wanted.text, principal=principal, history=talk.turns())
    return lambda tell: pipeline.ask(asked, tell, question_id=question_id, **how), question_id


def _remarks(talk: Conversation) -> None:
    unfinished = talk.running or talk.broken
    if talk.notice:
        widgets.problem(talk.notice)
    elif talk.running is not None:
        widgets.notice("The last question was stopped before its answer came.", more=shorten(talk.running.text, 300))
    if unfinished is not None:
        st.button("Ask it again", key="ask-again", on_click=talk.ask, args=(unfinished,))


def _history(ready: Ready, talk: Conversation) -> None:
    """Newest first: what was just asked is read next to the box, earlier answers unfold where they are."""
    for position, entry in enumerate(reversed(talk.entries)):
        if position == 0:
            show_entry(entry, ready)
            continue
        if position == 1:
            widgets.rule()
            widgets.label("Asked before")
        fold = st.expander(_fold_label(entry), key=f"fold-{entry.number}", on_change="rerun")
        if fold.open:
            with fold:
                show_entry(entry, ready)


def _fold_label(entry: Entry) -> str:
    asked = as_markdown(asked_text(entry, 100))
    if entry.answer.outcome != "answered":
        return asked
    return f"{asked} :gray[{as_markdown(shorten(entry.answer.headline, 110))}]"


page()
