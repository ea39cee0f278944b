"""The parts of the page, each drawn only when it is looked at: a large model has thousands of fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import streamlit as st

from nl2sql.catalog.model import Dataset
from streamlit_app import widgets
from streamlit_app.data import diagram
from streamlit_app.data.clicks import show_clickable
from streamlit_app.data.entries import business_terms, of_field, of_metric, show_definitions
from streamlit_app.data.names import dataset_label, field_label
from streamlit_app.data.rows import show_rows
from streamlit_app.data.seen import Seen
from streamlit_app.safe import as_html, as_markdown
from streamlit_app.words import language, say, say_count

Ask = Callable[[str], None]
T = TypeVar("T")

PAGE_SIZE = 20
VIEWS = ("measures", "terms", "tables", "links", "examples")
TABLE_KEY = "data-table"
FOCUS_KEY = "data-focus"
FIND_KEY = "find"


def show_views(seen: Seen, ask: Ask | None) -> None:
    """`ask` asks a question on the Ask page; None where that is not allowed."""
    tabs = st.tabs([say(f"data.{each}") for each in VIEWS], key=_view_key(), on_change="rerun")
    for tab, view in zip(tabs, VIEWS, strict=True):
        if not tab.open:
            continue
        with tab:
            if view == "measures":
                show_definitions(
                    of_metric(each, seen) for each in _page(seen.metrics, view)
                ) if seen.metrics else _none()
            elif view == "terms":
                terms = list(business_terms(seen))
                show_definitions(_page(terms, view)) if terms else _none()
            elif view == "tables":
                _tables(seen)
            elif view == "links":
                _links(seen)
            else:
                show_examples(seen.model.examples, ask)


def open_table(seen: Seen, name: str) -> None:
    """For callbacks: shows that table, whatever was shown before. A name that is not there does nothing."""
    if name in seen.by_name:
        st.session_state[TABLE_KEY] = name
        st.session_state[_view_key()] = say("data.tables")
        st.session_state[FIND_KEY] = ""


def _open_links(name: str) -> None:
    st.session_state[FOCUS_KEY] = name
    st.session_state[_view_key()] = say("data.links")


def _view_key() -> str:
    """Tabs are known by their labels, which are words of a language."""
    return f"data-view-{language()}"


def _none() -> None:
    widgets.small(say("data.nothing_here"))


def _page(items: Sequence[T], name: str) -> Sequence[T]:
    """Those of the page that is turned to."""
    pages = -(-len(items) // PAGE_SIZE)
    if pages < 2:
        return items
    turned = st.pagination(pages, key=f"data-page-{name}")
    return items[(turned - 1) * PAGE_SIZE : turned * PAGE_SIZE]


def _tables(seen: Seen) -> None:
    if not seen.datasets:
        _none()
        return
    chosen = _choose(seen, TABLE_KEY, say("data.all_tables"))
    if chosen is not None:
        _table(seen, chosen)
        return
    for dataset in _page(seen.datasets, "tables"):
        label = f"{as_markdown(dataset_label(dataset))} · {say_count('data.fields', len(seen.fields(dataset)))}"
        with st.expander(label, key=f"data-open-{dataset.name}", on_change="rerun") as part:
            if part.open:
                _table(seen, dataset)


def _choose(seen: Seen, key: str, empty: str) -> Dataset | None:
    names = ["", *seen.by_name]
    if st.session_state.get(key, "") not in names:
        del st.session_state[key]
    name = st.selectbox(
        say("data.table"),
        names,
        format_func=lambda name: dataset_label(seen.by_name[name]) if name else empty,
        key=key,
        persist_state="session",
    )
    return seen.by_name.get(name or "")


def _table(seen: Seen, dataset: Dataset) -> None:
    if dataset.description:
        widgets.small(dataset.description)
    if dataset.synonyms:
        widgets.small(say("data.also_called", words=", ".join(dataset.synonyms)))
    show_rows(dataset.name)
    show_definitions(of_field(each, dataset, seen) for each in seen.fields(dataset))
    denied = seen.denied(dataset)
    if denied:
        widgets.small(say("data.private", names=", ".join(field_label(each) for each in denied)))
    if any(dataset.name in (each.source, each.target) for each in seen.relationships):
        st.button(
            say("data.show_links"),
            key=f"data-links-{dataset.name}",
            on_click=_open_links,
            args=(dataset.name,),
            type="tertiary",
            icon=":material/account_tree:",
        )


def _links(seen: Seen) -> None:
    if not seen.relationships:
        widgets.small(say("data.no_links"))
        return
    is_large = len(seen.datasets) > diagram.MAX_TABLES
    chosen = _choose(seen, FOCUS_KEY, say("data.choose_table") if is_large else say("data.all_tables"))
    if chosen is None and is_large:
        widgets.small(say("data.too_many", count=len(seen.datasets)))
        return
    part = diagram.around(seen, chosen.name) if chosen is not None else diagram.whole(seen)
    if part.left_out:
        widgets.small(say_count("data.left_out", part.left_out))
    widgets.small(say("data.diagram_how"))
    show_clickable(
        diagram.drawn(seen, part),
        say("data.diagram_title"),
        lambda name: open_table(seen, name),
        key="data-diagram",
    )
    lines = "".join(f"<li>{as_html(diagram.in_words(seen, each))}</li>" for each in part.relationships)
    st.html(f'<ul class="data-links">{lines}</ul>')


def show_examples(examples: Sequence[str], ask: Ask | None) -> None:
    if not examples:
        _none()
        return
    shown = _page(examples, "examples")
    if ask is None:
        show_sentences(shown)
        return
    with st.container(key="choices-data", gap="xsmall"):
        for index, text in enumerate(shown):
            if st.button(as_markdown(text), key=f"data-example-{index}", width="stretch"):
                ask(text)


def show_sentences(texts: Sequence[str]) -> None:
    st.html(f'<ul class="data-links">{"".join(f"<li>{as_html(each)}</li>" for each in texts)}</ul>')
