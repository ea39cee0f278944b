"""What a person can choose for a chart. Only what is honest for the result and changes something is offered.

What was chosen is kept in the session by the answer's key, apart from the widgets, which come and go with the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import streamlit as st

from nl2sql.answer.base import Answer, ChartKind, ChartSpec
from nl2sql.answer.chart_options import AUTOMATIC, ChartOptions
from nl2sql.answer.charting.apply import NONE, apply_options, family
from nl2sql.answer.charting.kinds import possible_kinds
from nl2sql.answer.charting.offers import Offers, offers
from streamlit_app.safe import as_markdown
from streamlit_app.words import say

View = ChartKind | Literal["table"]
ICONS: dict[View, str] = {
    "bar": "bar_chart", "line": "show_chart", "area": "area_chart", "scatter": "scatter_plot", "pie": "donut_small",
    "map": "public", "histogram": "equalizer", "box": "candlestick_chart", "number": "looks_one", "table": "table_rows",
}  # fmt: skip


CHANGES: dict[str, Callable[[ChartOptions, Any], ChartOptions]] = {
    "x": lambda options, value: replace(options, x=value),
    "y": lambda options, value: replace(options, y=(value,)),
    "colour": lambda options, value: replace(options, colour=value),
    "stack": lambda options, value: replace(options, stack=value),
    "sort": lambda options, value: replace(options, sort=value),
    "top": lambda options, value: replace(options, top=value),
}


@dataclass(frozen=True, slots=True)
class _Kept:
    """`of` tells which answer the options are for: numbers of answers start again with each conversation."""

    of: str
    options: ChartOptions
    start: ChartOptions


def chosen_options(key: str) -> ChartOptions:
    """What was chosen in this session for the answer that is shown under `key`; AUTOMATIC where nothing was."""
    kept = st.session_state.get(_place(key))
    return kept.options if isinstance(kept, _Kept) else AUTOMATIC


def start_options(answer: Answer, key: str, options: ChartOptions) -> ChartOptions:
    """`options` where this answer was not shown before, else what was chosen since."""
    of = answer.id or f"{answer.question.text}\n{answer.sql}"
    kept = st.session_state.get(_place(key))
    if not isinstance(kept, _Kept) or kept.of != of or kept.start != options:
        st.session_state[_place(key)] = _Kept(of, options, options)
    return chosen_options(key)


def choose(answer: Answer, key: str) -> ChartSpec | None:
    """Draws the controls, and returns the chart that was chosen with them."""
    if answer.table is None:
        return None
    chosen = chosen_options(key)
    kinds = possible_kinds(answer.table, answer.columns, answer.chart)
    drawn = apply_options(answer.chart, chosen, answer.table, answer.columns)
    views: list[View] = [*dict.fromkeys(family(kind) for kind in kinds), "table"]
    if views in (["table"], ["number", "table"]):
        return drawn
    with st.container(key=f"chart-controls-{key}", horizontal=True, vertical_alignment="center", gap="small"):
        _switch(views, drawn, key)
        if drawn is not None:
            offered = offers(drawn, answer.chart, answer.table, answer.columns)
            if offered.is_any:
                _popover(drawn, offered, key)
    return drawn


def _switch(views: Sequence[View], drawn: ChartSpec | None, key: str) -> None:
    name = f"view-{key}"
    st.session_state[name] = family(drawn.kind) if drawn is not None else "table"
    st.segmented_control(
        say("charts.show_as"),
        views,
        required=True,
        format_func=lambda view: f":material/{ICONS[view]}: {say(f'charts.kind.{view}')}",
        key=name,
        label_visibility="collapsed",
        on_change=lambda: _take(key, name, lambda options, view: replace(options, kind=view)),
    )


def _popover(drawn: ChartSpec, offered: Offers, key: str) -> None:
    with st.popover(say("charts.options"), icon=":material/tune:", type="tertiary", key=f"chart-options-{key}"):
        _columns(drawn, offered, key)
        if offered.stack:
            _choice("stack", offered.stack, drawn.stack, key, _stack_words, say("charts.stacking"))
        if offered.sort:
            _choice("sort", ("", *offered.sort), drawn.sort, key, _sort_words, say("charts.sorting"))
        if offered.top:
            _choice("top", (0, *offered.top), drawn.top, key, _top_words, say("charts.top"))
        if offered.log:
            name = f"chart-log-{key}"
            st.session_state[name] = drawn.log
            st.toggle(
                say("charts.log"),
                key=name,
                help=say("charts.log_help"),
                on_change=lambda: _take(key, name, lambda options, log: replace(options, log=bool(log))),
            )
        st.button(
            say("charts.reset"),
            key=f"chart-reset-{key}",
            type="tertiary",
            icon=":material/restart_alt:",
            on_click=_reset,
            args=(key,),
            disabled=chosen_options(key) in (AUTOMATIC, ChartOptions(kind=chosen_options(key).kind)),
        )


def _columns(drawn: ChartSpec, offered: Offers, key: str) -> None:
    def called(name: str) -> str:
        return say("charts.nothing") if name == NONE else as_markdown(offered.titles.get(name, name))

    if offered.x:
        _choice("x", offered.x, drawn.x or NONE, key, called, _x_words(drawn))
    if offered.y and offered.is_several:
        name = f"chart-y-{key}"
        st.session_state[name] = list(drawn.y)
        st.multiselect(
            say("charts.y"),
            offered.y,
            format_func=called,
            key=name,
            help=say("charts.y_help"),
            on_change=lambda: _take(key, name, lambda options, names: replace(options, y=tuple(names))),
        )
    elif offered.y:
        _choice("y", offered.y, drawn.y[0], key, called, say("charts.y_one"))
    if offered.colour:
        _choice("colour", offered.colour, drawn.series or NONE, key, called, say("charts.colour"))


def _x_words(drawn: ChartSpec) -> str:
    return say("charts.group") if drawn.kind == "box" else say("charts.x")


def _choice(field: str, values: Sequence[Any], now: object, key: str, called: Callable[[Any], str], words: str) -> None:
    name = f"chart-{field}-{key}"
    st.session_state[name] = now if now in values else values[0]

    st.selectbox(
        words,
        values,
        format_func=called,
        key=name,
        on_change=lambda: _take(key, name, CHANGES[field]),
    )


def _stack_words(stack: str) -> str:
    return say(f"charts.stack.{stack}")


def _sort_words(sort: str) -> str:
    return say(f"charts.sort.{sort or 'natural'}")


def _top_words(count: int) -> str:
    return say("charts.top_of", count=count) if count else say("charts.top_all")


def _take(key: str, widget: str, change: Callable[[ChartOptions, Any], ChartOptions]) -> None:
    kept, value = st.session_state.get(_place(key)), st.session_state.get(widget)
    if isinstance(kept, _Kept) and value is not None:
        st.session_state[_place(key)] = replace(kept, options=change(kept.options, value))


def _reset(key: str) -> None:
    """All but the kind, which has its own control in view."""
    kept = st.session_state.get(_place(key))
    if isinstance(kept, _Kept):
        st.session_state[_place(key)] = replace(kept, options=ChartOptions(kind=kept.options.kind))


def _place(key: str) -> str:
    return f"chart-chosen-{key}"
