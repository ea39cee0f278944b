"""What's in the data: the semantic model in plain words, so that a person knows what may be asked."""

from __future__ import annotations

import streamlit as st

from nl2sql.errors import Nl2SqlError
from streamlit_app import widgets
from streamlit_app.asking.state import request
from streamlit_app.data.catalog import catalog_for
from streamlit_app.data.results import show_found
from streamlit_app.data.seen import Seen
from streamlit_app.data.views import FIND_KEY, show_views
from streamlit_app.services import NotReady, start
from streamlit_app.words import say, say_count


def page() -> None:
    ready = start()
    if isinstance(ready, NotReady):
        widgets.not_ready(ready.sentence, ready.remedy)
        return
    if "data" not in ready.person.may:
        widgets.notice(say("frame.not_allowed"), warning=True)
        return
    try:
        catalog = catalog_for(ready)
    except Nl2SqlError as error:
        widgets.notice(error.user_message, more=error.hint, warning=True)
        return
    _heading(catalog.seen)
    typed = st.text_input(
        say("data.find"),
        placeholder=say("data.find"),
        label_visibility="collapsed",
        key=FIND_KEY,
        icon=":material/search:",
    )
    ask = _ask if "ask" in ready.person.may else None
    if typed and typed.strip():
        show_found(catalog.index.find(typed), catalog.seen, typed.strip(), ask)
    else:
        show_views(catalog.seen, ask)


def _heading(seen: Seen) -> None:
    widgets.heading(say("data.title"), " ".join(seen.model.description.split()) or say("data.lead"))
    widgets.provenance(
        [
            say_count("data.tables_count", len(seen.datasets)),
            say_count("data.fields", seen.field_count),
            say_count("data.measures_count", len(seen.metrics)),
            say_count("data.links_count", len(seen.relationships)),
        ]
    )


def _ask(text: str) -> None:
    request(text)
    st.switch_page("app_pages/ask.py")


page()
