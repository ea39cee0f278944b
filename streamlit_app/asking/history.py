"""The list of conversations beside the page: open one, begin another, rename, delete, undo."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import groupby

import streamlit as st

from streamlit_app import widgets
from streamlit_app.asking.state import conversation, open_conversation
from streamlit_app.safe import as_html, as_markdown, shorten
from streamlit_app.services import Ready
from streamlit_app.store.base import ConversationHead
from streamlit_app.store.errors import StoreError
from streamlit_app.store.memory import MemoryStore
from streamlit_app.words import say, time_zone

# Fewer are found by looking.
SEARCH_FROM = 11
# As many as fit beside a page in a sidebar's width; the title's rest is in the tooltip.
_TITLE_CHARACTERS = 60
_SEARCH, _DELETED, _PROBLEM = "history-search", "history-deleted", "history-problem"


def show_history(ready: Ready) -> None:
    """In the sidebar. One query of the store for each run; `restore_from_link` comes before it."""
    with st.container(key="unkept"):  # for a phone, where the sidebar is folded away
        _keeping_line()
    with st.sidebar, st.container(key="history", gap="small"):
        st.button(
            say("history.new"),
            key="history-new",
            icon=":material/add_comment:",
            width="stretch",
            on_click=_begin_another,
        )
        _keeping_line()
        _deleted_line(ready)
        try:
            heads = ready.store.conversations(ready.principal.user)
        except StoreError:
            widgets.small(say("history.not_listed"))
            return
        st.html(f'<h2 class="history-title">{as_html(say("history.title"))}</h2>')
        _list(ready, heads)
        if isinstance(ready.store, MemoryStore):
            widgets.small(say("history.for_this_visit"))


def _keeping_line() -> None:
    """One quiet line where answers of this visit are not in the store."""
    if conversation().unkept:
        widgets.small(say("history.not_kept"))


def _list(ready: Ready, heads: Sequence[ConversationHead]) -> None:
    if not heads:
        widgets.small(say("history.none"))
        return
    found = heads
    if len(heads) >= SEARCH_FROM:
        label = say("history.search")
        wanted = st.text_input(label, key=_SEARCH, label_visibility="collapsed", placeholder=label)
        words = wanted.casefold().split()
        found = [head for head in heads if all(word in head.title.casefold() for word in words)]
    if not found:
        widgets.small(say("history.nothing_found"))
    zone = time_zone()
    for day, group in groupby(found, key=lambda head: _day(head.at, zone)):
        st.html(f'<h3 class="history-day">{as_html(say(f"history.{day}"))}</h3>')
        with st.container(gap="xxsmall"):
            for head in group:
                _line(ready, head)


def _line(ready: Ready, head: ConversationHead) -> None:
    title = head.title or say("history.untitled")
    shown = shorten(title, _TITLE_CHARACTERS)
    with st.container(horizontal=True, vertical_alignment="center", gap=None, key=f"history-line-{head.id}"):
        if head.id == conversation().id:
            st.html(f'<p class="history-current" aria-current="true">{as_html(shown)}</p>')
        else:
            st.button(
                as_markdown(shown),
                key=f"history-open-{head.id}",
                type="tertiary",
                width="stretch",
                help=as_markdown(title) if shown != title else None,
                on_click=_open,
                args=(ready, head.id),
            )
        menu = say("history.menu", title=shown)
        # Filled when it is opened: fifty forms would cost more than the answer.
        opened = st.popover(
            as_markdown(menu),
            icon=":material/more_horiz:",
            type="tertiary",
            key=f"history-menu-{head.id}",
            on_change="rerun",
        )
        if opened.open:
            with opened:
                _menu(ready, head, title)


def _menu(ready: Ready, head: ConversationHead, title: str) -> None:
    key = f"history-name-{head.id}"
    with st.form(key=f"history-rename-{head.id}", border=False):
        st.text_input(say("history.name"), title, key=key, max_chars=200)
        st.form_submit_button(say("history.rename"), on_click=_rename, args=(ready, head.id, key))
    st.button(
        say("history.delete"),
        key=f"history-delete-{head.id}",
        icon=":material/delete:",
        type="tertiary",
        on_click=_delete,
        args=(ready, head.id, title),
    )


def _deleted_line(ready: Ready) -> None:
    """What was just deleted, until something else is done here; and what could not be changed."""
    if st.session_state.pop(_PROBLEM, False):
        widgets.notice(say("history.cannot_change"), warning=True)
    if _DELETED not in st.session_state:
        return
    conversation_id, title = st.session_state[_DELETED]
    with st.container(horizontal=True, vertical_alignment="center", key="history-undo"):
        st.html(f'<p class="history-deleted" role="status">{as_html(say("history.deleted", title=title))}</p>')
        st.button(
            say("history.undo"),
            key="history-undo-button",
            type="tertiary",
            on_click=_undo,
            args=(ready, conversation_id),
        )


def _begin_another() -> None:
    st.session_state.pop(_DELETED, None)
    conversation().clear()


def _open(ready: Ready, conversation_id: str) -> None:
    st.session_state.pop(_DELETED, None)
    open_conversation(ready, conversation_id)


def _rename(ready: Ready, conversation_id: str, key: str) -> None:
    title = str(st.session_state.get(key, "")).strip()
    if title:
        _change(lambda: ready.store.rename_conversation(ready.principal.user, conversation_id, title))


def _delete(ready: Ready, conversation_id: str, title: str) -> None:
    if _change(lambda: ready.store.delete_conversation(ready.principal.user, conversation_id)):
        st.session_state[_DELETED] = conversation_id, shorten(title, _TITLE_CHARACTERS)
        if conversation().id == conversation_id:
            conversation().clear()


def _undo(ready: Ready, conversation_id: str) -> None:
    if _change(lambda: ready.store.restore_conversation(ready.principal.user, conversation_id)):
        st.session_state.pop(_DELETED, None)
        if not conversation().entries:
            open_conversation(ready, conversation_id)


def _change(change: Callable[[], None]) -> bool:
    try:
        change()
    except StoreError:
        st.session_state[_PROBLEM] = True
        return False
    return True


def _day(at: datetime, zone: tzinfo) -> str:
    """By the calendar of whoever reads it. `at` is UTC without zone."""
    today = datetime.now(zone).date()
    day = at.replace(tzinfo=UTC).astimezone(zone).date()
    if day >= today:
        return "today"
    return "yesterday" if day == today - timedelta(days=1) else "earlier"
