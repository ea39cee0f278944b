"""The Boards page: answers that were pinned, asked again for whoever looks."""

from __future__ import annotations

from streamlit_app import widgets
from streamlit_app.boards.page import show_boards
from streamlit_app.services import NotReady, start


def page() -> None:
    ready = start()
    if isinstance(ready, NotReady):
        widgets.not_ready(ready.sentence, ready.remedy)
        return
    show_boards(ready)


page()
