"""Settings: who somebody is here, what they see, what leaves the house, and, for those who run it, how it is set up."""

from __future__ import annotations

import streamlit as st

from nl2sql.errors import Nl2SqlError
from nl2sql.settings import Settings, load_settings
from streamlit_app import widgets
from streamlit_app.about import sections
from streamlit_app.about.privacy import what_leaves
from streamlit_app.about.show_health import show_health
from streamlit_app.about.sight import Sight, in_words, may_in_words
from streamlit_app.data.catalog import catalog_for
from streamlit_app.data.names import dataset_label
from streamlit_app.services import NotReady, Present, Ready, start, who_is_here
from streamlit_app.signing_in.refusal import Refusal
from streamlit_app.store.preferences import LANGUAGE, remember
from streamlit_app.words import LANGUAGE_NAMES, LANGUAGES, language, say

_CHOICE = "about-language"


def page() -> None:
    ready = start()
    here = ready if isinstance(ready, Ready) else who_is_here()
    if isinstance(ready, NotReady):
        widgets.not_ready(ready.sentence, ready.remedy)
    if isinstance(here, Refusal):
        return
    try:
        settings = load_settings()
    except Nl2SqlError:  # told above
        return
    if isinstance(ready, Ready):
        widgets.heading(say("about.title"), say("about.lead"))
    _language(here)
    if isinstance(ready, Ready):
        _person(ready)
    is_shown = "settings" in here.person.may
    sections.section(say("about.privacy"))
    statistics = bool(st.get_option("browser.gatherUsageStats"))
    sections.show_privacy(what_leaves(settings, hosts=is_shown, statistics=statistics))
    if is_shown:
        _set_up(ready, settings)
    sections.section(say("about.keys"))
    sections.show_lines(sections.keys())


def _language(here: Ready | Present) -> None:
    def chosen() -> None:
        remember(here, LANGUAGE, st.session_state[_CHOICE])

    if st.session_state.get(_CHOICE) != language():
        st.session_state[_CHOICE] = language()
    st.segmented_control(
        say("about.language"),
        LANGUAGES,
        format_func=LANGUAGE_NAMES.__getitem__,
        key=_CHOICE,
        required=True,
        on_change=chosen,
    )


def _person(ready: Ready) -> None:
    person = ready.person
    sections.section(say("about.you"))
    sections.show_lines(
        [
            (say("about.name"), person.name),
            (say("about.signed_in"), say(f"about.how.{person.how}")),
            (say("about.role"), person.role),
            (say("about.may_do"), may_in_words(person)),
        ]
    )
    try:
        policy = ready.pipeline.policy_for(person.role)
        sections.show_sentences(in_words(_sight(ready), policy, person))
    except Nl2SqlError as error:
        widgets.notice(error.user_message, more=error.hint, warning=True)


def _sight(ready: Ready) -> Sight:
    seen = catalog_for(ready).seen
    rows = ready.pipeline.policy_for(ready.person.role).rows
    counts = list(seen.access.values())
    return Sight(
        tables=len(seen.datasets),
        closed=len(seen.model.datasets) - len(seen.datasets),
        fields=seen.field_count,
        masked=counts.count("masked"),
        totals=counts.count("totals"),
        denied=counts.count("denied"),
        limited=tuple(dataset_label(each) for each in seen.datasets if each.table.lower() in rows),
    )


def _set_up(ready: Ready | NotReady, settings: Settings) -> None:
    """Also where the database cannot be opened: then its address is what one wants to read."""
    sections.section(say("about.connection"))
    sections.show_lines(
        sections.connection(settings, ready.pipeline.engine.dialect if isinstance(ready, Ready) else "")
    )
    if isinstance(ready, Ready):
        _limits(ready)
        sections.section(say("about.model"))
        sections.show_lines([*sections.model_lines(ready.pipeline.model), *sections.language_model(settings)])
    sections.section(say("about.health_title"))
    show_health()
    sections.section(say("about.versions"))
    sections.show_lines(sections.versions())


def _limits(ready: Ready) -> None:
    try:
        policy = ready.pipeline.policy_for(ready.person.role)
    except Nl2SqlError:  # told above, where the role is
        return
    sections.section(say("about.limits"))
    sections.show_lines(sections.limits(policy))


page()
