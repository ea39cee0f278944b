"""Prompt templates to read, change, check, compare and save as a new version; and to try on a suite."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from nl2sql.errors import Nl2SqlError, SettingsInvalid
from nl2sql.settings import Settings, load_settings
from streamlit_app import widgets
from streamlit_app.quality.allowed import may_evaluate
from streamlit_app.quality.budget import budget_field, chosen_budget
from streamlit_app.quality.job_view import REFUSED, begin
from streamlit_app.quality.prompt_text import MAX_CHARS, checked_size, difference, is_shipped, save
from streamlit_app.quality.start import VIEW, order_of, prompts_of, suites_of
from streamlit_app.quality.suites import dev_suite
from streamlit_app.safe import as_html, as_markdown
from streamlit_app.words import say, say_count

_CHOSEN, _OTHER, _CHANGE, _BUDGET = "prompt-chosen", "prompt-other", "prompt-change", "prompt-budget"
# In the session: what was found out, and of which text: (prompt, text, sentence, whether it can be used).
_CHECKED, _SAVED = "prompt-checked", "prompt-saved"
_TEXT_PIXELS = 460
# Longer ones are read with “nl2sql prompts diff”.
MAX_DIFF_LINES = 600


def show_prompts(settings: Settings) -> None:
    prompts = prompts_of(settings)
    if not prompts:
        widgets.notice(say("quality.prompt.none"), more=say("quality.prompt.none_more"))
        return
    widgets.small(say("quality.prompt.lead"))
    if saved := st.session_state.pop(_SAVED, ""):
        widgets.notice(say("quality.prompt.saved", name=saved), more=say("quality.prompt.saved_more", name=saved))
    if st.session_state.get(_CHOSEN) not in prompts:
        st.session_state[_CHOSEN] = settings.prompt if settings.prompt in prompts else prompts[0]
    chosen = st.selectbox(
        as_markdown(say("quality.prompt.choose")),
        prompts,
        format_func=lambda name: name + (f" ({say('quality.prompt.in_use')})" if name == settings.prompt else ""),
        key=_CHOSEN,
    )
    stored = _stored(settings, chosen)
    if stored is None:
        widgets.problem(say("quality.prompt.unreadable"))
        return
    text = st.text_area(
        as_markdown(say("quality.prompt.text")),
        stored,
        height=_TEXT_PIXELS,
        max_chars=MAX_CHARS,
        key=_text_key(chosen),
        persist_state="session",
    )
    st.button(as_markdown(say("quality.prompt.check")), key="prompt-check", icon=":material/rule:", on_click=_check_now)
    _tell_checked(chosen, text)
    _show_difference(settings, prompts, chosen, text)
    _show_saving(settings)


def _show_difference(settings: Settings, prompts: list[str], chosen: str, text: str) -> None:
    st.subheader(as_markdown(say("quality.prompt.difference")), anchor=False)
    other = st.selectbox(
        as_markdown(say("quality.prompt.against")), prompts, index=prompts.index(chosen), key=f"{_OTHER}-{chosen}"
    )
    lines = difference(_stored(settings, other) or "", text, (other, say("quality.prompt.yours", name=chosen)))
    if not lines:
        widgets.small(say("quality.prompt.same", name=other))
        return
    kinds = {"+": "add", "-": "del", "@": "at"}
    rows = "".join(
        f'<span class="{kinds.get(line[:1], "") if place > 1 else "at"}">{as_html(line) or " "}</span>'
        for place, line in enumerate(lines[:MAX_DIFF_LINES])
    )
    label = as_html(say("quality.prompt.difference"))
    st.html(f'<pre class="quality-diff" role="region" tabindex="0" aria-label="{label}">{rows}</pre>')
    if len(lines) > MAX_DIFF_LINES:
        widgets.small(say("quality.prompt.more_lines", count=f"{len(lines) - MAX_DIFF_LINES:,}"))


def _show_saving(settings: Settings) -> None:
    st.subheader(as_markdown(say("quality.prompt.save_title")), anchor=False)
    if is_shipped(settings.path(settings.prompts)):
        widgets.small(say("quality.prompt.shipped"))
        return
    st.text_input(
        as_markdown(say("quality.prompt.change")),
        max_chars=300,
        key=_CHANGE,
        help=as_markdown(say("quality.prompt.log")),
    )
    st.button(as_markdown(say("quality.prompt.save")), key="prompt-save", icon=":material/save:", on_click=_save_now)
    if not settings.asks_llm:
        widgets.small(say("quality.prompt.no_model"))
        return
    suites = suites_of(settings)
    if not (dev := dev_suite(suites)):
        widgets.small(say("quality.prompt.no_dev"))
        return
    widgets.notice(say("quality.prompt.pays", model=settings.openai_model, suite=suites[dev]), warning=True)
    budget_field(_BUDGET)
    st.button(
        as_markdown(say("quality.prompt.run", suite=suites[dev])),
        key="prompt-run",
        type="primary",
        icon=":material/play_arrow:",
        on_click=_save_and_run,
    )


def _tell_checked(chosen: str, text: str) -> None:
    found = st.session_state.get(_CHECKED)
    if found and found[:2] == (chosen, text):
        widgets.notice(found[2], warning=not found[3])


def _check_now() -> None:
    _check()


def _save_now() -> None:
    _save()


def _check() -> bool:
    """Of what stands in the box now; what was found is told below it."""
    state = st.session_state
    if not may_evaluate():
        state[REFUSED] = say("quality.job.not_allowed")
        return False
    chosen = str(state.get(_CHOSEN, ""))
    text = str(state.get(_text_key(chosen), ""))
    name, _, version = chosen.partition("@")
    try:
        if chosen not in prompts_of(load_settings()):
            raise _gone()
        size = checked_size(text, name, version)
    except Nl2SqlError as error:
        state[_CHECKED] = (chosen, text, error.user_message, False)
        return False
    state[_CHECKED] = (chosen, text, say_count("quality.prompt.usable", size), True)
    return True


def _save() -> str:
    """The name of the new version; "" where there is none, and why is told."""
    state = st.session_state
    chosen = str(state.get(_CHOSEN, ""))
    text = str(state.get(_text_key(chosen), ""))
    try:
        settings = load_settings()
        if text == _stored(settings, chosen):
            state[REFUSED] = say("quality.prompt.unchanged", name=chosen)
            return ""
        if not _check():
            state.setdefault(REFUSED, say("quality.prompt.not_saved"))
            return ""
        saved = save(settings, chosen.partition("@")[0], text, str(state.get(_CHANGE, "")))
    except Nl2SqlError as error:
        state[REFUSED] = error.user_message
        return ""
    # What was typed stands in the new version now; the one it began from shows its own text again.
    state.pop(_text_key(chosen), None)
    state[_CHOSEN], state[_CHANGE], state[_SAVED] = saved, "", saved
    return saved


def _save_and_run() -> None:
    state = st.session_state
    budget = chosen_budget(_BUDGET)
    if budget is None:
        state[REFUSED] = say("quality.start.no_budget")
        return
    chosen = str(state.get(_CHOSEN, ""))
    try:
        settings = load_settings()
        is_same = state.get(_text_key(chosen)) == _stored(settings, chosen)
        suite = dev_suite(suites_of(settings))
        if not settings.asks_llm or not suite:
            raise _gone()
    except Nl2SqlError as error:
        state[REFUSED] = error.user_message
        return
    prompt = chosen if is_same else _save()
    if prompt and begin(order_of(settings, suite, "llm", prompt, budget)):
        state[VIEW] = "runs"


def _stored(settings: Settings, prompt: str) -> str | None:
    """None for one that is not there, or no text."""
    if prompt not in prompts_of(settings):
        return None
    name, _, version = prompt.partition("@")
    path: Path = settings.path(settings.prompts) / name / f"{version}.md"
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None


def _text_key(prompt: str) -> str:
    return f"prompt-text-{prompt}"


def _gone() -> SettingsInvalid:
    return SettingsInvalid(say("quality.start.gone"))
