"""The filters above a board: for whoever looks, in the address; and for everybody, where its owner saves them."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import streamlit as st

from nl2sql.answer.grammar import opening
from nl2sql.catalog.model import SemanticModel
from nl2sql.plan.names import say_period
from nl2sql.plan.narrow import TIME
from streamlit_app import widgets
from streamlit_app.boards import periods
from streamlit_app.boards.choices import FilterField, filter_fields, label_of
from streamlit_app.boards.keeping import desk, draw_all_again, draw_all_for_another, may_change, save
from streamlit_app.safe import as_html, as_markdown
from streamlit_app.services import Ready, shielded
from streamlit_app.store.base import Board, BoardFilters
from streamlit_app.words import say

_CUSTOM = "custom"
_CHOICES_KEY = "board-filter-fields"


def current_filters(board: Board) -> BoardFilters:
    """Those of the address, else those the board was saved with."""
    named = periods.from_query(st.query_params.get("period"), st.query_params.get_all("where"))
    return board.filters if named is None else named


def filter_name(name: str, model: SemanticModel) -> str:
    return say("boards.filters.time_within") if name == TIME else label_of(name, model)


def show_filters(board: Board, filters: BoardFilters, ready: Ready) -> None:
    _days(board, filters, ready.pipeline.today)
    _fields(board, filters, ready)


def _days(board: Board, filters: BoardFilters, today: date) -> None:
    custom = bool(filters.start or filters.end)
    options = [periods.ALL, *periods.PRESETS, _CUSTOM]
    now = filters.period or (_CUSTOM if custom else periods.ALL)
    # The key holds the state that is shown: what the address says wins over what was clicked before.
    key = f"filter-period-{board.id}-{now}-{filters.start}-{filters.end}"

    def change() -> None:
        chosen = st.session_state.get(key)
        values = filters.values
        if chosen in periods.PRESETS:
            _go(BoardFilters(values=values, period=str(chosen)))
        elif chosen == _CUSTOM:
            _go(BoardFilters(*periods.days_of(BoardFilters(period=filters.period or "this_year"), today), values))
        else:
            _go(BoardFilters(values=values))

    st.selectbox(
        say("boards.filters.time"),
        options,
        index=options.index(now),
        format_func=lambda each: say(f"boards.period.{each}"),
        key=key,
        on_change=change,
        width=220,
    )
    if custom:
        _own_days(filters, f"own-{key}")


def _own_days(filters: BoardFilters, key: str) -> None:
    def change() -> None:
        chosen = st.session_state.get(key)
        if isinstance(chosen, tuple) and len(chosen) == 2:
            _go(BoardFilters(chosen[0], chosen[1], filters.values))

    start, end = filters.start or filters.end, filters.end or filters.start
    st.date_input(say("boards.filters.days"), (start, end), key=key, on_change=change, width=260)


@st.fragment
def _fields(board: Board, filters: BoardFilters, ready: Ready) -> None:
    """The values are read when they are looked at, not with every board."""
    draw_all_again()
    told = say("boards.filters.fields")
    opened = st.popover(told, icon=":material/filter_alt:", key="filter-fields", on_change="rerun")
    if not opened.open:
        return
    draw_all_for_another(ready)
    with opened, shielded(widgets.problem):
        fields = _known_fields(ready)
        if not fields:
            widgets.small(say("boards.filters.none"))
            return
        with st.form("filter-form", border=False):
            keys = {each.name: _field(each, filters, board) for each in fields}
            st.form_submit_button(
                say("boards.filters.apply"), type="primary", key="filters-apply", on_click=_apply, args=(keys, filters)
            )


def _field(field: FilterField, filters: BoardFilters, board: Board) -> str:
    key = f"filter-{board.id}-{field.name}"
    chosen = [each for each in filters.values.get(field.name, ()) if each in field.words]
    st.multiselect(
        as_markdown(field.label),
        list(field.words),
        chosen,
        format_func=lambda each: field.words.get(each, each),
        placeholder=say("boards.filters.any"),
        key=f"{key}-{'|'.join(chosen)}",
    )
    return f"{key}-{'|'.join(chosen)}"


def _known_fields(ready: Ready) -> tuple[FilterField, ...]:
    """Once in a session for each view of the model."""
    model = ready.pipeline.model_for(ready.principal.role)
    mark = (model.fingerprint, ready.principal.role, tuple(sorted(ready.principal.attributes.items())))
    known = st.session_state.get(_CHOICES_KEY)
    if known is None or known[0] != mark:
        with st.spinner(say("boards.filters.reading")):
            known = (mark, filter_fields(ready))
        st.session_state[_CHOICES_KEY] = known
    fields: tuple[FilterField, ...] = known[1]
    return fields


def _apply(keys: dict[str, str], filters: BoardFilters) -> None:
    values = dict(filters.values)
    for name, key in keys.items():
        values[name] = tuple(st.session_state.get(key) or ())
    _go(periods.with_values(filters, values))
    desk().changed = True


def _go(filters: BoardFilters) -> None:
    """The address says what is shown: it can be copied, and gone back from."""
    st.query_params.from_dict({"board": [st.query_params.get("board", "")], **periods.to_query(filters)})


def _save(board: Board, filters: BoardFilters, ready: Ready) -> None:
    if save(ready, replace(board, filters=filters), say("boards.filters.saved")) is not None:
        st.query_params.from_dict({"board": board.id})


def chosen_words(filters: BoardFilters, ready: Ready) -> list[str]:
    """Each filter that is on, with its values as people call them."""
    model = ready.pipeline.model_for(ready.principal.role)
    known = {
        (f"{dataset.name}.{field.name}", each.value): each.synonyms[0]
        for dataset in model.datasets
        for field in dataset.fields
        for each in field.values
        if each.synonyms
    }
    period = periods.narrowing(filters, ready.pipeline.today).period
    told = [f"{say('boards.filters.time')}: {say_period(period)}"] if period else []
    for name, values in filters.values.items():
        if values:
            label = filter_name(name, model)
            said = ", ".join(known.get((name, each), each) for each in values)
            told.append(f"{opening(label)}: {said}")
    return told


def show_chosen(board: Board, filters: BoardFilters, ready: Ready) -> None:
    """What is on, with the ways to take it off and to keep it."""
    told = chosen_words(filters, ready)
    may_save = filters != board.filters and may_change(board, ready)
    if not told and not may_save:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="board-chosen"):
        if told:
            chips = "".join(f"<li>{as_html(each)}</li>" for each in told)
            label = as_html(say("boards.filters.fields"))
            st.html(f'<ul class="ask-chips" aria-label="{label}">{chips}</ul>', width="content")
            st.button(
                say("boards.filters.clear"),
                key="filters-clear",
                type="tertiary",
                icon=":material/filter_alt_off:",
                on_click=_go,
                args=(BoardFilters(),),
            )
        if may_save:
            st.button(
                say("boards.filters.save"),
                key="filters-save",
                type="tertiary",
                icon=":material/save:",
                help=say("boards.filters.save_help"),
                on_click=_save,
                args=(board, filters, ready),
            )
