"""Whole questions to click; each is asked at once."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from streamlit_app.asking.state import request
from streamlit_app.safe import as_markdown


def choices(questions: Sequence[str], key: str) -> None:
    """`key` names the widgets."""
    with st.container(key=f"choices-{key}", gap="xsmall"):
        for index, text in enumerate(questions):
            st.button(as_markdown(text), key=f"choice-{key}-{index}", on_click=request, args=(text,), width="stretch")
