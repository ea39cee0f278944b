"""What somebody chose once, for every session of theirs: the language of the texts, and whatever else is named.

In a room that every page stands on, so that the frame, the settings and the history can all use it.
"""

from __future__ import annotations

import logging
from typing import Protocol

import streamlit as st

from nl2sql.question import Principal
from streamlit_app.store.base import Store
from streamlit_app.store.errors import StoreError
from streamlit_app.words import LANGUAGE_KEY, LANGUAGES

log = logging.getLogger(__name__)

LANGUAGE = "language"  # the name of the preference; its values are those of `words.Language`
_APPLIED = "preferences-of"  # in the session: whose preferences it has


class Keeping(Protocol):
    """A `services.Ready`, of which this needs who and where."""

    @property
    def store(self) -> Store: ...
    @property
    def principal(self) -> Principal: ...


def apply_preferences(ready: Keeping) -> None:
    """Puts what is kept into the session, once for each person in it. Without a store the session stays as it is."""
    owner = ready.principal.user
    if st.session_state.get(_APPLIED) == owner:
        return
    try:
        kept = ready.store.preferences(owner)
    except StoreError:
        return  # tried again on the next run
    st.session_state[_APPLIED] = owner
    if kept.get(LANGUAGE) in LANGUAGES:
        st.session_state[LANGUAGE_KEY] = kept[LANGUAGE]


def remember(ready: Keeping, name: str, value: str) -> bool:
    """For this session at once and for later ones; False where it holds for this session alone."""
    if name == LANGUAGE and value in LANGUAGES:
        st.session_state[LANGUAGE_KEY] = value
    try:
        ready.store.set_preference(ready.principal.user, name, value)
    except StoreError as error:
        log.info("A preference holds for this session only: %s", type(error).__name__)
        return False
    return True
