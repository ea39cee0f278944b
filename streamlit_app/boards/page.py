"""The page of boards: all that a person may see, or the one that the address names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from streamlit_app import widgets
from streamlit_app.boards import change
from streamlit_app.boards.export import export_popover
from streamlit_app.boards.filter_bar import chosen_words, current_filters, show_chosen, show_filters
from streamlit_app.boards.grid import REFRESH_KEY, Grid, timer
from streamlit_app.boards.keeping import delete, keep_copy, may_change, save, show_desk
from streamlit_app.boards.sharing import share_popover
from streamlit_app.boards.work import leave_work
from streamlit_app.safe import as_html, as_markdown
from streamlit_app.services import Ready
from streamlit_app.store.base import REFRESH_SECONDS, Board, Request, Tile
from streamlit_app.store.errors import StoreError
from streamlit_app.words import say, say_count

PAGE = "app_pages/boards.py"
_SHOWN = "board-shown"
# As many verified questions as fill a first board without scrolling far.
FIRST_TILES = 4


def show_boards(ready: Ready) -> None:
    board_id = st.query_params.get("board", "")
    _tell_address(board_id)
    try:
        board = ready.store.board(ready.person.user, board_id) if board_id else None
        boards = () if board else ready.store.boards(ready.person.user)
    except StoreError as error:
        widgets.heading(say("boards.title"), say("boards.lead"))
        widgets.problem(error.sentence)
        return
    if board is not None:
        _board(board, ready)
        return
    leave_work()
    _list(boards, ready, missing=bool(board_id))


def _tell_address(board_id: str) -> None:
    """A link within the page changes what it shows, and leaves the browser's address as it was; this tells it."""
    if st.session_state.get(_SHOWN) != board_id:
        st.session_state[_SHOWN] = board_id
        st.query_params.from_dict({name: st.query_params.get_all(name) for name in st.query_params})


# -- all boards ------------------------------------------------------------------------------------------------------


def _list(boards: Sequence[Board], ready: Ready, *, missing: bool) -> None:
    with st.container(key="board-page"):
        widgets.heading(say("boards.title"), say("boards.lead"))
    show_desk(ready)
    if missing:
        widgets.notice(say("boards.missing"), more=say("boards.missing_more"), warning=True)
    own = [each for each in boards if each.owner == ready.person.user]
    shared = [each for each in boards if each.owner != ready.person.user]
    if not own:
        _first_steps(ready)
    for name, some in (("own", own), ("shared", shared)):
        if some:
            widgets.label(say(f"boards.list.{name}"))
            with st.container(key=f"board-list-{name}"):
                for each in some:
                    _card(each, ready)


def _card(board: Board, ready: Ready) -> None:
    parts = [say_count("boards.list.tiles", len(board.tiles))]
    if board.owner != ready.person.user:
        parts.append(say("boards.list.by", owner=board.owner))
    elif board.shared == "house":
        parts.append(say("boards.list.is_shared"))
    with st.container(border=True, key=f"board-card-{board.id}", gap="xsmall"):
        st.page_link(PAGE, label=as_markdown(board.name), icon=":material/dashboard:", query_params={"board": board.id})
        widgets.small(" · ".join(parts))


def _first_steps(ready: Ready) -> None:
    widgets.notice(say("boards.empty.none"), more=say("boards.empty.pin"))
    with st.container(horizontal=True):
        st.page_link("app_pages/ask.py", label=say("boards.empty.ask"), icon=":material/forum:", width="content")
        if ready.suggestions and "boards" in ready.person.may:
            st.button(
                say("boards.empty.verified"),
                key="board-first",
                icon=":material/verified:",
                on_click=_start,
                args=(ready,),
            )


def _start(ready: Ready) -> None:
    """A board of questions that somebody verified."""
    tiles = tuple(Tile(change.new_id(), text, Request(text), question=text) for text in ready.suggestions[:FIRST_TILES])
    saved = save(ready, change.new_board(say("boards.first_name"), ready.person.user, tiles))
    if saved is not None:
        st.query_params.from_dict({"board": saved.id})


# -- one board -------------------------------------------------------------------------------------------------------


def _board(board: Board, ready: Ready) -> None:
    filters = current_filters(board)
    _heading(board, ready)
    show_desk(ready)
    if not board.tiles:
        widgets.notice(say("boards.empty.tiles"), more=say("boards.empty.pin"))
        st.page_link("app_pages/ask.py", label=say("boards.empty.ask"), icon=":material/forum:", width="content")
        return
    grid = Grid(board, filters, ready)
    grid.start()
    if st.session_state.pop(REFRESH_KEY, False):
        grid.refresh()
    with st.container(key="board-bar", horizontal=True, vertical_alignment="bottom", gap="small"):
        show_filters(board, filters, ready)
        seconds = _tools(board, ready)
        export = st.container(width="content")
    show_chosen(board, filters, ready)
    timer(seconds, grid.work)
    # Last, so that the page is whole while the tiles are at work.
    grid.show()
    with export:
        lead = " · ".join(chosen_words(filters, ready))
        export_popover(board, grid.shown(), lead, ready, grid.filter_name)


def _heading(board: Board, ready: Ready) -> None:
    with st.container(key="board-page", gap="xsmall"):
        st.page_link(PAGE, label=say("boards.all"), icon=":material/arrow_back:", query_params={})
        whose = "" if board.owner == ready.person.user else say("boards.list.by", owner=board.owner)
        st.title(as_markdown(board.name), anchor=False)
        if whose:
            st.html(f'<p class="ask-lead">{as_html(whose)} · {as_html(say("boards.read_only"))}</p>')


def _tools(board: Board, ready: Ready) -> int:
    """Gives the seconds after which all tiles are asked anew; 0: by hand."""
    seconds = _every(board, ready)
    st.button(say("boards.refresh"), key="board-refresh-all", icon=":material/refresh:", on_click=_ask_anew)
    share_popover(board, ready)
    _more(board, ready)
    return seconds


def _ask_anew() -> None:
    st.session_state[REFRESH_KEY] = True


def _every(board: Board, ready: Ready) -> int:
    """Its owner's choice is the board's; a reader's holds for the session."""
    key = f"board-every-{board.id}"

    def change_timer() -> None:
        if may_change(board, ready):
            wanted = st.session_state.get(key)  # a browser can send anything
            save(ready, replace(board, refresh_seconds=wanted if wanted in REFRESH_SECONDS else 0))

    known = board.refresh_seconds if board.refresh_seconds in REFRESH_SECONDS else 0
    chosen = st.selectbox(
        say("boards.timer.label"),
        REFRESH_SECONDS,
        index=REFRESH_SECONDS.index(known),
        format_func=lambda seconds: say(f"boards.timer.{seconds}"),
        key=key,
        on_change=change_timer,
        width=190,
    )
    return chosen if chosen in REFRESH_SECONDS else 0


def _more(board: Board, ready: Ready) -> None:
    if "boards" not in ready.person.may:
        return
    key = f"board-name-{board.id}"

    def rename() -> None:
        save(ready, change.renamed(board, str(st.session_state.get(key) or "")))

    copy_name = say("boards.copy_name", name=board.name)
    with st.popover(say("boards.more"), icon=":material/more_horiz:", key="board-more"):
        if may_change(board, ready):
            st.text_input(say("boards.name"), board.name, max_chars=change.MAX_NAME, key=key, on_change=rename)
        st.button(
            say("boards.duplicate"),
            key="board-copy",
            type="tertiary",
            icon=":material/content_copy:",
            on_click=keep_copy,
            args=(ready, board, copy_name),
        )
        if may_change(board, ready):
            st.button(
                say("boards.delete"),
                key="board-delete",
                type="tertiary",
                icon=":material/delete:",
                on_click=delete,
                args=(ready, board),
            )
