"""Keys of the Ask page: `/` goes to the box, arrows in the empty box bring earlier questions back, Escape stops."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from streamlit_app.asking.state import Conversation
from streamlit_app.safe import as_html
from streamlit_app.words import say

# As many as somebody may scroll back through; each is at most 2,000 characters.
MAX_RECALLED = 30
_SCRIPT = (Path(__file__).parent / "keyboard.js").read_text(encoding="utf-8")
_component = st.components.v2.component("ask_keyboard", js=_SCRIPT, isolate_styles=False)


def keyboard(talk: Conversation) -> None:
    """Listens as long as the page is there. Draws nothing."""
    asked = [entry.request.text for entry in talk.entries]
    if talk.waiting is not None:
        asked.append(talk.waiting.text)
    questions = list(dict.fromkeys(reversed(asked)))[:MAX_RECALLED][::-1]
    _component(data={"questions": questions}, key="keys", height=1)


def show_keys() -> None:
    """What they do, in one line; not drawn on a phone, which has none."""
    keys = {
        say("ask.keys.enter_key"): say("ask.keys.enter"),
        "/": say("ask.keys.slash"),
        "↑": say("ask.keys.up"),
        say("ask.keys.escape_key"): say("ask.keys.escape"),
    }
    told = "".join(f"<span><kbd>{as_html(key)}</kbd> {as_html(does)}</span>" for key, does in keys.items())
    st.html(f'<p class="ask-keys" aria-label="{as_html(say("ask.keys.label"))}">{told}</p>', width="content")
