"""Pinning an answer: a board keeps what to ask again, never what came of it."""

from __future__ import annotations

import streamlit as st

from nl2sql.answer.base import Answer
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from streamlit_app import widgets
from streamlit_app.boards.change import MAX_NAME, MAX_TILES, MAX_TITLE, WIDTHS, new_board, new_id, with_tile
from streamlit_app.boards.keeping import still_may
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.services import Ready, shielded
from streamlit_app.showing.chart_controls import chosen_options
from streamlit_app.store.base import Board, Request, Tile, Width
from streamlit_app.store.errors import BoardChanged, StoreError
from streamlit_app.words import say

# As a plan's JSON has it; within a text the quotes would be escaped.
_DATED = '"kind":"during"'
_TRIES = 3  # when somebody saves the board in the same moment, on the newer one again


@st.fragment
def pin_popover(request: Request, answer: Answer, key: str, ready: Ready) -> None:
    """“Pin”: onto a board of one's own, or a new one. Draws nothing for what cannot be pinned. `key` names the widgets
    and the result whose chart options are kept."""
    if "boards" not in ready.person.may or answer.outcome != "answered" or answer.table is None:
        return
    with shielded(widgets.problem):
        opened = st.popover(
            say("boards.pin.pin"), icon=":material/keep:", type="tertiary", key=f"pin-{key}", on_change="rerun"
        )
        if opened.open:
            with opened:
                _form(request, answer, key, ready)


def tile_of(request: Request, answer: Answer, *, title: str, width: Width, chart: ChartOptions = AUTOMATIC) -> Tile:
    """What asks for this answer again.

    A plan, where there is one. But a question in words whose plan has days is asked again in words: “last month” is
    another month next time. A follow-up has no such words of its own, and keeps its plan.
    """
    text = answer.standalone or request.text
    if request.is_sql:
        again = Request(request.text, is_sql=True)
    elif request.plan:
        again = Request(text, plan=answer.plan or request.plan)
    elif answer.plan and (answer.standalone or _DATED not in answer.plan):
        again = Request(text, plan=answer.plan)
    else:
        again = Request(text)
    told = shorten(title, MAX_TITLE) or shorten(text, MAX_TITLE)
    return Tile(new_id(), told, again, question="" if request.is_sql else text, chart=chart, width=width)


def suggested_title(request: Request, answer: Answer) -> str:
    """The question. The headline is what came of it for one role on one day, and would not stay true."""
    if request.is_sql and answer.chart is not None and answer.chart.title:
        return shorten(answer.chart.title, MAX_TITLE)
    return shorten(answer.standalone or request.text, MAX_TITLE)


def _form(request: Request, answer: Answer, key: str, ready: Ready) -> None:
    try:
        own = [each for each in ready.store.boards(ready.person.user) if each.owner == ready.person.user]
    except StoreError as error:
        widgets.problem(error.sentence)
        return
    names = {"": say("boards.pin.new")} | {each.id: each.name for each in own}
    st.selectbox(
        say("boards.pin.onto"),
        [*(each.id for each in own), ""],
        format_func=lambda board: names.get(board, ""),
        key=f"pin-board-{key}",
    )
    if not st.session_state[f"pin-board-{key}"]:
        st.text_input(say("boards.name"), say("boards.first_name"), max_chars=MAX_NAME, key=f"pin-name-{key}")
    st.text_input(
        say("boards.tile.title"), suggested_title(request, answer), max_chars=MAX_TITLE, key=f"pin-title-{key}"
    )
    st.segmented_control(
        say("boards.tile.width"),
        WIDTHS,
        default=6,
        required=True,
        format_func=lambda width: say(f"boards.width.{width}"),
        key=f"pin-width-{key}",
    )
    st.button(
        say("boards.pin.pin"), key=f"pin-do-{key}", type="primary", on_click=_pin, args=(request, answer, key, ready)
    )
    _outcome(key)


def _outcome(key: str) -> None:
    """What came of the last click on “Pin”, until the next."""
    done = st.session_state.get(f"pinned-{key}")
    if isinstance(done, Board):
        widgets.notice(say("boards.pin.done", name=done.name))
        st.page_link(
            "app_pages/boards.py",
            label=as_markdown(say("boards.pin.open", name=done.name)),
            icon=":material/dashboard:",
            query_params={"board": done.id},
        )
    elif done:
        widgets.problem(str(done))


def _pin(request: Request, answer: Answer, key: str, ready: Ready) -> None:
    state = st.session_state
    if not still_may(ready):
        state[f"pinned-{key}"] = say("boards.not_allowed")
        return
    tile = tile_of(
        request,
        answer,
        title=str(state.get(f"pin-title-{key}") or ""),
        width=state.get(f"pin-width-{key}") or 6,
        chart=chosen_options(key),
    )
    try:
        state[f"pinned-{key}"] = _onto(
            state.get(f"pin-board-{key}") or "", str(state.get(f"pin-name-{key}")), tile, ready
        )
    except StoreError as error:
        state[f"pinned-{key}"] = error.sentence


def _onto(board_id: str, name: str, tile: Tile, ready: Ready) -> Board | str:
    """The board as saved, or why it was not. A board that is gone meanwhile is made anew."""
    user = ready.person.user
    for left in reversed(range(_TRIES)):
        board = ready.store.board(user, board_id) if board_id else None
        board = board or new_board(name.strip() or say("boards.first_name"), user)
        if len(board.tiles) >= MAX_TILES:
            return say("boards.full", count=MAX_TILES)
        try:
            return ready.store.save_board(user, with_tile(board, tile))
        except BoardChanged:
            if not left:
                raise
    raise AssertionError("the last try returns or raises")
