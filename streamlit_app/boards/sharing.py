"""Who may read a board, and its address."""

from __future__ import annotations

from dataclasses import replace
from typing import get_args
from urllib.parse import urlencode, urlsplit, urlunsplit

import streamlit as st

from streamlit_app import widgets
from streamlit_app.boards.keeping import desk, may_change, save, still_may
from streamlit_app.services import Ready
from streamlit_app.store.base import Board, Shared
from streamlit_app.words import say


def share_popover(board: Board, ready: Ready) -> None:
    with st.popover(say("boards.share.share"), icon=":material/share:", key="board-share"):
        if may_change(board, ready) and "share" in ready.person.may:
            _choice(board, ready)
        elif may_change(board, ready):
            widgets.small(say("boards.not_shareable"))
        widgets.small(say("boards.share.link" if board.shared == "house" else "boards.share.own_link"))
        st.code(link_of(board.id, st.context.url or ""), language=None, wrap_lines=True)


def link_of(board_id: str, url: str) -> str:
    """The address of the page with the filters that are on, of this board."""
    parts = urlsplit(url)
    query = {"board": [board_id]} | {
        name: st.query_params.get_all(name) for name in ("period", "where") if name in st.query_params
    }
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query, doseq=True), ""))


def _choice(board: Board, ready: Ready) -> None:
    key = f"board-shared-{board.id}-{board.shared}"

    def change() -> None:
        chosen: Shared = "house" if st.session_state.get(key) == "house" else "private"
        if not still_may(ready, "share"):
            desk().tell(problem=say("boards.not_shareable"))
            return
        save(ready, replace(board, shared=chosen), say(f"boards.share.now_{chosen}"))

    st.radio(
        say("boards.share.who"),
        get_args(Shared),
        index=get_args(Shared).index(board.shared),
        format_func=lambda each: say(f"boards.share.{each}"),
        key=key,
        on_change=change,
    )
