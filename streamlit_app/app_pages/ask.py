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
from nl2sql.trace import Listener
from streamlit_app import widgets
from streamlit_app.asking.choices import choices
from streamlit_app.asking.early import fetch_early
from streamlit_app.asking.history import show_history
from streamlit_app.asking.keyboard import keyboard, show_keys
from streamlit_app.asking.links import take_question
from streamlit_app.asking.progress import Progress
from streamlit_app.asking.results import asked_text, show_entry
from streamlit_app.asking.state import Conversation, Entry, conversation, restore_from_link
from streamlit_app.asking.work import follow
from streamlit_app.safe import as_html, as_markdown, shorten
from streamlit_app.services import NotReady, Ready, shielded, start
from streamlit_app.store.base import HANDED_OVER, Request
from streamlit_app.words import say

BOX = "question"  # the key of the box
# As many as fit on a first screen without scrolling; the rest are on the data page.
EXAMPLES = 6


def page() -> None:
    ready = start()
    if isinstance(ready, NotReady):
        widgets.not_ready(ready.sentence, ready.remedy)
        return
    talk = conversation()
    restore_from_link(ready)
    take_question(talk, ready, BOX)
    handed = st.session_state.pop(HANDED_OVER, None)
    if isinstance(handed, Request):
        talk.ask(handed)
    opening = st.container(key="opening")
    with st.container():  # inside a container the box stays here, at the top, and does not drag the page to its end
        typed = st.chat_input(_placeholder(ready), key=BOX)
    if typed is not None:
        talk.ask(Request(typed, is_sql=looks_like_sql(typed)))
    with opening:
        _opening(ready, talk)
    _tools(ready, talk)
    with st.container(key="unseen"):
        keyboard(talk)
        fetch_early()
    _remarks(talk)
    working, newest = st.empty(), st.empty()
    progress = _begin(talk.waiting, working) if talk.waiting is not None else None
    _history(ready, talk, newest)
    if progress is not None:  # last, so that the page is whole meanwhile, and stays whole when it is stopped
        _work(ready, talk, progress)
        working.empty()
        restore_from_link(ready)  # the address names what is shown, before anybody could load the page again
        with newest.container(key="newest"):
            show_entry(talk.entries[-1], ready)
    show_history(ready)


def _is_empty(talk: Conversation) -> bool:
    return not talk.entries and talk.waiting is None


def _opening(ready: Ready, talk: Conversation) -> None:
    """What this is, for whoever comes; later the place is for answers."""
    if _is_empty(talk):
        widgets.heading(say("ask.title"), say("ask.lead", today=widgets.spoken_day(ready.pipeline.today)))
    else:
        st.html(f'<h1 class="ask-heard">{as_html(say("ask.title"))}</h1>')


def _placeholder(ready: Ready) -> str:
    examples = ready.pipeline.model.examples
    return say("ask.placeholder", example=examples[0]) if examples else say("ask.placeholder_plain")


def _tools(ready: Ready, talk: Conversation) -> None:
    examples = tuple(dict.fromkeys((*ready.suggestions, *ready.pipeline.model.examples)))[:EXAMPLES]
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="tools"):
        if not _is_empty(talk):
            if examples:
                with st.popover(say("ask.examples"), type="tertiary", key="examples-again"):
                    choices(examples, key="examples")
            st.button(say("ask.clear"), key="clear", type="tertiary", on_click=talk.clear)
        show_keys()
    start = st.empty()  # a page that works on empties it, or the first examples stay there, faded
    if _is_empty(talk) and examples:
        with start.container():
            widgets.label(say("ask.start_here"))
            choices(examples, key="examples")


def _begin(wanted: Request, working: DeltaGenerator) -> Progress:
    """Takes the place of the answer before anything else is drawn: what stands below moves once, and at once."""
    with working.container(key="working"):
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            widgets.asked(shorten(wanted.text, 300))
            st.button(say("ask.stop"), key="stop", type="tertiary", icon=":material/stop_circle:")
        return Progress(st.container(gap="xsmall"), st.empty())


def _work(ready: Ready, talk: Conversation, progress: Progress) -> None:
    """Runs what is waiting until it is an entry; where it becomes none, the page starts anew and says why. Clicking
    anything else stops it."""
    wanted = talk.take()
    if wanted is None:
        return
    with shielded(talk.give_up):
        begun = perf_counter()
        try:
            job, question_id = _job(ready, talk, wanted)
            answer = follow(job, progress.tell, progress.tick, lambda: ready.pipeline.cancel(question_id))
        except QuestionInvalid as error:
            talk.reject(error.user_message)
        else:
            talk.record(wanted, answer, perf_counter() - begun)
            return
    st.rerun()


def _job(ready: Ready, talk: Conversation, wanted: Request) -> tuple[Callable[[Listener], Answer], str]:
    """What is to be done, away from the page, and the ID by which it can be stopped. Raises QuestionInvalid."""
    pipeline, principal, question_id = ready.pipeline, ready.principal, uuid4().hex
    how = {"fresh": wanted.fresh, "accept_cost": wanted.accept_cost}
    if "ask" not in ready.person.may:
        raise QuestionInvalid(say("ask.no_asking"))
    if wanted.is_sql:
        if "sql" not in ready.person.may:
            raise QuestionInvalid(say("ask.no_sql"))
        if not wanted.text.strip():
            raise QuestionInvalid(say("ask.type_sql"))
        corrects = wanted.corrects

        def run(tell: Listener) -> Answer:
            return pipeline.run_sql(wanted.text, principal, tell, question_id=question_id, corrects=corrects, **how)

        return run, question_id
    if wanted.plan:
        return lambda tell: pipeline.ask_plan(wanted.plan, principal, tell, question_id=question_id, **how), question_id
    asked = Question.parse(wanted.text, principal=principal, history=talk.turns())
    return lambda tell: pipeline.ask(asked, tell, question_id=question_id, **how), question_id


def _remarks(talk: Conversation) -> None:
    """Why the last request has no answer; next to the box, where somebody looks for it."""
    if talk.waiting is not None:
        return
    unfinished = talk.running or talk.broken
    if talk.notice:
        widgets.problem(talk.notice)
    elif talk.running is not None:
        widgets.notice(say("ask.stopped"), more=shorten(talk.running.text, 300))
    if unfinished is not None:
        st.button(say("ask.ask_again"), key="ask-again", on_click=talk.ask, args=(unfinished,))


def _history(ready: Ready, talk: Conversation, newest: DeltaGenerator) -> None:
    """Newest first: what was just asked, or what a link led to, is read next to the box; other answers unfold where
    they are."""
    before = list(reversed(talk.entries))
    if before and talk.waiting is None:
        linked = next((place for place, entry in enumerate(before) if entry.number == talk.linked), 0)
        with newest.container(key="newest"):
            show_entry(before.pop(linked), ready)
    if before:
        widgets.rule()
        widgets.label(say("ask.before"))
    for entry in before:
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
