"""What stands on the page for whoever does not get in. It shows nothing but what they know, and what to do."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from streamlit_app.safe import as_html, as_markdown
from streamlit_app.signing_in.gate import sign_in_names
from streamlit_app.signing_in.oidc import DEFAULT, AuthInvalid, title
from streamlit_app.signing_in.person import Person
from streamlit_app.signing_in.refusal import Refusal
from streamlit_app.words import say

_frame = st.components.v2.component(
    "frame", js=Path(__file__).with_name("frame.js").read_text(encoding="utf-8"), isolate_styles=False
)
# How the identity-aware proxy is told to forget somebody.
_PROXY_SIGN_OUT = "/?gcp-iap-mode=CLEAR_LOGIN_COOKIE"


def show_refusal(refusal: Refusal) -> DeltaGenerator:
    """Where more may be put below it."""
    place = st.container(key="gate")
    with place:
        st.html(f'<p class="frame-brand">{as_html(say("sign_in.title"))}</p>')
        st.title(as_markdown(say(f"sign_in.{refusal.reason}.title")), anchor=False)
        for sentence in _sentences(refusal):
            st.html(f'<p class="frame-said">{as_html(sentence)}</p>')
        if refusal.how == "oidc" and refusal.reason in ("sign_in", "expired"):
            # The way back from the provider ends at the front door: the tab remembers where somebody wanted to go.
            _frame(data={"address": "remember"}, key="frame-script", height=1)
            _sign_in_buttons()
        elif refusal.reason in ("unknown", "no_attribute"):
            sign_out(refusal.how)
        elif refusal.reason == "misconfigured":
            st.button(say("sign_in.again"), key="try-again")
    return place


def settle(person: Person, link: int) -> None:
    """Shows the link of the current page (its place among those shown; -1: none), and after a sign-in goes to the
    address that somebody had opened before it. Draws nothing."""
    address = "return" if person.how == "oidc" else ""
    _frame(data={"address": address, "link": link}, key="frame-script", height=1)


def sign_out(how: str) -> None:
    if how == "oidc":
        st.button(say("frame.sign_out"), key="sign-out", on_click=_leave, icon=":material/logout:")
    elif how == "iap":
        st.html(f'<a class="frame-leave" href="{_PROXY_SIGN_OUT}" target="_self">{as_html(say("frame.sign_out"))}</a>')


def _sentences(refusal: Refusal) -> list[str]:
    if refusal.reason == "expired" and refusal.how == "iap":
        return [say("sign_in.expired_proxy")]
    text = say(f"sign_in.{refusal.reason}.text", who=refusal.who)
    if refusal.reason in ("unknown", "no_attribute"):
        return [text, say("sign_in.ask_whom", ask=refusal.ask) if refusal.ask else say("sign_in.ask_admin")]
    return [text]


def _sign_in_buttons() -> None:
    try:
        names = sign_in_names()
    except AuthInvalid:  # since the gate looked
        return
    for name in names:
        label = say("sign_in.plain") if name == DEFAULT else say("sign_in.with", provider=title(name))
        st.button(as_markdown(label), key=f"sign-in-{name}", type="primary", on_click=st.login, args=(name,))


def _leave() -> None:
    """Nothing of the session outlives the sign-in."""
    st.session_state.clear()
    st.logout()
