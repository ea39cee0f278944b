"""What could be asked next, as buttons: each asks a whole plan, so that nothing is guessed."""

from __future__ import annotations

import streamlit as st

from nl2sql.answer.follow_ups import Step, Suggestion, follow_ups
from nl2sql.catalog.joins import JoinGraph
from nl2sql.plan.json_form import plan_to_text
from streamlit_app import widgets
from streamlit_app.asking.state import Entry, conversation, request
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.services import Ready, shielded
from streamlit_app.words import say

ICONS: dict[Step, str] = {
    "compare": ":material/compare_arrows:",
    "time": ":material/calendar_month:",
    "drill": ":material/zoom_in:",
    "split": ":material/category:",
    "top": ":material/format_list_numbered:",
    "count": ":material/tag:",
}
_CHARACTERS = 60


def show_follow_ups(entry: Entry, ready: Ready) -> None:
    """Nothing where nothing fits, and for whoever may not ask."""
    if "ask" not in ready.person.may or entry.answer.outcome != "answered" or not entry.answer.plan:
        return
    with shielded(widgets.problem):
        found = _suggestions(entry, ready)
        if not found:
            return
        widgets.label(say("follow_ups.title"))
        with st.container(horizontal=True, gap="xsmall", key=f"follow-ups-{entry.number}"):
            for index, each in enumerate(found):
                st.button(
                    as_markdown(shorten(each.text, _CHARACTERS)),
                    key=f"follow-up-{entry.number}-{index}",
                    icon=ICONS[each.step],
                    help=as_markdown(shorten(each.question, 300)),
                    on_click=request,
                    args=(each.question, False, False, False, plan_to_text(each.plan)),
                )


def _suggestions(entry: Entry, ready: Ready) -> tuple[Suggestion, ...]:
    """Worked out once for an entry and a role: it takes milliseconds, and the page is drawn again at each click."""
    answer, pipeline = entry.answer, ready.pipeline
    asked = tuple(each.request.text for each in conversation().entries)
    name = f"suggested-{entry.number}"
    known = (answer.id, ready.principal.role, asked)
    kept: tuple[object, tuple[Suggestion, ...]] | None = st.session_state.get(name)
    if kept is None or kept[0] != known:
        model = pipeline.model_for(ready.principal.role)
        today = answer.question.as_of or pipeline.today
        found = follow_ups(answer, model, JoinGraph(model), today, pipeline.engine.dialect, asked)
        kept = (known, found)
        st.session_state[name] = kept
    return kept[1]
