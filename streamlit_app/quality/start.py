"""The form that starts a run: which questions, who answers, and what it may cost."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import cast

import streamlit as st

from evals.runner.header import default_path
from nl2sql.errors import Nl2SqlError
from nl2sql.prompt.template import versions_in
from nl2sql.settings import Settings, load_settings
from streamlit_app import widgets
from streamlit_app.quality.budget import budget_field, chosen_budget
from streamlit_app.quality.job_view import REFUSED, begin
from streamlit_app.quality.jobs import Order, RunWriter, all_jobs
from streamlit_app.quality.runs import find_runs
from streamlit_app.quality.suites import find_suites, question_count
from streamlit_app.safe import as_markdown
from streamlit_app.words import say, say_count

# In the session; which of the page's views is shown is set by a run that begins.
VIEW = "quality-view"
_SUITE, _WRITER, _PROMPT, _BUDGET = "start-suite", "start-writer", "start-prompt", "start-budget"


def show_start(settings: Settings) -> None:
    suites = suites_of(settings)
    if not suites:
        widgets.notice(say("quality.start.no_suites"), more=say("quality.start.no_suites_more"))
        return
    widgets.small(say("quality.start.lead"))
    suite = st.selectbox(
        as_markdown(say("quality.start.suite")), list(suites), format_func=lambda path: suites[path], key=_SUITE
    )
    count = question_count(suite or next(iter(suites)))
    if isinstance(count, str):
        widgets.problem(say("quality.start.suite_unusable", why=count))
        return
    widgets.small(say_count("quality.start.questions", count))
    writer = st.segmented_control(
        as_markdown(say("quality.start.who")),
        writers_of(settings),
        default="offline",
        required=True,
        format_func=lambda each: as_markdown(say(f"quality.start.writer.{each}")),
        key=_WRITER,
    )
    if not settings.asks_llm:
        widgets.small(say("quality.start.no_model"))
    if writer == "llm":
        _choose_prompt(settings)
    if _pays(writer, settings):
        widgets.notice(say("quality.start.pays", model=settings.openai_model, count=f"{count:,}"), warning=True)
        budget_field(_BUDGET)
    is_busy = _is_busy()
    st.button(
        as_markdown(say("quality.start.go")),
        key="start-go",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_go,
        disabled=is_busy,
    )
    if is_busy:
        widgets.small(say("quality.job.busy"))


def suites_of(settings: Settings) -> dict[str, str]:
    return find_suites(settings, find_runs(settings.path(settings.evals)).heads)


def writers_of(settings: Settings) -> list[RunWriter]:
    return ["offline", "configured", *(["llm"] if settings.asks_llm else [])]  # type: ignore[list-item]


def prompts_of(settings: Settings) -> list[str]:
    return [f"{name}@{version}" for name, version in versions_in(settings.path(settings.prompts))]


def order_of(settings: Settings, suite: str, writer: RunWriter, prompt: str, budget: Decimal | None) -> Order:
    """With a log of its own, among the others."""
    path = Path(suite)
    label = f"{settings.openai_model}-{prompt}".replace("@", "-") if prompt else writer
    return Order(
        path, writer, default_path(settings.path(settings.evals).absolute() / path.stem, label), prompt, budget
    )


def _choose_prompt(settings: Settings) -> None:
    prompts = prompts_of(settings)
    place = prompts.index(settings.prompt) if settings.prompt in prompts else 0
    st.selectbox(as_markdown(say("quality.start.prompt")), prompts, index=place, key=_PROMPT)


def _pays(writer: str | None, settings: Settings) -> bool:
    """The configured writers may be a language model, too."""
    return writer in ("llm", "configured") and settings.asks_llm


def _is_busy() -> bool:
    job = all_jobs().current
    return job is not None and job.state == "running"


def _go() -> None:
    """Nothing that the page sent is taken as it is: each choice must be one that there is."""
    state = st.session_state
    try:
        settings = load_settings()
    except Nl2SqlError as error:
        state[REFUSED] = error.user_message
        return
    suite, writer, prompt = state.get(_SUITE), state.get(_WRITER), state.get(_PROMPT, "")
    prompt = prompt if writer == "llm" else ""
    is_there = suite in suites_of(settings) and writer in writers_of(settings)
    if not is_there or (prompt and prompt not in prompts_of(settings)):
        state[REFUSED] = say("quality.start.gone")
    else:
        budget = chosen_budget(_BUDGET) if _pays(writer, settings) else None
        if _pays(writer, settings) and budget is None:
            state[REFUSED] = say("quality.start.no_budget")
        elif begin(order_of(settings, str(suite), cast(RunWriter, writer), prompt, budget)):
            state[VIEW] = "runs"
