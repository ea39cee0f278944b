"""A whole board to take along: what its tiles show now, with their receipts, as one page."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import streamlit as st

from nl2sql.errors import ExportUnavailable
from streamlit_app import widgets
from streamlit_app.boards.compute import TileAnswer
from streamlit_app.boards.keeping import still_may
from streamlit_app.boards.words import FilterName, unfiltered_words
from streamlit_app.services import Ready, shielded
from streamlit_app.store.base import Board, Tile
from streamlit_app.words import say

Shown = Sequence[tuple[Tile, TileAnswer | None]]
_PDF_KEY = "board-pdf"


@st.fragment
def export_popover(board: Board, shown: Shown, lead: str, ready: Ready, filter_name: FilterName) -> None:
    """Nothing for whoever may not export. Tiles without an answer are left out, and the page says how many."""
    if "export" not in ready.person.may:
        return
    with shielded(widgets.problem):
        opened = st.popover(
            say("boards.export.export"), icon=":material/download:", key="board-export", on_change="rerun"
        )
        if not opened.open or not still_may(ready, "export"):
            return
        with opened:
            page = partial(board_html, board, shown, lead, filter_name)
            st.download_button(
                say("boards.export.html"),
                page,
                file_name=f"{_file_name(board.name)}.html",
                mime="text/html",
                key="board-html",
                on_click="ignore",
                type="tertiary",
                icon=":material/language:",
            )
            _pdf(page, board, shown, lead)


def board_html(board: Board, shown: Shown, lead: str, filter_name: FilterName) -> str:
    from nl2sql.export.answers import Section, answers_html  # draws charts: heavy, and seldom wanted

    answered = [
        Section(each.answer, tile.chart, tile.title, " ".join(unfiltered_words(each, filter_name)))
        for tile, each in shown
        if each is not None and each.answer is not None and each.answer.outcome == "answered"
    ]
    missing = len(shown) - len(answered)
    said = [lead, say("boards.export.missing", count=missing) if missing else ""]
    return answers_html(board.name, answered, lead=" · ".join(part for part in said if part))


def _pdf(page: partial[str], board: Board, shown: Shown, lead: str) -> None:
    """Two clicks: printing takes seconds, and can fail in a way that is worth a sentence."""
    mark = (board, lead, tuple(each.number if each else 0 for _, each in shown))
    made = st.session_state.get(_PDF_KEY)
    if made is not None and made[0] == mark:
        st.download_button(
            say("boards.export.save_pdf"),
            made[1],
            file_name=f"{_file_name(board.name)}.pdf",
            mime="application/pdf",
            key="board-pdf-save",
            on_click="ignore",
            icon=":material/download:",
        )
        return
    if st.button(say("boards.export.pdf"), key="board-pdf-make", type="tertiary", icon=":material/picture_as_pdf:"):
        from nl2sql.export.answers import answers_pdf

        try:
            with st.spinner(say("boards.export.making")):
                st.session_state[_PDF_KEY] = (mark, answers_pdf(page()))
        except ExportUnavailable as error:
            widgets.problem(" ".join(part for part in (error.user_message, error.hint) if part))
            return
        st.rerun(scope="fragment")


def _file_name(name: str) -> str:
    return re.sub(r"[^\w-]+", "-", name).strip("-").lower()[:60] or "board"
