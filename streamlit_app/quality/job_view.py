"""The run under way on screen, and how it ended: how far it is, a button that stops it, one that goes on."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from evals.outcome import RESULTS
from nl2sql.settings import Settings, load_settings
from streamlit_app import widgets
from streamlit_app.quality.allowed import may_evaluate
from streamlit_app.quality.budget import budget_field, chosen_budget
from streamlit_app.quality.jobs import GOES_ON, Busy, Job, Order, all_jobs
from streamlit_app.quality.progress import Progress
from streamlit_app.safe import as_markdown, shorten, without_folders
from streamlit_app.services import shielded
from streamlit_app.words import say, say_count

# Slow enough for a person to read, and a page run of some milliseconds.
EVERY_SECONDS = 1.0
# In the session: the log of the run that was started here, and why one could not be started.
STARTED, REFUSED = "quality-started", "quality-refused"
_MAX_SAID = 400
_BUDGET = "quality-more-budget"


def show_job(settings: Settings) -> None:
    """Above all else, for whoever may start runs. Looks again by itself while one is under way."""
    if refused := st.session_state.pop(REFUSED, ""):
        widgets.problem(refused)
    job = all_jobs().current
    if job is None:
        return
    is_running = job.state == "running"
    st.fragment(_show, run_every=EVERY_SECONDS if is_running else None)(is_running)


def begin(order: Order) -> bool:
    """In a callback; why it could not is told on the page."""
    if not may_evaluate():
        st.session_state[REFUSED] = say("quality.job.not_allowed")
        return False
    try:
        all_jobs().start(order)
    except Busy:
        st.session_state[REFUSED] = say("quality.job.busy")
        return False
    except OSError:
        st.session_state[REFUSED] = say("quality.job.no_process")
        return False
    st.session_state[STARTED] = str(order.out)
    return True


def _show(was_running: bool) -> None:
    with shielded(widgets.problem):
        job = all_jobs().current
        if not may_evaluate():
            return
        if job is None or (was_running and job.state != "running"):
            st.rerun()
        with st.container(key="quality-job", border=True, gap="small"):
            if job.state == "running":
                _running(job)
            else:
                _ended(job, load_settings())


def _running(job: Job) -> None:
    progress = job.watch.read()
    widgets.label(_title(job))
    share = progress.done / progress.total if progress.total else 0.0
    st.progress(min(1.0, share), text=as_markdown(_how_far(job, progress)))
    if progress.total:
        widgets.small(_results(progress))
    elif job.said:
        widgets.small(shorten(without_folders(job.said[-1]), _MAX_SAID))
    if job.is_stopping:
        widgets.small(say("quality.job.stopping"))
    else:
        st.button(as_markdown(say("quality.job.stop")), key="quality-stop", icon=":material/stop:", on_click=_stop)


def _ended(job: Job, settings: Settings) -> None:
    state, progress = job.state, job.watch.read()
    counts = say("quality.job.of", done=f"{progress.done:,}", total=f"{progress.total:,}")
    more = f"{counts} {_results(progress)}." if progress.total else ""
    widgets.notice(
        f"{_title(job)}: {say(f'quality.job.ended.{state}')}", more=more, warning=state not in ("done", "stopped")
    )
    if state in ("unusable", "paused", "broken"):
        widgets.small(_why(job))
    if state in GOES_ON:
        widgets.small(say("quality.job.goes_on"))
        if job.order.budget is not None:
            budget_field(_BUDGET, value=job.order.budget * (2 if state == "paused" else 1))
    with st.container(horizontal=True, gap="small"):
        if state in GOES_ON:
            st.button(
                as_markdown(say("quality.job.go_on")),
                key="quality-go-on",
                type="primary",
                icon=":material/play_arrow:",
                on_click=_go_on,
            )
        st.button(as_markdown(say("quality.job.close")), key="quality-close", on_click=_forget)


def _title(job: Job) -> str:
    return " · ".join(
        part
        for part in (job.order.suite.stem, say(f"quality.start.writer.{job.order.writer}"), job.order.prompt)
        if part
    )


def _how_far(job: Job, progress: Progress) -> str:
    if not progress.total:
        return say("quality.job.preparing")
    far = say("quality.job.of", done=f"{progress.done:,}", total=f"{progress.total:,}")
    if progress.seconds_left is None or progress.done >= progress.total:
        return far
    minutes, seconds = divmod(round(progress.seconds_left), 60)
    return f"{far} {say('quality.job.left', time=f'{minutes}:{seconds:02}')}"


def _results(progress: Progress) -> str:
    """ "58 right, 1 wrong, 1 declined"."""
    names = [each for each in RESULTS if progress.results[each] or each in ("right", "wrong", "declined")]
    return ", ".join(say_count(f"quality.job.{name}", progress.results[name]) for name in names)


def _why(job: Job) -> str:
    said = " ".join(without_folders(each).removeprefix("nl2sql: ") for each in job.said[-4:])
    return shorten(said, _MAX_SAID) if said else say("quality.job.no_reason")


def _stop() -> None:
    job = all_jobs().current
    if job is not None and may_evaluate():
        job.stop()


def _go_on() -> None:
    job = all_jobs().current
    if job is None or job.state not in GOES_ON:
        return
    order = job.order
    if order.budget is not None:
        order = replace(order, budget=chosen_budget(_BUDGET) or order.budget)
    begin(order)


def _forget() -> None:
    if may_evaluate():
        all_jobs().forget()
