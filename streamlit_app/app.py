"""The frame: page settings, style and navigation. Pages are in `app_pages`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from streamlit_app import widgets
from streamlit_app.services import shielded

HERE = Path(__file__).parent

st.set_page_config(page_title="Ask your data", page_icon=str(HERE / "icon.svg"), layout="centered")
widgets.stylesheet()
pages = [
    st.Page(HERE / "app_pages" / "ask.py", title="Ask", default=True),
    st.Page(HERE / "app_pages" / "data.py", title="What’s in the data", url_path="data"),
    st.Page(HERE / "app_pages" / "quality.py", title="Quality", url_path="quality"),
]
# Links of our own: Streamlit folds its top navigation away on a narrow screen, where nobody would look for it.
chosen = st.navigation(pages, position="hidden")
with st.container(key="pages", horizontal=True, gap="small"):
    for each in pages:
        st.page_link(each, width="content")
with shielded(widgets.problem):
    chosen.run()
