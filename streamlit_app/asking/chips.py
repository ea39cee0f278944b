"""How a question was read, as chips: each opens what it could be instead, and one click asks again."""

from __future__ import annotations

import streamlit as st

from nl2sql.catalog.joins import JoinGraph
from nl2sql.plan.base import QueryPlan
from nl2sql.plan.chips import Chip, ChipKind, Choice, additions, chips
from nl2sql.plan.errors import PlanInvalid
from nl2sql.plan.json_form import plan_to_text
from nl2sql.plan.validate import read_plan
from nl2sql.plan.words import Wording
from streamlit_app import widgets
from streamlit_app.asking.state import Entry, request
from streamlit_app.safe import as_markdown, shorten
from streamlit_app.services import Ready
from streamlit_app.words import say

# A chip is a few words; the sentence above has them all.
_CHIP_CHARACTERS = 48
ICONS: dict[ChipKind, str] = {
    "measure": ":material/functions:",
    "dimension": ":material/category:",
    "filter": ":material/filter_alt:",
    "time": ":material/calendar_month:",
    "order": ":material/swap_vert:",
    "limit": ":material/format_list_numbered:",
}


def show_chips(entry: Entry, ready: Ready) -> None:
    """Into the row that is open. Nothing for an answer without a plan, or with one that the asker's role may no longer
    use."""
    answer = entry.answer
    if not answer.plan:
        return
    model = ready.pipeline.model_for(ready.principal.role)
    graph = JoinGraph(model)
    try:
        plan = read_plan(answer.plan, model, graph)
    except PlanInvalid:
        return
    wording = Wording(model, graph)
    today = answer.question.as_of or ready.pipeline.today
    for index, chip in enumerate(chips(plan, model, graph, today)):
        _chip(chip, f"{entry.number}-{index}", wording)
    more = additions(plan, model, graph)
    if more:
        word, key = say("answer.chip.group_by"), f"plan-more-{entry.number}"
        with st.popover(word, type="tertiary", icon=":material/add:", key=key):
            _choices(more, f"{entry.number}-more", wording)


def _chip(chip: Chip, key: str, wording: Wording) -> None:
    label = as_markdown(shorten(chip.text, _CHIP_CHARACTERS))
    with st.popover(label, icon=ICONS[chip.kind], key=f"chip-{key}"):
        widgets.small(chip.text)
        if not chip.alternatives and chip.removed is None:
            widgets.small(say("answer.chip.stays"))
        _choices(chip.alternatives, key, wording)
        if chip.removed is not None:
            _button(say("answer.chip.remove"), chip.removed, f"{key}-remove", wording, icon=":material/close:")


def _choices(choices: tuple[Choice, ...], key: str, wording: Wording) -> None:
    for index, choice in enumerate(choices):
        _button(choice.text, choice.plan, f"{key}-{index}", wording)


def _button(text: str, plan: QueryPlan, key: str, wording: Wording, icon: str | None = None) -> None:
    st.button(
        as_markdown(text),
        key=f"to-{key}",
        type="tertiary",
        icon=icon,
        on_click=request,
        args=(wording.of(plan), False, False, False, plan_to_text(plan)),
    )
