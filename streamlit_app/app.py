"""The frame: who is here, which pages they may open, and what stands around each page. Pages are in `app_pages`."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import streamlit as st

from streamlit_app import widgets
from streamlit_app.safe import as_html, as_markdown, shorten
from streamlit_app.services import Present, shielded, who_is_here
from streamlit_app.signing_in.person import Permission, Person
from streamlit_app.signing_in.refusal import Refusal
from streamlit_app.signing_in.screens import settle, show_refusal, sign_out
from streamlit_app.store.preferences import LANGUAGE, apply_preferences, remember
from streamlit_app.words import LANGUAGE_KEY, LANGUAGE_NAMES, LANGUAGES, language, say

HERE = Path(__file__).parent
MAX_NAME = 24  # beside six links on a laptop's screen


class Line(NamedTuple):
    """A page: its file in app_pages, what its reader must be allowed (None: to be signed in), the message that names
    it, and its address."""

    file: str
    needs: Permission | None
    name: str
    path: str


PAGES = (
    Line("ask.py", "ask", "frame.ask", ""),
    Line("boards.py", "boards", "frame.boards", "boards"),
    Line("data.py", "data", "frame.data", "data"),
    Line("quality.py", "quality", "frame.quality", "quality"),
    Line("activity.py", "activity", "frame.activity", "activity"),
    Line("about.py", None, "frame.about", "settings"),
)


def frame() -> None:
    st.set_page_config(page_title=say("frame.page_title"), page_icon=str(HERE / "icon.svg"), layout="centered")
    widgets.stylesheet()
    with shielded(widgets.problem):
        here = who_is_here()
        if isinstance(here, Present):
            apply_preferences(here)
        # All of them, for whoever it is: an address that is not among them is answered with “page not found”.
        pages = {line: _page(line) for line in PAGES}
        chosen = st.navigation(list(pages.values()), position="hidden")
        if isinstance(here, Refusal):
            with show_refusal(here):
                _language(None)
        else:
            _show(here, pages, chosen)


def _show(here: Present, pages: dict[Line, st.Page], chosen: st.Page) -> None:
    allowed = [page for line, page in pages.items() if line.needs is None or line.needs in here.person.may]
    # Links of our own: Streamlit folds its top navigation away on a narrow screen, where nobody would look for it.
    with st.container(key="frame", horizontal=True, vertical_alignment="center", gap="small"):
        with st.container(key="pages", horizontal=True, gap="small"):
            for each in allowed:
                st.page_link(each, width="content")
        _corner(here)
        settle(here.person, allowed.index(chosen) if chosen in allowed else -1)
    if here.person.how == "local":
        st.html(f'<p class="frame-local" role="note">{as_html(say("frame.local"))}</p>')
    if chosen in allowed:
        chosen.run()
    else:
        widgets.notice(say("frame.not_allowed"), more=say("frame.not_allowed_more"), warning=True)


def _page(line: Line) -> st.Page:
    return st.Page(HERE / "app_pages" / line.file, title=say(line.name), url_path=line.path, default=not line.path)


def _corner(here: Present) -> None:
    """Who this is, the language, and the way out."""
    person = here.person
    name = say("frame.local_user") if person.how == "local" else person.name
    with st.popover(as_markdown(shorten(name, MAX_NAME)), icon=":material/account_circle:", type="tertiary", key="me"):
        st.markdown(as_markdown(_about(person)))
        _language(here)
        sign_out(person.how)


def _about(person: Person) -> str:
    return say("frame.local_more") if person.how == "local" else say("frame.signed_in_as", who=person.name)


def _language(here: Present | None) -> None:
    st.session_state["choose-language"] = language()  # also where another page changed it
    st.segmented_control(
        say("frame.language"),
        LANGUAGES,
        required=True,
        format_func=LANGUAGE_NAMES.__getitem__,
        key="choose-language",
        on_change=_choose_language,
        args=(here,),
        label_visibility="visible" if here else "collapsed",
    )


def _choose_language(here: Present | None) -> None:
    chosen = st.session_state["choose-language"]
    if here is not None:
        remember(here, LANGUAGE, chosen)
    else:
        st.session_state[LANGUAGE_KEY] = chosen


frame()
