"""The menu that takes an answer along: its data, its chart, or all of it. A file is made when it is asked for.

What is quick is made by the click that saves it. What a browser has to draw takes seconds: one click makes it, a second
saves it, so that waiting and failing can be told in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from nl2sql.answer.base import Answer
from nl2sql.answer.chart_options import ChartOptions
from nl2sql.errors import ExportUnavailable
from streamlit_app import services, widgets
from streamlit_app.safe import as_markdown
from streamlit_app.services import shielded
from streamlit_app.words import say

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from nl2sql.export.kinds import Kind

DATA: tuple[Kind, ...] = ("xlsx", "csv", "parquet", "json", "md")
CHART: tuple[Kind, ...] = ("png", "svg", "chart.pdf", "chart.html", "chart.py")
ANSWER: tuple[Kind, ...] = ("html", "pdf")
# A workbook of more rows takes seconds (100,000 rows of eight columns: five): it is made like what a browser draws.
QUICK_ROWS = 20_000


@dataclass(frozen=True, slots=True)
class Made:
    """A file that waits to be saved, or the sentence that says why there is none. `of` names what it was made from."""

    kind: Kind
    of: tuple[str, ChartOptions]
    data: bytes = b""
    problem: str = ""
    hint: str = ""


@st.fragment
def export_menu(answer: Answer, key: str, options: ChartOptions) -> None:
    """Draw it only for whoever may export. `key` names its widgets, `options` are those of the chart as it is shown.

    A fragment of its own: opening it draws nothing else again, and what is in it is made only while it is open.
    """
    if answer.outcome != "answered" or answer.table is None:
        return
    with shielded(widgets.problem), st.container(key=f"exports-{key}", width="content"):
        menu = st.popover(
            say("export.menu"),
            type="tertiary",
            icon=":material/download:",
            key=f"export-{key}",
            on_change="rerun",
        )
        if menu.open and _may_export():
            with menu, st.container(key=f"export-body-{key}"), shielded(widgets.problem):
                _show_kinds(answer, key, options)


def _may_export() -> bool:
    """Asked anew: a fragment runs without the frame, and who was let in when it was drawn may be out by now."""
    here = services.who_is_here()
    return isinstance(here, services.Present) and "export" in here.person.may


def _show_kinds(answer: Answer, key: str, options: ChartOptions) -> None:
    from nl2sql.export.browser import browser_path  # with what the files need, which no page waits for
    from nl2sql.export.charting import chart_of

    can_draw = bool(browser_path())
    groups: list[tuple[str, Sequence[Kind]]] = [("data", DATA), ("answer", ANSWER)]
    if chart_of(answer, options) is not None:
        groups.insert(1, ("chart", CHART))
    places = {name: _group(name, kinds, answer, key, options, can_draw) for name, kinds in groups}
    wanted = next((pressed for _, pressed in places.values() if pressed is not None), None)
    for name, kinds in groups:
        with places[name][0]:
            if wanted is not None and wanted in kinds:
                with st.spinner(say("export.making")):
                    st.session_state[_made_key(key)] = _make(wanted, answer, options)
            if wanted is None or wanted in kinds:
                _show_made(kinds, answer, key, options)
    if not can_draw:
        widgets.small(say("export.no_browser"))
    if answer.table is not None and answer.table.truncated:
        widgets.small(say("export.cut", count=f"{answer.table.row_count:,}"))


def _group(
    name: str, kinds: Sequence[Kind], answer: Answer, key: str, options: ChartOptions, can_draw: bool
) -> tuple[DeltaGenerator, Kind | None]:
    """The place below its buttons, for what is made, and which of those that are slow was pressed."""
    from nl2sql.export.kinds import KINDS

    widgets.label(say(f"export.{name}"))
    pressed: Kind | None = None
    with st.container(horizontal=True, gap="xsmall"):
        for kind in kinds:
            if KINDS[kind].by_browser and not can_draw:
                continue
            if not _is_slow(kind, answer):
                _quick(kind, answer, key, options)
            elif st.button(_word(kind), key=f"export-{kind}-{key}", help=as_markdown(_about(kind))):
                pressed = kind
    return st.container(), pressed


def _is_slow(kind: Kind, answer: Answer) -> bool:
    from nl2sql.export.kinds import KINDS

    rows = answer.table.row_count if answer.table is not None else 0
    return KINDS[kind].by_browser or (kind == "xlsx" and rows > QUICK_ROWS)


def _quick(kind: Kind, answer: Answer, key: str, options: ChartOptions) -> None:
    from nl2sql.export.kinds import KINDS, file_name, make_file

    st.download_button(
        _word(kind),
        partial(make_file, answer, kind, options),
        file_name=file_name(answer, kind, _now()),
        mime=KINDS[kind].media_type,
        key=f"export-{kind}-{key}",
        on_click="ignore",
        help=as_markdown(_about(kind)),
    )


def _make(kind: Kind, answer: Answer, options: ChartOptions) -> Made:
    from nl2sql.export.kinds import make_file

    of = (answer.id, options)
    try:
        return Made(kind, of, make_file(answer, kind, options))
    except ExportUnavailable as error:
        return Made(kind, of, problem=error.user_message, hint=error.hint)


def _show_made(kinds: Sequence[Kind], answer: Answer, key: str, options: ChartOptions) -> None:
    """The file that was made last, below the group it belongs to; not when the chart has changed since."""
    from nl2sql.export.kinds import KINDS, file_name

    made = st.session_state.get(_made_key(key))
    if not isinstance(made, Made) or made.kind not in kinds or made.of != (answer.id, options):
        return
    if made.problem:
        widgets.notice(made.problem, more=made.hint, warning=True)
        return
    st.download_button(
        as_markdown(say("export.save", kind=say(f"export.kind.{_name(made.kind)}"), size=size_words(len(made.data)))),
        made.data,
        file_name=file_name(answer, made.kind, _now()),
        mime=KINDS[made.kind].media_type,
        key=f"export-save-{key}",
        on_click="ignore",
        type="primary",
        icon=":material/download:",
    )


def size_words(count: int) -> str:
    """ "840 bytes", "42 kB", "4.8 MB"."""
    if count < 1_000:
        return f"{count} bytes"
    return f"{count / 1_000:,.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:,.1f} MB"


def _made_key(key: str) -> str:
    return f"export-made-{key}"


def _name(kind: Kind) -> str:
    return kind.replace(".", "_")


def _word(kind: Kind) -> str:
    return as_markdown(say(f"export.kind.{_name(kind)}"))


def _about(kind: Kind) -> str:
    return say(f"export.about.{_name(kind)}")


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
