"""All tiles of a board: each shown as it comes, beside those that are there."""

from __future__ import annotations

from functools import partial
from hashlib import sha256
from time import monotonic

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from nl2sql.plan.narrow import Filters
from streamlit_app import widgets
from streamlit_app.boards import tile as tiles
from streamlit_app.boards.compute import TileAnswer, answer_tile
from streamlit_app.boards.filter_bar import filter_name
from streamlit_app.boards.keeping import may_change
from streamlit_app.boards.periods import narrowing
from streamlit_app.boards.words import FilterName
from streamlit_app.boards.work import Job, Work, work_of
from streamlit_app.services import Ready
from streamlit_app.store.base import Board, BoardFilters, Tile
from streamlit_app.words import say, time_zone

REFRESH_KEY = "board-refresh"  # in the session: ask all tiles anew on the next run
# How soon the page notices that something else was clicked.
TICK_SECONDS = 0.2


class Grid:
    """One run of the page."""

    def __init__(self, board: Board, filters: BoardFilters, ready: Ready) -> None:
        self.board = board
        self.ready = ready
        self.filters = narrowing(filters, ready.pipeline.today)
        self.work = work_of(board.id, ready.pipeline.cancel)
        self.keys = {each.id: _key(each, self.filters, ready) for each in board.tiles}
        model = ready.pipeline.model_for(ready.principal.role)
        self.filter_name: FilterName = lambda name: filter_name(name, model)

    def start(self) -> None:
        self.work.keep_only(self.keys.values())
        for each in self.board.tiles:
            self.work.want(self.keys[each.id], self._job(each, fresh=False))

    def refresh(self) -> None:
        self.work.begin_refresh()
        for each in self.board.tiles:
            self.work.again(self.keys[each.id], self._job(each, fresh=True))

    def left(self) -> int:
        """How many tiles are still to come."""
        return sum(1 for key in self.keys.values() if self.work.is_under_way(key))

    def show(self) -> None:
        """Returns when every tile is there. Whatever is clicked meanwhile ends this run, and not the work."""
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="board-status"):
            status, stop = st.empty(), st.empty()
        if self.left():
            stop.button(
                say("boards.stop"),
                key="board-stop",
                type="tertiary",
                icon=":material/stop_circle:",
                on_click=self.work.stop,
            )
        self._status(status)
        places = self._tiles()
        while self.left():
            self.work.wait(TICK_SECONDS)
            self._status(status)
            places = {each: place for each, place in places.items() if not self._drawn(each, place)}
        for each, place in places.items():
            self._drawn(each, place)
        stop.empty()
        self._status(status)

    def _status(self, place: DeltaGenerator) -> None:
        left = self.left()
        with place.container():
            widgets.small(say("boards.working", left=left, all=len(self.keys)) if left else self._refreshed())

    def shown(self) -> tuple[tuple[Tile, TileAnswer | None], ...]:
        """Each tile with what it shows by now."""
        return tuple((each, self.work.answer(self.keys[each.id])) for each in self.board.tiles)

    def _refreshed(self) -> str:
        moment = self.work.refreshed_at.astimezone(time_zone())
        return say("boards.refreshed", time=f"{moment:%H:%M:%S}")

    def _tiles(self) -> dict[Tile, DeltaGenerator]:
        """Draws what is there; gives the places of what is still to come."""
        waiting: dict[Tile, DeltaGenerator] = {}
        mine = may_change(self.board, self.ready)
        with st.container(key="board-grid"):
            for each in self.board.tiles:
                with st.container(border=True, key=f"tile-{each.width}-{each.id}"):
                    tiles.show_head(each, self.board, self.ready, mine=mine)
                    with st.container(key=f"body-{each.id}"):
                        place = st.empty()
                    # Looked at first: what comes while the older answer is drawn is drawn over it in the end.
                    if self.work.is_under_way(self.keys[each.id]):
                        waiting[each] = place
                    self._body(each, place)
                    tiles.show_foot(each, self.ready)
        return waiting

    def _drawn(self, tile: Tile, place: DeltaGenerator) -> bool:
        if self.work.is_under_way(self.keys[tile.id]):
            return False
        self._body(tile, place)
        return True

    def _body(self, tile: Tile, place: DeltaGenerator) -> None:
        key = self.keys[tile.id]
        shown = self.work.answer(key)
        with place.container():
            if shown is not None:
                tiles.show_answer(tile, shown, self.filter_name)
            elif self.work.was_stopped(key):
                widgets.notice(say("boards.tile.stopped"))
                st.button(
                    say("boards.tile.compute"),
                    key=f"compute-{tile.id}",
                    on_click=self.work.again,
                    args=(key, self._job(tile, fresh=False)),
                )
            else:
                tiles.show_waiting()

    def _job(self, tile: Tile, *, fresh: bool) -> Job:
        return partial(answer_tile, tile, self.filters, self.ready, fresh)


def _key(tile: Tile, filters: Filters, ready: Ready) -> str:
    """Of what is asked, for whom: an answer to something else is never shown in its place."""
    told = (tile.id, tile.request, filters.period, sorted(filters.values.items()), ready.pipeline.today)
    person = (ready.principal.user, ready.principal.role, sorted(ready.principal.attributes.items()))
    policy = ready.pipeline.policy_for(ready.principal.role).fingerprint
    return sha256(repr((told, person, policy)).encode()).hexdigest()


def timer(seconds: int, work: Work) -> None:
    """Asks anew every so often, while somebody looks: it lives with the browser's session. 0: never."""

    def due() -> None:
        if monotonic() - work.refreshed >= seconds:
            st.session_state[REFRESH_KEY] = True
            st.rerun()

    if seconds:
        st.fragment(due, run_every=seconds + 0.5)()
