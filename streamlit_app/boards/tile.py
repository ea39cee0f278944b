"""A tile on screen: its title, what came of it or why nothing did, which filters hold, and what can be done with it."""

from __future__ import annotations

import streamlit as st

from nl2sql.answer.base import Answer, Finding
from nl2sql.provenance import provenance
from streamlit_app import widgets
from streamlit_app.boards import change
from streamlit_app.boards.compute import TileAnswer
from streamlit_app.boards.keeping import desk, draw_all_again, save
from streamlit_app.boards.words import FilterName, filtered_words, unfiltered_words
from streamlit_app.safe import as_html
from streamlit_app.services import Ready, shielded
from streamlit_app.showing.results import show_result
from streamlit_app.store.base import HANDED_OVER, Board, Tile
from streamlit_app.words import say, say_count


def show_head(tile: Tile, board: Board, ready: Ready, *, mine: bool) -> None:
    question = "" if tile.question.casefold() == tile.title.casefold() else tile.question
    second = f'<p class="tile-question">{as_html(question)}</p>' if question else ""
    with st.container(horizontal=True, vertical_alignment="top", key=f"head-{tile.id}"):
        st.html(f'<h2 class="tile-title">{as_html(tile.title)}</h2>{second}')
        if mine:
            _menu(tile, board, ready)


def show_waiting() -> None:
    st.html(f'<div class="tile-wait" role="status"><span>{as_html(say("boards.tile.waiting"))}</span></div>')


def show_answer(tile: Tile, shown: TileAnswer, filter_name: FilterName) -> None:
    with shielded(widgets.problem):
        if shown.answer is None:
            widgets.problem(shown.problem or say("boards.tile.nothing"))
            return
        if shown.answer.outcome == "answered":
            _answered(tile, shown.answer, shown.number)
        else:
            _not_answered(shown.answer)
        _filters(shown, filter_name)


def show_foot(tile: Tile, ready: Ready) -> None:
    """The way back to the question; not to SQL for whoever may not run SQL of their own."""
    if ("sql" if tile.request.is_sql else "ask") not in ready.person.may:
        return
    if st.button(say("boards.tile.open"), key=f"ask-{tile.id}", type="tertiary", icon=":material/open_in_new:"):
        st.session_state[HANDED_OVER] = tile.request
        st.switch_page("app_pages/ask.py")


def _answered(tile: Tile, answer: Answer, number: int) -> None:
    st.html(f'<p class="tile-headline">{as_html(answer.headline)}</p>')
    if answer.table is not None and answer.table.row_count:
        show_result(answer, f"tile-{tile.id}-{number}", options=tile.chart, compact=True)
    _findings(answer.findings)
    widgets.provenance(provenance(answer))


def _not_answered(answer: Answer) -> None:
    known = "priced" if answer.code == "over_soft_limit" else answer.outcome
    st.html(f'<p class="tile-headline">{as_html(say(f"boards.outcome.{known}"))}</p>')
    widgets.notice(answer.headline, more=answer.hint, warning=known in ("failed", "refused"))


def _findings(items: tuple[Finding, ...]) -> None:
    if not items:
        return
    warning = any(each.severity == "warning" for each in items)
    lines = "".join(f"<li>{as_html(each.text)}</li>" for each in items)
    told = as_html(say_count("boards.tile.findings", len(items)))
    st.html(f'<details class="tile-findings{" warning" * warning}"><summary>{told}</summary><ul>{lines}</ul></details>')


def _filters(shown: TileAnswer, filter_name: FilterName) -> None:
    said = filtered_words(shown)
    parts = [f'<p class="tile-filtered">{as_html(said)}</p>'] if said else []
    parts += [f'<p class="tile-unfiltered">{as_html(each)}</p>' for each in unfiltered_words(shown, filter_name)]
    if parts:
        st.html("".join(parts))


@st.fragment
def _menu(tile: Tile, board: Board, ready: Ready) -> None:
    draw_all_again()
    opened = st.popover(say("boards.tile.more"), type="tertiary", key=f"more-{tile.id}", on_change="rerun")
    if not opened.open:
        return
    with opened, shielded(widgets.problem):
        _fields(tile, board, ready)
        place = next((index for index, each in enumerate(board.tiles) if each.id == tile.id), 0)
        with st.container(horizontal=True, gap="xsmall"):
            first, last = place == 0, place == len(board.tiles) - 1
            _action("earlier", ":material/arrow_back:", tile, ready, change.moved(board, tile.id, -1), off=first)
            _action("later", ":material/arrow_forward:", tile, ready, change.moved(board, tile.id, 1), off=last)
        full = len(board.tiles) >= change.MAX_TILES
        _action("duplicate", ":material/content_copy:", tile, ready, change.tile_twice(board, tile.id), off=full)
        st.button(
            say("boards.tile.remove"),
            key=f"remove-{tile.id}",
            type="tertiary",
            icon=":material/delete:",
            on_click=_remove,
            args=(tile, place, board, ready),
        )


def _fields(tile: Tile, board: Board, ready: Ready) -> None:
    title, width = f"title-{tile.id}", f"width-{tile.id}"

    def rename() -> None:
        save(ready, change.with_title(board, tile.id, str(st.session_state.get(title) or "")))

    def resize() -> None:
        save(ready, change.with_width(board, tile.id, st.session_state.get(width) or tile.width))

    st.text_input(say("boards.tile.title"), tile.title, max_chars=change.MAX_TITLE, key=title, on_change=rename)
    st.segmented_control(
        say("boards.tile.width"),
        change.WIDTHS,
        default=tile.width,
        required=True,
        format_func=lambda each: say(f"boards.width.{each}"),
        key=width,
        on_change=resize,
    )


def _action(name: str, icon: str, tile: Tile, ready: Ready, changed: Board, *, off: bool) -> None:
    key = f"{name}-{tile.id}"
    told = say(f"boards.tile.{name}")

    def act() -> None:
        save(ready, changed)

    st.button(told, key=key, type="tertiary", icon=icon, disabled=off, on_click=act)


def _remove(tile: Tile, place: int, board: Board, ready: Ready) -> None:
    def back(now: Board) -> Board:
        return change.with_tile_at(now, tile, place)

    save(ready, change.without_tile(board, tile.id), say("boards.tile.removed", title=tile.title), back)
    desk().changed = True
