"""Saving what somebody changed on a board: with an undo, and with a way out when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from streamlit_app import services, widgets
from streamlit_app.boards.change import copied
from streamlit_app.safe import as_markdown
from streamlit_app.services import Ready
from streamlit_app.signing_in.person import Permission
from streamlit_app.store.base import Board
from streamlit_app.store.errors import BoardChanged, StoreError
from streamlit_app.words import say

_KEY = "boards"


@dataclass(slots=True)
class Desk:
    """What is to be told on the next run. `undo` takes back what `done` says; `mine` is what could not be saved."""

    done: str = ""
    undo: Callable[[], object] | None = None
    mine: Board | None = None
    problem: str = ""
    changed: bool = False

    def tell(self, done: str = "", undo: Callable[[], object] | None = None, problem: str = "") -> None:
        self.done, self.undo, self.problem, self.mine, self.changed = done, undo, problem, None, True


def desk() -> Desk:
    found: Desk = st.session_state.setdefault(_KEY, Desk())
    return found


def draw_all_again() -> None:
    """At the start of a fragment whose buttons change more than itself."""
    if desk().changed:
        desk().changed = False
        st.rerun()


def still_may(ready: Ready, what: Permission = "boards") -> bool:
    """Asked anew with each change: who was let in when the page was drawn may be out by now."""
    now = services.start()
    return isinstance(now, Ready) and now.person.user == ready.person.user and what in now.person.may


def draw_all_for_another(ready: Ready) -> None:
    """At the start of a fragment that asks: who was let in when it was drawn may be out by now, or in another role."""
    now = services.start()
    if not isinstance(now, Ready) or now.person != ready.person:
        st.rerun()


def may_change(board: Board, ready: Ready) -> bool:
    return "boards" in ready.person.may and board.owner == ready.person.user


def save(ready: Ready, board: Board, done: str = "", undo: Callable[[Board], Board] | None = None) -> Board | None:
    """For callbacks. `board` is the changed one, of the version that was on screen; None where it was not saved.

    `undo` changes the board, as it is by then, back again.
    """
    if not (may_change(board, ready) and still_may(ready)):
        desk().tell(problem=say("boards.not_allowed"))
        return None
    try:
        saved = ready.store.save_board(ready.person.user, board)
    except BoardChanged:
        desk().tell()
        desk().mine = board
        return None
    except StoreError as error:
        desk().tell(problem=error.sentence)
        return None
    desk().tell(done, (lambda: _take_back(ready, board.id, undo)) if undo else None)
    return saved


def _take_back(ready: Ready, board_id: str, undo: Callable[[Board], Board]) -> None:
    board = ready.store.board(ready.person.user, board_id)
    if board is not None:
        save(ready, undo(board))


def delete(ready: Ready, board: Board) -> None:
    user = ready.person.user
    if not (may_change(board, ready) and still_may(ready)):
        desk().tell(problem=say("boards.not_allowed"))
        return
    try:
        ready.store.delete_board(user, board.id)
    except StoreError as error:
        desk().tell(problem=error.sentence)
        return
    desk().tell(say("boards.deleted", name=board.name), lambda: ready.store.restore_board(user, board.id))
    st.query_params.clear()


def keep_copy(ready: Ready, board: Board, name: str) -> None:
    """A board of one's own with the same tiles, which is opened."""
    if not still_may(ready):
        desk().tell(problem=say("boards.not_allowed"))
        return
    try:
        saved = ready.store.save_board(ready.person.user, copied(board, name, ready.person.user))
    except StoreError as error:
        desk().tell(problem=error.sentence)
        return
    desk().tell(say("boards.copied", name=saved.name))
    st.query_params.from_dict({"board": saved.id})


def show_desk(ready: Ready) -> None:
    """What came of the last change, with its undo or its way out."""
    told = desk()
    told.changed = False
    if told.mine is not None:
        _show_conflict(ready, told.mine)
    elif told.problem:
        widgets.problem(told.problem)
    elif told.done:
        with st.container(horizontal=True, vertical_alignment="center", key="board-done"):
            widgets.notice(told.done)
            if told.undo is not None:
                st.button(say("boards.undo"), key="board-undo", type="tertiary", icon=":material/undo:", on_click=_undo)
    told.done, told.problem = ("", "") if told.undo is None and told.mine is None else (told.done, told.problem)


def _undo() -> None:
    undo = desk().undo
    desk().tell()
    if undo is not None:
        try:
            undo()
        except StoreError as error:
            desk().tell(problem=error.sentence)


def _show_conflict(ready: Ready, mine: Board) -> None:
    widgets.notice(say("boards.conflict"), more=say("boards.conflict_more"), warning=True)
    with st.container(horizontal=True):
        st.button(say("boards.load_newer"), key="board-newer", type="primary", on_click=desk().tell)
        st.button(
            as_markdown(say("boards.keep_mine")),
            key="board-mine",
            on_click=keep_copy,
            args=(ready, mine, say("boards.copy_name", name=mine.name)),
        )
